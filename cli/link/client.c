/*
 * HTTP over the agent's Unix socket; see client.h. libcurl does the protocol; this file owns the limits, and turns
 * everything that is not a good answer into the run's problem.
 */
#include "client.h"

#include "cli/screen/field.h"
#include "cli/screen/print.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>

enum {
	ANSWER_MAX = 32 * 1024 * 1024, /* thousands of volumes */
	CONNECT_TIMEOUT_S = 5,
	ANSWER_TIMEOUT_S = 60, /* beyond the wait that was asked for */
};

static size_t keep(char *data, size_t size, size_t count, void *ctx)
{
	struct buf *answer = ctx;

	if (answer->length + size * count > ANSWER_MAX)
		return 0;
	buf_add(answer, data, size * count);
	return buf_failed(answer) ? 0 : size * count;
}

static CURL *handle(struct cli *cli)
{
	if (!cli->curl)
		cli->curl = curl_easy_init();
	else
		curl_easy_reset(cli->curl); /* the connection stays open */
	return cli->curl;
}

void client_close(struct cli *cli)
{
	curl_easy_cleanup(cli->curl);
	cli->curl = NULL;
}

static int unreachable(struct cli *cli, CURL *curl, CURLcode code)
{
	struct error err;
	long sys_errno = 0;

	curl_easy_getinfo(curl, CURLINFO_OS_ERRNO, &sys_errno);
	if (code == CURLE_OUT_OF_MEMORY)
		error_no_memory(&err);
	else if (code == CURLE_COULDNT_CONNECT && (sys_errno == EACCES || sys_errno == EPERM))
		error_set(&err, ERR_NOT_ROOT, "", "The agent's socket %s belongs to root.", cli->socket_path);
	else if (code == CURLE_COULDNT_CONNECT)
		error_set(&err, ERR_AGENT_UNREACHABLE, "", "Nobody listens on %s.", cli->socket_path);
	else
		error_set(&err, ERR_AGENT_UNREACHABLE, "", "%s on %s.", curl_easy_strerror(code), cli->socket_path);
	return cli_fail(cli, &err);
}

/* The agent refused: its problem document becomes ours. */
static int refused(struct cli *cli, long status, struct json_object *answer)
{
	struct error err;

	if (!*field_text(answer, "code")) {
		error_set(&err, ERR_INTERNAL, "", "The agent answered HTTP %ld without saying why.", status);
		return cli_fail(cli, &err);
	}
	cli_forget_problem(cli);
	cli->problem = json_object_get(answer);
	return -1;
}

static int judge(struct cli *cli, long status, const struct buf *text, struct json_object **ret)
{
	CLEANUP_JSON struct json_object *answer = json_tokener_parse(buf_text(text));
	struct error err;

	if (!cli->json)
		field_make_plain(answer);
	if (status < 200 || status > 299)
		return refused(cli, status, answer);
	if (!answer && text->length) {
		error_set(&err, ERR_INTERNAL, "", "The agent's answer is not JSON.");
		return cli_fail(cli, &err);
	}
	if (ret)
		*ret = TAKE(answer);
	return 0;
}

static long time_left_ms(const struct cli *cli, unsigned wait_s)
{
	uint64_t now_us = clock_mono_us();
	long own_ms = ((long)ANSWER_TIMEOUT_S + (long)wait_s) * 1000, left_ms;

	if (!cli->deadline_us)
		return own_ms;
	left_ms = cli->deadline_us > now_us ? (long)((cli->deadline_us - now_us) / 1000) : 0;
	return left_ms < 1 ? 1 : left_ms < own_ms ? left_ms : own_ms; /* 0 would be: no limit */
}

static void set_limits(const struct cli *cli, CURL *curl, unsigned wait_s)
{
	long left_ms = time_left_ms(cli, wait_s), connect_ms = CONNECT_TIMEOUT_S * 1000L;

	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, left_ms < connect_ms ? left_ms : connect_ms);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, left_ms);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
}

/* One request. *ret_status is the answer's; -1 when there was none. */
static int ask(struct cli *cli, const char *method, const char *path, struct json_object *body, unsigned wait_s,
	       struct buf *answer, long *ret_status)
{
	CLEANUP_BUF struct buf url = { 0 }, prefer = { 0 };
	struct curl_slist *headers = NULL;
	CURL *curl = handle(cli);
	struct error err;

	buf_printf(&url, "http://localhost/api/v1%s", path);
	buf_printf(&prefer, "Prefer: wait=%u", wait_s);
	if (!curl || buf_failed(&url) || buf_failed(&prefer)) {
		error_no_memory(&err);
		return cli_fail(cli, &err);
	}
	headers = curl_slist_append(headers, "Accept: application/json, application/problem+json, text/plain");
	headers = curl_slist_append(headers, body ? "Content-Type: application/json" : "Content-Type:");
	if (wait_s)
		headers = curl_slist_append(headers, buf_text(&prefer));
	curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, cli->socket_path);
	curl_easy_setopt(curl, CURLOPT_URL, buf_text(&url));
	curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(curl, CURLOPT_PROXY, ""); /* whatever the environment says */
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	if (strcmp(method, "POST") == 0 || body)
		curl_easy_setopt(curl, CURLOPT_COPYPOSTFIELDS,
				 body ? json_object_to_json_string_ext(body, JSON_C_TO_STRING_PLAIN) : "");
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, keep);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
	set_limits(cli, curl, wait_s);

	CURLcode code = curl_easy_perform(curl);

	curl_slist_free_all(headers);
	if (code != CURLE_OK)
		return unreachable(cli, curl, code);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, ret_status);
	return 0;
}

int client_call(struct cli *cli, const char *method, const char *path, struct json_object *body, unsigned wait_s,
		struct json_object **ret)
{
	CLEANUP_BUF struct buf answer = { 0 };
	long status = 0;

	if (ask(cli, method, path, body, wait_s, &answer, &status) < 0)
		return -1;
	return judge(cli, status, &answer, ret);
}

int client_get_text(struct cli *cli, const char *path, char **ret)
{
	CLEANUP_BUF struct buf answer = { 0 };
	struct error err;
	long status = 0;

	if (ask(cli, "GET", path, NULL, 0, &answer, &status) < 0)
		return -1;
	if (status < 200 || status > 299)
		return judge(cli, status, &answer, NULL);
	*ret = answer.length ? buf_take(&answer) : strdup("");
	if (*ret)
		return 0;
	error_no_memory(&err);
	return cli_fail(cli, &err);
}

int client_show(struct cli *cli, const char *path, void (*show)(struct json_object *answer))
{
	CLEANUP_JSON struct json_object *answer = NULL;

	if (client_get(cli, path, &answer) < 0)
		return -1;
	print_result(cli->json, answer, show);
	return 0;
}
