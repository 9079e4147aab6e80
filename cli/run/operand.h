/*
 * What people type for a LUN or an import. All but operand_wwid is pure.
 */
#ifndef CLI_OPERAND_H
#define CLI_OPERAND_H

#include "run.h"

/*
 * A LUN as people type it (with or without the leading 3, "naa." before it, any case) as multipath's WWID: '3' and
 * 16 or 32 lower-case hexadecimal digits. False when it is not one.
 */
bool operand_is_wwid(const char *text, char *ret, size_t size);

/* The same; else it is wrong usage. */
int operand_wwid(struct cli *cli, const char *text, char *ret, size_t size);

/* True for a name that an import can have: 1 to 64 of A-Z a-z 0-9 . _ -, not "." or "..". */
bool operand_is_import_id(const char *text);

#endif
