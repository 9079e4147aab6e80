/*
 * The set of trusted client certificates: exactly those in the *.pem files of one directory, within their validity.
 * No chains, no authorities. The directory is looked at on every check, so a file added or removed counts at once.
 * All functions are thread-safe; trust_add and trust_remove write files, durably.
 */
#ifndef AGENT_TRUST_H
#define AGENT_TRUST_H

#include "agent/shared/fingerprint.h"

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

struct trust;

enum { TRUST_MAX = 256, TRUST_SUBJECT_SIZE = 256, TRUST_PREFIX_MIN = 8 };

struct trusted {
	unsigned char fingerprint[FINGERPRINT_BYTES];
	time_t not_before, not_after;
	char subject[TRUST_SUBJECT_SIZE]; /* RFC 4514; what a stranger once wrote: sanitise it before it is shown */
	char file[256];			  /* the name in the directory */
};

/* `directory` may be missing: then nobody is trusted. Free with trust_close (NULL is allowed). */
int trust_open(struct trust **ret, const char *directory, struct error *err);
void trust_close(struct trust *trust);

/* ERR_CLIENT_NOT_TRUSTED, whose detail says why: unknown, expired, or not valid yet. */
int trust_check(struct trust *trust, const unsigned char fingerprint[static FINGERPRINT_BYTES], struct error *err);

/* All of them, in the order of their files' names, owned by the caller (free). */
int trust_list(struct trust *trust, struct trusted **ret, size_t *ret_count, struct error *err);

/*
 * Trust the one certificate in `pem`; one that is trusted already is success, with *ret_added false. The file's name
 * comes from the fingerprint. ERR_CERTIFICATE_UNUSABLE: not exactly one, outside its validity, or with a weak key.
 * ERR_TRUST_LIMIT, ERR_IO, ERR_NO_SPACE.
 */
int trust_add(struct trust *trust, const char *pem, size_t length, struct trusted *ret, bool *ret_added,
	      struct error *err);

/*
 * Do not trust the certificate any more whose fingerprint begins with these hexadecimal digits (TRUST_PREFIX_MIN at
 * least, colons are passed over); *ret is what it was. Other certificates in the same file stay. ERR_VALUE_INVALID,
 * ERR_TRUST_UNKNOWN, ERR_TRUST_AMBIGUOUS, ERR_IO.
 */
int trust_remove(struct trust *trust, const char *prefix, struct trusted *ret, struct error *err);

#endif
