/* The life of a pairing code. That both proofs are what docs/openapi.yaml says is tests/daemon's to show. */
#include "agent/trust/pairing.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include <cmocka.h>

#define NOW_US 5000000ULL
#define END_US (NOW_US + PAIRING_LIFETIME_S * 1000000ULL)

static const struct pairing_parties parties = { .host = "the host's", .client = "the client's" };

static void prove(const char *code, const struct pairing_parties *who, unsigned char ret[static PAIRING_PROOF_BYTES])
{
	static const char label[] = "dm-import pairing 1 client";
	char digits[PAIRING_CODE_SIZE] = "";
	gnutls_hmac_hd_t hmac;

	for (const char *c = code; *c; c++)
		if (*c != '-')
			strncat(digits, c, 1);
	assert_int_equal(gnutls_hmac_init(&hmac, GNUTLS_MAC_SHA256, digits, strlen(digits)), 0);
	gnutls_hmac(hmac, label, sizeof(label) - 1);
	gnutls_hmac(hmac, who, sizeof(*who));
	gnutls_hmac_deinit(hmac, ret);
}

static bool accepts(struct pairing *pairing, const struct pairing_parties *who, const char *code, uint64_t now_us)
{
	unsigned char proof[PAIRING_PROOF_BYTES], own[PAIRING_PROOF_BYTES];
	struct error err = { 0 };

	prove(code, who, proof);
	if (pairing_accept(pairing, who, proof, now_us, own, &err) == 0)
		return true;
	assert_int_equal(err.code, ERR_PAIRING_REFUSED);
	return false;
}

static int open_pairing(void **state)
{
	struct pairing *pairing = NULL;
	int result = pairing_open(&pairing, NULL);

	*state = pairing;
	return result;
}

static int close_pairing(void **state)
{
	pairing_close(*state);
	return 0;
}

static void test_code_ends_after_ten_minutes(void **state)
{
	char code[PAIRING_CODE_SIZE];

	assert_int_equal(PAIRING_LIFETIME_S, 600);
	assert_int_equal(pairing_new_code(*state, NOW_US, code, NULL), 0);
	assert_false(accepts(*state, &parties, code, END_US));
	assert_false(accepts(*state, &parties, code, NOW_US)); /* it has ended, whatever the clock does then */
	assert_int_equal(pairing_new_code(*state, NOW_US, code, NULL), 0);
	assert_true(accepts(*state, &parties, code, END_US - 1));
}

static void test_used_code_ends_too(void **state)
{
	char code[PAIRING_CODE_SIZE];

	assert_int_equal(pairing_new_code(*state, NOW_US, code, NULL), 0);
	assert_true(accepts(*state, &parties, code, NOW_US));
	assert_true(accepts(*state, &parties, code, END_US - 1));
	assert_false(accepts(*state, &parties, code, END_US));
}

static void test_without_a_code(void **state)
{
	assert_false(accepts(*state, &parties, "0000-0000-0000-0000", NOW_US));
}

/* An alphabet of 32 in 16 places, no two codes alike. */
static void test_codes(void **state)
{
	char codes[64][PAIRING_CODE_SIZE];
	unsigned seen[256] = { 0 };

	for (size_t i = 0; i < 64; i++) {
		assert_int_equal(pairing_new_code(*state, NOW_US, codes[i], NULL), 0);
		assert_int_equal(strlen(codes[i]), PAIRING_CODE_SIZE - 1);
		for (const char *c = codes[i]; *c; c++)
			seen[(unsigned char)*c]++;
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(codes[i], codes[j]);
	}
	assert_int_equal(seen['-'], 64 * 3);
	for (const char *c = "ILOU"; *c; c++)
		assert_int_equal(seen[(unsigned char)*c], 0);
	for (const char *c = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"; *c; c++)
		assert_true(seen[(unsigned char)*c] > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_code_ends_after_ten_minutes, open_pairing, close_pairing),
		cmocka_unit_test_setup_teardown(test_used_code_ends_too, open_pairing, close_pairing),
		cmocka_unit_test_setup_teardown(test_without_a_code, open_pairing, close_pairing),
		cmocka_unit_test_setup_teardown(test_codes, open_pairing, close_pairing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
