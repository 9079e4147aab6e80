/*
 * Pairing, and who is trusted. All but the pairing itself is root's, on the Unix socket.
 */
#include "handlers.h"

#include "json_in.h"
#include "parts.h"
#include "reply.h"

#include "agent/net/peer.h"
#include "agent/trust/auth.h"
#include "agent/trust/pairing.h"

#include "agent/shared/log.h"

#include "base/cleanup.h"
#include "base/clock.h"

#include <string.h>

static void add_fingerprint(struct json_object *json, const char *name, const unsigned char *fingerprint)
{
	char text[FINGERPRINT_TEXT];

	fingerprint_text(fingerprint, text);
	json_object_object_add(json, name, json_object_new_string(text));
}

static struct json_object *trusted_json(const struct trusted *trusted)
{
	struct json_object *json = json_object_new_object();
	char subject[TRUST_SUBJECT_SIZE];
	time_t now = time(NULL);

	log_sanitise(trusted->subject, subject, sizeof(subject));
	add_fingerprint(json, "fingerprint_sha256", trusted->fingerprint);
	json_object_object_add(json, "subject", json_object_new_string(subject));
	json_object_object_add(json, "not_before", json_time((uint64_t)trusted->not_before * 1000));
	json_object_object_add(json, "not_after", json_time((uint64_t)trusted->not_after * 1000));
	json_object_object_add(json, "status",
			       json_object_new_string(now > trusted->not_after	  ? "expired"
						      : now < trusted->not_before ? "not_yet_valid"
										  : "trusted"));
	json_object_object_add(json, "file", json_object_new_string(trusted->file));
	return json;
}

int get_agent_trusted(struct request *request, struct reply *reply, struct error *err)
{
	struct json_object *json, *array;
	CLEANUP_FREE struct trusted *list = NULL;
	size_t count;

	if (trust_list(request->agent->trust, &list, &count, err) < 0)
		return -1;
	json = json_object_new_object();
	array = json_object_new_array();
	for (size_t i = 0; i < count; i++)
		json_object_array_add(array, trusted_json(&list[i]));
	json_object_object_add(json, "trusted", array);
	return reply_json(reply, 200, json, err);
}

int post_agent_trusted(struct request *request, struct reply *reply, struct error *err)
{
	CLEANUP_JSON struct json_object *body = NULL;
	struct trusted trusted;
	const char *pem;
	bool added;

	if (json_in_parse(buf_text(&request->body), request->body.length, &body, err) < 0 ||
	    json_in_only(body, (const char *const[]){ "certificate", NULL }, err) < 0 ||
	    json_in_text(body, "certificate", true, &pem, err) < 0 ||
	    trust_add(request->agent->trust, pem, strlen(pem), &trusted, &added, err) < 0)
		return -1;
	return reply_json(reply, added ? 201 : 200, trusted_json(&trusted), err);
}

int delete_agent_trusted(struct request *request, struct reply *reply, struct error *err)
{
	struct trusted trusted;

	if (trust_remove(request->agent->trust, request->parameter, &trusted, err) < 0)
		return -1;
	return reply_json(reply, 200, trusted_json(&trusted), err);
}

int post_agent_pairing_code(struct request *request, struct reply *reply, struct error *err)
{
	CLEANUP_JSON struct json_object *body = NULL;
	struct web_certificate certificate;
	char code[PAIRING_CODE_SIZE];
	struct json_object *json;

	if (json_in_parse(buf_text(&request->body), request->body.length, &body, err) < 0 ||
	    json_in_only(body, (const char *const[]){ NULL }, err) < 0 ||
	    pairing_new_code(request->agent->pairing, clock_mono_us(), code, err) < 0)
		return -1;
	log_info("a pairing code was made; it ends in %d minutes", PAIRING_LIFETIME_S / 60);
	json = json_object_new_object();
	json_object_object_add(json, "code", json_object_new_string(code));
	json_object_object_add(json, "expires_in_s", json_object_new_int(PAIRING_LIFETIME_S));
	if (web_certificate(request->agent->web, &certificate))
		json_object_object_add(json, "fingerprint_sha256", json_object_new_string(certificate.fingerprint));
	return reply_json(reply, 201, json, err);
}

static bool read_hex(const char *text, unsigned char *ret, size_t count)
{
	if (strlen(text) != 2 * count || strspn(text, "0123456789abcdefABCDEF") != 2 * count)
		return false;
	for (size_t i = 0; i < count; i++)
		sscanf(text + 2 * i, "%2hhx", &ret[i]);
	return true;
}

/* A stranger's attempts: those of his address, and all. */
static int limit_attempts(struct request *request, struct error *err)
{
	struct sockaddr_storage address = { 0 };
	socklen_t length = sizeof(address);
	uint64_t now_us = clock_mono_us();
	struct peer peer;

	getpeername(request->client->socket, (struct sockaddr *)&address, &length);
	peer_of(&peer, (const struct sockaddr *)&address);
	if (rate_take(&request->agent->pairing_attempts, peer.bytes, PEER_BYTES, now_us))
		return 0;
	return error_set(err, ERR_TOO_MANY_REQUESTS, NULL, "pairing is tried too often");
}

static int read_proof(struct request *request, unsigned char ret[static PAIRING_PROOF_BYTES], struct error *err)
{
	CLEANUP_JSON struct json_object *body = NULL;
	const char *text;

	if (json_in_parse(buf_text(&request->body), request->body.length, &body, err) < 0 ||
	    json_in_only(body, (const char *const[]){ "proof", NULL }, err) < 0 ||
	    json_in_text(body, "proof", true, &text, err) < 0)
		return -1;
	if (!read_hex(text, ret, PAIRING_PROOF_BYTES))
		return error_set(err, ERR_VALUE_INVALID, NULL, "'proof' is %d hexadecimal digits",
				 2 * PAIRING_PROOF_BYTES);
	return 0;
}

static int trust_client(struct request *request, struct trusted *ret, bool *ret_added, struct error *err)
{
	CLEANUP_BUF struct buf pem = { 0 };

	if (!tls_client_certificate(request->client->tls_session, &pem))
		return error_no_memory(err);
	return trust_add(request->agent->trust, buf_text(&pem), pem.length, ret, ret_added, err);
}

/* PUBLIC: whoever has the code is let in. */
int post_pair(struct request *request, struct reply *reply, struct error *err)
{
	unsigned char proof[PAIRING_PROOF_BYTES], own_proof[PAIRING_PROOF_BYTES];
	struct pairing_parties parties;
	struct json_object *json;
	struct trusted trusted;
	bool added;

	if (!request->client->has_certificate || !request->served_fingerprint)
		return error_set(err, ERR_CLIENT_CERTIFICATE_MISSING, NULL, "the one to be trusted has to be shown");
	memcpy(parties.host, request->served_fingerprint, FINGERPRINT_BYTES);
	memcpy(parties.client, request->client->fingerprint, FINGERPRINT_BYTES);
	if (limit_attempts(request, err) < 0 || read_proof(request, proof, err) < 0 ||
	    pairing_accept(request->agent->pairing, &parties, proof, clock_mono_us(), own_proof, err) < 0 ||
	    trust_client(request, &trusted, &added, err) < 0)
		return -1;
	if (added)
		log_info("paired: %s", trusted.subject);
	json = json_object_new_object();
	add_fingerprint(json, "fingerprint_sha256", trusted.fingerprint);
	add_fingerprint(json, "proof", own_proof);
	return reply_json(reply, added ? 201 : 200, json, err);
}
