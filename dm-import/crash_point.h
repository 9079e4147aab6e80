/*
 * Places at which a test may end this process, multipathd or the host: before and behind each step of each plan, and
 * behind each port call inside it. Only a build with CRASH_POINTS=1 has them (tests/crash); elsewhere they are nothing.
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
