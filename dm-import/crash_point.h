/*
 * Places at which a test may end this process, multipathd or the host: before and after each step of each plan, and
 * after each port call in it. Only a build with CRASH_POINTS=1 has them (tests/crash); in other builds they are empty.
 */
#ifndef DM_IMPORT_CRASH_POINT_H
#define DM_IMPORT_CRASH_POINT_H

#include "ports.h"

#ifdef CRASH_POINTS
void crash_point(const char *plan, const char *step, const char *where);
void crash_points_in(struct ports *ports);
#else
static inline void crash_point(const char *plan, const char *step, const char *where)
{
	(void)plan;
	(void)step;
	(void)where;
}

static inline void crash_points_in(struct ports *ports)
{
	(void)ports;
}
#endif

#endif
