/*
 * The parts of the agent, as handlers see them: configuration, trust, jobs, snapshot, worker and web servers. One per
 * process; agent.c puts it together.
 */
#ifndef AGENT_PARTS_H
#define AGENT_PARTS_H

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

#endif
