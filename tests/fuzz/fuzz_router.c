/*
 * Fuzzes the router (agent/routes/router.h). An input is a method, a space, and a path.
 *
 * The pattern of what is found, with its parameter put in, is the path, byte for byte: nothing is decoded, shortened or
 * passed over. What is said of methods holds: each that is offered is found, and no other. Strangers get to two paths.
 */
#include "agent/routes/handlers.h"
#include "agent/routes/reply.h"
#include "agent/routes/router.h"
#include "tests/fuzz/fuzz.h"

static const char *const methods[] = { "GET", "POST", "PUT", "DELETE", "HEAD", "PATCH", "OPTIONS" };

static enum error_code find(const char *method, const char *path, struct request *ret, char ret_allow[static 64])
{
	struct error err = { 0 };

	*ret = (struct request){ 0 };
	ret_allow[0] = '\0';
	snprintf(ret->method, METHOD_SIZE, "%s", method); /* as server.c does */
	if (router_find(ret, path, ret_allow, 64, &err) == 0)
		return ERR_NONE;
	require(!ret->route && !ret->parameter[0]);
	require(err.code == ERR_PATH_UNKNOWN || err.code == ERR_METHOD_NOT_ALLOWED);
	fuzz_check_refusal(&err);
	return err.code;
}

static void check_found(const struct request *request, const char *path)
{
	const struct route *route = request->route;
	const char *hole = strstr(route->pattern, "{}");
	CLEANUP_BUF struct buf whole = { 0 };

	require(route->handler && strcmp(route->method, request->method) == 0);
	require(!hole == !request->parameter[0] && !strchr(request->parameter, '/'));
	buf_printf(&whole, "%s%.*s%s%s", API_BASE, (int)(hole ? hole - route->pattern : 100), route->pattern,
		   request->parameter, hole ? hole + 2 : "");
	require(strcmp(buf_text(&whole), path) == 0 ||
		(strcmp(path, API_BASE) == 0 && strcmp(route->pattern, "/") == 0));
	if (route->access == PUBLIC)
		require(strcmp(route->pattern, "/") == 0 || strcmp(route->pattern, "/pair") == 0);
	if (strncmp(route->pattern, "/agent/trusted", 14) == 0 || strcmp(route->pattern, "/agent/pairing_code") == 0)
		require(route->access == LOCAL);
}

static bool is_offered(const char *allow, const char *method)
{
	size_t length = strlen(method);

	for (const char *at = allow; length && (at = strstr(at, method)); at += length)
		if ((at == allow || at[-1] == ' ') && (at[length] == '\0' || at[length] == ','))
			return true;
	return false;
}

/* What is said of a path is the same whichever method asks. */
static void check_methods(const char *path, enum error_code found, const char *allow)
{
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		struct request other;
		char others_allow[64];
		enum error_code code = find(methods[i], path, &other, others_allow);

		require((code == ERR_PATH_UNKNOWN) == (found == ERR_PATH_UNKNOWN));
		if (found == ERR_METHOD_NOT_ALLOWED)
			require((code == ERR_NONE) == is_offered(allow, methods[i]));
		if (code == ERR_NONE)
			check_found(&other, path);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_FREE char *text = fuzz_text(data, size);
	char *path = strchr(text, ' ');
	struct request request;
	enum error_code found;
	char allow[64];

	if (!path)
		return 0;
	*path++ = '\0';
	found = find(text, path, &request, allow);
	if (found == ERR_NONE)
		check_found(&request, path);
	if (found == ERR_METHOD_NOT_ALLOWED)
		require(allow[0] && !is_offered(allow, request.method));
	check_methods(path, found, allow);
	return 0;
}
