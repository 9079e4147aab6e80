/*
 * What dm-import/ports.h promises, as checks that any implementation must pass: the real ports in a VM
 * (contract_real.c) and the fakes (contract_fake.c). A check speaks only to the ports; what it needs around them is in
 * the scene.
 *
 * A check puts back what it changes. The first failed CHECK ends it.
 */
#ifndef CONTRACT_H
#define CONTRACT_H

#include "dm-import/ports.h"

#include <stdbool.h>
#include <stddef.h>

struct contract_scene {
	struct ports ports;
	const char *maps[2];  /* two multipath maps of the same size, nobody's */
	const char *wwids[2]; /* of their LUNs */
	const char *rules_directory;
	const char *directory; /* an existing one for files of ours */

	/* Mount something on maps[0], and undo it; *ret_name is where it is seen. */
	void *ctx;
	bool (*use)(void *ctx, const char **ret_name);
	bool (*unuse)(void *ctx);
};

struct contract {
	struct contract_scene *scene;
	const struct ports *ports;
	bool failed;
	struct error err; /* of the last call that took it */
};

struct contract_check {
	const char *name;
	void (*run)(struct contract *c);
};

/* End the running check as failed unless `condition`. */
#define CHECK(c, condition) \
	do { \
		if (!(condition)) { \
			contract_fail(c, __FILE__, __LINE__, #condition); \
			return; \
		} \
	} while (0)

void contract_fail(struct contract *c, const char *file, int line, const char *condition);

/* Run the checks (a table that ends in a NULL name), one TAP line each. Returns how many failed. */
unsigned contract_run(struct contract_scene *scene, const struct contract_check *checks);

extern const struct contract_check contract_dm_checks[];
extern const struct contract_check contract_device_checks[];
extern const struct contract_check contract_multipathd_checks[];
extern const struct contract_check contract_pr_checks[];
extern const struct contract_check contract_pr_abort_checks[];
extern const struct contract_check contract_host_checks[];

/* All of them; the sum. */
unsigned contract_run_all(struct contract_scene *scene);

/* Looking things up; false when it is not there or the port fails. */
bool contract_find_map(struct contract *c, const char *name, struct dm_device *ret);
/* The nth disk (from 0) with this true WWID, in the order of its names. */
bool contract_find_disk(struct contract *c, const char *true_wwid, unsigned nth, struct disk *ret);

#endif
