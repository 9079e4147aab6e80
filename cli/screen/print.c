/*
 * Text for people; see print.h. All except the last four functions is pure.
 */
#include "print.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void print_size(struct buf *buf, uint64_t bytes)
{
	static const char *const units[] = { "B", "KB", "MB", "GB", "TB", "PB" };
	unsigned unit = 0;
	uint64_t whole = bytes;

	while (whole >= 1024 && unit < 5)
		whole /= 1024, unit++;
	if (unit == 0)
		buf_printf(buf, "%llu B", (unsigned long long)bytes);
	else
		buf_printf(buf, "%.2f %s", (double)bytes / (double)(1ULL << (10 * unit)), units[unit]);
}

void print_pause(struct buf *buf, int64_t us)
{
	buf_printf(buf, "%.1f ms", (double)us / 1e3);
}

void print_duration(struct buf *buf, int64_t us)
{
	if (us < 1000000)
		print_pause(buf, us);
	else if (us < 60000000)
		buf_printf(buf, "%.2f s", (double)us / 1e6);
	else
		buf_printf(buf, "%lld min %02lld s", (long long)us / 60000000, (long long)us / 1000000 % 60);
}

void print_words(struct buf *buf, struct json_object *array)
{
	size_t count = json_object_is_type(array, json_type_array) ? json_object_array_length(array) : 0;

	if (count == 0)
		buf_puts(buf, "-");
	for (size_t i = 0; i < count; i++)
		buf_printf(buf, "%s%s", i ? " " : "", json_object_get_string(json_object_array_get_idx(array, i)));
}

void print_count(struct buf *buf, size_t count, const char *noun)
{
	buf_printf(buf, "%zu %s%s", count, noun, count == 1 ? "" : "s");
}

const char *print_or_dash(const char *text)
{
	return *text ? text : "-";
}

void print_bar(struct buf *buf, unsigned percent, unsigned width, bool utf8)
{
	unsigned filled = (percent > 100 ? 100 : percent) * width / 100;

	for (unsigned i = 0; i < width; i++)
		buf_puts(buf, i < filled ? (utf8 ? "█" : "#") : (utf8 ? "░" : "."));
}

static bool starts_character(char byte)
{
	return ((unsigned char)byte & 0xc0) != 0x80;
}

static size_t columns_of(const char *text)
{
	size_t columns = 0;

	for (; *text; text++)
		columns += starts_character(*text);
	return columns;
}

size_t print_clip(const char *text, size_t columns)
{
	size_t i = 0;

	for (; text[i]; i++)
		if (starts_character(text[i]) && columns-- == 0)
			break;
	return i;
}

void table_cell(struct table *table, const char *fmt, ...)
{
	char *text;
	va_list list;

	va_start(list, fmt);
	if (vasprintf(&text, fmt, list) < 0)
		table->cells.failed = true;
	else {
		buf_add(&table->cells, text, strlen(text) + 1);
		free(text);
	}
	va_end(list);
	table->count++;
}

void table_headings(struct table *table, const char *const *names)
{
	for (unsigned i = 0; i < table->columns; i++)
		table_cell(table, "%s", names[i]);
}

void table_print(const struct table *table, struct buf *buf)
{
	size_t widths[TABLE_COLUMNS_MAX] = { 0 };
	const char *cell = buf_text(&table->cells);

	if (buf_failed(&table->cells))
		return;
	for (size_t i = 0; i < table->count; i++, cell += strlen(cell) + 1)
		if (columns_of(cell) > widths[i % table->columns])
			widths[i % table->columns] = columns_of(cell);
	cell = buf_text(&table->cells);
	for (size_t i = 0; i < table->count; i++, cell += strlen(cell) + 1) {
		unsigned column = (unsigned)(i % table->columns);
		bool last = column + 1 == table->columns, right = table->right & 1u << column;
		int blanks = (int)(widths[column] - columns_of(cell));

		buf_printf(buf, "%*s%*s%s%*s%s", column ? 0 : (int)table->indent, "", right ? blanks : 0, "", cell,
			   right || last ? 0 : blanks, "", last ? "\n" : "  ");
	}
}

void table_free(struct table *table)
{
	buf_free(&table->cells);
	table->count = 0;
}

size_t print_control(const char *text)
{
	const unsigned char *bytes = (const unsigned char *)text;

	/* U+0080 to U+009F are control characters for terminals, too */
	if (bytes[0] == 0xc2 && bytes[1] >= 0x80 && bytes[1] <= 0x9f)
		return 2;
	return (bytes[0] && bytes[0] < ' ') || bytes[0] == 0x7f;
}

void print_text(FILE *file, const char *text)
{
	while (*text) {
		size_t length = *text == '\n' ? 0 : print_control(text);

		putc(length ? '?' : *text, file);
		text += length ? length : 1;
	}
}

void print_plugin_text(FILE *file, const char *text)
{
	while (*text) {
		size_t length = print_control(text);

		putc(length ? ' ' : *text == '|' ? '/' : *text, file);
		text += length ? length : 1;
	}
}

void print_json(struct json_object *object)
{
	puts(json_object_to_json_string_ext(object, JSON_C_TO_STRING_SPACED | JSON_C_TO_STRING_PRETTY |
							    JSON_C_TO_STRING_NOSLASHESCAPE));
}

void print_result(bool json, struct json_object *object, void (*show)(struct json_object *object))
{
	if (json)
		print_json(object);
	else
		show(object);
}
