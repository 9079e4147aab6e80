/*
 * Shared by the rule interpreter (fake_udev.c) and the miniature of the distribution's rules and helper programs
 * (fake_udev_rules.c).
 */
#ifndef FAKE_UDEV_H
#define FAKE_UDEV_H

#include "fake_world.h"

enum { RULE_FILES_MAX = 12 };

struct rule_file {
	const char *name, *text;
};

/* One event being processed: for a disk or for a map. */
struct udev_event {
	struct fake_world *world;
	struct fake_disk *disk;
	struct fake_map *map;
	const char *kernel, *action, *old_properties;
	char properties[2 * PROPERTIES_SIZE];
	char links[LINKS_SIZE];
};

void event_set(struct udev_event *event, const char *key, const char *value);
const char *event_get(const struct udev_event *event, const char *key, char *ret, size_t size);

/* Interpret one file's text for an event. */
void udev_run_rules(struct udev_event *event, const char *text);

/* The distribution's rule files. Returns how many. */
size_t udev_standard_rules(const struct fake_world *world, struct rule_file ret[static RULE_FILES_MAX]);

/* IMPORT{kind}="command" and RUN+="command" of those rules. */
/* False: it found nothing, which ends its rule. */
bool udev_import(struct udev_event *event, const char *kind, const char *command);
void udev_run(struct udev_event *event, const char *command);

#endif
