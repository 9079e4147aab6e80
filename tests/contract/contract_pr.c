/*
 * The contract of the persistent reservation operations of struct scsi_port, on the two paths of the first LUN. Each
 * check begins and ends without registrations.
 *
 * RESERVE of a nexus that is not registered conflicts by SPC-4; Linux targets answer LOGICAL UNIT COMMUNICATION
 * FAILURE.
 */
#include "contract.h"

#include <stdio.h>
#include <string.h>

enum { KEY_A = 0xa1, KEY_B = 0xb2, KEY_C = 0xc3 };

static const enum pr_type types[] = { PR_WE, PR_EA, PR_WE_RO, PR_EA_RO, PR_WE_AR, PR_EA_AR };

static bool find_paths(struct contract *c, struct disk paths[static 2])
{
	return contract_find_disk(c, c->scene->wwids[0], 0, &paths[0]) &&
	       contract_find_disk(c, c->scene->wwids[0], 1, &paths[1]);
}

static enum error_code out(struct contract *c, const struct disk *path, const struct pr_request request)
{
	const struct scsi_port *scsi = &c->ports->scsi;

	c->err = (struct error){ 0 };
	return scsi->pr_out(scsi->ctx, path->name, &request, &c->err) == 0 ? ERR_NONE : c->err.code;
}

static enum error_code register_key(struct contract *c, const struct disk *path, uint64_t key, uint64_t new_key)
{
	return out(c, path, (struct pr_request){ .action = PR_REGISTER, .key = key, .service_action_key = new_key });
}

static enum error_code reserve(struct contract *c, const struct disk *path, uint64_t key, enum pr_type type)
{
	return out(c, path, (struct pr_request){ .action = PR_RESERVE, .key = key, .type = type });
}

static bool look(struct contract *c, const struct disk *path, struct pr_state *ret)
{
	const struct scsi_port *scsi = &c->ports->scsi;

	pr_state_free(ret);
	return scsi->pr_read(scsi->ctx, path->name, ret, &c->err) == 0;
}

/* The last thing of a check: nobody is registered any more. */
static void clear_all(struct contract *c, const struct disk *path)
{
	CLEANUP_PR_STATE struct pr_state state = { 0 };

	CHECK(c,
	      out(c, path, (struct pr_request){ .action = PR_REGISTER_AND_IGNORE, .service_action_key = KEY_A }) == 0);
	CHECK(c, out(c, path, (struct pr_request){ .action = PR_CLEAR, .key = KEY_A }) == 0);
	CHECK(c, look(c, path, &state) && state.key_count == 0 && !state.reserved);
}

static bool registered_through(const struct pr_state *state, const struct pr_nexus *nexus, uint64_t key)
{
	for (size_t i = 0; i < state->registration_count; i++) {
		const struct pr_registration *registration = &state->registrations[i];

		if (registration->key == key && registration->nexus.relative_port == nexus->relative_port &&
		    (!nexus->initiator[0] || pr_nexus_registered(nexus, registration)))
			return true;
	}
	return false;
}

static void registers_each_path(struct contract *c)
{
	CLEANUP_PR_STATE struct pr_state state = { 0 };
	struct disk paths[2];
	uint32_t generation;

	CHECK(c, find_paths(c, paths) && look(c, &paths[0], &state));
	CHECK(c, state.key_count == 0 && state.registration_count == 0 && !state.reserved && state.type == PR_NONE);
	CHECK(c, state.has_capabilities && state.aptpl_capable && !state.aptpl_active && state.type_mask == 0x1ea);
	generation = state.generation;
	for (unsigned i = 0; i < 2; i++) {
		CHECK(c, paths[i].nexus.relative_port);
		CHECK(c, register_key(c, &paths[i], 0, i ? KEY_B : KEY_A) == ERR_NONE);
	}
	CHECK(c, paths[0].nexus.relative_port != paths[1].nexus.relative_port);
	CHECK(c, look(c, &paths[1], &state) && state.key_count == 2 && state.generation == generation + 2);
	CHECK(c, state.has_full_status && state.registration_count == 2);
	CHECK(c,
	      registered_through(&state, &paths[0].nexus, KEY_A) && registered_through(&state, &paths[1].nexus, KEY_B));
	CHECK(c, !registered_through(&state, &paths[0].nexus, KEY_B));
	CHECK(c, register_key(c, &paths[1], KEY_B, 0) == ERR_NONE);
	CHECK(c, look(c, &paths[0], &state) && state.key_count == 1 && state.keys[0] == KEY_A);
	clear_all(c, &paths[0]);
}

static void keys_must_be_right(struct contract *c)
{
	CLEANUP_PR_STATE struct pr_state state = { 0 };
	struct disk paths[2];

	CHECK(c, find_paths(c, paths));
	CHECK(c, register_key(c, &paths[0], KEY_B, KEY_A) == ERR_PR_CONFLICT); /* not registered */
	CHECK(c, strcmp(c->err.device, paths[0].name) == 0 && c->err.detail[0]);
	CHECK(c, register_key(c, &paths[0], 0, 0) == ERR_NONE); /* nothing to do */
	CHECK(c, register_key(c, &paths[0], 0, KEY_A) == ERR_NONE);
	CHECK(c, register_key(c, &paths[0], 0, KEY_B) == ERR_PR_CONFLICT);
	CHECK(c, register_key(c, &paths[0], KEY_C, KEY_B) == ERR_PR_CONFLICT);
	CHECK(c, register_key(c, &paths[0], KEY_A, KEY_B) == ERR_NONE);
	CHECK(c, reserve(c, &paths[0], KEY_A, PR_WE_RO) == ERR_PR_CONFLICT);
	CHECK(c, out(c, &paths[0], (struct pr_request){ .action = PR_CLEAR, .key = KEY_A }) == ERR_PR_CONFLICT);
	CHECK(c, look(c, &paths[0], &state) && state.key_count == 1 && state.keys[0] == KEY_B && !state.reserved);
	clear_all(c, &paths[0]);
}

static size_t holders(const struct pr_state *state, enum pr_type type)
{
	size_t count = 0;

	for (size_t i = 0; i < state->registration_count; i++)
		count += state->registrations[i].holder && state->registrations[i].type == type;
	return count;
}

static void reserves_as(struct contract *c, const struct disk paths[static 2], enum pr_type type)
{
	const struct pr_request release = { .action = PR_RELEASE, .key = KEY_A, .type = type };
	CLEANUP_PR_STATE struct pr_state state = { 0 };
	bool all = pr_type_is_all_registrants(type);

	CHECK(c, register_key(c, &paths[0], 0, KEY_A) == ERR_NONE);
	CHECK(c, reserve(c, &paths[1], KEY_B, type) != ERR_NONE); /* not registered */
	CHECK(c, reserve(c, &paths[0], KEY_A, type) == ERR_NONE && reserve(c, &paths[0], KEY_A, type) == ERR_NONE);
	CHECK(c, look(c, &paths[1], &state) && state.reserved && state.type == type && state.scope == 0);
	CHECK(c, holders(&state, type) == 1 && (state.reservation_key == KEY_A || (all && !state.reservation_key)));
	CHECK(c, reserve(c, &paths[0], KEY_A, type == PR_WE ? PR_EA : PR_WE) == ERR_PR_CONFLICT);
	CHECK(c, register_key(c, &paths[1], 0, KEY_B) == ERR_NONE);
	CHECK(c, reserve(c, &paths[1], KEY_B, type) == (all ? ERR_NONE : ERR_PR_CONFLICT));
	CHECK(c, out(c, &paths[0], release) == ERR_NONE && out(c, &paths[0], release) == ERR_NONE);
	CHECK(c, look(c, &paths[0], &state) && !state.reserved && state.key_count == 2);
	/* the holder takes its reservation along; that of all registrants ends with the last of them */
	CHECK(c, reserve(c, &paths[0], KEY_A, type) == ERR_NONE && register_key(c, &paths[0], KEY_A, 0) == ERR_NONE);
	CHECK(c, look(c, &paths[1], &state) && state.reserved == all && state.key_count == 1);
	CHECK(c, register_key(c, &paths[1], KEY_B, 0) == ERR_NONE);
	CHECK(c, look(c, &paths[0], &state) && !state.reserved && state.key_count == 0);
}

static void reserves_all_types(struct contract *c)
{
	struct disk paths[2];

	CHECK(c, find_paths(c, paths));
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]) && !c->failed; i++) {
		reserves_as(c, paths, types[i]);
		if (c->failed)
			printf("# with type %s\n", pr_type_name(types[i]));
	}
}

/* The second path preempts the first, whose old key is then worth nothing, however its command is repeated. */
static void preempts(struct contract *c, enum pr_action action)
{
	struct pr_request request = { .action = action, .type = PR_EA_RO, .key = KEY_B, .service_action_key = KEY_A };
	CLEANUP_PR_STATE struct pr_state state = { 0 };
	struct disk paths[2];

	CHECK(c, find_paths(c, paths));
	CHECK(c, register_key(c, &paths[0], 0, KEY_A) == ERR_NONE && register_key(c, &paths[1], 0, KEY_B) == ERR_NONE);
	CHECK(c, reserve(c, &paths[0], KEY_A, PR_WE_RO) == ERR_NONE);
	request.service_action_key = KEY_C;
	CHECK(c, out(c, &paths[1], request) == ERR_PR_CONFLICT); /* nobody has it */
	request.service_action_key = KEY_A;
	CHECK(c, out(c, &paths[1], request) == ERR_NONE);
	CHECK(c, look(c, &paths[1], &state) && state.key_count == 1 && state.keys[0] == KEY_B);
	CHECK(c, state.reserved && state.type == PR_EA_RO && state.reservation_key == KEY_B);
	CHECK(c, register_key(c, &paths[0], KEY_A, KEY_A) == ERR_PR_CONFLICT);
	CHECK(c, register_key(c, &paths[0], KEY_A, KEY_C) == ERR_PR_CONFLICT);
	CHECK(c, reserve(c, &paths[0], KEY_A, PR_WE_RO) != ERR_NONE);
	CHECK(c, look(c, &paths[0], &state) && state.key_count == 1 && state.keys[0] == KEY_B);
	clear_all(c, &paths[0]);
}

static void preempts_the_holder(struct contract *c)
{
	preempts(c, PR_PREEMPT);
}

static void preempts_and_aborts(struct contract *c)
{
	preempts(c, PR_PREEMPT_AND_ABORT);
}

static void persists_through_power_loss(struct contract *c)
{
	struct pr_request request = { .action = PR_REGISTER, .service_action_key = KEY_A, .aptpl = true };
	CLEANUP_PR_STATE struct pr_state state = { 0 };
	struct disk paths[2];

	CHECK(c, find_paths(c, paths));
	CHECK(c, out(c, &paths[0], request) == ERR_NONE);
	CHECK(c, look(c, &paths[0], &state) && state.aptpl_active && state.key_count == 1);
	request = (struct pr_request){ .action = PR_REGISTER, .key = KEY_A, .service_action_key = KEY_A };
	CHECK(c, out(c, &paths[0], request) == ERR_NONE);
	CHECK(c, look(c, &paths[0], &state) && !state.aptpl_active && state.key_count == 1);
	clear_all(c, &paths[0]);
}

/* The map is held; the LUN's other path changes what the watch sees. */
static void watches_while_held(struct contract *c)
{
	const struct scsi_port *scsi = &c->ports->scsi;
	const struct dm_port *dm = &c->ports->dm;
	struct pr_watch *watch = NULL;
	uint32_t before, after = 0;
	struct dm_suspend *hold;
	struct disk paths[2];
	uint64_t key = 1;
	uint8_t type = 1;
	int rc;

	CHECK(c, find_paths(c, paths) && register_key(c, &paths[1], 0, KEY_B) == ERR_NONE);
	CHECK(c,
	      scsi->pr_watch_prepare(scsi->ctx, (const char *[]){ "sdzzz", paths[0].name }, 2, &watch, &c->err) == 0);
	CHECK(c, scsi->pr_watch_read(watch, &before, &key, &type) == 0 && key == 0 && type == 0);
	CHECK(c, reserve(c, &paths[1], KEY_B, PR_EA_RO) == ERR_NONE);
	CHECK(c, register_key(c, &paths[1], KEY_B, KEY_C) == ERR_NONE);
	CHECK(c, dm->suspend_prepare(dm->ctx, c->scene->maps[0], &hold, &c->err) == 0);
	CHECK(c, dm->suspend(hold) == 0);
	rc = scsi->pr_watch_read(watch, &after, &key, &type);
	CHECK(c, dm->resume(hold) == 0);
	CHECK(c, rc == 0 && after == before + 1 && key == KEY_C && type == PR_EA_RO);
	dm->suspend_free(hold);
	scsi->pr_watch_free(watch);
	scsi->pr_watch_free(NULL);
	clear_all(c, &paths[0]);
}

static void misses_a_missing_disk(struct contract *c)
{
	const struct scsi_port *scsi = &c->ports->scsi;
	const struct disk missing = { .name = "sdzzz" };
	struct pr_watch *watch = NULL;
	struct pr_state state = { 0 };

	CHECK(c, !look(c, &missing, &state) && c->err.code == ERR_SCSI_FAILED);
	CHECK(c, register_key(c, &missing, 0, KEY_A) == ERR_PR_FAILED);
	CHECK(c, scsi->pr_watch_prepare(scsi->ctx, (const char *[]){ missing.name }, 1, &watch, &c->err) < 0 && !watch);
}

/* Not on the lab's loopback target: Linux 6.1 hangs there in PREEMPT AND ABORT (its workers wait for each other). */
const struct contract_check contract_pr_abort_checks[] = {
	{ "pr: preempts and aborts", preempts_and_aborts },
	{ NULL, NULL },
};

const struct contract_check contract_pr_checks[] = {
	{ "pr: registers each path, which full status shows", registers_each_path },
	{ "pr: a wrong key conflicts and changes nothing", keys_must_be_right },
	{ "pr: reserves with each of the six types", reserves_all_types },
	{ "pr: preempts the holder, who stays out", preempts_the_holder },
	{ "pr: APTPL on and off", persists_through_power_loss },
	{ "pr: watches while a map is held", watches_while_held },
	{ "pr: a missing disk is an error", misses_a_missing_disk },
	{ NULL, NULL },
};
