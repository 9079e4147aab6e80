/*
 * The hold: the milliseconds in which the application waits, or with a lease (held.c) the seconds. All maps of all
 * members are suspended, their tables exchanged by resuming them with what was loaded before, and released: all or
 * none.
 *
 * Between the first suspend and the last resume there are only ioctls: no allocation, no file, no log, no observer; one
 * of them might need the very map that is held. Memory is locked, and the guardian stands by: should this process die
 * or the deadline pass, it releases the maps: to the old side until all are held and we have decided to release,
 * forward after.
 */
#include "hold.h"

#include "deadline.h"
#include "dm-import/core/inventory.h"
#include "dm-import/core/work.h"
#include "dm-import/reservations/guard.h"
#include "guardian.h"

#include "base/cleanup.h"

#include <errno.h>
#include <string.h>

enum {
	RESUME_TRIES = 3,
	SERVED_TIMEOUT_MS = 100, /* longest wait for an application's first I/O behind the hold */
	SERVED_POLL_MS = 1,
};

/* One hold in progress. The first `live` maps are the applications', the rest are the idle partners, in the same order.
 */
struct hold {
	struct work *work;
	struct guardian *guardian;
	size_t live;
	size_t suspended; /* how many of the order idle…, live… are held */
	uint64_t began_us[MEMBERS_MAX], ended_us[MEMBERS_MAX];
	uint64_t completed[MEMBERS_MAX]; /* I/Os of the live map, just behind its release */
	uint64_t served_us[MEMBERS_MAX]; /* when the first I/O behind it was through; 0: none came */
	bool doubtful[MEMBERS_MAX];	 /* the live map's resume failed: which table it has is not known */
	int sys_errno;			 /* of the ioctl that failed */
	size_t failed;			 /* index of its map */
	int guard_errno;		 /* what the look at the reservations said */
	bool reverted;			 /* by the guardian */
	unsigned deadline_ms;		 /* for the suspends */
	uint64_t lease_end_us;		 /* CLOCK_MONOTONIC; 0: no lease */
};

int suspend_prepare_all(struct work *work, struct error *err)
{
	const struct dm_port *dm = &work->engine->ports->dm;

	work_free_suspends(work); /* of an earlier try */
	work->suspends = calloc(2 * work->changing_count + 1, sizeof(struct dm_suspend *));
	if (!work->suspends)
		return error_no_memory(err);
	for (size_t i = 0; i < 2 * work->changing_count; i++) {
		const struct member *member = work->changing[i % work->changing_count];
		const char *map = i < work->changing_count ? member->name : work->idle_names[i - work->changing_count];

		if (dm->suspend_prepare(dm->ctx, map, &work->suspends[i], err) < 0)
			return -1;
		work->suspend_count++;
	}
	return 0;
}

/* The idle partners first, they cost nobody anything; then the live maps. */
static size_t suspend_order(const struct hold *hold, size_t nth)
{
	return nth < hold->live ? hold->live + nth : nth - hold->live;
}

static bool suspend_all(struct hold *hold)
{
	const struct dm_port *dm = &hold->work->engine->ports->dm;
	const struct host_port *host = &hold->work->engine->ports->host;

	for (; hold->suspended < 2 * hold->live; hold->suspended++) {
		size_t map = suspend_order(hold, hold->suspended);

		if (map < hold->live)
			hold->began_us[map] = host->now_us(host->ctx);
		hold->sys_errno = deadline_passed() ? EINTR : dm->suspend(hold->work->suspends[map]);
		hold->failed = map;
		if (hold->sys_errno)
			return false;
	}
	return true;
}

static void release_back(struct hold *hold)
{
	const struct dm_port *dm = &hold->work->engine->ports->dm;
	const struct host_port *host = &hold->work->engine->ports->host;

	/* live maps first: the reverse of the suspend order; also those that were never held, which is a no-op */
	for (size_t map = 0; map < 2 * hold->live; map++) {
		for (int tries = 0; dm->clear_loaded(hold->work->suspends[map]) != 0 && tries < RESUME_TRIES; tries++)
			;
		for (int tries = 0; dm->resume(hold->work->suspends[map]) != 0 && tries < RESUME_TRIES; tries++)
			;
		if (map < hold->live)
			hold->ended_us[map] = host->now_us(host->ctx);
	}
}

/* One look at every live map; true when an I/O went through each of them, or it does not tell. */
static bool all_served(struct hold *hold)
{
	const struct dm_port *dm = &hold->work->engine->ports->dm;
	const struct host_port *host = &hold->work->engine->ports->host;
	bool all = true;

	for (size_t map = 0; map < hold->live; map++) {
		uint64_t completed;

		if (hold->served_us[map])
			continue;
		if (dm->completed_ios(hold->work->suspends[map], &completed) != 0)
			hold->served_us[map] = hold->ended_us[map];
		else if (completed != hold->completed[map])
			hold->served_us[map] = host->now_us(host->ctx);
		else
			all = false;
	}
	return all;
}

/*
 * An application waits until its I/O is through, which may be much later than our resume's return: that is the pause.
 * An application that does nothing has none to wait for.
 */
static void wait_served(struct hold *hold)
{
	const struct host_port *host = &hold->work->engine->ports->host;

	for (int waited_ms = 0; !all_served(hold) && waited_ms < SERVED_TIMEOUT_MS; waited_ms += SERVED_POLL_MS)
		host->sleep_ms(host->ctx, SERVED_POLL_MS);
}

/*
 * Live maps first. A resume that fails may have dropped the new table or not; a second one lets the I/O go in any case,
 * on one side or the other. Which one only a look at the table can tell, so the partner of such a map stays held:
 * nobody uses it (settle_doubtful).
 */
static bool release_forward(struct hold *hold)
{
	const struct dm_port *dm = &hold->work->engine->ports->dm;
	const struct host_port *host = &hold->work->engine->ports->host;
	bool all = true;

	for (size_t map = 0; map < hold->live; map++) {
		int sys_errno = dm->resume(hold->work->suspends[map]);

		hold->doubtful[map] = sys_errno != 0;
		if (sys_errno) {
			hold->sys_errno = sys_errno;
			hold->failed = map;
			all = false;
			dm->resume(hold->work->suspends[map]);
		}
		hold->ended_us[map] = host->now_us(host->ctx);
		if (dm->completed_ios(hold->work->suspends[map], &hold->completed[map]) != 0)
			hold->served_us[map] = hold->ended_us[map];
	}
	for (size_t map = hold->live; map < 2 * hold->live; map++)
		if (!hold->doubtful[map - hold->live] && dm->resume(hold->work->suspends[map]) != 0)
			dm->resume(hold->work->suspends[map]);
	if (all)
		wait_served(hold);
	return all;
}

/* The live map is on the side that was wanted, and not held. */
static bool exchanged(const struct work *work, const struct inventory *now, const struct member *member)
{
	const struct map *live = inventory_map(now, member->source_wwid);
	char carries[WWID_SIZE];

	if (!live || live->dm.suspended)
		return false;
	inventory_true_wwid(now, live, carries);
	return strcmp(carries, lun_on(member, work->to)) == 0;
}

/* Behind the hold: where a resume failed, the partner follows its live map. True when all members are exchanged after
 * all. */
static bool settle_doubtful(struct hold *hold)
{
	const struct dm_port *dm = &hold->work->engine->ports->dm;
	CLEANUP_INVENTORY struct inventory now = { 0 };
	bool known = inventory_load(hold->work->engine->ports, &now, NULL) == 0, all = known;

	for (size_t i = 0; i < hold->live; i++) {
		struct dm_suspend *idle = hold->work->suspends[hold->live + i];

		if (!hold->doubtful[i])
			continue;
		if (!known || !exchanged(hold->work, &now, hold->work->changing[i])) {
			dm->clear_loaded(idle);
			all = false;
		}
		if (dm->resume(idle) != 0)
			dm->resume(idle);
	}
	return all;
}

static bool lease_over(const struct hold *hold)
{
	const struct host_port *host = &hold->work->engine->ports->host;

	return hold->lease_end_us && host->now_us(host->ctx) >= hold->lease_end_us;
}

/* All maps are held; the decision for the new side is told to the guardian first. */
static bool forward(struct hold *hold)
{
	hold->guard_errno = pr_guard_check(hold->work);
	if (hold->guard_errno || lease_over(hold) || (hold->guardian && !guardian_release(hold->guardian))) {
		release_back(hold);
		return false;
	}
	return release_forward(hold) || settle_doubtful(hold);
}

static int explain(const struct hold *hold, struct error *err)
{
	const struct member *member = hold->work->changing[hold->failed % hold->live];

	if (hold->guard_errno) {
		pr_guard_explain(hold->guard_errno, err);
		return -1;
	}
	if (hold->suspended < 2 * hold->live && (hold->reverted || hold->sys_errno == EINTR))
		return error_set(
			err, ERR_HOLD_TIMEOUT, member->name,
			"I/O in flight did not end within %u ms; the maps were resumed on the side they were on",
			hold->deadline_ms);
	if (hold->lease_end_us && !hold->sys_errno)
		return error_set(err, ERR_LEASE_EXPIRED, member->name, "%s", "");
	if (hold->reverted)
		return error_set(err, ERR_HOLD_TIMEOUT, member->name,
				 "not resumed within %u ms; the maps are on the side they were on", hold->deadline_ms);
	return error_set_sys(err, ERR_DM_FAILED, member->name, hold->sys_errno, "cannot exchange the tables");
}

/* How long the longest wait was. */
static uint64_t longest_us(const struct hold *hold)
{
	uint64_t longest = 0;

	for (size_t i = 0; i < hold->live; i++)
		if (hold->ended_us[i] > hold->began_us[i] && hold->ended_us[i] - hold->began_us[i] > longest)
			longest = hold->ended_us[i] - hold->began_us[i];
	return longest;
}

static void note_pauses(const struct hold *hold)
{
	const struct host_port *host = &hold->work->engine->ports->host;
	uint64_t now_ms = host->wall_ms(host->ctx), now_us = host->now_us(host->ctx);

	for (size_t i = 0; i < hold->live; i++) {
		struct member *member = hold->work->changing[i];

		member->pause_us = (hold->served_us[i] ? hold->served_us[i] : hold->ended_us[i]) - hold->began_us[i];
		member->held_at_ms = now_ms - (now_us - hold->began_us[i]) / 1000;
	}
}

/* The maps are released: the guardian has no more to do. It may have been first, then its time counts. */
static void end_guard(struct hold *hold)
{
	uint64_t ended_us;

	if (!hold->guardian)
		return;
	ended_us = guardian_ended_us(hold->guardian);
	for (size_t i = 0; i < hold->live && ended_us; i++)
		if (ended_us < hold->ended_us[i])
			hold->ended_us[i] = ended_us;
	hold->reverted = guardian_stop(hold->guardian) == GUARDIAN_REVERTED;
	hold->guardian = NULL;
}

static int start_guard(struct hold *hold, unsigned lease_ms, struct error *err)
{
	const struct work *work = hold->work;
	const struct host_port *host = &work->engine->ports->host;
	unsigned limit_ms = lease_ms ? lease_ms : work->engine->options.hold_deadline_ms;

	hold->deadline_ms = work->engine->options.hold_deadline_ms;
	if (limit_ms < hold->deadline_ms)
		hold->deadline_ms = limit_ms;
	if (lease_ms)
		hold->lease_end_us = host->now_us(host->ctx) + UINT64_C(1000) * lease_ms;
	if (!host->has_guardian)
		return 0;
	if (guardian_start(&hold->guardian, &work->engine->ports->dm, work->suspends, work->suspend_count, limit_ms,
			   err) < 0)
		return -1;
	if (deadline_start(hold->deadline_ms * 3 / 4, err) == 0)
		return 0;
	guardian_stop(hold->guardian);
	return -1;
}

int hold_begin(struct work *work, unsigned lease_ms, struct error *err)
{
	struct hold *hold;
	bool all;

	if (work->changing_count == 0)
		return 0;
	hold = calloc(1, sizeof(*hold));
	if (!hold)
		return error_no_memory(err);
	hold->work = work;
	hold->live = work->changing_count;
	if (start_guard(hold, lease_ms, err) < 0) {
		free(hold);
		return -1;
	}
	all = suspend_all(hold);
	if (hold->guardian)
		deadline_stop();
	if (all) {
		work->hold = hold;
		return 0;
	}
	release_back(hold);
	end_guard(hold);
	explain(hold, err);
	free(hold);
	return -1;
}

int hold_forward(struct work *work, struct error *err)
{
	struct hold *hold = TAKE(work->hold);
	bool done;

	if (!hold)
		return 0;
	done = forward(hold);
	end_guard(hold);
	work->held_us = longest_us(hold);
	if (done)
		note_pauses(hold);
	else
		explain(hold, err);
	free(hold);
	return done ? 0 : -1;
}

void hold_back(struct work *work)
{
	struct hold *hold = TAKE(work->hold);

	if (!hold)
		return;
	release_back(hold);
	end_guard(hold);
	work->held_us = longest_us(hold);
	free(hold);
}

bool hold_over(const struct work *work)
{
	const struct hold *hold = work->hold;

	return lease_over(hold) || (hold->guardian && !guardian_holds(hold->guardian));
}

uint64_t hold_since_us(const struct work *work)
{
	return work->hold->began_us[0];
}

bool hold_extend(struct work *work, unsigned lease_ms)
{
	const struct host_port *host = &work->engine->ports->host;
	struct hold *hold = work->hold;

	if (hold_over(work))
		return false;
	hold->lease_end_us = host->now_us(host->ctx) + UINT64_C(1000) * lease_ms;
	return !hold->guardian || guardian_extend(hold->guardian, lease_ms);
}

int hold_exchange(struct work *work, struct error *err)
{
	return hold_begin(work, 0, err) < 0 ? -1 : hold_forward(work, err);
}
