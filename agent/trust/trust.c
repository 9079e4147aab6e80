/*
 * Trusted certificates from a directory; see trust.h. Names, times, sizes and inodes of the files are remembered: when
 * one of them differs, everything is read again.
 */
#include "trust.h"

#include "agent/shared/log.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/file.h"

#include <ctype.h>
#include <dirent.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <limits.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>

enum { FILES_MAX = TRUST_MAX, FILE_LIMIT = 256 * 1024, RSA_BITS_MIN = 2048, EC_BITS_MIN = 256 };

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

static int describe(gnutls_x509_crt_t certificate, struct trusted *ret)
{
	size_t subject_size = sizeof(ret->subject);

	ret->not_before = gnutls_x509_crt_get_activation_time(certificate);
	ret->not_after = gnutls_x509_crt_get_expiration_time(certificate);
	if (gnutls_x509_crt_get_dn(certificate, ret->subject, &subject_size) < 0)
		ret->subject[0] = '\0'; /* none, or one that does not fit */
	return fingerprint_of(certificate, ret->fingerprint);
}

static void add(struct trust *trust, gnutls_x509_crt_t certificate, const char *file)
{
	struct trusted *bigger = reallocarray(trust->certificates, trust->count + 1, sizeof(*bigger));
	struct trusted *entry;

	if (!bigger)
		return;
	trust->certificates = bigger;
	entry = &bigger[trust->count];
	snprintf(entry->file, sizeof(entry->file), "%s", file);
	if (describe(certificate, entry) == 0)
		trust->count++;
}

/* The certificates of a text in PEM. */
struct list {
	gnutls_x509_crt_t *items;
	unsigned count;
};

static void list_free(struct list *list)
{
	for (unsigned i = 0; i < list->count; i++)
		gnutls_x509_crt_deinit(list->items[i]);
	gnutls_free(list->items);
}

#define CLEANUP_LIST CLEANUP(list_free)

/* 0, or what GnuTLS says. */
static int list_parse(struct list *ret, const char *pem, size_t length)
{
	gnutls_datum_t datum = { (unsigned char *)pem, (unsigned)length };
	int result = gnutls_x509_crt_list_import2(&ret->items, &ret->count, &datum, GNUTLS_X509_FMT_PEM, 0);

	if (result < 0)
		*ret = (struct list){ 0 };
	return result < 0 ? result : 0;
}

/* A file that cannot be used is logged and trusted for nothing; the others count. */
static void read_file(struct trust *trust, const char *path, const char *name)
{
	CLEANUP_FREE char *text = NULL;
	CLEANUP_LIST struct list list = { 0 };
	struct error err;
	size_t length;
	int result;

	if (file_read(path, FILE_LIMIT, &text, &length, &err) < 0) {
		log_failure("trusted certificate", &err);
		return;
	}
	result = list_parse(&list, text, length);
	if (result < 0)
		log_error("trusted certificate: %s: %s", path, gnutls_strerror(result));
	for (unsigned i = 0; i < list.count; i++)
		add(trust, list.items[i], name);
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

static void path_of(const struct trust *trust, const char *file, char ret[static PATH_MAX])
{
	snprintf(ret, PATH_MAX, "%s/%s", trust->directory, file);
}

static void refresh(struct trust *trust)
{
	CLEANUP_BUF struct buf now = { 0 };
	struct dirent **names = NULL;
	int count = scandir(trust->directory, &names, is_pem, alphasort);
	char path[PATH_MAX];
	struct stat st;

	for (int i = 0; i < count && i < FILES_MAX; i++) {
		path_of(trust, names[i]->d_name, path);
		if (stat(path, &st) == 0)
			buf_printf(&now, "%s %lld.%09ld %lld %llu\n", path, (long long)st.st_mtim.tv_sec,
				   st.st_mtim.tv_nsec, (long long)st.st_size, (unsigned long long)st.st_ino);
	}
	if (strcmp(buf_text(&now), buf_text(&trust->seen)) != 0) {
		trust->count = 0;
		for (int i = 0; i < count && i < FILES_MAX; i++) {
			path_of(trust, names[i]->d_name, path);
			read_file(trust, path, names[i]->d_name);
		}
		log_info("%zu client certificates are trusted (%s)", trust->count, trust->directory);
		buf_free(&trust->seen);
		buf_puts(&trust->seen, buf_text(&now));
	}
	free_names(names, count);
}

int trust_check(struct trust *trust, const unsigned char fingerprint[static FINGERPRINT_BYTES], struct error *err)
{
	const char *why = "it is not among the trusted ones";
	time_t now = time(NULL);
	bool trusted = false;

	pthread_mutex_lock(&trust->mutex);
	refresh(trust);
	for (size_t i = 0; i < trust->count && !trusted; i++) {
		const struct trusted *entry = &trust->certificates[i];

		if (memcmp(entry->fingerprint, fingerprint, FINGERPRINT_BYTES) != 0)
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

int trust_list(struct trust *trust, struct trusted **ret, size_t *ret_count, struct error *err)
{
	struct trusted *copy;

	pthread_mutex_lock(&trust->mutex);
	refresh(trust);
	copy = calloc(trust->count + 1, sizeof(*copy));
	for (size_t i = 0; copy && i < trust->count; i++)
		copy[i] = trust->certificates[i];
	*ret_count = copy ? trust->count : 0;
	pthread_mutex_unlock(&trust->mutex);
	if (!copy)
		return error_no_memory(err);
	*ret = copy;
	return 0;
}

static int unusable(struct error *err, const char *why)
{
	return error_set(err, ERR_CERTIFICATE_UNUSABLE, NULL, "%s", why);
}

static int check_key(gnutls_x509_crt_t certificate, struct error *err)
{
	unsigned bits = 0;
	int algorithm = gnutls_x509_crt_get_pk_algorithm(certificate, &bits);

	if (algorithm == GNUTLS_PK_RSA || algorithm == GNUTLS_PK_RSA_PSS)
		return bits >= RSA_BITS_MIN ? 0 : unusable(err, "its key is too short");
	if (algorithm == GNUTLS_PK_ECDSA)
		return bits >= EC_BITS_MIN ? 0 : unusable(err, "its key is too short");
	return algorithm == GNUTLS_PK_EDDSA_ED25519 ? 0 : unusable(err, "its key is neither RSA, ECDSA nor Ed25519");
}

/* Exactly one certificate, and one that can be trusted from now on. */
static int check_new(const struct list *list, struct trusted *ret, struct error *err)
{
	time_t now = time(NULL);

	if (list->count != 1)
		return unusable(err, list->count ? "there are several" : "there is none");
	if (describe(list->items[0], ret) < 0)
		return unusable(err, "it has no fingerprint");
	if (now > ret->not_after)
		return unusable(err, "it has expired");
	if (now < ret->not_before)
		return unusable(err, "it is not valid yet");
	return check_key(list->items[0], err);
}

/* PEM again: what else the text had stays out. */
static int export(const struct list *list, const unsigned char *without, struct buf *ret, struct error *err)
{
	for (unsigned i = 0; i < list->count; i++) {
		gnutls_datum_t pem = { 0 };
		struct trusted it = { 0 };

		if (without && describe(list->items[i], &it) == 0 &&
		    memcmp(it.fingerprint, without, FINGERPRINT_BYTES) == 0)
			continue;
		if (gnutls_x509_crt_export2(list->items[i], GNUTLS_X509_FMT_PEM, &pem) < 0)
			return error_no_memory(err);
		buf_add(ret, pem.data, pem.size);
		gnutls_free(pem.data);
	}
	return buf_failed(ret) ? error_no_memory(err) : 0;
}

/* Under the mutex. */
static int store(struct trust *trust, const struct list *list, struct trusted *certificate, struct error *err)
{
	CLEANUP_BUF struct buf pem = { 0 };
	char text[FINGERPRINT_TEXT], path[PATH_MAX];

	if (trust->count >= TRUST_MAX)
		return error_set(err, ERR_TRUST_LIMIT, NULL, "%zu", trust->count);
	fingerprint_text(certificate->fingerprint, text);
	snprintf(certificate->file, sizeof(certificate->file), "%.32s.pem", text);
	path_of(trust, certificate->file, path);
	if (export(list, NULL, &pem, err) < 0 || file_make_directories(trust->directory, 0700, err) < 0)
		return -1;
	return file_replace(path, buf_text(&pem), pem.length, 0600, err);
}

/* Under the mutex: the one with this fingerprint, or NULL. */
static const struct trusted *find(const struct trust *trust, const unsigned char *fingerprint)
{
	for (size_t i = 0; i < trust->count; i++)
		if (memcmp(trust->certificates[i].fingerprint, fingerprint, FINGERPRINT_BYTES) == 0)
			return &trust->certificates[i];
	return NULL;
}

int trust_add(struct trust *trust, const char *pem, size_t length, struct trusted *ret, bool *ret_added,
	      struct error *err)
{
	CLEANUP_LIST struct list list = { 0 };
	struct trusted certificate = { 0 };
	const struct trusted *known;
	int result = list_parse(&list, pem, length);

	if (result < 0)
		return unusable(err, gnutls_strerror(result));
	if (check_new(&list, &certificate, err) < 0)
		return -1;
	pthread_mutex_lock(&trust->mutex);
	refresh(trust);
	known = find(trust, certificate.fingerprint);
	if (known)
		certificate = *known;
	result = known ? 0 : store(trust, &list, &certificate, err);
	pthread_mutex_unlock(&trust->mutex);
	if (result < 0)
		return -1;
	*ret = certificate;
	*ret_added = !known;
	return 0;
}

/* Lower-case hexadecimal digits without colons, and enough of them. */
static int read_prefix(const char *text, char ret[static FINGERPRINT_TEXT], struct error *err)
{
	size_t length = 0;

	for (; *text; text++) {
		if (*text == ':')
			continue;
		if (!isxdigit((unsigned char)*text) || length >= FINGERPRINT_TEXT - 1)
			return error_set(err, ERR_VALUE_INVALID, NULL, "that is no beginning of a SHA-256 fingerprint");
		ret[length++] = (char)tolower((unsigned char)*text);
	}
	ret[length] = '\0';
	if (length < TRUST_PREFIX_MIN)
		return error_set(err, ERR_VALUE_INVALID, NULL, "a fingerprint's first %d digits are needed at least",
				 TRUST_PREFIX_MIN);
	return 0;
}

/* Under the mutex. */
static int find_prefix(const struct trust *trust, const char *prefix, struct trusted *ret, struct error *err)
{
	const struct trusted *found = NULL;

	for (size_t i = 0; i < trust->count; i++) {
		const struct trusted *it = &trust->certificates[i];
		char text[FINGERPRINT_TEXT];

		fingerprint_text(it->fingerprint, text);
		if (strncmp(text, prefix, strlen(prefix)) != 0)
			continue;
		if (found && memcmp(found->fingerprint, it->fingerprint, FINGERPRINT_BYTES) != 0)
			return error_set(err, ERR_TRUST_AMBIGUOUS, NULL, "%s", prefix);
		found = it;
	}
	if (!found)
		return error_set(err, ERR_TRUST_UNKNOWN, NULL, "%s", prefix);
	*ret = *found;
	return 0;
}

static int remove_from_file(const char *path, const unsigned char *fingerprint, struct error *err)
{
	CLEANUP_FREE char *text = NULL;
	CLEANUP_LIST struct list list = { 0 };
	CLEANUP_BUF struct buf rest = { 0 };
	size_t length;

	if (file_read(path, FILE_LIMIT, &text, &length, err) < 0)
		return -1;
	if (list_parse(&list, text, length) < 0)
		return 0; /* then it is trusted for nothing */
	if (export(&list, fingerprint, &rest, err) < 0)
		return -1;
	return rest.length ? file_replace(path, buf_text(&rest), rest.length, 0600, err) : file_remove(path, err);
}

/* Under the mutex. A certificate may be in several files. */
static int remove_everywhere(struct trust *trust, const char *prefix, struct trusted *ret, struct error *err)
{
	char path[PATH_MAX];

	refresh(trust);
	if (find_prefix(trust, prefix, ret, err) < 0)
		return -1;
	for (size_t i = 0; i < trust->count; i++) {
		if (memcmp(trust->certificates[i].fingerprint, ret->fingerprint, FINGERPRINT_BYTES) != 0)
			continue;
		path_of(trust, trust->certificates[i].file, path);
		if (remove_from_file(path, ret->fingerprint, err) < 0)
			return -1;
	}
	refresh(trust);
	return 0;
}

int trust_remove(struct trust *trust, const char *prefix, struct trusted *ret, struct error *err)
{
	char digits[FINGERPRINT_TEXT];
	int result;

	if (read_prefix(prefix, digits, err) < 0)
		return -1;
	pthread_mutex_lock(&trust->mutex);
	result = remove_everywhere(trust, digits, ret, err);
	pthread_mutex_unlock(&trust->mutex);
	return result;
}
