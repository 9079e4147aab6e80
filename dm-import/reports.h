/*
 * What the engine reports, as plain structs: volumes, imports, the host, arrays, the journal, what came of a verb; api/
 * makes JSON of them.
 * A report owns its lists (the function behind it frees them; a report of zeros is empty) and points at nothing of the
 * engine's: it may be kept, and read by other threads, while the engine goes on.
 *
 * And the words of an import that reports, journal and API share.
 */
#ifndef DM_IMPORT_REPORTS_H
#define DM_IMPORT_REPORTS_H

#include "model.h"

#include "base/error.h"

enum { IMPORT_ID_SIZE = 65, PR_KEYS_MAX = 64 };

enum import_state {
	IMPORT_NEW,
	IMPORT_PREPARED,
	IMPORT_ON_DESTINATION,
	IMPORT_COMMITTED,
	IMPORT_CANCELLED,
	IMPORT_RECOVERING,	/* at start-up, with an unfinished transition */
	IMPORT_NEEDS_ATTENTION, /* no automatic way is left; the import says what to do */
	IMPORT_HELD,		/* all its maps are held, between the two sides; a lease ends it */
	IMPORT_STATE_COUNT
};

enum side { SIDE_SOURCE, SIDE_DESTINATION };

/* What an import is in the middle of, durable before its first step and cleared behind its last. */
enum doing { DOING_NOTHING, DOING_PREPARE, DOING_TO_DESTINATION, DOING_TO_SOURCE, DOING_COMMIT, DOING_CANCEL };

/* How a held switch ended. INTERRUPTED is what the record says from before the hold on, until somebody knows better. */
enum hold_outcome { HOLD_NONE, HOLD_INTERRUPTED, HOLD_RELEASED, HOLD_TAKEN_BACK, HOLD_LEASE_EXPIRED };

enum journal_event {
	JOURNAL_CREATED,
	JOURNAL_INTENT,	     /* a verb is about to change the host */
	JOURNAL_DONE,	     /* it has */
	JOURNAL_VOID,	     /* it is taken back */
	JOURNAL_STUCK,	     /* neither was possible */
	JOURNAL_SESSION,     /* what the orchestrator says of its session */
	JOURNAL_RESERVATION, /* how this host stands with the reservations */
	JOURNAL_FORCED,	     /* cancelled without going back */
	JOURNAL_FORGOTTEN,   /* deleted: the import is no more */
};

/* The names that API and journal have for these, and back: -1 when there is none. */
const char *import_state_name(enum import_state state);
int import_state_from_name(const char *name);
const char *side_name(enum side side);
const char *doing_name(enum doing doing);
const char *hold_outcome_name(enum hold_outcome outcome);
const char *journal_event_name(enum journal_event event);

/* What makes port changes, upgrade and removal unsafe. */
static inline bool import_state_in_progress(enum import_state state)
{
	return state != IMPORT_COMMITTED && state != IMPORT_CANCELLED;
}

/* --- volumes ------------------------------------------------------------------------------------------------------ */

/* Which LUN of a pair the kernel's table has; of both, of others or of none: ACTIVE_NONE. */
enum active_path { ACTIVE_NONE, ACTIVE_SOURCE, ACTIVE_DESTINATION };

struct path_report {
	char device[DISK_NAME_SIZE], hctl[32];
	char initiator_port[PORT_NAME_SIZE], target_port[PORT_NAME_SIZE];
	enum alua_state alua;
	char checker_state[16]; /* in multipathd's words, "" while it says nothing */
	char true_wwid[WWID_SIZE];
};

struct path_list {
	struct path_report *list;
	size_t count;
};

struct volume_report {
	char name[NAME_SIZE];
	unsigned dm_minor;
	char wwid[WWID_SIZE];
	uint64_t size_bytes;
	enum protocol protocols[PROTOCOL_COUNT]; /* each once, in the order of the paths */
	size_t protocol_count;
	struct path_list paths, other_side_paths; /* the latter: of the side of its import that no application is on */
	char array[64], array_id[NAME_SIZE];	  /* "": not known */
	char vendor[9], product[17];
	uint32_t logical_sector_size, physical_sector_size;
	struct {
		size_t registrations; /* 0: there are none, or the LUN does not answer */
		uint32_t generation;
		bool reserved;
		enum pr_type type;
		uint64_t holder_key; /* 0: none */
	} reservations;
	enum active_path active;
	bool online;
	bool imported; /* it is in an import, or was in one that is committed: in this state */
	enum import_state import_state;
	char import_id[IMPORT_ID_SIZE]; /* of an import in progress, else "" */
	bool importable;
	struct error reason; /* why not; of an import, its attention. ERR_NONE: none */
	struct user *users;
	size_t user_count;
};

struct volume_reports {
	struct volume_report *list;
	size_t count;
};

void volume_reports_free(struct volume_reports *reports);

/* --- imports ------------------------------------------------------------------------------------------------------ */

/* The held switch that is going on, or the last one. */
struct hold_note {
	enum hold_outcome outcome;
	enum side to;
	unsigned lease_ms;
	uint64_t since_ms; /* CLOCK_REALTIME */
	uint64_t held_ms;  /* 0: not known */
};

/* One LUN of a member, as of the last look at its reservations. */
struct reservation_report {
	bool known; /* it answered */
	uint32_t generation;
	uint64_t keys[PR_KEYS_MAX];
	size_t key_count;
	enum pr_type type;
	uint64_t holder_key;
	bool holder;		 /* this host is, or one of the holders */
	size_t own_paths, paths; /* of this host: registered, and all that run */
};

struct disk_names {
	char (*list)[DISK_NAME_SIZE];
	size_t count;
};

struct member_report {
	char source_wwid[WWID_SIZE], destination_wwid[WWID_SIZE];
	char name[NAME_SIZE];
	bool mapped; /* the live map is there, with this minor */
	unsigned dm_minor;
	uint64_t size_bytes;
	enum active_path active;
	uint64_t pause_us;			   /* of the last switch, 0: none yet */
	bool has_reservations;			   /* or had: what follows says something */
	bool registered, fenced, lifted;	   /* as in struct member_pr */
	struct reservation_report reservations[2]; /* by enum side */
	struct disk_names paths[2];		   /* by enum side */
};

struct import_report {
	char id[IMPORT_ID_SIZE];
	enum import_state state;
	enum side side;
	uint64_t created_ms, updated_ms; /* CLOCK_REALTIME */
	unsigned min_paths;
	char session_state[32]; /* "": the orchestrator said nothing */
	unsigned session_percent;
	struct member_report *members;
	size_t member_count;
	struct error attention; /* what it needs a person for, or a verb sent again; ERR_NONE: nothing */
	struct hold_note hold;	/* of a held import this hold, else the last one; HOLD_NONE: there was none */
};

struct import_reports {
	struct import_report *list;
	size_t count;
};

void import_reports_free(struct import_reports *reports);

/* --- findings: of the host, of a pre-check, of a recovery --------------------------------------------------------- */

enum severity { SEVERITY_INFO, SEVERITY_WARNING, SEVERITY_ERROR };

struct finding {
	enum error_code code;
	enum severity severity;					  /* pre-check */
	char source_wwid[WWID_SIZE], destination_wwid[WWID_SIZE]; /* pre-check: of the pair; "" of the host */
	char device[NAME_SIZE];					  /* pre-check, recovery */
	char detail[512];					  /* the particulars, "" when there are none */
	bool manual;						  /* recovery: only a person can repair it */
	const char *remedy;					  /* a constant; NULL: the code's own */
};

struct finding_list {
	struct finding *list;
	size_t count;
};

/* One more, zero but for its code; NULL without memory. */
struct finding *finding_list_add(struct finding_list *findings, enum error_code code);
size_t finding_list_errors(const struct finding_list *findings);
void finding_list_free(struct finding_list *findings);

/* --- the host ----------------------------------------------------------------------------------------------------- */

struct initiator {
	char name[256];
	enum protocol protocol;
};

enum cluster_type {
	CLUSTER_NONE,
	CLUSTER_COROSYNC,
	CLUSTER_VERITAS,
	CLUSTER_ORACLE,
	CLUSTER_SPECTRUM_SCALE,
	CLUSTER_OCFS2,
	CLUSTER_SERVICEGUARD,
	CLUSTER_LIFEKEEPER
};

struct host_report {
	char name[65], os[256], kernel[65];
	struct initiator *initiators;
	size_t initiator_count;
	enum cluster_type cluster;
	char *cluster_members; /* names, one a line, as far as files tell */
	bool multipathd_running;
	char multipathd_version[32]; /* "": not known */
	struct finding_list findings;
};

void host_report_free(struct host_report *report);

struct array_report {
	char name[64], vendor[9], product[64]; /* product: an extended regular expression, "" = any */
};

struct array_reports {
	struct array_report *list;
	size_t count;
};

void array_reports_free(struct array_reports *reports);

/* --- the journal -------------------------------------------------------------------------------------------------- */

struct record_report {
	uint64_t sequence, wall_ms;
	size_t line;
	char import_id[IMPORT_ID_SIZE];
	enum journal_event event;
	bool readable; /* it says what follows */
	enum doing doing;
	enum import_state state;
	bool mixed; /* between a torn switch and its recovery: members are on both sides */
	enum side side;
};

struct journal_report {
	struct record_report *records; /* all that are whole, those behind damage too */
	size_t count;
	size_t damaged_line; /* 0: none; damage says how */
	struct error damage;
	bool torn; /* the last line is not whole */
};

void journal_report_free(struct journal_report *report);

/* --- what came of a verb ------------------------------------------------------------------------------------------ */

/* Which of the result's fields count. */
enum result_kind {
	RESULT_NONE,
	RESULT_UNCHANGED,  /* the import was there already */
	RESULT_STATE,	   /* state */
	RESULT_SWITCHED,   /* to, pauses */
	RESULT_HELD,	   /* to, lease_ms, renewed */
	RESULT_TAKEN_BACK, /* to, held_ms */
	RESULT_PRECHECK,   /* findings */
	RESULT_RECOVERY,   /* findings, actions, state */
};

struct pause_report {
	char map[NAME_SIZE];
	uint64_t pause_us, held_at_ms; /* the latter: CLOCK_REALTIME */
};

struct action_report {
	const char *name, *does; /* constants: for the API, and a sentence */
	enum error_code code;	 /* of the finding that it repairs */
	bool done;
};

struct verb_result {
	enum result_kind kind;
	enum import_state state;
	enum side to;
	struct pause_report *pauses; /* of each member */
	size_t pause_count;
	unsigned lease_ms;
	bool renewed;
	uint64_t held_ms;
	struct finding_list findings;
	struct action_report *actions; /* those of a dry run are not done */
	size_t action_count;
};

void verb_result_free(struct verb_result *result);

#endif
