/*
 * Fuzzes the agent as a trusted client meets it: the router, the handlers and their bodies, jobs and snapshot, on the
 * fake engine. An input is a session: requests, each a line `METHOD target` and a body, with an empty line between two.
 *
 * Every answer is JSON in UTF-8, or a refusal of the table that is the client's fault. A refusal changes nothing, nor
 * does a GET. What succeeded succeeds when it is said again. What got into the host's state is of the form that is
 * asked for.
 */
#include "agent/shared/utf8.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_agent.h"

enum { REQUESTS_MAX = 32 };

/* All that a request may change. */
static char *state_of(struct agent *agent)
{
	struct json_object *imports = NULL;
	struct trusted *trusted = NULL;
	struct error err = { 0 };
	struct buf text = { 0 };
	size_t count = 0;

	require(snapshot_imports(agent->snapshot, &imports, &err) == 0);
	require(trust_list(agent->trust, &trusted, &count, &err) == 0);
	buf_printf(&text, "%u %zu %s", web_port(agent->web), count, json_object_to_json_string(imports));
	json_object_put(imports);
	free(trusted);
	return buf_take(&text);
}

static void check_state(struct agent *agent)
{
	static const char characters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
	struct json_object *imports, *list, *id, *members;
	struct error err = { 0 };

	require(snapshot_imports(agent->snapshot, &imports, &err) == 0);
	require(json_object_object_get_ex(imports, "imports", &list));
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		struct json_object *import = json_object_array_get_idx(list, i);
		const char *name;

		require(json_object_object_get_ex(import, "id", &id) &&
			json_object_object_get_ex(import, "members", &members));
		name = json_object_get_string(id);
		require(*name && strlen(name) < IMPORT_ID_SIZE && name[strspn(name, characters)] == '\0');
		require(json_object_array_length(members) >= 1 &&
			json_object_array_length(members) <= agent->config.max_members);
	}
	json_object_put(imports);
}

static void check_reply(const struct reply *reply)
{
	struct json_object *again;
	char *text;

	require(reply->status >= 200 && reply->status <= 204);
	require(!(reply->json && reply->text) && (reply->json || reply->text || reply->status == 204));
	require(!reply->location[0] || strncmp(reply->location, API_BASE "/", strlen(API_BASE "/")) == 0);
	require(fuzz_is_printable(reply->location) && !strchr(reply->location, ' '));
	if (!reply->json)
		return;
	text = strdup(json_object_to_json_string_ext(reply->json, JSON_C_TO_STRING_PLAIN)); /* as server.c does */
	require(text != NULL);
	utf8_clean(text);
	again = json_tokener_parse(text);
	require(again != NULL && fuzz_is_utf8(text, strlen(text)));
	json_object_put(again);
	free(text);
}

static bool may_be_said_again(const char *method, const char *target, const char *body)
{
	if (strcmp(method, "DELETE") == 0)
		return strstr(target, "/trusted/") == NULL;
	return strcmp(target, API_BASE "/imports") != 0 || strstr(body, "\"id\""); /* without, it makes another one */
}

static bool is_held(const char *state)
{
	return strstr(state, "\"held\""); /* until its lease ends */
}

static void run(struct agent *agent, const char *method, const char *target, const char *body)
{
	const struct client root = { .socket = -1 };
	CLEANUP_FREE char *before = state_of(agent), *after = NULL;
	struct reply reply = { 0 };
	struct error err = { 0 };
	int result = fuzz_request(agent, method, target, body, &root, NULL, &reply, &err);

	after = state_of(agent);
	require(before && after);
	if (result == 0) {
		check_reply(&reply);
		check_state(agent);
	} else {
		fuzz_check_refusal(&err);
		require(!reply.json && !reply.text);
	}
	if ((result < 0 || strcmp(method, "GET") == 0) && !is_held(before))
		require(strcmp(before, after) == 0);
	reply_free(&reply);
	if (result == 0 && may_be_said_again(method, target, body)) {
		struct reply again = { 0 };

		require(fuzz_request(agent, method, target, body, &root, NULL, &again, &err) == 0 || is_held(before) ||
			is_held(after));
		reply_free(&again);
	}
}

/* Cuts the next part off, which ends at `mark`. */
static char *cut(char **text, const char *mark)
{
	char *begin = *text, *end = begin ? strstr(begin, mark) : NULL;

	*text = end ? end + strlen(mark) : NULL;
	if (end)
		*end = '\0';
	return begin;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_FREE char *text = fuzz_text(data, size);
	char *rest = text, *request, directory[PATH_MAX];
	struct trusted *trusted;
	struct error err = { 0 };
	struct agent agent;
	size_t count;

	fuzz_path("trusted.d", directory);
	fuzz_agent_open(&agent, directory);
	for (int i = 0; i < REQUESTS_MAX && (request = cut(&rest, "\n\n")); i++) {
		char *line = cut(&request, "\n"), *method = cut(&line, " ");

		run(&agent, method, line ? line : "", request ? request : "");
	}
	require(trust_list(agent.trust, &trusted, &count, &err) == 0);
	for (size_t i = 0; i < count; i++) {
		char digits[FINGERPRINT_TEXT];
		struct trusted gone;

		fingerprint_text(trusted[i].fingerprint, digits);
		require(trust_remove(agent.trust, digits, &gone, &err) == 0);
	}
	free(trusted);
	fuzz_agent_close(&agent);
	return 0;
}
