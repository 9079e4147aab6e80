/*
 * Wall clock for people, monotonic clock for durations and deadlines.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

enum { CLOCK_ISO_SIZE = 32 };

uint64_t clock_wall_ms(void); /* CLOCK_REALTIME, since 1970 */
uint64_t clock_mono_us(void); /* CLOCK_MONOTONIC */

/* Whole days from one moment to another, both in seconds since 1970, rounded down: -1 from a second ago on. */
int64_t clock_days(int64_t from_s, int64_t to_s);

/* "2026-01-31T10:11:12.123Z" (RFC 3339, UTC). */
void clock_iso(uint64_t wall_ms, char ret[static CLOCK_ISO_SIZE]);

#endif
