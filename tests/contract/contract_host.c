/*
 * The contract of struct host_port: files, free space, clocks.
 */
#include "contract.h"

#include "base/buf.h"
#include "base/cleanup.h"

#include <string.h>

static void files(struct contract *c)
{
	const struct host_port *host = &c->ports->host;
	CLEANUP_FREE char *text = NULL;
	CLEANUP_FREE char *gone = NULL;
	CLEANUP_FREE char *names = NULL;
	CLEANUP_FREE char *no_names = NULL;
	CLEANUP_BUF struct buf directory = { 0 };
	CLEANUP_BUF struct buf path = { 0 };

	buf_printf(&directory, "%s/a/b", c->scene->directory);
	buf_printf(&path, "%s/a/b/file", c->scene->directory);
	CHECK(c, host->list(host->ctx, buf_text(&directory), &no_names, &c->err) == 0 && strcmp(no_names, "") == 0);
	CHECK(c, host->make_directories(host->ctx, buf_text(&directory), 0700, &c->err) == 0);
	CHECK(c, host->make_directories(host->ctx, buf_text(&directory), 0700, &c->err) == 0);
	CHECK(c, host->replace(host->ctx, buf_text(&path), "one\n", 0600, &c->err) == 0);
	CHECK(c, host->replace(host->ctx, buf_text(&path), "two\n", 0600, &c->err) == 0);
	CHECK(c, host->read(host->ctx, buf_text(&path), &text, &c->err) == 0 && strcmp(text, "two\n") == 0);
	CHECK(c, host->list(host->ctx, buf_text(&directory), &names, &c->err) == 0 && strcmp(names, "file\n") == 0);
	CHECK(c, host->remove(host->ctx, buf_text(&path), &c->err) == 0);
	CHECK(c, host->remove(host->ctx, buf_text(&path), &c->err) == 0);
	CHECK(c, host->read(host->ctx, buf_text(&path), &gone, &c->err) == 0 && !gone);
}

static bool reads(struct contract *c, const char *path, const char *expected)
{
	const struct host_port *host = &c->ports->host;
	CLEANUP_FREE char *text = NULL;
	size_t length = 0;

	return host->read_bytes(host->ctx, path, &text, &length, &c->err) == 0 && text && length == strlen(expected) &&
	       memcmp(text, expected, length) == 0;
}

static void appending(struct contract *c)
{
	const struct host_port *host = &c->ports->host;
	CLEANUP_FREE char *gone = NULL;
	CLEANUP_BUF struct buf path = { 0 };
	size_t length = 0;

	buf_printf(&path, "%s/grows", c->scene->directory);
	CHECK(c, host->make_directories(host->ctx, c->scene->directory, 0700, &c->err) == 0);
	CHECK(c, host->remove(host->ctx, buf_text(&path), &c->err) == 0);
	CHECK(c, host->read_bytes(host->ctx, buf_text(&path), &gone, &length, &c->err) == 0 && !gone);
	CHECK(c, host->append(host->ctx, buf_text(&path), 0, "one\n", &c->err) < 0 && c->err.code == ERR_IO);
	CHECK(c, host->reserve(host->ctx, buf_text(&path), 4096, &c->err) < 0 && c->err.code == ERR_IO);
	CHECK(c, host->replace(host->ctx, buf_text(&path), "one\n", 0600, &c->err) == 0);
	CHECK(c, host->append(host->ctx, buf_text(&path), 4, "two\n", &c->err) == 0);
	CHECK(c, reads(c, buf_text(&path), "one\ntwo\n"));
	/* what is reserved is not seen */
	CHECK(c, host->reserve(host->ctx, buf_text(&path), 65536, &c->err) == 0);
	CHECK(c, host->reserve(host->ctx, buf_text(&path), 4096, &c->err) == 0);
	CHECK(c, reads(c, buf_text(&path), "one\ntwo\n"));
	CHECK(c, host->append(host->ctx, buf_text(&path), 8, "three\n", &c->err) == 0);
	CHECK(c, reads(c, buf_text(&path), "one\ntwo\nthree\n"));
	/* everything after the offset is cut off, even if the new text is shorter */
	CHECK(c, host->append(host->ctx, buf_text(&path), 4, "2\n", &c->err) == 0);
	CHECK(c, reads(c, buf_text(&path), "one\n2\n"));
	CHECK(c, host->append(host->ctx, buf_text(&path), 4, "", &c->err) == 0);
	CHECK(c, reads(c, buf_text(&path), "one\n"));
	CHECK(c, host->append(host->ctx, buf_text(&path), 5, "two\n", &c->err) < 0 && c->err.code == ERR_IO);
	CHECK(c, reads(c, buf_text(&path), "one\n"));
	CHECK(c, host->remove(host->ctx, buf_text(&path), &c->err) == 0);
}

static void space_and_clocks(struct contract *c)
{
	const struct host_port *host = &c->ports->host;
	uint64_t before_us = host->now_us(host->ctx), wall_ms = host->wall_ms(host->ctx), bytes = 0;

	host->sleep_ms(host->ctx, 20);
	CHECK(c, host->now_us(host->ctx) - before_us >= 20000);
	CHECK(c, host->wall_ms(host->ctx) - wall_ms >= 19);
	CHECK(c, wall_ms > UINT64_C(1700000000000)); /* milliseconds since 1970, not seconds */
	CHECK(c, host->free_bytes(host->ctx, c->scene->directory, &bytes, &c->err) == 0 && bytes > 0);
}

const struct contract_check contract_host_checks[] = {
	{ "host: files", files },
	{ "host: appending to a file", appending },
	{ "host: free space and clocks", space_and_clocks },
	{ NULL, NULL },
};
