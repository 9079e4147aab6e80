/*
 * JSON is UTF-8, but names that come from devices and mount tables are bytes.
 */
#ifndef AGENT_UTF8_H
#define AGENT_UTF8_H

/* Replace every byte that is not part of well-formed UTF-8 (RFC 3629) by '?'. */
void utf8_clean(char *text);

#endif
