/*
 * POSIX extended regular expressions in one call; see pattern.h.
 */
#include "pattern.h"

#include <regex.h>
#include <stddef.h>

bool pattern_valid(const char *pattern)
{
	regex_t regex;

	if (regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB) != 0)
		return false;
	regfree(&regex);
	return true;
}

bool pattern_matches(const char *pattern, const char *text)
{
	regex_t regex;
	bool match;

	if (!*pattern)
		return true;
	if (regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB) != 0)
		return false;
	match = regexec(&regex, text, 0, NULL, 0) == 0;
	regfree(&regex);
	return match;
}
