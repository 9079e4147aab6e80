/*
 * What the engine reports, as plain structs: volumes, imports, the host, arrays, the journal, a verb's result; api/
 * turns them into JSON. A report owns its lists (the function declared after it frees them; a zeroed report is empty)
 * and does not point into the engine: it may be kept, and read by other threads, while the engine goes on.
 *
 * Also the words for an import's state and history that reports, journal and API share.
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
	IMPORT_RECOVERING,	/* a verb is unfinished or stuck */
	IMPORT_NEEDS_ATTENTION, /* cannot be repaired automatically; the import says what to do */
	IMPORT_HELD,		/* all its maps are held, between the two sides; a lease ends it */
	IMPORT_STATE_COUNT
};

enum side { SIDE_SOURCE, SIDE_DESTINATION };

/* The verb that an import is in the middle of; recorded before the first step and cleared after the last. */
enum doing { DOING_NOTHING, DOING_PREPARE, DOING_TO_DESTINATION, DOING_TO_SOURCE, DOING_COMMIT, DOING_CANCEL };

/* How a held switch ended. The record says INTERRUPTED from before the hold until the outcome is known. */
enum hold_outcome { HOLD_NONE, HOLD_INTERRUPTED, HOLD_RELEASED, HOLD_TAKEN_BACK, HOLD_LEASE_EXPIRED };

enum journal_event {
	JOURNAL_CREATED,
	JOURNAL_INTENT,	     /* a verb is about to change the host */
	JOURNAL_DONE,	     /* it has */
	JOURNAL_VOID,	     /* the verb was undone */
	JOURNAL_STUCK,	     /* the verb could be neither finished nor undone */
	JOURNAL_SESSION,     /* what the orchestrator reported of its session */
	JOURNAL_RESERVATION, /* this host's registrations and reservations */
	JOURNAL_FORCED,	     /* cancelled without going back */
	JOURNAL_FORGOTTEN,   /* the import was deleted */
};

/* The names that API and journal have for these, and back: -1 when there is none. */
const char *import_state_name(enum import_state state);
int import_state_from_name(const char *name);
const char *side_name(enum side side);
const char *doing_name(enum doing doing);
const char *hold_outcome_name(enum hold_outcome outcome);
const char *journal_event_name(enum journal_event event);

/* In these states, port changes, upgrade and removal are unsafe. */
static inline bool import_state_in_progress(enum import_state state)
{
	return state != IMPORT_COMMITTED && state != IMPORT_CANCELLED;
}

/* --- volumes ------------------------------------------------------------------------------------------------------ */

/* Which LUN of a pair is in the kernel's table; both, others or none: ACTIVE_NONE. */
enum active_path { ACTIVE_NONE, ACTIVE_SOURCE, ACTIVE_DESTINATION };

struct path_report {
	char device[DISK_NAME_SIZE], hctl[32];
	char initiator_port[PORT_NAME_SIZE], target_port[PORT_NAME_SIZE];
	enum alua_state alua;
	char checker_state[16]; /* in multipathd's words; "" if it does not answer */
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
	enum protocol protocols[PROTOCOL_COUNT]; /* without repetitions, in the order of the paths */
	size_t protocol_count;
	struct path_list paths, other_side_paths; /* the latter: of the side of its import that no application uses */
	char array[64], array_id[NAME_SIZE];	  /* "": not known */
	char vendor[9], product[17];
	uint32_t logical_sector_size, physical_sector_size;
	struct {
		size_t registrations; /* 0: none, or the LUN does not answer */
		uint32_t generation;
		bool reserved;
		enum pr_type type;
		uint64_t holder_key; /* 0: none */
	} reservations;
	enum active_path active;
	bool online;
	bool imported; /* it is in an import in this state, or in a committed one */
	enum import_state import_state;
	char import_id[IMPORT_ID_SIZE]; /* of the import in progress, else "" */
	bool importable;
	/* why it cannot be imported; if it is in an import, the import's attention. ERR_NONE: none */
	struct error reason;
	struct user *users;
	size_t user_count;
};

struct volume_reports {
	struct volume_report *list;
	size_t count;
};

void volume_reports_free(struct volume_reports *reports);

/* --- imports ------------------------------------------------------------------------------------------------------ */

/* The current held switch, or the last one. */
struct hold_note {
	enum hold_outcome outcome;
	enum side to;
	unsigned lease_ms;
	uint64_t since_ms; /* CLOCK_REALTIME */
	uint64_t held_ms;  /* 0: not known */
};

/* The reservations of one LUN of a member, as last read. */
struct reservation_report {
	bool known; /* it answered */
	uint32_t generation;
	uint64_t keys[PR_KEYS_MAX];
	size_t key_count;
	enum pr_type type;
	uint64_t holder_key;
	bool holder;		 /* this host holds the reservation, alone or with others */
	size_t own_paths, paths; /* this host's paths: registered, and all that run */
};

struct disk_names {
	char (*list)[DISK_NAME_SIZE];
	size_t count;
};

struct member_report {
	char source_wwid[WWID_SIZE], destination_wwid[WWID_SIZE];
	char name[NAME_SIZE];
	bool mapped; /* the live map exists, with this minor */
	unsigned dm_minor;
	uint64_t size_bytes;
	enum active_path active;
	uint64_t pause_us;			   /* of the last switch; 0: none yet */
	bool has_reservations;			   /* or had; the next fields have a meaning */
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
	char session_state[32]; /* "": the orchestrator has reported nothing */
	unsigned session_percent;
	struct member_report *members;
	size_t member_count;
	struct error attention; /* why it needs a person, or a verb sent again; ERR_NONE: it needs nothing */
	struct hold_note hold;	/* of a held import the current hold, else the last one; HOLD_NONE: there was none */
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
	char source_wwid[WWID_SIZE], destination_wwid[WWID_SIZE]; /* pre-check: the pair; "" for the host */
	char device[NAME_SIZE];					  /* pre-check, recovery */
	char detail[512];					  /* the details, "" if there are none */
	bool manual;						  /* recovery: only a person can repair it */
	const char *remedy;					  /* a constant; NULL: the remedy in the error table */
};

struct finding_list {
	struct finding *list;
	size_t count;
};

/* Add a finding that is zero except for its code; NULL without memory. */
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
	char *cluster_members; /* names, one per line, as far as files show them */
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
	bool readable; /* the next fields are valid */
	enum doing doing;
	enum import_state state;
	bool mixed; /* members are on both sides, between a torn switch and its recovery */
	enum side side;
};

struct journal_report {
	struct record_report *records; /* all intact ones, including those after damage */
	size_t count;
	size_t damaged_line; /* 0: none; `damage` says what is wrong */
	struct error damage;
	bool torn; /* the last line is incomplete */
};

void journal_report_free(struct journal_report *report);

/* --- the result of a verb ----------------------------------------------------------------------------------------- */

/* Which of the result's fields are valid. */
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
	const char *name, *does; /* constants: the name in the API, and a sentence about it */
	enum error_code code;	 /* the finding that it repairs */
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
	struct action_report *actions; /* in a dry run they are not done */
	size_t action_count;
};

void verb_result_free(struct verb_result *result);

#endif
