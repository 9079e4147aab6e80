/*
 * GET /metrics: Prometheus' text format, version 0.0.4.
 */
#include "handlers.h"

#include "parts.h"
#include "reply.h"

#include "base/version.h"

static void head(struct buf *out, const char *name, const char *type, const char *help)
{
	buf_printf(out, "# HELP dm_import_%s %s\n# TYPE dm_import_%s %s\n", name, help, name, type);
}

static void jobs_part(struct buf *out, const struct job_totals *totals)
{
	head(out, "jobs_total", "counter", "Jobs that ended.");
	for (enum verb verb = 0; verb < VERB_COUNT; verb++) {
		buf_printf(out, "dm_import_jobs_total{kind=\"%s\",state=\"done\"} %llu\n", verb_name(verb),
			   (unsigned long long)totals->done[verb]);
		buf_printf(out, "dm_import_jobs_total{kind=\"%s\",state=\"failed\"} %llu\n", verb_name(verb),
			   (unsigned long long)totals->failed[verb]);
	}
	head(out, "job_seconds_total", "counter", "Time that jobs took.");
	for (enum verb verb = 0; verb < VERB_COUNT; verb++)
		buf_printf(out, "dm_import_job_seconds_total{kind=\"%s\"} %.6f\n", verb_name(verb),
			   (double)totals->duration_us[verb] / 1e6);
	head(out, "jobs_waiting", "gauge", "Jobs queued or running.");
	buf_printf(out, "dm_import_jobs_waiting %zu\n", totals->waiting);
}

static void imports_part(struct buf *out, struct snapshot *snapshot)
{
	size_t counts[IMPORT_STATE_COUNT];

	head(out, "imports", "gauge", "Imports by state.");
	if (snapshot_import_states(snapshot, counts, NULL) < 0)
		return;
	for (int state = 0; state < IMPORT_STATE_COUNT; state++)
		buf_printf(out, "dm_import_imports{state=\"%s\"} %zu\n", import_state_name(state), counts[state]);
}

int get_metrics(struct request *request, struct reply *reply, struct error *err)
{
	struct agent *agent = request->agent;
	CLEANUP_BUF struct buf out = { 0 };
	struct web_certificate certificate;
	struct job_totals totals;

	jobs_totals(agent->jobs, &totals);
	head(&out, "agent_info", "gauge", "Version of the agent.");
	buf_printf(&out, "dm_import_agent_info{version=\"%s\",build=\"%s\"} 1\n", version_product, version_build);
	head(&out, "agent_start_time_seconds", "gauge", "Start of the agent, since 1970.");
	buf_printf(&out, "dm_import_agent_start_time_seconds %llu.%03llu\n",
		   (unsigned long long)agent->started_ms / 1000, (unsigned long long)agent->started_ms % 1000);
	head(&out, "certificate_expiry_time_seconds", "gauge", "End of the agent's certificate, since 1970.");
	buf_printf(&out, "dm_import_certificate_expiry_time_seconds %lld\n",
		   web_certificate(agent->web, &certificate) ? (long long)certificate.not_after : 0);
	jobs_part(&out, &totals);
	imports_part(&out, agent->snapshot);
	reply->text = buf_take(&out);
	reply->status = 200;
	return reply->text ? 0 : error_no_memory(err);
}
