/*
 * The engine as an object: what it keeps between two verbs, and finding an import in it. ../engine.c opens and closes
 * it.
 */
#ifndef DM_IMPORT_CORE_ENGINE_H
#define DM_IMPORT_CORE_ENGINE_H

#include "dm-import/formats/arrays.h"
#include "identity.h"
#include "import.h"

struct boot_finding; /* boot/judge.h */
struct work;	     /* work.h */

/* Where the intact part of the journal's file ends (journal_file.c). */
struct journal_file {
	uint64_t size, sequence; /* of the intact part; the last record's number */
	uint64_t compacted_size; /* after the last attempt to compact it */
	bool missing;
	bool tail;   /* there may be bytes after `size`; the next append cuts them off */
	bool unsure; /* replacing the file failed: read it before the next write */
};

struct engine {
	struct engine_options options;
	const struct ports *ports;
	struct import **imports;
	size_t import_count;
	struct journal_file journal;
	struct identity_store identities;
	bool identities_held;	    /* the files are as identities_hold wrote them */
	struct boot_finding *files; /* what was wrong with the identities' files when the engine was opened; owned */
	struct arrays arrays;
	struct work *held; /* the held switch that waits for its release; NULL: none (held.c) */
	int lock_fd;
};

enum { IMPORTS_MAX = 256 };

enum { JOURNAL_RESERVE = 256 << 10 }; /* several times what the records of one verb with 64 members need */

#define FREE_BYTES_NEEDED (16u << 20) /* state, rules, log of one import, with room to spare */

enum {
	UDEV_TIMEOUT_MS = 60000,
	UDEV_PER_DISK_MS = 3000,    /* more for each disk that udev has to process again */
	SETTLE_TIMEOUT_MS = 300000, /* a queue may be long: hundreds of disks appear at once */
	PATHS_TIMEOUT_MS = 60000,
	MULTIPATHD_TIMEOUT_MS = 90000,
	PROBE_TIMEOUT_MS = 5000,
	POLL_MS = 100,
};

/*
 * Take the lock that allows one engine per host. *ret_fd holds it until it is closed, and is untouched if no lock file
 * is configured. NOT_ROOT; AGENT_RUNNING: another process has it; IO.
 */
int engine_lock(const struct engine_options *options, int *ret_fd, struct error *err);

/* NULL when there is none; import_find fills IMPORT_UNKNOWN then. */
struct import *engine_find(struct engine *engine, const char *id);
struct import *import_find(struct engine *engine, const char *id, struct error *err);

/* The import that has this LUN in a member, on either side; NULL: none. */
struct import *import_of_lun(const struct engine *engine, const char *wwid);

#endif
