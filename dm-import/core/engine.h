/*
 * The engine as an object: what it knows of the host between two verbs, and finding an import in it. Opening and
 * closing it is in ../engine.c.
 */
#ifndef DM_IMPORT_CORE_ENGINE_H
#define DM_IMPORT_CORE_ENGINE_H

#include "dm-import/formats/arrays.h"
#include "identity.h"
#include "import.h"

struct boot_finding; /* boot/judge.h */
struct work;	     /* work.h */

/* Where the journal's file ends, as far as it is ours (journal_file.c). */
struct journal_file {
	uint64_t size, sequence; /* of what is whole; the last record's number */
	uint64_t compacted_size; /* behind the last look at what could go */
	bool missing;
	bool tail;   /* something may stand behind `size`; the next append cuts it */
	bool unsure; /* replacing it failed: look at it before the next write */
};

struct engine {
	struct engine_options options;
	const struct ports *ports;
	struct import **imports;
	size_t import_count;
	struct journal_file journal;
	struct identity_store identities;
	struct boot_finding *files; /* what was wrong with theirs when the engine was opened; owned */
	struct arrays arrays;
	struct work *held; /* the held switch that waits for its release, NULL: none (held.c) */
	int lock_fd;
};

enum { IMPORTS_MAX = 256 };

enum { JOURNAL_RESERVE = 256 << 10 }; /* what the records of one verb with 64 members need, several times */

#define FREE_BYTES_NEEDED (16u << 20) /* state, rules, log of one import, with room to spare */

enum {
	UDEV_TIMEOUT_MS = 60000,
	UDEV_PER_DISK_MS = 3000,    /* more for each disk that udev has to look at again */
	SETTLE_TIMEOUT_MS = 300000, /* a queue may be long: hundreds of disks appear at once */
	PATHS_TIMEOUT_MS = 60000,
	MULTIPATHD_TIMEOUT_MS = 90000,
	PROBE_TIMEOUT_MS = 5000,
	POLL_MS = 100,
};

/*
 * Take the lock of the host's one engine: *ret_fd holds it until it is closed; untouched without a lock file.
 * NOT_ROOT, AGENT_RUNNING: another process has it; IO.
 */
int engine_lock(const struct engine_options *options, int *ret_fd, struct error *err);

/* NULL when there is none; find_import fills IMPORT_UNKNOWN then. */
struct import *engine_find(struct engine *engine, const char *id);
struct import *import_find(struct engine *engine, const char *id, struct error *err);

/* The import that one of this LUN's members is of, either side; NULL: none. */
struct import *import_of_lun(const struct engine *engine, const char *wwid);

#endif
