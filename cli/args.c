/*
 * Parsing of the command line, and of what people type for a LUN or an import; see args.h.
 */
#include "args.h"

#include "base/num.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const struct option_spec args_common[] = {
	{ "output", 0, "json|text", "how results are written (default: text)" },
	{ "help", 'h', NULL, "show what this command does" },
	{ "socket", 0, "path", NULL },
	{ "config", 0, "path", NULL },
	{ 0 },
};

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
	if (word[1] != '-') {
		const struct option_spec *found = find_letter(specs, word + 1);

		return found ? found : find_letter(args_common, word + 1);
	}
	size_t length = strcspn(word + 2, "=");
	const struct option_spec *found = find_in(specs, word + 2, length);

	return found ? found : find_in(args_common, word + 2, length);
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
		return wrong(args, "unknown option '%s'", word);
	if (args_option(args, spec->name))
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

const char *args_option(const struct args *args, const char *name)
{
	for (size_t i = 0; i < args->option_count; i++)
		if (strcmp(args->options[i].spec->name, name) == 0)
			return args->options[i].value;
	return NULL;
}

bool args_wwid(const char *text, char *ret, size_t size)
{
	if (strncasecmp(text, "naa.", 4) == 0)
		text += 4;
	size_t length = strlen(text);

	if ((length == 17 || length == 33) && text[0] == '3')
		text++, length--;
	if ((length != 16 && length != 32) || !num_is_hex(text) || size < length + 2)
		return false;
	*ret++ = '3';
	for (; *text; text++)
		*ret++ = (char)tolower((unsigned char)*text);
	*ret = '\0';
	return true;
}

bool args_import_id(const char *text)
{
	size_t length = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");

	return length >= 1 && length <= 64 && !text[length] && strcmp(text, ".") != 0 && strcmp(text, "..") != 0;
}
