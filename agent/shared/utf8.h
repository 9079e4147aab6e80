/*
 * JSON is UTF-8, but names that come from devices and mount tables are bytes.
 */
#ifndef AGENT_UTF8_H
#define AGENT_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* The whole text is well-formed UTF-8 (RFC 3629). */
bool utf8_is_valid(const char *text, size_t length);

/* Replace every byte that is not part of well-formed UTF-8 (RFC 3629) by '?'. */
void utf8_clean(char *text);

#endif
