/*
 * Following a job; see job.h. A terminal gets its progress on one line that is rewritten, from short polls; anybody
 * else waits in the agent with `Prefer: wait`.
 */
#include "job.h"

#include "client.h"

#include "cli/screen/describe.h"
#include "cli/screen/field.h"
#include "cli/screen/print.h"
#include "cli/screen/state.h"
#include "cli/screen/terminal.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

enum { WAIT_S = 30, POLL_MS = 200 };

static int failed(struct cli *cli, struct json_object *job)
{
	struct json_object *error = field_get(job, "error");
	struct error err;

	error_set(&err, ERR_INTERNAL, "", "Job %" PRId64 " failed without saying why.", field_number(job, "id"));
	cli_fail(cli, &err);
	if (error) {
		json_object_object_foreach(error, name, value)
			json_object_object_add(cli->problem, name, json_object_get(value));
	}
	json_object_object_add(cli->problem, "job", json_object_get(job));
	return -1;
}

/* Poll until the job has ended; *job is replaced by its newest version. */
static int follow(struct cli *cli, struct json_object **job, bool on_terminal)
{
	CLEANUP_BUF struct buf path = { 0 };

	buf_printf(&path, "/jobs/%" PRId64, field_number(*job, "id"));
	while (!job_has_ended(*job)) {
		struct json_object *newer = NULL;

		if (on_terminal) {
			CLEANUP_BUF struct buf line = { 0 };

			describe_job(&line, *job);
			terminal_progress(buf_text(&line));
			if (terminal_key(POLL_MS) == KEY_QUIT) {
				fprintf(stderr,
					"\nimportcli: Job %" PRId64
					" goes on in the agent; only the waiting stopped.\n",
					field_number(*job, "id"));
				return -1;
			}
		}
		if (client_call(cli, "GET", buf_text(&path), NULL, on_terminal ? 0 : WAIT_S, &newer) < 0)
			return -1;
		json_object_put(*job);
		*job = newer;
	}
	return 0;
}

int job_follow(struct cli *cli, struct json_object **job)
{
	bool on_terminal = isatty(STDERR_FILENO);

	if (on_terminal)
		terminal_catch_signals();
	int result = follow(cli, job, on_terminal);

	if (on_terminal)
		terminal_progress("");
	if (result < 0)
		return -1;
	return strcmp(field_text(*job, "state"), "failed") == 0 ? failed(cli, *job) : 0;
}

int job_run(struct cli *cli, const char *path, struct json_object *body, struct json_object **ret_job)
{
	CLEANUP_JSON struct json_object *job = NULL;

	if (client_call(cli, "POST", path, body, 0, &job) < 0)
		return -1;
	if (args_option(&cli->args, "no-wait")) {
		if (cli->json)
			print_json(job);
		else
			printf("Job: %" PRId64 "\n", field_number(job, "id"));
		*ret_job = NULL;
		return 0;
	}
	if (job_follow(cli, &job) < 0)
		return -1;
	*ret_job = json_object_get(job);
	return 0;
}
