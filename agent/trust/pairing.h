/*
 * Pairing: how an orchestrator becomes trusted. Root asks for a code on the host and gives it to the orchestrator,
 * which proves once that it knows it.
 *
 * The code itself never goes over the network. Both sides send an HMAC-SHA256 (RFC 2104) whose key is the code and
 * whose text is a label and the SHA-256 fingerprints of the host's and the client's certificates, as each side saw
 * them. So a proof is of no use to somebody who stands between: he would show other certificates. The code has 80 bits,
 * so it cannot be guessed from a proof either.
 *
 * There is one code at a time. It ends after ten minutes, after some wrong proofs, with the next code, and when it was
 * used; whoever used it may say the same again, for a reply can get lost. Thread-safe; nothing here blocks. now_us is
 * clock_mono_us().
 */
#ifndef AGENT_PAIRING_H
#define AGENT_PAIRING_H

#include "agent/shared/fingerprint.h"

#include "base/error.h"

#include <stdint.h>

enum {
	PAIRING_CODE_SIZE = 20, /* "ABCD-EFGH-JKMN-PQRS" and its NUL */
	PAIRING_LIFETIME_S = 600,
	PAIRING_TRIES = 5,
	PAIRING_PROOF_BYTES = 32,
};

struct pairing;

struct pairing_parties {
	unsigned char host[FINGERPRINT_BYTES], client[FINGERPRINT_BYTES];
};

/* Free with pairing_close (NULL is allowed). */
int pairing_open(struct pairing **ret, struct error *err);
void pairing_close(struct pairing *pairing);

/* A new code; an older one ends. ERR_INTERNAL: no random numbers. */
int pairing_new_code(struct pairing *pairing, uint64_t now_us, char ret_code[static PAIRING_CODE_SIZE],
		     struct error *err);

/*
 * Does the client know the code? On success *ret_proof is the host's own proof, and no other client can use the code
 * any more. ERR_PAIRING_REFUSED, always with the same words: a stranger does not learn whether there is a code.
 */
int pairing_accept(struct pairing *pairing, const struct pairing_parties *parties,
		   const unsigned char proof[static PAIRING_PROOF_BYTES], uint64_t now_us,
		   unsigned char ret_proof[static PAIRING_PROOF_BYTES], struct error *err);

#endif
