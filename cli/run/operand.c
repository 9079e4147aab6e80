/*
 * LUNs and imports as people type them; see operand.h.
 */
#include "operand.h"

#include "base/num.h"

#include <ctype.h>
#include <string.h>

bool operand_is_wwid(const char *text, char *ret, size_t size)
{
	if (strncasecmp(text, "naa.", 4) == 0)
		text += 4;
	size_t length = strlen(text);

	if ((length == 17 || length == 33) && text[0] == '3')
		text++, length--;
	if ((length != 16 && length != 32) || !num_is_hex(text) || size < length + 2)
		return false;
	*ret++ = '3';
	for (; *text; text++)
		*ret++ = (char)tolower((unsigned char)*text);
	*ret = '\0';
	return true;
}

int operand_wwid(struct cli *cli, const char *text, char *ret, size_t size)
{
	if (operand_is_wwid(text, ret, size))
		return 0;
	return cli_usage(cli, "'%s' is not a WWID (16 or 32 hexadecimal digits, with or without a 3 before)", text);
}

bool operand_is_import_id(const char *text)
{
	size_t length = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");

	return length >= 1 && length <= 64 && !text[length] && strcmp(text, ".") != 0 && strcmp(text, "..") != 0;
}
