"""Objects as the API shows them, for the mock agent."""
from mock_agent import Reply, problem

LIMIT_S = 200   # of a wait for what has to come: much more than a loaded machine needs

SOURCE, DESTINATION = "3600140500000000000000000000000a1", "368ccf09800e8fa24ea37a1bc49d9f6b8"
SOURCE2, DESTINATION2 = "3600140500000000000000000000000a2", "368ccf09800c0ffee0000000000000002"

AGENT = {"agent_version": "1.0", "agent_build": "1a2b3c4d_57", "server_port": 8443, "web_server": "ACTIVE",
         "log_level": 2, "log_location": "/var/log/import", "imports_in_progress": 0}

ARRAYS = {"arrays": [
    {"name": "EQL", "vendor": "EQLOGIC", "product": "100E-00"},
    {"name": "Compellent", "vendor": "COMPELNT", "product": None},
    {"name": "VNX2", "vendor": "DGC", "product": None},
    {"name": "UNITY", "vendor": "DGC", "product": None},
    {"name": "PowerStore", "vendor": "DellEMC", "product": "PowerStore"}]}


def path(device, hctl, checker="ready"):
    return {"device": device, "hctl": hctl, "initiator_port": "naa.6001405aaaa", "target_port": "naa.600140511111111" + hctl[0],
            "alua_state": "optimized", "checker_state": checker, "true_wwid": SOURCE}


def volume(**more):
    return {"name": "mpatha", "dm_device": "dm-3", "wwid": SOURCE, "naa_id": SOURCE[1:], "array_type": "UNITY",
            "array_id": None, "vendor": "DGC", "product": "VRAID", "size_bytes": 1 << 30, "logical_sector_size": 512,
            "physical_sector_size": 512, "protocols": ["FC"], "status": "online", "is_migrating": False,
            "active_path": "None", "import_id": None, "import_state": None, "importable": True,
            "import_status": "READY FOR IMPORT", "reason": None, "mount_paths": ["/srv/db"],
            "users": [{"kind": "lvm", "name": "vg-data", "detail": "dm-5"},
                      {"kind": "mount", "name": "/srv/db", "detail": "xfs"}],
            "paths": [path("sda", "1:0:0:0"), path("sdb", "2:0:0:0", "faulty")], "other_side_paths": [], "persistent_reservations": None, **more}


VOLUMES = {"volumes": [
    volume(),
    volume(name="db data", dm_device="dm-4", wwid=SOURCE2, naa_id=SOURCE2[1:], array_type="unknown", size_bytes=3 << 39,
           importable=False, import_status="The source's map is not in use.", mount_paths=[], users=[],
           reason={"code": "source_not_open", "text": "The source's map is not in use.",
                   "remedy": "Open or mount it first."}, paths=[path("sdc", "1:0:0:1")])]}


def member(n=0, **more):
    return {"source_wwid": SOURCE if n == 0 else SOURCE2, "destination_wwid": DESTINATION if n == 0 else DESTINATION2,
            "name": "mpath" + chr(ord("a") + n), "dm_device": f"dm-{3 + n}", "size_bytes": (n + 1) << 30,
            "active_path": "Source", "pause_us": None, "reservations": None, "source_paths": [f"sd{chr(ord('a') + 2 * n)}"],
            "destination_paths": [], **more}


def reserved_side(kind="write_exclusive_registrants_only", holder=True, registered=2, **more):
    return {"generation": 7, "keys": ["0xabc1", "0xabc2"], "type": kind, "holder_key": "0xabc1" if kind else None,
            "held_by_this_host": holder, "registered_paths": registered, "paths": 2, **more}


def reservations(source, destination, fenced=False, lifted=False):
    return {"registered": not fenced, "fenced": fenced, "source_reservation_lifted": lifted, "source": source,
            "destination": destination}


def imported(state="new", **more):
    return {"id": "db1", "state": state, "active_path": "Source", "created": "2026-01-31T10:11:12.123Z",
            "updated": "2026-01-31T10:12:13.456Z", "min_paths": 2, "session": None, "members": [member()],
            "job": None, "attention": None, "hold": None, "last_hold": None, **more}


def job(kind, state="done", **more):
    return {"id": 7, "kind": kind, "import_id": "db1", "state": state, "step": "", "percent": 100 if state == "done" else 0,
            "created": "2026-01-31T10:12:11.000Z", "started": "2026-01-31T10:12:11.001Z",
            "finished": "2026-01-31T10:12:12.841Z" if state in ("done", "failed") else None,
            "duration_us": 1840000 if state in ("done", "failed") else 0, "steps": [], "result": None,
            "error": None, **more}


def accepted(kind):
    return Reply(202, job(kind, "queued"))


def on_destination(state="on_destination", **more):
    moved = member(active_path="Destination", pause_us=14211, destination_paths=["sdc", "sdd"])
    return imported(state, **{"active_path": "Destination", "members": [moved], "job": 7, **more})


FINDINGS = [
    {"code": "size_smaller", "severity": "error", "source_wwid": SOURCE, "destination_wwid": DESTINATION,
     "device": "sdc", "text": "The destination is smaller than the source. 1073741824 against 1072693248 bytes.",
     "remedy": "Make the destination exactly as large as the source."},
    {"code": "discard_differs", "severity": "warning", "source_wwid": SOURCE, "destination_wwid": DESTINATION,
     "text": "The source supports discard, the destination does not.",
     "remedy": "Turn on thin provisioning for the destination, or stop using discard."}]

IMPORT_UNKNOWN = problem(404, "import_unknown", "No import has this name.", "'nope'",
                         "List the imports with: importcli import list")
STATE_WRONG = problem(409, "state_wrong", "The import's state does not allow this verb.",
                      "db1 is new; a switch needs it prepared.",
                      "Check the import's state with importcli import show, and send a verb that it allows.")
IN_PROGRESS = problem(409, "import_in_progress", "An import is in progress.", "db1 is on_destination.",
                      "Finish or cancel the import first.")


def recovered(done=True):
    return {"findings": [
        {"code": "map_suspended", "device": "mpatha", "detail": "A map is suspended: its I/O waits."},
        {"code": "multipathd_not_running", "device": "multipathd", "detail": "multipathd does not run."}],
        "actions": [
            {"action": "release", "code": "map_suspended", "detail": "Drop the loaded tables, and resume the maps on the side they are on.", "done": done},
            {"action": "start_multipathd", "code": "multipathd_not_running", "detail": "Start multipathd.", "done": done}],
        "state": "on_destination"}


RECOVERED = recovered()
CONTRADICTED = {"findings": [
    {"code": "side_contradicted", "device": "mpatha", "detail": "The live map is not on the side that the records say.",
     "remedy": "Find out on the arrays which LUN has the newest data."}], "actions": [], "state": "needs_attention"}
CONTRADICTION = problem(409, "side_contradicted", "The live map is not on the side that the records say.",
                        "by the records: the source", "Find out on the arrays which LUN has the newest data.", device="mpatha")
