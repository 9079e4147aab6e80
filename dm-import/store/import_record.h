/*
 * An import and its record in the journal.
 */
#ifndef DM_IMPORT_STORE_IMPORT_RECORD_H
#define DM_IMPORT_STORE_IMPORT_RECORD_H

#include "dm-import/core/import.h"

#include "base/json.h"

/* The record; the caller's. */
struct json_object *import_record(const struct import *import);

/* False when it is no record of this version; *import is to be freed in any case. */
bool import_read_record(struct json_object *record, struct import *import);

#endif
