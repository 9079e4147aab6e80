/*
 * Fuzzes what importcli and import-cert make of certificate files (certs/certificate.h). An input is PEM, the DER of a
 * certificate, or PEM, a NUL, and a key's PEM.
 *
 * What is shown of a certificate is printable lines and nothing else, and its fingerprint is the one that GnuTLS, with
 * which the agent serves it, makes of it. A pair that is taken is the same when it is taken again, and no private key
 * is left in the certificate's file, which everybody may read.
 */
#include "certs/check.h"
#include "tests/fuzz/fuzz.h"

#include <gnutls/crypto.h>
#include <gnutls/x509.h>

static void check_shown(const struct certificate *certificate)
{
	CLEANUP_BUF struct buf shown = { 0 };

	certificate_print(certificate, 1800000000, &shown);
	for (const char *c = buf_text(&shown); *c; c++)
		require(*c == '\n' || (*c >= ' ' && *c <= '~'));
	require(strncmp(buf_text(&shown), "Subject:", 8) == 0);
}

/* Only where there is one thing to find in the text, so that both must find the same. */
static void check_fingerprint(const struct certificate *certificate, const char *pem)
{
	const gnutls_datum_t text = { (unsigned char *)pem, (unsigned)strlen(pem) };
	const char *first = strstr(pem, "-----BEGIN");
	unsigned char digest[32];
	char digits[2 * sizeof(digest) + 1];
	gnutls_datum_t der = { 0 };
	gnutls_x509_crt_t crt;

	require(strlen(certificate->fingerprint) == sizeof(digits) - 1);
	if (!first || strstr(first + 1, "-----BEGIN"))
		return;
	require(gnutls_x509_crt_init(&crt) == 0);
	if (gnutls_x509_crt_import(crt, &text, GNUTLS_X509_FMT_PEM) == 0) {
		/* as a peer gets it; GnuTLS's own fingerprint is that of what it encodes anew */
		require(gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_DER, &der) == 0);
		require(gnutls_hash_fast(GNUTLS_DIG_SHA256, der.data, der.size, digest) == 0);
		for (size_t i = 0; i < sizeof(digest); i++)
			snprintf(digits + 2 * i, 3, "%02x", digest[i]);
		require(strcmp(digits, certificate->fingerprint) == 0);
		gnutls_free(der.data);
	}
	gnutls_x509_crt_deinit(crt);
}

static void check_certificate(const char *pem)
{
	static struct certificate certificate;
	struct findings findings = { 0 };
	struct names host = { 0 };
	struct error err = { 0 };

	if (certificate_parse(pem, "a file", &certificate, &err) < 0) {
		require(err.code == ERR_CERTIFICATE_UNREADABLE);
		return;
	}
	check_shown(&certificate);
	check_fingerprint(&certificate, pem);
	require(names_add(&host, "db1.example", &err) == 0 && names_add(&host, "192.0.2.7", &err) == 0);
	check_names(&certificate, &host, &findings);
	check_validity(&certificate, 30, 1800000000, &findings);
	require(findings.count <= 3);
	for (size_t i = 0; i < findings.count; i++)
		fuzz_check_refusal(&findings.list[i]);
}

static void check_pair(char *certificate, char *key)
{
	const struct pem_pair given = { certificate, key, "a certificate", "a key" };
	CLEANUP(pem_pair_free) struct pem_pair clean = { 0 }, again = { 0 };
	struct error err = { 0 };

	if (pem_pair_clean(&given, &clean, &err) < 0) {
		fuzz_check_refusal(&err);
		return;
	}
	require(!strstr(clean.certificate, "PRIVATE KEY") && strstr(clean.key, "PRIVATE KEY"));
	require(!strstr(clean.key, "BEGIN CERTIFICATE"));
	clean.certificate_file = clean.key_file = "cleaned";
	require(pem_pair_clean(&clean, &again, &err) == 0);
	require(strcmp(clean.certificate, again.certificate) == 0 && strcmp(clean.key, again.key) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const gnutls_datum_t der = { (unsigned char *)data, (unsigned)size };
	CLEANUP_FREE char *text = fuzz_text(data, size);
	size_t length = strlen(text);
	gnutls_datum_t pem = { 0 };

	if (size && data[0] == 0x30) {
		require(gnutls_pem_base64_encode2("CERTIFICATE", &der, &pem) == 0);
		check_certificate((char *)pem.data);
		gnutls_free(pem.data);
		return 0;
	}
	check_certificate(text);
	if (length < size)
		check_pair(text, text + length + 1);
	return 0;
}
