/*
 * Fuzzes pairing: POST /pair, by two strangers over TLS connections of their own, with certificates of tests/fixtures.
 * An input is a session, line by line: code     root makes a new code a BODY   the first stranger sends this body; in
 * it $a and $b become the proofs that these clients would make with b BODY   the present code, $h the host's own proof,
 * $o what the first would have sent with the code before
 *
 * A model says who must get in: who sends the right proof of his own while the code has tries left and is nobody
 * else's. Whoever does is trusted and gets the host's proof; nobody else is, and all refusals of proofs are the same,
 * with a code and without.
 */
#include "agent/trust/pairing.h"
#include "base/clock.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/fuzz_agent.h"

#include <ctype.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <sys/socket.h>

#define CERTS "tests/fixtures/certs/"

enum { CLIENTS = 2, DIGITS = 2 * PAIRING_PROOF_BYTES + 1 };

struct stranger {
	gnutls_session_t server, client;
	struct client seen; /* as auth_check sees the client */
};

static struct stranger strangers[CLIENTS];
static unsigned char host[FINGERPRINT_BYTES];

/* What must come of each proof. */
struct model {
	char code[PAIRING_CODE_SIZE]; /* without its dashes; "" for none */
	char old[PAIRING_CODE_SIZE];
	int tries_left, used_by; /* -1: nobody */
	bool trusted[CLIENTS];
};

static gnutls_session_t open_session(unsigned side, int fd, const char *name)
{
	gnutls_certificate_credentials_t credentials;
	char certificate[64], key[64];
	gnutls_session_t session;

	snprintf(certificate, sizeof(certificate), CERTS "%s.pem", name);
	snprintf(key, sizeof(key), CERTS "%s.key", name);
	require(gnutls_certificate_allocate_credentials(&credentials) == 0);
	require(gnutls_certificate_set_x509_key_file(credentials, certificate, key, GNUTLS_X509_FMT_PEM) == 0);
	require(gnutls_init(&session, side | GNUTLS_NONBLOCK) == 0);
	require(gnutls_set_default_priority(session) == 0);
	require(gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, credentials) == 0);
	gnutls_transport_set_int(session, fd);
	return session;
}

static void connect_stranger(struct stranger *ret, const char *name)
{
	int fds[2], server = -1, client = -1;

	require(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) == 0);
	ret->server = open_session(GNUTLS_SERVER, fds[0], "server");
	ret->client = open_session(GNUTLS_CLIENT, fds[1], name);
	tls_ask_client(ret->server);
	while (server < 0 || client < 0) {
		server = gnutls_handshake(ret->server);
		client = gnutls_handshake(ret->client);
		require(server == 0 || server == GNUTLS_E_AGAIN);
		require(client == 0 || client == GNUTLS_E_AGAIN);
	}
	ret->seen = (struct client){ .tls_session = ret->server, .socket = fds[0] };
	ret->seen.has_certificate = tls_client_fingerprint(ret->server, ret->seen.fingerprint);
}

static void connect_all(struct agent *agent)
{
	struct tls_identity identity;
	char who[CLIENT_NAME_SIZE];
	struct error err = { 0 };

	if (strangers[0].server)
		return;
	require(tls_identity_load(&identity, CERTS "server.pem", CERTS "server.key", &err) == 0);
	memcpy(host, identity.fingerprint, sizeof(host));
	tls_identity_free(&identity);
	connect_stranger(&strangers[0], "stranger");
	connect_stranger(&strangers[1], "trusted-rsa");
	for (int i = 0; i < CLIENTS; i++)
		require(auth_check(agent->trust, &strangers[i].seen, who, &err) < 0 &&
			strangers[i].seen.has_certificate);
}

/* docs/openapi.yaml's words for it. */
static void make_proof(const char *code, const char *label, int client, char ret[static DIGITS])
{
	unsigned char proof[PAIRING_PROOF_BYTES];
	CLEANUP_BUF struct buf text = { 0 };

	buf_puts(&text, label);
	buf_add(&text, host, sizeof(host));
	buf_add(&text, strangers[client].seen.fingerprint, FINGERPRINT_BYTES);
	require(gnutls_hmac_fast(GNUTLS_MAC_SHA256, code, strlen(code), text.data, text.length, proof) == 0);
	fingerprint_text(proof, ret);
}

static void fill_in(struct buf *out, const char *body, const struct model *model)
{
	char proof[DIGITS];

	for (; *body; body++) {
		char what = *body == '$' ? body[1] : '\0';

		if (!what || !strchr("abho", what)) {
			buf_add(out, body, 1);
			continue;
		}
		make_proof(what == 'o' ? model->old : model->code,
			   what == 'h' ? "dm-import pairing 1 host" : "dm-import pairing 1 client", what == 'b', proof);
		buf_puts(out, proof);
		body++;
	}
}

static void new_code(struct agent *agent, struct model *model)
{
	char code[PAIRING_CODE_SIZE], *to = model->code;
	struct error err = { 0 };

	memcpy(model->old, model->code, sizeof(model->old));
	require(pairing_new_code(agent->pairing, clock_mono_us(), code, &err) == 0);
	for (const char *from = code; *from; from++)
		if (*from != '-')
			*to++ = *from;
	*to = '\0';
	model->tries_left = PAIRING_TRIES;
	model->used_by = -1;
}

/* The proof that the body carries, if it is one that the API takes. */
static bool proof_of(const char *body, char ret[static DIGITS])
{
	struct json_object *json = json_tokener_parse(body), *value;
	bool is = json_object_is_type(json, json_type_object) && json_object_object_length(json) == 1 &&
		  json_object_object_get_ex(json, "proof", &value) && json_object_is_type(value, json_type_string) &&
		  json_object_get_string_len(value) == DIGITS - 1;

	if (is) {
		snprintf(ret, DIGITS, "%s", json_object_get_string(value));
		is = strspn(ret, "0123456789abcdefABCDEF") == DIGITS - 1;
		for (char *c = ret; *c; c++)
			*c = (char)tolower((unsigned char)*c);
	}
	json_object_put(json);
	return is;
}

/* May this client in, with this proof? Tells the model that it came. */
static bool judge(struct model *model, int client, const char *proof)
{
	char right[DIGITS];

	if (model->tries_left <= 0)
		return false;
	make_proof(model->code, "dm-import pairing 1 client", client, right);
	if (strcmp(proof, right) != 0) {
		model->tries_left--;
		return false;
	}
	if (model->used_by >= 0 && model->used_by != client)
		return false;
	model->used_by = client;
	return true;
}

static void check_answer(const struct model *model, int client, const struct reply *reply)
{
	struct json_object *value;
	char proof[DIGITS];

	require(reply->status == (model->trusted[client] ? 200 : 201));
	make_proof(model->code, "dm-import pairing 1 host", client, proof);
	require(json_object_object_get_ex(reply->json, "proof", &value) &&
		strcmp(json_object_get_string(value), proof) == 0);
}

static void pair(struct agent *agent, struct model *model, int client, const char *line)
{
	CLEANUP_BUF struct buf body = { 0 };
	struct error err = { 0 };
	struct reply reply = { 0 };
	char proof[DIGITS], who[CLIENT_NAME_SIZE];
	int result;

	fill_in(&body, line, model);
	result = fuzz_request(agent, "POST", API_BASE "/pair", buf_text(&body), &strangers[client].seen, host, &reply,
			      &err);
	if (result == 0) {
		require(proof_of(buf_text(&body), proof) && judge(model, client, proof));
		check_answer(model, client, &reply);
		model->trusted[client] = true;
	} else {
		fuzz_check_refusal(&err);
		if (err.code == ERR_PAIRING_REFUSED) {
			require(proof_of(buf_text(&body), proof) && !judge(model, client, proof));
			require(strcmp(err.detail, "the proof does not belong to a code of this host") == 0);
			require(!err.device[0] && !err.step[0] && !err.sys_errno);
		}
	}
	reply_free(&reply);
	for (int i = 0; i < CLIENTS; i++)
		require((auth_check(agent->trust, &strangers[i].seen, who, &err) == 0) == model->trusted[i]);
}

static void distrust_all(struct trust *trust)
{
	struct trusted *list, gone;
	struct error err = { 0 };
	char digits[FINGERPRINT_TEXT];
	size_t count;

	require(trust_list(trust, &list, &count, &err) == 0);
	for (size_t i = 0; i < count; i++) {
		fingerprint_text(list[i].fingerprint, digits);
		require(trust_remove(trust, digits, &gone, &err) == 0);
	}
	free(list);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_FREE char *text = fuzz_text(data, size);
	struct model model = { .used_by = -1 };
	char directory[PATH_MAX], *state = NULL;
	struct agent agent;

	fuzz_path("trusted.d", directory);
	fuzz_agent_open(&agent, directory);
	connect_all(&agent);
	for (char *line = strtok_r(text, "\n", &state); line; line = strtok_r(NULL, "\n", &state)) {
		if (strcmp(line, "code") == 0)
			new_code(&agent, &model);
		else if ((line[0] == 'a' || line[0] == 'b') && line[1] == ' ')
			pair(&agent, &model, line[0] - 'a', line + 2);
	}
	distrust_all(agent.trust);
	fuzz_agent_close(&agent);
	return 0;
}
