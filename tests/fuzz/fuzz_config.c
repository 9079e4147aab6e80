/*
 * Fuzzes the configuration (agent/shared/config.h). An input is a whole agent.conf.
 *
 * What is accepted is within its limits. When the port is stored, every other line stays, byte for byte and in its
 * order; the file can be read, has that port, and else says what it said; storing the port once more changes nothing.
 * Only a file that is broken in other lines is left as it is.
 */
#include "agent/shared/config.h"
#include "dm-import/dm_import.h"
#include "tests/fuzz/fuzz.h"

#include <stdio.h>

static bool is_text(const char *value)
{
	return memchr(value, '\0', CONFIG_TEXT_SIZE);
}

static void check_values(const struct config *config)
{
	require(config_port_allowed(config->port));
	require(is_text(config->address) && is_text(config->certificate) && is_text(config->key));
	require(is_text(config->trusted) && is_text(config->socket) && is_text(config->log_location));
	require(config->request_timeout_s >= 1 && config->request_timeout_s <= 600);
	require(config->log_level >= LOG_LEVEL_NONE && config->log_level <= LOG_LEVEL_VERBOSE);
	require(config->min_paths >= 1 && config->min_paths <= 64);
	require(config->max_members >= 1 && config->max_members <= MEMBERS_MAX);
	require(config->hold_lease_max_ms >= LEASE_MIN_MS && config->hold_lease_max_ms <= 600000);
}

static bool load(const char *path, struct config *ret)
{
	struct config untouched;
	struct error err = { 0 };

	memset(ret, 0x5a, sizeof(*ret));
	untouched = *ret;
	if (config_load(ret, path, &err) == 0) {
		check_values(ret);
		return true;
	}
	require(err.code == ERR_CONFIG_INVALID && strstr(err.detail, ", line "));
	require(memcmp(ret, &untouched, sizeof(untouched)) == 0);
	return false;
}

/* The next line without its end. */
struct line {
	const char *at;
	size_t length;
};

static bool next_line(const char **at, const char *end, struct line *ret)
{
	const char *newline = memchr(*at, '\n', (size_t)(end - *at));

	if (*at == end)
		return false;
	*ret = (struct line){ *at, (size_t)((newline ? newline : end) - *at) };
	*at = newline ? newline + 1 : end;
	return true;
}

static bool same(const struct line *a, const struct line *b)
{
	return a->length == b->length && memcmp(a->at, b->at, a->length) == 0;
}

static bool is(const struct line *line, const char *text)
{
	return line->length == strlen(text) && memcmp(line->at, text, line->length) == 0;
}

static bool sets_a_port(const struct line *line)
{
	CLEANUP_FREE char *text = strndup(line->at, line->length);
	char more = '\0';

	return sscanf(text, " port %c", &more) == 1 && (more == '=' || more == ':');
}

/* `after` is `before` without lines that set a port, and with the new one (and, if need be, its section). */
static void check_lines(const char *before, size_t before_size, const char *after, size_t after_size, unsigned port)
{
	const char *old_at = before, *new_at = after, *old_end = before + before_size, *new_end = after + after_size;
	struct line old = { 0 }, new = { 0 };
	bool has_old = next_line(&old_at, old_end, &old), has_new = next_line(&new_at, new_end, &new);
	unsigned added = 0;
	char wanted[32];

	snprintf(wanted, sizeof(wanted), "port = %u", port);
	while (has_old || has_new) {
		if (has_old && has_new && same(&old, &new)) {
			has_old = next_line(&old_at, old_end, &old);
			has_new = next_line(&new_at, new_end, &new);
		} else if (has_old && sets_a_port(&old)) {
			has_old = next_line(&old_at, old_end, &old);
		} else {
			require(has_new && (is(&new, wanted) || is(&new, "[server]")) && ++added <= 2);
			has_new = next_line(&new_at, new_end, &new);
		}
	}
}

/* A file that would not be readable is not written at all. */
static bool store(const char *path, const uint8_t *data, size_t size, unsigned port)
{
	CLEANUP_FREE char *after = NULL, *again = NULL;
	struct error err = { 0 };
	size_t after_size, again_size;
	bool stored = config_store_port(path, port, &err) == 0;

	after = fuzz_read(path, &after_size);
	require(after != NULL);
	if (!stored) {
		require(err.code == ERR_CONFIG_INVALID && after_size == size && memcmp(after, data, size) == 0);
		return false;
	}
	check_lines((const char *)data, size, after, after_size, port);
	require(config_store_port(path, port, &err) == 0);
	again = fuzz_read(path, &again_size);
	require(again && again_size == after_size && memcmp(again, after, again_size) == 0);
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const unsigned ports[] = { 8443, 50443, 55443, 60443 };
	unsigned port = ports[size % 4];
	struct config before, after;
	char path[PATH_MAX];
	bool good, stored;

	fuzz_path("agent.conf", path);
	fuzz_write(path, data, size);
	good = load(path, &before);
	stored = store(path, data, size, port);
	require(stored || !good);
	require(load(path, &after) == stored);
	if (stored)
		require(after.port == port);
	if (good) {
		after.port = before.port;
		require(memcmp(&before, &after, sizeof(before)) == 0);
	}
	return 0;
}
