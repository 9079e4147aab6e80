/*
 * Persistent reservations: operations of struct scsi_port.
 */
#ifndef DM_IMPORT_SYSTEM_SCSI_PR_H
#define DM_IMPORT_SYSTEM_SCSI_PR_H

#include "dm-import/ports.h"

int sys_pr_read(void *ctx, const char *disk, struct pr_state *ret, struct error *err);
int sys_pr_out(void *ctx, const char *disk, const struct pr_request *request, struct error *err);
int sys_pr_watch_prepare(void *ctx, const char *const *disks, size_t count, struct pr_watch **ret, struct error *err);
int sys_pr_watch_read(struct pr_watch *watch, uint32_t *ret_generation, uint64_t *ret_reservation_key,
		      uint8_t *ret_scope_type);
void sys_pr_watch_free(struct pr_watch *watch);

#endif
