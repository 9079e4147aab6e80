/*
 * A look at the host at one moment: all SCSI disks, all multipath maps with their tables, and which disk is in which
 * map. One look serves a phase of a plan (work.h), and no longer.
 */
#ifndef DM_IMPORT_INVENTORY_H
#define DM_IMPORT_INVENTORY_H

#include "dm-import/formats/mp_table.h"
#include "dm-import/ports.h"

struct map {
	struct dm_device dm;
	char wwid[WWID_SIZE]; /* from the UUID "mpath-<wwid>" */
	char *table;	      /* the active table's text */
	struct mp_table paths;
};

struct inventory {
	struct disk *disks;
	size_t disk_count;
	struct map *maps; /* multipath maps only, in name order */
	size_t map_count;
	unsigned looks; /* how often it was loaded */
};

/* Look; what *inventory had is replaced, and stays when that fails. */
int inventory_load(const struct ports *ports, struct inventory *inventory, struct error *err);

/*
 * Ask only the maps with these WWIDs again, by the names that they had; all else stays as it was seen. When there was
 * no map with one of them, all maps are asked, for it may be new.
 */
int inventory_ask_maps(const struct ports *ports, struct inventory *inventory, const char *const *wwids, size_t count,
		       struct error *err);

void inventory_free(struct inventory *inventory);

#define CLEANUP_INVENTORY __attribute__((cleanup(inventory_free)))

/* The map with UUID "mpath-<wwid>"; NULL when there is none. */
const struct map *inventory_map(const struct inventory *inventory, const char *wwid);

/* The kernel's name of a map's node: "dm-3". */
enum { NODE_SIZE = 16 };
void map_node(const struct map *map, char ret[static NODE_SIZE]);

/* The disk of a table's path ("8:16"); NULL when the kernel has no such disk (any more). */
const struct disk *inventory_path(const struct inventory *inventory, const char *devno);

/* The true WWID of all of a map's paths; "" when it has none, or of two LUNs, or one that is gone. */
void inventory_true_wwid(const struct inventory *inventory, const struct map *map, char ret[static WWID_SIZE]);

/* True when a path of the map is a disk of this LUN. */
bool inventory_has_path_of(const struct inventory *inventory, const struct map *map, const char *true_wwid);

/* The `nth` disk (from 0) with this true WWID, NULL behind the last: for loops. */
const struct disk *inventory_lun_disk(const struct inventory *inventory, const char *true_wwid, size_t nth);
size_t inventory_lun_disk_count(const struct inventory *inventory, const char *true_wwid);

#endif
