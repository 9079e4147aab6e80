/*
 * Pure readers of other people's text: multipath tables, multipathd's configuration and JSON, the array table. Tables
 * of input and result, and for the tables of maps every way to cut one.
 */
#include "dm-import/formats/arrays.h"
#include "dm-import/formats/mp_table.h"
#include "dm-import/formats/mpconf.h"
#include "dm-import/formats/multipathd_maps.h"

#include "base/cleanup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const char two_groups[] = "0 196608 multipath 2 queue_if_no_path retain_attached_hw_handler 1 alua 2 1 "
				 "service-time 0 2 2 8:64 1 1 8:80 1 1 round-robin 1 7 1 1 65:16 1000 \n";

static void test_table_paths(void **state)
{
	struct mp_table table = { 0 };

	(void)state;
	assert_int_equal(mp_table_parse(two_groups, &table, NULL), 0);
	assert_int_equal(table.length_sectors, 196608);
	assert_int_equal(table.group_count, 2);
	assert_int_equal(table.path_count, 3);
	assert_string_equal(table.paths[0], "8:64");
	assert_string_equal(table.paths[2], "65:16");
	assert_int_equal(mp_table_parse("0 8 multipath 0 0 0 0\n", &table, NULL), 0);
	assert_int_equal(table.path_count, 0);
}

static void test_table_every_cut_is_refused(void **state)
{
	size_t length = strlen(two_groups);

	(void)state;
	for (size_t cut = 0; cut < length - 2; cut++) {
		CLEANUP_FREE char *part = strndup(two_groups, cut);
		struct mp_table table = { .path_count = 99 };
		struct error err = { 0 };

		/* a cut inside the last word leaves a shorter last word: another table, but a whole one */
		if (cut > length - 6)
			continue;
		if (mp_table_parse(part, &table, &err) == 0)
			fail_msg("believed: %s", part);
		assert_int_equal(err.code, ERR_DM_FAILED);
		assert_int_equal(table.path_count, 99);
	}
}

static void test_table_refused(void **state)
{
	static const char *const bad[] = {
		"0 8 linear 8:0 0",
		"8 8 multipath 0 0 0 0",
		"0 x multipath 0 0 0 0",
		"0 8 multipath 0 0 0 0 more",
		"0 8 multipath 0 0 0 0\n0 8 multipath 0 0 0 0",
		"0 8 multipath 99999999999 0 0 0",
		"0 8 multipath 0 0 1 1 service-time 0 999 1 8:0 1",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct mp_table table;

		if (mp_table_parse(bad[i], &table, NULL) == 0)
			fail_msg("believed: %s", bad[i]);
	}
}

static void test_table_adapted(void **state)
{
	static const struct {
		const char *table, *with;
	} cases[] = {
		{ "0 8 multipath 0 0 1 1 service-time 0 1 1 8:0 1",
		  "0 8 multipath 1 queue_if_no_path 0 1 1 service-time 0 1 1 8:0 1" },
		{ "0 16 multipath 1 queue_if_no_path 0 0 0", "0 8 multipath 1 queue_if_no_path 0 0 0" },
		{ "0 8 multipath 2 pg_init_retries 50 1 alua 0 0",
		  "0 8 multipath 3 pg_init_retries 50 queue_if_no_path 1 alua 0 0" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP_FREE char *with = NULL;

		assert_int_equal(mp_table_adapt(cases[i].table, 8, "queue_if_no_path", &with, NULL), 0);
		assert_string_equal(with, cases[i].with);
	}
}

static const char config[] =
	"defaults {\n\tuid_attribute \"ID_SERIAL\"\n\trecheck_wwid no\n}\n"
	"blacklist {\n\tdevice {\n\t\tvendor \"DGC\"\n\t\tuid_attribute \"WRONG\"\n\t}\n}\n"
	"devices {\n\tdevice {\n\t\tvendor \"DGC\"\n\t\tproduct \".*\"\n\t\tuid_attribute \"FIRST\"\n\t}\n"
	"\tdevice {\n\t\tvendor \"(NVME|IBM)\"\n\t\tproduct \"S/390\"\n\t\tuid_attribute \"ID_UID\"\n\t}\n"
	"\tdevice {\n\t\tvendor \"DGC\"\n\t\tproduct \"VRAID\"\n\t\tuid_attribute \"LAST\"\n\t}\n}\n";

static void test_config_value(void **state)
{
	char value[32];

	(void)state;
	assert_true(mpconf_value(config, "uid_attribute", "DellEMC", "PowerStore", value, sizeof(value)));
	assert_string_equal(value, "ID_SERIAL");
	assert_true(mpconf_value(config, "uid_attribute", "DGC", "VRAID", value, sizeof(value)));
	assert_string_equal(value, "LAST");
	assert_true(mpconf_value(config, "uid_attribute", "DGC", "RAID 5", value, sizeof(value)));
	assert_string_equal(value, "FIRST");
	assert_true(mpconf_value(config, "recheck_wwid", "DGC", "VRAID", value, sizeof(value)));
	assert_string_equal(value, "no");
	assert_false(mpconf_value(config, "alias", "DGC", "VRAID", value, sizeof(value)));
	assert_false(mpconf_value("", "alias", "DGC", "VRAID", value, sizeof(value)));
}

static void test_config_overrides_win(void **state)
{
	char text[sizeof(config) + 64], value[32];

	(void)state;
	snprintf(text, sizeof(text), "%soverrides {\n\tuid_attribute \"OVER\"\n}\n", config);
	assert_true(mpconf_value(text, "uid_attribute", "DGC", "VRAID", value, sizeof(value)));
	assert_string_equal(value, "OVER");
}

static void test_multipathd_maps(void **state)
{
	static const char answer[] =
		"{\"maps\":[{\"name\":\"a\",\"uuid\":\"36001\",\"path_groups\":[{\"paths\":[{\"dev\":\"sda\",\"dm_st\":"
		"\"active\","
		"\"chk_st\":\"ready\"},{\"dev\":\"sdb\",\"dm_st\":\"failed\",\"chk_st\":\"faulty\"}]},{\"paths\":[{"
		"\"dev\":\"sdc\","
		"\"dm_st\":\"active\",\"chk_st\":\"ghost\"}]}]},{\"name\":\"b\",\"uuid\":\"36002\"}]}";
	CLEANUP_MULTIPATHD_MAP struct multipathd_map map = { 0 };
	struct multipathd_map other = { 0 };

	(void)state;
	assert_true(multipathd_map_find(answer, "36001", &map));
	assert_int_equal(map.path_count, 3);
	assert_true(multipathd_path_usable(multipathd_map_path(&map, "sda")));
	assert_false(multipathd_path_usable(multipathd_map_path(&map, "sdb")));
	assert_true(multipathd_path_usable(multipathd_map_path(&map, "sdc")));
	assert_null(multipathd_map_path(&map, "sdd"));
	assert_true(multipathd_map_find(answer, "36002", &other));
	assert_int_equal(other.path_count, 0);
	multipathd_map_free(&other);
	assert_false(multipathd_map_find(answer, "36003", &other));
	assert_false(multipathd_map_find("timeout\n", "36001", &other));
	assert_false(multipathd_map_find("", "36001", &other));
}

static struct arrays shipped(void)
{
	struct arrays arrays = { 0 };
	char text[8192] = "";
	FILE *file = fopen("dm-import/arrays.conf", "re");

	assert_non_null(file);
	assert_true(fread(text, 1, sizeof(text) - 1, file) > 0);
	fclose(file);
	assert_int_equal(arrays_add(&arrays, "arrays.conf", text, NULL), 0);
	return arrays;
}

static void test_arrays_match(void **state)
{
	static const struct {
		const char *vendor, *product, *revision, *name;
	} cases[] = {
		{ "DGC", "VRAID", "0533", "VNX2" },
		{ "DGC", "VRAID", "4.0", "UNITY" },
		{ "DGC", "RAID 5", "5004", "UNITY" },
		{ "EQLOGIC", "100E-00", "8.1", "EQL" },
		{ "EQLOGIC", "100E-01", "8.1", NULL },
		{ "COMPELNT", "Compellent Vol", "0703", "Compellent" },
		{ "DellEMC", "PowerStore", "2100", "PowerStore" },
		{ "DellEMC", "PowerStoreX", "1", NULL },
		{ "LIO-ORG", "x", "4.0", NULL },
	};
	struct arrays arrays = shipped();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct array *array = arrays_match(&arrays, cases[i].vendor, cases[i].product, cases[i].revision);

		if (!cases[i].name)
			assert_null(array);
		else
			assert_string_equal(array ? array->name : "none", cases[i].name);
	}
	assert_int_equal(arrays_add(&arrays, "site.conf", "[Mine]\nvendor = ACME\nrole = both\n", NULL), 0);
	assert_string_equal(arrays_match(&arrays, "ACME", "any", "1")->name, "Mine");
	arrays_free(&arrays);
}

static void test_arrays_refused(void **state)
{
	static const char *const bad[] = {
		"vendor = X\n",
		"[A]\nproduct = ^x\n",
		"[A]\nvendor = X\nproduct = (\n",
		"[A]\nvendor = NINELETTR\n",
		"[A]\nvendor = X\nrole = maybe\n",
		"[A]\nvendor = X\ncolour = red\n",
		"[A\nvendor = X\n",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct arrays arrays = shipped();
		size_t before = arrays.count;
		struct error err = { 0 };

		if (arrays_add(&arrays, "site.conf", bad[i], &err) == 0)
			fail_msg("believed: %s", bad[i]);
		assert_int_equal(err.code, ERR_CONFIG_INVALID);
		assert_string_equal(err.device, "site.conf");
		assert_int_equal(arrays.count, before);
		arrays_free(&arrays);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table_paths),	cmocka_unit_test(test_table_every_cut_is_refused),
		cmocka_unit_test(test_table_refused),	cmocka_unit_test(test_table_adapted),
		cmocka_unit_test(test_config_value),	cmocka_unit_test(test_config_overrides_win),
		cmocka_unit_test(test_multipathd_maps), cmocka_unit_test(test_arrays_match),
		cmocka_unit_test(test_arrays_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
