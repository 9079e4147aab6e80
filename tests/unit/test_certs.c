/*
 * Names of hosts and certificates, and the judgement over validity and names: what is pure in certs.
 */
#include "certs/check.h"

#include "base/cleanup.h"
#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { DAY_S = 86400, NOW = 1800000000 };

static void names_that_are_none(void **state)
{
	static const char *const bad[] = {
		"",    "a b",	       "-a",	    "a-",   "a..b",	     ".a",  "a.",	   "a_b",
		"*.a", "a,IP:1.2.3.4", "1.2.3.4/8", "a\nb", "db1.example/x", "::g", "fe80::1%eth0"
	};
	char label[65], longest[300];
	struct names names = { 0 };
	struct error err;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(names_add(&names, bad[i], &err), -1);
		assert_int_equal(err.code, ERR_VALUE_INVALID);
	}
	for (size_t length = 1; length < sizeof(label); length++) {
		memset(label, 'a', length);
		label[length] = '\0';
		assert_int_equal(names_add(&names, label, &err), length <= 63 ? 0 : -1);
	}
	for (size_t length = 1; length < sizeof(longest); length++) {
		for (size_t i = 0; i < length; i++)
			longest[i] = i % 60 == 59 && i + 1 < length ? '.' : 'b';
		longest[length] = '\0';
		assert_int_equal(names_add(&names, longest, &err), length <= 253 && names.count < NAMES_MAX ? 0 : -1);
		names.count = 1;
	}
}

static void names_are_there_once(void **state)
{
	static const char *const same[] = { "db1", "DB1", "192.0.2.7", "2001:db8::7", "2001:0DB8:0:0::0007" };
	struct names names = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(same); i++)
		assert_int_equal(names_add(&names, same[i], NULL), 0);
	assert_int_equal(names.count, 3);
	assert_string_equal(names.list[2].text, "2001:db8::7");
	assert_true(names.list[2].is_address);
	assert_false(names.list[0].is_address);
}

static void names_are_not_without_end(void **state)
{
	static struct names names, more;
	struct error err;
	char text[16];

	(void)state;
	for (unsigned i = 0; i < NAMES_MAX; i++) {
		snprintf(text, sizeof(text), "host%u", i);
		assert_int_equal(names_add(&names, text, &err), 0);
	}
	assert_int_equal(names_add(&names, "host7", &err), 0);
	assert_int_equal(names_add(&names, "more", &err), -1);
	names_take(&more, "more", 4, false);
	assert_int_equal(names_add_all(&names, &more, &err), -1);
	names_take(&names, "more", 4, false);
	assert_int_equal(names.count, NAMES_MAX);
}

static void what_a_certificate_says_is_shown_harmlessly(void **state)
{
	struct names names = { 0 }, host = { 0 };
	CLEANUP_BUF struct buf text = { 0 }, none = { 0 };
	char longest[400];

	(void)state;
	memset(longest, 'x', sizeof(longest));
	names_take(&names, "a\x1b[31m\0b", 8, false);
	names_take(&names, "*.example", 9, false);
	names_take(&names, "192.0.2.7", 9, true);
	names_print(&names, &text);
	assert_string_equal(buf_text(&text), "a?[31m?b, *.example, 192.0.2.7");
	names_take(&names, longest, sizeof(longest), false);
	assert_int_equal(strlen(names.list[3].text), CERT_NAME_SIZE - 1);
	names.count = 3;
	assert_int_equal(names_add_all(&host, &names, NULL), 0); /* what is no host's name is not taken over */
	assert_int_equal(host.count, 1);
	names_print(&(struct names){ 0 }, &none);
	assert_string_equal(buf_text(&none), "-");
}

static void one_name_covers_another(void **state)
{
	static const struct {
		const char *certificate, *host;
		bool covers;
	} cases[] = {
		{ "db1.example", "db1.example", true },
		{ "DB1.Example", "db1.example", true },
		{ "db1.example", "db1", true },
		{ "db1", "db1", true },
		{ "db1", "db1.example", false },
		{ "db1.example", "db", false },
		{ "db1.example", "db11", false },
		{ "db1.example", "db1.example.org", false },
		{ "*.example", "db1.example", true },
		{ "*.example", "db1", true },
		{ "*.example", "a.db1.example", false },
		{ "*.example", "example", true },
		{ "*", "db1", false },
		{ "d*.example", "db1.example", false },
		{ "db1.example", "192.0.2.7", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct names certificate = { 0 }, host = { 0 };

		names_take(&certificate, cases[i].certificate, strlen(cases[i].certificate), false);
		assert_int_equal(names_add(&host, cases[i].host, NULL), 0);
		if (names_cover(&certificate, &host.list[0]) != cases[i].covers)
			fail_msg("%s and %s", cases[i].certificate, cases[i].host);
	}
}

static struct names names_of(const char *list)
{
	struct names names = { 0 };
	char copy[256], *state = NULL;

	snprintf(copy, sizeof(copy), "%s", list);
	for (char *name = strtok_r(copy, " ", &state); name; name = strtok_r(NULL, " ", &state))
		if (names_add(&names, name, NULL) < 0)
			names_take(&names, name, strlen(name), false);
	return names;
}

/* What a host's certificate lacks; "" = nothing. */
static void names_of_the_host(void **state)
{
	static const struct {
		const char *certificate, *host, *lacks;
	} cases[] = {
		{ "db1 localhost 192.0.2.7", "db1 localhost 127.0.0.1 ::1 192.0.2.7", "" },
		{ "db1 192.0.2.7", "db1 db1.example 192.0.2.7", "" },
		{ "db1 192.0.2.7", "db1 192.0.2.7 2001:db8::7", "2001:db8::7" },
		{ "db1 192.0.2.7", "db2 192.0.2.8", "db2, 192.0.2.8" },
		{ "db1 192.0.2.7 192.0.2.8", "db1 192.0.2.7", "" },
		{ "db1.example", "db1 192.0.2.7", "" }, /* issued for names alone */
		{ "192.0.2.7", "db1 192.0.2.7", "" },	/* for addresses alone */
		{ "", "db1 localhost 192.0.2.7 127.0.0.1", "db1, 192.0.2.7" },
		{ "db1 192.0.2.7", "localhost 127.0.0.1 127.0.1.1 ::1", "" },
		{ "*.example", "db1.example 192.0.2.7", "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct certificate certificate = { .names = names_of(cases[i].certificate) };
		struct names host = names_of(cases[i].host);
		struct findings findings = { 0 };
		char wanted[128];

		check_names(&certificate, &host, &findings);
		assert_int_equal(findings.count, *cases[i].lacks ? 1 : 0);
		if (!findings.count)
			continue;
		snprintf(wanted, sizeof(wanted), "it is not for %s", cases[i].lacks);
		assert_int_equal(findings.list[0].code, ERR_CERTIFICATE_NAMES_MISSING);
		assert_string_equal(findings.list[0].detail, wanted);
	}
}

static void validity(void **state)
{
	static const struct {
		long from_s, until_s; /* from NOW */
		unsigned days;
		enum error_code code;
	} cases[] = {
		{ -1, 30 * DAY_S, 30, ERR_NONE },
		{ -1, 30 * DAY_S - 1, 30, ERR_CERTIFICATE_EXPIRES_SOON },
		{ 0, 1, 30, ERR_CERTIFICATE_EXPIRES_SOON },
		{ -1, 0, 1, ERR_CERTIFICATE_EXPIRES_SOON },
		{ -1, 0, 0, ERR_NONE },
		{ -2, -1, 0, ERR_CERTIFICATE_EXPIRED },
		{ -2, -1, 30, ERR_CERTIFICATE_EXPIRED },
		{ 1, 60 * DAY_S, 30, ERR_CERTIFICATE_NOT_VALID_YET },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct certificate certificate = { .not_before = NOW + cases[i].from_s,
						   .not_after = NOW + cases[i].until_s };
		struct findings findings = { 0 };

		check_validity(&certificate, cases[i].days, NOW, &findings);
		assert_int_equal(findings.count, cases[i].code ? 1 : 0);
		assert_int_equal(findings.list[0].code, cases[i].code);
	}
}

static void days_between(void **state)
{
	(void)state;
	assert_int_equal(clock_days(NOW, NOW), 0);
	assert_int_equal(clock_days(NOW, NOW + DAY_S - 1), 0);
	assert_int_equal(clock_days(NOW, NOW + DAY_S), 1);
	assert_int_equal(clock_days(NOW, NOW - 1), -1);
	assert_int_equal(clock_days(NOW, NOW - DAY_S), -1);
	assert_int_equal(clock_days(NOW, NOW - DAY_S - 1), -2);
}

static void findings_have_an_end(void **state)
{
	struct certificate certificate = { .not_before = NOW + 1, .not_after = NOW - 1 };
	struct findings findings = { 0 };

	(void)state;
	for (unsigned i = 0; i < FINDINGS_MAX; i++)
		check_validity(&certificate, 30, NOW, &findings);
	assert_int_equal(findings.count, FINDINGS_MAX);
}

static void a_broken_certificate_is_refused_at_any_length(void **state)
{
	struct names names = { 0 };
	struct pem_pair pair;
	static struct certificate says;
	struct error err;

	(void)state;
	assert_int_equal(names_add(&names, "db1.example", &err), 0);
	assert_int_equal(names_add(&names, "2001:db8::7", &err), 0);
	assert_int_equal(pem_pair_make(&names, 730, &pair, &err), 0);
	pair.certificate_file = pair.key_file = "x";
	assert_int_equal(pem_pair_belongs(&pair, &err), 0);
	assert_int_equal(certificate_parse(pair.certificate, "x", &says, &err), 0);
	assert_string_equal(says.subject, "CN=db1.example");
	assert_string_equal(says.names.list[1].text, "2001:db8::7");
	assert_true(says.self_signed);
	for (size_t length = strlen(pair.certificate) - 2; length-- > 0;) {
		pair.certificate[length] = '\0';
		assert_int_equal(certificate_parse(pair.certificate, "x", &says, &err), -1);
		assert_int_equal(err.code, ERR_CERTIFICATE_UNREADABLE);
		assert_int_equal(pem_pair_belongs(&pair, &err), -1);
	}
	pem_pair_free(&pair);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_that_are_none),
		cmocka_unit_test(names_are_there_once),
		cmocka_unit_test(names_are_not_without_end),
		cmocka_unit_test(what_a_certificate_says_is_shown_harmlessly),
		cmocka_unit_test(one_name_covers_another),
		cmocka_unit_test(names_of_the_host),
		cmocka_unit_test(validity),
		cmocka_unit_test(days_between),
		cmocka_unit_test(findings_have_an_end),
		cmocka_unit_test(a_broken_certificate_is_refused_at_any_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
