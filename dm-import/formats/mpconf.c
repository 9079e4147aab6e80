/*
 * A line reader for multipath's configuration language: `section {`, `key value`, `}`. multipathd prints one word pair
 * a line, values in double quotes; vendor and product of a `device` are extended regular expressions, anchored nowhere.
 */
#include "mpconf.h"

#include "base/cleanup.h"
#include "base/pattern.h"

#include <stdio.h>
#include <string.h>

enum section { SECTION_OTHER, SECTION_DEFAULTS, SECTION_OVERRIDES, SECTION_DEVICES };

struct reader {
	const char *key, *vendor, *product;
	enum section section;
	unsigned depth;
	char device_vendor[128], device_product[128], device_value[128];
	char found[4][128]; /* by section */
	bool has[4], device_has;
};

static void open_section(struct reader *reader, const char *name)
{
	static const char *const names[] = { "", "defaults", "overrides", "devices" };

	if (reader->depth++ == 0) {
		reader->section = SECTION_OTHER;
		for (int i = SECTION_DEFAULTS; i <= SECTION_DEVICES; i++)
			if (strcmp(name, names[i]) == 0)
				reader->section = (enum section)i;
	}
	reader->device_vendor[0] = reader->device_product[0] = '\0';
	reader->device_has = false;
}

static void close_section(struct reader *reader)
{
	if (reader->section == SECTION_DEVICES && reader->depth == 2 && reader->device_has &&
	    pattern_matches(reader->device_vendor, reader->vendor) &&
	    pattern_matches(reader->device_product, reader->product)) {
		memcpy(reader->found[SECTION_DEVICES], reader->device_value, sizeof(reader->device_value));
		reader->has[SECTION_DEVICES] = true;
	}
	if (reader->depth)
		reader->depth--;
}

static void take_pair(struct reader *reader, const char *key, const char *value)
{
	bool direct = reader->depth == 1 && reader->section != SECTION_DEVICES;

	if (reader->section == SECTION_OTHER)
		return;
	if (direct && strcmp(key, reader->key) == 0) {
		snprintf(reader->found[reader->section], sizeof(reader->found[0]), "%s", value);
		reader->has[reader->section] = true;
	}
	if (reader->section != SECTION_DEVICES || reader->depth != 2)
		return;
	if (strcmp(key, "vendor") == 0)
		snprintf(reader->device_vendor, sizeof(reader->device_vendor), "%s", value);
	else if (strcmp(key, "product") == 0)
		snprintf(reader->device_product, sizeof(reader->device_product), "%s", value);
	if (strcmp(key, reader->key) == 0) {
		snprintf(reader->device_value, sizeof(reader->device_value), "%s", value);
		reader->device_has = true;
	}
}

static void read_line(struct reader *reader, const char *line)
{
	char key[64] = "", value[128] = "";

	/* quoted values may have blanks, and may be empty */
	if (sscanf(line, " %63s \"%127[^\"]\"", key, value) < 1)
		return;
	if (!value[0] && !strstr(line, "\"\""))
		sscanf(line, " %*s %127s", value);
	if (strcmp(key, "}") == 0)
		close_section(reader);
	else if (strcmp(value, "{") == 0)
		open_section(reader, key);
	else
		take_pair(reader, key, value);
}

bool mpconf_value(const char *config, const char *key, const char *vendor, const char *product, char *ret, size_t size)
{
	static const enum section order[] = { SECTION_OVERRIDES, SECTION_DEVICES, SECTION_DEFAULTS };
	struct reader reader = { .key = key, .vendor = vendor, .product = product };

	while (*config) {
		size_t length = strcspn(config, "\n");
		char line[512];

		snprintf(line, sizeof(line), "%.*s", (int)(length < sizeof(line) ? length : sizeof(line) - 1), config);
		read_line(&reader, line);
		config += length + (config[length] == '\n');
	}
	for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
		if (!reader.has[order[i]])
			continue;
		snprintf(ret, size, "%s", reader.found[order[i]]);
		return true;
	}
	return false;
}
