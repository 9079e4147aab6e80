/*
 * Numbers from text: unlike with strtoul, the entire text must be a number in range. And bytes as text. Pure.
 */
#ifndef BASE_NUM_H
#define BASE_NUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Decimal digits only (no sign, no space). False, and *ret untouched, if `text` is anything else or above `max`. */
bool num_parse(const char *text, uint64_t max, uint64_t *ret);

/* True when `text` is at least one hexadecimal digit and nothing else. */
bool num_is_hex(const char *text);

/* Two lower-case hexadecimal digits for each byte; ret must have room for them and a NUL. */
void num_to_hex(const unsigned char *bytes, size_t count, char *ret);

#endif
