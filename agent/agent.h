/*
 * The agent's parts, put together: configuration, trust, jobs, snapshot, worker and web servers. One per process.
 */
#ifndef AGENT_AGENT_H
#define AGENT_AGENT_H

#include "agent/net/rate.h"
#include "agent/net/web.h"
#include "agent/shared/config.h"
#include "agent/trust/pairing.h"
#include "agent/trust/trust.h"
#include "agent/work/jobs.h"
#include "agent/work/snapshot.h"
#include "agent/work/worker.h"

struct agent {
	const char *config_path;
	struct config config; /* as read at start; the port that is in use is web_port() */
	struct trust *trust;
	struct pairing *pairing;
	struct rate pairing_attempts; /* by address */
	struct jobs *jobs;
	struct snapshot *snapshot;
	struct worker *worker;
	struct web *web;
	uint64_t started_ms;
};

/* Run until SIGTERM or SIGINT. On failure err says what kept it from starting; it is logged too. */
int agent_run(const char *config_path, struct error *err);

#endif
