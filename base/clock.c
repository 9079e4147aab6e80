/*
 * The two clocks, and the text form of a time; see clock.h.
 */
#include "clock.h"

#include <stdio.h>
#include <time.h>

uint64_t clock_wall_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

uint64_t clock_mono_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

int64_t clock_days(int64_t from_s, int64_t to_s)
{
	const int64_t day_s = 86400, between_s = to_s - from_s;

	return between_s >= 0 ? between_s / day_s : -((-between_s + day_s - 1) / day_s);
}

void clock_iso(uint64_t wall_ms, char ret[static CLOCK_ISO_SIZE])
{
	time_t seconds = (time_t)(wall_ms / 1000);
	struct tm tm;
	size_t used;

	gmtime_r(&seconds, &tm);
	used = strftime(ret, CLOCK_ISO_SIZE, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(ret + used, CLOCK_ISO_SIZE - used, ".%03uZ", (unsigned)(wall_ms % 1000));
}
