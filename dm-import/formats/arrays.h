/*
 * The table of known arrays: data, read from files (arrays.conf says how one looks), not code.
 */
#ifndef DM_IMPORT_ARRAYS_H
#define DM_IMPORT_ARRAYS_H

#include "dm-import/model.h"

#include "base/error.h"

struct array {
	char name[64];
	char vendor[9];
	char product[64], revision[64]; /* extended regular expressions, "" = any */
	bool source, destination;
};

struct arrays {
	struct array *rows;
	size_t count;
};

/* Add the arrays of one file's text. CONFIG_INVALID names the file and line; earlier rows stay. */
int arrays_add(struct arrays *arrays, const char *file_name, const char *text, struct error *err);

/* The first array whose INQUIRY strings match; NULL when none does. */
const struct array *arrays_match(const struct arrays *arrays, const char *vendor, const char *product,
				 const char *revision);

void arrays_free(struct arrays *arrays);

#endif
