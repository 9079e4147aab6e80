/*
 * See pairing.h. Digits are Crockford's base 32, in which no two look alike.
 */
#include "pairing.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { CODE_DIGITS = 16, GROUP_DIGITS = 4 };

#define LABEL_CLIENT "dm-import pairing 1 client"
#define LABEL_HOST "dm-import pairing 1 host"

struct pairing {
	pthread_mutex_t mutex;
	char digits[CODE_DIGITS]; /* without the dashes; what the proofs' key is */
	uint64_t until_us;	  /* 0: there is no code */
	unsigned tries_left;
	bool used;
	struct pairing_parties used_by;
};

int pairing_open(struct pairing **ret, struct error *err)
{
	struct pairing *pairing = calloc(1, sizeof(*pairing));

	if (!pairing)
		return error_no_memory(err);
	pthread_mutex_init(&pairing->mutex, NULL);
	*ret = pairing;
	return 0;
}

void pairing_close(struct pairing *pairing)
{
	if (!pairing)
		return;
	pthread_mutex_destroy(&pairing->mutex);
	explicit_bzero(pairing, sizeof(*pairing));
	free(pairing);
}

static void end_code(struct pairing *pairing)
{
	explicit_bzero(pairing->digits, CODE_DIGITS);
	pairing->until_us = 0;
	pairing->used = false;
}

int pairing_new_code(struct pairing *pairing, uint64_t now_us, char ret_code[static PAIRING_CODE_SIZE],
		     struct error *err)
{
	static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
	unsigned char random[CODE_DIGITS];
	char *next = ret_code;

	if (gnutls_rnd(GNUTLS_RND_KEY, random, sizeof(random)) < 0)
		return error_set(err, ERR_INTERNAL, NULL, "there are no random numbers");
	pthread_mutex_lock(&pairing->mutex);
	for (size_t i = 0; i < CODE_DIGITS; i++) {
		pairing->digits[i] = alphabet[random[i] % 32];
		if (i && i % GROUP_DIGITS == 0)
			*next++ = '-';
		*next++ = pairing->digits[i];
	}
	*next = '\0';
	pairing->until_us = now_us + PAIRING_LIFETIME_S * 1000000ULL;
	pairing->tries_left = PAIRING_TRIES;
	pairing->used = false;
	pthread_mutex_unlock(&pairing->mutex);
	explicit_bzero(random, sizeof(random));
	return 0;
}

static bool make_proof(const struct pairing *pairing, const char *label, const struct pairing_parties *parties,
		       unsigned char ret[static PAIRING_PROOF_BYTES])
{
	gnutls_hmac_hd_t hmac;

	if (gnutls_hmac_init(&hmac, GNUTLS_MAC_SHA256, pairing->digits, CODE_DIGITS) < 0)
		return false;
	gnutls_hmac(hmac, label, strlen(label));
	gnutls_hmac(hmac, parties->host, FINGERPRINT_BYTES);
	gnutls_hmac(hmac, parties->client, FINGERPRINT_BYTES);
	gnutls_hmac_deinit(hmac, ret);
	return true;
}

static bool proof_is_right(const struct pairing *pairing, const struct pairing_parties *parties,
			   const unsigned char proof[static PAIRING_PROOF_BYTES])
{
	unsigned char expected[PAIRING_PROOF_BYTES];

	return make_proof(pairing, LABEL_CLIENT, parties, expected) &&
	       gnutls_memcmp(expected, proof, PAIRING_PROOF_BYTES) == 0;
}

/* Under the mutex. */
static bool accept_proof(struct pairing *pairing, const struct pairing_parties *parties,
			 const unsigned char proof[static PAIRING_PROOF_BYTES], uint64_t now_us)
{
	if (!pairing->until_us)
		return false;
	if (now_us >= pairing->until_us) {
		end_code(pairing);
		return false;
	}
	if (!proof_is_right(pairing, parties, proof)) {
		if (--pairing->tries_left == 0)
			end_code(pairing);
		return false;
	}
	if (pairing->used)
		return memcmp(&pairing->used_by, parties, sizeof(*parties)) == 0;
	pairing->used = true;
	pairing->used_by = *parties;
	return true;
}

int pairing_accept(struct pairing *pairing, const struct pairing_parties *parties,
		   const unsigned char proof[static PAIRING_PROOF_BYTES], uint64_t now_us,
		   unsigned char ret_proof[static PAIRING_PROOF_BYTES], struct error *err)
{
	bool accepted;

	pthread_mutex_lock(&pairing->mutex);
	accepted = accept_proof(pairing, parties, proof, now_us) && make_proof(pairing, LABEL_HOST, parties, ret_proof);
	pthread_mutex_unlock(&pairing->mutex);
	return accepted ? 0
			: error_set(err, ERR_PAIRING_REFUSED, NULL, "the proof does not belong to a code of this host");
}
