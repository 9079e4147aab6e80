/*
 * The rules of `importcli check`; see check_judge.h. What can cost data or keeps an application waiting is CRITICAL;
 * what a person should see to before it does is WARNING. The codes are for good, as are those of base/error_codes.def,
 * which are used where one of them says the same.
 */
#include "check_judge.h"

#include "cli/screen/field.h"
#include "cli/screen/state.h"

#include "dm-import/dm_import.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/error.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

enum { DAY_S = 24 * 60 * 60, HOLD_GRACE_S = 5 };

const char *check_level_name(enum check_level level)
{
	static const char *const names[] = { "OK", "WARNING", "CRITICAL", "UNKNOWN" };

	return names[level];
}

void check_close(struct check *check)
{
	free(check->findings);
	check->findings = NULL;
}

enum check_level check_weigh(const struct check *check)
{
	return check->imports_in_progress ? CHECK_CRITICAL : CHECK_WARNING;
}

void check_add(struct check *check, enum check_level level, const char *code, const char *subject, const char *remedy,
	       const char *fmt, ...)
{
	struct check_finding *more = reallocarray(check->findings, check->count + 1, sizeof(*more));
	va_list list;

	check->level = level > check->level ? level : check->level;
	if (!more)
		return;
	check->findings = more;
	more += check->count++;
	more->level = level;
	snprintf(more->code, sizeof(more->code), "%s", code);
	snprintf(more->subject, sizeof(more->subject), "%s", subject);
	snprintf(more->remedy, sizeof(more->remedy), "%s", remedy);
	va_start(list, fmt);
	vsnprintf(more->text, sizeof(more->text), fmt, list);
	va_end(list);
}

/* --- the agent ------------------------------------------------------------------------------------------------- */

static void judge_web_server(struct check *check, struct json_object *agent)
{
	if (agent && strcmp(field_text(agent, "web_server"), "ACTIVE") != 0)
		check_add(check, check_weigh(check), "web_server_inactive", "import-agent",
			  "See the agent's log (importcli log_show), then: importcli restart_webServer",
			  "The agent's web server does not serve port %" PRId64 ": no orchestrator can connect.",
			  field_number(agent, "server_port"));
}

/* A time as the API has it; 0 when it is none. */
static time_t parse_time(const char *text)
{
	struct tm tm = { 0 };

	return strptime(text, "%Y-%m-%dT%H:%M:%S", &tm) ? timegm(&tm) : 0;
}

static void judge_certificate(struct check *check, struct json_object *agent, time_t now)
{
	static const char remedy[] =
		"Make a new one with importcli certificate regenerate, and have the orchestrators accept it.";
	struct tm day = { 0 };
	char text[32];
	time_t end = parse_time(field_text(field_get(agent, "certificate"), "not_after"));

	if (!end) /* HTTPS never came up, which the web server's state tells */
		return;
	int64_t left_s = (int64_t)end - (int64_t)now;

	check->certificate_known = true;
	check->certificate_days = left_s < 0 ? (left_s - DAY_S + 1) / DAY_S : left_s / DAY_S;
	strftime(text, sizeof(text), "%Y-%m-%d", gmtime_r(&end, &day));
	if (left_s <= 0)
		check_add(check, CHECK_CRITICAL, "certificate_expired", "import-agent", remedy,
			  "The agent's certificate expired on %s: orchestrators refuse it.", text);
	else if (check->certificate_days < CERTIFICATE_WARNING_DAYS)
		check_add(check, CHECK_WARNING, "certificate_ends", "import-agent", remedy,
			  "The agent's certificate expires on %s.", text);
}

/* --- imports --------------------------------------------------------------------------------------------------- */

static void judge_hold(struct check *check, struct json_object *import, time_t now)
{
	struct json_object *hold = field_get(import, "hold");
	const char *id = field_text(import, "id");
	int64_t lease_ms = field_number(hold, "lease_ms");
	time_t since = parse_time(field_text(hold, "since"));

	if (since && now > since + lease_ms / 1000 + HOLD_GRACE_S)
		check_add(check, CHECK_CRITICAL, "hold_overdue", id,
			  "Restart the agent, which resumes them: systemctl restart import-agent",
			  "The volumes of import %s have been held since %s, longer than their lease of %" PRId64
			  " ms.",
			  id, field_text(hold, "since"), lease_ms);
	else
		check_add(check, CHECK_WARNING, "import_held", id,
			  "Release it when the array has turned over, or wait until the lease ends.",
			  "The volumes of import %s are held: their I/O waits, for a lease of %" PRId64 " ms.", id,
			  lease_ms);
}

static int state_of(struct json_object *import)
{
	return import_state_from_name(field_text(import, "state"));
}

static void judge_state(struct check *check, struct json_object *import, time_t now)
{
	struct json_object *attention = field_get(import, "attention");
	const char *id = field_text(import, "id");
	int state = state_of(import);

	if (state == IMPORT_NEEDS_ATTENTION)
		check_add(check, CHECK_CRITICAL, "import_needs_attention", id, field_text(attention, "remedy"),
			  "Import %s needs a person: %s", id, field_text(attention, "text"));
	else if (state == IMPORT_RECOVERING)
		check_add(check, CHECK_WARNING, "import_recovering", id,
			  *field_text(attention, "remedy") ? field_text(attention, "remedy")
							   : "Send the verb again, or cancel the import.",
			  "A verb of import %s got stuck: %s", id, field_text(attention, "text"));
	else if (state == IMPORT_HELD)
		judge_hold(check, import, now);
}

/* What the orchestrator itself calls a failure. */
static void judge_session(struct check *check, struct json_object *import)
{
	static const char *const failures[] = { "completed_with_errors", "cutover_incomplete", "cancel_failed",
						"cancel_required",	 "cleanup_required",   "failed" };
	const char *id = field_text(import, "id"), *state = field_text(field_get(import, "session"), "state");

	for (size_t i = 0; i < ARRAY_SIZE(failures); i++)
		if (strcmp(state, failures[i]) == 0)
			check_add(check, CHECK_WARNING, "session_failed", id, "See the orchestrator's messages.",
				  "The orchestrator reports of import %s: %s.", id, state);
}

/* The side that no application is on: without it there is no way forward, or back. */
static void judge_other_side(struct check *check, struct json_object *import, struct json_object *member)
{
	bool on_source = strcmp(field_text(member, "active_path"), "Source") == 0;
	const char *id = field_text(import, "id"), *name = field_text(member, "name");
	size_t other, destination;

	field_list(member, on_source ? "destination_paths" : "source_paths", &other);
	field_list(member, "destination_paths", &destination);
	if (other == 0)
		check_add(check, CHECK_WARNING, "other_side_absent", name,
			  on_source ? "Map the destination to this host again, or cancel the import."
				    : "Map the source to this host again: without it no switch back is possible.",
			  "The %s of volume %s in import %s has no paths.", on_source ? "destination" : "source", name,
			  id);
	if (destination && (int64_t)destination < field_number(import, "min_paths"))
		check_add(check, CHECK_WARNING, error_name(ERR_PATHS_TOO_FEW), name, error_remedy(ERR_PATHS_TOO_FEW),
			  "The destination of volume %s in import %s has %zu paths; %" PRId64 " are required.", name,
			  id, destination, field_number(import, "min_paths"));
}

static void judge_member(struct check *check, struct json_object *import, struct json_object *member)
{
	const char *id = field_text(import, "id"), *name = field_text(member, "name");
	bool both_sides = state_of(import) == IMPORT_PREPARED || state_of(import) == IMPORT_ON_DESTINATION;
	bool gone = strcmp(field_text(member, "active_path"), "None") == 0;

	if (gone)
		check_add(check, CHECK_CRITICAL, "volume_down", name,
			  "Repair the paths to its array, then: importcli recover_device with its WWID.",
			  "Volume %s of import %s is missing, or has no paths.", name, id);
	else if (both_sides)
		judge_other_side(check, import, member);
	if (field_true(field_get(member, "reservations"), "fenced"))
		check_add(check, CHECK_WARNING, error_name(ERR_PR_FENCED), name, error_remedy(ERR_PR_FENCED),
			  "This host was fenced from volume %s of import %s.", name, id);
}

static void judge_imports(struct check *check, struct json_object *answer, time_t now)
{
	size_t count, member_count;
	struct json_object *imports = field_list(answer, "imports", &count);

	for (size_t i = 0; i < count; i++) {
		struct json_object *import = json_object_array_get_idx(imports, i);
		struct json_object *members = field_list(import, "members", &member_count);

		if (!import_in_progress(import))
			continue;
		judge_state(check, import, now);
		judge_session(check, import);
		for (size_t m = 0; m < member_count; m++)
			judge_member(check, import, json_object_array_get_idx(members, m));
	}
}

/* --- volumes and host ------------------------------------------------------------------------------------------ */

/* As multipathd says it; a state that says nothing yet ("", pending, undef) does not count as lost. */
static bool is_lost(struct json_object *path)
{
	static const char *const states[] = { "faulty", "shaky", "timeout", "removed" };

	for (size_t i = 0; i < ARRAY_SIZE(states); i++)
		if (strcmp(field_text(path, "checker_state"), states[i]) == 0)
			return true;
	return false;
}

/* Names of those in a volume's list that are lost, each behind a blank; how many there are, and of how many. */
static size_t lost_paths(struct json_object *volume, const char *list, struct buf *ret, size_t *ret_count)
{
	struct json_object *paths = field_list(volume, list, ret_count);
	size_t lost = 0;

	for (size_t i = 0; i < *ret_count; i++) {
		struct json_object *path = json_object_array_get_idx(paths, i);

		if (!is_lost(path))
			continue;
		buf_printf(ret, " %s", field_text(path, "device"));
		lost++;
	}
	return lost;
}

static void judge_paths(struct check *check, struct json_object *volume)
{
	static const char remedy[] = "See importcli status -v, and repair the path: cables, switch, array.";
	const char *name = field_text(volume, "name"), *id = field_text(volume, "import_id");
	const char *other = strcmp(field_text(volume, "active_path"), "Source") == 0 ? "destination" : "source";
	CLEANUP_BUF struct buf lost = { 0 }, other_lost = { 0 };
	size_t count, other_count;
	size_t lost_count = lost_paths(volume, "paths", &lost, &count);
	size_t other_lost_count = lost_paths(volume, "other_side_paths", &other_lost, &other_count);

	if (lost_count && lost_count == count)
		check_add(check, CHECK_CRITICAL, "all_paths_lost", name, remedy,
			  "Volume %s of import %s has lost all its paths:%s.", name, id, buf_text(&lost));
	else if (lost_count)
		check_add(check, CHECK_WARNING, "path_lost", name, remedy,
			  "Volume %s of import %s has lost %zu of its %zu paths:%s.", name, id, lost_count, count,
			  buf_text(&lost));
	if (other_lost_count && other_lost_count == other_count)
		check_add(check, CHECK_WARNING, "other_side_path_lost", name, remedy,
			  "The %s of volume %s in import %s has lost all its paths:%s.", other, name, id,
			  buf_text(&other_lost));
	else if (other_lost_count)
		check_add(check, CHECK_WARNING, "other_side_path_lost", name, remedy,
			  "The %s of volume %s in import %s has lost %zu of its %zu paths:%s.", other, name, id,
			  other_lost_count, other_count, buf_text(&other_lost));
}

static void judge_volumes(struct check *check, struct json_object *answer)
{
	size_t count, path_count;
	struct json_object *volumes = field_list(answer, "volumes", &count);

	for (size_t i = 0; i < count; i++) {
		struct json_object *volume = json_object_array_get_idx(volumes, i);
		const char *name = field_text(volume, "name");

		if (!field_get(volume, "import_id"))
			continue;
		judge_paths(check, volume);
		field_list(volume, "paths", &path_count);
		/* offline with paths: suspended, and that only a hold may do, which has a finding of its own */
		if (path_count && strcmp(field_text(volume, "status"), "offline") == 0 &&
		    import_state_from_name(field_text(volume, "import_state")) != IMPORT_HELD)
			check_add(check, CHECK_CRITICAL, error_name(ERR_MAP_SUSPENDED), name,
				  "Resume it: importcli recover_device with its WWID.",
				  "Volume %s of import %s is suspended: its I/O waits.", name,
				  field_text(volume, "import_id"));
	}
}

void check_host_findings(struct check *check, struct json_object *findings)
{
	size_t count = json_object_is_type(findings, json_type_array) ? json_object_array_length(findings) : 0;

	for (size_t i = 0; i < count; i++) {
		struct json_object *finding = json_object_array_get_idx(findings, i);
		const char *code = field_text(finding, "code");
		enum check_level level = check_weigh(check);

		if (error_from_name(code) == ERR_BOOT_RULES)
			level = CHECK_CRITICAL;
		else if (error_from_name(code) == ERR_INITRAMFS_OLD)
			level = CHECK_WARNING;
		check_add(check, level, code, "host", field_text(finding, "remedy"), "%s", field_text(finding, "text"));
	}
}

void check_judge(struct check *check, const struct check_answers *answers, time_t now)
{
	judge_web_server(check, answers->agent);
	judge_certificate(check, answers->agent, now);
	judge_imports(check, answers->imports, now);
	judge_volumes(check, answers->volumes);
	check_host_findings(check, field_get(answers->host, "findings"));
}
