/*
 * The agent's certificate and key, and what they say as JSON.
 */
#ifndef CLI_FILES_H
#define CLI_FILES_H

#include "cli/run/run.h"

#include "certs/check.h"

/* Where the agent's certificate and key are. */
int certificate_files(struct cli *cli, struct pair_files *ret);

/* Names, and what a certificate says, as JSON; owned by the caller. */
struct json_object *certificate_names_json(const struct names *names);
struct json_object *certificate_json(const struct certificate *certificate, const char *file);

#endif
