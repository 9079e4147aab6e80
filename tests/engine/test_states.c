/*
 * The state machine (dm-import/verbs/state.c), cell by cell; and the verbs' names.
 */
#include "engine_test.h"

#include "dm-import/core/work.h"
#include "dm-import/verbs/state.h"

enum { STATES = IMPORT_HELD + 1, DOINGS = DOING_CANCEL + 1, OUTCOMES = HOLD_LEASE_EXPIRED + 1, EITHER = -1 };

/*
 * Of each state one word, in it a letter for each thing that the import may be in the middle of (nothing, prepare, to
 * the destination, to the source, commit, cancel): y allowed; t there already; n STATE_WRONG; s there already if the
 * last hold was towards this side, else STATE_WRONG; l LEASE_EXPIRED if it was and ended by itself, else STATE_WRONG.
 */
static const struct {
	enum verb verb;
	int to;
	const char *answers[STATES];
} rows[] = {
	/* clang-format off */
	/*                                   new       prepared  on_dest.  committed cancelled recoverg. needs_att. held */
	{ VERB_PRECHECK, EITHER,           { "yyyyyy", "yyyyyy", "nnnnnn", "nnnnnn", "nnnnnn", "nnnnnn", "nnnnnn", "nnnnnn" } },
	{ VERB_PREPARE, EITHER,            { "yyyyyy", "tttttt", "tttttt", "nnnnnn", "nnnnnn", "nynnnn", "nynnnn", "nnnnnn" } },
	{ VERB_SWITCH, SIDE_DESTINATION,   { "nnnnnn", "yyyyyy", "tttttt", "nnnnnn", "nnnnnn", "nnyynn", "yyyyyy", "nnnnnn" } },
	{ VERB_SWITCH, SIDE_SOURCE,        { "nnnnnn", "tttttt", "yyyyyy", "nnnnnn", "nnnnnn", "nnyynn", "yyyyyy", "nnnnnn" } },
	{ VERB_COMMIT, EITHER,             { "nnnnnn", "nnnnnn", "yyyyyy", "tttttt", "nnnnnn", "nnnnyn", "nnnnyn", "nnnnnn" } },
	{ VERB_CANCEL, EITHER,             { "yyyyny", "yyyyny", "yyyyny", "nnnnnn", "tttttt", "yyyyny", "yyyyny", "yyyyny" } },
	{ VERB_HOLD, SIDE_DESTINATION,     { "nnnnnn", "yyyyyy", "nnnnnn", "nnnnnn", "nnnnnn", "nnyynn", "nnyynn", "ssssss" } },
	{ VERB_HOLD, SIDE_SOURCE,          { "nnnnnn", "nnnnnn", "yyyyyy", "nnnnnn", "nnnnnn", "nnyynn", "nnyynn", "ssssss" } },
	{ VERB_RELEASE, SIDE_DESTINATION,  { "llllll", "llllll", "tttttt", "llllll", "llllll", "llyyll", "llyyll", "yyyyyy" } },
	{ VERB_RELEASE, SIDE_SOURCE,       { "llllll", "tttttt", "llllll", "llllll", "llllll", "llyyll", "llyyll", "yyyyyy" } },
	{ VERB_RESERVATION, EITHER,        { "nnnnnn", "yyyyyy", "yyyyyy", "nnnnnn", "nnnnnn", "nnnnnn", "nnnnnn", "nnnnnn" } },
	/* clang-format on */
};

/* What the engine must say, for the letter. */
static int expected(char letter, const struct hold_note *last, enum side to, enum error_code *ret_code)
{
	bool ended = last->outcome == HOLD_LEASE_EXPIRED || last->outcome == HOLD_INTERRUPTED;

	*ret_code = ERR_NONE;
	if (letter == 'y')
		return 1;
	if (letter == 't' || (letter == 's' && last->to == to))
		return 0;
	*ret_code = letter == 'l' && last->to == to && ended ? ERR_LEASE_EXPIRED : ERR_STATE_WRONG;
	return -1;
}

static void check(struct engine *engine, const struct import *import, const struct verb_request *request, char letter)
{
	struct error err = { 0 };
	enum error_code code;
	int wanted = expected(letter, &import->last_hold, request->to, &code);
	int seen = import_check_allowed(engine, import, request, &err);

	if (seen == wanted && err.code == code && engine_verb_allowed(engine, request, &err) == (wanted < 0 ? -1 : 0) &&
	    err.code == code)
		return;
	fail_msg("%s to the %s while %s, doing %s, last hold to the %s %s: %d %s", verb_name(request->verb),
		 side_name(request->to), import_state_name(import->state), doing_name(import->doing),
		 side_name(import->last_hold.to), hold_outcome_name(import->last_hold.outcome), seen,
		 error_name(err.code));
}

/* Whatever the import is in the middle of, and however its last hold ended. */
static void check_row(size_t row, enum side to)
{
	const struct verb_request request = { .verb = rows[row].verb, .import_id = "test", .to = to };
	struct import import = { .id = "test" }, *imports[] = { &import };
	struct engine engine = { .imports = imports, .import_count = 1 };

	for (unsigned i = 0; i < STATES * DOINGS * OUTCOMES * 2; i++) {
		import.last_hold.to = i % 2 ? SIDE_DESTINATION : SIDE_SOURCE;
		import.last_hold.outcome = i / 2 % OUTCOMES;
		import.doing = i / 2 / OUTCOMES % DOINGS;
		import.state = i / 2 / OUTCOMES / DOINGS;
		check(&engine, &import, &request, rows[row].answers[import.state][import.doing]);
	}
}

/* Verbs that go to no side pay no heed to one. */
static void each_verb_in_each_state(void **state)
{
	(void)state;
	for (size_t row = 0; row < ARRAY_SIZE(rows); row++)
		for (enum side to = SIDE_SOURCE; to <= SIDE_DESTINATION; to++)
			if (rows[row].to == EITHER || rows[row].to == (int)to)
				check_row(row, to);
}

static void while_another_import_is_held(void **state)
{
	struct import import = { .id = "test" }, held = { .id = "held", .state = IMPORT_HELD },
		      *imports[] = { &import };
	struct work work = { .import = &held };
	struct engine engine = { .imports = imports, .import_count = 1, .held = &work };

	(void)state;
	for (unsigned i = 0; i < STATES * ARRAY_SIZE(rows); i++) {
		const struct verb_request request = { .verb = rows[i / STATES].verb, .import_id = "test" };
		struct error err = { 0 };

		import.state = i % STATES;
		assert_int_equal(engine_verb_allowed(&engine, &request, &err), -1);
		assert_int_equal(err.code, ERR_IMPORT_HELD);
	}
}

static void names(void **state)
{
	(void)state;
	for (enum verb verb = 0; verb < VERB_COUNT; verb++)
		assert_int_equal(verb_from_name(verb_name(verb)), verb);
	assert_int_equal(verb_from_name("cutover"), VERB_COMMIT);
	assert_int_equal(verb_from_name("session"), -1);
	assert_int_equal(verb_from_name(""), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_verb_in_each_state),
		cmocka_unit_test(while_another_import_is_held),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
