/*
 * The engine's reports as the API shows them (docs/openapi.yaml). The caller owns what is returned (json_object_put).
 */
#ifndef API_REPORTS_H
#define API_REPORTS_H

#include "dm-import/dm_import.h"

#include <json-c/json.h>

struct json_object *volume_json(const struct volume_report *volume);
/* {"volumes":[…]}; ?importable=true: only those that can be imported now. */
struct json_object *volumes_json(const struct volume_reports *volumes, bool importable_only);

struct json_object *import_json(const struct import_report *import);
struct json_object *imports_json(const struct import_reports *imports); /* {"imports":[…]} */

struct json_object *host_json(const struct host_report *host);
struct json_object *findings_json(const struct finding_list *findings); /* [{"code","text","remedy"}] */
struct json_object *arrays_json(const struct array_reports *arrays);	/* {"arrays":[…]} */

/*
 * {"records":[{"sequence","line","time","import","event","doing","state","side"}], "damage":{"line","device","detail"}
 * or null, "torn"}
 */
struct json_object *journal_json(const struct journal_report *journal);

/* NULL where there is nothing to say. */
struct json_object *verb_result_json(const struct verb_result *result);

/* What the code says, with device and detail. */
void json_add_sentence(struct json_object *object, const char *key, enum error_code code, const char *device,
		       const char *detail);

/* {"code","text","remedy"}, or null for ERR_NONE. remedy NULL: the code's own. */
struct json_object *explanation_json(enum error_code code, const char *device, const char *detail, const char *remedy);

/* "FC", "iSCSI", … */
const char *protocol_name(enum protocol protocol);
const char *active_path_name(enum active_path active);

/* "dm-3" */
void json_add_dm_device(struct json_object *object, unsigned minor);

#endif
