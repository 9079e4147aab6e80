/*
 * SHA-256 fingerprints of certificates: of the DER, as openssl and browsers show them.
 */
#ifndef AGENT_FINGERPRINT_H
#define AGENT_FINGERPRINT_H

enum { FINGERPRINT_BYTES = 32, FINGERPRINT_TEXT = 65 };

/*
 * SHA-256 of the bytes that a peer sends or gets. (gnutls_x509_crt_get_fingerprint is that of the certificate encoded
 * anew, which differs where it is no DER in every bit.) 0, or a code of GnuTLS. Takes gnutls_x509_crt_t.
 */
struct gnutls_x509_crt_int;
int fingerprint_of(struct gnutls_x509_crt_int *x509, unsigned char ret[static FINGERPRINT_BYTES]);

/* As lower-case hexadecimal digits. */
void fingerprint_text(const unsigned char fingerprint[static FINGERPRINT_BYTES], char ret[static FINGERPRINT_TEXT]);

#endif
