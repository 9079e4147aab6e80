/*
 * The identities' files at boot: reading all copies, and rules for that boot in /run.
 */
#ifndef DM_IMPORT_BOOT_FILES_H
#define DM_IMPORT_BOOT_FILES_H

#include "judge.h"

/* What cannot be read counts as damaged. journal: NULL: it is read here */
int boot_inspect(const struct engine_options *options, const struct host_port *host, const struct journal *journal,
		 struct boot_finding *ret, struct error *err);

/* The rules that the finding needs, to /run; without need those of an earlier check go. */
int boot_write(const struct engine_options *options, const struct host_port *host, const struct boot_finding *finding,
	       struct error *err);

/* Those of an earlier check are in force. */
int boot_rules_there(const struct engine_options *options, const struct host_port *host, bool *ret, struct error *err);

#endif
