/*
 * What the commands of `importcli certificate`, and the warning of `status`, share.
 */
#ifndef CLI_CERTIFICATE_H
#define CLI_CERTIFICATE_H

#include "cli/cli.h"

#include "certs/check.h"

/* Where the agent's certificate and key are. */
int certificate_files(struct cli *cli, struct pair_files *ret);

/* One line on standard error when something is to be done; asks no agent. */
void certificate_warn(struct cli *cli);

/* Names, and what a certificate says, as JSON; owned by the caller. */
struct json_object *certificate_names_json(const struct names *names);
struct json_object *certificate_json(const struct certificate *certificate, const char *file);

#endif
