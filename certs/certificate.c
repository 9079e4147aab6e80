/*
 * X.509 through libcrypto; see certificate.h. Uses only functions that OpenSSL 1.1.1 has, too.
 */
#include "certificate.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/num.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>

enum { COMMON_NAME_MAX = 64, VERSION_3 = 2, RSA_BITS_MIN = 2048, DAY_S = 86400 };
enum { CLOCK_SLACK_S = DAY_S }; /* a clock that takes local time for UTC is up to 14 hours wrong */

#define FREE_FUNCTION(type, function) \
	static void cleanup_##type(type **object) \
	{ \
		function(*object); \
	}
FREE_FUNCTION(X509, X509_free)
FREE_FUNCTION(EVP_PKEY, EVP_PKEY_free)
FREE_FUNCTION(EVP_PKEY_CTX, EVP_PKEY_CTX_free)
FREE_FUNCTION(BIO, BIO_free_all)
FREE_FUNCTION(BIGNUM, BN_free)
FREE_FUNCTION(GENERAL_NAMES, GENERAL_NAMES_free)

static void cleanup_chain(STACK_OF(X509) * *chain)
{
	sk_X509_pop_free(*chain, X509_free);
}

/* --- making a certificate --- */

static int openssl_error(struct error *err, const char *what)
{
	char text[160];

	ERR_error_string_n(ERR_get_error(), text, sizeof(text));
	return error_set(err, ERR_CERTIFICATE_INVALID, NULL, "%s: %s", what, text);
}

static EVP_PKEY *make_key(void)
{
	CLEANUP(cleanup_EVP_PKEY_CTX) EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_id(EVP_PKEY_EC, NULL);
	EVP_PKEY *key = NULL;

	if (!context || EVP_PKEY_keygen_init(context) <= 0 ||
	    EVP_PKEY_CTX_set_ec_paramgen_curve_nid(context, NID_X9_62_prime256v1) <= 0 ||
	    EVP_PKEY_CTX_set_ec_param_enc(context, OPENSSL_EC_NAMED_CURVE) <= 0 || EVP_PKEY_keygen(context, &key) <= 0)
		return NULL;
	return key;
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

	if (!*name || strlen(name) > COMMON_NAME_MAX) /* X.520's limit; clients check the SANs, not this name */
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
	return X509_set_version(x509, VERSION_3) && set_serial(x509) &&
	       X509_gmtime_adj(X509_getm_notBefore(x509), -CLOCK_SLACK_S) &&
	       X509_time_adj_ex(X509_getm_notAfter(x509), (int)days, 0, NULL) && set_subject(x509, names) &&
	       X509_set_pubkey(x509, key) && add_extension(x509, NID_basic_constraints, "critical,CA:FALSE") &&
	       add_extension(x509, NID_key_usage, "critical,digitalSignature") &&
	       add_extension(x509, NID_ext_key_usage, "serverAuth") &&
	       add_extension(x509, NID_subject_key_identifier, "hash") && add_names(x509, names) &&
	       X509_sign(x509, key, EVP_sha256());
}

/* A copy of the content of `bio`, owned by the caller; NULL if memory is short. */
static char *text_of(BIO *bio)
{
	char *text;
	long length = BIO_get_mem_data(bio, &text);

	return strndup(text, (size_t)length);
}

static int write_pair(STACK_OF(X509) * chain, EVP_PKEY *key, struct pem_pair *ret, struct error *err)
{
	CLEANUP(pem_pair_free) struct pem_pair pair = { 0 };
	CLEANUP(cleanup_BIO) BIO *certificates = BIO_new(BIO_s_mem());
	CLEANUP(cleanup_BIO) BIO *key_pem = BIO_new(BIO_s_secmem());
	bool done = certificates && key_pem && PEM_write_bio_PKCS8PrivateKey(key_pem, key, NULL, NULL, 0, NULL, NULL);

	for (int i = 0; done && i < sk_X509_num(chain); i++)
		done = PEM_write_bio_X509(certificates, sk_X509_value(chain, i));
	if (!done)
		return openssl_error(err, "cannot write the certificate");
	pair.certificate = text_of(certificates);
	pair.key = text_of(key_pem);
	if (!pair.certificate || !pair.key)
		return error_no_memory(err);
	*ret = pair;
	pair = (struct pem_pair){ 0 };
	return 0;
}

int pem_pair_make(const struct names *names, unsigned days, struct pem_pair *ret, struct error *err)
{
	CLEANUP(cleanup_chain) STACK_OF(X509) *chain = sk_X509_new_null();
	CLEANUP(cleanup_EVP_PKEY) EVP_PKEY *key = make_key();
	X509 *x509 = X509_new();

	if (!chain || !x509 || !sk_X509_push(chain, x509)) {
		X509_free(x509);
		return error_no_memory(err);
	}
	if (!key || !fill(x509, key, names, days))
		return openssl_error(err, "cannot make the certificate");
	return write_pair(chain, key, ret, err);
}

/* --- reading --- */

void pem_pair_free(struct pem_pair *pair)
{
	if (pair->key)
		explicit_bzero(pair->key, strlen(pair->key));
	free(pair->key);
	free(pair->certificate);
	*pair = (struct pem_pair){ 0 };
}

static int read_text(const char *file, char **ret, struct error *err)
{
	struct error cause;

	if (file_read(file, CERT_FILE_LIMIT, ret, NULL, &cause) == 0)
		return 0;
	return error_set(err, cause.sys_errno == ENOENT ? ERR_CERTIFICATE_MISSING : ERR_CERTIFICATE_UNREADABLE, file,
			 "%s", cause.detail);
}

int pem_pair_read(const char *certificate_file, const char *key_file, struct pem_pair *ret, struct error *err)
{
	CLEANUP(pem_pair_free) struct pem_pair pair = { .certificate_file = certificate_file, .key_file = key_file };

	if (read_text(certificate_file, &pair.certificate, err) < 0 || read_text(key_file, &pair.key, err) < 0)
		return -1;
	*ret = pair;
	pair = (struct pem_pair){ 0 };
	return 0;
}

static int no_certificate(const char *file, struct error *err)
{
	ERR_clear_error();
	return error_set(err, ERR_CERTIFICATE_UNREADABLE, file, "there is no certificate in it, in PEM form");
}

/* All certificates of the text, at least one. */
static int read_chain(const char *pem, const char *file, STACK_OF(X509) * *ret, struct error *err)
{
	CLEANUP(cleanup_chain) STACK_OF(X509) *chain = sk_X509_new_null();
	CLEANUP(cleanup_BIO) BIO *in = BIO_new_mem_buf(pem, -1);
	unsigned long end;
	X509 *x509;

	if (!chain || !in)
		return error_no_memory(err);
	while ((x509 = PEM_read_bio_X509(in, NULL, NULL, NULL))) {
		if (!sk_X509_push(chain, x509)) {
			X509_free(x509);
			return error_no_memory(err);
		}
	}
	end = ERR_peek_last_error();
	if (sk_X509_num(chain) == 0 || ERR_GET_REASON(end) != PEM_R_NO_START_LINE)
		return no_certificate(file, err);
	ERR_clear_error();
	*ret = TAKE(chain);
	return 0;
}

/* Called when a passphrase is needed. */
static int no_passphrase(char *text, int size, int writing, void *asked)
{
	(void)text;
	(void)size;
	(void)writing;
	*(bool *)asked = true;
	return -1;
}

static int read_key(const char *pem, const char *file, EVP_PKEY **ret, struct error *err)
{
	CLEANUP(cleanup_BIO) BIO *in = BIO_new_mem_buf(pem, -1);
	bool asked = false;

	if (!in)
		return error_no_memory(err);
	*ret = PEM_read_bio_PrivateKey(in, NULL, no_passphrase, &asked);
	if (*ret)
		return 0;
	ERR_clear_error();
	if (asked)
		return error_set(err, ERR_CERTIFICATE_KEY_ENCRYPTED, file, "nobody can type it when the agent starts");
	return error_set(err, ERR_CERTIFICATE_UNREADABLE, file, "there is no private key in it, in PEM form");
}

static int read_pair(const struct pem_pair *pair, STACK_OF(X509) * *ret_chain, EVP_PKEY **ret_key, struct error *err)
{
	if (read_chain(pair->certificate, pair->certificate_file, ret_chain, err) < 0 ||
	    read_key(pair->key, pair->key_file, ret_key, err) < 0)
		return -1;
	if (X509_check_private_key(sk_X509_value(*ret_chain, 0), *ret_key) == 1)
		return 0;
	ERR_clear_error();
	return error_set(err, ERR_CERTIFICATE_KEY_DIFFERS, pair->key_file,
			 "it does not fit the first certificate of %s", pair->certificate_file);
}

int pem_pair_belongs(const struct pem_pair *pair, struct error *err)
{
	CLEANUP(cleanup_chain) STACK_OF(X509) *chain = NULL;
	CLEANUP(cleanup_EVP_PKEY) EVP_PKEY *key = NULL;

	return read_pair(pair, &chain, &key, err);
}

/* --- is it suitable for the agent? --- */

static int curve_of(X509 *x509)
{
	const ASN1_OBJECT *curve = NULL;
	X509_ALGOR *algorithm;
	const void *value;
	int type;

	if (!X509_PUBKEY_get0_param(NULL, NULL, NULL, &algorithm, X509_get_X509_PUBKEY(x509)))
		return NID_undef;
	X509_ALGOR_get0(NULL, &type, &value, algorithm);
	if (type == V_ASN1_OBJECT)
		curve = value;
	return curve ? OBJ_obj2nid(curve) : NID_undef;
}

static int check_key_kind(X509 *x509, EVP_PKEY *key, const char *file, struct error *err)
{
	int kind = EVP_PKEY_base_id(key), curve;

	if (kind == EVP_PKEY_ED25519 || (kind == EVP_PKEY_RSA && EVP_PKEY_bits(key) >= RSA_BITS_MIN))
		return 0;
	if (kind == EVP_PKEY_RSA)
		return error_set(err, ERR_CERTIFICATE_UNSUITABLE, file, "the RSA key has only %d bits",
				 EVP_PKEY_bits(key));
	curve = kind == EVP_PKEY_EC ? curve_of(x509) : NID_undef;
	if (curve == NID_X9_62_prime256v1 || curve == NID_secp384r1 || curve == NID_secp521r1)
		return 0;
	return error_set(err, ERR_CERTIFICATE_UNSUITABLE, file, "the key is of the kind %s",
			 OBJ_nid2sn(curve == NID_undef ? kind : curve));
}

static int check_chain(STACK_OF(X509) * chain, const char *file, struct error *err)
{
	if (X509_check_purpose(sk_X509_value(chain, 0), X509_PURPOSE_SSL_SERVER, 0) != 1)
		return error_set(err, ERR_CERTIFICATE_UNSUITABLE, file, "it is not for a TLS server");
	for (int i = 1; i < sk_X509_num(chain); i++)
		if (X509_check_issued(sk_X509_value(chain, i), sk_X509_value(chain, i - 1)) != X509_V_OK)
			return error_set(err, ERR_CERTIFICATE_UNSUITABLE, file,
					 "certificate %d in it did not issue the one before it", i + 1);
	return 0;
}

int pem_pair_clean(const struct pem_pair *pair, struct pem_pair *ret, struct error *err)
{
	CLEANUP(cleanup_chain) STACK_OF(X509) *chain = NULL;
	CLEANUP(cleanup_EVP_PKEY) EVP_PKEY *key = NULL;

	if (read_pair(pair, &chain, &key, err) < 0 ||
	    check_key_kind(sk_X509_value(chain, 0), key, pair->key_file, err) < 0 ||
	    check_chain(chain, pair->certificate_file, err) < 0)
		return -1;
	return write_pair(chain, key, ret, err);
}

/* --- its contents --- */

static void take_names(X509 *x509, struct names *ret)
{
	CLEANUP(cleanup_GENERAL_NAMES) GENERAL_NAMES *all = X509_get_ext_d2i(x509, NID_subject_alt_name, NULL, NULL);
	char text[INET6_ADDRSTRLEN];

	ERR_clear_error();
	for (int i = 0; i < sk_GENERAL_NAME_num(all); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(all, i);
		const ASN1_STRING *value = name->type == GEN_DNS || name->type == GEN_IPADD ? name->d.ia5 : NULL;
		const unsigned char *bytes = value ? ASN1_STRING_get0_data(value) : NULL;
		int length = value ? ASN1_STRING_length(value) : 0;

		if (name->type == GEN_DNS)
			names_take(ret, (const char *)bytes, (size_t)length, false);
		else if (name->type == GEN_IPADD && (length == 4 || length == 16) &&
			 inet_ntop(length == 4 ? AF_INET : AF_INET6, bytes, text, sizeof(text)))
			names_take(ret, text, strlen(text), true);
	}
}

static time_t seconds_of(const ASN1_TIME *time)
{
	struct tm tm;

	return ASN1_TIME_to_tm(time, &tm) ? timegm(&tm) : 0;
}

static bool is_self_signed(X509 *x509)
{
	bool is = X509_NAME_cmp(X509_get_subject_name(x509), X509_get_issuer_name(x509)) == 0 &&
		  X509_verify(x509, X509_get0_pubkey(x509)) == 1;

	ERR_clear_error();
	return is;
}

static void take_subject(X509 *x509, char ret[static CERT_SUBJECT_SIZE])
{
	CLEANUP(cleanup_BIO) BIO *out = BIO_new(BIO_s_mem());
	char *text;
	long length;

	if (!out || X509_NAME_print_ex(out, X509_get_subject_name(x509), 0, XN_FLAG_RFC2253) < 0)
		return;
	length = BIO_get_mem_data(out, &text);
	snprintf(ret, CERT_SUBJECT_SIZE, "%.*s", (int)length, text);
}

/*
 * The first certificate of a text, and its fingerprint: of the original bytes, as GnuTLS serves them. libcrypto's own
 * function encodes the certificate again, so its fingerprint differs if the original is not strict DER.
 */
static X509 *read_first(const char *pem, char ret_fingerprint[static CERT_FINGERPRINT_SIZE])
{
	CLEANUP(cleanup_BIO) BIO *in = BIO_new_mem_buf(pem, -1);
	unsigned char digest[EVP_MAX_MD_SIZE], *der = NULL;
	const unsigned char *end;
	unsigned size = 0;
	X509 *x509 = NULL;
	long length;

	if (in && PEM_bytes_read_bio(&der, &length, NULL, PEM_STRING_X509, in, NULL, NULL) == 1) {
		end = der;
		x509 = d2i_X509(NULL, &end, length);
		if (x509)
			EVP_Digest(der, (size_t)(end - der), digest, &size, EVP_sha256(), NULL);
	}
	OPENSSL_free(der);
	num_to_hex(digest, size, ret_fingerprint);
	return x509;
}

int certificate_parse(const char *pem, const char *file, struct certificate *ret, struct error *err)
{
	CLEANUP(cleanup_X509) X509 *x509 = NULL;

	memset(ret, 0, sizeof(*ret));
	x509 = read_first(pem, ret->fingerprint);
	if (!x509)
		return no_certificate(file, err);
	take_subject(x509, ret->subject);
	take_names(x509, &ret->names);
	ret->not_before = seconds_of(X509_get0_notBefore(x509));
	ret->not_after = seconds_of(X509_get0_notAfter(x509));
	ret->self_signed = is_self_signed(x509);
	return 0;
}

int certificate_read(const char *file, struct certificate *ret, struct error *err)
{
	CLEANUP_FREE char *text = NULL;

	if (read_text(file, &text, err) < 0)
		return -1;
	return certificate_parse(text, file, ret, err);
}

static void print_time(struct buf *out, const char *label, time_t seconds)
{
	char text[CLOCK_ISO_SIZE];

	clock_iso((uint64_t)seconds * 1000, text);
	buf_printf(out, "%s%.10s %.8s UTC", label, text, text + 11);
}

void certificate_print_fingerprint(const char *digits, struct buf *ret)
{
	for (size_t i = 0; digits[i] && digits[i + 1]; i += 2)
		buf_printf(ret, "%s%c%c", i ? ":" : "", toupper((unsigned char)digits[i]),
			   toupper((unsigned char)digits[i + 1]));
}

void certificate_print(const struct certificate *certificate, time_t now, struct buf *ret)
{
	int64_t days_left = clock_days(now, certificate->not_after);

	buf_printf(ret, "Subject:     %s%s\nNames:       ", certificate->subject,
		   certificate->self_signed ? " (self-signed)" : "");
	names_print(&certificate->names, ret);
	print_time(ret, "\nValid from:  ", certificate->not_before);
	print_time(ret, "\nValid until: ", certificate->not_after);
	if (days_left < 0)
		buf_puts(ret, " (expired)");
	else
		buf_printf(ret, " (%lld days left)", (long long)days_left);
	buf_puts(ret, "\nSHA-256:     ");
	certificate_print_fingerprint(certificate->fingerprint, ret);
	buf_puts(ret, "\n");
}
