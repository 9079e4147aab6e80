/*
 * Looks up settings in multipath's effective configuration (the text of `multipathd show config`). Pure.
 */
#ifndef DM_IMPORT_MPCONF_H
#define DM_IMPORT_MPCONF_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The value of `key` for a disk of this vendor and product. As in multipath, `overrides` win, then the last matching
 * `device` in `devices`, then `defaults`. False when none sets it; ret is cut to size.
 */
bool mpconf_value(const char *config, const char *key, const char *vendor, const char *product, char *ret, size_t size);

#endif
