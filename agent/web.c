/*
 * Starting, stopping and moving the web servers; see web.h.
 */
#include "web.h"

#include "agent.h"
#include "listener.h"
#include "server.h"

#include "base/cleanup.h"
#include "base/clock.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>

#define RETRY_US 10000000

struct web {
	struct agent *agent;
	int event; /* eventfd */

	/* the control thread's own */
	struct server *local, *https;
	uint64_t retry_us;
	enum error_code last_failure; /* logged already */

	pthread_mutex_t mutex; /* for what follows */
	unsigned port;
	int new_listener; /* on the port to move to, -1: none */
	bool restart;
	unsigned char fingerprint[TLS_FINGERPRINT_BYTES]; /* of the certificate, once HTTPS has been up */
	bool has_fingerprint;

	atomic_bool up; /* HTTPS was started and not stopped */
	atomic_llong certificate_expiry;
};

static void notify(struct web *web)
{
	eventfd_write(web->event, 1);
}

static int start_local(struct web *web, struct error *err)
{
	int fd;

	if (listener_unix(web->agent->config.socket, &fd, err) < 0)
		return -1;
	return server_start(&web->local, web->agent, fd, NULL, err);
}

/* Start HTTPS on `listener`, or on the configured port when it is -1. *ret is untouched on failure. */
static int start_https(struct web *web, int listener, struct server **ret, struct error *err)
{
	const struct config *config = &web->agent->config;
	CLEANUP(tls_identity_free) struct tls_identity identity = { 0 };

	if (tls_identity_load(&identity, config->certificate, config->key, err) < 0) {
		if (listener >= 0)
			close(listener);
		return -1;
	}
	if (listener < 0 && listener_tcp(config->address, web_port(web), &listener, err) < 0)
		return -1;
	if (server_start(ret, web->agent, listener, &identity, err) < 0)
		return -1;
	atomic_store(&web->certificate_expiry, (long long)identity.not_after);
	pthread_mutex_lock(&web->mutex);
	memcpy(web->fingerprint, identity.fingerprint, TLS_FINGERPRINT_BYTES);
	web->has_fingerprint = true;
	pthread_mutex_unlock(&web->mutex);
	return 0;
}

static void try_https(struct web *web, int listener)
{
	struct error err = { 0 };

	atomic_store(&web->up, false);
	if (start_https(web, listener, &web->https, &err) == 0) {
		atomic_store(&web->up, true);
		web->last_failure = ERR_NONE;
		log_info("HTTPS on port %u", web_port(web));
		return;
	}
	web->retry_us = clock_mono_us() + RETRY_US;
	if (err.code != web->last_failure)
		log_failure("HTTPS", &err);
	web->last_failure = err.code;
}

int web_open(struct web **ret, struct agent *agent, struct error *err)
{
	struct web *web = calloc(1, sizeof(*web));

	if (!web)
		return error_no_memory(err);
	web->agent = agent;
	web->port = agent->config.port;
	web->new_listener = -1;
	web->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	pthread_mutex_init(&web->mutex, NULL);
	*ret = web;
	return 0;
}

int web_start(struct web *web, struct error *err)
{
	if (start_local(web, err) < 0)
		return -1;
	try_https(web, -1);
	return 0;
}

void web_close(struct web *web)
{
	if (!web)
		return;
	server_stop(web->https);
	server_stop(web->local);
	if (web->new_listener >= 0)
		close(web->new_listener);
	if (web->local)
		unlink(web->agent->config.socket);
	close(web->event);
	pthread_mutex_destroy(&web->mutex);
	free(web);
}

void web_restart(struct web *web)
{
	pthread_mutex_lock(&web->mutex);
	web->restart = true;
	pthread_mutex_unlock(&web->mutex);
	notify(web);
}

/* Under the mutex. */
static int change_port(struct web *web, unsigned port, struct error *err)
{
	const struct config *config = &web->agent->config;
	CLEANUP_FD int fd = -1;

	if (port == web->port)
		return 0;
	if (listener_tcp(config->address, port, &fd, err) < 0 ||
	    config_store_port(web->agent->config_path, port, err) < 0)
		return -1;
	log_info("server port changes from %u to %u", web->port, port);
	if (web->new_listener >= 0)
		close(web->new_listener);
	web->new_listener = fd;
	fd = -1;
	web->port = port;
	return 0;
}

int web_change_port(struct web *web, unsigned port, struct error *err)
{
	int result;

	pthread_mutex_lock(&web->mutex);
	result = change_port(web, port, err);
	pthread_mutex_unlock(&web->mutex);
	notify(web);
	return result;
}

unsigned web_port(struct web *web)
{
	unsigned port;

	pthread_mutex_lock(&web->mutex);
	port = web->port;
	pthread_mutex_unlock(&web->mutex);
	return port;
}

bool web_answers(struct web *web)
{
	return atomic_load(&web->up) && listener_answers(web->agent->config.address, web_port(web));
}

time_t web_certificate_expiry(struct web *web)
{
	return (time_t)atomic_load(&web->certificate_expiry);
}

bool web_fingerprint(struct web *web, unsigned char ret[static TLS_FINGERPRINT_BYTES])
{
	bool known;

	pthread_mutex_lock(&web->mutex);
	known = web->has_fingerprint;
	memcpy(ret, web->fingerprint, TLS_FINGERPRINT_BYTES);
	pthread_mutex_unlock(&web->mutex);
	return known;
}

int web_event_fd(struct web *web)
{
	return web->event;
}

void web_tick(struct web *web)
{
	struct server *old = web->https;
	bool restart;
	int listener;

	eventfd_read(web->event, &(eventfd_t){ 0 });
	pthread_mutex_lock(&web->mutex);
	restart = web->restart;
	listener = web->new_listener;
	web->restart = false;
	web->new_listener = -1;
	pthread_mutex_unlock(&web->mutex);

	if (listener >= 0 || restart) { /* the new one first: there is always one that answers */
		if (listener < 0)
			listener = server_release_listener(old);
		log_info("HTTPS is restarted");
		web->https = NULL;
		try_https(web, listener);
		server_stop(old);
	} else if (!old && clock_mono_us() >= web->retry_us) {
		try_https(web, -1);
	}
	server_expire(web->https);
	server_expire(web->local);
}
