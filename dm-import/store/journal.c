/*
 * The journal as text; see journal.h.
 */
#include "journal.h"

#include "dm-import/core/identity.h"

#include "base/buf.h"
#include "base/checksum.h"
#include "base/cleanup.h"
#include "base/num.h"

#include <inttypes.h>
#include <string.h>

enum { NUMBER_DIGITS_MAX = 20, SUM_DIGITS = 16, DEPTH_MAX = 8 };

const char journal_header[] = "dm-import-journal 1\n";

static const char *const event_names[] = { "created", "intent",	     "done",   "void",	   "stuck",
					   "session", "reservation", "forced", "forgotten" };

const char *journal_event_name(enum journal_event event)
{
	return event_names[event];
}

/* Of a line's numbers and JSON, each with the blank or newline behind it. */
static uint64_t sum_of(const char *numbers, size_t numbers_length, const char *json, size_t json_length)
{
	return checksum_add(checksum_add(CHECKSUM_BEGIN, numbers, numbers_length), json, json_length);
}

char *journal_line(uint64_t sequence, uint64_t wall_ms, const char *import_id, enum journal_event event,
		   struct json_object *record)
{
	struct json_object *object = json_object_new_object();
	CLEANUP_BUF struct buf numbers = { 0 };
	CLEANUP_BUF struct buf json = { 0 };
	struct buf line = { 0 };

	json_object_object_add(object, "import", json_object_new_string(import_id));
	json_object_object_add(object, "event", json_object_new_string(event_names[event]));
	json_object_object_add(object, "record", json_object_get(record));
	buf_printf(&numbers, "%" PRIu64 " %" PRIu64 " ", sequence, wall_ms);
	buf_printf(&json, "%s\n",
		   json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(object);
	buf_printf(&line, "%s%0*" PRIx64 " %s", buf_text(&numbers), SUM_DIGITS,
		   sum_of(buf_text(&numbers), numbers.length, buf_text(&json), json.length), buf_text(&json));
	if (!buf_failed(&numbers) && !buf_failed(&json))
		return buf_take(&line);
	buf_free(&line);
	return NULL;
}

/* The number up to the next blank; *at is moved behind that. */
static bool read_number(const char **at, const char *end, uint64_t *ret)
{
	const char *blank = memchr(*at, ' ', (size_t)(end - *at));
	char digits[NUMBER_DIGITS_MAX + 1];

	if (!blank || blank - *at > NUMBER_DIGITS_MAX)
		return false;
	snprintf(digits, sizeof(digits), "%.*s", (int)(blank - *at), *at);
	*at = blank + 1;
	return num_parse(digits, UINT64_MAX, ret);
}

const char *journal_string(struct json_object *object, const char *key)
{
	struct json_object *value = NULL;

	json_object_object_get_ex(object, key, &value);
	return json_object_is_type(value, json_type_string) ? json_object_get_string(value) : "";
}

static bool read_object(struct json_object *object, struct journal_entry *entry)
{
	const char *event = journal_string(object, "event"), *id = journal_string(object, "import");
	struct json_object *record = NULL;
	size_t i = 0;

	while (i < ARRAY_SIZE(event_names) && strcmp(event_names[i], event) != 0)
		i++;
	if (i == ARRAY_SIZE(event_names) || !identity_import_id_valid(id) ||
	    !json_object_object_get_ex(object, "record", &record) || !json_object_is_type(record, json_type_object))
		return false;
	entry->event = (enum journal_event)i;
	snprintf(entry->import_id, sizeof(entry->import_id), "%s", id);
	entry->record = json_object_get(record);
	return true;
}

static bool read_json(const char *json, size_t length, struct journal_entry *entry)
{
	struct json_tokener *tokener = json_tokener_new_ex(DEPTH_MAX);
	struct json_object *object;
	bool whole;

	if (!tokener)
		return false;
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
	object = json_tokener_parse_ex(tokener, json, (int)length);
	whole = json_tokener_get_error(tokener) == json_tokener_success &&
		json_tokener_get_parse_end(tokener) == length && json_object_is_type(object, json_type_object) &&
		read_object(object, entry);
	json_object_put(object);
	json_tokener_free(tokener);
	return whole;
}

/* NULL when numbers and checksum are right: the line (with its newline) was written so. Else what is wrong. */
static const char *read_frame(const char *line, size_t length, struct journal_entry *entry, const char **ret_json)
{
	const char *at = line, *end = line + length - 1; /* the newline */
	const char *sum;
	char expected[SUM_DIGITS + 1];

	if (!read_number(&at, end, &entry->sequence) || !read_number(&at, end, &entry->wall_ms) ||
	    end - at < SUM_DIGITS + 1 || at[SUM_DIGITS] != ' ')
		return "is not a record";
	sum = at;
	at += SUM_DIGITS + 1;
	snprintf(expected, sizeof(expected), "%0*" PRIx64, SUM_DIGITS,
		 sum_of(line, (size_t)(sum - line), at, (size_t)(end + 1 - at)));
	if (memcmp(expected, sum, SUM_DIGITS) != 0)
		return "does not match its checksum";
	*ret_json = at;
	return NULL;
}

/* The line before lost its newline, and is one with the record behind it: a crash does not do that. */
static bool ends_in_record(const char *line, size_t length)
{
	struct journal_entry entry;
	const char *json;

	for (size_t i = 1; i < length; i++)
		if (read_frame(line + i, length - i, &entry, &json) == NULL)
			return true;
	return false;
}

static int add_entry(struct journal *journal, const struct journal_entry *entry, struct error *err)
{
	struct journal_entry *entries = journal->entries;

	if ((journal->count & (journal->count - 1)) == 0) /* full at each power of two */
		entries = reallocarray(entries, journal->count ? journal->count * 2 : 1, sizeof(*entries));
	if (!entries)
		return error_no_memory(err);
	journal->entries = entries;
	journal->entries[journal->count++] = *entry;
	return 0;
}

static void add_damage(struct journal *journal, size_t number, const char *why)
{
	if (!journal->damaged_line) {
		journal->damaged_line = number;
		error_set(&journal->damage, ERR_STORE_DAMAGED, NULL, "line %zu %s", number, why);
	}
	journal->certain_first = journal->count;
}

static bool read_header(const char *text, size_t length, struct journal *journal)
{
	size_t size = strlen(journal_header), magic = size - strlen("1\n");

	if (length >= size && memcmp(text, journal_header, size) == 0) {
		journal->whole_size = size;
		return true;
	}
	if (length >= size && memcmp(text, journal_header, magic) == 0)
		add_damage(journal, 1, "names a version that this program does not know");
	else
		add_damage(journal, 1, "is not the first line of a journal");
	return false;
}

static void mark_newest(struct journal *journal)
{
	for (size_t i = journal->count; i-- > 0;) {
		struct journal_entry *entry = &journal->entries[i];
		size_t later = i + 1;

		/* entries that are newest are few: they are skipped to by the rest */
		while (later < journal->count && (!journal->entries[later].newest ||
						  strcmp(journal->entries[later].import_id, entry->import_id) != 0))
			later++;
		entry->newest = later == journal->count;
	}
}

/* One line into *entry, and whether a crash may have torn it; NULL when it is the next record, else what is wrong. */
static const char *read_line(const char *line, size_t length, uint64_t last_sequence, struct journal_entry *entry,
			     bool *ret_torn)
{
	const char *json, *why = read_frame(line, length, entry, &json);

	*ret_torn = why && !ends_in_record(line, length);
	if (why)
		return why;
	if (entry->sequence <= last_sequence)
		return "is out of sequence";
	return read_json(json, (size_t)(line + length - 1 - json), entry) ? NULL : "is no record of this version";
}

static int read_lines(const char *text, size_t length, struct journal *journal, struct error *err)
{
	const char *end = text + length, *line = text + journal->whole_size, *next;

	for (size_t number = 2; line < end; number++, line = next) {
		struct journal_entry entry = { .line = line, .number = number };
		const char *newline = memchr(line, '\n', (size_t)(end - line)), *why;
		bool torn;

		if (!newline)
			return 0;
		next = newline + 1;
		entry.length = (size_t)(next - line);
		why = read_line(line, entry.length, journal_last_sequence(journal), &entry, &torn);
		if (why && torn && next == end)
			return 0;
		if (why) {
			add_damage(journal, number, why);
			continue;
		}
		if (add_entry(journal, &entry, err) < 0) {
			json_object_put(entry.record);
			return -1;
		}
		journal->whole_size = (size_t)(next - text);
	}
	return 0;
}

int journal_parse(const char *text, size_t length, struct journal *ret, struct error *err)
{
	struct journal journal = { 0 };

	if (read_header(text, length, &journal) && read_lines(text, length, &journal, err) < 0) {
		journal_free(&journal);
		return -1;
	}
	journal.torn = journal.damage.code == ERR_NONE && journal.whole_size < length;
	mark_newest(&journal);
	*ret = journal;
	return 0;
}

void journal_free(struct journal *journal)
{
	for (size_t i = 0; i < journal->count; i++)
		json_object_put(journal->entries[i].record);
	free(journal->entries);
	*journal = (struct journal){ 0 };
}

uint64_t journal_last_sequence(const struct journal *journal)
{
	return journal->count ? journal->entries[journal->count - 1].sequence : 0;
}

static bool is_history(const struct journal_entry *entry)
{
	return entry->newest || entry->event != JOURNAL_SESSION;
}

/* The first of the entries that are kept as history. The last one is always: sequence numbers go on from it. */
static size_t first_kept(const struct journal *journal, size_t keep, size_t keep_bytes)
{
	size_t first = journal->count, kept = 0, bytes = 0;

	for (size_t i = journal->count; i-- > 0;) {
		const struct journal_entry *entry = &journal->entries[i];

		if (!is_history(entry))
			continue;
		kept++;
		bytes += entry->length;
		if (kept > 1 && (kept > keep || bytes > keep_bytes))
			break;
		first = i;
	}
	return first;
}

char *journal_compact(const struct journal *journal, size_t keep, size_t keep_bytes, size_t *ret_dropped)
{
	size_t first = first_kept(journal, keep, keep_bytes);
	struct buf text = { 0 };

	*ret_dropped = 0;
	buf_puts(&text, journal_header);
	for (size_t i = 0; i < journal->count; i++) {
		const struct journal_entry *entry = &journal->entries[i];

		if ((i >= first && is_history(entry)) || (entry->newest && entry->event != JOURNAL_FORGOTTEN))
			buf_add(&text, entry->line, entry->length);
		else
			++*ret_dropped;
	}
	return buf_take(&text);
}
