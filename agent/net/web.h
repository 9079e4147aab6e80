/*
 * The two web servers' lives. The one on the Unix socket stays up as long as the agent; the HTTPS one may fail, be
 * restarted or change its port, and the device worker does not notice. Starting and stopping is done by the control
 * thread (agent.c), never by a request's own thread, which would wait for itself.
 */
#ifndef AGENT_WEB_H
#define AGENT_WEB_H

#include "tls.h"

#include "agent/shared/config.h"
#include "agent/shared/service.h"

#include "base/error.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>

enum { CERTIFICATE_WARN_DAYS = 30 }; /* import-cert's, too (certs/check.h) */

/* What HTTPS serves. */
struct web_certificate {
	char fingerprint[FINGERPRINT_TEXT];
	time_t not_after;
};

struct web;

/*
 * Nothing is served before web_start, so that the service finds its web. `config`, and the file that it is from, must
 * live as long. Free with web_close (NULL is allowed).
 */
int web_open(struct web **ret, const struct service *service, const struct config *config, const char *config_path,
	     struct error *err);
void web_close(struct web *web);

/* The Unix socket must work; HTTPS is tried, and tried again every ten seconds. */
int web_start(struct web *web, struct error *err);

/*
 * From any thread. Restart HTTPS soon, and read certificate and key anew: new connections get the new server at once,
 * the old one ends after the requests that it has. When the new one does not start the old one goes on.
 */
void web_restart(struct web *web);

/*
 * From a handler. The same, but ERR_CERTIFICATE_INVALID and ERR_IO say that the files are bad, and nothing happened; on
 * success new connections see the new certificate already. Waits for the control thread, 20 s at most, or until `stop`:
 * ERR_BUSY.
 */
int web_reload_certificate(struct web *web, const atomic_bool *stop, struct error *err);

/*
 * From any thread. Take the new port, write it to the configuration, then move HTTPS to it. When the port is taken
 * (ERR_PORT_IN_USE) or the file cannot be written, everything stays as it was.
 */
int web_change_port(struct web *web, unsigned port, struct error *err);

unsigned web_port(struct web *web); /* the configured one, whether it works or not */
bool web_answers(struct web *web);  /* HTTPS is alive: asks it, two seconds at most */

/* False: HTTPS never came up. */
bool web_certificate(struct web *web, struct web_certificate *ret);

/* For the control thread: call web_tick when this is readable, and once a second. */
int web_event_fd(struct web *web);
void web_tick(struct web *web);

#endif
