/*
 * See lun.h. What would surprise: a path is matched to its registration by initiator and target port, never by the
 * key; several hosts may use one key, and one host several.
 */
#include "lun.h"

#include "dm-import/core/inventory.h"

#include "base/cleanup.h"

#include <stdlib.h>
#include <string.h>

/* Where Debian's, RHEL's and SLES's fence_scsi and fence_mpath leave the key of the node that they unfenced. */
static const char *const fence_key_files[] = {
	"/var/run/cluster/fence_scsi.key",
	"/var/run/cluster/fence_mpath.key",
};

void pr_lun_free(struct pr_lun *lun)
{
	pr_state_free(&lun->state);
}

static int by_nexus(const void *a, const void *b)
{
	const struct pr_path *one = a, *other = b;
	int order = strcmp(one->nexus.initiator, other->nexus.initiator);

	if (order == 0)
		order = (int)one->nexus.relative_port - (int)other->nexus.relative_port;
	return order ? order : strverscmp(one->disk, other->disk);
}

/* The paths that run, whether they answer or not, and the state as the first that answers tells it. */
static int look(struct engine *engine, const struct inventory *now, struct pr_lun *lun, struct error *err)
{
	const struct scsi_port *scsi = &engine->ports->scsi;
	const struct disk *disk;
	bool answered = false;

	for (size_t nth = 0; (disk = inventory_lun_disk(now, lun->wwid, nth)); nth++) {
		struct pr_path *path = &lun->paths[lun->path_count];

		if (strcmp(disk->state, "running") != 0 || lun->path_count == PR_PATHS_MAX)
			continue;
		answered = answered || scsi->pr_read(scsi->ctx, disk->name, &lun->state, err) == 0;
		*path = (struct pr_path){ .nexus = disk->nexus };
		snprintf(path->disk, sizeof(path->disk), "%s", disk->name);
		lun->path_count++;
	}
	qsort(lun->paths, lun->path_count, sizeof(*lun->paths), by_nexus);
	return lun->path_count > 0 && !answered ? -1 : 0;
}

/*
 * One that names the initiator's session goes before one that does not: Linux targets make the latter for the other
 * target ports of a registration with ALL_TG_PT, and such a one fits each session.
 */
static const struct pr_registration *registration_of(const struct pr_lun *lun, const struct pr_nexus *nexus)
{
	const struct pr_registration *found = NULL;

	for (size_t i = 0; i < lun->state.registration_count; i++) {
		const struct pr_registration *registration = &lun->state.registrations[i];

		if (!pr_nexus_registered(nexus, registration))
			continue;
		if (pr_names_session(registration->nexus.initiator))
			return registration;
		found = registration;
	}
	return found;
}

static bool by_transport_id(struct pr_lun *lun)
{
	if (!lun->state.has_full_status)
		return false;
	for (size_t i = 0; i < lun->path_count; i++)
		if (!lun->paths[i].nexus.initiator[0])
			return false;
	for (size_t i = 0; i < lun->path_count; i++) {
		const struct pr_registration *found = registration_of(lun, &lun->paths[i].nexus);

		if (!found)
			continue;
		lun->paths[i].key = found->key;
		lun->paths[i].all_target_ports = found->all_target_ports;
		lun->paths[i].holder = found->holder;
	}
	return true;
}

bool pr_lun_has_key(const struct pr_lun *lun, uint64_t key)
{
	for (size_t i = 0; i < lun->state.key_count; i++)
		if (lun->state.keys[i] == key)
			return true;
	return false;
}

/* "prkey" of multipath.conf or of its prkeys file, as multipathd knows it for a map; 0 = none */
static uint64_t key_of_multipathd(struct engine *engine, const struct inventory *now, const struct pr_lun *lun)
{
	const struct multipathd_port *multipathd = &engine->ports->multipathd;
	uint64_t key = 0;

	for (size_t i = 0; i < now->map_count && !key; i++) {
		CLEANUP_FREE char *reply = NULL;
		char command[NAME_SIZE + 24], carries[WWID_SIZE];

		inventory_true_wwid(now, &now->maps[i], carries);
		if (strcmp(carries, lun->wwid) != 0)
			continue;
		snprintf(command, sizeof(command), "getprkey map %s", now->maps[i].dm.name);
		if (multipathd->command(multipathd->ctx, command, &reply, NULL) < 0 || !reply)
			continue;
		reply[strcspn(reply, " :\n")] = '\0'; /* "0x123:aptpl" */
		pr_key_parse(reply, &key);
	}
	return key;
}

static uint64_t key_of_fence_agent(struct engine *engine, const struct pr_lun *lun)
{
	const struct host_port *host = &engine->ports->host;
	uint64_t key = 0;

	for (size_t i = 0; i < ARRAY_SIZE(fence_key_files); i++) {
		CLEANUP_FREE char *text = NULL;

		if (host->read(host->ctx, fence_key_files[i], &text, NULL) < 0 || !text)
			continue;
		text[strcspn(text, " \n")] = '\0';
		if (pr_key_parse(text, &key) && pr_lun_has_key(lun, key))
			return key;
	}
	return 0;
}

/*
 * No TransportIDs: a key that is ours by configuration is taken to be registered on as many of our paths as it is
 * there. So is the one before: the configuration changes before the paths do, and one LUN before the other.
 */
static int by_configuration(struct engine *engine, const struct inventory *now, uint64_t known, uint64_t before,
			    struct pr_lun *lun, struct error *err)
{
	uint64_t key = known ? known : key_of_multipathd(engine, now, lun);
	size_t registered = 0;

	if (!key)
		key = key_of_fence_agent(engine, lun);
	if (!key)
		key = before;
	if (!key)
		return error_set(err, ERR_PR_KEY_UNKNOWN, lun->wwid, "(%zu key%s on the LUN)", lun->state.key_count,
				 lun->state.key_count == 1 ? "" : "s");
	lun->by_count = true;
	for (size_t i = 0; i < lun->state.key_count && registered < lun->path_count; i++)
		if (lun->state.keys[i] == key || lun->state.keys[i] == before)
			lun->paths[registered++].key = lun->state.keys[i];
	for (size_t i = 0; i < registered && lun->state.reserved && !pr_lun_holder(lun); i++)
		lun->paths[i].holder = lun->state.reservation_key == lun->paths[i].key;
	return 0;
}

int pr_lun_read(struct engine *engine, const struct inventory *now, const char *true_wwid, uint64_t known,
		uint64_t before, struct pr_lun *ret, struct error *err)
{
	*ret = (struct pr_lun){ 0 };
	snprintf(ret->wwid, sizeof(ret->wwid), "%s", true_wwid);
	if (look(engine, now, ret, err) < 0) {
		pr_lun_free(ret);
		return -1;
	}
	if (ret->state.key_count == 0 || ret->path_count == 0 || by_transport_id(ret) ||
	    by_configuration(engine, now, known, before, ret, err) == 0)
		return 0;
	pr_lun_free(ret);
	return -1;
}

/* Is it this host's, whichever target port and session it was made through? */
static bool is_own(const struct pr_lun *lun, const struct pr_registration *registration)
{
	for (size_t i = 0; i < lun->path_count; i++)
		if (pr_same_initiator(lun->paths[i].nexus.initiator, registration->nexus.initiator))
			return true;
	return false;
}

bool pr_lun_is_own(const struct pr_lun *lun, uint64_t key)
{
	for (size_t i = 0; i < lun->path_count; i++)
		if (lun->paths[i].key == key)
			return true;
	for (size_t i = 0; i < lun->state.registration_count; i++)
		if (lun->state.registrations[i].key == key && is_own(lun, &lun->state.registrations[i]))
			return true;
	return false;
}

uint64_t pr_lun_own_key(const struct pr_lun *lun)
{
	for (size_t i = 0; i < lun->state.key_count; i++)
		if (pr_lun_is_own(lun, lun->state.keys[i]))
			return lun->state.keys[i];
	return 0;
}

bool pr_lun_registered(const struct pr_lun *lun)
{
	return pr_lun_own_key(lun) != 0;
}

bool pr_lun_has_peers(const struct pr_lun *lun)
{
	for (size_t i = 0; i < lun->state.registration_count; i++)
		if (!is_own(lun, &lun->state.registrations[i]))
			return true;
	for (size_t i = 0; i < lun->state.key_count; i++)
		if (!pr_lun_is_own(lun, lun->state.keys[i]))
			return true;
	return false;
}

const struct pr_path *pr_lun_registered_path(const struct pr_lun *lun)
{
	for (size_t i = 0; i < lun->path_count; i++)
		if (lun->paths[i].key)
			return &lun->paths[i];
	return NULL;
}

const struct pr_path *pr_lun_holder(const struct pr_lun *lun)
{
	if (!lun->state.reserved)
		return NULL;
	if (pr_type_is_all_registrants(lun->state.type))
		return pr_lun_registered_path(lun);
	for (size_t i = 0; i < lun->path_count; i++)
		if (lun->paths[i].holder)
			return &lun->paths[i];
	return NULL;
}
