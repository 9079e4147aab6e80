/*
 * What the commands of `importcli import` ask the agent for, out of their operands and options.
 */
#ifndef CLI_REQUEST_H
#define CLI_REQUEST_H

#include "cli/run/run.h"

/* The first operand can name an import; else it is wrong usage. */
int import_check_id(struct cli *cli);

/* "/imports/<id><verb>" of the import that the first operand names; checks it first. */
int import_path(struct cli *cli, const char *verb, struct buf *ret);

/*
 * The body that describes an import: {"members":[…]} from operands in pairs, "min_paths" and "id" from the options.
 * Owned by the caller.
 */
int import_body(struct cli *cli, struct json_object **ret);

/* POST /imports with that body; *ret is the import, owned by the caller. */
int import_create(struct cli *cli, struct json_object **ret);

/*
 * The import's running or last job, owned by the caller; NULL when it has none or the agent has forgotten it (it keeps
 * jobs in memory).
 */
int import_job(struct cli *cli, struct json_object *import, struct json_object **ret);

#define IMPORT_ID_OPTION \
	{ \
		"id", 0, "name", "the new import's name (default: chosen by the agent)" \
	}
#define IMPORT_MIN_PATHS_OPTION \
	{ \
		"min-paths", 0, "n", "how many paths the destination needs at least" \
	}

#endif
