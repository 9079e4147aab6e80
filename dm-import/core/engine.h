/*
 * The engine's inside: what its files share. Not for agent and importcli, which see dm_import.h only.
 */
#ifndef DM_IMPORT_ENGINE_H
#define DM_IMPORT_ENGINE_H

#include "dm-import/boot/boot.h"
#include "dm-import/dm_import.h"
#include "dm-import/formats/arrays.h"
#include "dm-import/store/journal.h"
#include "dm-import/verbs/plan.h"
#include "identity.h"
#include "inventory.h"

enum { PR_KEYS_MAX = 64 };

/* One LUN of a member, as of the last look at its reservations. */
struct pr_view {
	bool known; /* it answered */
	uint32_t generation;
	uint64_t holder_key;
	uint8_t scope_type; /* 0: not reserved */
	uint64_t keys[PR_KEYS_MAX];
	size_t key_count;
	uint64_t own_key;	 /* one of this host's, when it last had any */
	size_t own_paths, paths; /* of this host: registered, and all that run */
	bool holder;		 /* this host is, or one of the holders */
	struct pr_watch *watch;	 /* NULL: look with a full read */
};

/* How this host stands with the reservations of a member's LUNs (pr_move.c). */
struct member_pr {
	bool registered;     /* its keys were on both LUNs */
	bool fenced;	     /* they were taken away by somebody else */
	enum pr_type lifted; /* the source's reservation, lifted for the array; PR_NONE: it is not */
	/* not recorded */
	struct pr_view views[2]; /* by enum side */
	uint64_t seen_us;	 /* when, CLOCK_MONOTONIC; 0: never */
	uint64_t full_look_us, not_before_us;
	bool paths_changed;	      /* since the last full look */
	enum error_code last_failure; /* of a look; told once */
};

struct member {
	char source_wwid[WWID_SIZE];
	char destination_wwid[WWID_SIZE];
	char name[NAME_SIZE]; /* the live map's dm name, as it was at creation */
	uint64_t size_bytes;
	bool exchanged;		     /* the live map is on the destination */
	uint64_t pause_us;	     /* of the last switch, 0 = none yet */
	uint64_t held_at_ms;	     /* when that was, CLOCK_REALTIME; not recorded */
	bool live_fails, idle_fails; /* before the switch under way its maps did not queue without a path */
	struct member_pr pr;
};

/* How a held switch ended. INTERRUPTED is what the record says from before the hold on, until somebody knows better. */
enum hold_outcome { HOLD_NONE, HOLD_INTERRUPTED, HOLD_RELEASED, HOLD_TAKEN_BACK, HOLD_LEASE_EXPIRED };

/* The held switch that is going on, or the last one. */
struct hold_note {
	enum hold_outcome outcome;
	enum side to;
	unsigned lease_ms;
	uint64_t since_ms; /* CLOCK_REALTIME */
	uint64_t held_ms;  /* 0: not known */
};

/* What an import is in the middle of, durable before its first step and cleared behind its last. */
enum doing { DOING_NOTHING, DOING_PREPARE, DOING_TO_DESTINATION, DOING_TO_SOURCE, DOING_COMMIT, DOING_CANCEL };

struct import {
	char id[IMPORT_ID_SIZE];
	enum import_state state;
	enum doing doing, recorded;	 /* `recorded`: what the journal says */
	uint64_t created_ms, updated_ms; /* CLOCK_REALTIME */
	unsigned min_paths;
	bool forced;  /* cancelled without going back */
	bool by_hold; /* it came to the destination by a held switch */
	char session_state[32];
	unsigned session_percent;
	struct hold_note last_hold;
	struct error attention; /* why NEEDS_ATTENTION or RECOVERING; ERR_NONE otherwise */
	struct member *members;
	size_t member_count;
};

/* Where the journal's file ends, as far as it is ours (journal_store.c). */
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
	struct boot_finding files; /* what was wrong with theirs when the engine was opened */
	struct arrays arrays;
	struct work *held; /* the held switch that waits for its release, NULL: none (held.c) */
	int lock_fd;
};

/* One run of one verb: what its plan's steps share. */
struct work {
	struct engine *engine;
	struct import *import;
	const struct observer *observer;
	enum side to;
	bool recovering;	  /* nothing is asked that a torn switch cannot answer */
	bool multipathd_stopped;  /* by us */
	bool unguarded;		  /* the reservations may change during the hold */
	struct dm_hold **holds;	  /* live maps first, then the idle ones; of the members that change */
	size_t hold_count;	  /* 2 × changing members */
	struct member **changing; /* members whose side is not `to` yet */
	size_t changing_count;
	char (*idle_names)[NAME_SIZE]; /* dm names of their partners, in the same order */
	char *disks_before;	       /* prepare: names of the destination disks that were there before, " sda sdb " */
	struct json_object *findings;  /* of the pre-check, owned here */
	unsigned disks_timeout_ms;     /* how long wait_disks waits */
	struct hold *hold;	       /* the maps are held: between hold_begin and hold_forward or hold_back */
	uint64_t held_us;	       /* how long they were, behind it */
	unsigned lease_ms;	       /* of a held switch; 0: a switch */
	enum import_state before;      /* of a held switch: the import's state before it */
	struct inventory paths;	       /* where reservations are looked at (pr_pair.c); empty: look first */
	struct inventory now;	       /* of a held switch: the host before it, for reports while it is held */
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

/* engine.c */
int engine_lock(const struct engine_options *options, int *ret_fd, struct error *err);
struct import *engine_find(struct engine *engine, const char *id);
void work_log(struct work *work, int level, const struct error *err, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* The undo of an intent: the record says that nothing is under way. The end of a plan: that, the state, and all is
 * well. */
int work_void_intent(struct work *work, struct error *err);
int work_record_done(struct work *work, enum import_state state, struct error *err);
const char *lun_on(const struct member *member, enum side side); /* the true WWID of that side's LUN */
const char *idle_lun(const struct member *member);		 /* of the one that no application is on */
enum side other_side(enum side side);
const char *side_name(enum side side); /* as the API has it */
enum doing doing_switch(enum side to);
void work_free_holds(struct work *work);
void work_free(struct work *work);

/* state.c */
bool state_torn_switch(const struct import *import);
/* -1: the application's writes since the switch are on the destination alone; only a held switch goes back. */
int import_check_way_back(const struct import *import, struct error *err);
/* 1 = the verb is allowed, 0 = the import is there already, -1 = not in this state */
int import_check_allowed(struct engine *engine, const struct import *import, const char *verb, enum side to,
			 struct error *err);

/* import.c: what verbs share that are not in it */
struct import *import_find(struct engine *engine, const char *id, struct error *err);
bool import_concerns(const struct import *import, const char *wwid);	     /* a source's or destination's of it */
struct import *import_of_lun(const struct engine *engine, const char *wwid); /* NULL: none concerns it */
struct json_object *import_unchanged(void);
/* The end of a verb: record what is stuck, make the result, free what `work` has. 0 or -1. */
int import_finish(struct work *work, enum plan_outcome outcome, enum doing doing, const struct error *why,
		  struct json_object **ret_result);

/* held.c */
int held_refuse(struct engine *engine, const struct import *but, struct error *err); /* -1 while another is held */
int held_take_back(struct engine *engine, enum hold_outcome outcome, const struct observer *observer,
		   struct error *err);
void held_report(const struct import *import, struct json_object *object);

/*
 * journal_store.c: the journal's file. save and forget append one record; on failure the journal is as before.
 * load_all: with ERR_STORE_DAMAGED those imports are there whose newest record is certain.
 * reserve: space for all records of a verb, before its intent; a verb that goes on with what is torn is not refused.
 * void: nothing is under way any more; writes only when the journal says otherwise.
 * mend: a torn end is cut off, a missing file made. compact: drop what nobody needs, when it is worth it and no verb
 * is under way; that it fails does no harm.
 */
int import_save(struct engine *engine, struct import *import, enum journal_event event, struct error *err);
int import_load_all(struct engine *engine, const struct journal *journal, bool missing, struct error *err);
int import_forget(struct engine *engine, struct import *import, struct error *err);
int import_void(struct engine *engine, struct import *import, struct error *err);
int import_reserve(struct work *work, struct error *err);
/* The file as it is now; *ret_text is NULL without one. Both are the caller's. */
int journal_read(const struct engine_options *options, const struct host_port *host, char **ret_text,
		 struct journal *ret, struct error *err);
int journal_mend(struct engine *engine, struct error *err);
void journal_compact_file(struct engine *engine, bool at_opening);

/* import_store.c: an import and its record. read_record: false when it is none of this version. */
struct json_object *import_record(const struct import *import);
bool import_read_record(struct json_object *record, struct import *import);
void import_free(struct import *import);
const char *doing_name(enum doing doing);
const char *hold_outcome_name(enum hold_outcome outcome);

/* identity_store.c: the store on disk, the rules made of it, and udev's acceptance of them */
/* STORE_DAMAGED when the files are in doubt and it is not recover_device that asks. journal: as it was read */
int identities_load(struct engine *engine, const struct journal *journal, struct error *err);
int identities_look_again(struct engine *engine, struct error *err); /* at the files, behind a mend: engine->files */
int identities_at_boot(const struct engine *engine, bool *ret, struct error *err); /* its rules are in force */
int identities_end_boot(struct engine *engine, struct error *err); /* its rules give way to those of /etc */
int identities_apply(struct engine *engine, struct error *err);	   /* write store and rules; udev is not told */
int identities_check_files(const struct engine *engine,
			   struct error *err); /* IDENTITY_FILES: not as apply writes them */
int identities_assign(struct engine *engine, const struct import *import, enum identity_role role, struct error *err);
/* As identities_assign, until identities_apply makes it last; a reboot before that makes it void. */
int identities_hold(struct engine *engine, const struct import *import, enum identity_role role, struct error *err);
int identities_present(struct engine *engine, const struct import *import, struct error *err); /* tell udev, verify */
/* The live maps get an event, for what the rules keep of them (identity_rules.c). Not while an exchange is under way.
 */
int identities_show_live(struct engine *engine, const struct import *import, struct error *err);
int identities_verify(struct engine *engine, const struct import *import, struct error *err); /* what udev presents */

/* switch.c, prepare.c, finish.c: the plans */
enum plan_outcome switch_run(struct work *work, struct error *err);
/* The same in two halves, for a held switch: up to the hold, and behind it; or all of the first half undone. */
enum plan_outcome hold_run(struct work *work, struct error *err);
enum plan_outcome release_run(struct work *work, struct error *err);
enum plan_outcome hold_undo(struct work *work, struct error *err);
void switch_leave_safe(struct work *work); /* behind a plan that got stuck with multipathd stopped */
enum plan_outcome prepare_run(struct work *work, struct error *err);
enum plan_outcome commit_run(struct work *work, struct error *err);
enum plan_outcome cancel_run(struct work *work, struct error *err); /* behind the switch back to the source */
int unmap_destinations(struct work *work, struct error *err);	    /* remove the idle maps */
int remove_side(struct work *work, struct error *err);		    /* the idle maps, and the other side's disks */

/* queueing.c: what maps did without a path, before the switch; queue during it; as before, behind it */
int queueing_note(struct work *work, struct error *err);
int queueing_keep(struct work *work, struct error *err);
int queueing_restore(struct work *work, struct error *err);

/* hold.c */
int hold_prepare_all(struct work *work, struct error *err);
int hold_exchange(struct work *work, struct error *err);
/* Its halves. lease_ms 0: no lease. On failure nothing is held any more. */
int hold_begin(struct work *work, unsigned lease_ms, struct error *err);
int hold_forward(struct work *work, struct error *err);
void hold_back(struct work *work);
bool hold_over(const struct work *work); /* the lease has ended, or the guardian is gone; cheap */
bool hold_extend(struct work *work, unsigned lease_ms);
uint64_t hold_since_us(const struct work *work); /* CLOCK_MONOTONIC */

/* precheck_hold.c */
int precheck_hold(struct work *work, struct error *err);

/* prepare.c: have multipathd build the map of a LUN, which shows itself as `wwid` */
int map_lun(struct work *work, const char *true_wwid, const char *wwid, const struct inventory *now, struct error *err);

int map_is_hidden(const struct engine *engine, const struct map *map, bool *ret_hidden, struct error *err);

/* recover.c */
int release_maps(struct engine *engine, const struct import *import, bool forward, struct error *err);
/* release what a torn switch left held; *ret_forward (may be NULL): in the direction that it was going */
int release_torn(struct engine *engine, const struct import *import, bool *ret_forward, struct error *err);
/* go on with a torn switch, to whichever side it is nearer to */
enum plan_outcome recover_switch(struct work *work, struct error *err);
void recover_release(struct engine *engine); /* what torn switches left held; only that */
/* End what the import is in the middle of, forward or back; -1: it is stuck, and recorded so. */
int recover_import(struct engine *engine, struct import *import, const struct observer *observer, struct error *err);
int recover_all(struct engine *engine, struct error *err);

#endif
