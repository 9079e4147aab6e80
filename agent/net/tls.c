/*
 * Certificates through GnuTLS; see tls.h.
 */
#include "tls.h"

#include "base/cleanup.h"
#include "base/file.h"

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <limits.h>
#include <string.h>

enum { FILE_LIMIT = 64 * 1024 };

static int check(struct tls_identity *identity, const char *file, struct error *err)
{
	gnutls_datum_t certificate = { (unsigned char *)identity->certificate, strlen(identity->certificate) };
	gnutls_datum_t key = { (unsigned char *)identity->key, strlen(identity->key) };
	gnutls_certificate_credentials_t credentials;
	gnutls_x509_crt_t x509;
	int result;

	if (gnutls_certificate_allocate_credentials(&credentials) < 0)
		return error_no_memory(err);
	result = gnutls_certificate_set_x509_key_mem(credentials, &certificate, &key, GNUTLS_X509_FMT_PEM);
	gnutls_certificate_free_credentials(credentials);
	if (result < 0)
		return error_set(err, ERR_CERTIFICATE_INVALID, NULL, "%s and its key: %s", file,
				 gnutls_strerror(result));

	if (gnutls_x509_crt_init(&x509) < 0)
		return error_no_memory(err);
	result = gnutls_x509_crt_import(x509, &certificate, GNUTLS_X509_FMT_PEM);
	if (result >= 0) {
		identity->not_after = gnutls_x509_crt_get_expiration_time(x509);
		result = fingerprint_of(x509, identity->fingerprint);
	}
	gnutls_x509_crt_deinit(x509);
	if (result < 0)
		return error_set(err, ERR_CERTIFICATE_INVALID, NULL, "%s: %s", file, gnutls_strerror(result));
	return 0;
}

static int load(struct tls_identity *ret, const char *certificate, const char *key, struct error *err)
{
	CLEANUP(tls_identity_free) struct tls_identity identity = { 0 };

	if (file_read(certificate, FILE_LIMIT, &identity.certificate, NULL, err) < 0 ||
	    file_read(key, FILE_LIMIT, &identity.key, NULL, err) < 0 || check(&identity, certificate, err) < 0)
		return -1;
	*ret = identity;
	identity = (struct tls_identity){ 0 };
	return 0;
}

int tls_identity_load(struct tls_identity *ret, const char *certificate, const char *key, struct error *err)
{
	char successor[PATH_MAX];

	if (load(ret, certificate, key, err) == 0)
		return 0;
	if ((size_t)snprintf(successor, sizeof(successor), "%s.new", certificate) >= sizeof(successor))
		return -1;
	/* the last one: it was put in place between the two reads */
	return load(ret, successor, key, NULL) == 0 || load(ret, certificate, key, NULL) == 0 ? 0 : -1;
}

void tls_identity_free(struct tls_identity *identity)
{
	if (identity->key)
		explicit_bzero(identity->key, strlen(identity->key));
	free(identity->key);
	free(identity->certificate);
	*identity = (struct tls_identity){ 0 };
}

void tls_ask_client(void *gnutls_session)
{
	gnutls_certificate_server_set_request(gnutls_session, GNUTLS_CERT_REQUEST);
	gnutls_certificate_send_x509_rdn_sequence(gnutls_session, 1); /* 1: no list of CAs that we would know */
}

bool tls_client_fingerprint(void *gnutls_session, unsigned char ret[static FINGERPRINT_BYTES])
{
	unsigned count = 0;
	const gnutls_datum_t *chain = gnutls_certificate_get_peers(gnutls_session, &count);
	size_t size = FINGERPRINT_BYTES;

	return chain && count && gnutls_fingerprint(GNUTLS_DIG_SHA256, &chain[0], ret, &size) == 0;
}

bool tls_client_certificate(void *gnutls_session, struct buf *ret)
{
	unsigned count = 0;
	const gnutls_datum_t *chain = gnutls_certificate_get_peers(gnutls_session, &count);
	gnutls_datum_t pem = { 0 };

	if (!chain || !count || gnutls_pem_base64_encode2("CERTIFICATE", &chain[0], &pem) < 0)
		return false;
	buf_add(ret, pem.data, pem.size);
	gnutls_free(pem.data);
	return !buf_failed(ret);
}
