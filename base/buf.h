/*
 * A growing string. A failed allocation is remembered, not reported at once: build the whole text, then ask
 * buf_failed() once. Zero-initialise (`struct buf b = { 0 };`), free with buf_free (also as a cleanup).
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>

struct buf {
	char *data;    /* NUL-terminated; NULL while nothing was added */
	size_t length; /* bytes, without the NUL */
	size_t size;   /* bytes allocated */
	bool failed;
};

void buf_add(struct buf *buf, const void *data, size_t length);
void buf_puts(struct buf *buf, const char *text);
void buf_printf(struct buf *buf, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
bool buf_failed(const struct buf *buf);

/* The text, never NULL; owned by the buffer. */
const char *buf_text(const struct buf *buf);

/* The text, owned by the caller (free); NULL when an allocation failed. The buffer is empty afterwards. */
char *buf_take(struct buf *buf);

void buf_free(struct buf *buf);

#define CLEANUP_BUF __attribute__((cleanup(buf_free)))

#endif
