/*
 * The command line: options by table, strict (unknown, repeated, without value, with a needless value: all are
 * errors), anywhere before or after operands. Pure: takes words, gives words.
 */
#ifndef CLI_ARGS_H
#define CLI_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { OPERANDS_MAX = 128, OPTIONS_MAX = 16, ARGS_ERROR_SIZE = 160 };

struct option_spec {
	const char *name;  /* "min-paths", without the dashes; NULL ends a table */
	char letter;	   /* 'v', or 0 */
	const char *value; /* what its value is called in help; NULL = it takes none */
	const char *help;  /* NULL = not shown */
};

struct args {
	const char *operands[OPERANDS_MAX];
	size_t operand_count;
	struct {
		const struct option_spec *spec;
		const char *value;
	} options[OPTIONS_MAX];
	size_t option_count;
	char error[ARGS_ERROR_SIZE]; /* why parsing failed */
};

/* The options that every command has. */
extern const struct option_spec args_common[];

/*
 * Add the words from *words on (NULL-terminated) to `args`. `specs` (may be NULL) are allowed beside the common
 * options. With `one_operand` it stops before the first operand, else it goes to the end; *words then points to what
 * is left. False with args->error set when the command line is wrong.
 */
bool args_parse(struct args *args, const struct option_spec *specs, bool one_operand, const char *const **words);

/* The value of an option ("" for one without), NULL when it was not given. */
const char *args_option(const struct args *args, const char *name);

/*
 * A LUN as people type it (with or without the leading 3, "naa." before it, any case) as multipath's WWID: '3' and
 * 16 or 32 lower-case hexadecimal digits. False when it is not one.
 */
bool args_wwid(const char *text, char *ret, size_t size);

/* True for a name that an import can have: 1 to 64 of A-Z a-z 0-9 . _ -, not "." or "..". */
bool args_import_id(const char *text);

#endif
