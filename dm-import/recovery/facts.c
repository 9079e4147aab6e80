/*
 * See facts.h.
 */
#include "facts.h"

#include <stdio.h>
#include <string.h>

/* An import that was cancelled by force may have been in the middle of a switch; its identities tell how far it was. */
enum side recovery_side_of(const struct recovery *recovery, const struct member *member)
{
	const struct identity_record *record = identity_find(&recovery->engine->identities, member->source_wwid);

	if (recovery->import->forced && record)
		return record->role == IDENTITY_HIDDEN ? SIDE_SOURCE : SIDE_DESTINATION;
	return member->exchanged ? SIDE_DESTINATION : SIDE_SOURCE;
}

enum side recovery_side(const struct recovery *recovery)
{
	return recovery_side_of(recovery, &recovery->import->members[0]);
}

enum identity_role recovery_role(const struct recovery *recovery)
{
	if (recovery->import->state == IMPORT_COMMITTED)
		return IDENTITY_RETIRED;
	return recovery_side(recovery) == SIDE_DESTINATION ? IDENTITY_EXCHANGED : IDENTITY_HIDDEN;
}

bool recovery_in_progress(const struct recovery *recovery)
{
	return import_state_in_progress(recovery->import->state);
}

bool recovery_partition_of(const struct dm_device *device, const char *wwid)
{
	const char *whole = strstr(device->uuid, "-mpath-");

	return strncmp(device->uuid, "part", 4) == 0 && whole && strcmp(whole + strlen("-mpath-"), wwid) == 0;
}
