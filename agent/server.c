/*
 * libmicrohttpd with a thread per connection, so that a handler may wait; the number of connections is the limit on
 * threads. Its idle timeout does not catch a client that sends a byte now and then: each connection has a deadline too.
 */
#include "server.h"

#include "auth.h"
#include "handlers.h"
#include "json_in.h"
#include "problem.h"
#include "utf8.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/num.h"

#include <fcntl.h>
#include <microhttpd.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

enum {
	CONNECTIONS_MAX = 64,
	CONNECTIONS_PER_IP = 16,
	IDLE_TIMEOUT_S = 15,
	REPLY_TIMEOUT_S = 60, /* to take the answer and think of the next request */
	STOP_GRACE_MS = 5000,
	BODY_MAX = 64 * 1024,
	BODY_READ_MAX = 16 * 1024 * 1024, /* read and thrown away so that the client sees the answer */
	WAIT_MAX_S = 60,
};

#define RETRY_AFTER_S "5"

struct connection {
	struct connection *next;
	int fd;
	uint64_t deadline_us; /* 0: none, a handler is at work */
};

struct server {
	struct agent *agent;
	struct MHD_Daemon *daemon;
	int listen_fd;	    /* libmicrohttpd's */
	bool tls, released; /* released: the listening socket is no longer ours */
	atomic_bool stop;
	atomic_uint in_flight; /* requests begun and not yet answered */
	atomic_ullong last_stranger_us;
	pthread_mutex_t mutex;
	struct connection *connections;
};

/* One request and its answer. */
struct exchange {
	struct server *server;
	struct request request;
	char path[256]; /* for the log */
	char who[AUTH_NAME_SIZE];
	char allow[64];
	struct error err;
	bool refused; /* err is set */
	size_t received;
};

static void set_deadline(struct server *server, struct connection *connection, unsigned seconds)
{
	if (!connection)
		return;
	pthread_mutex_lock(&server->mutex);
	connection->deadline_us = seconds ? clock_mono_us() + seconds * 1000000ULL : 0;
	pthread_mutex_unlock(&server->mutex);
}

static struct connection *connection_of(struct MHD_Connection *mhd)
{
	return MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

static void *tls_session_of(struct server *server, struct MHD_Connection *mhd)
{
	const union MHD_ConnectionInfo *info;

	if (!server->tls)
		return NULL;
	info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	return info ? info->tls_session : NULL;
}

static void remove_connection(struct server *server, struct connection *connection)
{
	pthread_mutex_lock(&server->mutex);
	for (struct connection **link = &server->connections; *link; link = &(*link)->next) {
		if (*link == connection) {
			*link = connection->next;
			break;
		}
	}
	pthread_mutex_unlock(&server->mutex);
	free(connection);
}

static void on_connection(void *ctx, struct MHD_Connection *mhd, void **context,
			  enum MHD_ConnectionNotificationCode what)
{
	struct server *server = ctx;
	struct connection *connection;

	if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
		remove_connection(server, *context);
		return;
	}
	if (server->tls && tls_session_of(server, mhd))
		tls_ask_client(tls_session_of(server, mhd));
	connection = calloc(1, sizeof(*connection));
	*context = connection;
	if (!connection)
		return;
	connection->fd = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
	set_deadline(server, connection, server->agent->config.request_timeout_s);
	pthread_mutex_lock(&server->mutex);
	connection->next = server->connections;
	server->connections = connection;
	pthread_mutex_unlock(&server->mutex);
}

void server_expire(struct server *server)
{
	uint64_t now_us = clock_mono_us();

	if (!server)
		return;
	pthread_mutex_lock(&server->mutex);
	for (struct connection *it = server->connections; it; it = it->next)
		if (it->deadline_us && now_us > it->deadline_us)
			shutdown(it->fd, SHUT_RDWR); /* its thread sees the end and closes it */
	pthread_mutex_unlock(&server->mutex);
}

static const char *query(void *connection, const char *name)
{
	return MHD_lookup_connection_value(connection, MHD_GET_ARGUMENT_KIND, name);
}

/* RFC 7240, 4.3: "wait=<seconds>", possibly among other preferences. What is malformed is no preference. */
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

/* Route and authenticate. Who is not trusted learns nothing, not even which paths there are. */
static void admit(struct exchange *exchange, struct MHD_Connection *mhd, const char *path)
{
	struct server *server = exchange->server;
	struct auth_client client = {
		.tls_session = tls_session_of(server, mhd),
		.socket = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd,
	};
	struct error route_err, auth_err;
	bool found = router_find(&exchange->request, path, exchange->allow, sizeof(exchange->allow), &route_err) == 0;
	bool trusted = auth_check(server->agent->trust, &client, exchange->who, &auth_err) == 0;

	if (found && exchange->request.route->access == PUBLIC)
		return;
	if (!trusted)
		refuse(exchange, &auth_err);
	else if (!found)
		refuse(exchange, &route_err);
}

static struct exchange *begin(struct server *server, struct MHD_Connection *mhd, const char *path, const char *method)
{
	struct exchange *exchange = calloc(1, sizeof(*exchange));
	struct error err;
	const char *length;
	uint64_t bytes;

	if (!exchange)
		return NULL;
	set_deadline(server, connection_of(mhd), server->agent->config.request_timeout_s);
	exchange->server = server;
	exchange->request.agent = server->agent;
	exchange->request.stop = &server->stop;
	exchange->request.query = query;
	exchange->request.connection = mhd;
	exchange->request.wait_s = wait_preference(mhd);
	snprintf(exchange->request.method, METHOD_SIZE, "%s", method);
	snprintf(exchange->path, sizeof(exchange->path), "%s", path);
	atomic_fetch_add(&server->in_flight, 1);

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

/* Changes and refused clients are worth a line; the latter at most one a second, for anybody can make them. */
static enum log_level level_of(const struct exchange *exchange)
{
	enum error_code code = exchange->refused ? exchange->err.code : ERR_NONE;
	uint64_t now_us = clock_mono_us(), last_us = atomic_load(&exchange->server->last_stranger_us);

	if (code == ERR_CLIENT_CERTIFICATE_MISSING || code == ERR_CLIENT_NOT_TRUSTED || code == ERR_NOT_ROOT) {
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
	snprintf(line, sizeof(line), "%s %s by %s: %u %s", exchange->request.method, exchange->path, exchange->who,
		 status, exchange->refused ? error_name(exchange->err.code) : "ok");
	log_line(level, line);
}

/* What reply is to be sent as text, owned by the caller; NULL when there is no memory. */
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
		reply->status = (unsigned)error_http_status(exchange->err.code);
		reply->problem = true;
		json_object_put(reply->json);
		reply->json = problem_json(&exchange->err);
	}
	response = response_of(reply);
	if (!response)
		return MHD_NO;
	MHD_add_response_header(response, "Cache-Control", "no-store");
	if (reply->location[0] && !exchange->refused)
		MHD_add_response_header(response, "Location", reply->location);
	if (exchange->refused && exchange->err.code == ERR_METHOD_NOT_ALLOWED)
		MHD_add_response_header(response, "Allow", exchange->allow);
	if (exchange->refused && exchange->err.code == ERR_BUSY)
		MHD_add_response_header(response, "Retry-After", RETRY_AFTER_S);
	if (reply->waited) {
		snprintf(applied, sizeof(applied), "wait=%u", exchange->request.wait_s);
		MHD_add_response_header(response, "Preference-Applied", applied);
	}
	if (atomic_load(&exchange->server->stop))
		MHD_add_response_header(response, "Connection", "close");
	set_deadline(exchange->server, connection_of(mhd), REPLY_TIMEOUT_S);
	log_exchange(exchange, reply->status);
	result = MHD_queue_response(mhd, reply->status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result answer(struct exchange *exchange, struct MHD_Connection *mhd)
{
	__attribute__((cleanup(reply_free))) struct reply reply = { 0 };
	struct error err = { 0 };

	if (!exchange->refused) {
		/* the handler may take its time: neither our deadline nor the idle timeout counts meanwhile */
		set_deadline(exchange->server, connection_of(mhd), 0);
		MHD_set_connection_option(mhd, MHD_CONNECTION_OPTION_TIMEOUT, 0U);
		if (exchange->request.route->handler(&exchange->request, &reply, &err) < 0)
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

/* libmicrohttpd calls this once at the headers, then for each part of the body, then once at its end. */
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
	char text[256];

	(void)ctx;
	vsnprintf(text, sizeof(text), fmt, ap);
	text[strcspn(text, "\n")] = '\0';
	log_verbose("web server: %s", text);
}

static struct MHD_Daemon *start_daemon(struct server *server, int listen_fd, const struct tls_identity *identity)
{
	unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION | MHD_USE_POLL | MHD_USE_ITC |
			 MHD_USE_ERROR_LOG;
	struct MHD_OptionItem tls_options[] = {
		{ MHD_OPTION_HTTPS_MEM_CERT, 0, identity ? identity->certificate : NULL },
		{ MHD_OPTION_HTTPS_MEM_KEY, 0, identity ? identity->key : NULL },
		{ MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)TLS_PRIORITIES },
		{ MHD_OPTION_PER_IP_CONNECTION_LIMIT, CONNECTIONS_PER_IP, NULL },
		{ MHD_OPTION_END, 0, NULL },
	};
	struct MHD_OptionItem no_options[] = { { MHD_OPTION_END, 0, NULL } };

	return MHD_start_daemon(flags | (identity ? MHD_USE_TLS : 0), 0, NULL, NULL, on_request, server,
				MHD_OPTION_EXTERNAL_LOGGER, on_mhd_log, NULL, MHD_OPTION_LISTEN_SOCKET, listen_fd,
				MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT,
				(unsigned)IDLE_TIMEOUT_S, MHD_OPTION_NOTIFY_COMPLETED, on_completed, server,
				MHD_OPTION_NOTIFY_CONNECTION, on_connection, server, MHD_OPTION_STRICT_FOR_CLIENT, 1,
				MHD_OPTION_ARRAY, identity ? tls_options : no_options, MHD_OPTION_END);
}

int server_start(struct server **ret, struct agent *agent, int listen_fd, const struct tls_identity *identity,
		 struct error *err)
{
	struct server *server = calloc(1, sizeof(*server));

	if (!server) {
		close(listen_fd);
		return error_no_memory(err);
	}
	server->agent = agent;
	server->tls = identity != NULL;
	server->listen_fd = listen_fd;
	pthread_mutex_init(&server->mutex, NULL);
	server->daemon = start_daemon(server, listen_fd, identity);
	if (!server->daemon) {
		close(listen_fd);
		pthread_mutex_destroy(&server->mutex);
		free(server);
		return error_set(err, ERR_INTERNAL, NULL, "the web server does not start");
	}
	*ret = server;
	return 0;
}

int server_listener(const struct server *server)
{
	return server && !server->released ? fcntl(server->listen_fd, F_DUPFD_CLOEXEC, 0) : -1;
}

int server_release_listener(struct server *server)
{
	if (!server || server->released)
		return -1;
	server->released = true;
	return MHD_quiesce_daemon(server->daemon);
}

void server_stop(struct server *server)
{
	CLEANUP_FD int listen_fd = server_release_listener(server);

	(void)listen_fd; /* closed at the end, when nobody listens to it any more */
	if (!server)
		return;
	atomic_store(&server->stop, true);
	jobs_wake(server->agent->jobs);
	for (unsigned ms = 0; ms < STOP_GRACE_MS && atomic_load(&server->in_flight); ms += 10)
		usleep(10000);
	MHD_stop_daemon(server->daemon);
	pthread_mutex_destroy(&server->mutex);
	free(server);
}
