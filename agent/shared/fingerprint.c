/*
 * Fingerprints through GnuTLS; see fingerprint.h.
 */
#include "fingerprint.h"

#include "base/num.h"

#include <gnutls/x509.h>

int fingerprint_of(gnutls_x509_crt_t x509, unsigned char ret[static FINGERPRINT_BYTES])
{
	size_t size = FINGERPRINT_BYTES;
	gnutls_datum_t der = { 0 };
	int result = gnutls_x509_crt_export2(x509, GNUTLS_X509_FMT_DER, &der);

	if (result >= 0)
		result = gnutls_fingerprint(GNUTLS_DIG_SHA256, &der, ret, &size);
	gnutls_free(der.data);
	return result;
}

void fingerprint_text(const unsigned char fingerprint[static FINGERPRINT_BYTES], char ret[static FINGERPRINT_TEXT])
{
	num_to_hex(fingerprint, FINGERPRINT_BYTES, ret);
}
