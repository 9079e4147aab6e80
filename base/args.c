/*
 * Parsing of the command line; see args.h.
 */
#include "args.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct option_spec *find_in(const struct option_spec *specs, const char *name, size_t length)
{
	for (; specs && specs->name; specs++)
		if (strlen(specs->name) == length && memcmp(specs->name, name, length) == 0)
			return specs;
	return NULL;
}

static const struct option_spec *find_letter(const struct option_spec *specs, const char *letter)
{
	for (; specs && specs->name; specs++)
		if (specs->letter && specs->letter == letter[0] && !letter[1])
			return specs;
	return NULL;
}

static const struct option_spec *find_option(const struct option_spec *specs, const char *word)
{
	return word[1] == '-' ? find_in(specs, word + 2, strcspn(word + 2, "=")) : find_letter(specs, word + 1);
}

__attribute__((format(printf, 2, 3))) static bool wrong(struct args *args, const char *fmt, ...)
{
	va_list list;

	va_start(list, fmt);
	vsnprintf(args->error, sizeof(args->error), fmt, list);
	va_end(list);
	return false;
}

/* One option at **words, its value taken from the next word if need be. */
static bool parse_option(struct args *args, const struct option_spec *specs, const char *const **words)
{
	const char *word = *(*words)++;
	const struct option_spec *spec = find_option(specs, word);
	const char *value = strchr(word, '=');

	if (!spec)
		spec = find_option(args->common, word);
	if (!spec)
		return wrong(args, "unknown option '%s'", word);
	if (args_option(args, spec->name) && (!args->repeated || strcmp(args->repeated, spec->name) != 0))
		return wrong(args, "option '--%s' is given twice", spec->name);
	if (value && !spec->value)
		return wrong(args, "option '--%s' takes no value", spec->name);
	if (value)
		value++;
	else if (spec->value)
		value = **words ? *(*words)++ : NULL;
	else
		value = "";
	if (!value || (spec->value && !*value))
		return wrong(args, "option '--%s' needs a value", spec->name);
	if (args->option_count == OPTIONS_MAX)
		return wrong(args, "too many options from '%s' on", word);
	args->options[args->option_count].spec = spec;
	args->options[args->option_count++].value = value;
	return true;
}

bool args_parse(struct args *args, const struct option_spec *specs, bool one_operand, const char *const **words)
{
	while (**words) {
		const char *word = **words;

		if (word[0] == '-' && word[1]) {
			if (!parse_option(args, specs, words))
				return false;
			continue;
		}
		if (one_operand)
			return true;
		if (args->operand_count == OPERANDS_MAX)
			return wrong(args, "too many arguments from '%s' on", word);
		args->operands[args->operand_count++] = word;
		(*words)++;
	}
	return true;
}

const char *args_next(const struct args *args, const char *name, size_t *at)
{
	while (*at < args->option_count) {
		size_t i = (*at)++;

		if (strcmp(args->options[i].spec->name, name) == 0)
			return args->options[i].value;
	}
	return NULL;
}

const char *args_option(const struct args *args, const char *name)
{
	return args_next(args, name, &(size_t){ 0 });
}
