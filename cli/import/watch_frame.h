/*
 * What `import watch` shows, as lines of text without any terminal control. Pure: JSON and a size in, lines out.
 */
#ifndef CLI_WATCH_FRAME_H
#define CLI_WATCH_FRAME_H

#include "base/buf.h"

#include <json-c/json.h>
#include <stdbool.h>

enum line_style { LINE_PLAIN, LINE_TITLE, LINE_GOOD, LINE_FAINT, LINE_ALARM };

enum { FRAME_LINES_MAX = 64 };

struct frame {
	struct {
		char *text;
		enum line_style style;
	} lines[FRAME_LINES_MAX];
	size_t count;
};

struct frame_size {
	unsigned columns, rows;
	bool utf8;
};

/*
 * The screen for an import; `job` (may be NULL) is its running or last one, `note` (may be NULL) a line about the
 * watching itself. At most `rows` lines of at most `columns` columns.
 */
void frame_build(struct frame *ret, struct json_object *import, struct json_object *job, const char *note,
		 const struct frame_size *size);
void frame_free(struct frame *frame);

/* The same in one line, for logs: "db1: on_destination, active path Destination, copy_in_progress, 42 %, ..." */
void frame_line(struct buf *buf, struct json_object *import, struct json_object *job);

#endif
