/*
 * The engine's public interface: everything that agent and importcli may call. docs/ARCHITECTURE.md describes the
 * mechanism.
 *
 * One engine per host at a time (engine_open takes a lock), one thread at a time: the caller serialises. Verbs block
 * until done, for seconds to minutes, and report their progress to an observer. They are idempotent: asking for the
 * state that an import is already in succeeds and changes nothing.
 */
#ifndef DM_IMPORT_H
#define DM_IMPORT_H

#include "ports.h"
#include "reports.h"

#include <limits.h>

struct engine;

enum { MEMBERS_MAX = 64 };

struct engine_options {
	const char *etc_directory;	  /* identity store: "/etc/dm-import" */
	const char *rules_directory;	  /* "/etc/udev/rules.d" */
	const char *boot_rules_directory; /* "/run/udev/rules.d" */
	const char *state_directory;	  /* "/var/lib/dm-import" */
	const char *initramfs_note;	  /* "/run/dm-import/initramfs-failed": the initramfs could not be rebuilt */
	const char *arrays_file;	  /* "/usr/share/dm-import/arrays.conf" */
	const char *held_marker; /* "/run/dm-import.held": exists while the identities of a hold are in force */
	const char *lock_file;	 /* "/run/dm-import.lock"; NULL: no lock, for tests */
	unsigned min_paths;	 /* policy default, 2 */
	unsigned max_members;	 /* policy, 16 */
	bool read_only;		 /* reports only: nothing is repaired or written, verbs must not be called */
	bool leave_torn;	 /* nothing is repaired at opening: only for VERB_RECOVER, which reports what it does */
	unsigned hold_deadline_ms;  /* longest hold of a switch, 5000 */
	unsigned hold_lease_max_ms; /* policy: longest lease of a held switch, 30000 */
	size_t journal_limit;	    /* the journal is compacted once it has this many bytes, 1 MiB */
	unsigned journal_keep;	    /* and then keeps this many records of history, 200 */
	const char *log_directory;  /* "/var/log/import": must not be on a held map */
};

/* Fill in the paths and numbers above. */
void engine_options_defaults(struct engine_options *ret);

/*
 * Open the engine: lock (ERR_AGENT_RUNNING when another process has it), read the state, and finish or take back
 * what an earlier process left unfinished. `ports` must outlive the engine. Free with engine_close (NULL is allowed).
 */
int engine_open(struct engine **ret, const struct engine_options *options, const struct ports *ports,
		struct error *err);
void engine_close(struct engine *engine);

/*
 * What a verb reports while it runs; called on the verb's thread, never while a map is held. NULL members are allowed.
 */
struct observer {
	void *ctx;
	void (*step)(void *ctx, const char *step, unsigned percent); /* a step begins */
	void (*log)(void *ctx, int level, const char *line);	     /* 1 error, 2 info, 3 verbose */
};

struct member_request {
	char source_wwid[WWID_SIZE];
	char destination_wwid[WWID_SIZE];
};

struct import_request {
	char id[IMPORT_ID_SIZE]; /* "" = make one */
	struct member_request *members;
	size_t member_count;
	unsigned min_paths; /* 0 = policy default */
};

/*
 * Create an import: check what can be checked without the destination, write the record, and write the rule that hides
 * the destination before it appears. The same id with the same members again succeeds with *ret_created false. ret_id
 * receives its id. Errors: VALUE_INVALID, WWID_FORM, SAME_LUN, MEMBER_TWICE, MEMBER_IN_IMPORT, IDENTITY_TAKEN,
 * VOLUME_UNKNOWN, DESTINATION_IN_USE, IMPORT_EXISTS, IMPORT_LIMIT, NO_SPACE, UDEV_*.
 */
int engine_import_create(struct engine *engine, const struct import_request *request, const struct observer *observer,
			 char ret_id[static IMPORT_ID_SIZE], bool *ret_created, struct error *err);

/*
 * The verbs: what the agent queues as jobs. (Creating, describing and deleting an import are separate calls.)
 *
 * hold and release are a switch in two halves, for arrays without pass-through: hold all maps of the import, let the
 * array change over, release to the new side or to the old one. The lease counts from just before the first map is
 * held. When it ends, or this process does, the guardian releases to the old side, and engine_poll or the next
 * engine_open undoes the rest. A second hold with a lease renews it; all renewals together may last at most ten times
 * the longest lease, else VALUE_INVALID. LEASE_EXPIRED: the release came too late, the import is back on the old side.
 * While an import is held, other imports and LUNs accept no verbs (IMPORT_HELD); cancel takes the hold back first.
 *
 * reservation: the source's reservation is lifted, because the destination array will write to the source itself, or
 * put back; registrations stay. A switch back to the source also puts it back. PR_NOT_HOLDER: another host holds it.
 */
enum verb {
	VERB_REFRESH,  /* scan all SCSI hosts for new LUNs and wait for udev */
	VERB_PRECHECK, /* of an import, or of pairs of LUNs without one */
	VERB_PREPARE,
	VERB_SWITCH,
	VERB_COMMIT, /* or cutover */
	VERB_CANCEL,
	VERB_HOLD,
	VERB_RELEASE,
	VERB_RESERVATION,
	VERB_RECOVER, /* repairs what a crash or a person did to a device's import: recovery/recover.h */
	VERB_COUNT
};

enum { LEASE_MIN_MS = 100, LEASE_DEFAULT_MS = 5000 };
#define LEASE_NOT_GIVEN UINT_MAX

struct verb_request {
	enum verb verb;
	char import_id[IMPORT_ID_SIZE]; /* "": refresh, recover, and precheck of members */
	enum side to;			/* switch, hold, release */
	unsigned lease_ms;		/* hold; LEASE_NOT_GIVEN */
	bool force;			/* cancel: end the import without switching back */
	bool lifted;			/* reservation: lifted, not put back */
	char wwid[WWID_SIZE];		/* recover: a source's or a destination's */
	bool dry_run;			/* recover: only inspect */
	struct import_request *members; /* precheck without an import; else NULL */
};

/* The verb's name in API, log and metrics; and back ("cutover" too), -1 for an unknown name. */
const char *verb_name(enum verb verb);
int verb_from_name(const char *name);

/*
 * Run a verb. *ret_result is its result, freed by the caller. On failure it is set if there is something to show, e.g.
 * the findings of PRECHECK_FAILED, else untouched. IMPORT_UNKNOWN, STATE_WRONG, and the errors of the verb's steps.
 */
int engine_run(struct engine *engine, const struct verb_request *request, const struct observer *observer,
	       struct verb_result *ret_result, struct error *err);

/*
 * 0 when the import's state allows the verb, or the import is already in the state it leads to; else -1 with the error
 * that engine_run would return. Only for verbs that take an import: no state forbids VERB_REFRESH and VERB_RECOVER.
 * Does not touch devices.
 */
int engine_verb_allowed(struct engine *engine, const struct verb_request *request, struct error *err);

/* An import is held: reports of volumes should wait. */
bool engine_holds(const struct engine *engine);

/*
 * Regular work between verbs: take a hold back when its lease has ended, or keep the reservations of imports in
 * progress the same on both sides. Cheap while nothing changes. True when an import's report changed.
 * engine_poll_every_ms says how often to call it; 0: not now.
 */
bool engine_poll(struct engine *engine, const struct observer *observer);
unsigned engine_poll_every_ms(const struct engine *engine);

/* Disks or maps came, went or changed: the next engine_poll checks that each path is registered as it should be. */
void engine_paths_changed(struct engine *engine);

/* Forget a committed or cancelled import. A cancelled pair's hiding rule goes with it (STATE_WRONG while its LUN is
 * visible). */
int engine_import_delete(struct engine *engine, const char *id, struct error *err);

/* True for the words that an orchestrator may use for its session's state. */
bool session_state_valid(const char *state);

/* Store what the orchestrator reports of its session; `percent` 0..100. Changes nothing on the host. */
int engine_import_session(struct engine *engine, const char *id, const char *state, unsigned percent,
			  struct error *err);

/* The number of imports in progress. */
size_t engine_imports_in_progress(struct engine *engine);

/*
 * Reports (reports.h), freed by the caller. On failure *ret is untouched. volumes: all multipath maps that are not
 * hidden, in name order. host: with everything that is wrong with it.
 */
int engine_report_volumes(struct engine *engine, struct volume_reports *ret, struct error *err);
int engine_report_imports(struct engine *engine, struct import_reports *ret, struct error *err);
int engine_report_host(struct engine *engine, struct host_report *ret, struct error *err);
int engine_report_arrays(struct engine *engine, struct array_reports *ret, struct error *err);

/*
 * What is wrong with the host, as far as files show it. Needs neither engine nor lock. The host's report adds what
 * multipathd reports.
 */
int engine_report_findings(const struct engine_options *options, const struct host_port *host, struct finding_list *ret,
			   struct error *err);

/* The journal as it is on disk. Needs neither engine nor lock. import_id NULL: of all imports. */
int engine_report_journal(const struct engine_options *options, const struct host_port *host, const char *import_id,
			  struct journal_report *ret, struct error *err);

/*
 * The checks at boot (docs/ARCHITECTURE.md). They work even where engine_open would fail; no engine may be open
 * (AGENT_RUNNING). *ret_text is a message for the administrator; NULL: none. *ret_well false: the agent will not start,
 * and something has to be repaired.
 */

/* Before udev starts, by files alone. What the rules in /etc lack is written to boot_rules_directory. */
int engine_boot_check(const struct engine_options *options, const struct host_port *host, char **ret_text,
		      bool *ret_well, struct error *err);

/* After udev's start, before multipathd's: maps that were assembled from the wrong LUN are removed. */
int engine_boot_maps(const struct engine_options *options, const struct ports *ports, char **ret_text, bool *ret_well,
		     struct error *err);

/*
 * At any time: the rules for an initramfs, which keep all LUNs of pairs down in it; "" when there are no pairs.
 * `directory`: where to write them as files, too; NULL: nowhere.
 */
int engine_boot_initramfs(const struct engine_options *options, const struct host_port *host, const char *directory,
			  char **ret_rules, char **ret_text, struct error *err);

/* Write store and rules anew, from `records` (lines of a store) or, if NULL, from the newest intact copy. */
int engine_boot_restore(const struct engine_options *options, const struct host_port *host, const char *records,
			struct error *err);

#endif
