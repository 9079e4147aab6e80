/*
 * Reading Prometheus' text; see metrics_text.h. Strict in what a sample is: a number that was misread would be
 * believed.
 */
#include "metrics_text.h"

#include "cli/screen/field.h"

#include "base/buf.h"
#include "base/cleanup.h"

#include <string.h>

static const char name_characters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_:";

static void add_text(struct json_object *object, const char *key, const char *text, size_t length)
{
	json_object_object_add(object, key, json_object_new_string_len(text, (int)length));
}

/* The metric of that name: the last one, or a new one at the end. */
static struct json_object *metric_of(struct json_object *rows, const char *name, size_t length)
{
	size_t count = json_object_array_length(rows);
	struct json_object *last = count ? json_object_array_get_idx(rows, count - 1) : NULL;
	const char *known = field_text(last, "name");

	if (last && strlen(known) == length && memcmp(known, name, length) == 0)
		return last;
	last = json_object_new_object();
	add_text(last, "name", name, length);
	json_object_object_add(last, "type", json_object_new_string("untyped"));
	json_object_object_add(last, "help", json_object_new_string(""));
	json_object_object_add(last, "samples", json_object_new_array());
	json_object_array_add(rows, last);
	return last;
}

/* "# TYPE name gauge" and "# HELP name words"; other comments mean nothing. */
static void read_comment(struct json_object *rows, const char *line, size_t length)
{
	static const char *const keys[] = { "type", "help" };
	static const char *const marks[] = { "# TYPE ", "# HELP " };
	const char *end = line + length;

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		const char *name = line + strlen(marks[i]);

		if (length <= strlen(marks[i]) || strncmp(line, marks[i], strlen(marks[i])) != 0)
			continue;
		size_t name_length = strspn(name, name_characters);
		const char *rest = name + name_length + (name[name_length] == ' ');

		if (name_length && rest <= end)
			add_text(metric_of(rows, name, name_length), keys[i], rest, (size_t)(end - rest));
	}
}

/* A label's value up to its closing quote, with \\, \" and \n undone. NULL: it does not end. */
static const char *read_quoted(const char *text, struct buf *ret)
{
	for (; *text && *text != '"' && *text != '\n'; text++) {
		if (*text == '\\' && text[1]) {
			text++;
			buf_add(ret, *text == 'n' ? "\n" : text, 1);
		} else {
			buf_add(ret, text, 1);
		}
	}
	return *text == '"' ? text + 1 : NULL;
}

/* {name="value",…} at *text, if there is one. -1: it is none. */
static int read_labels(const char **text, struct json_object *ret)
{
	const char *next = *text;

	if (*next != '{')
		return 0;
	for (next++; *next != '}'; next += *next == ',') {
		size_t length = strspn(next, name_characters);
		CLEANUP_BUF struct buf value = { 0 };
		CLEANUP_FREE char *name = strndup(next, length);

		if (!name || length == 0 || strncmp(next + length, "=\"", 2) != 0)
			return -1;
		next = read_quoted(next + length + 2, &value);
		if (!next || (*next != ',' && *next != '}'))
			return -1;
		json_object_object_add(ret, name, json_object_new_string(buf_text(&value)));
	}
	*text = next + 1;
	return 0;
}

/* "value" or "value time"; NULL: it is no number, or none that JSON has (NaN). */
static struct json_object *read_value(const char *text)
{
	CLEANUP_FREE char *number = strndup(text, strcspn(text, " \n"));
	bool plain = number && *number && !number[strspn(number, "0123456789+-.eE")];
	struct json_object *value = plain ? json_tokener_parse(number) : NULL;

	if (json_object_is_type(value, json_type_int) || json_object_is_type(value, json_type_double))
		return value;
	json_object_put(value);
	return NULL;
}

/* "name{labels} value" */
static int read_sample(struct json_object *rows, const char *line)
{
	CLEANUP_JSON struct json_object *labels = json_object_new_object();
	size_t length = strspn(line, name_characters);
	struct json_object *sample, *value;
	const char *rest = line + length;

	if (length == 0 || read_labels(&rest, labels) < 0 || *rest != ' ')
		return -1;
	value = read_value(rest + 1);
	if (!value)
		return -1;
	sample = json_object_new_object();
	json_object_object_add(sample, "labels", TAKE(labels));
	json_object_object_add(sample, "value", value);
	json_object_array_add(field_get(metric_of(rows, line, length), "samples"), sample);
	return 0;
}

struct json_object *metrics_parse(const char *text)
{
	struct json_object *object = json_object_new_object(), *rows = json_object_new_array();

	json_object_object_add(object, "metrics", rows);
	for (; *text; text += strcspn(text, "\n"), text += *text == '\n') {
		if (*text == '#') {
			read_comment(rows, text, strcspn(text, "\n"));
		} else if (*text != '\n' && read_sample(rows, text) < 0) {
			json_object_put(object);
			return NULL;
		}
	}
	return object;
}
