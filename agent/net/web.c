/*
 * Starting, stopping and moving the web servers; see web.h.
 */
#include "web.h"

#include "listener.h"
#include "server.h"

#include "agent/shared/log.h"

#include "base/cleanup.h"
#include "base/clock.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/eventfd.h>

#define RETRY_US 10000000
#define DAY_US UINT64_C(86400000000)
#define RELOAD_TIMEOUT_US 20000000

/* What the control thread is asked to do. */
struct wish {
	bool restart;
	int listener;		      /* on the port to move to, -1: none */
	struct tls_identity identity; /* to serve from now on; empty: read the files */
	unsigned reload;	      /* number of the newest reload in it */
};

struct web {
	struct service service;
	const struct config *config;
	const char *config_path;
	int event; /* eventfd */

	/* the control thread's own */
	struct server *local, *https;
	uint64_t retry_us, warn_us;
	enum error_code last_failure; /* logged already */

	pthread_mutex_t mutex; /* for what follows */
	unsigned port;
	struct wish wish;
	unsigned reloads_done;	   /* the number of the newest one */
	struct error reload_error; /* of that one */
	struct web_certificate certificate;

	atomic_bool up; /* HTTPS was started and not stopped */
};

static void notify(struct web *web)
{
	eventfd_write(web->event, 1);
}

static int start_local(struct web *web, struct error *err)
{
	int fd;

	if (listener_unix(web->config->socket, &fd, err) < 0)
		return -1;
	return server_start(&web->local, &web->service, web->config, fd, NULL, NULL, err);
}

static void set_certificate(struct web *web, const struct tls_identity *identity)
{
	pthread_mutex_lock(&web->mutex);
	fingerprint_text(identity->fingerprint, web->certificate.fingerprint);
	web->certificate.not_after = identity->not_after;
	pthread_mutex_unlock(&web->mutex);
	web->warn_us = 0;
}

/*
 * Start HTTPS on `listener`, or on the configured port when it is -1, with what is in `identity`, or else in the files.
 * *ret is untouched on failure.
 */
static int start_https(struct web *web, int listener, struct tls_identity *identity, struct server **ret,
		       struct error *err)
{
	const struct config *config = web->config;

	if (!identity->certificate && tls_identity_load(identity, config->certificate, config->key, err) < 0) {
		if (listener >= 0)
			close(listener);
		return -1;
	}
	if (listener < 0 && listener_tcp(config->address, web_port(web), &listener, err) < 0)
		return -1;
	if (server_start(ret, &web->service, config, listener, identity, web->https, err) < 0)
		return -1;
	set_certificate(web, identity);
	return 0;
}

/* The server that is there stays when this one does not start. */
static int try_https(struct web *web, int listener, struct tls_identity *identity, struct error *err)
{
	if (start_https(web, listener, identity, &web->https, err) == 0) {
		atomic_store(&web->up, true);
		web->last_failure = ERR_NONE;
		log_info("HTTPS on port %u, certificate %.16s", web_port(web), web->certificate.fingerprint);
		return 0;
	}
	web->retry_us = clock_mono_us() + RETRY_US;
	if (err->code != web->last_failure)
		log_failure("HTTPS", err);
	web->last_failure = err->code;
	return -1;
}

int web_open(struct web **ret, const struct service *service, const struct config *config, const char *config_path,
	     struct error *err)
{
	struct web *web = calloc(1, sizeof(*web));

	if (!web)
		return error_no_memory(err);
	web->service = *service;
	web->config = config;
	web->config_path = config_path;
	web->port = config->port;
	web->wish.listener = -1;
	web->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	pthread_mutex_init(&web->mutex, NULL);
	*ret = web;
	return 0;
}

int web_start(struct web *web, struct error *err)
{
	CLEANUP(tls_identity_free) struct tls_identity identity = { 0 };
	struct error https_err;

	if (start_local(web, err) < 0)
		return -1;
	try_https(web, -1, &identity, &https_err);
	return 0;
}

void web_close(struct web *web)
{
	if (!web)
		return;
	server_stop(web->https);
	server_stop(web->local);
	if (web->wish.listener >= 0)
		close(web->wish.listener);
	tls_identity_free(&web->wish.identity);
	if (web->local)
		unlink(web->config->socket);
	close(web->event);
	pthread_mutex_destroy(&web->mutex);
	free(web);
}

void web_restart(struct web *web)
{
	pthread_mutex_lock(&web->mutex);
	web->wish.restart = true;
	pthread_mutex_unlock(&web->mutex);
	notify(web);
}

/* Hand the identity to the control thread; returns the number of this reload. */
static unsigned ask_for_reload(struct web *web, struct tls_identity *identity)
{
	unsigned number;

	pthread_mutex_lock(&web->mutex);
	tls_identity_free(&web->wish.identity); /* of a reload that nobody got to */
	web->wish.identity = *identity;
	web->wish.restart = true;
	number = ++web->wish.reload;
	pthread_mutex_unlock(&web->mutex);
	*identity = (struct tls_identity){ 0 };
	notify(web);
	return number;
}

static bool reload_is_done(struct web *web, unsigned number, struct error *ret_err)
{
	bool done;

	pthread_mutex_lock(&web->mutex);
	done = (int)(web->reloads_done - number) >= 0;
	*ret_err = web->reload_error;
	pthread_mutex_unlock(&web->mutex);
	return done;
}

int web_reload_certificate(struct web *web, const atomic_bool *stop, struct error *err)
{
	const struct config *config = web->config;
	CLEANUP(tls_identity_free) struct tls_identity identity = { 0 };
	uint64_t deadline_us = clock_mono_us() + RELOAD_TIMEOUT_US;
	struct error reload_err;
	unsigned number;

	if (tls_identity_load(&identity, config->certificate, config->key, err) < 0)
		return -1;
	number = ask_for_reload(web, &identity);
	while (!reload_is_done(web, number, &reload_err)) {
		if (atomic_load(stop) || clock_mono_us() > deadline_us)
			return error_set(err, ERR_BUSY, NULL, "the web server is being restarted");
		usleep(5000);
	}
	if (!reload_err.code)
		return 0;
	*err = reload_err;
	return -1;
}

/* Under the mutex. */
static int change_port(struct web *web, unsigned port, struct error *err)
{
	const struct config *config = web->config;
	CLEANUP_FD int fd = -1;

	if (port == web->port)
		return 0;
	if (listener_tcp(config->address, port, &fd, err) < 0 || config_store_port(web->config_path, port, err) < 0)
		return -1;
	log_info("server port changes from %u to %u", web->port, port);
	if (web->wish.listener >= 0)
		close(web->wish.listener);
	web->wish.listener = fd;
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
	return atomic_load(&web->up) && listener_answers(web->config->address, web_port(web));
}

bool web_certificate(struct web *web, struct web_certificate *ret)
{
	pthread_mutex_lock(&web->mutex);
	*ret = web->certificate;
	pthread_mutex_unlock(&web->mutex);
	return ret->fingerprint[0];
}

int web_event_fd(struct web *web)
{
	return web->event;
}

/* Take the wish over; false: there is none. */
static bool take_wish(struct web *web, struct wish *ret)
{
	pthread_mutex_lock(&web->mutex);
	*ret = web->wish;
	web->wish.restart = false;
	web->wish.listener = -1;
	web->wish.identity = (struct tls_identity){ 0 };
	pthread_mutex_unlock(&web->mutex);
	return ret->restart || ret->listener >= 0;
}

/* The new server first, on the same listening socket or the new port's: there is always one that answers. */
static void replace_https(struct web *web, struct wish *wish)
{
	struct server *old = web->https;
	struct error err = { 0 };
	bool moves = wish->listener >= 0;
	int result;

	log_info("HTTPS is restarted");
	web->last_failure = ERR_NONE; /* somebody asked: tell it again */
	result = try_https(web, moves ? wish->listener : server_listener(old), &wish->identity, &err);
	if (result < 0 && moves) { /* the old port is no longer ours to serve */
		atomic_store(&web->up, false);
		web->https = NULL;
	}
	CLEANUP_FD int listener = web->https != old ? server_release_listener(old) : -1;

	(void)listener; /* closed at the end */
	pthread_mutex_lock(&web->mutex);
	web->reloads_done = wish->reload;
	web->reload_error = err;
	pthread_mutex_unlock(&web->mutex);
	if (web->https != old)
		server_stop(old);
}

/* Once a day, and at each start: nobody may be looking at the certificate but for its clients. */
static void watch_certificate(struct web *web)
{
	struct web_certificate certificate;
	char until[CLOCK_ISO_SIZE];
	struct error warning;
	int64_t days;

	if (clock_mono_us() < web->warn_us || !web_certificate(web, &certificate))
		return;
	web->warn_us = clock_mono_us() + DAY_US;
	days = clock_days(time(NULL), certificate.not_after);
	if (days >= CERTIFICATE_WARN_DAYS)
		return;
	clock_iso((uint64_t)certificate.not_after * 1000, until);
	error_set(&warning, days < 0 ? ERR_CERTIFICATE_EXPIRED : ERR_CERTIFICATE_EXPIRES_SOON, NULL,
		  "The agent's own is valid until %.10s.", until);
	log_failure("certificate", &warning);
}

void web_tick(struct web *web)
{
	struct wish wish;

	eventfd_read(web->event, &(eventfd_t){ 0 });
	if (take_wish(web, &wish)) {
		replace_https(web, &wish);
	} else if (!web->https && clock_mono_us() >= web->retry_us) {
		struct error err;

		try_https(web, -1, &wish.identity, &err);
	}
	tls_identity_free(&wish.identity);
	watch_certificate(web);
	server_expire(web->https);
	server_expire(web->local);
}
