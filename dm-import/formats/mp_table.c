/*
 * A walk over the words of a multipath table; see mp_table.h. Every count is checked against what is really there.
 */
#include "mp_table.h"

#include "base/buf.h"
#include "base/num.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct walk {
	const char *text;
	size_t at;    /* behind the word */
	size_t start; /* of the word */
	char word[128];
};

static bool next_word(struct walk *walk)
{
	size_t length;

	walk->start = walk->at + strspn(walk->text + walk->at, " \t");
	length = strcspn(walk->text + walk->start, " \t\n");
	if (length == 0 || length >= sizeof(walk->word))
		return false;
	memcpy(walk->word, walk->text + walk->start, length);
	walk->word[length] = '\0';
	walk->at = walk->start + length;
	return true;
}

static bool next_number(struct walk *walk, uint64_t max, uint64_t *ret)
{
	return next_word(walk) && num_parse(walk->word, max, ret);
}

static bool skip_words(struct walk *walk, uint64_t count)
{
	while (count--)
		if (!next_word(walk))
			return false;
	return true;
}

static bool parse_head(struct walk *walk, struct mp_table *table)
{
	uint64_t start, features, handler_words;

	if (!next_number(walk, 0, &start) || !next_number(walk, INT64_MAX, &table->length_sectors) ||
	    !next_word(walk) || strcmp(walk->word, "multipath") != 0)
		return false;
	if (!next_number(walk, 64, &features))
		return false;
	table->features_at = walk->start;
	table->feature_count = (unsigned)features;
	if (!skip_words(walk, features))
		return false;
	table->features_end = walk->at;
	return next_number(walk, 64, &handler_words) && skip_words(walk, handler_words);
}

static bool parse_group(struct walk *walk, struct mp_table *table)
{
	uint64_t selector_args, paths, path_args;

	if (!next_word(walk) || !next_number(walk, 64, &selector_args) || !skip_words(walk, selector_args) ||
	    !next_number(walk, MP_PATHS_MAX, &paths) || !next_number(walk, 64, &path_args))
		return false;
	while (paths--) {
		if (table->path_count == MP_PATHS_MAX || !next_word(walk) || strlen(walk->word) >= DEVNO_SIZE)
			return false;
		snprintf(table->paths[table->path_count++], DEVNO_SIZE, "%.23s", walk->word);
		if (!skip_words(walk, path_args))
			return false;
	}
	return true;
}

int mp_table_parse(const char *text, struct mp_table *ret, struct error *err)
{
	struct walk walk = { .text = text };
	struct mp_table table = { 0 };
	uint64_t groups = 0, first;
	bool valid = parse_head(&walk, &table) && next_number(&walk, 1024, &groups) && next_number(&walk, 1024, &first);

	for (uint64_t i = 0; valid && i < groups; i++)
		valid = parse_group(&walk, &table);
	if (!valid || text[walk.at + strspn(text + walk.at, " \t\n")] != '\0')
		return error_set(err, ERR_DM_FAILED, NULL, "not the table of one multipath target: \"%.160s\"", text);
	table.group_count = groups;
	*ret = table;
	return 0;
}

static bool has_feature(const char *text, const struct mp_table *table, const char *feature)
{
	struct walk walk = { .text = text, .at = table->features_at };

	next_word(&walk);
	for (unsigned i = 0; i < table->feature_count; i++) {
		next_word(&walk);
		if (strcmp(walk.word, feature) == 0)
			return true;
	}
	return false;
}

bool mp_table_has_feature(const char *text, const char *feature)
{
	struct mp_table table;

	return mp_table_parse(text, &table, NULL) == 0 && has_feature(text, &table, feature);
}

int mp_table_adapt(const char *text, uint64_t length_sectors, const char *feature, char **ret, struct error *err)
{
	struct walk walk = { .text = text };
	struct buf buf = { 0 };
	struct mp_table table;
	bool has;

	if (mp_table_parse(text, &table, err) < 0)
		return -1;
	has = has_feature(text, &table, feature);
	next_word(&walk); /* where it starts */
	next_word(&walk); /* its length */
	buf_printf(&buf, "0 %" PRIu64, length_sectors);
	buf_add(&buf, text + walk.at, table.features_at - walk.at);
	buf_printf(&buf, "%u", table.feature_count + (has ? 0 : 1));
	walk.at = table.features_at;
	next_word(&walk);
	buf_add(&buf, text + walk.at, table.features_end - walk.at);
	if (!has)
		buf_printf(&buf, " %s", feature);
	buf_puts(&buf, text + table.features_end);
	*ret = buf_take(&buf);
	return *ret ? 0 : error_no_memory(err);
}
