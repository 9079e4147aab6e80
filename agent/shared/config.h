/*
 * The agent's configuration file (INI, agent.conf). Strict: an unknown section, key or value is an error with its
 * line, because a typing error in a security setting must not go unnoticed.
 */
#ifndef AGENT_CONFIG_H
#define AGENT_CONFIG_H

#include "log.h"

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

enum { CONFIG_TEXT_SIZE = 256 };

struct config {
	unsigned port;
	char address[CONFIG_TEXT_SIZE]; /* to listen on; "" = all, IPv4 and IPv6 */
	char certificate[CONFIG_TEXT_SIZE], key[CONFIG_TEXT_SIZE];
	char trusted[CONFIG_TEXT_SIZE]; /* directory of the trusted clients' certificates */
	char socket[CONFIG_TEXT_SIZE];	/* the Unix socket */
	unsigned request_timeout_s;	/* for a client to send a request */
	enum log_level log_level;
	char log_location[CONFIG_TEXT_SIZE];
	unsigned min_paths, max_members, hold_lease_max_ms;
};

#define CONFIG_PATH "/etc/dm-import/agent.conf"

/* One of 8443, 50443, 55443, 60443. */
bool config_port_allowed(uint64_t port);

/* Read the file over the defaults; a missing file means the defaults. ERR_CONFIG_INVALID names the line. */
int config_load(struct config *ret, const char *path, struct error *err);

/*
 * Durably change the port in the file, and nothing else in it: the administrator's lines and comments stay. When they
 * could not be read at the next start, ERR_CONFIG_INVALID, and the file stays as it is.
 */
int config_store_port(const char *path, unsigned port, struct error *err);

#endif
