/*
 * The two web servers' lives. The one on the Unix socket stays up as long as the agent; the HTTPS one may fail, be
 * restarted or change its port, and the device worker does not notice. Starting and stopping is done by the control
 * thread (agent.c), never by a request's own thread, which would wait for itself.
 */
#ifndef AGENT_WEB_H
#define AGENT_WEB_H

#include "tls.h"

struct agent;
struct web;

/* Nothing is served before web_start, so that handlers find agent->web. Free with web_close (NULL is allowed). */
int web_open(struct web **ret, struct agent *agent, struct error *err);
void web_close(struct web *web);

/* The Unix socket must work; HTTPS is tried, and tried again every ten seconds. */
int web_start(struct web *web, struct error *err);

/* From any thread. Restart HTTPS soon, after the requests that it has. */
void web_restart(struct web *web);

/*
 * From any thread. Take the new port, write it to the configuration, then move HTTPS to it. When the port is taken
 * (ERR_PORT_IN_USE) or the file cannot be written, everything stays as it was.
 */
int web_change_port(struct web *web, unsigned port, struct error *err);

unsigned web_port(struct web *web);		/* the configured one, whether it works or not */
bool web_answers(struct web *web);		/* HTTPS is alive: asks it, two seconds at most */
time_t web_certificate_expiry(struct web *web); /* 0: HTTPS never came up */

/* SHA-256 of the certificate that new connections get; false when HTTPS never came up. */
bool web_fingerprint(struct web *web, unsigned char ret[static TLS_FINGERPRINT_BYTES]);

/* For the control thread: call web_tick when this is readable, and once a second. */
int web_event_fd(struct web *web);
void web_tick(struct web *web);

#endif
