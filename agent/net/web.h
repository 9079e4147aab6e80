/*
 * Starts and stops the two web servers. The one on the Unix socket stays up as long as the agent; the HTTPS one may
 * fail, be restarted or change its port, and the device worker does not notice. The control thread (agent.c) starts and
 * stops them, never a request's own thread, which would wait for itself.
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

enum { CERTIFICATE_WARN_DAYS = 30 }; /* the same as import-cert's (certs/check.h) */

/* The certificate that HTTPS serves. */
struct web_certificate {
	char fingerprint[FINGERPRINT_TEXT];
	time_t not_after;
};

struct web;

/*
 * Does not serve before web_start, so that the service can get its web first. `config`, and the file that it was read
 * from, must live as long. Free with web_close (NULL is allowed).
 */
int web_open(struct web **ret, const struct service *service, const struct config *config, const char *config_path,
	     struct error *err);
void web_close(struct web *web);

/* The Unix socket must work; HTTPS is tried, and retried every ten seconds. */
int web_start(struct web *web, struct error *err);

/*
 * From any thread. Restart HTTPS soon, and read certificate and key again. New connections go to the new server at
 * once; the old one ends after its current requests. If the new one does not start, the old one goes on.
 */
void web_restart(struct web *web);

/*
 * From a handler. The same, but waits until it is done. ERR_CERTIFICATE_INVALID, ERR_IO: the files are bad, and nothing
 * was changed. On success, new connections get the new certificate. Waits for the control thread for at most 20 s, or
 * until `stop`: ERR_BUSY.
 */
int web_reload_certificate(struct web *web, const atomic_bool *stop, struct error *err);

/*
 * From any thread. Listen on the new port, write it to the configuration, then move HTTPS to it. If the port is in use
 * (ERR_PORT_IN_USE) or the file cannot be written, nothing changes.
 */
int web_change_port(struct web *web, unsigned port, struct error *err);

unsigned web_port(struct web *web); /* the configured one, whether it works or not */
bool web_answers(struct web *web);  /* whether HTTPS answers; waits two seconds at most */

/* False: HTTPS never came up. */
bool web_certificate(struct web *web, struct web_certificate *ret);

/* For the control thread: call web_tick when the descriptor is readable, and once a second. */
int web_event_fd(struct web *web);
void web_tick(struct web *web);

#endif
