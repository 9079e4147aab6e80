/*
 * See steps.h.
 */
#include "steps.h"

#include "dm-import/core/work.h"
#include "dm-import/store/identities.h"
#include "dm-import/store/journal.h"
#include "dm-import/store/journal_file.h"

int step_intend(struct work *work, struct error *err)
{
	if (import_reserve(work, err) < 0)
		return -1;
	work->import->doing = work->step->doing;
	return import_save(work->engine, work->import, JOURNAL_INTENT, err);
}

int step_intend_rules(struct work *work, struct error *err)
{
	if (!work->recovering && identities_apply(work->engine, err) < 0)
		return -1;
	return step_intend(work, err);
}

int step_record(struct work *work, struct error *err)
{
	return work_record_done(work, work->step->state, err);
}
