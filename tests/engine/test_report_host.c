/*
 * What the host's report says of its cluster, by the files that each kind of cluster leaves, and what is wrong with the
 * host.
 */
#include "engine_test.h"

#include "base/buf.h"
#include "base/cleanup.h"

static struct host_test test;

static int list_fails(void *ctx, const char *path, char **ret_names, struct error *err)
{
	(void)ctx;
	(void)ret_names;
	return error_set(err, ERR_IO, path, "no");
}

static int setup(void **state)
{
	(void)state;
	host_test_begin(&test, 1, 2);
	assert_int_equal(host_test_open(&test), 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	host_test_end(&test);
	return 0;
}

struct row {
	const char *name;
	const char *path, *text; /* a file; its content */
	const char *expected;	 /* "type: member member" */
};

#define COROSYNC "/etc/corosync/corosync.conf"
#define TOTEM "totem {\n\tversion: 2\n\tinterface {\n\t\tname: not-a-node\n\t\tring0_addr: 10.0.0.0\n\t}\n}\n"

static const struct row rows[] = {
	{ "nothing", "/etc/hostname", "a\n", "none:" },
	{ "keepalived is none", "/etc/keepalived/keepalived.conf", "vrrp_instance a {\n}\n", "none:" },
	{ "packages without a cluster", "/etc/pacemaker/README", "", "none:" },
	{ "two nodes", COROSYNC,
	  TOTEM "nodelist {\n  node {\n    ring0_addr: 10.0.0.1\n    name: a\n    nodeid: 1\n  }\n\n"
		"  node {\n    name: b.example\n    ring0_addr: 10.0.0.2\n  }\n}\nquorum {\n  provider: "
		"corosync_votequorum\n}\n",
	  "Pacemaker/Corosync: a b.example" },
	{ "nodes without names", COROSYNC,
	  "nodelist{\n\tnode{\n\t\tring0_addr:10.0.0.1\n\t\tring1_addr: 10.1.0.1\n\t}\n\tnode {\r\n\t\tring0_addr: "
	  "fe80::2 \r\n\t}\r\n}\n",
	  "Pacemaker/Corosync: 10.0.0.1 fe80::2" },
	{ "comments", COROSYNC,
	  "# nodelist {\nnodelist {\n  # node {\n  node {\n    # name: old\n    name: new\n  }\n}\n",
	  "Pacemaker/Corosync: new" },
	{ "a name of another node's neighbour", COROSYNC,
	  "nodelist {\n  node {\n    name: a\n  }\n  node {\n    nodeid: 2\n  }\n  other {\n    name: c\n  }\n}\nname: "
	  "d\n",
	  "Pacemaker/Corosync: a" },
	{ "a section within a node", COROSYNC,
	  "nodelist {\n  node {\n    name: a\n    more {\n      name: b\n    }\n    ring0_addr: c\n  }\n}\n",
	  "Pacemaker/Corosync: a" },
	{ "node outside of the list", COROSYNC, "node {\n  name: a\n}\nx {\n  node {\n    name: b\n  }\n}\n",
	  "Pacemaker/Corosync:" },
	{ "multicast, no list", COROSYNC, TOTEM, "Pacemaker/Corosync:" },
	{ "empty file", COROSYNC, "", "Pacemaker/Corosync:" },
	{ "too many ends", COROSYNC, "}\n}\nnodelist {\n}\n}\nnodelist {\n  node {\n    name: a\n  }\n}\n",
	  "Pacemaker/Corosync: a" },
	{ "cut off", COROSYNC, "nodelist {\n  node {\n    name: a\n  }\n  node {\n    name: b",
	  "Pacemaker/Corosync: a" },
	{ "remote node", "/etc/pacemaker/authkey", "\x01\x02", "Pacemaker/Corosync:" },
	{ "Veritas", "/etc/llthosts", "0 north\n1\tsouth \n# 2 west\n\n 3  east  x\n4\n", "Veritas: north south east" },
	{ "Oracle", "/etc/oracle/ocr.loc", "ocrconfig_loc=+DATA/c/OCRFILE/registry\nlocal_only=FALSE\n",
	  "Oracle Clusterware:" },
	{ "Oracle of before", "/etc/oracle/ocr.loc", "ocrconfig_loc=/dev/raw/raw1\n", "Oracle Clusterware:" },
	{ "Oracle, local registry only", "/etc/oracle/olr.loc", "crs_home=/u01/grid\n", "Oracle Clusterware:" },
	{ "Oracle Restart", "/etc/oracle/ocr.loc", "ocrconfig_loc=/u01/local.ocr\nlocal_only=TRUE\n", "none:" },
	{ "Oracle Restart in small letters", "/etc/oracle/ocr.loc", "local_only=true\r\n", "none:" },
	{ "Oracle database alone", "/etc/oratab", "ORCL:/u01/db:Y\n", "none:" },
	{ "Spectrum Scale", "/var/mmfs/gen/mmsdrfs",
	  "%%9999%%:00_VERSION_LINE::1509:3:12::lc:a:b:0:\n%%home%%:03_COMMENT::1:a:b\n"
	  "%%home%%:20_MEMBER_NODE::1:1:gpfs1:10.0.0.1:gpfs1.example:manager::::\n"
	  "%%home%%:20_MEMBER_NODE::2:2:gpfs2:10.0.0.2:gpfs2.example:client::::\n%%home%%:20_MEMBER_NODE::3\n",
	  "IBM Spectrum Scale: gpfs1 gpfs2" },
	{ "Spectrum Scale's packages", "/var/mmfs/etc/nsddevices", "", "none:" },
	{ "OCFS2", "/etc/ocfs2/cluster.conf",
	  "cluster:\n\tnode_count = 2\n\tname = ocfs2\n\nnode:\n\tip_port = 7777\n\tname = a\n\tcluster = "
	  "ocfs2\n\nnode:\n\tname=b\n",
	  "OCFS2: a b" },
	{ "Serviceguard", "/usr/local/cmcluster/conf/cmclconfig", "\x01", "Serviceguard:" },
	{ "Serviceguard on SUSE", "/opt/cmcluster/conf/cmclconfig", "\x01", "Serviceguard:" },
	{ "Serviceguard's packages", "/usr/local/cmcluster/conf/cmcluster.rc", "", "none:" },
	{ "LifeKeeper", "/etc/default/LifeKeeper", "LKROOT=/opt/LifeKeeper\n", "LifeKeeper:" },
	{ "another default", "/etc/default/LifeKeeper.old", "", "none:" },
};

static struct json_object *report_of_host(void)
{
	CLEANUP(host_report_free) struct host_report host = { 0 };

	assert_int_equal(engine_report_host(test.engine, &host, &test.err), 0);
	return host_json(&host);
}

/* "type: member member", owned by the caller. */
static char *cluster(void)
{
	struct json_object *report = report_of_host(), *cluster_object, *type, *members;
	struct buf text = { 0 };

	assert_true(json_object_object_get_ex(report, "cluster", &cluster_object));
	assert_true(json_object_object_get_ex(cluster_object, "type", &type));
	assert_true(json_object_object_get_ex(cluster_object, "members", &members));
	buf_printf(&text, "%s:", json_object_get_string(type));
	for (size_t i = 0; i < json_object_array_length(members); i++)
		buf_printf(&text, " %s", json_object_get_string(json_object_array_get_idx(members, i)));
	json_object_put(report);
	return buf_take(&text);
}

static void each_kind_of_cluster(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		CLEANUP_FREE char *seen = NULL;

		world_write_file(test.world, rows[i].path, rows[i].text, 0644);
		seen = cluster();
		if (strcmp(seen, rows[i].expected) != 0)
			fail_msg("%s: expected '%s', got '%s'", rows[i].name, rows[i].expected, seen);
		world_remove_file(test.world, rows[i].path);
	}
}

static void of_several_the_first_counts(void **state)
{
	CLEANUP_FREE char *seen = NULL;

	(void)state;
	world_write_file(test.world, "/etc/oracle/ocr.loc", "local_only=FALSE\n", 0644);
	world_write_file(test.world, "/etc/llthosts", "0 a\n", 0644);
	seen = cluster();
	assert_string_equal(seen, "Veritas: a");
}

/* Every prefix of a file: nothing breaks, and it is a cluster all the same. */
static void a_file_that_is_being_written(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (strcmp(rows[i].path, COROSYNC) != 0)
			continue;
		for (size_t length = 0; length <= strlen(rows[i].text); length++) {
			CLEANUP_FREE char *part = strndup(rows[i].text, length), *seen = NULL;

			world_write_file(test.world, COROSYNC, part, 0644);
			seen = cluster();
			assert_memory_equal(seen, "Pacemaker/Corosync:", strlen("Pacemaker/Corosync:"));
		}
	}
}

/* "code code", owned by the caller; each has a text of one line and a remedy. */
static char *codes_of(struct json_object *findings)
{
	struct buf text = { 0 };
	struct json_object *value;

	for (size_t i = 0; i < json_object_array_length(findings); i++) {
		struct json_object *finding = json_object_array_get_idx(findings, i);

		assert_true(json_object_object_get_ex(finding, "remedy", &value) && *json_object_get_string(value));
		assert_true(json_object_object_get_ex(finding, "text", &value) && *json_object_get_string(value));
		assert_null(strchr(json_object_get_string(value), '\n'));
		assert_true(json_object_object_get_ex(finding, "code", &value));
		buf_printf(&text, "%s%s", i ? " " : "", json_object_get_string(value));
	}
	return text.length ? buf_take(&text) : strdup("");
}

/* Of the report, which asks multipathd too; those that files alone tell are the same without it. */
static void expect_findings(const char *of_files, const char *of_multipathd)
{
	struct json_object *report = report_of_host(), *findings, *by_files;
	CLEANUP(finding_list_free) struct finding_list list = { 0 };
	CLEANUP_BUF struct buf all = { 0 };

	assert_true(json_object_object_get_ex(report, "findings", &findings));
	assert_int_equal(engine_report_findings(&test.options, &test.ports.host, &list, &test.err), 0);
	by_files = findings_json(&list);
	CLEANUP_FREE char *seen = codes_of(findings), *seen_by_files = codes_of(by_files);

	buf_printf(&all, "%s%s%s", of_files, *of_files && *of_multipathd ? " " : "", of_multipathd);
	assert_string_equal(seen, buf_text(&all));
	assert_string_equal(seen_by_files, of_files);
	json_object_put(by_files);
	json_object_put(report);
}

static void what_is_wrong_with_the_host(void **state)
{
	(void)state;
	expect_findings("", "");
	world_write_file(test.world, "/run/udev/rules.d/60-other.rules", "", 0644);
	expect_findings("", "");
	world_write_file(test.world, "/run/dm-import/initramfs-failed", "no space\nat all\n", 0644);
	expect_findings("initramfs_old", "");
	world_write_file(test.world, "/sys/module/vxdmp/refcnt", "1\n", 0644);
	expect_findings("product_conflict initramfs_old", "");
	world_write_file(test.world, "/run/udev/rules.d/61-dm-import_boot.rules", "", 0644);
	expect_findings("boot_rules product_conflict initramfs_old", "");
	multipathd_stop(test.world);
	expect_findings("boot_rules product_conflict initramfs_old", "multipathd_not_running");
}

/* What cannot be looked at is no clean bill. */
static void findings_that_cannot_be_read(void **state)
{
	struct finding_list findings = { 0 };
	struct host_port *host = &test.ports.host;

	(void)state;
	host->list = list_fails;
	assert_int_equal(engine_report_findings(&test.options, host, &findings, &test.err), -1);
	assert_int_equal(test.err.code, ERR_IO);
	assert_null(findings.list);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		WITH_WORLD(each_kind_of_cluster),	  WITH_WORLD(of_several_the_first_counts),
		WITH_WORLD(a_file_that_is_being_written), WITH_WORLD(what_is_wrong_with_the_host),
		WITH_WORLD(findings_that_cannot_be_read),
	};

	return cmocka_run_group_tests_name("report of the host", tests, NULL, NULL);
}
