/*
 * The least that a list of SCSI commands costs: an SG_IO each, one after the other, nothing looked at in between. What
 * the move of reservations is measured against; not part of the product, and without its checks on purpose.
 *
 *   pr_bare < LIST       a line a command: "<disk> <cdb, hex> <parameter list, hex, or - to read>"
 *                        prints "<us> <how many commands were not good>"
 *
 * Disks are opened before the clock starts, once each.
 */
#include "base/clock.h"

#include <fcntl.h>
#include <scsi/sg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { COMMANDS_MAX = 4096, TIMEOUT_MS = 10000, CDB_MAX = 16, LIST_MAX = 64 };

struct command {
	char disk[32];
	uint8_t cdb[CDB_MAX], list[LIST_MAX], sense[64];
	int fd;
	sg_io_hdr_t io;
};

static struct command commands[COMMANDS_MAX];
static uint8_t answer[65536];

/* Gives how many bytes; 0 for what is no hex, "-" for instance. */
static unsigned bytes_of(const char *hex, uint8_t *ret, unsigned size)
{
	unsigned count = 0, byte;

	while (count < size && sscanf(hex + 2 * (size_t)count, "%2x", &byte) == 1)
		ret[count++] = (uint8_t)byte;
	return count;
}

static int open_disk(const struct command *command)
{
	char path[48];

	for (const struct command *other = commands; other < command; other++)
		if (strcmp(other->disk, command->disk) == 0)
			return other->fd;
	snprintf(path, sizeof(path), "/dev/%.31s", command->disk);
	return open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
}

static int make(struct command *command, const char *cdb, const char *list)
{
	unsigned cdb_length = bytes_of(cdb, command->cdb, CDB_MAX);
	unsigned list_length = bytes_of(list, command->list, LIST_MAX);

	command->io = (sg_io_hdr_t){
		.interface_id = 'S',
		.dxfer_direction = list_length ? SG_DXFER_TO_DEV : SG_DXFER_FROM_DEV,
		.cmd_len = (unsigned char)cdb_length,
		.cmdp = command->cdb,
		.mx_sb_len = sizeof(command->sense),
		.sbp = command->sense,
		.dxfer_len = list_length ? list_length : (unsigned)(command->cdb[7] << 8 | command->cdb[8]),
		.dxferp = list_length ? command->list : answer,
		.timeout = TIMEOUT_MS,
	};
	command->fd = open_disk(command);
	return cdb_length >= 10 && command->fd >= 0 ? 0 : -1;
}

int main(void)
{
	char cdb[2 * CDB_MAX + 1], list[2 * LIST_MAX + 1];
	unsigned count = 0, failed = 0;
	uint64_t began, ended;

	while (count < COMMANDS_MAX && scanf("%31s %32s %128s", commands[count].disk, cdb, list) == 3)
		if (make(&commands[count++], cdb, list) < 0)
			return 1;
	if (count == 0)
		return 1;
	began = clock_mono_us();
	for (unsigned i = 0; i < count; i++)
		if (ioctl(commands[i].fd, SG_IO, &commands[i].io) < 0)
			return 1;
	ended = clock_mono_us();
	for (unsigned i = 0; i < count; i++)
		failed += commands[i].io.status || commands[i].io.host_status;
	printf("%llu %u\n", (unsigned long long)(ended - began), failed);
	return 0;
}
