/*
 * Who stands above a block device: sysfs holders at all depths, kernel partitions of a raw disk, and what is mounted
 * or swapped on any of them.
 *
 * The multipath map of a raw disk is how the disk is meant to be used: it is left out with all that stands on it.
 * Btrfs and others show a mount under an invented device number, so a mount also counts by its source's device.
 */
#include "users.h"

#include "dm-import/formats/kernel_text.h"
#include "dm-import/system/tools/sysfs.h"

#include "base/cleanup.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

enum { DEVICES_MAX = 4096 };

/* A device that is above the asked one, or is it. Each is looked at once. */
struct node {
	char name[DISK_NAME_SIZE];
	dev_t number;
};

struct walk {
	struct node *nodes;
	size_t node_count, node_room;
	struct user *users;
	size_t user_count, user_room;
};

static void free_walk(struct walk *walk)
{
	free(walk->nodes);
	free(walk->users);
}

/* Room for one more element; the array may move. */
static int grow(void *array, size_t element, size_t count, size_t *room, struct error *err)
{
	void **items = array;
	size_t wanted = *room ? *room * 2 : 16;
	void *bigger;

	if (count < *room)
		return 0;
	bigger = reallocarray(*items, wanted, element);
	if (!bigger)
		return error_no_memory(err);
	*items = bigger;
	*room = wanted;
	return 0;
}

static int add_user(struct walk *walk, enum user_kind kind, const char *name, const char *type, const char *below,
		    struct error *err)
{
	struct user *user;

	if (grow(&walk->users, sizeof(*walk->users), walk->user_count, &walk->user_room, err) < 0)
		return -1;
	user = &walk->users[walk->user_count++];
	*user = (struct user){ .kind = kind };
	snprintf(user->name, sizeof(user->name), "%s", name);
	snprintf(user->detail, sizeof(user->detail), "%s%son %s", type, type[0] ? " " : "", below);
	return 0;
}

/* 1 when it is new, 0 when it was there, -1 on failure. */
static int add_node(struct walk *walk, const char *name, struct error *err)
{
	char directory[64], number[32];
	unsigned major_number, minor_number;
	struct node *node;

	for (size_t i = 0; i < walk->node_count; i++)
		if (strcmp(walk->nodes[i].name, name) == 0)
			return 0;
	if (walk->node_count == DEVICES_MAX)
		return error_set(err, ERR_UDEV_FAILED, name, "more than %d devices stand on it", DEVICES_MAX);
	snprintf(directory, sizeof(directory), "/sys/class/block/%.32s", name);
	if (sysfs_text(directory, "dev", number, sizeof(number)) < 0 ||
	    sscanf(number, "%u:%u", &major_number, &minor_number) != 2)
		return error_set_sys(err, ERR_UDEV_FAILED, name, errno, "cannot read the device's number");
	if (grow(&walk->nodes, sizeof(*walk->nodes), walk->node_count, &walk->node_room, err) < 0)
		return -1;
	node = &walk->nodes[walk->node_count++];
	snprintf(node->name, sizeof(node->name), "%s", name);
	node->number = makedev(major_number, minor_number);
	return 1;
}

/* A device that holds `below`; a path's own map is passed over. */
static int add_holder(struct walk *walk, const char *holder, const char *below, struct error *err)
{
	char directory[64], uuid[UUID_SIZE], name[NAME_SIZE];
	bool is_dm;
	int added;

	snprintf(directory, sizeof(directory), "/sys/class/block/%.32s", holder);
	is_dm = sysfs_text(directory, "dm/uuid", uuid, sizeof(uuid)) == 0;
	if (is_dm && is_multipath_uuid(uuid))
		return 0;
	added = add_node(walk, holder, err);
	if (added <= 0)
		return added;
	if (is_dm && sysfs_text(directory, "dm/name", name, sizeof(name)) == 0)
		return add_user(walk, user_kind_of_dm(uuid), name, "", below, err);
	return add_user(walk, strncmp(holder, "md", 2) == 0 ? USER_MD : USER_DM, holder, "", below, err);
}

static int add_holders(struct walk *walk, const char *device, struct error *err)
{
	char directory[64];
	struct dirent *entry;
	CLEANUP_DIR DIR *stream = NULL;
	int failed = 0;

	snprintf(directory, sizeof(directory), "/sys/class/block/%.32s/holders", device);
	stream = opendir(directory);
	while (stream && !failed && (entry = readdir(stream)))
		if (entry->d_name[0] != '.')
			failed = add_holder(walk, entry->d_name, device, err) < 0 ? -1 : 0;
	return failed;
}

/* Partitions that the kernel made of a raw disk are no users by themselves: every disk with a table has them. */
static int add_kernel_partitions(struct walk *walk, const char *device, struct error *err)
{
	char directory[64], attribute[NAME_MAX + 16];
	struct dirent *entry;
	CLEANUP_DIR DIR *stream = NULL;
	int failed = 0;

	snprintf(directory, sizeof(directory), "/sys/class/block/%.32s", device);
	stream = opendir(directory);
	while (stream && !failed && (entry = readdir(stream))) {
		snprintf(attribute, sizeof(attribute), "%s/partition", entry->d_name);
		if (strncmp(entry->d_name, device, strlen(device)) == 0 && sysfs_number(directory, attribute))
			failed = add_node(walk, entry->d_name, err) < 0 ? -1 : 0;
	}
	return failed;
}

static const struct node *find_node(const struct walk *walk, dev_t number)
{
	for (size_t i = 0; i < walk->node_count; i++)
		if (walk->nodes[i].number == number)
			return &walk->nodes[i];
	return NULL;
}

static const struct node *find_source(const struct walk *walk, const char *source)
{
	struct stat st;

	if (strncmp(source, "/dev/", 5) != 0 || stat(source, &st) < 0 || !S_ISBLK(st.st_mode))
		return NULL;
	return find_node(walk, st.st_rdev);
}

/* A file of /proc, line by line; a missing one (no swap in the kernel) has no lines. */
static int each_line(const char *path, struct walk *walk, int (*line_fn)(struct walk *, char *, struct error *),
		     struct error *err)
{
	CLEANUP_FILE FILE *file = fopen(path, "re");
	CLEANUP_FREE char *line = NULL;
	size_t size = 0;

	if (!file && errno == ENOENT)
		return 0;
	if (!file)
		return error_set_sys(err, ERR_IO, path, errno, "cannot read the file");
	while (getline(&line, &size, file) >= 0)
		if (line_fn(walk, line, err) < 0)
			return -1;
	return 0;
}

static int take_mount(struct walk *walk, char *line, struct error *err)
{
	const struct node *node;
	struct mount_line mount;

	if (!parse_mountinfo_line(line, &mount))
		return 0;
	node = find_node(walk, makedev(mount.major, mount.minor));
	node = node ? node : find_source(walk, mount.source);
	return node ? add_user(walk, USER_MOUNT, mount.mount_point, mount.type, node->name, err) : 0;
}

static int take_swap(struct walk *walk, char *line, struct error *err)
{
	const struct node *node;
	char *device;

	node = parse_swaps_line(line, &device) ? find_source(walk, device) : NULL;
	return node ? add_user(walk, USER_SWAP, device, "swap", node->name, err) : 0;
}

int sys_users(void *ctx, const char *device, struct user **ret, size_t *ret_count, struct error *err)
{
	CLEANUP(free_walk) struct walk walk = { 0 };

	(void)ctx;
	if (add_node(&walk, device, err) < 0 || add_kernel_partitions(&walk, device, err) < 0)
		return -1;
	/* the nodes grow under the loop */
	for (size_t i = 0; i < walk.node_count; i++) {
		char name[DISK_NAME_SIZE];

		memcpy(name, walk.nodes[i].name, sizeof(name));
		if (add_holders(&walk, name, err) < 0)
			return -1;
	}
	if (each_line("/proc/self/mountinfo", &walk, take_mount, err) < 0 ||
	    each_line("/proc/swaps", &walk, take_swap, err) < 0)
		return -1;
	*ret = TAKE(walk.users);
	*ret_count = walk.user_count;
	return 0;
}
