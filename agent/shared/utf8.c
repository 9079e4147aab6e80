/*
 * Well-formed UTF-8; see utf8.h.
 */
#include "utf8.h"

#include <string.h>

static bool is_continuation(unsigned char byte, unsigned char min, unsigned char max)
{
	return byte >= min && byte <= max;
}

/* Length of the well-formed sequence at `text`, which has `left` bytes; 0 when there is none (RFC 3629, 4). */
static size_t sequence(const unsigned char *text, size_t left)
{
	unsigned char first = text[0], min = 0x80, max = 0xbf;
	size_t length;

	if (first < 0x80)
		return 1;
	if (first >= 0xc2 && first <= 0xdf)
		length = 2;
	else if (first >= 0xe0 && first <= 0xef)
		length = 3;
	else if (first >= 0xf0 && first <= 0xf4)
		length = 4;
	else
		return 0;
	if (first == 0xe0) /* no overlong forms, no surrogates, nothing above U+10FFFF */
		min = 0xa0;
	else if (first == 0xed)
		max = 0x9f;
	else if (first == 0xf0)
		min = 0x90;
	else if (first == 0xf4)
		max = 0x8f;
	if (length > left || !is_continuation(text[1], min, max))
		return 0;
	for (size_t i = 2; i < length; i++)
		if (!is_continuation(text[i], 0x80, 0xbf))
			return 0;
	return length;
}

bool utf8_is_valid(const char *text, size_t length)
{
	for (size_t i = 0, step; i < length; i += step) {
		step = sequence((const unsigned char *)text + i, length - i);
		if (step == 0)
			return false;
	}
	return true;
}

void utf8_clean(char *text)
{
	size_t left = strlen(text), step;

	for (; left; text += step, left -= step) {
		step = sequence((const unsigned char *)text, left);
		if (step == 0) {
			*text = '?';
			step = 1;
		}
	}
}
