/*
 * Persistent reservations: the parameter data of PERSISTENT RESERVE IN and OUT (SPC-4 6.15, 6.16) to structs and
 * back. Pure; every length that a device claims is checked against what was received.
 *
 * A registration belongs to an I_T nexus: one initiator port and one target port. Initiator ports are told apart by
 * a text made of the TransportID (SPC-4 7.6.4), in lower case: "fc:<16 hex>", "sas:<16 hex>", "srp:<32 hex>",
 * "iscsi:<name>" or "iscsi:<name>,i,0x<ISID>"; what is none of them is "raw:<hex>".
 */
#ifndef DM_IMPORT_PR_H
#define DM_IMPORT_PR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* SPC-4 6.15.3.4; others may come from a device. */
enum pr_type {
	PR_NONE = 0,
	PR_WE = 1,    /* write exclusive */
	PR_EA = 3,    /* exclusive access */
	PR_WE_RO = 5, /* ..., registrants only */
	PR_EA_RO = 6,
	PR_WE_AR = 7, /* ..., all registrants: each of them is a holder */
	PR_EA_AR = 8,
};

/* The service actions of PERSISTENT RESERVE OUT, SPC-4 6.16.2. */
enum pr_action {
	PR_REGISTER = 0,
	PR_RESERVE = 1,
	PR_RELEASE = 2,
	PR_CLEAR = 3,
	PR_PREEMPT = 4,
	PR_PREEMPT_AND_ABORT = 5,
	PR_REGISTER_AND_IGNORE = 6,
};

enum {
	PR_INITIATOR_SIZE = 264, /* an iSCSI name of 223 bytes with its ISID is the longest */
	PR_KEY_SIZE = 19,	 /* "0x" and 16 hex digits */
	PR_OUT_LENGTH = 24,
};

struct pr_nexus {
	char initiator[PR_INITIATOR_SIZE]; /* "" = not known */
	uint16_t relative_port;		   /* of the target port; 0 = not known */
	uint32_t session;		   /* Open-iSCSI's, 1 + its number; 0 = not known */
};

struct pr_registration {
	uint64_t key;
	struct pr_nexus nexus;
	bool all_target_ports; /* registered through all target ports at once; nexus.relative_port says nothing */
	bool holder;	       /* with all-registrants types some arrays mark all of them, some only one */
	enum pr_type type;     /* of the reservation it holds, else PR_NONE */
};

/* What a LUN says about its persistent reservations; all zero when it has none and knows none. */
struct pr_state {
	uint32_t generation; /* counts changes of registrations; RESERVE and RELEASE do not change it */
	uint64_t *keys;	     /* READ KEYS, in its order, with repetitions */
	size_t key_count;

	bool reserved;
	enum pr_type type;
	uint8_t scope;
	uint64_t reservation_key; /* the holder's; 0 with all-registrants types where the array says 0 */

	bool has_full_status; /* READ FULL STATUS is optional */
	struct pr_registration *registrations;
	size_t registration_count;

	bool has_capabilities; /* so is REPORT CAPABILITIES */
	bool aptpl_capable, aptpl_active, all_tg_pt_capable;
	uint16_t type_mask; /* bit n = type n can be reserved; 0 when the LUN does not say */
};

struct pr_request {
	enum pr_action action;
	enum pr_type type;		  /* RESERVE, RELEASE, PREEMPT; the scope is the LUN */
	uint64_t key, service_action_key; /* the one registered now; the new one or the one to preempt */
	bool aptpl, all_target_ports;	  /* REGISTER, REGISTER AND IGNORE */
};

/* Free what the state owns and zero it. */
void pr_state_free(struct pr_state *state);
#define CLEANUP_PR_STATE __attribute__((cleanup(pr_state_free)))

/*
 * Each reads the answer to one service action of PERSISTENT RESERVE IN into its part of *state (which must not own
 * such a part yet). 0, or -1 with the state untouched: when *ret_needed is more than `length`, the answer was cut short
 * and a complete one has so many bytes; otherwise it is 0, and the answer makes no sense or memory is short.
 */
int pr_decode_keys(const uint8_t *data, size_t length, struct pr_state *state, size_t *ret_needed);
int pr_decode_reservation(const uint8_t *data, size_t length, struct pr_state *state, size_t *ret_needed);
int pr_decode_full_status(const uint8_t *data, size_t length, struct pr_state *state, size_t *ret_needed);
int pr_decode_capabilities(const uint8_t *data, size_t length, struct pr_state *state, size_t *ret_needed);

/* The text of a TransportID. False, and "", when it is too long even for "raw:". No bytes: true and "". */
bool pr_decode_initiator(const uint8_t *data, size_t length, char ret[static PR_INITIATOR_SIZE]);

/* The parameter list of PERSISTENT RESERVE OUT; what its action does not use is 0. */
void pr_encode_out(const struct pr_request *request, uint8_t ret[static PR_OUT_LENGTH]);

/*
 * Is it the registration of this nexus? An iSCSI initiator whose ISID one side does not know, or knows the beginning of
 * (Linux targets of before 2020 cut it off), counts as the same, unless it is one that Open-iSCSI made of another
 * session's number. Never true for a nexus that is not known.
 */
bool pr_nexus_registered(const struct pr_nexus *nexus, const struct pr_registration *registration);

/* Are they of one host's initiator? iSCSI: by the name alone. Never true for "". */
bool pr_same_initiator(const char *a, const char *b);

/* An iSCSI initiator whose session is told. */
bool pr_names_session(const char *initiator);

/* "write_exclusive", ..., "exclusive_access_all_registrants"; "none", and "unknown" for other values. */
const char *pr_type_name(enum pr_type type);
bool pr_type_is_all_registrants(enum pr_type type);
bool pr_type_is_registrants_only(enum pr_type type);

/* "0x123abc"; parsing takes 1 to 16 hex digits, with "0x" or without, and leaves *ret alone on anything else. */
void pr_key_format(uint64_t key, char ret[static PR_KEY_SIZE]);
bool pr_key_parse(const char *text, uint64_t *ret);

#endif
