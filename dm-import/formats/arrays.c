/*
 * Reads the array table with inih and matches INQUIRY strings against it; see arrays.h.
 */
#include "arrays.h"

#include "base/pattern.h"

#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reading {
	struct arrays *arrays;
	size_t first; /* the file's first row */
	char problem[160];
};

static struct array *row_of(struct reading *reading, const char *name)
{
	struct arrays *arrays = reading->arrays;
	struct array *rows;

	if (arrays->count > reading->first && strcmp(arrays->rows[arrays->count - 1].name, name) == 0)
		return &arrays->rows[arrays->count - 1];
	rows = reallocarray(arrays->rows, arrays->count + 1, sizeof(*rows));
	if (!rows)
		return NULL;
	arrays->rows = rows;
	rows[arrays->count] = (struct array){ .source = true };
	snprintf(rows[arrays->count].name, sizeof(rows->name), "%s", name);
	return &rows[arrays->count++];
}

static bool set_role(struct array *row, const char *value)
{
	row->source = strcmp(value, "destination") != 0;
	row->destination = strcmp(value, "source") != 0;
	return strcmp(value, "source") == 0 || strcmp(value, "destination") == 0 || strcmp(value, "both") == 0;
}

static bool set_text(char *field, size_t size, const char *value)
{
	return (size_t)snprintf(field, size, "%s", value) < size;
}

static int take(void *ctx, const char *section, const char *name, const char *value)
{
	struct reading *reading = ctx;
	struct array *row = *section ? row_of(reading, section) : NULL;
	bool valid;

	if (!row)
		valid = false;
	else if (strcmp(name, "vendor") == 0)
		valid = set_text(row->vendor, sizeof(row->vendor), value);
	else if (strcmp(name, "product") == 0)
		valid = pattern_valid(value) && set_text(row->product, sizeof(row->product), value);
	else if (strcmp(name, "revision") == 0)
		valid = pattern_valid(value) && set_text(row->revision, sizeof(row->revision), value);
	else if (strcmp(name, "role") == 0)
		valid = set_role(row, value);
	else
		valid = false;
	if (!valid && !reading->problem[0])
		snprintf(reading->problem, sizeof(reading->problem), "[%.40s] %.30s = %.60s", section, name, value);
	return valid;
}

int arrays_add(struct arrays *arrays, const char *file_name, const char *text, struct error *err)
{
	struct reading reading = { .arrays = arrays, .first = arrays->count };
	int line = ini_parse_string(text, take, &reading);

	if (line != 0) {
		arrays->count = reading.first;
		return error_set(err, ERR_CONFIG_INVALID, file_name, "line %d is not valid: %s", line, reading.problem);
	}
	for (size_t i = reading.first; i < arrays->count; i++) {
		if (arrays->rows[i].vendor[0])
			continue;
		error_set(err, ERR_CONFIG_INVALID, file_name, "array %s has no vendor", arrays->rows[i].name);
		arrays->count = reading.first;
		return -1;
	}
	return 0;
}

const struct array *arrays_match(const struct arrays *arrays, const char *vendor, const char *product,
				 const char *revision)
{
	for (size_t i = 0; i < arrays->count; i++) {
		const struct array *row = &arrays->rows[i];

		if (strcmp(row->vendor, vendor) == 0 && pattern_matches(row->product, product) &&
		    pattern_matches(row->revision, revision))
			return row;
	}
	return NULL;
}

void arrays_free(struct arrays *arrays)
{
	free(arrays->rows);
	*arrays = (struct arrays){ 0 };
}
