/*
 * The command line of every program: options by table, before, between or after operands. Strict: an unknown or
 * repeated option, a missing or needless value are errors. Pure: words in, words out.
 */
#ifndef BASE_ARGS_H
#define BASE_ARGS_H

#include <stdbool.h>
#include <stddef.h>

enum { OPERANDS_MAX = 128, OPTIONS_MAX = 300, ARGS_ERROR_SIZE = 160 };

struct option_spec {
	const char *name;  /* "min-paths", without the dashes; NULL ends a table */
	char letter;	   /* 'v', or 0 */
	const char *value; /* the name of its value in help; NULL = it takes none */
	const char *help;  /* NULL = not shown */
};

struct args {
	const struct option_spec *common; /* options allowed besides those of args_parse; may be NULL */
	const char *repeated;		  /* the option that may be given more than once, see args_next; NULL: none */
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
 * first operand, else it goes to the end; *words then points to the rest. False, with args->error set, if the command
 * line is wrong.
 */
bool args_parse(struct args *args, const struct option_spec *specs, bool one_operand, const char *const **words);

/* The value of an option ("" if it takes none); NULL if it was not given. */
const char *args_option(const struct args *args, const char *name);

/* For the option that repeats: its values one by one, from *at = 0 on; NULL after the last. */
const char *args_next(const struct args *args, const char *name, size_t *at);

#endif
