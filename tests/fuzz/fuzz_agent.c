/*
 * See fuzz_agent.h.
 */
#include "tests/fuzz/fuzz_agent.h"

#include "agent/routes/handlers.h"

#include "base/clock.h"
#include "tests/fuzz/fuzz.h"

struct web {
	unsigned port;
};

static struct web the_web;
static struct engine *the_engine;
static char the_query[64];

unsigned web_port(struct web *web)
{
	return web->port;
}

bool web_answers(struct web *web)
{
	(void)web;
	return false;
}

bool web_certificate(struct web *web, struct web_certificate *ret)
{
	(void)web;
	*ret = (struct web_certificate){ 0 };
	return false;
}

int web_reload_certificate(struct web *web, const atomic_bool *stop, struct error *err)
{
	(void)web;
	(void)stop;
	return error_set(err, ERR_CERTIFICATE_INVALID, NULL, "there are no files");
}

void web_restart(struct web *web)
{
	(void)web;
}

/* Only the four ports get so far. */
int web_change_port(struct web *web, unsigned port, struct error *err)
{
	(void)err;
	require(config_port_allowed(port));
	web->port = port;
	return 0;
}

void fuzz_agent_open(struct agent *ret, const char *directory)
{
	struct engine_options options;
	struct error err = { 0 };

	*ret = (struct agent){ .config_path = "/dev/null", .started_ms = clock_wall_ms() };
	require(config_load(&ret->config, "/nowhere/agent.conf", &err) == 0); /* the defaults */
	snprintf(ret->config.trusted, sizeof(ret->config.trusted), "%s", directory);
	the_web.port = ret->config.port;
	ret->web = &the_web;
	engine_options_defaults(&options);
	rate_init(&ret->pairing_attempts, 1e6, 1e6);
	require(engine_open(&the_engine, &options, NULL, &err) == 0);
	require(trust_open(&ret->trust, directory, &err) == 0 && pairing_open(&ret->pairing, &err) == 0);
	require(jobs_open(&ret->jobs, &err) == 0 && snapshot_open(&ret->snapshot, &err) == 0);
	require(worker_start(&ret->worker, the_engine, ret->jobs, ret->snapshot, &err) == 0);
}

void fuzz_agent_close(struct agent *agent)
{
	worker_stop(agent->worker);
	snapshot_close(agent->snapshot);
	jobs_close(agent->jobs);
	pairing_close(agent->pairing);
	trust_close(agent->trust);
	rate_destroy(&agent->pairing_attempts);
	engine_close(the_engine);
}

/* `name=value` of the target's query. */
static const char *query(void *connection, const char *name)
{
	const char *text = connection;
	size_t length = strlen(name);

	if (!text || strncmp(text, name, length) != 0 || text[length] != '=')
		return NULL;
	snprintf(the_query, sizeof(the_query), "%s", text + length + 1);
	return the_query;
}

int fuzz_request(struct agent *agent, const char *method, const char *target, const char *body,
		 const struct client *client, const unsigned char *served, struct reply *reply, struct error *err)
{
	static const atomic_bool stop;
	const char *mark = strchr(target, '?');
	struct request request = { .agent = agent, .client = client, .served_fingerprint = served, .wait_s = 60 };
	CLEANUP_BUF struct buf path = { 0 };
	char allow[64];
	int result;

	snprintf(request.method, METHOD_SIZE, "%s", method);
	buf_add(&path, target, mark ? (size_t)(mark - target) : strlen(target));
	request.stop = &stop;
	request.query = query;
	request.connection = mark ? (void *)(mark + 1) : NULL;
	buf_puts(&request.body, body);
	result = router_find(&request, buf_text(&path), allow, sizeof(allow), err);
	if (result == 0)
		result = request.route->handler(&request, reply, err);
	buf_free(&request.body);
	return result;
}
