/*
 * The command line of every program: options by table, strict (unknown, repeated, without value, with a needless value:
 * all are errors), anywhere before or after operands. Pure: takes words, gives words.
 */
#ifndef BASE_ARGS_H
#define BASE_ARGS_H

#include <stdbool.h>
#include <stddef.h>

enum { OPERANDS_MAX = 128, OPTIONS_MAX = 300, ARGS_ERROR_SIZE = 160 };

struct option_spec {
	const char *name;  /* "min-paths", without the dashes; NULL ends a table */
	char letter;	   /* 'v', or 0 */
	const char *value; /* what its value is called in help; NULL = it takes none */
	const char *help;  /* NULL = not shown */
};

struct args {
	const struct option_spec *common; /* options allowed beside those of args_parse; may be NULL */
	const char *repeated; /* the option that may be given more than once, see args_next; NULL: none may */
	const char *operands[OPERANDS_MAX];
	size_t operand_count;
	struct {
		const struct option_spec *spec;
		const char *value;
	} options[OPTIONS_MAX];
	size_t option_count;
	char error[ARGS_ERROR_SIZE]; /* why parsing failed */
};

/*
 * Add the words from *words on (NULL-terminated) to `args`; `specs` may be NULL. With `one_operand` it stops before the
 * first operand, else it goes to the end; *words then points to what is left. False with args->error set when the
 * command line is wrong.
 */
bool args_parse(struct args *args, const struct option_spec *specs, bool one_operand, const char *const **words);

/* The value of an option ("" for one without), NULL when it was not given. */
const char *args_option(const struct args *args, const char *name);

/* Of an option that repeats: its values one by one, from *at = 0 on; NULL after the last. */
const char *args_next(const struct args *args, const char *name, size_t *at);

#endif
