/*
 * X.509 through libcrypto; see certificate.h.
 */
#include "certificate.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/file.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <sys/stat.h>

enum { FILE_LIMIT = 256 * 1024, COMMON_NAME_MAX = 64 };
enum { CLOCK_SLACK_S = 86400 }; /* clocks that take local time for UTC are up to 14 hours off */

#define FREE_FUNCTION(type, function) \
	static void cleanup_##type(type **object) \
	{ \
		function(*object); \
	}
FREE_FUNCTION(X509, X509_free)
FREE_FUNCTION(EVP_PKEY, EVP_PKEY_free)
FREE_FUNCTION(BIO, BIO_free_all)
FREE_FUNCTION(BIGNUM, BN_free)

static int openssl_error(struct error *err, const char *what)
{
	char text[160];

	ERR_error_string_n(ERR_get_error(), text, sizeof(text));
	return error_set(err, ERR_CERTIFICATE_INVALID, NULL, "%s: %s", what, text);
}

static bool set_serial(X509 *x509)
{
	CLEANUP(cleanup_BIGNUM) BIGNUM *serial = BN_new();

	return serial && BN_rand(serial, 127, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) &&
	       BN_to_ASN1_INTEGER(serial, X509_get_serialNumber(x509));
}

static bool set_subject(X509 *x509, const struct names *names)
{
	const char *name = names->count ? names->list[0].text : "";
	X509_NAME *subject = X509_get_subject_name(x509);

	if (!*name || strlen(name) > COMMON_NAME_MAX) /* X.520's limit; the names that count are the SANs */
		name = "dm-import agent";
	return X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0) &&
	       X509_set_issuer_name(x509, subject);
}

static bool add_extension(X509 *x509, int nid, const char *value)
{
	X509V3_CTX context;
	X509_EXTENSION *extension;
	bool done;

	X509V3_set_ctx_nodb(&context);
	X509V3_set_ctx(&context, x509, x509, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	done = extension && X509_add_ext(x509, extension, -1);
	X509_EXTENSION_free(extension);
	return done;
}

static bool add_names(X509 *x509, const struct names *names)
{
	CLEANUP_BUF struct buf value = { 0 };

	for (size_t i = 0; i < names->count; i++)
		buf_printf(&value, "%s%s:%s", i ? "," : "", names->list[i].is_address ? "IP" : "DNS",
			   names->list[i].text);
	return !buf_failed(&value) && add_extension(x509, NID_subject_alt_name, buf_text(&value));
}

static bool fill(X509 *x509, EVP_PKEY *key, const struct names *names, unsigned days)
{
	return X509_set_version(x509, X509_VERSION_3) && set_serial(x509) &&
	       X509_gmtime_adj(X509_getm_notBefore(x509), -CLOCK_SLACK_S) &&
	       X509_time_adj_ex(X509_getm_notAfter(x509), (int)days, 0, NULL) && set_subject(x509, names) &&
	       X509_set_pubkey(x509, key) && add_extension(x509, NID_basic_constraints, "critical,CA:FALSE") &&
	       add_extension(x509, NID_key_usage, "critical,digitalSignature") &&
	       add_extension(x509, NID_ext_key_usage, "serverAuth") &&
	       add_extension(x509, NID_subject_key_identifier, "hash") && add_names(x509, names) &&
	       X509_sign(x509, key, EVP_sha256());
}

static int write_pem(BIO *pem, const char *directory, const char *name, mode_t mode, struct error *err)
{
	char path[PATH_MAX], *text;
	long length = BIO_get_mem_data(pem, &text);

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return file_replace(path, text, (size_t)length, mode, err);
}

int certificate_create(const char *directory, const struct names *names, unsigned days, struct error *err)
{
	CLEANUP(cleanup_EVP_PKEY) EVP_PKEY *key = EVP_EC_gen("P-256");
	CLEANUP(cleanup_X509) X509 *x509 = X509_new();
	CLEANUP(cleanup_BIO) BIO *certificate_pem = BIO_new(BIO_s_mem());
	CLEANUP(cleanup_BIO) BIO *key_pem = BIO_new(BIO_s_secmem());

	if (!key || !x509 || !certificate_pem || !key_pem || !fill(x509, key, names, days) ||
	    !PEM_write_bio_X509(certificate_pem, x509) ||
	    !PEM_write_bio_PKCS8PrivateKey(key_pem, key, NULL, NULL, 0, NULL, NULL))
		return openssl_error(err, "cannot make the certificate");
	if (file_make_directories(directory, 0700, err) < 0 ||
	    write_pem(key_pem, directory, "agent.key", 0600, err) < 0 ||
	    write_pem(certificate_pem, directory, "agent.crt", 0644, err) < 0)
		return -1;
	return 0;
}

bool certificate_exists(const char *directory)
{
	static const char *const files[] = { "agent.crt", "agent.key" };
	char path[PATH_MAX];
	struct stat st;

	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		snprintf(path, sizeof(path), "%s/%s", directory, files[i]);
		if (stat(path, &st) < 0)
			return false;
	}
	return true;
}

static void show_fingerprint(BIO *out, X509 *x509)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned size = 0;

	X509_digest(x509, EVP_sha256(), digest, &size);
	BIO_printf(out, "SHA-256:     ");
	for (unsigned i = 0; i < size; i++)
		BIO_printf(out, "%s%02X", i ? ":" : "", digest[i]);
	BIO_printf(out, "\n");
}

static void show_names(BIO *out, X509 *x509)
{
	int index = X509_get_ext_by_NID(x509, NID_subject_alt_name, -1);

	BIO_printf(out, "Names:       ");
	if (index >= 0)
		X509V3_EXT_print(out, X509_get_ext(x509, index), 0, 0);
	BIO_printf(out, "\n");
}

int certificate_show(const char *file, struct error *err)
{
	CLEANUP_FREE char *text = NULL;
	size_t length;

	if (file_read(file, FILE_LIMIT, &text, &length, err) < 0)
		return -1;

	CLEANUP(cleanup_BIO) BIO *in = BIO_new_mem_buf(text, (int)length);
	CLEANUP(cleanup_X509) X509 *x509 = in ? PEM_read_bio_X509(in, NULL, NULL, NULL) : NULL;
	CLEANUP(cleanup_BIO) BIO *out = BIO_new_fp(stdout, BIO_NOCLOSE);

	if (!x509 || !out)
		return openssl_error(err, file);
	BIO_printf(out, "Subject:     ");
	X509_NAME_print_ex(out, X509_get_subject_name(x509), 0, XN_FLAG_RFC2253);
	BIO_printf(out, "\n");
	show_names(out, x509);
	BIO_printf(out, "Valid from:  ");
	ASN1_TIME_print(out, X509_get0_notBefore(x509));
	BIO_printf(out, "\nValid until: ");
	ASN1_TIME_print(out, X509_get0_notAfter(x509));
	BIO_printf(out, "%s\n", X509_cmp_current_time(X509_get0_notAfter(x509)) < 0 ? " (expired)" : "");
	show_fingerprint(out, x509);
	BIO_flush(out);
	return 0;
}
