/*
 * multipath's effective configuration as text (`multipathd show config`), asked for single settings. Pure.
 */
#ifndef DM_IMPORT_MPCONF_H
#define DM_IMPORT_MPCONF_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The value that `key` has for a disk of this vendor and product, as multipath decides it: `overrides` win, then the
 * last matching `device` in `devices`, then `defaults`. False when none sets it; ret is cut to size.
 */
bool mpconf_value(const char *config, const char *key, const char *vendor, const char *product, char *ret, size_t size);

#endif
