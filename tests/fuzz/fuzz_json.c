/*
 * Fuzzes the strict reading of a body (agent/routes/json_in.h). An input is a body.
 *
 * A reader of RFC 8259 of its own says what is JSON: what is an object of at most eight levels is read, and nothing
 * else is. What was read says the same again when it is written and read once more, and each field is either given as
 * what it is or refused.
 */
#include "agent/routes/json_in.h"
#include "tests/fuzz/fuzz.h"

enum { DEPTH_MAX = 8 };

/* What is left of a text, and whether it was JSON so far. */
struct reader {
	const unsigned char *at, *end;
	unsigned depth;
};

static bool take(struct reader *reader, const char *text)
{
	size_t length = strlen(text);

	if ((size_t)(reader->end - reader->at) < length || memcmp(reader->at, text, length) != 0)
		return false;
	reader->at += length;
	return true;
}

static bool is_in(const struct reader *reader, const char *set)
{
	return reader->at < reader->end && *reader->at && strchr(set, *reader->at);
}

static bool skip(struct reader *reader, const char *set)
{
	const unsigned char *from = reader->at;

	while (is_in(reader, set))
		reader->at++;
	return reader->at != from;
}

static bool take_string(struct reader *reader)
{
	if (!take(reader, "\""))
		return false;
	while (reader->at < reader->end && *reader->at != '"') {
		if (*reader->at < 0x20)
			return false;
		if (*reader->at++ != '\\')
			continue;
		if (take(reader, "u")) {
			for (int i = 0; i < 4; i++, reader->at++)
				if (!is_in(reader, "0123456789abcdefABCDEF"))
					return false;
		} else if (is_in(reader, "\"\\/bfnrt")) {
			reader->at++;
		} else {
			return false;
		}
	}
	return take(reader, "\"");
}

static bool take_number(struct reader *reader)
{
	static const char digits[] = "0123456789";

	take(reader, "-");
	if (!take(reader, "0") && !skip(reader, digits))
		return false;
	if (take(reader, ".") && !skip(reader, digits))
		return false;
	if (!take(reader, "e") && !take(reader, "E"))
		return true;
	if (!take(reader, "+"))
		take(reader, "-");
	return skip(reader, digits);
}

static bool take_value(struct reader *reader);

static bool take_items(struct reader *reader, bool named, const char *end)
{
	bool good = ++reader->depth <= DEPTH_MAX;

	skip(reader, " \t\r\n");
	if (good && !take(reader, end)) {
		do {
			skip(reader, " \t\r\n");
			good = !named || take_string(reader);
			skip(reader, " \t\r\n");
			good = good && (!named || take(reader, ":")) && take_value(reader);
		} while (good && take(reader, ","));
		good = good && take(reader, end);
	}
	reader->depth--;
	return good;
}

static bool take_value(struct reader *reader)
{
	bool good;

	skip(reader, " \t\r\n");
	if (take(reader, "{"))
		good = take_items(reader, true, "}");
	else if (take(reader, "["))
		good = take_items(reader, false, "]");
	else if (is_in(reader, "\""))
		good = take_string(reader);
	else
		good = take(reader, "true") || take(reader, "false") || take(reader, "null") || take_number(reader);
	skip(reader, " \t\r\n");
	return good;
}

static bool is_object(const uint8_t *data, size_t size)
{
	struct reader reader = { .at = data, .end = data + size };

	skip(&reader, " \t\r\n");
	return is_in(&reader, "{") && take_value(&reader) && reader.at == reader.end && fuzz_is_utf8(data, size);
}

/* Each kind of field is asked for: what is there is of one kind alone. */
static void check_field(struct json_object *body, const char *name)
{
	const char *text = NULL;
	struct json_object *array = NULL;
	struct error err = { 0 };
	uint64_t number = 1000;
	bool truth;
	int kinds = 0;

	if (json_in_text(body, name, true, &text, &err) == 0) {
		require(text && fuzz_is_utf8(text, strlen(text)));
		kinds++;
	}
	if (json_in_number(body, name, true, 1, 999, &number, &err) == 0) {
		require(number >= 1 && number <= 999);
		kinds++;
	} else {
		require(number == 1000);
	}
	kinds += json_in_bool(body, name, true, &truth, &err) == 0;
	kinds += json_in_array(body, name, true, &array, &err) == 0;
	require(kinds <= 1);
	if (kinds == 0)
		fuzz_check_refusal(&err);
	require(json_in_only(body, (const char *const[]){ NULL }, &err) < 0 && err.code == ERR_JSON_UNKNOWN_FIELD);
	fuzz_check_refusal(&err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_JSON struct json_object *body = NULL, *again = NULL;
	struct error err = { 0 };
	const char *text;

	if (json_in_parse((const char *)data, size, &body, &err) < 0) {
		require(body == NULL);
		require(err.code == ERR_JSON_BROKEN || err.code == ERR_JSON_TOO_DEEP ||
			err.code == ERR_JSON_WRONG_TYPE);
		fuzz_check_refusal(&err);
		require(size != 0 && !is_object(data, size));
		return 0;
	}
	require(json_object_is_type(body, json_type_object) && (size == 0 || is_object(data, size)));
	text = json_object_to_json_string_ext(body, JSON_C_TO_STRING_PLAIN);
	require(json_in_parse(text, strlen(text), &again, &err) == 0 && json_object_equal(body, again));
	json_object_object_foreach(body, name, value)
	{
		(void)value;
		check_field(body, name);
	}
	return 0;
}
