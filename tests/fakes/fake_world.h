/*
 * A host in memory: LUNs, their paths, udev with a small rule interpreter, device-mapper, multipathd, files,
 * and an application that does I/O all the time. world_ports() gives the engine its ports to it.
 *
 * Every port call passes world_enter() and world_leave() (WORLD_CALL): there it is counted, logged, made to fail on
 * command, and afterwards the invariants are checked. What breaks one is kept as a text in `violations`.
 * The whole host is one struct without inner pointers but the files', so a test can save and restore it.
 */
#ifndef FAKE_WORLD_H
#define FAKE_WORLD_H

#include "dm-import/ports.h"

#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>

enum {
	LUNS_MAX = 48,
	DISKS_MAX = 112,
	MAPS_MAX = 64,
	FILES_MAX = 40,
	USERS_MAX = 48,
	APPS_MAX = 20,
	TABLE_SIZE = 640,
	PROPERTIES_SIZE = 1600,
	LINKS_SIZE = 900,
	CALL_LOG_SIZE = 1 << 16,
	VIOLATIONS_SIZE = 8192,
	REGISTRATIONS_MAX = 24,
};

struct fake_registration {
	uint64_t key;
	char initiator[64];
	uint16_t relative_port;
	bool all_target_ports;
	bool holder; /* with all-registrants types each is one, and this says nothing */
};

/* A LUN's persistent reservations: fake_pr.c. Registrations may be of nexuses that are no disks of this host. */
struct fake_pr {
	bool unsupported, no_full_status, no_preempt_and_abort;
	uint32_t generation;
	enum pr_type type; /* PR_NONE: no reservation */
	bool aptpl;
	struct fake_registration registrations[REGISTRATIONS_MAX];
	size_t count;
};

struct fake_lun {
	char wwid[WWID_SIZE];
	char vendor[9], product[17];
	uint64_t size_bytes;
	uint32_t logical_sector_size, physical_sector_size;
	struct queue_limits limits;
	enum protocol protocol;
	char fs_uuid[40];     /* of the file system on it, "" = none; a pass-through LUN shows its source's */
	bool partition_table; /* the content has partitions */
	int forwards_to;      /* LUN index of the import source, -1 = this LUN's content is its own */
	bool copied;	      /* with forwards_to: writes go to both; the content is here too */
	uint64_t content;     /* number of the application's last write that arrived here */
	uint64_t host_writes; /* writes that this host sent to this LUN itself */
	struct fake_pr pr;
	bool unanswering;     /* probes of its paths fail */
	struct probed became; /* what it says it is now, if that is not what the kernel read: "" and 0 = as before */
};

enum disk_place { DISK_NONE, DISK_UNMAPPED, DISK_MAPPED, DISK_PRESENT };

struct fake_disk {
	enum disk_place place; /* MAPPED: the array exports it, the host has not scanned yet */
	char name[DISK_NAME_SIZE];
	unsigned major, minor;
	int lun;
	struct pr_nexus nexus;		   /* initiator port and target port of this path */
	bool offline, probe_fails, failed; /* failed: multipathd failed this path */
	bool event_pending;		   /* the add event has not been handled by udev */
	bool known;			   /* multipathd has it in its path list */
	enum alua_state alua;
	char properties[PROPERTIES_SIZE]; /* udev's database: "KEY=value\n" */
	char links[LINKS_SIZE];		  /* " disk/by-id/..." */
};

struct fake_map {
	bool exists;
	char name[NAME_SIZE], uuid[UUID_SIZE];
	unsigned minor;
	uint64_t size_sectors;
	char active[TABLE_SIZE], inactive[TABLE_SIZE];
	bool suspended, read_only, inactive_read_only;
	uint64_t suspended_since_us;
	struct queue_limits limits;
	uint32_t open_count;
	bool managed; /* multipathd knows it */
	bool no_node; /* a rule removed it from /dev */
	char properties[PROPERTIES_SIZE];
	char links[LINKS_SIZE];
};

struct fake_file {
	char path[128];
	mode_t mode;
	char *text;
	uint64_t reserved; /* appending up to this size needs no free space */
	char *loaded;	   /* what udev read at its last reload; NULL = nothing */
};

struct fake_user {
	char device[NAME_SIZE]; /* a map's name or a disk's */
	struct user user;
};

struct fake_app {
	char map[NAME_SIZE];
	int source, destination; /* LUNs; the truth about content is in them */
	uint64_t writes;	 /* number of the last acknowledged write */
	bool fenced;		 /* by another host: from here on the error is a write that goes through */
	bool silent;		 /* it does no I/O */
};

/* Before the call's work, or behind it; within it: only half of what is appended to a file gets there. */
enum failure_kind { FAIL_NONE, FAIL_BEFORE, DIE_BEFORE, FAIL_AFTER, DIE_AFTER, POWER_CUT, POWER_CUT_WITHIN };

/*
 * Which call goes wrong, and how. Behind a call that only looks nothing is different from before it, therefore those do
 * not count for the kinds that come behind.
 */
struct failure {
	enum failure_kind kind;
	unsigned call;	    /* the n-th call of this run, from 1 */
	char call_name[40]; /* or: the n-th call of this operation ("dm.load"); "" = of all */
	int sys_errno;
	bool lasting; /* every later call of the kind fails as well */
};

struct multipathd_settings {
	char find_multipaths[16]; /* no, yes, strict, greedy */
	bool recheck_wwid, user_friendly_names;
	char uid_attribute[32];	     /* "ID_SERIAL" */
	char blacklisted[WWID_SIZE]; /* a LUN that multipathd has to ignore, "" = none */
	bool sg3_rules;		     /* sg3_utils' udev rules are installed */
	uint64_t reservation_key;    /* of multipath.conf; 0 = none */
	bool debian_rules;	     /* the dm rules are 55- and 60- as on Debian, not 10- and 13- */
};

struct fake_world {
	struct fake_lun luns[LUNS_MAX];
	struct fake_disk disks[DISKS_MAX];
	struct fake_map maps[MAPS_MAX];
	struct fake_file files[FILES_MAX];
	struct fake_user users[USERS_MAX];
	struct fake_app apps[APPS_MAX];
	int lun_count, disk_count, user_count, app_count;
	unsigned next_minor;

	struct multipathd_settings settings;
	bool multipathd_running, queueing_forced;
	bool udevd_silent; /* it does not run, or does nothing */
	char dependents[128];

	uint64_t now_us, free_bytes;
	unsigned oversleep; /* a sleep takes so many times what was asked: fewer polls where a test waits in vain */
	uint64_t longest_suspend_us, suspend_limit_us;

	/* the run: reset by world_begin() */
	struct failure failure;
	unsigned calls, calls_of_name;
	bool no_maps_yet;	 /* the host comes up: nothing is asked of maps */
	unsigned changing_calls; /* of those that do not only look */
	unsigned holds;		 /* maps suspended through suspend and not yet resumed */
	bool exchanged;		 /* in this hold a table was swapped in: from here on the way is forward */
	uint64_t completed_ios;
	bool idle_applications; /* nobody sends I/O */
	unsigned event_call;	/* before this call of the run something happens that is not the engine's doing */
	void (*event)(struct fake_world *world);
	void (*before_udev)(struct fake_world *world); /* at a reboot, when the files are there and nothing else */
	size_t hold_handles, watch_handles;	       /* dm_hold and pr_watch structs not yet freed */
	char log[CALL_LOG_SIZE];
	size_t log_length;
	char failures[256]; /* what was made to fail, for messages: "dm.load #41 fails before" */
	char violations[VIOLATIONS_SIZE];
	jmp_buf *death; /* where a dying process lands */
};

/* Make and free a host without any LUN. */
struct fake_world *world_new(void);
void world_free(struct fake_world *world);

/* Ports to the host; valid as long as it is. */
void world_ports(struct fake_world *world, struct ports *ret);

/* A copy of the host's whole state, and putting it back into the same struct. */
struct fake_world *world_save(const struct fake_world *world);
void world_restore(struct fake_world *world, const struct fake_world *saved);

/* Everything that an administrator could see, as text; two equal texts mean that nothing changed. Owned by the caller.
 */
char *world_dump(const struct fake_world *world);

/* Begin a run: call counter, log, violations and failure are reset. `failure` NULL = none. */
void world_begin(struct fake_world *world, const struct failure *failure);

/* One more failure in the same run; calls are counted anew. */
void world_fail_again(struct fake_world *world, const struct failure *failure);

extern const char *const failure_kind_names[];

/* --- what tests build: fake_scene.c --- */

int world_lun(struct fake_world *world, const char *wwid, const char *vendor, const char *product, uint64_t size_bytes);
/* `count` more paths of a LUN, not yet mapped by the array. Returns the index of the first disk. */
int world_paths(struct fake_world *world, int lun, unsigned count);
/* The array maps or unmaps all paths of a LUN; the host sees new ones at the next rescan. */
void world_map_lun(struct fake_world *world, int lun);
void world_unmap_lun(struct fake_world *world, int lun);
/* The host scans, udev settles, multipathd does what it does. */
void world_scan(struct fake_world *world);
/* Power cycle: the kernel's state is gone, files stay, everything comes up by itself. */
void world_reboot(struct fake_world *world);
/* The agent's guardian after the agent's death: releases what is held. */
void world_guardian(struct fake_world *world);
/* An application with a mounted file system on a map. */
struct fake_app *world_app(struct fake_world *world, const char *map, int source, int destination);
/* The copy on the array is complete: the destination no longer forwards. */
void world_finish_copy(struct fake_world *world, int destination);
void world_add_user(struct fake_world *world, const char *device, enum user_kind kind, const char *name);

/*
 * The usual scene: `members` pairs, each source LUN with `paths` paths and a map that an application has mounted;
 * the destination LUNs exist on their array (pass-through) but are not mapped yet. WWIDs by world_source_wwid(i) etc.
 */
void world_pairs(struct fake_world *world, unsigned members, unsigned paths);
const char *world_source_wwid(unsigned member);
const char *world_destination_wwid(unsigned member);
int world_source(unsigned member);
int world_destination(unsigned member);

/*
 * A LUN carries out a PERSISTENT RESERVE OUT of any nexus, another host's for instance: ERR_NONE, or the ERR_PR_ code
 * that the port would give.
 */
enum error_code world_pr_out(struct fake_world *world, int lun, const struct pr_nexus *nexus,
			     const struct pr_request *request);
/* Does the LUN's reservation let this nexus write? */
bool world_pr_allows(const struct fake_lun *lun, const struct pr_nexus *nexus);

/* --- inside the fakes --- */

int world_enter(struct fake_world *world, const char *name, const char *subject, struct error *err);
int world_leave(struct fake_world *world, const char *name, bool changes, int rc, struct error *err);
/* True when this call is to be left half done; then world_die. */
bool world_cuts_within(struct fake_world *world, const char *name);
void world_die(struct fake_world *world);
int world_refuse(struct fake_world *world, const char *name, const char *subject, int sys_errno, struct error *err);

/* A port operation: count it, do `work` (an expression: 0 or -1), check the invariants, fail it if told so. */
#define WORLD_CALL_(world, name, subject, changes, err, work) \
	({ \
		int rc_ = world_enter(world, name, subject, err); \
		rc_ = world_leave(world, name, changes, rc_ ? rc_ : (work), err); \
		rc_; \
	})
#define WORLD_CALL(world, name, subject, err, work) WORLD_CALL_(world, name, subject, true, err, work)
/* One that only looks. */
#define WORLD_QUERY(world, name, subject, err, work) WORLD_CALL_(world, name, subject, false, err, work)

void world_violation(struct fake_world *world, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void world_check(struct fake_world *world); /* fake_invariants.c */
void world_pass_time(struct fake_world *world, uint64_t us);

struct fake_file *world_file(struct fake_world *world, const char *path);
int world_write_file(struct fake_world *world, const char *path, const char *text, mode_t mode);
void world_remove_file(struct fake_world *world, const char *path);

struct fake_disk *world_disk(struct fake_world *world, const char *name);
struct fake_disk *world_disk_by_number(const struct fake_world *world, unsigned major, unsigned minor);
struct fake_map *world_map(struct fake_world *world, const char *name);
struct fake_map *world_map_by_uuid(struct fake_world *world, const char *uuid);
struct fake_lun *world_lun_content(struct fake_world *world, struct fake_lun *lun);

/* Visit the disks that a table names. Returns their number; `ret` has room for DISKS_MAX. NULL for missing ones. */
size_t world_table_disks(const struct fake_world *world, const char *table, struct fake_disk **ret);
bool world_table_queues(const char *table);
void world_table_set_queue(char *table, bool queue);

/* udev: fake_udev.c; the value is "" when there is none */
void udev_reload(struct fake_world *world);
void udev_disk_event(struct fake_world *world, struct fake_disk *disk, const char *action);
void udev_map_event(struct fake_world *world, struct fake_map *map, bool with_cookie);
void udev_settle(struct fake_world *world);
const char *property_get(const char *properties, const char *key, char *ret, size_t size);
void property_set(char *properties, size_t size, const char *key, const char *value);
bool link_claimed(const char *links, const char *link);

/* multipathd: fake_multipathd.c */
void multipathd_start(struct fake_world *world);
void multipathd_stop(struct fake_world *world);
void multipathd_run(struct fake_world *world); /* it looks at all paths and maps once */
/* Would `multipath -u` claim a disk with these properties? */
bool multipath_claims(struct fake_world *world, const char *properties);

/* fake device-mapper, for multipathd and the scenes */
struct fake_map *dm_create(struct fake_world *world, const char *name, const char *uuid, const char *table);
void dm_destroy(struct fake_world *world, struct fake_map *map);
void dm_rename_map(struct fake_world *world, struct fake_map *map, const char *name);
int dm_resume_map(struct fake_world *world, struct fake_map *map);

void fake_dm_port(struct fake_world *world, struct dm_port *ret);
void fake_scsi_port(struct fake_world *world, struct scsi_port *ret);
void fake_pr_port(struct fake_world *world, struct scsi_port *ret);
void fake_device_port(struct fake_world *world, struct device_port *ret);
void fake_multipathd_port(struct fake_world *world, struct multipathd_port *ret);
void fake_host_port(struct fake_world *world, struct host_port *ret);

#endif
