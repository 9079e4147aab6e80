/*
 * The host and the arrays that it knows; see reports.h.
 */
#include "reports.h"

#include "base/json.h"

#include <string.h>

static const char *cluster_name(enum cluster_type type)
{
	static const char *const names[] = {
		[CLUSTER_NONE] = "none",
		[CLUSTER_COROSYNC] = "Pacemaker/Corosync",
		[CLUSTER_VERITAS] = "Veritas",
		[CLUSTER_ORACLE] = "Oracle Clusterware",
		[CLUSTER_SPECTRUM_SCALE] = "IBM Spectrum Scale",
		[CLUSTER_OCFS2] = "OCFS2",
		[CLUSTER_SERVICEGUARD] = "Serviceguard",
		[CLUSTER_LIFEKEEPER] = "LifeKeeper",
	};

	return names[type];
}

static void add_initiators(struct json_object *object, const struct host_report *host)
{
	struct json_object *rows = json_object_new_array();

	for (size_t i = 0; i < host->initiator_count; i++) {
		struct json_object *row = json_object_new_object();

		json_add_text(row, "iqn_or_wwn", host->initiators[i].name);
		json_add_text(row, "protocol", protocol_name(host->initiators[i].protocol));
		json_object_array_add(rows, row);
	}
	json_object_object_add(object, "initiators", rows);
}

static void add_cluster(struct json_object *object, const struct host_report *host)
{
	struct json_object *cluster = json_object_new_object(), *members = json_object_new_array();

	for (const char *name = host->cluster_members; name && *name; name += strcspn(name, "\n") + 1)
		json_object_array_add(members, json_object_new_string_len(name, (int)strcspn(name, "\n")));
	json_add_text(cluster, "type", cluster_name(host->cluster));
	json_object_object_add(cluster, "members", members);
	json_object_object_add(object, "cluster", cluster);
}

static void add_multipathd(struct json_object *object, const struct host_report *host)
{
	struct json_object *multipathd = json_object_new_object();

	json_add_flag(multipathd, "running", host->multipathd_running);
	json_add_text(multipathd, "version", host->multipathd_version);
	json_object_object_add(object, "multipathd", multipathd);
}

static bool has_finding(const struct finding_list *findings, enum error_code code)
{
	for (size_t i = 0; i < findings->count; i++)
		if (findings->list[i].code == code)
			return true;
	return false;
}

struct json_object *findings_json(const struct finding_list *findings)
{
	struct json_object *rows = json_object_new_array();

	for (size_t i = 0; i < findings->count; i++) {
		const struct finding *finding = &findings->list[i];

		json_object_array_add(rows, explanation_json(finding->code, "", finding->detail, finding->remedy));
	}
	return rows;
}

struct json_object *host_json(const struct host_report *host)
{
	bool conflict = has_finding(&host->findings, ERR_PRODUCT_CONFLICT);
	struct json_object *object = json_object_new_object();

	json_add_text(object, "name", host->name);
	json_add_text(object, "os", host->os);
	json_add_text(object, "kernel", host->kernel);
	json_add_text(object, "agent_type", "Native_MPIO");
	json_add_text(object, "agent_status", conflict ? "Conflict_Detected" : "Running");
	add_initiators(object, host);
	add_cluster(object, host);
	add_multipathd(object, host);
	json_object_object_add(object, "findings", findings_json(&host->findings));
	return object;
}

struct json_object *arrays_json(const struct array_reports *arrays)
{
	struct json_object *object = json_object_new_object(), *rows = json_object_new_array();

	for (size_t i = 0; i < arrays->count; i++) {
		struct json_object *row = json_object_new_object();

		json_add_text(row, "name", arrays->list[i].name);
		json_add_text(row, "vendor", arrays->list[i].vendor);
		json_add_text_or_null(row, "product", arrays->list[i].product);
		json_object_array_add(rows, row);
	}
	json_object_object_add(object, "arrays", rows);
	return object;
}
