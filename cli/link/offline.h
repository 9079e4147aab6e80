/*
 * Without the agent: the engine in this process, under the agent's lock, for what must be seen when the agent does
 * not run. All but the last two are called after a client_call failed. When that was for want of an agent they try, and
 * say so on standard error; any other problem stays what it is (-1).
 */
#ifndef CLI_OFFLINE_H
#define CLI_OFFLINE_H

#include "cli/run/run.h"

#include "dm-import/dm_import.h"

/* The same objects as GET /volumes and GET /agent/arrays, owned by the caller. */
int offline_volumes(struct cli *cli, bool importable_only, struct json_object **ret);
int offline_arrays(struct cli *cli, struct json_object **ret);

/* The result of POST /recover, owned by the caller; also on failure, when there is one (else NULL). */
int offline_recover(struct cli *cli, const char *wwid, bool dry_run, struct json_object **ret);

/* The journal's records, of one import or of all (NULL), whether or not an agent runs: it is only a file. */
int offline_journal(struct cli *cli, const char *import_id, struct journal_report *ret);

/* What engine_report_findings says of the host, by files. */
int offline_findings(struct cli *cli, struct finding_list *ret);

#endif
