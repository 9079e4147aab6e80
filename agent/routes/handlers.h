/*
 * A route, and the functions that the routes (router.c) have. Each gets an authenticated request, unless its route is
 * PUBLIC, and fills the reply, or the error that becomes a problem document. They may block for Prefer: wait, never on
 * a device.
 */
#ifndef AGENT_HANDLERS_H
#define AGENT_HANDLERS_H

#include "agent/shared/service.h"

struct route {
	const char *method;
	const char *pattern; /* under API_BASE; "{}" is one segment */
	int (*handler)(struct request *request, struct reply *reply, struct error *err);
	/* PUBLIC: anybody who can connect. LOCAL: root on the Unix socket alone. */
	enum { TRUSTED, PUBLIC, LOCAL } access;
};

#define HANDLER(name) int name(struct request *request, struct reply *reply, struct error *err)

/* handlers_host.c */
HANDLER(get_root);
HANDLER(get_host);
HANDLER(get_volumes);
HANDLER(get_volume);

/* handlers_imports.c */
HANDLER(post_precheck);
HANDLER(get_imports);
HANDLER(post_imports);
HANDLER(get_import);
HANDLER(delete_import);
HANDLER(put_import_session);

/* handlers_jobs.c */
HANDLER(post_verb); /* the one that the route's last word names */
HANDLER(get_jobs);
HANDLER(get_job);

/* handlers_agent.c */
HANDLER(get_agent);
HANDLER(get_agent_arrays);
HANDLER(put_agent_log_level);
HANDLER(put_agent_server_port);
HANDLER(post_agent_restart_web_server);
HANDLER(post_agent_certificate_reload);

/* handlers_trust.c */
HANDLER(post_pair);
HANDLER(post_agent_pairing_code);
HANDLER(get_agent_trusted);
HANDLER(post_agent_trusted);
HANDLER(delete_agent_trusted);

/* handlers_metrics.c */
HANDLER(get_metrics);

#undef HANDLER

#endif
