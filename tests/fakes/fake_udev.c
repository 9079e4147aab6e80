/*
 * The fake host's udev: an interpreter for the subset of udev's rule language that the generated rules and our
 * miniature of the distribution's rules (fake_udev_rules.c) use. A key, operator or substitution that it does not know
 * is a violation, so a rule that real udev would read otherwise does not pass silently.
 */
#include "fake_udev.h"

#include "base/cleanup.h"

#include <fnmatch.h>
#include <string.h>

struct token {
	char key[24], attribute[48], op[3], value[256];
};

enum { TOKENS_MAX = 40, LINE_SIZE = 4096 };

const char *property_get(const char *properties, const char *key, char *ret, size_t size)
{
	size_t length = strlen(key);

	ret[0] = '\0';
	for (const char *line = properties; *line; line = strchr(line, '\n') + 1)
		if (strncmp(line, key, length) == 0 && line[length] == '=')
			snprintf(ret, size, "%.*s", (int)strcspn(line + length + 1, "\n"), line + length + 1);
	return ret;
}

void property_set(char *properties, size_t size, const char *key, const char *value)
{
	size_t length = strlen(key), used;

	for (char *line = properties; *line;) {
		char *next = strchr(line, '\n') + 1;

		if (strncmp(line, key, length) == 0 && line[length] == '=')
			memmove(line, next, strlen(next) + 1);
		else
			line = next;
	}
	used = strlen(properties);
	if (used + length + strlen(value) + 3 > size)
		abort();
	if (*value)
		snprintf(properties + used, size - used, "%s=%s\n", key, value);
}

bool link_claimed(const char *links, const char *link)
{
	size_t length = strlen(link);

	for (const char *at = links; (at = strstr(at, link)) != NULL; at++)
		if (at > links && at[-1] == ' ' && (at[length] == ' ' || at[length] == '\0'))
			return true;
	return false;
}

void event_set(struct udev_event *event, const char *key, const char *value)
{
	property_set(event->properties, sizeof(event->properties), key, value);
}

const char *event_get(const struct udev_event *event, const char *key, char *ret, size_t size)
{
	return property_get(event->properties, key, ret, size);
}

static const char *sysfs_attribute(const struct udev_event *event, const char *name, char *ret, size_t size)
{
	ret[0] = '\0';
	if (event->disk) {
		const struct fake_lun *lun = &event->world->luns[event->disk->lun];

		if (strcmp(name, "wwid") == 0)
			snprintf(ret, size, "naa.%s", lun->wwid + 1);
		else if (strcmp(name, "vendor") == 0)
			snprintf(ret, size, "%-8s", lun->vendor);
		else if (strcmp(name, "model") == 0)
			snprintf(ret, size, "%-16s", lun->product);
	} else if (strcmp(name, "dm/name") == 0) {
		snprintf(ret, size, "%s", event->map->name);
	} else if (strcmp(name, "dm/uuid") == 0) {
		snprintf(ret, size, "%s", event->map->uuid);
	} else if (strcmp(name, "dm/suspended") == 0) {
		snprintf(ret, size, "%d", event->map->suspended);
	}
	return ret;
}

/* Expand $env{}, $attr{}, $kernel, $name, %k. */
static void substitute(const struct udev_event *event, const char *value, char *ret, size_t size)
{
	size_t used = 0;

	for (ret[0] = '\0'; *value && used + 1 < size;) {
		char name[64], text[256];
		int end = 0;

		if (*value != '$' && *value != '%') {
			ret[used++] = *value++;
			ret[used] = '\0';
			continue;
		}
		if (sscanf(value, "$env{%63[^}]}%n", name, &end) == 1 && end) {
			event_get(event, name, text, sizeof(text));
		} else if (sscanf(value, "$attr{%63[^}]}%n", name, &end) == 1 && end) {
			sysfs_attribute(event, name, text, sizeof(text));
		} else if (strncmp(value, "$kernel", 7) == 0 || strncmp(value, "$name", 5) == 0 ||
			   strncmp(value, "%k", 2) == 0) {
			end = value[1] == 'k' && value[0] == '%' ? 2 : (value[1] == 'k' ? 7 : 5);
			snprintf(text, sizeof(text), "%s", event->kernel);
		} else {
			world_violation(event->world, "udev rule: unknown substitution in \"%s\"", value);
			return;
		}
		snprintf(ret + used, size - used, "%s", text);
		used = strlen(ret);
		value += end;
	}
}

/* udev's patterns: shell globs, alternatives separated by '|'. */
static bool matches(const char *pattern, const char *text)
{
	char one[256];

	for (;;) {
		size_t length = strcspn(pattern, "|");

		snprintf(one, sizeof(one), "%.*s", (int)length, pattern);
		if (fnmatch(one, text, 0) == 0)
			return true;
		if (!pattern[length])
			return false;
		pattern += length + 1;
	}
}

/* Take the characters of `set` from the beginning of `at`; NULL if there is none. */
static const char *take(const char *at, const char *set, char *ret, size_t size)
{
	size_t length = strspn(at, set);

	if (length == 0 || length >= size)
		return NULL;
	memcpy(ret, at, length);
	ret[length] = '\0';
	return at + length;
}

/* One token of a rule; returns what follows it, NULL when the text is not one. */
static const char *parse_token(const char *at, struct token *ret)
{
	size_t length = 0;

	*ret = (struct token){ 0 };
	at += strspn(at, " \t,");
	at = take(at, "ABCDEFGHIJKLMNOPQRSTUVWXYZ", ret->key, sizeof(ret->key));
	if (at && *at == '{') {
		size_t end = strcspn(at, "}");

		snprintf(ret->attribute, sizeof(ret->attribute), "%.*s", (int)end - 1, at + 1);
		at += end + (at[end] == '}');
	}
	at = at ? take(at, "=!+:-", ret->op, sizeof(ret->op)) : NULL;
	if (!at)
		return NULL;
	at += strspn(at, " \t");
	if (*at++ != '"')
		return NULL;
	while (*at && *at != '"' && length + 1 < sizeof(ret->value))
		ret->value[length++] = *at++;
	return *at == '"' ? at + 1 : NULL;
}

static bool is_match(const struct token *token)
{
	return strcmp(token->op, "==") == 0 || strcmp(token->op, "!=") == 0;
}

static bool match_token(const struct udev_event *event, const struct token *token)
{
	char text[256];
	bool equal;

	if (strcmp(token->key, "TEST") == 0)
		return (world_file(event->world, token->value) != NULL) == (token->op[0] == '=');
	if (strcmp(token->key, "ENV") == 0)
		event_get(event, token->attribute, text, sizeof(text));
	else if (strcmp(token->key, "ATTR") == 0 || strcmp(token->key, "ATTRS") == 0)
		sysfs_attribute(event, token->attribute, text, sizeof(text));
	else if (strcmp(token->key, "KERNEL") == 0)
		snprintf(text, sizeof(text), "%s", event->kernel);
	else if (strcmp(token->key, "SUBSYSTEM") == 0)
		snprintf(text, sizeof(text), "block");
	else if (strcmp(token->key, "ACTION") == 0)
		snprintf(text, sizeof(text), "%s", event->action);
	else {
		world_violation(event->world, "udev rule: unknown match %s{%s}", token->key, token->attribute);
		return false;
	}
	/* a missing attribute never matches, not even with != */
	if (strncmp(token->key, "ATTR", 4) == 0 && !text[0])
		return false;
	equal = matches(token->value, text);
	return token->op[0] == '=' ? equal : !equal;
}

static void assign_links(struct udev_event *event, const struct token *token, const char *value)
{
	size_t used;

	if (strcmp(token->op, "=") == 0)
		event->links[0] = '\0';
	used = strlen(event->links);
	if (*value && !link_claimed(event->links, value))
		snprintf(event->links + used, sizeof(event->links) - used, " %s", value);
}

static void assign_token(struct udev_event *event, const struct token *token)
{
	char value[512];

	substitute(event, token->value, value, sizeof(value));
	if (strcmp(token->key, "ENV") == 0)
		event_set(event, token->attribute, value);
	else if (strcmp(token->key, "SYMLINK") == 0)
		assign_links(event, token, value);
	else if (strcmp(token->key, "RUN") == 0)
		udev_run(event, value);
	else if (strcmp(token->key, "OPTIONS") != 0 && strcmp(token->key, "TAG") != 0 &&
		 strcmp(token->key, "LABEL") != 0)
		world_violation(event->world, "udev rule: unknown assignment %s{%s}", token->key, token->attribute);
}

static bool import_token(struct udev_event *event, const struct token *token)
{
	char value[512];

	substitute(event, token->value, value, sizeof(value));
	return udev_import(event, token->attribute, value);
}

/* One rule, without its comment and continuation. Returns the label to go to, or "". */
static void run_rule(struct udev_event *event, const char *line, char *ret_goto, size_t size)
{
	struct token tokens[TOKENS_MAX];
	size_t count = 0;

	ret_goto[0] = '\0';
	for (const char *at = line; at[strspn(at, " \t,")];) {
		at = parse_token(at, &tokens[count]);
		if (!at || ++count == TOKENS_MAX) {
			world_violation(event->world, "udev rule: cannot read \"%.80s\"", line);
			return;
		}
		/* real udev checks all matches first; a rule that has failed need not be read to its end */
		if (is_match(&tokens[count - 1]) && !match_token(event, &tokens[count - 1]))
			return;
	}
	for (size_t i = 0; i < count; i++) {
		if (is_match(&tokens[i]))
			continue;
		if (strcmp(tokens[i].key, "IMPORT") == 0 && !import_token(event, &tokens[i]))
			return;
		if (strcmp(tokens[i].key, "IMPORT") == 0)
			continue;
		if (strcmp(tokens[i].key, "GOTO") == 0)
			snprintf(ret_goto, size, "%s", tokens[i].value);
		else
			assign_token(event, &tokens[i]);
	}
}

/* Read one logical line (continuations joined); returns where the next begins. */
static const char *next_line(const char *text, char *ret)
{
	size_t used = 0;

	ret[0] = '\0';
	for (;;) {
		size_t length = strcspn(text, "\n");
		bool goes_on = length && text[length - 1] == '\\';

		if (used + length + 1 >= LINE_SIZE)
			abort();
		memcpy(ret + used, text, length - goes_on);
		used += length - goes_on;
		ret[used] = '\0';
		text += length + (text[length] == '\n');
		if (!goes_on || !*text)
			return text;
	}
}

static bool is_label(const char *line, const char *label)
{
	char text[96];

	snprintf(text, sizeof(text), "LABEL=\"%s\"", label);
	return strstr(line, text) != NULL;
}

void udev_run_rules(struct udev_event *event, const char *text)
{
	char line[LINE_SIZE], label[64] = "";

	while (*text) {
		text = next_line(text, line);
		if (!line[0] || line[0] == '#')
			continue;
		if (label[0] && is_label(line, label))
			label[0] = '\0';
		else if (!label[0])
			run_rule(event, line, label, sizeof(label));
	}
	if (label[0])
		world_violation(event->world, "udev rule: GOTO to a missing LABEL \"%s\"", label);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct rule_file *)a)->name, ((const struct rule_file *)b)->name);
}

/* The name of a rule file; NULL when the file is none. */
static const char *rules_name(const char *path)
{
	static const char *const directories[] = { "/etc/udev/rules.d/", "/run/udev/rules.d/" };

	for (size_t i = 0; i < ARRAY_SIZE(directories); i++)
		if (strncmp(path, directories[i], strlen(directories[i])) == 0)
			return path + strlen(directories[i]);
	return NULL;
}

void udev_reload(struct fake_world *world)
{
	for (size_t i = 0; i < FILES_MAX; i++) {
		struct fake_file *file = &world->files[i];

		free(file->loaded);
		file->loaded = NULL;
		if (file->text && rules_name(file->path)) {
			file->loaded = strdup(file->text);
			if (!file->loaded)
				abort();
		}
	}
}

/* The distribution's rules and the loaded ones of /etc and /run, in the order of their names. */
static void process(struct udev_event *event)
{
	struct rule_file files[FILES_MAX + RULE_FILES_MAX];
	size_t count = udev_standard_rules(event->world, files);

	for (size_t i = 0; i < FILES_MAX; i++)
		if (event->world->files[i].loaded)
			files[count++] = (struct rule_file){ rules_name(event->world->files[i].path),
							     event->world->files[i].loaded };
	qsort(files, count, sizeof(files[0]), by_name);
	for (size_t i = 0; i < count; i++)
		udev_run_rules(event, files[i].text);
}

/* Properties that begin with a dot are not kept in the database. */
static void store(const struct udev_event *event, char *properties, size_t size, char *links)
{
	size_t used = 0;

	properties[0] = '\0';
	for (const char *line = event->properties; *line; line = strchr(line, '\n') + 1) {
		size_t length = strcspn(line, "\n") + 1;

		if (line[0] == '.')
			continue;
		if (used + length >= size)
			abort();
		memcpy(properties + used, line, length);
		used += length;
		properties[used] = '\0';
	}
	memcpy(links, event->links, sizeof(event->links));
}

void udev_disk_event(struct fake_world *world, struct fake_disk *disk, const char *action)
{
	struct udev_event event = { .world = world, .disk = disk, .kernel = disk->name, .action = action };

	event.old_properties = disk->properties;
	event_set(&event, "DEVNAME", disk->name);
	event_set(&event, "DEVTYPE", "disk");
	process(&event);
	store(&event, disk->properties, sizeof(disk->properties), disk->links);
	disk->event_pending = false;
}

void udev_map_event(struct fake_world *world, struct fake_map *map, bool with_cookie)
{
	struct udev_event event = { .world = world, .map = map, .action = "change" };
	char kernel[16];

	snprintf(kernel, sizeof(kernel), "dm-%u", map->minor);
	event.kernel = kernel;
	event.old_properties = map->properties;
	event_set(&event, "DEVNAME", kernel);
	event_set(&event, "DEVTYPE", "disk");
	if (with_cookie)
		event_set(&event, "DM_UDEV_PRIMARY_SOURCE_FLAG", "1");
	if (with_cookie)
		event_set(&event, "DM_COOKIE", "1");
	process(&event);
	store(&event, map->properties, sizeof(map->properties), map->links);
}

void udev_settle(struct fake_world *world)
{
	for (int i = 0; i < world->disk_count; i++)
		if (world->disks[i].event_pending)
			udev_disk_event(world, &world->disks[i], "add");
	if (world->multipathd_running)
		multipathd_run(world);
}
