/*
 * What the multipathd port asks of systemd: unit states, start and stop jobs, who goes down with a unit.
 *
 * A connection lives for one call: an open one that nobody reads would collect systemd's signals. It goes to
 * systemd's private socket, as systemctl's does for root: the bus daemon may hang on the disk that we hold.
 */
#include "systemd.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"

#include <errno.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-daemon.h>

enum { JOB_TIMEOUT_MS = 120000, UNITS_MAX = 256 };

static const char destination[] = "org.freedesktop.systemd1";
static const char manager_path[] = "/org/freedesktop/systemd1";
static const char manager_interface[] = "org.freedesktop.systemd1.Manager";
static const char unit_interface[] = "org.freedesktop.systemd1.Unit";

#define CLEANUP_BUS CLEANUP(sd_bus_flush_close_unrefp)
#define CLEANUP_BUS_ERROR CLEANUP(sd_bus_error_free)

static int systemd_error(struct error *err, const char *unit, int rc, const sd_bus_error *why, const char *what)
{
	if (why && why->message)
		return error_set(err, ERR_MULTIPATHD_FAILED, unit, "systemd: %s: %s", what, why->message);
	return error_set_sys(err, ERR_MULTIPATHD_FAILED, unit, -rc, "systemd: %s", what);
}

static int connect_systemd(sd_bus **ret, struct error *err)
{
	CLEANUP_BUS sd_bus *bus = NULL;
	int rc = sd_bus_new(&bus);

	if (rc >= 0)
		rc = sd_bus_set_address(bus, "unix:path=/run/systemd/private");
	if (rc >= 0)
		rc = sd_bus_start(bus);
	if (rc < 0)
		return systemd_error(err, NULL, rc, NULL, "cannot connect");
	*ret = TAKE(bus);
	return 0;
}

/* ActiveState of a unit; systemd answers for units that do not exist, too ("inactive"). */
static int unit_state(sd_bus *bus, const char *unit, char **ret, struct error *err)
{
	CLEANUP_BUS_ERROR sd_bus_error why = SD_BUS_ERROR_NULL;
	CLEANUP_FREE char *path = NULL;
	int rc = sd_bus_path_encode("/org/freedesktop/systemd1/unit", unit, &path);

	if (rc >= 0)
		rc = sd_bus_get_property_string(bus, destination, path, unit_interface, "ActiveState", &why, ret);
	return rc < 0 ? systemd_error(err, unit, rc, &why, "cannot read the unit's state") : 0;
}

static bool is_active(const char *state)
{
	return strcmp(state, "active") == 0 || strcmp(state, "reloading") == 0;
}

int sys_systemd_is_down(const char *unit, bool *ret, struct error *err)
{
	CLEANUP_FREE char *state = NULL;
	CLEANUP_BUS sd_bus *bus = NULL;

	if (connect_systemd(&bus, err) < 0 || unit_state(bus, unit, &state, err) < 0)
		return -1;
	*ret = strcmp(state, "inactive") == 0 || strcmp(state, "failed") == 0;
	return 0;
}

int sys_systemd_may_connect(const char *socket_unit, const char *service_unit, bool *ret, struct error *err)
{
	CLEANUP_FREE char *socket_state = NULL, *service_state = NULL;
	CLEANUP_BUS sd_bus *bus = NULL;

	if (sd_booted() <= 0) {
		*ret = true;
		return 0;
	}
	if (connect_systemd(&bus, err) < 0 || unit_state(bus, service_unit, &service_state, err) < 0 ||
	    unit_state(bus, socket_unit, &socket_state, err) < 0)
		return -1;
	*ret = is_active(service_state) || !is_active(socket_state);
	return 0;
}

/* Jobs under way: their object paths, and how many are left. */
struct jobs {
	char *paths[4];
	size_t count, left;
	char failure[64]; /* "multipathd.service: timeout" */
};

static void free_jobs(struct jobs *jobs)
{
	for (size_t i = 0; i < jobs->count; i++)
		free(jobs->paths[i]);
}

static int on_job_removed(sd_bus_message *message, void *userdata, sd_bus_error *why)
{
	const char *path, *unit, *result;
	struct jobs *jobs = userdata;
	uint32_t id;

	(void)why;
	if (sd_bus_message_read(message, "uoss", &id, &path, &unit, &result) < 0)
		return 0;
	for (size_t i = 0; i < jobs->count; i++) {
		if (strcmp(jobs->paths[i], path) != 0)
			continue;
		jobs->left--;
		if (strcmp(result, "done") != 0)
			snprintf(jobs->failure, sizeof(jobs->failure), "%s: %s", unit, result);
	}
	return 0;
}

static int queue_job(sd_bus *bus, const char *method, const char *unit, struct jobs *jobs, struct error *err)
{
	CLEANUP_BUS_ERROR sd_bus_error why = SD_BUS_ERROR_NULL;
	CLEANUP(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
	const char *path;
	int rc;

	rc = sd_bus_call_method(bus, destination, manager_path, manager_interface, method, &why, &reply, "ss", unit,
				"replace");
	if (rc < 0 && sd_bus_error_has_name(&why, "org.freedesktop.systemd1.NoSuchUnit"))
		return 0; /* not every distribution has the socket unit */
	if (rc >= 0)
		rc = sd_bus_message_read(reply, "o", &path);
	if (rc < 0)
		return systemd_error(err, unit, rc, &why, "cannot queue the job");
	jobs->paths[jobs->count] = strdup(path);
	if (!jobs->paths[jobs->count])
		return error_no_memory(err);
	jobs->count++;
	jobs->left++;
	return 0;
}

static int await_jobs(sd_bus *bus, struct jobs *jobs, struct error *err)
{
	uint64_t deadline = clock_mono_us() + (uint64_t)JOB_TIMEOUT_MS * 1000;

	while (jobs->left) {
		uint64_t now = clock_mono_us();
		int rc = sd_bus_process(bus, NULL);

		if (rc == 0 && now >= deadline)
			rc = -ETIMEDOUT;
		if (rc == 0)
			rc = sd_bus_wait(bus, deadline - now);
		if (rc < 0 && rc != -EINTR)
			return systemd_error(err, NULL, rc, NULL, "cannot wait for the job");
	}
	if (jobs->failure[0])
		return error_set(err, ERR_MULTIPATHD_FAILED, NULL, "the job of systemd failed: %s", jobs->failure);
	return 0;
}

int sys_systemd_jobs(const char *method, const char *const *units, size_t count, struct error *err)
{
	CLEANUP(free_jobs) struct jobs jobs = { 0 };
	CLEANUP_BUS_ERROR sd_bus_error why = SD_BUS_ERROR_NULL;
	CLEANUP_BUS sd_bus *bus = NULL;
	int rc;

	if (count > ARRAY_SIZE(jobs.paths))
		return error_set(err, ERR_INTERNAL, NULL, "too many units at once");
	if (connect_systemd(&bus, err) < 0)
		return -1;
	rc = sd_bus_match_signal(bus, NULL, NULL, manager_path, manager_interface, "JobRemoved", on_job_removed, &jobs);
	if (rc >= 0)
		rc = sd_bus_call_method(bus, destination, manager_path, manager_interface, "Subscribe", &why, NULL,
					NULL);
	if (rc < 0)
		return systemd_error(err, NULL, rc, &why, "cannot subscribe to its signals");
	for (size_t i = 0; i < count; i++)
		if (queue_job(bus, method, units[i], &jobs, err) < 0)
			return -1;
	return await_jobs(bus, &jobs, err);
}

/* A growing set of unit names, owned. */
struct unit_set {
	char *names[UNITS_MAX];
	size_t count;
};

static void free_unit_set(struct unit_set *set)
{
	for (size_t i = 0; i < set->count; i++)
		free(set->names[i]);
}

static int add_unit(struct unit_set *set, const char *name, struct error *err)
{
	for (size_t i = 0; i < set->count; i++)
		if (strcmp(set->names[i], name) == 0)
			return 0;
	if (set->count == UNITS_MAX)
		return error_set(err, ERR_MULTIPATHD_FAILED, name, "more than %d units depend on multipathd",
				 UNITS_MAX);
	set->names[set->count] = strdup(name);
	return set->names[set->count] ? (set->count++, 0) : error_no_memory(err);
}

/* The dependency types along which systemd propagates a stop (systemd.unit(5)); older versions lack some. */
static int add_dependents(sd_bus *bus, const char *unit, struct unit_set *set, struct error *err)
{
	static const char *const properties[] = { "RequiredBy", "RequisiteOf", "BoundBy", "ConsistsOf",
						  "PropagatesStopTo" };
	CLEANUP_FREE char *path = NULL;
	int rc = sd_bus_path_encode("/org/freedesktop/systemd1/unit", unit, &path);

	for (size_t i = 0; rc >= 0 && i < ARRAY_SIZE(properties); i++) {
		CLEANUP_BUS_ERROR sd_bus_error why = SD_BUS_ERROR_NULL;
		char **names = NULL;

		rc = sd_bus_get_property_strv(bus, destination, path, unit_interface, properties[i], &why, &names);
		if (rc < 0 && sd_bus_error_has_name(&why, SD_BUS_ERROR_UNKNOWN_PROPERTY)) {
			rc = 0;
			continue;
		}
		if (rc < 0)
			return systemd_error(err, unit, rc, &why, "cannot read who depends on the unit");
		for (char **name = names; name && *name; name++) {
			if (rc >= 0 && add_unit(set, *name, err) < 0)
				rc = -1;
			free(*name);
		}
		free(names);
		if (rc < 0)
			return -1;
	}
	return rc < 0 ? systemd_error(err, unit, rc, NULL, "cannot read who depends on the unit") : 0;
}

int sys_systemd_stopped_with(const char *const *units, size_t count, char **ret_units, struct error *err)
{
	CLEANUP(free_unit_set) struct unit_set set = { 0 };
	CLEANUP_BUF struct buf names = { 0 };
	CLEANUP_BUS sd_bus *bus = NULL;

	if (connect_systemd(&bus, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (add_unit(&set, units[i], err) < 0)
			return -1;
	/* the set grows under the loop: dependents of dependents go down, too */
	for (size_t i = 0; i < set.count; i++)
		if (add_dependents(bus, set.names[i], &set, err) < 0)
			return -1;
	for (size_t i = count; i < set.count; i++) {
		CLEANUP_FREE char *state = NULL;

		if (unit_state(bus, set.names[i], &state, err) < 0)
			return -1;
		if (is_active(state) || strcmp(state, "activating") == 0)
			buf_printf(&names, "%s%s", names.length ? " " : "", set.names[i]);
	}
	*ret_units = buf_take(&names);
	return *ret_units ? 0 : error_no_memory(err);
}
