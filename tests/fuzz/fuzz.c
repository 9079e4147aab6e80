/*
 * See fuzz.h. Nothing here is shared with the product where a fuzzer checks the product by it.
 */
#include "tests/fuzz/fuzz.h"

#include "agent/shared/problem.h"
#include "api/problem.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <iconv.h>
#include <stdio.h>
#include <sys/stat.h>

static char directory[64];

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void remove_directory(void)
{
	nftw(directory, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

void fuzz_broken(const char *file, int line, const char *promise)
{
	fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, promise);
	if (directory[0])
		remove_directory();
	abort();
}

void fuzz_path(const char *name, char ret[static PATH_MAX])
{
	if (!directory[0]) {
		snprintf(directory, sizeof(directory), "%s/dm-import-fuzz-XXXXXX",
			 access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
		require(mkdtemp(directory) != NULL);
		atexit(remove_directory);
	}
	snprintf(ret, PATH_MAX, "%s/%s", directory, name);
}

void fuzz_write(const char *path, const void *data, size_t size)
{
	CLEANUP_FD int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	require(fd >= 0 && write(fd, data, size) == (ssize_t)size);
}

char *fuzz_read(const char *path, size_t *ret_size)
{
	CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	char *data;

	if (fd < 0)
		return NULL;
	require(fstat(fd, &st) == 0);
	data = calloc(1, (size_t)st.st_size + 1);
	require(data && read(fd, data, (size_t)st.st_size) == st.st_size);
	*ret_size = (size_t)st.st_size;
	return data;
}

char *fuzz_text(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	require(text != NULL);
	memcpy(text, data, size);
	text[size] = '\0';
	return text;
}

/* The C library's word on it. */
bool fuzz_is_utf8(const void *data, size_t size)
{
	static iconv_t converter;
	char *in = (char *)data;
	uint32_t to[256];

	if (!converter)
		converter = iconv_open("UTF-32LE", "UTF-8");
	require(converter != (iconv_t)-1);
	iconv(converter, NULL, NULL, NULL, NULL);
	while (size) {
		char *out = (char *)to;
		size_t room = sizeof(to);

		if (iconv(converter, &in, &size, &out, &room) == (size_t)-1 && errno != E2BIG)
			return false;
	}
	return true;
}

bool fuzz_is_printable(const char *text)
{
	for (; *text; text++)
		if (*text < ' ' || *text > '~')
			return false;
	return true;
}

void fuzz_check_refusal(const struct error *err)
{
	struct json_object *problem = problem_json(err), *detail;
	unsigned status = problem_http_status(err->code);

	require(err->code > ERR_NONE && err->code < ERR_COUNT);
	require(status >= 400 && status < 500);
	require(json_object_object_get_ex(problem, "detail", &detail));
	require(fuzz_is_printable(json_object_get_string(detail)));
	json_object_put(problem);
}
