"""Persistent reservations, with the exchange done by hand: the lab's own reading of them, and the control that shows
that an application meets the reservation of a LUN on which its host is not registered."""
import exchange
import host
import reservations
from controls import leave
from scenario import scenario

KEY = "0x1abe0001"
REGISTRANTS_ONLY = 5    # write exclusive


def guarded_exchange(lab):
    """A host that holds the source's reservation goes to the destination, where one of its two paths is registered."""
    source, destination = lab.wwids()
    reservations.register(source, KEY)
    reservations.reserve(source, KEY, REGISTRANTS_ONLY)
    lab.destination.map()
    host.find_lun(destination, 2)
    host.wait_map(destination, 2)
    reservations.register(destination, KEY, paths=1)
    reservations.reserve(destination, KEY, REGISTRANTS_ONLY)
    for wwid, count in ((source, 2), (destination, 1)):
        found = reservations.read_lun(wwid)["registrations"]
        lab.expect([entry["key"] for entry in found] == [KEY] * count, "%s has registrations %s" % (wwid, found))
        lab.expect([entry["type"] for entry in found if entry["holder"]] == [reservations.TYPES[REGISTRANTS_ONLY]],
                   "%s is not reserved once: %s" % (wwid, found))
    lab.fio()
    with lab.step("switch"):
        exchange.exchange(source, destination, 2)
    lab.moved("destination")


def undo(lab):
    source, destination = lab.wwids()
    lab.stop_applications()
    reservations.clear(destination, KEY)
    leave(lab)
    reservations.clear(source, KEY)


@scenario("control-pr-unregistered", core=True, product=False, transport="iscsi", expect="io-error", timeout=1200)
def control_pr_unregistered(lab):
    """One path was forgotten: the first write that takes it meets the reservation."""
    guarded_exchange(lab)
    lab.fios[0].wait_end()
    undo(lab)
