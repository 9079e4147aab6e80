/*
 * Reading the configuration through a table of keys, and replacing its one line that the agent itself changes.
 */
#include "config.h"

#include "dm-import/dm_import.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/num.h"

#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>

/* inih reads 200 bytes at once, newline and NUL among them, unless it was built otherwise. */
enum { FILE_LIMIT = 64 * 1024, LINE_MAX_BYTES = 190 };

struct key {
	const char *section, *name;
	size_t offset;
	unsigned min, max; /* of a number; max 0: a text */
};

#define TEXT(section, name, member) \
	{ \
		section, name, offsetof(struct config, member), 0, 0 \
	}
#define NUMBER(section, name, member, min, max) \
	{ \
		section, name, offsetof(struct config, member), min, max \
	}

static const struct key keys[] = {
	NUMBER("server", "port", port, 1, 65535),
	TEXT("server", "address", address),
	TEXT("server", "certificate", certificate),
	TEXT("server", "key", key),
	TEXT("server", "trusted", trusted),
	TEXT("server", "socket", socket),
	NUMBER("server", "request_timeout", request_timeout_s, 1, 600),
	NUMBER("log", "level", log_level, LOG_LEVEL_NONE, LOG_LEVEL_VERBOSE),
	TEXT("log", "location", log_location),
	NUMBER("policy", "min_paths", min_paths, 1, 64),
	NUMBER("policy", "max_members", max_members, 1, 64),
	NUMBER("policy", "hold_lease_max_ms", hold_lease_max_ms, LEASE_MIN_MS, 600000),
};

static const struct config defaults = {
	.port = 8443,
	.certificate = "/etc/dm-import/tls/agent.crt",
	.key = "/etc/dm-import/tls/agent.key",
	.trusted = "/etc/dm-import/trusted.d",
	.socket = "/run/dm-import/agent.sock",
	.request_timeout_s = 20,
	.log_level = LOG_LEVEL_INFO,
	.log_location = "/var/log/import",
	.min_paths = 2,
	.max_members = 16,
	.hold_lease_max_ms = 30000,
};

bool config_port_allowed(uint64_t port)
{
	return port == 8443 || port == 50443 || port == 55443 || port == 60443;
}

struct reading {
	struct config *config;
	char what[CONFIG_TEXT_SIZE]; /* the first complaint */
};

static int complain(struct reading *reading, const char *section, const char *name, const char *what)
{
	if (!reading->what[0])
		snprintf(reading->what, sizeof(reading->what), "[%.40s] %.60s %s", section, name, what);
	return 0;
}

/* inih's callback: 1 = fine, 0 = this line is wrong. */
static int take_line(void *user, const char *section, const char *name, const char *value)
{
	struct reading *reading = user;

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		const struct key *key = &keys[i];
		char *place = (char *)reading->config + key->offset;
		uint64_t number;

		if (strcmp(section, key->section) != 0 || strcmp(name, key->name) != 0)
			continue;
		if (!key->max) {
			if (strlen(value) >= CONFIG_TEXT_SIZE)
				return complain(reading, section, name, "is too long");
			memcpy(place, value, strlen(value) + 1);
			return 1;
		}
		if (!num_parse(value, key->max, &number) || number < key->min)
			return complain(reading, section, name, "is not a number in its range");
		if (key->offset == offsetof(struct config, port) && !config_port_allowed(number))
			return complain(reading, section, name, "is not one of 8443, 50443, 55443 and 60443");
		*(unsigned *)place = (unsigned)number;
		return 1;
	}
	return complain(reading, section, name, "is no setting");
}

/*
 * What inih would read otherwise than a person, or than with_port() below: it cuts long lines in two, takes an indented
 * line for more of the value above it, ends at a NUL, and passes over other control characters. NULL: nothing of that.
 */
static const char *odd_line(const char *line, size_t length)
{
	if (length && line[length - 1] == '\r')
		length--;
	for (size_t i = 0; i < length; i++)
		if (iscntrl((unsigned char)line[i]) && line[i] != '\t')
			return "a control character";
	if (length > LINE_MAX_BYTES)
		return "longer than a line may be";
	if (length && isblank((unsigned char)line[0])) {
		size_t blanks = strspn(line, " \t");

		if (blanks < length && !strchr(";#", line[blanks]))
			return "begins with a blank";
	}
	return NULL;
}

static int check_lines(const char *path, const char *text, size_t length, struct error *err)
{
	const char *end = text + length, *newline;
	unsigned number = 1;

	for (const char *line = text; line < end; line = newline + 1, number++) {
		const char *odd;

		newline = memchr(line, '\n', (size_t)(end - line));
		if (!newline)
			newline = end;
		odd = odd_line(line, (size_t)(newline - line));
		if (odd)
			return error_set(err, ERR_CONFIG_INVALID, NULL, "%s, line %u: %s", path, number, odd);
	}
	return 0;
}

static int parse(struct config *ret, const char *path, const char *text, size_t length, struct error *err)
{
	struct config config = defaults;
	struct reading reading = { .config = &config };
	int line;

	_Static_assert(sizeof(config.log_level) == sizeof(unsigned), "take_line stores numbers as unsigned");
	if (check_lines(path, text, length, err) < 0)
		return -1;
	line = ini_parse_string(text, take_line, &reading);
	if (line)
		return error_set(err, ERR_CONFIG_INVALID, NULL, "%s, line %d: %s", path, line,
				 reading.what[0] ? reading.what : "not of the form 'name = value'");
	*ret = config;
	return 0;
}

/* A missing file is an empty one. */
static int read_text(const char *path, char **ret_text, size_t *ret_length, struct error *err)
{
	struct error cause;

	if (file_read(path, FILE_LIMIT, ret_text, ret_length, &cause) == 0)
		return 0;
	if (cause.sys_errno != ENOENT) {
		if (err)
			*err = cause;
		return -1;
	}
	*ret_text = strdup("");
	*ret_length = 0;
	return *ret_text ? 0 : error_no_memory(err);
}

int config_load(struct config *ret, const char *path, struct error *err)
{
	CLEANUP_FREE char *text = NULL;
	size_t length;

	if (read_text(path, &text, &length, err) < 0)
		return -1;
	return parse(ret, path, text, length, err);
}

static bool line_is_section(const char *line, const char *section)
{
	size_t length = strlen(section);

	while (isblank((unsigned char)*line))
		line++;
	return line[0] == '[' && strncmp(line + 1, section, length) == 0 && line[1 + length] == ']';
}

static bool line_is_any_section(const char *line)
{
	while (isblank((unsigned char)*line))
		line++;
	return *line == '[';
}

static bool line_is_key(const char *line, const char *name)
{
	size_t length = strlen(name);

	while (isblank((unsigned char)*line))
		line++;
	if (strncmp(line, name, length) != 0)
		return false;
	for (line += length; isblank((unsigned char)*line); line++)
		;
	return *line == '=' || *line == ':';
}

/* `text` with [server] port = `port`: in place, or else right under its section's line, or else at the end. */
static void with_port(struct buf *out, const char *text, unsigned port)
{
	bool found = false;
	size_t section_end = 0; /* in out: after the line "[server]" */

	for (bool inside = false; *text;) {
		size_t length = strcspn(text, "\n");

		if (line_is_any_section(text))
			inside = line_is_section(text, "server");
		if (inside && line_is_key(text, "port")) {
			if (!found) /* a later duplicate would win over it: drop those */
				buf_printf(out, "port = %u\n", port);
			found = true;
		} else {
			buf_add(out, text, length);
			buf_puts(out, "\n");
			if (line_is_section(text, "server"))
				section_end = out->length;
		}
		text += length + (text[length] == '\n');
	}
	if (found)
		return;
	if (section_end) {
		CLEANUP_BUF struct buf rest = { 0 };

		buf_puts(&rest, buf_text(out) + section_end);
		out->length = section_end;
		buf_printf(out, "port = %u\n%s", port, buf_text(&rest));
	} else {
		buf_printf(out, "[server]\nport = %u\n", port);
	}
}

int config_store_port(const char *path, unsigned port, struct error *err)
{
	CLEANUP_FREE char *text = NULL;
	CLEANUP_BUF struct buf out = { 0 };
	struct stat st = { .st_mode = 0600 };
	struct config config;
	size_t length;

	if (read_text(path, &text, &length, err) < 0 || check_lines(path, text, length, err) < 0)
		return -1;
	stat(path, &st);
	with_port(&out, text, port);
	if (buf_failed(&out))
		return error_no_memory(err);
	/* somebody may have spoiled the file since the start: with it, there would be no next one */
	if (parse(&config, path, buf_text(&out), out.length, err) < 0)
		return -1;
	return file_replace(path, buf_text(&out), out.length, st.st_mode & 0777, err);
}
