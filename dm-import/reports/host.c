/*
 * What the engine reports of the host itself and of the arrays it knows: names, initiators, path managers, cluster.
 * From small files of /etc and /sys, read through the host port.
 */
#include "dm-import/checks/host.h"
#include "dm-import/boot/files.h"

#include "base/buf.h"
#include "base/cleanup.h"

#include <string.h>
#include <sys/utsname.h>

/* The value of KEY=value or KEY="value" at a line's begin; "" when there is none. */
static void value_of(const char *text, const char *key, char *ret, size_t size)
{
	size_t key_length = strlen(key);

	ret[0] = '\0';
	for (; text && *text; text += strcspn(text, "\n"), text += *text == '\n') {
		const char *value = text + key_length + 1;

		if (strncmp(text, key, key_length) != 0 || text[key_length] != '=')
			continue;
		value += *value == '"';
		snprintf(ret, size, "%.*s", (int)strcspn(value, "\"\n"), value);
		return;
	}
}

static int add_initiator(struct host_report *report, const char *name, enum protocol protocol, struct error *err)
{
	struct initiator *more =
		reallocarray(report->initiators, report->initiator_count + 1, sizeof(*report->initiators));

	if (!more)
		return error_no_memory(err);
	report->initiators = more;
	more[report->initiator_count] = (struct initiator){ .protocol = protocol };
	snprintf(more[report->initiator_count++].name, sizeof(more->name), "%s", name);
	return 0;
}

static int fill_initiators(const struct host_port *host, struct host_report *ret, struct error *err)
{
	CLEANUP_FREE char *iscsi = NULL;
	CLEANUP_FREE char *names = NULL;
	char value[256], path[300], *rest, *name;

	if (host->read(host->ctx, "/etc/iscsi/initiatorname.iscsi", &iscsi, NULL) == 0 && iscsi) {
		value_of(iscsi, "InitiatorName", value, sizeof(value));
		if (*value && add_initiator(ret, value, PROTOCOL_ISCSI, err) < 0)
			return -1;
	}
	if (host->list(host->ctx, "/sys/class/fc_host", &names, NULL) < 0)
		return 0;
	for (name = strtok_r(names, "\n", &rest); name; name = strtok_r(NULL, "\n", &rest)) {
		CLEANUP_FREE char *port = NULL;

		snprintf(path, sizeof(path), "/sys/class/fc_host/%.200s/port_name", name);
		if (host->read(host->ctx, path, &port, NULL) < 0 || !port)
			continue;
		port[strcspn(port, "\n")] = '\0';
		if (add_initiator(ret, port, PROTOCOL_FC, err) < 0)
			return -1;
	}
	return 0;
}

/* --- the cluster ---------------------------------------------------------------------------------------------- */

/* NULL when it is missing, or cannot be read. Owned by the caller. */
static char *text_of(const struct host_port *host, const char *path)
{
	char *text = NULL;

	return host->read(host->ctx, path, &text, NULL) < 0 ? NULL : text;
}

/* For files that are no text, or long. */
static bool is_there(const struct host_port *host, const char *directory, const char *file)
{
	CLEANUP_FREE char *names = NULL;
	char *rest, *name;

	if (host->list(host->ctx, directory, &names, NULL) < 0)
		return false;
	for (name = strtok_r(names, "\n", &rest); name; name = strtok_r(NULL, "\n", &rest))
		if (strcmp(name, file) == 0)
			return true;
	return false;
}

/* Without the blanks at both ends; changes `text`. */
static char *trimmed(char *text)
{
	size_t length;

	text += strspn(text, " \t");
	for (length = strlen(text); length && strchr(" \t\r", text[length - 1]); length--)
		;
	text[length] = '\0';
	return text;
}

/* The next line that says something; NULL at the end. *text is where to go on; it is changed. */
static char *next_line(char **text)
{
	char *line;

	while ((line = strsep(text, "\n"))) {
		line = trimmed(line);
		if (*line && *line != '#')
			return line;
	}
	return NULL;
}

static void add_member(struct buf *members, const char *name)
{
	if (*name)
		buf_printf(members, "%s\n", name);
}

/* nodelist { node { name: …, ring0_addr: … } … }: a brace or one "key: value" a line, see corosync.conf(5). */
static void add_corosync_nodes(char *text, struct buf *members)
{
	const char *name = "", *address = "";
	bool in_list = false, in_node = false;
	unsigned depth = 0;
	char *line, *value;

	while ((line = next_line(&text))) {
		if ((value = strchr(line, '{'))) {
			*value = '\0';
			line = trimmed(line);
			in_list = depth == 0 ? strcmp(line, "nodelist") == 0 : in_list;
			if (++depth == 2)
				in_node = in_list && strcmp(line, "node") == 0;
			if (depth == 2)
				name = address = "";
		} else if ((value = strchr(line, ':'))) {
			*value++ = '\0';
			if (in_node && depth == 2 && strcmp(trimmed(line), "name") == 0)
				name = trimmed(value);
			else if (in_node && depth == 2 && strcmp(trimmed(line), "ring0_addr") == 0)
				address = trimmed(value);
		} else if (*line == '}' && depth) {
			if (in_node && depth == 2)
				add_member(members, *name ? name : address);
			in_node = in_node && depth != 2;
			depth--;
		}
	}
}

/* A node that runs pacemaker_remote has the key alone: it does not know who else there is. */
static bool is_corosync(const struct host_port *host, struct buf *members)
{
	CLEANUP_FREE char *text = text_of(host, "/etc/corosync/corosync.conf");

	if (text)
		add_corosync_nodes(text, members);
	return text || is_there(host, "/etc/pacemaker", "authkey");
}

/* Lines "0 name": LLT's numbers. */
static bool is_veritas(const struct host_port *host, struct buf *members)
{
	CLEANUP_FREE char *text = text_of(host, "/etc/llthosts");
	char *rest = text, *line;

	while (rest && (line = next_line(&rest))) {
		line += strcspn(line, " \t");
		line += strspn(line, " \t");
		line[strcspn(line, " \t")] = '\0';
		add_member(members, line);
	}
	return text;
}

/* Oracle Restart, on one host alone, has the same files and says so. The members are in the cluster's own registry. */
static bool is_oracle(const struct host_port *host, struct buf *members)
{
	CLEANUP_FREE char *text = text_of(host, "/etc/oracle/ocr.loc");
	char alone[8];

	(void)members;
	value_of(text, "local_only", alone, sizeof(alone));
	return text ? strncasecmp(alone, "true", 4) != 0 : is_there(host, "/etc/oracle", "olr.loc");
}

/* Records of fields between colons; a member's are "…:20_MEMBER_NODE::number:number:name:address:…". */
static bool is_spectrum_scale(const struct host_port *host, struct buf *members)
{
	enum { FIELD_KIND = 1, FIELD_NAME = 5 };
	CLEANUP_FREE char *text = NULL;
	char *rest, *line, *field;

	if (!is_there(host, "/var/mmfs/gen", "mmsdrfs"))
		return false;
	text = rest = text_of(host, "/var/mmfs/gen/mmsdrfs");
	while (rest && (line = next_line(&rest))) {
		for (int i = 0; (field = strsep(&line, ":")); i++) {
			if (i == FIELD_KIND && strcmp(field, "20_MEMBER_NODE") != 0)
				break;
			if (i == FIELD_NAME)
				add_member(members, field);
		}
	}
	return true;
}

/* Stanzas "node:" and "cluster:" of lines "key = value". */
static bool is_ocfs2(const struct host_port *host, struct buf *members)
{
	CLEANUP_FREE char *text = text_of(host, "/etc/ocfs2/cluster.conf");
	char *rest = text, *line, *value;
	bool in_node = false;

	while (rest && (line = next_line(&rest))) {
		value = strchr(line, '=');
		if (!value) {
			in_node = strcmp(line, "node:") == 0;
			continue;
		}
		*value++ = '\0';
		if (in_node && strcmp(trimmed(line), "name") == 0)
			add_member(members, trimmed(value));
	}
	return text;
}

/* Where Red Hat and SUSE systems have it; the file is made with the cluster, and is binary. */
static bool is_serviceguard(const struct host_port *host, struct buf *members)
{
	(void)members;
	return is_there(host, "/usr/local/cmcluster/conf", "cmclconfig") ||
	       is_there(host, "/opt/cmcluster/conf", "cmclconfig");
}

static bool is_lifekeeper(const struct host_port *host, struct buf *members)
{
	(void)members;
	return is_there(host, "/etc/default", "LifeKeeper");
}

/* Of several the first one counts. Each adds the members that its files name. */
static bool (*const clusters[])(const struct host_port *host, struct buf *members) = {
	[CLUSTER_COROSYNC] = is_corosync,     [CLUSTER_VERITAS] = is_veritas,
	[CLUSTER_ORACLE] = is_oracle,	      [CLUSTER_SPECTRUM_SCALE] = is_spectrum_scale,
	[CLUSTER_OCFS2] = is_ocfs2,	      [CLUSTER_SERVICEGUARD] = is_serviceguard,
	[CLUSTER_LIFEKEEPER] = is_lifekeeper,
};

static int fill_cluster(const struct host_port *host, struct host_report *ret, struct error *err)
{
	CLEANUP_BUF struct buf members = { 0 };

	for (size_t i = CLUSTER_NONE + 1; i < ARRAY_SIZE(clusters) && ret->cluster == CLUSTER_NONE; i++)
		if (clusters[i](host, &members))
			ret->cluster = i;
	ret->cluster_members = buf_take(&members);
	return ret->cluster_members ? 0 : error_no_memory(err);
}

/* --- what is wrong with it ---------------------------------------------------------------------------------------- */

static int add_finding(struct finding_list *findings, enum error_code code, const char *detail, const char *remedy,
		       struct error *err)
{
	struct finding *finding = finding_list_add(findings, code);

	if (!finding)
		return error_no_memory(err);
	finding->remedy = remedy;
	snprintf(finding->detail, sizeof(finding->detail), "%.*s", (int)strcspn(detail, "\n"), detail);
	return 0;
}

int engine_report_findings(const struct engine_options *options, const struct host_port *host, struct finding_list *ret,
			   struct error *err)
{
	CLEANUP(finding_list_free) struct finding_list findings = { 0 };
	CLEANUP_FREE char *note = NULL;
	const char *product;
	bool at_boot;

	if (boot_rules_there(options, host, &at_boot, err) < 0 ||
	    host->read(host->ctx, options->initramfs_note, &note, err) < 0)
		return -1;
	if (at_boot &&
	    add_finding(&findings, ERR_BOOT_RULES, "",
			"See why with journalctl -b -u dm-import-boot, and what to do in dm-import-identity(5).",
			err) < 0)
		return -1;
	for (size_t nth = 0; (product = other_path_manager(host, nth)); nth++)
		if (add_finding(&findings, ERR_PRODUCT_CONFLICT, product, NULL, err) < 0)
			return -1;
	if (note && add_finding(&findings, ERR_INITRAMFS_OLD, note, NULL, err) < 0)
		return -1;
	*ret = findings;
	findings = (struct finding_list){ 0 };
	return 0;
}

/* --- the rest -------------------------------------------------------------------------------------------------- */

static bool multipathd_runs(const struct multipathd_port *multipathd)
{
	bool running = false;

	return multipathd->running(multipathd->ctx, &running, NULL) == 0 && running;
}

static int fill_multipathd(const struct multipathd_port *multipathd, struct host_report *ret, struct error *err)
{
	CLEANUP_FREE char *reply = NULL;

	ret->multipathd_running = multipathd_runs(multipathd);
	if (!ret->multipathd_running)
		return add_finding(&ret->findings, ERR_MULTIPATHD_NOT_RUNNING, "", NULL, err);
	/* not a command everywhere; what it does not know is answered with its help: "multipath-tools v0.9.4 (…)…" */
	if (multipathd->command(multipathd->ctx, "show version", &reply, NULL) == 0)
		sscanf(reply, "multipath-tools v%31[0-9.]", ret->multipathd_version);
	return 0;
}

int engine_report_host(struct engine *engine, struct host_report *ret, struct error *err)
{
	CLEANUP(host_report_free) struct host_report report = { 0 };
	const struct host_port *host = &engine->ports->host;
	CLEANUP_FREE char *release = NULL;
	struct utsname names = { 0 };

	if (engine_report_findings(&engine->options, host, &report.findings, err) < 0 ||
	    fill_multipathd(&engine->ports->multipathd, &report, err) < 0 || fill_initiators(host, &report, err) < 0 ||
	    fill_cluster(host, &report, err) < 0)
		return -1;
	uname(&names);
	if (host->read(host->ctx, "/etc/os-release", &release, NULL) < 0)
		release = NULL;
	value_of(release, "PRETTY_NAME", report.os, sizeof(report.os));
	snprintf(report.name, sizeof(report.name), "%s", names.nodename);
	snprintf(report.kernel, sizeof(report.kernel), "%s", names.release);
	*ret = report;
	report = (struct host_report){ 0 };
	return 0;
}

int engine_report_arrays(struct engine *engine, struct array_reports *ret, struct error *err)
{
	struct array_report *list = calloc(engine->arrays.count + 1, sizeof(*list));

	if (!list)
		return error_no_memory(err);
	for (size_t i = 0; i < engine->arrays.count; i++) {
		const struct array *array = &engine->arrays.rows[i];

		memcpy(list[i].name, array->name, sizeof(list[i].name));
		memcpy(list[i].vendor, array->vendor, sizeof(list[i].vendor));
		memcpy(list[i].product, array->product, sizeof(list[i].product));
	}
	*ret = (struct array_reports){ .list = list, .count = engine->arrays.count };
	return 0;
}
