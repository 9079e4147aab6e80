/*
 * GET /volumes: what of it is decided by its text.
 */
#ifndef API_VOLUMES_H
#define API_VOLUMES_H

#include <json-c/json.h>

/* ?importable=true: of {"volumes":[…]} leave only those that can be imported now. */
void volumes_keep_importable(struct json_object *report);

#endif
