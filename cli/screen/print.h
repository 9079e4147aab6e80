/*
 * Text for people: sizes, times, tables, bars, and the one way out to a terminal, which lets no control character of
 * an array's or agent's making through.
 */
#ifndef CLI_PRINT_H
#define CLI_PRINT_H

#include "base/buf.h"

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* "1.00 GB": three significant parts at least, 1 GB = 2^30 bytes, from "512 B" to PB. */
void print_size(struct buf *buf, uint64_t bytes);

/* A pause, always in milliseconds: "14.2 ms". */
void print_pause(struct buf *buf, int64_t us);

/* A duration in the unit that fits: "14.2 ms", "1.84 s", "2 min 05 s". */
void print_duration(struct buf *buf, int64_t us);

/* Words of a JSON array of strings, blank-separated; "-" when there are none. */
void print_words(struct buf *buf, struct json_object *array);

/* "1 volume", "3 volumes" */
void print_count(struct buf *buf, size_t count, const char *noun);

/* "-" in the place of an empty text. */
const char *print_or_dash(const char *text);

/* `width` cells, percent of them filled. */
void print_bar(struct buf *buf, unsigned percent, unsigned width, bool utf8);

/* What `text` takes of a terminal's line: bytes that fit into `columns` (UTF-8, every character one column wide). */
size_t print_clip(const char *text, size_t columns);

/* A table: cells in reading order, columns as wide as they must be, two blanks between them. */
enum { TABLE_COLUMNS_MAX = 8 };

struct table {
	unsigned columns;
	unsigned right; /* bit n: column n is right-aligned */
	unsigned indent;
	struct buf cells; /* each ends in NUL */
	size_t count;
};

/* The first row: a name for each column. */
void table_headings(struct table *table, const char *const *names);

void table_cell(struct table *table, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void table_print(const struct table *table, struct buf *buf);
void table_free(struct table *table);

#define CLEANUP_TABLE __attribute__((cleanup(table_free)))

/* The bytes of the control character that `text` begins with; 0: it does not begin with one. */
size_t print_control(const char *text);

/* Write `text` with every control character but the newline shown as '?'. */
void print_text(FILE *file, const char *text);

/* The same in one line, and without the '|' that means something to systems that run monitoring plug-ins. */
void print_plugin_text(FILE *file, const char *text);

/* Write JSON, indented, and a newline, to standard output. */
void print_json(struct json_object *object);

/* An object as JSON, or as `show` makes it. */
void print_result(bool json, struct json_object *object, void (*show)(struct json_object *object));

#endif
