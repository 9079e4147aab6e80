"""What sits above the map, how the map is called, and how multipath finds its paths."""
from imports import cutover
from scenario import scenario


def on_lvm(lab, fstype):
    """Import and cutover below a mounted, busy file system on LVM on a partition of the map."""
    volume = lab.mounted(fstype)
    before = volume.described()
    lab.fio(filename=volume.dir + "/file")
    work = lab.create_import()
    work.to_destination()
    work.copy()
    work.commit()
    lab.expect(volume.described() == before, "the volume is %s, was %s" % (volume.described(), before))


@scenario("lvm-ext4", size_mib=160, timeout=1200)
def lvm_ext4(lab):
    on_lvm(lab, "ext4")


@scenario("lvm-xfs", core=True, size_mib=416, timeout=1500)
def lvm_xfs(lab):
    on_lvm(lab, "xfs")


@scenario("names-user-friendly", multipath={"user_friendly_names": "yes"})
def names_user_friendly(lab):
    lab.expect(lab.map_name() == "mpatha", "the map is %s, not mpatha" % lab.map_name())
    cutover(lab)


ALIAS = """multipaths {
	multipath {
		wwid 360014051111111100004111811111111
		alias oradata
	}
}
"""


@scenario("names-alias", conf=ALIAS)
def names_alias(lab):
    lab.expect(lab.map_name() == "oradata", "the map is %s, not oradata" % lab.map_name())
    cutover(lab)


@scenario("find-multipaths-yes", multipath={"find_multipaths": "yes"})
def find_multipaths_yes(lab):
    cutover(lab)


@scenario("find-multipaths-strict", multipath={"find_multipaths": "strict"}, known=True)
def find_multipaths_strict(lab):
    """Strict builds maps of WWIDs that it knows: the source's is known, the destination's is not."""
    cutover(lab)


@scenario("find-multipaths-greedy", multipath={"find_multipaths": "greedy"})
def find_multipaths_greedy(lab):
    cutover(lab)
