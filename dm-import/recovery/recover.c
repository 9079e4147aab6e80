/*
 * What an earlier process left unfinished, put right when the engine opens: a held map is released, a torn switch is
 * completed in the direction that the kernel's tables show, a torn commit or cancel is gone on with.
 *
 * The rule for a switch: once one live map is on the new side, forward; before that, back. (A guardian that outlived
 * the agent went forward already when all maps were held and the agent had decided to release; the tables show it.)
 */
#include "recover.h"

#include "dm-import/core/work.h"
#include "dm-import/store/identities.h"
#include "dm-import/store/journal.h"
#include "dm-import/store/journal_file.h"
#include "dm-import/verbs/plan.h"
#include "dm-import/verbs/plans.h"

#include "base/cleanup.h"

#include <string.h>

static enum plan_outcome recover_one(struct work *work, struct error *err)
{
	struct import *import = work->import;

	switch (import->doing) {
	case DOING_NOTHING:
		return PLAN_DONE;
	case DOING_PREPARE:
		/* nothing of an application was touched; prepare can be sent again */
		import->state = IMPORT_NEW;
		import->attention = (struct error){ 0 };
		import->doing = DOING_NOTHING;
		return import_save(work->engine, import, JOURNAL_VOID, err) < 0 ? PLAN_STUCK : PLAN_DONE;
	case DOING_TO_DESTINATION:
	case DOING_TO_SOURCE:
		return switch_complete(work, err);
	case DOING_COMMIT:
		work->recovering = true;
		return commit_run(work, err);
	case DOING_CANCEL:
		return cancel_run(work, err);
	}
	return PLAN_STUCK;
}

/* Rules are made again from the store where they are missing or differ: without them the wrong LUN would get the name.
 */
static int restore_rules(struct engine *engine, struct error *err)
{
	if (engine->identities.count == 0)
		return 0;
	return identities_apply(engine, err);
}

int recover_import(struct engine *engine, struct import *import, const struct observer *observer, struct error *err)
{
	struct work work = { .engine = engine, .import = import, .observer = observer };
	struct error why = { 0 };
	enum doing doing = import->doing;
	bool done = recover_one(&work, &why) == PLAN_DONE;

	if (!done) {
		switch_leave_safe(&work);
		import->state = IMPORT_RECOVERING;
		import->doing = doing;
		import->attention = why;
		import_save(engine, import, JOURNAL_STUCK, NULL);
		if (err)
			*err = why;
	}
	work_free(&work);
	return done ? 0 : -1;
}

int recover_all(struct engine *engine, struct error *err)
{
	if (restore_rules(engine, err) < 0)
		return -1;
	for (size_t i = 0; i < engine->import_count; i++)
		recover_import(engine, engine->imports[i], NULL, NULL);
	return 0;
}
