/*
 * The fake engine's faults and waits on command, and what it answers as JSON.
 */
#ifndef FAKE_COMMANDS_H
#define FAKE_COMMANDS_H

#include "dm-import/dm_import.h"

bool fake_command(const char *function, const char *what, char *ret, size_t size);
void fake_wait(const char *function);
int fake_fault(const char *function, struct error *err);
struct json_object *fake_shape(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

bool fake_wwid_form_is_right(const char *wwid);

/* The result of a pre-check: one finding, an error or a warning. */
struct json_object *fake_findings(const char *source_wwid, const char *destination_wwid, bool failed);

/* The host; the command host.findings names the code of one finding. */
void fake_host(struct host_report *ret);
void fake_arrays(struct array_reports *ret);

/* The result of recovering a suspended map; a code: of what only a person can mend. */
struct json_object *fake_recovered(bool dry_run, enum error_code person);

/* A member's; there are none without the command `reservations.source`. */
void fake_reservations(bool prepared, bool lifted, struct member_report *ret);

#endif
