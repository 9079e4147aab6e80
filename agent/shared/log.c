/*
 * The log's ring and its writing thread; see log.h. The mutex is held only to copy a line: no I/O under it.
 */
#include "log.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum { LINE_SIZE = 1024, RING_LINES = 256, CLOSE_TIMEOUT_S = 2 };

struct line {
	enum log_level level;
	uint64_t wall_ms;
	char text[LINE_SIZE];
};

static struct {
	pthread_mutex_t mutex;
	pthread_cond_t more;
	pthread_t thread;
	bool running, stop;
	struct line ring[RING_LINES];
	size_t first, count, dropped;

	/* the writing thread's own */
	char path[PATH_MAX];
	int fd;
} the_log = { .mutex = PTHREAD_MUTEX_INITIALIZER, .more = PTHREAD_COND_INITIALIZER, .fd = -1 };

static atomic_int current_level = LOG_LEVEL_NONE;

static const char *const level_names[] = { "none   ", "error  ", "info   ", "verbose" };
static const char *const journal_prefixes[] = { "<7>", "<3>", "<6>", "<7>" }; /* sd-daemon(3) */

void log_sanitise(const char *text, char *ret, size_t size)
{
	size_t used = 0;

	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;
		bool plain = c >= 0x20 && c < 0x7f && c != '\\';

		if (used + (plain ? 1 : 4) >= size)
			break;
		used += (size_t)snprintf(ret + used, size - used, plain ? "%c" : "\\x%02x", c);
	}
	if (size)
		ret[used] = '\0';
}

static int open_file(const char *path)
{
	return open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0640);
}

/* The file that was there at start may have been rotated away. */
static void follow_rotation(void)
{
	struct stat ours, theirs;

	if (the_log.fd >= 0 && fstat(the_log.fd, &ours) == 0 && stat(the_log.path, &theirs) == 0 &&
	    ours.st_ino == theirs.st_ino && ours.st_dev == theirs.st_dev)
		return;
	if (the_log.fd >= 0)
		close(the_log.fd);
	the_log.fd = open_file(the_log.path);
}

/* What cannot be written is lost: there is nobody left to tell. */
static void put(int fd, const char *text, int length)
{
	while (write(fd, text, (size_t)length) < 0 && errno == EINTR)
		;
}

static void write_line(const struct line *line)
{
	char when[CLOCK_ISO_SIZE], text[LINE_SIZE + 64];
	int length;

	clock_iso(line->wall_ms, when);
	follow_rotation();
	if (the_log.fd >= 0) {
		length = snprintf(text, sizeof(text), "%s %s %s\n", when, level_names[line->level], line->text);
		put(the_log.fd, text, length);
	}
	length = snprintf(text, sizeof(text), "%s%s\n", journal_prefixes[line->level], line->text);
	put(STDERR_FILENO, text, length);
}

static void *writer(void *unused)
{
	struct line line;
	size_t dropped;

	(void)unused;
	pthread_mutex_lock(&the_log.mutex);
	for (;;) {
		while (!the_log.count && !the_log.stop)
			pthread_cond_wait(&the_log.more, &the_log.mutex);
		if (!the_log.count)
			break;
		line = the_log.ring[the_log.first];
		the_log.first = (the_log.first + 1) % RING_LINES;
		the_log.count--;
		dropped = the_log.dropped;
		the_log.dropped = 0;
		pthread_mutex_unlock(&the_log.mutex);
		write_line(&line);
		if (dropped) {
			line.level = LOG_LEVEL_ERROR;
			snprintf(line.text, sizeof(line.text), "%zu log lines were lost", dropped);
			write_line(&line);
		}
		pthread_mutex_lock(&the_log.mutex);
	}
	pthread_mutex_unlock(&the_log.mutex);
	return NULL;
}

int log_open(const char *directory, enum log_level level, struct error *err)
{
	int result;

	snprintf(the_log.path, sizeof(the_log.path), "%s/agent.log", directory);
	result = file_make_directories(directory, 0750, err);
	if (result == 0) {
		the_log.fd = open_file(the_log.path);
		if (the_log.fd < 0)
			result = error_set_sys(err, ERR_IO, the_log.path, errno, "cannot open the log");
	}
	the_log.stop = false;
	if (pthread_create(&the_log.thread, NULL, writer, NULL))
		return error_no_memory(err);
	pthread_mutex_lock(&the_log.mutex);
	the_log.running = true;
	pthread_mutex_unlock(&the_log.mutex);
	log_set_level(level);
	return result;
}

void log_close(void)
{
	struct timespec deadline;

	pthread_mutex_lock(&the_log.mutex);
	if (!the_log.running) {
		pthread_mutex_unlock(&the_log.mutex);
		return;
	}
	the_log.running = false;
	the_log.stop = true;
	pthread_cond_signal(&the_log.more);
	pthread_mutex_unlock(&the_log.mutex);

	clock_gettime(CLOCK_REALTIME, &deadline);
	deadline.tv_sec += CLOSE_TIMEOUT_S;
	if (pthread_timedjoin_np(the_log.thread, NULL, &deadline) == 0 && the_log.fd >= 0) {
		close(the_log.fd);
		the_log.fd = -1;
	}
}

void log_set_level(enum log_level level)
{
	atomic_store(&current_level, level);
}

enum log_level log_get_level(void)
{
	return (enum log_level)atomic_load(&current_level);
}

void log_line(enum log_level level, const char *text)
{
	struct line *line;

	if (level < LOG_LEVEL_ERROR || level > LOG_LEVEL_VERBOSE || level > log_get_level())
		return;
	pthread_mutex_lock(&the_log.mutex);
	if (the_log.running && the_log.count < RING_LINES) {
		line = &the_log.ring[(the_log.first + the_log.count++) % RING_LINES];
		line->level = level;
		line->wall_ms = clock_wall_ms();
		log_sanitise(text, line->text, sizeof(line->text));
		pthread_cond_signal(&the_log.more);
	} else if (the_log.running) {
		the_log.dropped++;
	}
	pthread_mutex_unlock(&the_log.mutex);
}

static void __attribute__((format(printf, 2, 0))) log_va(enum log_level level, const char *fmt, va_list ap)
{
	char text[LINE_SIZE];

	if (level > log_get_level())
		return;
	vsnprintf(text, sizeof(text), fmt, ap);
	log_line(level, text);
}

void log_error(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_va(LOG_LEVEL_ERROR, fmt, ap);
	va_end(ap);
}

void log_info(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_va(LOG_LEVEL_INFO, fmt, ap);
	va_end(ap);
}

void log_verbose(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	log_va(LOG_LEVEL_VERBOSE, fmt, ap);
	va_end(ap);
}

void log_failure(const char *what, const struct error *err)
{
	char text[LINE_SIZE / 2];

	error_format(err, text, sizeof(text));
	log_error("%s: %s", what, text);
}
