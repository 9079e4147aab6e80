/*
 * FNV-1a, 64 bits: tells a torn or edited text from a whole one, any single changed byte for certain. Not meant against
 * an attacker, who would be root here.
 */
#ifndef BASE_CHECKSUM_H
#define BASE_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

#define CHECKSUM_BEGIN UINT64_C(0xcbf29ce484222325)

/* The sum of what `sum` stands for, and these bytes behind it. */
uint64_t checksum_add(uint64_t sum, const void *data, size_t length);

#endif
