/*
 * What the engine reports of the host itself and of the arrays it knows: names, initiators, path managers, cluster.
 * From small files of /etc and /sys, read through the host port.
 */
#include "engine.h"

#include "base/cleanup.h"

#include <string.h>
#include <sys/utsname.h>

static void add_text(struct json_object *object, const char *key, const char *text)
{
	json_object_object_add(object, key, json_object_new_string(text));
}

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

static void add_initiator(struct json_object *rows, const char *name, const char *protocol)
{
	struct json_object *row = json_object_new_object();

	add_text(row, "iqn_or_wwn", name);
	add_text(row, "protocol", protocol);
	json_object_array_add(rows, row);
}

static struct json_object *initiators(const struct host_port *host)
{
	struct json_object *rows = json_object_new_array();
	CLEANUP_FREE char *iscsi = NULL;
	CLEANUP_FREE char *names = NULL;
	char value[256], path[300], *rest, *name;

	if (host->read(host->ctx, "/etc/iscsi/initiatorname.iscsi", &iscsi, NULL) == 0 && iscsi) {
		value_of(iscsi, "InitiatorName", value, sizeof(value));
		if (*value)
			add_initiator(rows, value, "iSCSI");
	}
	if (host->list(host->ctx, "/sys/class/fc_host", &names, NULL) < 0)
		return rows;
	for (name = strtok_r(names, "\n", &rest); name; name = strtok_r(NULL, "\n", &rest)) {
		CLEANUP_FREE char *port = NULL;

		snprintf(path, sizeof(path), "/sys/class/fc_host/%.200s/port_name", name);
		if (host->read(host->ctx, path, &port, NULL) < 0 || !port)
			continue;
		port[strcspn(port, "\n")] = '\0';
		add_initiator(rows, port, "FC");
	}
	return rows;
}

static bool exists(const struct host_port *host, const char *directory)
{
	CLEANUP_FREE char *names = NULL;

	return host->list(host->ctx, directory, &names, NULL) == 0 && *names;
}

static const char *agent_status(const struct host_port *host)
{
	bool conflict = exists(host, "/sys/module/emcp") || exists(host, "/sys/module/vxdmp") ||
			exists(host, "/sys/module/dm_switch");

	return conflict ? "Conflict_Detected" : "Running";
}

static struct json_object *cluster(const struct host_port *host)
{
	struct json_object *object = json_object_new_object();
	CLEANUP_FREE char *corosync = NULL;
	bool is_cluster = host->read(host->ctx, "/etc/corosync/corosync.conf", &corosync, NULL) == 0 && corosync;

	add_text(object, "type", is_cluster ? "Pacemaker/Corosync" : "none");
	json_object_object_add(object, "members", json_object_new_array());
	return object;
}

static struct json_object *multipathd_state(const struct multipathd_port *multipathd)
{
	struct json_object *object = json_object_new_object();
	CLEANUP_FREE char *reply = NULL;
	char version[32] = "";
	bool running = false;

	if (multipathd->running(multipathd->ctx, &running, NULL) < 0)
		running = false;
	/* not a command everywhere; what it does not know is answered with its help: "multipath-tools v0.9.4 (…)…" */
	if (running && multipathd->command(multipathd->ctx, "show version", &reply, NULL) == 0)
		sscanf(reply, "multipath-tools v%31[0-9.]", version);
	json_object_object_add(object, "running", json_object_new_boolean(running));
	add_text(object, "version", version);
	return object;
}

int engine_report_host(struct engine *engine, struct json_object **ret, struct error *err)
{
	const struct host_port *host = &engine->ports->host;
	struct json_object *object = json_object_new_object();
	CLEANUP_FREE char *release = NULL;
	struct utsname names = { 0 };
	char os[256];

	(void)err;
	uname(&names);
	if (host->read(host->ctx, "/etc/os-release", &release, NULL) < 0)
		release = NULL;
	value_of(release, "PRETTY_NAME", os, sizeof(os));
	add_text(object, "name", names.nodename);
	add_text(object, "os", os);
	add_text(object, "kernel", names.release);
	add_text(object, "agent_type", "Native_MPIO");
	add_text(object, "agent_status", agent_status(host));
	json_object_object_add(object, "initiators", initiators(host));
	json_object_object_add(object, "cluster", cluster(host));
	json_object_object_add(object, "multipathd", multipathd_state(&engine->ports->multipathd));
	*ret = object;
	return 0;
}

int engine_report_arrays(struct engine *engine, struct json_object **ret, struct error *err)
{
	struct json_object *rows = json_object_new_array();

	(void)err;
	for (size_t i = 0; i < engine->arrays.count; i++) {
		const struct array *array = &engine->arrays.rows[i];
		struct json_object *row = json_object_new_object();

		add_text(row, "name", array->name);
		add_text(row, "vendor", array->vendor);
		json_object_object_add(row, "product", *array->product ? json_object_new_string(array->product) : NULL);
		json_object_array_add(rows, row);
	}
	*ret = json_object_new_object();
	json_object_object_add(*ret, "arrays", rows);
	return 0;
}
