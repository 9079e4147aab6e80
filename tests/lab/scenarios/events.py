"""What happens to hosts after a switch: reconfigure, reload, paths that fail, return and are added."""
import host
from scenario import scenario
from util import sh, wait_for


def after_switch(lab, event):
    """Switches under load, lets it happen on the destination, goes on to cutover."""
    lab.fio()
    work = lab.create_import()
    work.to_destination()
    with lab.step("event"):
        event(lab)
    work.check_sides()
    work.copy()
    work.commit()


@scenario("after-switch-reconfigure")
def after_switch_reconfigure(lab):
    def reconfigure(lab):
        host.ask_multipathd("reconfigure")
        host.wait_multipathd()
    after_switch(lab, reconfigure)


@scenario("after-switch-multipath-r", max_io_ms=15000)
def after_switch_multipath_r(lab):
    """The reload itself holds the maps for long, with or without us."""
    after_switch(lab, lambda lab: sh("multipath -r"))


def path_fails_and_returns(lab, array, wwid):
    """Pulls the cable of one port; the map does without it, and takes it back."""
    name = host.mpath_of(wwid)
    paths = len(array.luns[0].mapped)
    array.ports[0].set_online(False)
    wait_for("path fails", lambda: host.active_paths(name) == paths - 1, 120, 0.3)
    array.ports[0].set_online(True)
    wait_for("path returns", lambda: host.active_paths(name) == paths, 120, 0.3)


@scenario("after-switch-path-failure-live", max_io_ms=5000)
def after_switch_path_failure_live(lab):
    """A path of the destination, which carries the I/O now: under the live map's name."""
    after_switch(lab, lambda lab: path_fails_and_returns(lab, lab.destination, lab.wwids()[0]))


@scenario("after-switch-path-failure-idle")
def after_switch_path_failure_idle(lab):
    """A path of the source, which stays monitored under the destination's name."""
    after_switch(lab, lambda lab: path_fails_and_returns(lab, lab.source, lab.wwids()[1]))


def hot_add(lab, array, wwid):
    """One more path appears: it must join the map of its own side."""
    name = host.mpath_of(wwid)
    paths = len(array.luns[0].mapped) + 1
    array.add_port()
    wait_for("new path in " + name, lambda: host.active_paths(name) == paths, 120, 0.3)
    true = {host.disks()[path]["wwid"] for path in host.maps()[name]["slaves"]}
    lab.expect(true == {array.luns[0].wwid}, "%s has paths of %s" % (name, sorted(true)), "path-identity")


@scenario("after-switch-hot-add-live", core=True)
def after_switch_hot_add_live(lab):
    after_switch(lab, lambda lab: hot_add(lab, lab.destination, lab.wwids()[0]))


@scenario("after-switch-hot-add-idle")
def after_switch_hot_add_idle(lab):
    after_switch(lab, lambda lab: hot_add(lab, lab.source, lab.wwids()[1]))
