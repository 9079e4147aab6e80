/*
 * The monotonic clock of the test programs: the machine's, until the test stops it (agentlib.py: Clock); then the test
 * sets it. Rates, deadlines of connections, leases and durations of jobs go by it, and in libmicrohttpd the time after
 * which a connection counts as idle. The moments until which a thread sleeps (clock_gettime in our own code) stay the
 * machine's, for the kernel compares them with its own clock.
 *
 * The file $FAKE_CLOCK is shared with the test: one number, 0 or the microseconds at which the clock is stopped.
 */
#include "base/cleanup.h"
#include "base/clock.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* The linker puts the first two in the place of the calls in our own code (--wrap). */
uint64_t __wrap_clock_mono_us(void);
int __wrap_clock_gettime(clockid_t id, struct timespec *ret);

static const _Atomic uint64_t goes = 0;
static const _Atomic uint64_t *stands_at_us = &goes;

static void __attribute__((constructor)) attach(void)
{
	const char *path = getenv("FAKE_CLOCK");
	CLEANUP_FD int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	void *page = fd >= 0 ? mmap(NULL, sizeof(*stands_at_us), PROT_READ, MAP_SHARED, fd, 0) : MAP_FAILED;

	if (page != MAP_FAILED)
		stands_at_us = page;
}

int __wrap_clock_gettime(clockid_t id, struct timespec *ret)
{
	return (int)syscall(SYS_clock_gettime, id, ret);
}

/* What the libraries find in the place of libc's. */
int clock_gettime(clockid_t id, struct timespec *ret)
{
	uint64_t stands = atomic_load(stands_at_us);

	if (!stands || (id != CLOCK_MONOTONIC && id != CLOCK_MONOTONIC_COARSE && id != CLOCK_MONOTONIC_RAW))
		return __wrap_clock_gettime(id, ret);
	*ret = (struct timespec){ (time_t)(stands / 1000000), (long)(stands % 1000000) * 1000 };
	return 0;
}

uint64_t __wrap_clock_mono_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}
