/*
 * Receives udev's events of block devices, so that the snapshot is marked stale. Nothing more: the engine finds out
 * what changed.
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

/* Read all pending events; true if there was one. */
bool udev_watch_drain(struct udev_watch *watch);

#endif
