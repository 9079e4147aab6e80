/*
 * The identity store as data and text; see identity.h. The text is one line a record and ends in a line with the number
 * of records and a checksum, so that half a file is never taken for a whole one.
 */
#include "identity.h"

#include "base/buf.h"
#include "base/checksum.h"
#include "base/cleanup.h"
#include "base/num.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

static const char header[] =
	"# Identity store of dm-import, format 2. Written by the engine; see dm-import-identity(5).\n";
static const char *const role_names[] = { "hidden", "exchanged", "retired" };

bool identity_wwid_valid(const char *wwid)
{
	size_t length = strlen(wwid);

	if (wwid[0] != '3' || (length != 17 && length != 33) || !num_is_hex(wwid))
		return false;
	return strpbrk(wwid, "ABCDEF") == NULL;
}

bool identity_import_id_valid(const char *id)
{
	size_t length = strlen(id);

	if (length == 0 || length >= IMPORT_ID_SIZE || id[0] == '.' || id[0] == '-')
		return false;
	for (; *id; id++)
		if (!isalnum((unsigned char)*id) && !strchr("._-", *id))
			return false;
	return true;
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

void identity_published(const struct identity_store *store, const char *true_wwid, struct publication *ret)
{
	const struct identity_record *record = identity_find(store, true_wwid);
	bool is_source = record && strcmp(record->source_wwid, true_wwid) == 0;
	const char *wwid = true_wwid;

	*ret = (struct publication){ 0 };
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

void identity_published_down(const char *true_wwid, struct publication *ret)
{
	*ret = (struct publication){ .hidden = true, .retired = true };
	snprintf(ret->wwid, sizeof(ret->wwid), "down-%.48s", true_wwid);
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
	if (record->role != role || record->generation == 0) {
		record->generation++;
		store->generation++;
	}
	record->role = role;
	return 0;
}

void identity_drop(struct identity_store *store, const char *destination_wwid)
{
	struct identity_record *record = identity_find(store, destination_wwid);

	if (!record)
		return;
	store->generation++;
	store->count--;
	memmove(record, record + 1, (size_t)(store->records + store->count - record) * sizeof(*record));
}

void identity_free(struct identity_store *store)
{
	free(store->records);
	*store = (struct identity_store){ 0 };
}

char *identity_format(const struct identity_store *store)
{
	struct buf buf = { 0 };

	buf_puts(&buf, header);
	buf_printf(&buf, "generation %" PRIu64 "\n", store->generation);
	for (size_t i = 0; i < store->count; i++) {
		const struct identity_record *record = &store->records[i];

		buf_printf(&buf, "pair %s %s %s %s %" PRIu64 "\n", record->import_id, record->source_wwid,
			   record->destination_wwid, role_names[record->role], record->generation);
	}
	buf_printf(&buf, "end %zu %016" PRIx64 "\n", store->count,
		   checksum_add(CHECKSUM_BEGIN, buf_text(&buf), buf.length));
	return buf_take(&buf);
}

static int parse_pair(const char *line, unsigned number, struct identity_store *store, struct error *err)
{
	char id[IMPORT_ID_SIZE], source[WWID_SIZE], destination[WWID_SIZE], role_name[16];
	uint64_t generation;
	size_t role = 0;
	int length = 0;

	if (sscanf(line, "pair %64s %63s %63s %15s %" SCNu64 "%n", id, source, destination, role_name, &generation,
		   &length) != 5 ||
	    line[length] != '\n')
		return error_set(err, ERR_STORE_DAMAGED, NULL, "line %u is not a pair", number);
	while (role < ARRAY_SIZE(role_names) && strcmp(role_names[role], role_name) != 0)
		role++;
	if (role == ARRAY_SIZE(role_names) || !identity_import_id_valid(id) || !identity_wwid_valid(source) ||
	    !identity_wwid_valid(destination))
		return error_set(err, ERR_STORE_DAMAGED, NULL, "line %u has a bad name, an unknown role or a bad WWID",
				 number);
	if (identity_find(store, source) || identity_find(store, destination) || strcmp(source, destination) == 0)
		return error_set(err, ERR_STORE_DAMAGED, NULL, "line %u names a LUN a second time", number);
	if (identity_set(store, id, source, destination, (enum identity_role)role, err) < 0)
		return -1;
	store->records[store->count - 1].generation = generation;
	return 0;
}

static int parse_line(const char *line, unsigned number, struct identity_store *store, uint64_t *generation,
		      struct error *err)
{
	if (line[0] == '#' || line[0] == '\n')
		return 0;
	if (*generation == 0 && sscanf(line, "generation %" SCNu64, generation) == 1)
		return 0;
	return parse_pair(line, number, store, err);
}

/* All lines up to the last one; *ret_end is where that begins, the text's end when there is none. */
static int parse_lines(const char *text, struct identity_store *ret, const char **ret_end, unsigned *ret_number,
		       struct error *err)
{
	struct identity_store store = { 0 };
	const char *line = text, *newline;
	uint64_t generation = 0;
	unsigned number = 1;

	for (; strncmp(line, "end ", 4) != 0 && (newline = strchr(line, '\n')); line = newline + 1, number++) {
		if (parse_line(line, number, &store, &generation, err) < 0) {
			identity_free(&store);
			return -1;
		}
	}
	store.generation = generation;
	*ret = store;
	*ret_end = line;
	*ret_number = number;
	return 0;
}

int identity_parse_records(const char *text, struct identity_store *ret, struct error *err)
{
	struct identity_store store;
	const char *line;
	unsigned number;

	if (parse_lines(text, &store, &line, &number, err) < 0)
		return -1;
	if (*line && strncmp(line, "end ", 4) != 0) {
		identity_free(&store);
		return error_set(err, ERR_STORE_DAMAGED, NULL, "line %u has no end", number);
	}
	*ret = store;
	return 0;
}

int identity_parse(const char *text, struct identity_store *ret, struct error *err)
{
	struct identity_store store;
	const char *line;
	unsigned number;
	uint64_t sum;
	size_t count;
	int end = 0;

	if (parse_lines(text, &store, &line, &number, err) < 0)
		return -1;
	if (strncmp(line, "end ", 4) != 0) {
		error_set(err, ERR_STORE_DAMAGED, NULL, "the store has no last line; it is incomplete");
		goto damaged;
	}
	if (sscanf(line, "end %zu %16" SCNx64 " %n", &count, &sum, &end) != 2 || end == 0 || line[end] != '\0' ||
	    count != store.count || sum != checksum_add(CHECKSUM_BEGIN, text, (size_t)(line - text))) {
		error_set(err, ERR_STORE_DAMAGED, NULL, "the store's checksum in line %u does not match", number);
		goto damaged;
	}
	*ret = store;
	return 0;
damaged:
	identity_free(&store);
	return -1;
}

bool lun_set_has(const struct lun_set *set, const char *wwid)
{
	for (size_t i = 0; i < set->count; i++)
		if (strcmp(set->wwids[i], wwid) == 0)
			return true;
	return false;
}

int lun_set_add(struct lun_set *set, const char *wwid, struct error *err)
{
	char(*more)[WWID_SIZE];

	if (lun_set_has(set, wwid))
		return 0;
	more = reallocarray(set->wwids, set->count + 1, sizeof(*more));
	if (!more)
		return error_no_memory(err);
	set->wwids = more;
	snprintf(more[set->count++], sizeof(*more), "%s", wwid);
	return 0;
}

int lun_set_add_pair(struct lun_set *set, const char *source_wwid, const char *destination_wwid, struct error *err)
{
	if (lun_set_add(set, source_wwid, err) < 0)
		return -1;
	return lun_set_add(set, destination_wwid, err);
}

int lun_set_add_from(struct lun_set *set, const char *text, struct error *err)
{
	static const char kernels[] = "naa.",
			  alphanumeric[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

	for (const char *word = text; *(word += strcspn(word, alphanumeric)); word += strspn(word, alphanumeric)) {
		bool kernel = word - text >= 4 && strncmp(word - 4, kernels, 4) == 0;
		char wwid[WWID_SIZE];

		snprintf(wwid, sizeof(wwid), "%s%.*s", kernel ? "3" : "", (int)strspn(word, alphanumeric), word);
		if (identity_wwid_valid(wwid) && lun_set_add(set, wwid, err) < 0)
			return -1;
	}
	return 0;
}

void lun_set_free(struct lun_set *set)
{
	free(set->wwids);
	*set = (struct lun_set){ 0 };
}
