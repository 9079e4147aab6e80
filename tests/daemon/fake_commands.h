/*
 * The fake engine's faults and waits on command, and what it answers as JSON.
 */
#ifndef FAKE_COMMANDS_H
#define FAKE_COMMANDS_H

#include "base/error.h"

#include <json-c/json.h>
#include <stdbool.h>

bool fake_command(const char *function, const char *what, char *ret, size_t size);
void fake_wait(const char *function);
int fake_fault(const char *function, struct error *err);
struct json_object *fake_shape(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

bool fake_wwid_form_is_right(const char *wwid);

/* The result of a pre-check: one finding, an error or a warning. */
struct json_object *fake_findings(const char *source_wwid, const char *destination_wwid, bool failed);

/* A hold towards the destination; with an outcome one that has ended, when its lease did. */
struct json_object *fake_hold(const char *outcome, unsigned lease_ms, const char *since);

struct json_object *fake_host(void);
struct json_object *fake_arrays(void);

/* The result of recovering a suspended map; a code: of what only a person can mend. */
struct json_object *fake_recovered(bool dry_run, enum error_code person);

/* A member's, in the shape of pr_move_report; NULL without the command `reservations.source`. */
struct json_object *fake_reservations(bool prepared, bool lifted);

#endif
