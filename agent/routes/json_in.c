/*
 * Strict JSON on top of json-c, which is generous by default; see json_in.h.
 */
#include "json_in.h"

#include "agent/shared/utf8.h"

#include "base/cleanup.h"

#include <string.h>

enum { DEPTH_MAX = 8 };

static void cleanup_tokener(struct json_tokener **tokener)
{
	if (*tokener)
		json_tokener_free(*tokener);
}

static size_t digits_end(const char *text, size_t length, size_t i)
{
	while (i < length && text[i] >= '0' && text[i] <= '9')
		i++;
	return i;
}

/* The end of the number that begins at `i` (RFC 8259, 6), or `i` when none does. */
static size_t number_end(const char *text, size_t length, size_t i)
{
	size_t from = i + (text[i] == '-'), at = digits_end(text, length, from);

	if (at == from || (text[from] == '0' && at > from + 1))
		return i;
	if (at < length && text[at] == '.') {
		from = at + 1;
		at = digits_end(text, length, from);
		if (at == from)
			return i;
	}
	if (at < length && (text[at] == 'e' || text[at] == 'E')) {
		from = at + 1;
		if (from < length && (text[from] == '+' || text[from] == '-'))
			from++;
		at = digits_end(text, length, from);
		if (at == from)
			return i;
	}
	return at;
}

/* The end of the string whose first quote is at `i`; `i` when it has none or a control character. */
static size_t string_end(const char *text, size_t length, size_t i)
{
	for (size_t at = i + 1; at < length && (unsigned char)text[at] >= ' '; at++) {
		if (text[at] == '"')
			return at + 1;
		if (text[at] == '\\')
			at++; /* which json-c looks at */
	}
	return i;
}

/* The end of what begins at `i`, or `i` when it is nothing of JSON's. */
static size_t token_end(const char *text, size_t length, size_t i)
{
	static const char *const literals[] = { "true", "false", "null" };

	if (text[i] == '"')
		return string_end(text, length, i);
	if (text[i] && strchr("{}[]:, \t\r\n", text[i]))
		return i + 1;
	for (size_t k = 0; k < ARRAY_SIZE(literals); k++) {
		size_t size = strlen(literals[k]);

		if (length - i >= size && memcmp(text + i, literals[k], size) == 0)
			return i + size;
	}
	return number_end(text, length, i);
}

/*
 * json-c is generous even when strict, and each version in its own way: it takes names in single quotes, NaN, "1.",
 * "000", control characters in strings, UTF-8 that is none. So it gets only what consists of JSON's own tokens, and not
 * too deep.
 */
static int scan(const char *text, size_t length, struct error *err)
{
	unsigned depth = 0;

	if (!utf8_is_valid(text, length))
		return error_set(err, ERR_JSON_BROKEN, NULL, "it is not UTF-8");
	for (size_t i = 0, end; i < length; i = end) {
		end = token_end(text, length, i);
		if (end == i)
			return error_set(err, ERR_JSON_BROKEN, NULL, "unexpected character at byte %zu", i);
		if ((text[i] == '{' || text[i] == '[') && ++depth > DEPTH_MAX)
			return error_set(err, ERR_JSON_TOO_DEEP, NULL, "more than %d levels", DEPTH_MAX);
		if ((text[i] == '}' || text[i] == ']') && depth)
			depth--;
	}
	return 0;
}

int json_in_parse(const char *text, size_t length, struct json_object **ret, struct error *err)
{
	CLEANUP(cleanup_tokener) struct json_tokener *tokener = json_tokener_new_ex(DEPTH_MAX + 2);
	CLEANUP_JSON struct json_object *object = NULL;
	enum json_tokener_error error;

	if (!tokener)
		return error_no_memory(err);
	if (length == 0) {
		*ret = json_object_new_object();
		return *ret ? 0 : error_no_memory(err);
	}
	if (scan(text, length, err) < 0)
		return -1;
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
	object = json_tokener_parse_ex(tokener, text, (int)length);
	error = json_tokener_get_error(tokener);
	if (error == json_tokener_continue) { /* a number at the end of the text, or an unfinished text */
		object = json_tokener_parse_ex(tokener, "", 1);
		error = json_tokener_get_error(tokener);
	}
	if (error != json_tokener_success)
		return error_set(err, ERR_JSON_BROKEN, NULL, "%s at byte %zu", json_tokener_error_desc(error),
				 json_tokener_get_parse_end(tokener));
	if (!json_object_is_type(object, json_type_object))
		return error_set(err, ERR_JSON_WRONG_TYPE, NULL, "the body is not an object");
	*ret = TAKE(object);
	return 0;
}

int json_in_only(struct json_object *object, const char *const *names, struct error *err)
{
	json_object_object_foreach(object, key, value)
	{
		const char *const *name = names;

		(void)value;
		while (*name && strcmp(*name, key) != 0)
			name++;
		if (!*name)
			return error_set(err, ERR_JSON_UNKNOWN_FIELD, NULL, "'%.60s'", key);
	}
	return 0;
}

/* 1: there, and of this type; 0: not there and not required; -1: wrong. */
static int field(struct json_object *object, const char *name, bool required, enum json_type type,
		 struct json_object **ret, struct error *err)
{
	if (!json_object_object_get_ex(object, name, ret)) {
		if (required)
			return error_set(err, ERR_JSON_MISSING_FIELD, NULL, "'%s'", name);
		return 0;
	}
	if (!json_object_is_type(*ret, type))
		return error_set(err, ERR_JSON_WRONG_TYPE, NULL, "'%s' must be %s, not %s", name,
				 json_type_to_name(type), json_type_to_name(json_object_get_type(*ret)));
	return 1;
}

int json_in_text(struct json_object *object, const char *name, bool required, const char **ret, struct error *err)
{
	struct json_object *value;
	int found = field(object, name, required, json_type_string, &value, err);

	if (found <= 0)
		return found;
	if (strlen(json_object_get_string(value)) != (size_t)json_object_get_string_len(value))
		return error_set(err, ERR_VALUE_INVALID, NULL, "'%s' has a NUL character", name);
	*ret = json_object_get_string(value);
	return 0;
}

int json_in_number(struct json_object *object, const char *name, bool required, uint64_t min, uint64_t max,
		   uint64_t *ret, struct error *err)
{
	struct json_object *value;
	int found = field(object, name, required, json_type_int, &value, err);
	int64_t number;

	if (found <= 0)
		return found;
	number = json_object_get_int64(value); /* saturates */
	if (number < 0 || (uint64_t)number < min || (uint64_t)number > max)
		return error_set(err, ERR_VALUE_INVALID, NULL, "'%s' must be %llu to %llu", name,
				 (unsigned long long)min, (unsigned long long)max);
	*ret = (uint64_t)number;
	return 0;
}

int json_in_bool(struct json_object *object, const char *name, bool required, bool *ret, struct error *err)
{
	struct json_object *value;
	int found = field(object, name, required, json_type_boolean, &value, err);

	if (found <= 0)
		return found;
	*ret = json_object_get_boolean(value);
	return 0;
}

int json_in_array(struct json_object *object, const char *name, bool required, struct json_object **ret,
		  struct error *err)
{
	struct json_object *value;
	int found = field(object, name, required, json_type_array, &value, err);

	if (found <= 0)
		return found;
	*ret = value;
	return 0;
}
