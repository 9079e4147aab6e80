/*
 * Shared by the fake multipathd (fake_multipathd.c) and its command language (fake_multipathd_cli.c).
 */
#ifndef FAKE_MULTIPATHD_H
#define FAKE_MULTIPATHD_H

#include "fake_world.h"

/* One command; *ret_reply is owned by the caller. -1 when multipathd does not run or does not know the command. */
int multipathd_command(struct fake_world *world, const char *command, char **ret_reply, struct error *err);

/* Add a WWID to /etc/multipath/wwids. */
void multipathd_remember(struct fake_world *world, const char *wwid);

#endif
