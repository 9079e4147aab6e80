/*
 * The fake multipathd's command language, in the words and layouts of the real one: show maps json, show paths
 * format, show config, add and remove maps and paths, queueing.
 */
#include "fake_multipathd.h"

#include "base/buf.h"
#include "base/cleanup.h"

#include <errno.h>
#include <json-c/json.h>
#include <string.h>

static struct json_object *path_json(const struct fake_disk *disk)
{
	struct json_object *path = json_object_new_object();
	char number[24];

	snprintf(number, sizeof(number), "%u:%u", disk->major, disk->minor);
	json_object_object_add(path, "dev", json_object_new_string(disk->name));
	json_object_object_add(path, "dev_t", json_object_new_string(number));
	json_object_object_add(path, "dm_st", json_object_new_string(disk->failed ? "failed" : "active"));
	json_object_object_add(path, "dev_st", json_object_new_string(disk->offline ? "offline" : "running"));
	json_object_object_add(path, "chk_st",
			       json_object_new_string(disk->failed || disk->offline ? "faulty" : "ready"));
	json_object_object_add(path, "checker", json_object_new_string("tur"));
	return path;
}

static struct json_object *map_json(const struct fake_world *world, const struct fake_map *map)
{
	struct json_object *object = json_object_new_object(), *groups = json_object_new_array();
	struct json_object *group = json_object_new_object(), *paths = json_object_new_array();
	struct fake_disk *disks[DISKS_MAX];
	size_t count = world_table_disks(world, map->active, disks);
	char sysfs[16];

	snprintf(sysfs, sizeof(sysfs), "dm-%u", map->minor);
	json_object_object_add(object, "name", json_object_new_string(map->name));
	json_object_object_add(object, "uuid", json_object_new_string(map->uuid + strlen("mpath-")));
	json_object_object_add(object, "sysfs", json_object_new_string(sysfs));
	json_object_object_add(object, "paths", json_object_new_int((int)count));
	json_object_object_add(object, "dm_st", json_object_new_string(map->suspended ? "suspend" : "active"));
	json_object_object_add(object, "queueing",
			       json_object_new_string(world_table_queues(map->active) ? "on" : "off"));
	for (size_t i = 0; i < count; i++)
		if (disks[i])
			json_object_array_add(paths, path_json(disks[i]));
	json_object_object_add(group, "selector", json_object_new_string("service-time 0"));
	json_object_object_add(group, "dm_st", json_object_new_string("active"));
	json_object_object_add(group, "group", json_object_new_int(1));
	json_object_object_add(group, "paths", paths);
	if (count)
		json_object_array_add(groups, group);
	else
		json_object_put(group);
	json_object_object_add(object, "path_groups", groups);
	return object;
}

static char *to_text(struct json_object *object)
{
	char *text = strdup(json_object_to_json_string_ext(object, JSON_C_TO_STRING_PRETTY));

	json_object_put(object);
	return text;
}

static struct json_object *versioned(void)
{
	struct json_object *object = json_object_new_object();

	json_object_object_add(object, "major_version", json_object_new_int(0));
	json_object_object_add(object, "minor_version", json_object_new_int(1));
	return object;
}

static char *show_maps(const struct fake_world *world)
{
	struct json_object *object = versioned(), *maps = json_object_new_array();

	for (size_t i = 0; i < MAPS_MAX; i++)
		if (world->maps[i].exists && world->maps[i].managed)
			json_object_array_add(maps, map_json(world, &world->maps[i]));
	json_object_object_add(object, "maps", maps);
	return to_text(object);
}

static char *show_map(struct fake_world *world, const char *name)
{
	const struct fake_map *map = world_map(world, name);
	struct json_object *object;

	if (!map || !map->managed)
		return strdup("fail\n");
	object = versioned();
	json_object_object_add(object, "map", map_json(world, map));
	return to_text(object);
}

static void path_field(const struct fake_disk *disk, char field, struct buf *buf)
{
	char text[PROPERTIES_SIZE];

	switch (field) {
	case 'w':
	case 'u':
		buf_puts(buf, property_get(disk->properties, "ID_SERIAL", text, sizeof(text)));
		break;
	case 'd':
		buf_puts(buf, disk->name);
		break;
	case 'D':
		buf_printf(buf, "%u:%u", disk->major, disk->minor);
		break;
	case 't':
		buf_puts(buf, disk->failed ? "failed" : "active");
		break;
	case 'o':
		buf_puts(buf, disk->offline ? "offline" : "running");
		break;
	case 'T':
		buf_puts(buf, disk->failed || disk->offline ? "faulty" : "ready");
		break;
	default:
		buf_puts(buf, "[undef]");
	}
}

/* "show paths [raw] format <wildcards>"; without raw the first line is a headline. */
static char *show_paths(const struct fake_world *world, const char *format, bool raw)
{
	CLEANUP_BUF struct buf buf = { 0 };
	size_t length = strlen(format);

	if (length >= 2 && (format[0] == '"' || format[0] == '\'')) {
		format++;
		length -= 2;
	}
	if (!raw)
		buf_puts(&buf, "headline\n");
	for (int i = 0; i < world->disk_count; i++) {
		if (world->disks[i].place != DISK_PRESENT || !world->disks[i].known)
			continue;
		for (size_t at = 0; at < length; at++) {
			if (format[at] == '%' && at + 1 < length)
				path_field(&world->disks[i], format[++at], &buf);
			else
				buf_add(&buf, format + at, 1);
		}
		buf_puts(&buf, "\n");
	}
	return buf_take(&buf);
}

static char *show_config(const struct fake_world *world)
{
	const struct multipathd_settings *settings = &world->settings;
	CLEANUP_BUF struct buf buf = { 0 };

	buf_printf(&buf,
		   "defaults {\n\tverbosity 2\n\tpolling_interval 5\n\tfind_multipaths \"%s\"\n\tuid_attribute \"%s\"\n"
		   "\tuser_friendly_names \"%s\"\n\trecheck_wwid \"%s\"\n\tqueue_without_daemon \"no\"\n}\n"
		   "blacklist {\n\tdevnode \"!^(sd[a-z]|dasd[a-z]|nvme[0-9])\"\n}\n"
		   "blacklist_exceptions {\n\tproperty \"(SCSI_IDENT_|ID_WWN)\"\n}\n"
		   "devices {\n\tdevice {\n\t\tvendor \"DGC\"\n\t\tproduct \".*\"\n\t\tno_path_retry 60\n\t}\n}\n"
		   "overrides {\n\tno_path_retry queue\n}\n",
		   settings->find_multipaths, settings->uid_attribute, settings->user_friendly_names ? "yes" : "no",
		   settings->recheck_wwid ? "yes" : "no");
	return buf_take(&buf);
}

static char *show(struct fake_world *world, const char *what)
{
	char name[NAME_SIZE];
	int end = 0;

	if (strcmp(what, "maps json") == 0 || strcmp(what, "multipaths json") == 0)
		return show_maps(world);
	if (sscanf(what, "map %127s json%n", name, &end) == 1 && end)
		return show_map(world, name);
	if (strncmp(what, "paths format ", 13) == 0)
		return show_paths(world, what + 13, false);
	if (strncmp(what, "paths raw format ", 17) == 0)
		return show_paths(world, what + 17, true);
	if (strncmp(what, "config", 6) == 0)
		return show_config(world);
	if (strcmp(what, "daemon") == 0)
		return strdup("pid 4711 idle\n");
	if (strcmp(what, "version") == 0) /* no command: the real one answers with its help, which begins so */
		return strdup("multipath-tools v0.9.4 (05/16, 2022)\nCLI commands reference:\n");
	if (strcmp(what, "status") == 0)
		return strdup("path checker states:\nup                  2\n\npaths: 2\nbusy: False\n");
	return NULL;
}

/* "remove map": flushes it when nobody has it open. */
static bool remove_map(struct fake_world *world, const char *name)
{
	struct fake_map *map = world_map(world, name);

	if (!map || map->open_count)
		return false;
	dm_destroy(world, map);
	return true;
}

static bool set_path(struct fake_world *world, const char *name, bool known)
{
	struct fake_disk *disk = world_disk(world, name);

	if (!disk)
		return false;
	disk->known = known;
	multipathd_run(world);
	return true;
}

/* "add map": like the automatic way, only that it is for one WWID or name. */
static bool add_map(struct fake_world *world, const char *name)
{
	struct fake_map *map;

	multipathd_run(world);
	map = world_map(world, name);
	if (!map) {
		char uuid[UUID_SIZE];

		snprintf(uuid, sizeof(uuid), "mpath-%.100s", name);
		map = world_map_by_uuid(world, uuid);
	}
	if (map)
		map->managed = true;
	return map != NULL;
}

/* Commands that change something: 1 done, 0 refused, -1 unknown. */
static int change(struct fake_world *world, const char *command)
{
	char object[16], name[NAME_SIZE];

	if (strcmp(command, "forcequeueing daemon") == 0 || strcmp(command, "restorequeueing daemon") == 0) {
		world->queueing_forced = command[0] == 'f';
		return 1;
	}
	if (strcmp(command, "reconfigure") == 0 || strcmp(command, "reconfigure all") == 0) {
		for (int i = 0; i < world->disk_count; i++)
			world->disks[i].known = world->disks[i].place == DISK_PRESENT;
		multipathd_run(world);
		return 1;
	}
	if (sscanf(command, "add %15s %127s", object, name) == 2)
		return strcmp(object, "map") == 0 ? add_map(world, name) : set_path(world, name, true);
	if (sscanf(command, "del %15s %127s", object, name) == 2 ||
	    sscanf(command, "remove %15s %127s", object, name) == 2)
		return strcmp(object, "map") == 0 ? remove_map(world, name) : set_path(world, name, false);
	return -1;
}

/* "getprkey map X": the key as multipath.conf has it, or "none". NULL: another command. */
static char *reservation_key(const struct fake_world *world, const char *command)
{
	char key[PR_KEY_SIZE] = "none", text[PR_KEY_SIZE + 1];

	if (strncmp(command, "getprkey map ", 13) != 0)
		return NULL;
	if (world->settings.reservation_key)
		pr_key_format(world->settings.reservation_key, key);
	snprintf(text, sizeof(text), "%s\n", key);
	return strdup(text);
}

int multipathd_command(struct fake_world *world, const char *command, char **ret_reply, struct error *err)
{
	bool query = strncmp(command, "show ", 5) == 0 || strncmp(command, "list ", 5) == 0;
	CLEANUP_FREE char *reply = NULL;
	int done;

	if (!world->multipathd_running)
		return error_set(err, ERR_MULTIPATHD_NOT_RUNNING, NULL, "it cannot be sent '%.60s'", command);
	if (query) {
		reply = show(world, command + 5);
	} else {
		reply = reservation_key(world, command);
		done = reply ? 1 : change(world, command);
		if (!reply && done >= 0)
			reply = strdup(done ? "ok\n" : "fail\n");
	}
	if (reply && strcmp(reply, "fail\n") != 0) {
		*ret_reply = TAKE(reply);
		return 0;
	}
	if (reply)
		return error_set(err, ERR_MULTIPATHD_FAILED, NULL, "'%.60s' was answered by 'fail'", command);
	world_violation(world, "the fake multipathd does not know the command \"%s\"", command);
	return world_refuse(world, "multipathd.command", command, EINVAL, err);
}
