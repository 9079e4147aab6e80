/*
 * Long verbs: send one, follow its job to the end, say what came of it.
 */
#ifndef CLI_JOB_H
#define CLI_JOB_H

#include "cli/run/run.h"

/*
 * POST `body` (may be NULL) to `path` and follow the job; progress goes to standard error when that is a terminal.
 * With the option --no-wait only the job's number is printed. *ret_job is the finished job, owned by the caller, NULL
 * with --no-wait. A failed job is a failure: its error is the run's problem, with the job itself as member "job".
 */
int job_run(struct cli *cli, const char *path, struct json_object *body, struct json_object **ret_job);

/*
 * Wait for the end of a job that was sent before; *job is replaced by its newest version. -1 also when it failed: its
 * error is the run's problem, as for job_run.
 */
int job_follow(struct cli *cli, struct json_object **job);

#define JOB_NO_WAIT \
	{ \
		"no-wait", 0, NULL, "do not wait for the end; print the job's number" \
	}

#endif
