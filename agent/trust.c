/*
 * Trusted certificates from a directory; see trust.h. Names, times, sizes and inodes of the files are remembered: when
 * one of them differs, everything is read again.
 */
#include "trust.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/file.h"
#include "base/log.h"

#include <dirent.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <limits.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>

enum { FILES_MAX = 256, FILE_LIMIT = 256 * 1024 };

struct trusted {
	unsigned char fingerprint[TLS_FINGERPRINT_BYTES];
	time_t not_before, not_after;
};

struct trust {
	pthread_mutex_t mutex;
	char *directory;
	struct buf seen; /* what the directory looked like when it was read */
	struct trusted *certificates;
	size_t count;
};

int trust_open(struct trust **ret, const char *directory, struct error *err)
{
	struct trust *trust = calloc(1, sizeof(*trust));

	if (trust)
		trust->directory = strdup(directory);
	if (!trust || !trust->directory) {
		free(trust);
		return error_no_memory(err);
	}
	pthread_mutex_init(&trust->mutex, NULL);
	*ret = trust;
	return 0;
}

void trust_close(struct trust *trust)
{
	if (!trust)
		return;
	pthread_mutex_destroy(&trust->mutex);
	buf_free(&trust->seen);
	free(trust->certificates);
	free(trust->directory);
	free(trust);
}

static void add(struct trust *trust, gnutls_x509_crt_t certificate)
{
	struct trusted *bigger = reallocarray(trust->certificates, trust->count + 1, sizeof(*bigger));
	struct trusted *entry;
	size_t size = TLS_FINGERPRINT_BYTES;

	if (!bigger)
		return;
	trust->certificates = bigger;
	entry = &bigger[trust->count];
	entry->not_before = gnutls_x509_crt_get_activation_time(certificate);
	entry->not_after = gnutls_x509_crt_get_expiration_time(certificate);
	if (gnutls_x509_crt_get_fingerprint(certificate, GNUTLS_DIG_SHA256, entry->fingerprint, &size) == 0)
		trust->count++;
}

/* A file that cannot be used is logged and trusted for nothing; the others count. */
static void read_file(struct trust *trust, const char *path)
{
	CLEANUP_FREE char *text = NULL;
	gnutls_x509_crt_t *list;
	gnutls_datum_t pem;
	struct error err;
	unsigned count;
	size_t length;
	int result;

	if (file_read(path, FILE_LIMIT, &text, &length, &err) < 0) {
		log_failure("trusted certificate", &err);
		return;
	}
	pem = (gnutls_datum_t){ (unsigned char *)text, (unsigned)length };
	result = gnutls_x509_crt_list_import2(&list, &count, &pem, GNUTLS_X509_FMT_PEM, 0);
	if (result < 0) {
		log_error("trusted certificate: %s: %s", path, gnutls_strerror(result));
		return;
	}
	for (unsigned i = 0; i < count; i++) {
		add(trust, list[i]);
		gnutls_x509_crt_deinit(list[i]);
	}
	gnutls_free(list);
}

static int is_pem(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);

	return entry->d_name[0] != '.' && length > 4 && strcmp(entry->d_name + length - 4, ".pem") == 0;
}

static void free_names(struct dirent **names, int count)
{
	for (int i = 0; i < count; i++)
		free(names[i]);
	free(names);
}

static void refresh(struct trust *trust)
{
	CLEANUP_BUF struct buf now = { 0 };
	struct dirent **names = NULL;
	int count = scandir(trust->directory, &names, is_pem, alphasort);
	char path[PATH_MAX];
	struct stat st;

	for (int i = 0; i < count && i < FILES_MAX; i++) {
		snprintf(path, sizeof(path), "%s/%s", trust->directory, names[i]->d_name);
		if (stat(path, &st) == 0)
			buf_printf(&now, "%s %lld.%09ld %lld %llu\n", path, (long long)st.st_mtim.tv_sec,
				   st.st_mtim.tv_nsec, (long long)st.st_size, (unsigned long long)st.st_ino);
	}
	if (strcmp(buf_text(&now), buf_text(&trust->seen)) != 0) {
		trust->count = 0;
		for (int i = 0; i < count && i < FILES_MAX; i++) {
			snprintf(path, sizeof(path), "%s/%s", trust->directory, names[i]->d_name);
			read_file(trust, path);
		}
		log_info("%zu client certificates are trusted (%s)", trust->count, trust->directory);
		buf_free(&trust->seen);
		buf_puts(&trust->seen, buf_text(&now));
	}
	free_names(names, count);
}

int trust_check(struct trust *trust, const unsigned char fingerprint[static TLS_FINGERPRINT_BYTES], struct error *err)
{
	const char *why = "it is not among the trusted ones";
	time_t now = time(NULL);
	bool trusted = false;

	pthread_mutex_lock(&trust->mutex);
	refresh(trust);
	for (size_t i = 0; i < trust->count && !trusted; i++) {
		const struct trusted *entry = &trust->certificates[i];

		if (memcmp(entry->fingerprint, fingerprint, TLS_FINGERPRINT_BYTES) != 0)
			continue;
		if (now > entry->not_after)
			why = "it has expired";
		else if (now < entry->not_before)
			why = "it is not valid yet";
		else
			trusted = true;
	}
	pthread_mutex_unlock(&trust->mutex);
	return trusted ? 0 : error_set(err, ERR_CLIENT_NOT_TRUSTED, NULL, "%s", why);
}
