/*
 * FNV-1a; see checksum.h.
 */
#include "checksum.h"

uint64_t checksum_add(uint64_t sum, const void *data, size_t length)
{
	const unsigned char *bytes = data;

	for (size_t i = 0; i < length; i++)
		sum = (sum ^ bytes[i]) * UINT64_C(0x100000001b3);
	return sum;
}
