/*
 * What the tests tell the fake engine to do, and larger pieces of what it answers; see fake_engine.c.
 */
#include "tests/daemon/fake_commands.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/num.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool path_of(const char *function, const char *what, char ret[static PATH_MAX])
{
	const char *directory = getenv("FAKE_ENGINE");

	snprintf(ret, PATH_MAX, "%s/%s.%s", directory ? directory : "", function, what);
	return directory;
}

/* The content of $FAKE_ENGINE/<function>.<what>, without its newline; false when there is no such file. */
bool fake_command(const char *function, const char *what, char *ret, size_t size)
{
	CLEANUP_FREE char *text = NULL;
	char path[PATH_MAX];

	if (!path_of(function, what, path) || file_read(path, 256, &text, NULL, NULL) < 0)
		return false;
	snprintf(ret, size, "%.*s", (int)strcspn(text, "\n"), text);
	return true;
}

/* <function>.waiting shows the test that it waits; it goes on when the test removes that, or the command. */
void fake_wait(const char *function)
{
	char command[PATH_MAX], shown[PATH_MAX];
	CLEANUP_FD int fd = -1;

	if (!path_of(function, "waits", command) || !path_of(function, "waiting", shown) || access(command, F_OK) < 0)
		return;
	fd = open(shown, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	while (access(shown, F_OK) == 0 && access(command, F_OK) == 0)
		usleep(2000);
	unlink(shown);
}

int fake_fault(const char *function, struct error *err)
{
	char name[64];

	if (!fake_command(function, "fail", name, sizeof(name)))
		return 0;
	error_set_sys(err, error_from_name(name), "mpatha", EIO, "on command, with a \"quote\"\n and a newline");
	snprintf(err->step, sizeof(err->step), "fake");
	return -1;
}

void fake_findings(const struct member_request *member, bool failed, struct verb_result *ret)
{
	struct finding *finding = finding_list_add(&ret->findings, failed ? ERR_SIZE_SMALLER : ERR_SOURCE_NOT_OPEN);

	finding->severity = failed ? SEVERITY_ERROR : SEVERITY_WARNING;
	memcpy(finding->source_wwid, member->source_wwid, sizeof(finding->source_wwid));
	memcpy(finding->destination_wwid, member->destination_wwid, sizeof(finding->destination_wwid));
	ret->kind = RESULT_PRECHECK;
}

static enum pr_type type_of(const char *name)
{
	enum pr_type type = PR_NONE;

	while (type < PR_EA_AR && strcmp(pr_type_name(type), name) != 0)
		type++;
	return type;
}

void fake_reservations(bool prepared, bool lifted, struct member_report *ret)
{
	struct reservation_report reserved = { .known = true,
					       .generation = 2,
					       .keys = { 0xabc },
					       .key_count = 1,
					       .holder_key = 0xabc,
					       .holder = true,
					       .own_paths = 2,
					       .paths = 2 };
	char type[64];

	if (!fake_command("reservations", "source", type, sizeof(type)))
		return;
	reserved.type = type_of(type);
	ret->has_reservations = true;
	ret->registered = prepared;
	ret->lifted = lifted;
	if (prepared)
		ret->reservations[SIDE_DESTINATION] = reserved;
	if (lifted) {
		reserved.type = PR_NONE;
		reserved.holder_key = 0;
		reserved.holder = false;
	}
	ret->reservations[SIDE_SOURCE] = reserved;
}

bool fake_wwid_form_is_right(const char *wwid)
{
	size_t length = strlen(wwid);

	return wwid[0] == '3' && num_is_hex(wwid) && (length == 17 || length == 33);
}

void fake_recovered(bool dry_run, enum error_code person, struct verb_result *ret)
{
	struct finding *finding = finding_list_add(&ret->findings, person == ERR_NONE ? ERR_MAP_SUSPENDED : person);

	*ret = (struct verb_result){ .kind = RESULT_RECOVERY,
				     .findings = ret->findings,
				     .state = IMPORT_NEEDS_ATTENTION };
	snprintf(finding->device, sizeof(finding->device), "mpatha");
	finding->manual = person != ERR_NONE;
	if (finding->manual)
		return;
	ret->state = IMPORT_PREPARED;
	ret->actions = calloc(1, sizeof(*ret->actions));
	ret->actions[ret->action_count++] =
		(struct action_report){ "release", "Release the maps.", ERR_MAP_SUSPENDED, !dry_run };
}

void fake_host(struct host_report *ret)
{
	struct finding *finding;
	char code[64];

	*ret = (struct host_report){ .name = "fake",
				     .os = "Linux",
				     .kernel = "6.1",
				     .initiators = calloc(1, sizeof(*ret->initiators)),
				     .initiator_count = 1,
				     .multipathd_running = true,
				     .multipathd_version = "0.9.4" };
	ret->initiators[0] = (struct initiator){ .name = "iqn.x", .protocol = PROTOCOL_ISCSI };
	if (!fake_command("host", "findings", code, sizeof(code)))
		return;
	finding = finding_list_add(&ret->findings, error_from_name(code));
	snprintf(finding->detail, sizeof(finding->detail), "It is so.");
	finding->remedy = "Mend it.";
}

void fake_arrays(struct array_reports *ret)
{
	static const struct array_report arrays[] = { { "PowerStore", "DellEMC", "PowerStore" },
						      { "UNITY", "DGC", "" } };

	*ret = (struct array_reports){ .list = malloc(sizeof(arrays)), .count = ARRAY_SIZE(arrays) };
	memcpy(ret->list, arrays, sizeof(arrays));
}
