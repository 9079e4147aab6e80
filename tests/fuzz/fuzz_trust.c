/*
 * Fuzzes the trusted certificates (agent/trust/trust.h): what somebody gives to trust_add. An input is PEM, or the DER
 * of a certificate, which is so much easier to change.
 *
 * What is refused leaves the directory empty. What is taken lies in one file with a name of hexadecimal digits, and is
 * one certificate; it is trusted by the SHA-256 of its bytes and by no other, adding it again adds nothing, and
 * removing it leaves nothing behind.
 */
#include "agent/shared/log.h"
#include "agent/trust/trust.h"
#include "tests/fuzz/fuzz.h"

#include <dirent.h>
#include <fcntl.h>
#include <gnutls/crypto.h>
#include <gnutls/x509.h>

static size_t count_files(const char *directory, char ret_name[static 256])
{
	DIR *dir = opendir(directory);
	size_t count = 0;

	for (struct dirent *entry; dir && (entry = readdir(dir));) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(ret_name, 256, "%s", entry->d_name);
		count++;
	}
	if (dir)
		closedir(dir);
	return count;
}

static void check_file(const char *directory, const struct trusted *trusted)
{
	char name[256], text[FINGERPRINT_TEXT], path[PATH_MAX];
	unsigned char digest[FINGERPRINT_BYTES];
	CLEANUP_FREE char *pem = NULL;
	gnutls_datum_t der = { 0 };
	size_t size;

	require(count_files(directory, name) == 1 && strcmp(name, trusted->file) == 0);
	fingerprint_text(trusted->fingerprint, text);
	require(strncmp(name, text, 32) == 0 && strcmp(name + 32, ".pem") == 0);
	snprintf(path, sizeof(path), "%s/%s", directory, name);
	pem = fuzz_read(path, &size);
	require(pem && strlen(pem) == size && strncmp(pem, "-----BEGIN CERTIFICATE-----\n", 28) == 0);
	require(!strstr(pem + 28, "-----BEGIN"));
	require(gnutls_pem_base64_decode2("CERTIFICATE", &(gnutls_datum_t){ (unsigned char *)pem, (unsigned)size },
					  &der) == 0);
	require(gnutls_hash_fast(GNUTLS_DIG_SHA256, der.data, der.size, digest) == 0);
	require(memcmp(digest, trusted->fingerprint, sizeof(digest)) == 0);
	gnutls_free(der.data);
}

static void check_trusted(struct trust *trust, const char *directory, const struct trusted *trusted, const char *pem,
			  size_t length)
{
	unsigned char other[FINGERPRINT_BYTES];
	char digits[FINGERPRINT_TEXT], subject[TRUST_SUBJECT_SIZE], name[256];
	struct trusted *list, again;
	struct error err = { 0 };
	bool added = true;
	size_t count;

	check_file(directory, trusted);
	log_sanitise(trusted->subject, subject, sizeof(subject));
	require(fuzz_is_printable(subject) && trusted->not_before <= trusted->not_after);
	require(trust_check(trust, trusted->fingerprint, &err) == 0);
	memcpy(other, trusted->fingerprint, sizeof(other));
	other[31] ^= 1;
	require(trust_check(trust, other, &err) < 0 && err.code == ERR_CLIENT_NOT_TRUSTED);
	require(trust_list(trust, &list, &count, &err) == 0 && count == 1);
	free(list);
	require(trust_add(trust, pem, length, &again, &added, &err) == 0 && !added);
	fingerprint_text(trusted->fingerprint, digits);
	require(trust_remove(trust, digits, &again, &err) == 0);
	require(memcmp(again.fingerprint, trusted->fingerprint, sizeof(again.fingerprint)) == 0);
	require(count_files(directory, name) == 0 && trust_check(trust, trusted->fingerprint, &err) < 0);
}

static void check(const char *pem, size_t length)
{
	struct trust *trust = NULL;
	struct trusted trusted;
	struct error err = { 0 };
	char directory[PATH_MAX], name[256];
	bool added = false;

	fuzz_path("trusted.d", directory);
	require(trust_open(&trust, directory, &err) == 0);
	if (trust_add(trust, pem, length, &trusted, &added, &err) < 0) {
		require(err.code == ERR_CERTIFICATE_UNUSABLE);
		fuzz_check_refusal(&err);
		require(count_files(directory, name) == 0);
	} else {
		require(added);
		check_trusted(trust, directory, &trusted, pem, length);
	}
	trust_close(trust);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const gnutls_datum_t der = { (unsigned char *)data, (unsigned)size };
	gnutls_datum_t pem = { 0 };

	if (size && data[0] != 0x30) {
		check((const char *)data, size);
	} else {
		require(gnutls_pem_base64_encode2("CERTIFICATE", &der, &pem) == 0);
		check((char *)pem.data, pem.size);
		gnutls_free(pem.data);
	}
	return 0;
}
