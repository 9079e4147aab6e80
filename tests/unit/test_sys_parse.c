/*
 * The texts of sysfs and /proc, good and bad, and each good one cut at every length.
 */
#include "dm-import/formats/kernel_text.h"

#include "base/cleanup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const char mount_text[] =
	"36 35 253:4 / /srv/my\\040data rw,noatime shared:1 master:2 - ext4 /dev/mapper/vg-lv rw,errors=continue\n";

static void test_mountinfo(void **state)
{
	static const struct {
		const char *line;
		unsigned major, minor;
		const char *mount_point, *type, *source; /* NULL: refused */
	} cases[] = {
		{ mount_text, 253, 4, "/srv/my data", "ext4", "/dev/mapper/vg-lv" },
		{ "22 1 0:20 / /sys rw - sysfs sysfs rw\n", 0, 20, "/sys", "sysfs", "sysfs" },
		{ "40 1 0:35 /@home /home rw,x shared:9 - btrfs /dev/dm-2 rw", 0, 35, "/home", "btrfs", "/dev/dm-2" },
		{ "40 1 8:1 / /a\\134b\\011c\\012d rw - xfs /dev/sda1 rw", 8, 1, "/a\\b\tc\nd", "xfs", "/dev/sda1" },
		{ "40 1 8:1 / /a\\09 rw - xfs /dev/sda1 rw", 8, 1, "/a\\09", "xfs", "/dev/sda1" },
		{ "40 1 8:1 / /a rw - xfs /dev/sda1", 8, 1, "/a", "xfs", "/dev/sda1" },
		{ "", 0, 0, NULL, NULL, NULL },
		{ "\n", 0, 0, NULL, NULL, NULL },
		{ "40 1 8:1 / /a rw shared:1 xfs /dev/sda1 rw", 0, 0, NULL, NULL, NULL },
		{ "40 1 8-1 / /a rw - xfs /dev/sda1 rw", 0, 0, NULL, NULL, NULL },
		{ "40 1 8:x / /a rw - xfs /dev/sda1 rw", 0, 0, NULL, NULL, NULL },
		{ "40 1 8: / /a rw - xfs /dev/sda1 rw", 0, 0, NULL, NULL, NULL },
		{ "40 1 8:4294967296 / /a rw - xfs /dev/sda1 rw", 0, 0, NULL, NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		CLEANUP_FREE char *line = strdup(cases[i].line);
		struct mount_line mount;

		assert_int_equal(parse_mountinfo_line(line, &mount), cases[i].mount_point != NULL);
		if (!cases[i].mount_point)
			continue;
		assert_int_equal(mount.major, cases[i].major);
		assert_int_equal(mount.minor, cases[i].minor);
		assert_string_equal(mount.mount_point, cases[i].mount_point);
		assert_string_equal(mount.type, cases[i].type);
		assert_string_equal(mount.source, cases[i].source);
	}
}

/* No cut line may be read beyond its end (MODE=asan), nor be taken for one with other numbers. */
static void test_mountinfo_cut_at_every_length(void **state)
{
	(void)state;
	for (size_t length = 0; length < sizeof(mount_text); length++) {
		CLEANUP_FREE char *line = strndup(mount_text, length);
		struct mount_line mount;

		if (!parse_mountinfo_line(line, &mount))
			continue;
		assert_int_equal(mount.major, 253);
		assert_int_equal(mount.minor, 4);
		assert_string_equal(mount.mount_point, "/srv/my data");
		assert_string_equal(mount.type, "ext4");
	}
}

static void test_swaps(void **state)
{
	char heading[] = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n";
	char partition[] = "/dev/dm-1                               partition\t979964\t\t0\t\t-2\n";
	char file[] = "/my\\040swap file 1024 0 -3\n";
	char empty[] = "";
	char *device = NULL;

	(void)state;
	assert_false(parse_swaps_line(heading, &device));
	assert_false(parse_swaps_line(empty, &device));
	assert_null(device);
	assert_true(parse_swaps_line(partition, &device));
	assert_string_equal(device, "/dev/dm-1");
	assert_true(parse_swaps_line(file, &device));
	assert_string_equal(device, "/my swap");
}

static void test_wwid_attribute(void **state)
{
	static const struct {
		const char *text, *wwid;
	} cases[] = {
		{ "naa.6001405111111111111411181111111A", "36001405111111111111411181111111a" },
		{ "naa.50060160bea01234", "350060160bea01234" },
		{ "naa.600140511111111111141118111111111", "" },
		{ "naa.60014051111111111114111811111", "" },
		{ "naa.6001405111111111111411181111111g", "" },
		{ "naa.", "" },
		{ "naa", "" },
		{ "", "" },
		{ "eui.0025385b71b00b4d", "" },
		{ "t10.ATA     QEMU HARDDISK", "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char wwid[WWID_SIZE] = "untouched";

		assert_int_equal(parse_wwid_attribute(cases[i].text, wwid), cases[i].wwid[0] != '\0');
		assert_string_equal(wwid, cases[i].wwid);
	}
}

static void test_access_state(void **state)
{
	(void)state;
	assert_int_equal(parse_access_state(""), ALUA_NONE);
	assert_int_equal(parse_access_state("active/optimized"), ALUA_OPTIMIZED);
	assert_int_equal(parse_access_state("active/non-optimized"), ALUA_NON_OPTIMIZED);
	assert_int_equal(parse_access_state("standby"), ALUA_STANDBY);
	assert_int_equal(parse_access_state("unavailable"), ALUA_UNAVAILABLE);
	assert_int_equal(parse_access_state("offline"), ALUA_OFFLINE);
	assert_int_equal(parse_access_state("transitioning"), ALUA_TRANSITIONING);
	assert_int_equal(parse_access_state("lba-dependent"), ALUA_OTHER);
	assert_int_equal(parse_access_state("active"), ALUA_OTHER);
}

static void test_port_wwn(void **state)
{
	char wwn[32];

	(void)state;
	assert_true(parse_port_wwn("0x500601603ea01234", wwn, sizeof(wwn)));
	assert_string_equal(wwn, "50:06:01:60:3e:a0:12:34");
	assert_true(parse_port_wwn("500601603ea01234", wwn, 24));
	assert_false(parse_port_wwn("500601603ea01234", wwn, 23));
	assert_string_equal(wwn, "");
	assert_false(parse_port_wwn("0x500601603ea0123", wwn, sizeof(wwn)));
	assert_false(parse_port_wwn("0x500601603ea012345", wwn, sizeof(wwn)));
	assert_false(parse_port_wwn("0x500601603ea0123g", wwn, sizeof(wwn)));
	assert_false(parse_port_wwn("", wwn, sizeof(wwn)));
}

static void test_path_component(void **state)
{
	static const char fc[] =
		"/sys/devices/pci0000:00/0000:00:03.0/host12/rport-12:0-3/target12:0:3/12:0:3:1/block/sdc";
	static const char iscsi[] = "/sys/devices/platform/host3/session2/target3:0:0/3:0:0:0/block/sdd";
	char part[32] = "untouched";

	(void)state;
	assert_true(parse_path_component(fc, "host", part, sizeof(part)));
	assert_string_equal(part, "host12");
	assert_true(parse_path_component(fc, "rport-", part, sizeof(part)));
	assert_string_equal(part, "rport-12:0-3");
	assert_true(parse_path_component(iscsi, "session", part, sizeof(part)));
	assert_string_equal(part, "session2");
	assert_false(parse_path_component(fc, "session", part, sizeof(part)));
	assert_false(parse_path_component(iscsi, "rport-", part, sizeof(part)));
	assert_false(parse_path_component("/sys/hosts/session", "host", part, sizeof(part)));
	assert_false(parse_path_component("host1", "host", part, sizeof(part)));
	assert_false(parse_path_component("", "host", part, sizeof(part)));
	assert_string_equal(part, "session2");
	assert_true(parse_path_component("/session2", "session", part, 5)); /* cut, never beyond */
	assert_string_equal(part, "sess");
}

static void test_dm_uuid(void **state)
{
	(void)state;
	assert_int_equal(user_kind_of_dm("LVM-abcdef"), USER_LVM);
	assert_int_equal(user_kind_of_dm("part1-mpath-36001405"), USER_PARTITION);
	assert_int_equal(user_kind_of_dm("part12-mpath-36001405"), USER_PARTITION);
	assert_int_equal(user_kind_of_dm("partner-1"), USER_DM);
	assert_int_equal(user_kind_of_dm("CRYPT-LUKS2-x"), USER_DM);
	assert_int_equal(user_kind_of_dm(""), USER_DM);
	assert_true(is_multipath_uuid("mpath-36001405"));
	assert_false(is_multipath_uuid("part1-mpath-36001405"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mountinfo),      cmocka_unit_test(test_mountinfo_cut_at_every_length),
		cmocka_unit_test(test_swaps),	       cmocka_unit_test(test_wwid_attribute),
		cmocka_unit_test(test_access_state),   cmocka_unit_test(test_port_wwn),
		cmocka_unit_test(test_path_component), cmocka_unit_test(test_dm_uuid),
	};

	return cmocka_run_group_tests_name("sys_parse", tests, NULL, NULL);
}
