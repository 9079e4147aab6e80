/*
 * Prometheus' text format, as the agent writes it, read. Pure: text in, JSON out.
 */
#ifndef CLI_METRICS_TEXT_H
#define CLI_METRICS_TEXT_H

#include <json-c/json.h>

/*
 * {"metrics":[{"name","type","help","samples":[{"labels":{…},"value":1.5}]}]} in the text's order, owned by the caller;
 * NULL: a line is none of the format.
 */
struct json_object *metrics_parse(const char *text);

#endif
