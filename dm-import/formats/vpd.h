/*
 * The Device Identification VPD page (83h): bytes to identities. SPC-4 7.8.6. Pure; every length that the device
 * claims is checked against what was received.
 */
#ifndef DM_IMPORT_VPD_H
#define DM_IMPORT_VPD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* SPC-4 7.8.6.1, table 591: whom a designator names */
enum vpd_association { VPD_ASSOCIATION_LUN = 0, VPD_ASSOCIATION_TARGET_PORT = 1, VPD_ASSOCIATION_TARGET_DEVICE = 2 };

/*
 * The NAA designator of the logical unit as multipath and udev write it: "3" and the designator in hex. Where there
 * are several, NAA 6 wins over 5, 5 over 2, 2 over 3, and the first of equals. False, and ret = "", when the page
 * is damaged or has none. `size` must hold 34 bytes.
 */
bool vpd_wwid(const uint8_t *page, size_t length, char *ret, size_t size);

/*
 * The name of the target port or target device: an NAA designator as "naa.<hex>", or a SCSI name string without its
 * ",t,0x<portal group>"; NAA first. False, and ret = "", when there is none or it does not fit.
 */
bool vpd_target_name(const uint8_t *page, size_t length, enum vpd_association association, char *ret, size_t size);

/* SPC-4 7.8.6.7: which of the target's ports this path goes to; 0 when the page is damaged or does not say. */
uint16_t vpd_relative_port(const uint8_t *page, size_t length);

#endif
