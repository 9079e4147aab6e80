/* Token buckets, and which addresses count as one peer. */
#include "agent/net/peer.h"
#include "agent/net/rate.h"

#include "base/cleanup.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define SECOND_US 1000000ULL

static void test_burst_then_rate(void **state)
{
	uint64_t now_us = SECOND_US;
	struct rate rate;

	(void)state;
	rate_init(&rate, 2, 3);
	for (int i = 0; i < 3; i++)
		assert_true(rate_take(&rate, "a", 1, now_us));
	assert_false(rate_take(&rate, "a", 1, now_us));
	assert_false(rate_take(&rate, "a", 1, now_us + SECOND_US / 2 - 1));
	assert_true(rate_take(&rate, "a", 1, now_us + SECOND_US / 2));
	assert_false(rate_take(&rate, "a", 1, now_us + SECOND_US / 2));
	rate_destroy(&rate);
}

static void test_no_more_than_the_burst_is_saved_up(void **state)
{
	unsigned taken = 0;
	struct rate rate;

	(void)state;
	rate_init(&rate, 100, 5);
	assert_true(rate_take(&rate, "a", 1, SECOND_US));
	while (rate_take(&rate, "a", 1, 1000 * SECOND_US))
		taken++;
	assert_int_equal(taken, 5);
	rate_destroy(&rate);
}

static void test_keys_have_buckets_of_their_own(void **state)
{
	struct rate rate;

	(void)state;
	rate_init(&rate, 1, 1);
	assert_true(rate_take(&rate, "a", 1, SECOND_US));
	assert_false(rate_take(&rate, "a", 1, SECOND_US));
	assert_true(rate_take(&rate, "b", 1, SECOND_US));
	assert_true(rate_take(&rate, "", 0, SECOND_US));
	rate_destroy(&rate);
}

/* The one that was quiet for longest is forgotten, no other. */
static void test_more_keys_than_places(void **state)
{
	struct rate rate;

	(void)state;
	rate_init(&rate, 0.001, 1);
	for (uint32_t i = 0; i < RATE_KEYS; i++)
		assert_true(rate_take(&rate, &i, sizeof(i), SECOND_US + i));
	assert_true(rate_take(&rate, "new", 3, 2 * SECOND_US));
	for (uint32_t i = 1; i < RATE_KEYS; i++)
		assert_false(rate_take(&rate, &i, sizeof(i), 2 * SECOND_US));
	rate_destroy(&rate);
}

static void test_clock_that_stands(void **state)
{
	struct rate rate;

	(void)state;
	rate_init(&rate, 1000, 1);
	assert_true(rate_take(&rate, "a", 1, 2 * SECOND_US));
	assert_false(rate_take(&rate, "a", 1, SECOND_US));
	rate_destroy(&rate);
}

static struct peer peer_from(const char *text)
{
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
	struct sockaddr_in in4 = { .sin_family = AF_INET };
	struct peer peer;

	if (inet_pton(AF_INET, text, &in4.sin_addr) == 1)
		peer_of(&peer, (const struct sockaddr *)&in4);
	else if (inet_pton(AF_INET6, text, &in6.sin6_addr) == 1)
		peer_of(&peer, (const struct sockaddr *)&in6);
	else
		fail_msg("%s", text);
	return peer;
}

static void test_peers(void **state)
{
	static const struct {
		const char *a, *b;
		bool equal;
	} cases[] = {
		{ "10.0.0.1", "10.0.0.1", true },
		{ "10.0.0.1", "10.0.0.2", false },
		{ "10.0.0.1", "::ffff:10.0.0.1", true },
		{ "10.0.0.1", "::10.0.0.1", false },
		{ "2001:db8:1:2::1", "2001:db8:1:2:ffff::2", true },
		{ "2001:db8:1:2::1", "2001:db8:1:3::1", false },
		{ "::1", "127.0.0.1", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct peer a = peer_from(cases[i].a), b = peer_from(cases[i].b);

		assert_int_equal(peer_equal(&a, &b), cases[i].equal);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_burst_then_rate),
		cmocka_unit_test(test_no_more_than_the_burst_is_saved_up),
		cmocka_unit_test(test_keys_have_buckets_of_their_own),
		cmocka_unit_test(test_more_keys_than_places),
		cmocka_unit_test(test_clock_that_stands),
		cmocka_unit_test(test_peers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
