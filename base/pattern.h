/*
 * Extended regular expressions from configuration, as multipath uses them: without anchors.
 */
#ifndef BASE_PATTERN_H
#define BASE_PATTERN_H

#include <stdbool.h>

bool pattern_valid(const char *pattern);

/* The empty pattern matches everything, an invalid one nothing. */
bool pattern_matches(const char *pattern, const char *text);

#endif
