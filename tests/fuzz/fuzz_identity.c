/*
 * Fuzzes the identity store (dm-import/identity.h). An input is the store's text without its last line, as a person may
 * have written it; with the right last line it is also read as a whole store.
 *
 * What is accepted holds names and WWIDs of the form that the API asks for, each LUN once; it says the same when it is
 * written and read again, and when it is read out of the rules. The rules are comments and udev assignments with values
 * of plain characters: nothing of a record can end a line, a value or a comment, nor substitute or run anything.
 */
#include "dm-import/store/identity_rules.h"

#include "base/checksum.h"
#include "dm-import/core/identity.h"
#include "tests/fuzz/fuzz.h"

#include <inttypes.h>

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"

static bool is_wwid(const char *text)
{
	size_t digits = strspn(text, "0123456789abcdef");

	return text[0] == '3' && text[digits] == '\0' && (digits == 17 || digits == 33);
}

static void check_store(const struct identity_store *store)
{
	for (size_t i = 0; i < store->count; i++) {
		const struct identity_record *record = &store->records[i];
		const char *id = record->import_id;

		require(*id && *id != '.' && *id != '-' && id[strspn(id, LETTERS DIGITS "._-")] == '\0');
		require(strlen(id) < IMPORT_ID_SIZE);
		require(is_wwid(record->source_wwid) && is_wwid(record->destination_wwid));
		require(record->role <= IDENTITY_RETIRED);
		require(identity_find(store, record->source_wwid) == record);
		require(identity_find(store, record->destination_wwid) == record);
	}
}

static bool same(const struct identity_store *a, const struct identity_store *b)
{
	if (a->count != b->count || a->generation != b->generation)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		const struct identity_record *one = &a->records[i], *other = &b->records[i];

		if (strcmp(one->import_id, other->import_id) != 0 ||
		    strcmp(one->source_wwid, other->source_wwid) != 0 ||
		    strcmp(one->destination_wwid, other->destination_wwid) != 0 || one->role != other->role ||
		    one->generation != other->generation)
			return false;
	}
	return true;
}

/* One `KEY{attribute}<operator>"value"`; returns what is behind it. */
static const char *check_token(const char *at)
{
	at += strspn(at, LETTERS);
	if (*at == '{') {
		size_t length = strspn(at + 1, LETTERS DIGITS "_");

		require(length && at[1 + length] == '}');
		at += length + 2;
	}
	at += strspn(at, "=!+");
	require(at[-1] == '=' && *at == '"');
	at++;
	while (*at != '"') {
		require(*at && strchr(LETTERS DIGITS "._-*?|/ %", *at));
		require(*at != '%' || at[1] == 'k'); /* the kernel's own name of the device */
		at++;
	}
	return at + 1;
}

static void check_rules(const char *rules)
{
	require(rules && fuzz_is_utf8(rules, strlen(rules)));
	for (const char *line = rules; *line; line++) { /* on its newline */
		size_t length = strcspn(line, "\n");

		require(line[length] == '\n');
		for (size_t i = 0; i < length; i++)
			require(line[i] >= ' ' && line[i] <= '~');
		require(length == 0 || line[length - 1] != '\\'); /* the next line would belong to it */
		if (length && *line != '#') {
			const char *end = line + length;

			for (line = check_token(line); line < end; line = check_token(line + 2))
				require(line[0] == ',' && line[1] == ' ');
			require(line == end);
		} else {
			line += length;
		}
	}
}

static void check_all_rules(const struct identity_store *store, const char *text)
{
	CLEANUP_FREE char *rules = identity_rules(store), *held = NULL, *down = NULL;
	struct identity_store again = { 0 };
	struct lun_set luns = { 0 };

	check_rules(rules);
	require(identity_rules_parse(rules, &again, NULL) == 0 && same(store, &again));
	held = identity_rules_held(store, &again, "/run/dm-import.held");
	check_rules(held);
	identity_free(&again);
	require(identity_rules_parse(held, &again, NULL) == 0 && same(store, &again));
	identity_free(&again);
	require(lun_set_add_from(&luns, text, NULL) == 0);
	for (size_t i = 0; i < luns.count; i++)
		require(is_wwid(luns.wwids[i]));
	down = identity_rules_down(store, &luns);
	check_rules(down);
	lun_set_free(&luns);
}

static bool parse(int (*function)(const char *text, struct identity_store *ret, struct error *err), const char *text,
		  struct identity_store *ret)
{
	struct error err = { 0 };

	if (function(text, ret, &err) == 0)
		return true;
	require(err.code == ERR_STORE_DAMAGED && fuzz_is_printable(err.detail));
	require(!ret->records && !ret->count && !ret->generation);
	return false;
}

static void check_whole(const struct identity_store *store, const char *records)
{
	CLEANUP_FREE char *text = identity_format(store);
	CLEANUP_BUF struct buf whole = { 0 };
	struct identity_store again = { 0 };

	require(text && parse(identity_parse, text, &again) && same(store, &again));
	identity_free(&again);
	buf_puts(&whole, records);
	buf_printf(&whole, "end %zu %016" PRIx64 "\n", store->count,
		   checksum_add(CHECKSUM_BEGIN, records, strlen(records)));
	require(parse(identity_parse, buf_text(&whole), &again) && same(store, &again));
	identity_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_FREE char *text = fuzz_text(data, size);
	struct identity_store store = { 0 }, whole = { 0 };

	if (parse(identity_parse, text, &whole))
		check_store(&whole);
	identity_free(&whole);
	if (parse(identity_parse_records, text, &store)) {
		const char *last = strncmp(text, "end ", 4) == 0 ? text : strstr(text, "\nend ");

		check_store(&store);
		check_all_rules(&store, text);
		if (!last)
			check_whole(&store, text);
	}
	identity_free(&store);
	return 0;
}
