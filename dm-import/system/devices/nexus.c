/*
 * The I_T nexus of a path: the initiator port by the kernel's transport classes, as the target names it in a
 * TransportID (pr.h), and the target port by the number that the LUN gives it in VPD page 83h.
 *
 * The ISID of an iSCSI session is in sysfs for some drivers only; for the others the session's number stands for it.
 */
#include "nexus.h"

#include "dm-import/formats/kernel_text.h"
#include "dm-import/formats/vpd.h"
#include "dm-import/system/tools/sysfs.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static void lower(char *text)
{
	for (; *text; text++)
		*text = (char)tolower((unsigned char)*text);
}

/* "21:00:..." behind the prefix, without its colons */
static void set_wwn(const char *prefix, const char *wwn, char ret[static PR_INITIATOR_SIZE])
{
	size_t used = (size_t)snprintf(ret, PR_INITIATOR_SIZE, "%s", prefix);

	for (; *wwn && used + 1 < PR_INITIATOR_SIZE; wwn++)
		if (*wwn != ':')
			ret[used++] = *wwn;
	ret[used] = '\0';
}

static void set_iscsi(const char *path, const char *name, struct pr_nexus *nexus)
{
	char session[64] = "", directory[128], isid[32] = "";
	const char *digits;
	unsigned number;

	parse_path_component(path, "session", session, sizeof(session));
	snprintf(directory, sizeof(directory), "/sys/class/iscsi_session/%s", session);
	sysfs_text(directory, "isid", isid, sizeof(isid));
	digits = strncmp(isid, "0x", 2) == 0 ? isid + 2 : isid;
	snprintf(nexus->initiator, PR_INITIATOR_SIZE, "iscsi:%.223s%s%.12s", name, *digits ? ",i,0x" : "", digits);
	if (sscanf(session, "session%u", &number) == 1)
		nexus->session = number + 1;
}

static void set_initiator(const char *path, const struct disk *disk, struct pr_nexus *nexus)
{
	if (!disk->initiator_port[0])
		return;
	if (disk->protocol == PROTOCOL_FC)
		set_wwn("fc:", disk->initiator_port, nexus->initiator);
	else if (disk->protocol == PROTOCOL_SAS)
		set_wwn("sas:", disk->initiator_port, nexus->initiator);
	else if (disk->protocol == PROTOCOL_ISCSI)
		set_iscsi(path, disk->initiator_port, nexus);
	lower(nexus->initiator);
}

void sys_disk_nexus(const char *path, const uint8_t *page, size_t length, struct disk *disk)
{
	set_initiator(path, disk, &disk->nexus);
	disk->nexus.relative_port = page ? vpd_relative_port(page, length) : 0;
}
