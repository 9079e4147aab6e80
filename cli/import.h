/*
 * What the commands of `importcli import` share.
 */
#ifndef CLI_IMPORT_H
#define CLI_IMPORT_H

#include "cli.h"

/* The first operand can name an import; else it is wrong usage. */
int import_check_id(struct cli *cli);

/* What somebody typed for a LUN, in multipath's form; else it is wrong usage. */
int import_wwid(struct cli *cli, const char *text, char *ret, size_t size);

/* "/imports/<id><verb>" of the import that the first operand names; checks it first. */
int import_path(struct cli *cli, const char *verb, struct buf *ret);

/*
 * The body that describes an import: {"members":[…]} from operands in pairs, "min_paths" and "id" from the options.
 * Owned by the caller.
 */
int import_body(struct cli *cli, struct json_object **ret);

/* POST /imports with that body; *ret is the import, owned by the caller. */
int import_create(struct cli *cli, struct json_object **ret);

/* The findings of a pre-check's result, for people. Returns how many of them are errors. */
size_t import_add_findings(struct buf *buf, struct json_object *result);

/* What a recovery found and did, for people. */
void recover_add_result(struct buf *buf, struct json_object *result);

/*
 * The import's running or last job, owned by the caller; NULL when it has none or the agent has forgotten it (it keeps
 * jobs in memory).
 */
int import_job(struct cli *cli, struct json_object *import, struct json_object **ret);

/* Of something with a "state": an import, a record of the journal. A state that this importcli does not know counts. */
bool import_in_progress(struct json_object *import);

/* What the records of a journal (journal show) leave in progress: {"<import>":"<state>"}, owned by the caller. */
struct json_object *import_recorded(struct json_object *journal);

#define IMPORT_ID_OPTION \
	{ \
		"id", 0, "name", "the new import's name (default: chosen by the agent)" \
	}
#define IMPORT_MIN_PATHS_OPTION \
	{ \
		"min-paths", 0, "n", "how many paths the destination needs at least" \
	}

#endif
