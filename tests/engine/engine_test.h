/*
 * What the engine's test programs share: cmocka with its headers, an engine on a fake host, its verbs as one call, and
 * the question whether everything on the host agrees.
 */
#ifndef ENGINE_TEST_H
#define ENGINE_TEST_H

#include "tests/fakes/fake_world.h"

#include "dm-import/dm_import.h"

#include "api/reports.h"

#include "base/cleanup.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A test case between the file's own `setup` and `teardown`. */
#define WITH_WORLD(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

/* An engine on a fake host with `members` pairs in the usual scene; the import is called "test". */
struct host_test {
	struct fake_world *world;
	struct ports ports;
	struct engine_options options;
	struct engine *engine;
	unsigned members;
	struct json_object *result;	 /* of the last verb */
	const struct observer *observer; /* of verbs; NULL: none */
	struct error err;
};

/*
 * The verbs of the tests: the engine's, of which VERB_SWITCH, VERB_HOLD and VERB_RELEASE go to the destination, and
 * these. VERB_HELD_SWITCH and the next: hold, and then release to the new side; VERB_HOLD_BACK: to the old one.
 */
enum {
	VERB_CREATE = VERB_COUNT,
	VERB_SWITCH_BACK,
	VERB_DELETE,
	VERB_HELD_SWITCH,
	VERB_HELD_SWITCH_BACK,
	VERB_HOLD_BACK,
};

extern const char *const verb_names[];

void host_test_begin(struct host_test *test, unsigned members, unsigned paths);
void host_test_end(struct host_test *test);

/* Open the engine (recovery runs); -1 as engine_open. Close it, as at an orderly end. */
int host_test_open(struct host_test *test);
void host_test_close(struct host_test *test);

/* Before another verb's result comes in its place; the next two and host_test_close do so. */
void host_test_drop_result(struct host_test *test);

/* Between the two a process may die, in whose name a test runs on: it frees nothing, which is not a leak. */
void host_test_deaths_begin(void);
void host_test_deaths_end(void);

/* Forget the engine as a dead process does: nothing is closed or freed by it. */
void host_test_forget(struct host_test *test);

/* engine_run of this request, for the import "test" if it names none; test->err and test->result tell more. */
int host_test_ask(struct host_test *test, struct verb_request request);

/* Run one of the tests' verbs. The array maps the destinations before a prepare, and unmaps them before a cancelled
 * import is deleted. */
int host_test_run(struct host_test *test, int verb);

/* The same, failing the test case with what the engine said. */
void host_test_must(struct host_test *test, int verb);

/* "new", "prepared", ... of the import, "" when there is none. */
const char *host_test_state(struct host_test *test);

/* The import as the API shows it, the caller's. */
struct json_object *host_test_report(struct host_test *test);

/* Why the import needs attention or is being recovered, "" when it does not. */
const char *host_test_attention(struct host_test *test);

/* The last calls of the run, for a message. */
const char *host_test_calls(const struct host_test *test);

/*
 * NULL when kernel, udev, rules on disk and multipathd agree, nothing is suspended or loaded, and no invariant was
 * broken; else what is wrong (valid until the next call).
 */
const char *host_test_disagreement(struct host_test *test);

/* Fail the test case unless the live maps' paths are of this side. */
void host_test_expect_side(struct host_test *test, enum side side);

/* The same unless the host agrees and the application's I/O goes to this side of each pair. */
void host_test_expect(struct host_test *test, const char *state, enum side side);

#endif
