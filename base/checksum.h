/*
 * FNV-1a, 64 bits: detects a torn or edited text, and any single changed byte for certain. Not a protection against an
 * attacker, who would be root here.
 */
#ifndef BASE_CHECKSUM_H
#define BASE_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

#define CHECKSUM_BEGIN UINT64_C(0xcbf29ce484222325)

/* Extends `sum`, the checksum of the preceding bytes, by these bytes. */
uint64_t checksum_add(uint64_t sum, const void *data, size_t length);

#endif
