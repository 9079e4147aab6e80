/*
 * Walking the designators of VPD page 83h; see vpd.h. The page comes from a device and may say anything: a
 * designator that does not fit into the bytes received ends the walk and makes the whole page void, because an
 * identity must not come out of half a page.
 */
#include "vpd.h"

#include "base/num.h"

#include <stdio.h>
#include <string.h>

enum { PAGE_HEADER = 4, DESIGNATOR_HEADER = 4, PAGE_DEVICE_IDENTIFICATION = 0x83 };
enum code_set { CODE_BINARY = 1, CODE_ASCII = 2, CODE_UTF8 = 3 };
enum designator_type { TYPE_NAA = 3, TYPE_RELATIVE_PORT = 4, TYPE_SCSI_NAME = 8 };

struct designator {
	unsigned code_set, association, type;
	const uint8_t *data;
	size_t length;
};

/* The bytes of the page that count: all that it claims to have; 0 when it is not this page or is cut short. */
static size_t page_end(const uint8_t *page, size_t length)
{
	size_t end;

	if (length < PAGE_HEADER || page[1] != PAGE_DEVICE_IDENTIFICATION)
		return 0;
	end = PAGE_HEADER + ((size_t)page[2] << 8 | page[3]);
	return end <= length ? end : 0;
}

/* The designator at *offset, which moves on: 1, 0 at the end of the page, -1 when the page is damaged. */
static int next_designator(const uint8_t *page, size_t end, size_t *offset, struct designator *ret)
{
	const uint8_t *at = page + *offset;
	size_t left = end - *offset;

	if (left == 0)
		return 0;
	if (left < DESIGNATOR_HEADER || left - DESIGNATOR_HEADER < at[3])
		return -1;
	*ret = (struct designator){
		.code_set = at[0] & 0x0f,
		.association = at[1] >> 4 & 0x03,
		.type = at[1] & 0x0f,
		.data = at + DESIGNATOR_HEADER,
		.length = at[3],
	};
	*offset += DESIGNATOR_HEADER + at[3];
	return 1;
}

/* SPC-4 7.8.6.6: which NAA formats we take and which we would rather have; 0 when it is none, or of a wrong length */
static int naa_rank(const struct designator *d)
{
	if (d->type != TYPE_NAA || d->code_set != CODE_BINARY || d->length == 0)
		return 0;
	switch (d->data[0] >> 4) {
	case 6: /* IEEE Registered Extended */
		return d->length == 16 ? 4 : 0;
	case 5: /* IEEE Registered */
		return d->length == 8 ? 3 : 0;
	case 2: /* IEEE Extended */
		return d->length == 8 ? 2 : 0;
	case 3: /* Locally Assigned */
		return d->length == 8 ? 1 : 0;
	default:
		return 0;
	}
}

/* The best NAA designator of an association: true when there is one and the whole page is sound. */
static bool best_naa(const uint8_t *page, size_t length, enum vpd_association association, struct designator *ret)
{
	size_t end = page_end(page, length), offset = PAGE_HEADER;
	struct designator d;
	int rank = 0, more;

	if (end == 0)
		return false;
	while ((more = next_designator(page, end, &offset, &d)) > 0) {
		if (d.association != association || naa_rank(&d) <= rank)
			continue;
		rank = naa_rank(&d);
		*ret = d;
	}
	return more == 0 && rank > 0;
}

static bool format_naa(const char *prefix, const struct designator *d, char *ret, size_t size)
{
	size_t used = strlen(prefix);

	if (used + d->length * 2 + 1 > size)
		return false;
	memcpy(ret, prefix, used + 1);
	num_to_hex(d->data, d->length, ret + used);
	return true;
}

bool vpd_wwid(const uint8_t *page, size_t length, char *ret, size_t size)
{
	struct designator d;

	ret[0] = '\0';
	return best_naa(page, length, VPD_ASSOCIATION_LUN, &d) && format_naa("3", &d, ret, size);
}

/* A SCSI name string (SPC-4 7.8.6.11) is padded with NULs; a port's ends in ",t,0x" and its portal group. */
static bool copy_name(const struct designator *d, char *ret, size_t size)
{
	size_t length = strnlen((const char *)d->data, d->length);

	for (size_t i = 0; i < length; i++)
		if (d->data[i] <= ' ' || d->data[i] == 0x7f)
			return false;
	for (size_t i = 0; i + 3 <= length; i++)
		if (memcmp(d->data + i, ",t,", 3) == 0)
			length = i;
	if (length == 0 || length >= size)
		return false;
	memcpy(ret, d->data, length);
	ret[length] = '\0';
	return true;
}

bool vpd_target_name(const uint8_t *page, size_t length, enum vpd_association association, char *ret, size_t size)
{
	size_t end = page_end(page, length), offset = PAGE_HEADER;
	bool found = false;
	struct designator d;
	int more = -1;

	ret[0] = '\0';
	if (best_naa(page, length, association, &d))
		return format_naa("naa.", &d, ret, size);
	while (end && (more = next_designator(page, end, &offset, &d)) > 0)
		if (!found && d.association == association && d.type == TYPE_SCSI_NAME && d.code_set == CODE_UTF8)
			found = copy_name(&d, ret, size);
	if (more < 0)
		ret[0] = '\0';
	return found && more == 0;
}

uint16_t vpd_relative_port(const uint8_t *page, size_t length)
{
	size_t end = page_end(page, length), offset = PAGE_HEADER;
	uint16_t port = 0;
	struct designator d;
	int more = -1;

	while (end && (more = next_designator(page, end, &offset, &d)) > 0)
		if (d.type == TYPE_RELATIVE_PORT && d.association == VPD_ASSOCIATION_TARGET_PORT &&
		    d.code_set == CODE_BINARY && d.length == 4)
			port = (uint16_t)(d.data[2] << 8 | d.data[3]);
	return more == 0 ? port : 0;
}
