/*
 * The identity store as data and text; see identity.h. The text is one line a record and ends in a line with the number
 * of records and a checksum, so that half a file is never taken for a whole one.
 */
#include "identity.h"

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/num.h"

#include <inttypes.h>
#include <string.h>

static const char header[] =
	"# Identity store of dm-import, format 1. Written by the engine; see dm-import-identity(5).\n";
static const char *const role_names[] = { "hidden", "exchanged", "retired" };

bool identity_wwid_valid(const char *wwid)
{
	size_t length = strlen(wwid);

	if (wwid[0] != '3' || (length != 17 && length != 33) || !num_is_hex(wwid))
		return false;
	return strpbrk(wwid, "ABCDEF") == NULL;
}

struct identity_record *identity_find(const struct identity_store *store, const char *wwid)
{
	for (size_t i = 0; i < store->count; i++) {
		struct identity_record *record = &store->records[i];

		if (strcmp(record->source_wwid, wwid) == 0 || strcmp(record->destination_wwid, wwid) == 0)
			return record;
	}
	return NULL;
}

void identity_present(const struct identity_store *store, const char *true_wwid, struct presentation *ret)
{
	const struct identity_record *record = identity_find(store, true_wwid);
	bool is_source = record && strcmp(record->source_wwid, true_wwid) == 0;
	const char *wwid = true_wwid;

	*ret = (struct presentation){ 0 };
	if (record && record->role != IDENTITY_HIDDEN)
		wwid = is_source ? record->destination_wwid : record->source_wwid;
	if (record)
		ret->hidden = is_source == (record->role != IDENTITY_HIDDEN);
	ret->retired = record && is_source && record->role == IDENTITY_RETIRED;
	if (ret->retired)
		snprintf(ret->wwid, sizeof(ret->wwid), "retired-%.48s", true_wwid);
	else
		snprintf(ret->wwid, sizeof(ret->wwid), "%s", wwid);
}

int identity_set(struct identity_store *store, const char *import_id, const char *source_wwid,
		 const char *destination_wwid, enum identity_role role, struct error *err)
{
	struct identity_record *record = identity_find(store, destination_wwid);

	if (!record) {
		struct identity_record *more = reallocarray(store->records, store->count + 1, sizeof(*more));

		if (!more)
			return error_no_memory(err);
		store->records = more;
		record = &more[store->count++];
		*record = (struct identity_record){ 0 };
	}
	snprintf(record->import_id, sizeof(record->import_id), "%s", import_id);
	snprintf(record->source_wwid, sizeof(record->source_wwid), "%s", source_wwid);
	snprintf(record->destination_wwid, sizeof(record->destination_wwid), "%s", destination_wwid);
	record->generation += record->role != role || record->generation == 0;
	record->role = role;
	return 0;
}

void identity_drop(struct identity_store *store, const char *destination_wwid)
{
	struct identity_record *record = identity_find(store, destination_wwid);

	if (!record)
		return;
	store->count--;
	memmove(record, record + 1, (size_t)(store->records + store->count - record) * sizeof(*record));
}

void identity_free(struct identity_store *store)
{
	free(store->records);
	*store = (struct identity_store){ 0 };
}

/* FNV-1a, 64 bits: tells a torn or edited file from a whole one; not meant against an attacker, who is root here. */
static uint64_t checksum(const char *text, size_t length)
{
	uint64_t sum = 0xcbf29ce484222325u;

	for (size_t i = 0; i < length; i++)
		sum = (sum ^ (unsigned char)text[i]) * 0x100000001b3u;
	return sum;
}

char *identity_format(const struct identity_store *store)
{
	struct buf buf = { 0 };

	buf_puts(&buf, header);
	for (size_t i = 0; i < store->count; i++) {
		const struct identity_record *record = &store->records[i];

		buf_printf(&buf, "pair %s %s %s %s %" PRIu64 "\n", record->import_id, record->source_wwid,
			   record->destination_wwid, role_names[record->role], record->generation);
	}
	buf_printf(&buf, "end %zu %016" PRIx64 "\n", store->count, checksum(buf_text(&buf), buf.length));
	return buf_take(&buf);
}

static int parse_pair(const char *line, unsigned number, struct identity_store *store, struct error *err)
{
	char id[IMPORT_ID_SIZE], source[WWID_SIZE], destination[WWID_SIZE], role_name[16];
	uint64_t generation;
	size_t role = 0;

	if (sscanf(line, "pair %64s %63s %63s %15s %" SCNu64, id, source, destination, role_name, &generation) != 5)
		return error_set(err, ERR_STORE_DAMAGED, NULL, "line %u is not a pair", number);
	while (role < ARRAY_SIZE(role_names) && strcmp(role_names[role], role_name) != 0)
		role++;
	if (role == ARRAY_SIZE(role_names) || !identity_wwid_valid(source) || !identity_wwid_valid(destination))
		return error_set(err, ERR_STORE_DAMAGED, NULL, "line %u has an unknown role or a bad WWID", number);
	if (identity_find(store, source) || identity_find(store, destination) || strcmp(source, destination) == 0)
		return error_set(err, ERR_STORE_DAMAGED, NULL, "line %u names a LUN a second time", number);
	if (identity_set(store, id, source, destination, (enum identity_role)role, err) < 0)
		return -1;
	store->records[store->count - 1].generation = generation;
	return 0;
}

int identity_parse(const char *text, struct identity_store *ret, struct error *err)
{
	struct identity_store store = { 0 };
	const char *line = text;
	unsigned number = 1;
	uint64_t sum;
	size_t count;
	int end = 0;

	for (; strncmp(line, "end ", 4) != 0; number++) {
		const char *newline = strchr(line, '\n');

		if (!newline) {
			error_set(err, ERR_STORE_DAMAGED, NULL, "the store has no last line; it is not whole");
			goto damaged;
		}
		if (line[0] != '#' && line != newline && parse_pair(line, number, &store, err) < 0)
			goto damaged;
		line = newline + 1;
	}
	if (sscanf(line, "end %zu %16" SCNx64 " %n", &count, &sum, &end) != 2 || end == 0 || line[end] != '\0' ||
	    count != store.count || sum != checksum(text, (size_t)(line - text))) {
		error_set(err, ERR_STORE_DAMAGED, NULL, "the store's checksum in line %u does not match", number);
		goto damaged;
	}
	*ret = store;
	return 0;
damaged:
	identity_free(&store);
	return -1;
}
