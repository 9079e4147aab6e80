/*
 * Fuzzes the decoders of persistent reservation data (dm-import/pr.h) with libFuzzer. The first byte of an input says
 * which decoder gets the rest.
 *
 * Besides what the sanitizers see: a decoder that refuses leaves the state alone, asks for more only when it needs more
 * than it got, and what it accepts is complete text.
 */
#include "dm-import/formats/pr.h"
#include "tests/fuzz/fuzz.h"

static void check_registrations(const struct pr_state *state)
{
	for (size_t i = 0; i < state->registration_count; i++) {
		const struct pr_registration *registration = &state->registrations[i];

		require(memchr(registration->nexus.initiator, '\0', PR_INITIATOR_SIZE));
		require(registration->holder || registration->type == PR_NONE);
		for (const char *at = registration->nexus.initiator; *at; at++)
			require(*at > ' ' && *at < 0x7f);
		pr_nexus_registered(&registration->nexus, &state->registrations[0]);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int (*const decoders[])(const uint8_t *, size_t, struct pr_state *,
				       size_t *) = { pr_decode_keys, pr_decode_reservation, pr_decode_full_status,
						     pr_decode_capabilities };
	const struct pr_state untouched = { 0 };
	struct pr_state state = { 0 };
	size_t needed = 0;

	if (size == 0)
		return 0;
	if (decoders[data[0] % 4](data + 1, size - 1, &state, &needed) < 0) {
		require(memcmp(&state, &untouched, sizeof(state)) == 0);
		require(needed == 0 || needed > size - 1);
	} else {
		require(needed == 0);
	}
	check_registrations(&state);
	pr_state_free(&state);
	return 0;
}
