"""Whole imports: to the end, back, there and back again, in groups, by other transports and path counts."""
import http.client
import json

import host
from scenario import scenario
from util import wait_for


def cutover(lab):
    """One import of all LUNs from start to end, every LUN under verified load."""
    for index in range(len(lab.source.luns)):
        lab.fio(index)
    names = [lab.map_name(index) for index in range(len(lab.source.luns))]
    work = lab.create_import()
    work.to_destination()
    work.copy()
    work.commit()
    lab.expect([lab.map_name(index) for index in range(len(names))] == names, "maps were renamed")


@scenario("import-cutover", core=True)
def import_cutover(lab):
    cutover(lab)


@scenario("import-cancel", core=True)
def import_cancel(lab):
    """Cancel while the array is copying: the source has every write."""
    lab.fio()
    work = lab.create_import()
    work.to_destination()
    work.copy()
    work.cancel()
    work.delete()


@scenario("import-cancel-prepared")
def import_cancel_prepared(lab):
    """Cancel before anything was switched."""
    lab.fio()
    work = lab.create_import()
    work.map()
    work.prepare()
    work.cancel()
    work.delete()


@scenario("there-and-back", timeout=1200)
def there_and_back(lab):
    lab.fio()
    work = lab.create_import()
    work.to_destination()
    work.switch("source")
    work.switch("destination")
    work.copy()
    work.commit()


@scenario("group-3", luns=3, timeout=1200)
def group_3(lab):
    cutover(lab)


@scenario("paths-2", paths=2)
def paths_2(lab):
    cutover(lab)


@scenario("paths-4", paths=4, timeout=1200)
def paths_4(lab):
    cutover(lab)


@scenario("paths-8", paths=8, timeout=1500)
def paths_8(lab):
    cutover(lab)


@scenario("alua", paths=4, alua=True, timeout=1200)
def alua(lab):
    """Optimized and non-optimized groups on both sides: the live map has two groups all along."""
    cutover(lab)
    wait_for("2 path groups of the live map", lambda: host.path_groups(lab.map_name()) == 2)


@scenario("iscsi", core=True, transport="iscsi", timeout=1200)
def iscsi(lab):
    """The same over iSCSI: the destination is found by a rescan of the sessions, not by itself."""
    cutover(lab)


def lose_reply(lab, verb, body):
    """Sends a verb and hangs up before the answer, as when the network drops it."""
    connection = http.client.HTTPSConnection(*lab.agent.address, context=lab.agent.tls, timeout=90)
    connection.request("POST", "/api/v1/imports/lab/" + verb, json.dumps(body), {"Content-Type": "application/json"})
    connection.close()


@scenario("lost-replies", core=True, timeout=1200)
def lost_replies(lab):
    """Every verb's first reply is lost; sent again, it gives what it would have given."""
    lab.fio()
    work = lab.create_import()
    work.map()
    lose_reply(lab, "prepare", {})
    work.prepare()
    lose_reply(lab, "switch", {"to": "destination"})
    work.switch("destination", again=True)
    work.copy()
    for lun in work.destinations:
        lun.finish()
    lose_reply(lab, "commit", {})
    work.commit()
