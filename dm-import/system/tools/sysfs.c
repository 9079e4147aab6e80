/*
 * Reading and writing sysfs attributes. Attributes come and go with their devices, so a missing one is an
 * answer ("" or 0), not an error with a text.
 */
#include "sysfs.h"

#include "base/cleanup.h"
#include "base/num.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>

static int open_attribute(const char *directory, const char *attribute, int flags)
{
	char path[PATH_MAX];

	if ((size_t)snprintf(path, sizeof(path), "%s/%s", directory, attribute) >= sizeof(path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return open(path, flags | O_CLOEXEC);
}

int sysfs_text(const char *directory, const char *attribute, char *ret, size_t size)
{
	CLEANUP_FD int fd = open_attribute(directory, attribute, O_RDONLY);
	ssize_t got;

	ret[0] = '\0';
	if (fd < 0)
		return -1;
	got = read(fd, ret, size - 1);
	if (got < 0)
		return -1;
	while (got > 0 && isspace((unsigned char)ret[got - 1]))
		got--;
	ret[got] = '\0';
	return 0;
}

uint64_t sysfs_number(const char *directory, const char *attribute)
{
	char text[32];
	uint64_t value = 0;

	if (sysfs_text(directory, attribute, text, sizeof(text)) == 0)
		num_parse(text, UINT64_MAX, &value);
	return value;
}

int sysfs_write(const char *directory, const char *attribute, const char *text)
{
	CLEANUP_FD int fd = open_attribute(directory, attribute, O_WRONLY);

	if (fd < 0)
		return -1;
	return write(fd, text, strlen(text)) < 0 ? -1 : 0;
}

void sysfs_limits(const char *directory, struct queue_limits *ret)
{
	*ret = (struct queue_limits){
		.max_io = sysfs_number(directory, "queue/max_sectors_kb") * 1024,
		.max_hw_io = sysfs_number(directory, "queue/max_hw_sectors_kb") * 1024,
		.max_segments = sysfs_number(directory, "queue/max_segments"),
		.max_segment_size = sysfs_number(directory, "queue/max_segment_size"),
		.max_discard = sysfs_number(directory, "queue/discard_max_bytes"),
		.max_write_zeroes = sysfs_number(directory, "queue/write_zeroes_max_bytes"),
		.dma_alignment = (uint32_t)sysfs_number(directory, "queue/dma_alignment"),
	};
}
