/*
 * Fuzzes what makes foreign bytes harmless: log_sanitise (agent/shared/log.h), utf8_clean (agent/shared/utf8.h), and
 * num_parse (base/num.h). The first byte of an input says how much room there is for what is sanitised.
 *
 * What goes to the log is one printable line, and reading its escapes backwards gives the bytes again: nothing is
 * forged, and nothing hidden. What goes into an answer is UTF-8, and what was so already is left alone.
 */
#include "agent/shared/log.h"
#include "agent/shared/utf8.h"
#include "base/num.h"
#include "tests/fuzz/fuzz.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>

/* The text's beginning, as it was before it was sanitised. */
static void check_sanitised(const char *line, const char *text)
{
	for (; *line; line++, text++) {
		unsigned value = (unsigned char)*line;

		require(value >= ' ' && value <= '~');
		if (value == '\\') {
			require(sscanf(line, "\\x%2x", &value) == 1);
			line += 3;
		}
		require(value == (unsigned char)*text);
	}
}

static void check_log(const char *text, size_t room)
{
	char *line = malloc(room);

	require(line != NULL);
	log_sanitise(text, line, room);
	require(strlen(line) < room);
	check_sanitised(line, text);
	/* cut only where an escape might not have fitted */
	require(strlen(line) >= strlen(text) || strlen(line) + 5 > room || strchr(line, '\\'));
	free(line);
}

static void check_utf8(const char *text)
{
	CLEANUP_FREE char *cleaned = strdup(text);

	utf8_clean(cleaned);
	require(strlen(cleaned) == strlen(text) && fuzz_is_utf8(cleaned, strlen(cleaned)));
	if (fuzz_is_utf8(text, strlen(text)))
		require(strcmp(cleaned, text) == 0);
	for (size_t i = 0; text[i]; i++)
		require(cleaned[i] == text[i] || cleaned[i] == '?');
}

static void check_number(const char *text)
{
	uint64_t number = 0, limit = 1000;
	unsigned long long wanted;
	bool digits = *text && strspn(text, "0123456789") == strlen(text);

	errno = 0;
	wanted = digits ? strtoull(text, NULL, 10) : 0;
	require(num_parse(text, UINT64_MAX, &number) == (digits && errno != ERANGE));
	require(number == (errno ? 0 : wanted));
	require(num_parse(text, limit, &number) == (digits && !errno && wanted <= limit));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_FREE char *text = NULL;

	if (size == 0)
		return 0;
	text = fuzz_text(data + 1, size - 1);
	check_log(text, (size_t)data[0] + 1);
	check_log(text, 4 * size + 1);
	check_utf8(text);
	check_number(text);
	return 0;
}
