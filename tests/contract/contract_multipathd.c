/*
 * The contracts of struct multipathd_port and struct scsi_port.
 */
#include "contract.h"

#include "base/cleanup.h"

#include <string.h>

static bool is_running(struct contract *c)
{
	bool running = false;

	return c->ports->multipathd.running(c->ports->multipathd.ctx, &running, &c->err) == 0 && running;
}

static void answers_commands(struct contract *c)
{
	const struct multipathd_port *multipathd = &c->ports->multipathd;
	CLEANUP_FREE char *reply = NULL;

	CHECK(c, is_running(c));
	CHECK(c, multipathd->command(multipathd->ctx, "show maps json", &reply, &c->err) == 0);
	CHECK(c, reply[0] == '{' && strstr(reply, c->scene->wwids[0]) && strstr(reply, c->scene->wwids[1]));
}

static void a_refused_command_is_an_error(struct contract *c)
{
	const struct multipathd_port *multipathd = &c->ports->multipathd;
	char *reply = NULL;

	CHECK(c, multipathd->command(multipathd->ctx, "del map contract-no-such-map", &reply, &c->err) < 0);
	CHECK(c, c->err.code == ERR_MULTIPATHD_FAILED && !reply);
}

static void stops_and_starts(struct contract *c)
{
	const struct multipathd_port *multipathd = &c->ports->multipathd;
	CLEANUP_FREE char *units = NULL;
	struct dm_device map;
	char *reply = NULL;

	CHECK(c, multipathd->dependents(multipathd->ctx, &units, &c->err) == 0);
	CHECK(c, strcmp(units, "") == 0);
	CHECK(c, multipathd->stop(multipathd->ctx, &c->err) == 0);
	CHECK(c, !is_running(c));
	/* a command does not bring it up by its socket */
	CHECK(c, multipathd->command(multipathd->ctx, "show daemon", &reply, &c->err) < 0 && !reply);
	CHECK(c, c->err.code == ERR_MULTIPATHD_NOT_RUNNING);
	CHECK(c, !is_running(c));
	CHECK(c, multipathd->stop(multipathd->ctx, &c->err) == 0);
	CHECK(c, contract_find_map(c, c->scene->maps[0], &map));
	CHECK(c, multipathd->start(multipathd->ctx, &c->err) == 0);
	CHECK(c, is_running(c));
	CHECK(c, multipathd->start(multipathd->ctx, &c->err) == 0);
	answers_commands(c);
}

static void claims(struct contract *c)
{
	const struct multipathd_port *multipathd = &c->ports->multipathd;
	struct disk disk;

	CHECK(c, contract_find_disk(c, c->scene->wwids[0], 0, &disk));
	CHECK(c, multipathd->claim(multipathd->ctx, disk.name, &c->err) == 0);
	CHECK(c, multipathd->claim(multipathd->ctx, disk.name, &c->err) == 0);
}

static void probes_paths(struct contract *c)
{
	const struct scsi_port *scsi = &c->ports->scsi;
	char array[NAME_SIZE] = "untouched";
	struct probed probed = { 0 };
	struct disk disk;

	for (unsigned i = 0; i < 2; i++) {
		CHECK(c, contract_find_disk(c, c->scene->wwids[0], i, &disk));
		CHECK(c, scsi->probe(scsi->ctx, disk.name, 10000, &probed, &c->err) == 0);
		CHECK(c, strcmp(probed.wwid, disk.true_wwid) == 0 && probed.size_bytes == disk.size_bytes);
	}
	CHECK(c, scsi->array_id(scsi->ctx, disk.name, array, &c->err) == 0 && strcmp(array, "untouched") != 0);
	CHECK(c, scsi->probe(scsi->ctx, "sdzzz", 10000, &probed, &c->err) < 0);
	CHECK(c, c->err.code == ERR_PATH_PROBE_FAILED && strcmp(c->err.device, "sdzzz") == 0);
}

const struct contract_check contract_multipathd_checks[] = {
	{ "multipathd: answers commands", answers_commands },
	{ "multipathd: a refused command is an error", a_refused_command_is_an_error },
	{ "multipathd: stops and starts", stops_and_starts },
	{ "multipathd: claims a LUN, and again", claims },
	{ "scsi: paths answer, a missing one does not", probes_paths },
	{ NULL, NULL },
};
