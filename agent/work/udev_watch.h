/*
 * Hears from udev that block devices changed, so that the snapshot is looked at as stale. Nothing more: what changed
 * is the engine's to find out.
 */
#ifndef AGENT_UDEV_WATCH_H
#define AGENT_UDEV_WATCH_H

#include "base/error.h"

#include <stdbool.h>

struct udev_watch;

int udev_watch_open(struct udev_watch **ret, struct error *err);
void udev_watch_close(struct udev_watch *watch);

/* -1 when watch is NULL, which poll(2) ignores. */
int udev_watch_fd(const struct udev_watch *watch);

/* Take all events that are there; true when there was one. */
bool udev_watch_drain(struct udev_watch *watch);

#endif
