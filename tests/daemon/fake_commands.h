/*
 * The fake engine's faults and waits on command, and larger pieces of what it answers.
 */
#ifndef FAKE_COMMANDS_H
#define FAKE_COMMANDS_H

#include "dm-import/dm_import.h"

bool fake_command(const char *function, const char *what, char *ret, size_t size);
void fake_wait(const char *function);
int fake_fault(const char *function, struct error *err);

bool fake_wwid_form_is_right(const char *wwid);

/* The result of a pre-check: one finding, an error or a warning. */
void fake_findings(const struct member_request *member, bool failed, struct verb_result *ret);

/* The host; the command host.findings names the code of one finding. */
void fake_host(struct host_report *ret);
void fake_arrays(struct array_reports *ret);

/* The result of recovering a suspended map; a code: of what only a person can repair. */
void fake_recovered(bool dry_run, enum error_code person, struct verb_result *ret);

/* A member's; there are none without the command `reservations.source`. */
void fake_reservations(bool prepared, bool lifted, struct member_report *ret);

#endif
