/*
 * libmicrohttpd with a thread per connection, so that a handler may wait; the limit on connections limits the threads.
 * Its idle timeout does not catch a client that sends a byte now and then, so each connection has a deadline, too.
 */
#include "server.h"

#include "gate.h"
#include "peer.h"
#include "rate.h"

#include "agent/shared/log.h"
#include "agent/shared/problem.h"
#include "agent/shared/utf8.h"

#include "api/problem.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/num.h"

#include <microhttpd.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum {
	IDLE_TIMEOUT_S = 15,
	REPLY_TIMEOUT_S = 60, /* to read the answer and send the next request */
	STOP_GRACE_MS = 5000,
	NEW_GRACE_MS = 1000,	 /* for clients that have connected but sent no request yet */
	STACK_BYTES = 256 << 10, /* of a connection's thread; agent.c says why it is small */
	BODY_MAX = 64 * 1024,
	BODY_READ_MAX = 16 * 1024 * 1024, /* read and discarded, so that the client sees the answer */
	WAIT_MAX_S = 60,
};

/* Per trusted certificate, however many connections it has. */
#define REQUESTS_PER_S 200
#define REQUESTS_BURST 400

#define RETRY_AFTER_S "5"
#define RETRY_AFTER_RATE_S "1"

struct server {
	const struct service *service;
	const struct config *config;
	struct MHD_Daemon *daemon;
	bool tls;
	unsigned char fingerprint[FINGERPRINT_BYTES]; /* of the certificate that we serve */
	atomic_bool stop;
	atomic_uint in_flight; /* requests that are not answered yet */
	atomic_ullong last_stranger_us;
	struct gate *gate;
	struct rate requests; /* by certificate */
};

/* One request and its answer. */
struct exchange {
	struct server *server;
	struct request request;
	char path[256]; /* for the log */
	struct client client;
	char from[PEER_TEXT];
	struct error err;
	bool refused; /* err is set */
	size_t received;
};

static struct gate_connection *connection_of(struct MHD_Connection *mhd)
{
	return MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

static int socket_of(struct MHD_Connection *mhd)
{
	return MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
}

static void *tls_session_of(struct server *server, struct MHD_Connection *mhd)
{
	const union MHD_ConnectionInfo *info;

	if (!server->tls)
		return NULL;
	info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	return info ? info->tls_session : NULL;
}

static void on_connection(void *ctx, struct MHD_Connection *mhd, void **context,
			  enum MHD_ConnectionNotificationCode what)
{
	struct server *server = ctx;

	if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
		gate_end(server->gate, *context);
		return;
	}
	if (server->tls && tls_session_of(server, mhd))
		tls_ask_client(tls_session_of(server, mhd));
	*context = gate_begin(server->gate, socket_of(mhd));
	gate_set_deadline(server->gate, *context, server->config->request_timeout_s);
}

void server_expire(struct server *server)
{
	if (server)
		gate_expire(server->gate);
}

static const char *query(void *connection, const char *name)
{
	return MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, name);
}

/* RFC 7240, 4.3: "wait=<seconds>", possibly among other preferences. A malformed preference is ignored. */
static unsigned wait_preference(struct MHD_Connection *mhd)
{
	const char *prefer = MHD_lookup_connection_value(mhd, MHD_HEADER_KIND, "Prefer");
	char copy[256], *state = NULL;
	uint64_t seconds;

	if (!prefer || strlen(prefer) >= sizeof(copy))
		return 0;
	memcpy(copy, prefer, strlen(prefer) + 1);
	for (char *token = strtok_r(copy, ",; ", &state); token; token = strtok_r(NULL, ",; ", &state))
		if (strncasecmp(token, "wait=", 5) == 0 && num_parse(token + 5, INT32_MAX, &seconds))
			return seconds > WAIT_MAX_S ? WAIT_MAX_S : (unsigned)seconds;
	return 0;
}

static void refuse(struct exchange *exchange, const struct error *err)
{
	if (exchange->refused)
		return;
	exchange->refused = true;
	exchange->err = *err;
}

static void identify(struct exchange *exchange, struct MHD_Connection *mhd)
{
	struct client *client = &exchange->client;

	client->tls_session = tls_session_of(exchange->server, mhd);
	client->socket = socket_of(mhd);
	client->has_certificate =
		client->tls_session && tls_client_fingerprint(client->tls_session, client->fingerprint);
}

static void admit(struct exchange *exchange, struct MHD_Connection *mhd, const char *path)
{
	struct server *server = exchange->server;
	struct request *request = &exchange->request;
	const struct client *client = &exchange->client;
	struct error err;
	int result = server->service->admit(server->service->ctx, request, path, &err);

	gate_set_trusted(server->gate, connection_of(mhd), request->trusted);
	if (result == 0 && client->tls_session && !request->is_public &&
	    !rate_take(&server->requests, client->fingerprint, FINGERPRINT_BYTES, clock_mono_us()))
		result = error_set(&err, ERR_TOO_MANY_REQUESTS, NULL, "more than %d a second", REQUESTS_PER_S);
	if (result < 0)
		refuse(exchange, &err);
}

static struct exchange *begin(struct server *server, struct MHD_Connection *mhd, const char *path, const char *method)
{
	struct exchange *exchange = calloc(1, sizeof(*exchange));
	struct error err;
	const char *length;
	uint64_t bytes;

	if (!exchange)
		return NULL;
	gate_set_deadline(server->gate, connection_of(mhd), server->config->request_timeout_s);
	exchange->server = server;
	exchange->request.client = &exchange->client;
	exchange->request.served_fingerprint = server->tls ? server->fingerprint : NULL;
	peer_text(MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr, exchange->from);
	exchange->request.stop = &server->stop;
	exchange->request.query = query;
	exchange->request.connection = mhd;
	exchange->request.wait_s = wait_preference(mhd);
	snprintf(exchange->request.method, METHOD_SIZE, "%s", method);
	snprintf(exchange->path, sizeof(exchange->path), "%s", path);
	atomic_fetch_add(&server->in_flight, 1);

	identify(exchange, mhd);
	admit(exchange, mhd, path);
	length = MHD_lookup_connection_value(mhd, MHD_HEADER_KIND, "Content-Length");
	if (length && (!num_parse(length, UINT64_MAX, &bytes) || bytes > BODY_MAX)) {
		error_set(&err, ERR_BODY_TOO_LARGE, NULL, "%.20s bytes", length);
		refuse(exchange, &err);
	}
	return exchange;
}

static bool body_is_hopeless(struct MHD_Connection *mhd)
{
	const char *length = MHD_lookup_connection_value(mhd, MHD_HEADER_KIND, "Content-Length");
	uint64_t bytes;

	return length && (!num_parse(length, UINT64_MAX, &bytes) || bytes > BODY_READ_MAX);
}

/*
 * Changes and refused clients are logged at a visible level; the latter at most once a second, since anybody can cause
 * them.
 */
static enum log_level level_of(const struct exchange *exchange)
{
	enum error_code code = exchange->refused ? exchange->err.code : ERR_NONE;
	uint64_t now_us = clock_mono_us(), last_us = atomic_load(&exchange->server->last_stranger_us);

	if (code == ERR_CLIENT_CERTIFICATE_MISSING || code == ERR_CLIENT_NOT_TRUSTED || code == ERR_NOT_ROOT ||
	    code == ERR_TOO_MANY_REQUESTS || code == ERR_PAIRING_REFUSED) {
		if (now_us - last_us < 1000000)
			return LOG_LEVEL_VERBOSE;
		atomic_store(&exchange->server->last_stranger_us, now_us);
		return LOG_LEVEL_INFO;
	}
	return strcmp(exchange->request.method, "GET") == 0 ? LOG_LEVEL_VERBOSE : LOG_LEVEL_INFO;
}

static void log_exchange(const struct exchange *exchange, unsigned status)
{
	enum log_level level = level_of(exchange);
	char line[512];

	if (level > log_get_level())
		return;
	snprintf(line, sizeof(line), "%s %s by %s from %s: %u %s", exchange->request.method, exchange->path,
		 exchange->request.who, exchange->from, status,
		 exchange->refused ? error_name(exchange->err.code) : "ok");
	log_line(level, line);
}

/* The reply's text, owned by the caller; NULL if memory is short. */
static char *text_of(struct reply *reply)
{
	char *text = NULL;

	if (reply->text)
		return TAKE(reply->text);
	if (reply->json) {
		text = strdup(json_object_to_json_string_ext(reply->json,
							     JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
		if (text)
			utf8_clean(text);
		return text;
	}
	return strdup("");
}

static struct MHD_Response *response_of(struct reply *reply)
{
	const char *type = reply->text	    ? "text/plain; version=0.0.4; charset=utf-8"
			   : reply->problem ? "application/problem+json"
					    : "application/json";
	struct MHD_Response *response;
	char *text = text_of(reply);

	if (!text)
		return NULL;
	response = MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE);
	if (!response)
		free(text);
	else if (*text)
		MHD_add_response_header(response, "Content-Type", type);
	return response;
}

static enum MHD_Result send_reply(struct exchange *exchange, struct MHD_Connection *mhd, struct reply *reply)
{
	struct MHD_Response *response;
	enum MHD_Result result;
	char applied[32];

	if (exchange->refused) {
		reply->status = problem_http_status(exchange->err.code);
		reply->problem = true;
		json_object_put(reply->json);
		free(TAKE(reply->text));
		reply->json = problem_json(&exchange->err);
	}
	response = response_of(reply);
	if (!response)
		return MHD_NO;
	MHD_add_response_header(response, "Cache-Control", "no-store");
	if (reply->location[0] && !exchange->refused)
		MHD_add_response_header(response, "Location", reply->location);
	if (exchange->refused && exchange->err.code == ERR_METHOD_NOT_ALLOWED)
		MHD_add_response_header(response, "Allow", exchange->request.allow);
	if (exchange->refused && exchange->err.code == ERR_BUSY)
		MHD_add_response_header(response, "Retry-After", RETRY_AFTER_S);
	if (exchange->refused && exchange->err.code == ERR_TOO_MANY_REQUESTS)
		MHD_add_response_header(response, "Retry-After", RETRY_AFTER_RATE_S);
	if (reply->waited) {
		snprintf(applied, sizeof(applied), "wait=%u", exchange->request.wait_s);
		MHD_add_response_header(response, "Preference-Applied", applied);
	}
	if (atomic_load(&exchange->server->stop))
		MHD_add_response_header(response, "Connection", "close");
	gate_set_deadline(exchange->server->gate, connection_of(mhd), REPLY_TIMEOUT_S);
	log_exchange(exchange, reply->status);
	result = MHD_queue_response(mhd, reply->status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result answer(struct exchange *exchange, struct MHD_Connection *mhd)
{
	const struct service *service = exchange->server->service;
	CLEANUP(reply_free) struct reply reply = { 0 };
	struct error err = { 0 };

	if (!exchange->refused) {
		/* the handler may take long: meanwhile neither our deadline nor the idle timeout applies */
		gate_set_deadline(exchange->server->gate, connection_of(mhd), 0);
		MHD_set_connection_option(mhd, MHD_CONNECTION_OPTION_TIMEOUT, 0U);
		if (service->answer(service->ctx, &exchange->request, &reply, &err) < 0)
			refuse(exchange, &err);
		MHD_set_connection_option(mhd, MHD_CONNECTION_OPTION_TIMEOUT, (unsigned)IDLE_TIMEOUT_S);
	}
	return send_reply(exchange, mhd, &reply);
}

static enum MHD_Result take_body(struct exchange *exchange, const char *data, size_t *size)
{
	struct error err;

	exchange->received += *size;
	if (exchange->received > BODY_READ_MAX)
		return MHD_NO;
	if (exchange->received > BODY_MAX) {
		error_set(&err, ERR_BODY_TOO_LARGE, NULL, "more than %d bytes", BODY_MAX);
		refuse(exchange, &err);
	}
	if (!exchange->refused)
		buf_add(&exchange->request.body, data, *size);
	if (buf_failed(&exchange->request.body)) {
		error_no_memory(&err);
		refuse(exchange, &err);
	}
	*size = 0;
	return MHD_YES;
}

/* libmicrohttpd calls this once after the headers, then for each part of the body, then once at its end. */
static enum MHD_Result on_request(void *ctx, struct MHD_Connection *mhd, const char *path, const char *method,
				  const char *version, const char *data, size_t *size, void **context)
{
	struct server *server = ctx;
	struct exchange *exchange = *context;

	(void)version;
	if (!exchange) {
		*context = exchange = begin(server, mhd, path, method);
		if (!exchange)
			return MHD_NO;
		if (exchange->refused && body_is_hopeless(mhd))
			return answer(exchange, mhd); /* and the connection is closed */
		return MHD_YES;
	}
	if (*size)
		return take_body(exchange, data, size);
	return answer(exchange, mhd);
}

static void on_completed(void *ctx, struct MHD_Connection *mhd, void **context, enum MHD_RequestTerminationCode why)
{
	struct server *server = ctx;
	struct exchange *exchange = *context;

	(void)mhd;
	(void)why;
	if (!exchange)
		return;
	buf_free(&exchange->request.body);
	free(exchange);
	*context = NULL;
	atomic_fetch_sub(&server->in_flight, 1);
}

static void __attribute__((format(printf, 2, 0))) on_mhd_log(void *ctx, const char *fmt, va_list ap)
{
	const struct server *server = ctx;
	char text[256];

	/* libmicrohttpd logs with each answer on a Unix socket that it cannot set TCP options */
	if (!server->tls && (strstr(fmt, "TCP_") || strncmp(fmt, "Failed to push", 14) == 0))
		return;
	vsnprintf(text, sizeof(text), fmt, ap);
	text[strcspn(text, "\n")] = '\0';
	log_verbose("web server: %s", text);
}

static bool give_to_daemon(void *ctx, int fd, const struct sockaddr *address, socklen_t length)
{
	struct server *server = ctx;

	return MHD_add_connection(server->daemon, fd, address, length) == MHD_YES;
}

/* Unescaped, %00 would end the text there. A text that has it stays escaped, so that no route matches it. */
static size_t unescape(void *ctx, struct MHD_Connection *connection, char *text)
{
	(void)ctx;
	(void)connection;
	return strstr(text, "%00") ? strlen(text) : MHD_http_unescape(text);
}

static struct MHD_Daemon *start_daemon(struct server *server, const struct tls_identity *identity)
{
	unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION | MHD_USE_POLL | MHD_USE_ITC |
			 MHD_USE_ERROR_LOG | MHD_USE_NO_LISTEN_SOCKET;
	struct MHD_OptionItem tls_options[] = {
		{ MHD_OPTION_HTTPS_MEM_CERT, 0, identity ? identity->certificate : NULL },
		{ MHD_OPTION_HTTPS_MEM_KEY, 0, identity ? identity->key : NULL },
		{ MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)TLS_PRIORITIES },
		{ MHD_OPTION_END, 0, NULL },
	};
	struct MHD_OptionItem no_options[] = { { MHD_OPTION_END, 0, NULL } };

	return MHD_start_daemon(flags | (identity ? MHD_USE_TLS : 0), 0, NULL, NULL, on_request, server,
				MHD_OPTION_EXTERNAL_LOGGER, on_mhd_log, server, MHD_OPTION_CONNECTION_LIMIT,
				(unsigned)GATE_CONNECTIONS, MHD_OPTION_THREAD_STACK_SIZE, (size_t)STACK_BYTES,
				MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_TIMEOUT_S, MHD_OPTION_NOTIFY_COMPLETED,
				on_completed, server, MHD_OPTION_NOTIFY_CONNECTION, on_connection, server,
				MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_UNESCAPE_CALLBACK, unescape, NULL,
				MHD_OPTION_ARRAY, identity ? tls_options : no_options, MHD_OPTION_END);
}

static void free_server(struct server *server)
{
	if (server->daemon)
		MHD_stop_daemon(server->daemon);
	gate_free(server->gate);
	rate_destroy(&server->requests);
	free(server);
}

static int start_parts(struct server *server, int listen_fd, const struct tls_identity *identity, struct gate *before,
		       struct error *err)
{
	CLEANUP_FD int fd = listen_fd;

	if (gate_open(&server->gate, server->tls, give_to_daemon, server, err) < 0)
		return -1;
	gate_learn(server->gate, before);
	server->daemon = start_daemon(server, identity);
	if (!server->daemon)
		return error_set(err, ERR_INTERNAL, NULL, "the web server does not start");
	fd = -1;
	return gate_start(server->gate, listen_fd, err);
}

int server_start(struct server **ret, const struct service *service, const struct config *config, int listen_fd,
		 const struct tls_identity *identity, struct server *before, struct error *err)
{
	struct server *server = calloc(1, sizeof(*server));

	if (!server) {
		close(listen_fd);
		return error_no_memory(err);
	}
	server->service = service;
	server->config = config;
	server->tls = identity != NULL;
	if (identity)
		memcpy(server->fingerprint, identity->fingerprint, FINGERPRINT_BYTES);
	rate_init(&server->requests, REQUESTS_PER_S, REQUESTS_BURST);
	if (start_parts(server, listen_fd, identity, before ? before->gate : NULL, err) < 0) {
		free_server(server);
		return -1;
	}
	*ret = server;
	return 0;
}

int server_listener(const struct server *server)
{
	return server ? gate_listener(server->gate) : -1;
}

int server_release_listener(struct server *server)
{
	return server ? gate_release_listener(server->gate) : -1;
}

/* In this order: a request counts as in flight before its connection has asked. */
static bool is_busy(struct server *server, bool with_new_ones)
{
	bool expecting = with_new_ones && gate_is_expecting(server->gate);

	return expecting || atomic_load(&server->in_flight);
}

void server_stop(struct server *server)
{
	CLEANUP_FD int listen_fd = server_release_listener(server);
	uint64_t begin_us = clock_mono_us(), ms = 0;

	(void)listen_fd; /* closed at the end of the scope, when nothing uses it anymore */
	if (!server)
		return;
	atomic_store(&server->stop, true);
	server->service->wake(server->service->ctx);
	for (; ms < STOP_GRACE_MS && is_busy(server, ms < NEW_GRACE_MS); ms = (clock_mono_us() - begin_us) / 1000)
		usleep(10000);
	free_server(server);
}
