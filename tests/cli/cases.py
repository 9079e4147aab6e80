"""What is asked of importcli, and what the agent answers: name -> (words, answers). Words are split at blanks.

A dictionary here is a transcript in golden/, which has what must come of each of its cases: requests, exit status, both
outputs. `./run --update` writes them anew, to be read before they are committed.
"""
from fixtures import *

PAIR, PAIR2 = f"{SOURCE} {DESTINATION}", f"{SOURCE2} {DESTINATION2}"
DOWN = "no agent"  # nobody listens on the socket

# words about words
HELP = {
    "help": ("help", {}),
    "help-import": ("import help", {}),
    "help-certificate": ("certificate help", {}),
    "help-certificate-install": ("certificate install help", {}),
    "help-json": ("help --output json", {}),
    "help-command-json": ("recover_device help --output json", {}),
    "help-status": ("status help", {}),
    "help-option": ("import prepare --help", {}),
}

# the vendor's commands
VENDOR = {
    "status": ("status", {"GET /volumes": VOLUMES}),
    "status-json": ("status --output json", {"GET /volumes": VOLUMES}),
    "status-verbose": ("status -v", {"GET /volumes": VOLUMES}),
    "status-verbose-import": ("status -v", {"GET /volumes": {"volumes": [volume(
        import_id="db1", import_state="on_destination", active_path="Destination", import_status="on_destination", importable=False,
        other_side_paths=[path("sdc", "3:0:0:0"), path("sdd", "4:0:0:0", "faulty")])]}}),
    "status-importable": ("--output=text status --importable", {"GET /volumes?importable=true": {"volumes": [volume()]}}),
    "status-none": ("status", {"GET /volumes": {"volumes": []}}),
    "status-none-importable": ("status --importable", {"GET /volumes?importable=true": {"volumes": []}}),
    "status-in-import": ("status --verbose", {"GET /volumes": {"volumes": [volume(
        is_migrating=True, active_path="Destination", import_id="db1", import_state="on_destination", importable=False,
        import_status="ON DESTINATION", naa_id=None)]}}),
    "status-hostile-names": ("status", {"GET /volumes": {"volumes": [volume(name="a\u001b[31mb\nc", import_status="\u0007")]}}),
    "ha_version": ("ha_version", DOWN),
    "ha_version-json": ("ha_version --output json", DOWN),
    "list_supported_arrays": ("list_supported_arrays", {"GET /agent/arrays": ARRAYS}),
    "list_supported_arrays-json": ("list_supported_arrays --output json", {"GET /agent/arrays": ARRAYS}),
    "server_port": ("server_port", {"GET /agent": AGENT}),
    "server_port-json": ("server_port --output json", {"GET /agent": AGENT}),
    "server_port-change": ("server_port change 55443", {
        "PUT /agent/server_port": {}, "GET /agent": {**AGENT, "server_port": 55443}}),
    "server_port-change-json": ("server_port change 55443 --output json", {
        "PUT /agent/server_port": {}, "GET /agent": {**AGENT, "server_port": 55443}}),
    "server_port-refused": ("server_port change 50443", {"PUT /agent/server_port": IN_PROGRESS}),
    "log_show": ("log_show", {"GET /agent": AGENT}),
    "log_show-json": ("log_show --output json", {"GET /agent": AGENT}),
    "log_level": ("log_level", {"GET /agent": AGENT}),
    "log_level-set": ("log_level set 3", {"PUT /agent/log_level": {}, "GET /agent": {**AGENT, "log_level": 3}}),
    "log_level-json": ("log_level --output json", {"GET /agent": AGENT}),
    "log_level-set-json": ("log_level set 0 --output json", {
        "PUT /agent/log_level": {}, "GET /agent": {**AGENT, "log_level": 0}}),
    "mhd_status": ("mhd_status", {"GET /agent": AGENT}),
    "mhd_status-json": ("mhd_status --output json", {"GET /agent": AGENT}),
    "mhd_status-web-server-dead": ("mhd_status", {"GET /agent": {**AGENT, "web_server": "INACTIVE"}}),
    "mhd_status-agent-down": ("mhd_status", DOWN),
    "mhd_status-agent-down-json": ("mhd_status --output json", DOWN),
    "restart_webServer": ("restart_webServer", {"POST /agent/restart_web_server": {}, "GET /agent": AGENT}),
    "restart_webServer-json": ("restart_webServer --output json", {
        "POST /agent/restart_web_server": {}, "GET /agent": AGENT}),
    "restart_webServer-refused": ("restart_webServer", {"POST /agent/restart_web_server": IN_PROGRESS}),
    "restart_webServer-forced": ("restart_webServer --force", {"POST /agent/restart_web_server": {}, "GET /agent": AGENT}),
}

# what packages ask
IDLE = {
    "idle": ("idle", {"GET /imports": {"imports": [imported("committed"), imported("cancelled", id="db2")]},
                      "GET /jobs": {"jobs": [job("commit"), job("precheck", "failed")]}}),
    "idle-json": ("idle --output json", {"GET /imports": {"imports": []}, "GET /jobs": {"jobs": []}}),
    "idle-imports": ("idle", {"GET /imports": {"imports": [
        imported(), imported("committed", id="db2"), imported("needs_attention", id="db3")]}, "GET /jobs": {"jobs": []}}),
    "idle-imports-json": ("idle --output json", {
        "GET /imports": {"imports": [imported("held")]}, "GET /jobs": {"jobs": [job("hold")]}}),
    "idle-job": ("idle", {"GET /imports": {"imports": [imported("committed")]},
                          "GET /jobs": {"jobs": [job("recover", "running"), job("precheck", "queued")]}}),
    "idle-state-unknown": ("idle", {"GET /imports": {"imports": [imported("teleported")]}, "GET /jobs": {"jobs": []}}),
    "idle-agent-broken": ("idle", {"GET /imports": Reply(500, raw=b"<html>no</html>")}),
    "help-idle": ("idle help", {}),
    "usage-idle-surplus": ("idle db1", {}),
}

IMPORTS = {
    # read
    "list": ("import list", {"GET /imports": {"imports": [
        imported(), on_destination(id="finance-2026", session={"state": "copy_in_progress", "percent": 42},
                                   members=[member(), member(1)])]}}),
    "list-json": ("import list --output json", {"GET /imports": {"imports": [imported()]}}),
    "list-none": ("import list", {"GET /imports": {"imports": []}}),
    "show": ("import show db1", {
        "GET /imports/db1": on_destination(session={"state": "ready_for_cutover", "percent": 100}),
        "GET /jobs/7": job("switch")}),
    "show-json": ("import show db1 --output json", {"GET /imports/db1": on_destination()}),
    "show-job-forgotten": ("import show db1", {
        "GET /imports/db1": imported("prepared", job=3),
        "GET /jobs/3": problem(404, "job_unknown", "No job has this number.")}),
    "show-attention": ("import show db1", {"GET /imports/db1": imported("needs_attention", attention={
        "code": "verify_failed", "text": "Kernel, udev and multipathd do not agree after a step.",
        "remedy": "Send the verb again, or cancel the import."})}),
    "show-unknown": ("import show nope", {"GET /imports/nope": IMPORT_UNKNOWN}),
    "show-unknown-json": ("import show nope --output json", {"GET /imports/nope": IMPORT_UNKNOWN}),

    # driven
    "create": (f"import create --id db1 --min-paths 4 {PAIR}", {"POST /imports": Reply(201, imported())}),
    "create-json": (f"import create {PAIR} {PAIR2} --output json", {"POST /imports": Reply(201, imported())}),
    "create-wwid-forms": (f"import create {SOURCE[1:].upper()} naa.{DESTINATION[1:]}", {
        "POST /imports": Reply(201, imported())}),
    "create-again": (f"import create --id db1 {PAIR}", {"POST /imports": imported("prepared")}),
    "precheck-passed": (f"import precheck {PAIR}", {
        "POST /precheck": accepted("precheck"),
        "GET /jobs/7": [job("precheck", "running", step="read"), job("precheck", result={"passed": True, "findings": []})]}),
    "precheck-failed": ("import precheck db1", {
        "POST /imports/db1/precheck": accepted("precheck"),
        "GET /jobs/7": job("precheck", result={"passed": False, "findings": FINDINGS})}),
    "precheck-failed-json": (f"import precheck --min-paths 1 {PAIR} --output json", {
        "POST /precheck": job("precheck", result={"passed": False, "findings": FINDINGS})}),
    "prepare": ("import prepare db1", {"POST /imports/db1/prepare": accepted("prepare"), "GET /jobs/7": job("prepare")}),
    "prepare-new": (f"import prepare --id db1 {PAIR}", {
        "POST /imports": Reply(201, imported()), "POST /imports/db1/prepare": accepted("prepare"),
        "GET /jobs/7": job("prepare")}),
    "prepare-new-failed": (f"import prepare {PAIR}", {
        "POST /imports": Reply(201, imported()), "POST /imports/db1/prepare": accepted("prepare"),
        "GET /jobs/7": job("prepare", "failed", result={"passed": False, "findings": FINDINGS}, error=problem(
            409, "precheck_failed", "The pre-check found errors.", "1 error.", "Correct what the findings say, then try again.").body)}),
    "prepare-no-wait": ("import prepare --no-wait db1", {"POST /imports/db1/prepare": accepted("prepare")}),
    "prepare-no-wait-json": ("import prepare --no-wait db1 --output json", {"POST /imports/db1/prepare": accepted("prepare")}),
    "switch": ("import switch db1 --to destination", {
        "POST /imports/db1/switch": accepted("switch"),
        "GET /jobs/7": [job("switch", "running", step="hold", percent=60),
                        job("switch", result={"to": "destination", "pauses_us": {"mpatha": 14211}})]}),
    "switch-json": ("import switch db1 --to destination --output json", {
        "POST /imports/db1/switch": accepted("switch"),
        "GET /jobs/7": job("switch", result={"to": "destination", "pauses_us": {"mpatha": 14211}})}),
    "switch-group": ("import switch --to=source db1", {
        "POST /imports/db1/switch": accepted("switch"),
        "GET /jobs/7": job("switch", result={"to": "source", "pauses_us": {"mpatha": 9000, "mpathb": 20449, "mpathc": 1}})}),
    "switch-unchanged": ("import switch db1 --to destination", {
        "POST /imports/db1/switch": job("switch", result={"unchanged": True})}),
    "switch-state-wrong": ("import switch db1 --to destination", {"POST /imports/db1/switch": STATE_WRONG}),
    "switch-failed": ("import switch db1 --to destination", {
        "POST /imports/db1/switch": accepted("switch"),
        "GET /jobs/7": job("switch", "failed", error=problem(
            500, "hold_timeout", "The map could not be suspended before the deadline.", "5000 ms have passed.",
            "Look for a path whose commands hang. Try again when there is less I/O.", device="mpatha", step="hold").body)}),
    "switch-failed-json": ("import switch db1 --to destination --output json", {
        "POST /imports/db1/switch": accepted("switch"),
        "GET /jobs/7": job("switch", "failed", error=problem(
            500, "hold_timeout", "The map could not be suspended before the deadline.", device="mpatha").body)}),
    "hold": ("import hold db1 --lease 3000", {
        "POST /imports/db1/hold": accepted("hold"),
        "GET /jobs/7": job("hold", result={"to": "destination", "lease_ms": 3000})}),
    "hold-back": ("import hold db1 --to source", {"POST /imports/db1/hold": job("hold", result={"to": "source", "lease_ms": 5000})}),
    "hold-again": ("import hold db1", {"POST /imports/db1/hold": job("hold", result={"unchanged": True})}),
    "hold-json": ("import hold db1 --output json", {
        "POST /imports/db1/hold": job("hold", result={"to": "destination", "lease_ms": 5000})}),
    "release": ("import release db1 --to destination", {
        "POST /imports/db1/release": accepted("release"),
        "GET /jobs/7": job("release", result={"to": "destination", "pauses_us": {"mpatha": 2014211}})}),
    "release-back": ("import release db1 --to source", {
        "POST /imports/db1/release": job("release", result={"to": "source", "held_ms": 812})}),
    "release-json": ("import release db1 --to source --output json", {
        "POST /imports/db1/release": job("release", result={"to": "source", "held_ms": 812})}),
    "release-too-late": ("import release db1 --to destination", {"POST /imports/db1/release": problem(
        409, "lease_expired", "The hold ended before the release: its lease ran out, or the agent was restarted.", "",
        "The volumes are on the side they were on before; let the array go back too, then hold again.")}),
    "show-held": ("import show db1", {"GET /imports/db1": imported("held", hold={
        "to": "destination", "lease_ms": 5000, "since": "2026-01-31T10:12:11.000Z"}, last_hold=None)}),
    "show-last-hold": ("import show db1", {"GET /imports/db1": imported("prepared", hold=None, last_hold={
        "outcome": "lease_expired", "to": "destination", "lease_ms": 5000, "since": "2026-01-31T10:12:11.000Z",
        "held_ms": 5002})}),
    "reservation-lifted": ("import reservation db1 lifted", {
        "POST /imports/db1/reservation": accepted("reservation"),
        "GET /jobs/7": [job("reservation", "running"), job("reservation", result={"state": "prepared"})]}),
    "reservation-restored": ("import reservation db1 restored", {
        "POST /imports/db1/reservation": job("reservation", result={"state": "on_destination"})}),
    "reservation-unchanged": ("import reservation db1 lifted", {
        "POST /imports/db1/reservation": job("reservation", result={"unchanged": True})}),
    "reservation-json": ("import reservation db1 lifted --output json", {
        "POST /imports/db1/reservation": job("reservation", result={"state": "prepared"})}),
    "reservation-no-wait": ("import reservation --no-wait db1 lifted", {"POST /imports/db1/reservation": accepted("reservation")}),
    "reservation-not-holder": ("import reservation db1 lifted", {
        "POST /imports/db1/reservation": accepted("reservation"),
        "GET /jobs/7": job("reservation", "failed", error=problem(
            409, "pr_not_holder", "Another host holds the reservation.", "",
            "Send the request to the agent of the host that holds it. See the import's report.", device=SOURCE).body)}),
    "reservation-state-wrong": ("import reservation db1 lifted", {"POST /imports/db1/reservation": STATE_WRONG}),
    "show-reservations": ("import show db1", {"GET /imports/db1": imported("prepared", members=[
        member(reservations=reservations(reserved_side(), reserved_side())),
        member(1, reservations=None)])}),
    "show-reservations-lifted": ("import show db1", {"GET /imports/db1": imported("prepared", members=[
        member(reservations=reservations(reserved_side(None, False), reserved_side(holder=False), lifted=True)),
        member(1, reservations=reservations(reserved_side(None, False, 1), None))])}),
    "show-reservations-fenced": ("import show db1", {"GET /imports/db1": on_destination(job=None, members=[member(
        active_path="Destination", pause_us=14211, reservations=reservations(
            reserved_side(holder=False, registered=0), reserved_side(holder=False, registered=0), fenced=True))])}),
    "show-reservations-json": ("import show db1 --output json", {"GET /imports/db1": imported("prepared", members=[
        member(reservations=reservations(reserved_side(), None))])}),
    "cutover": ("import cutover db1", {"POST /imports/db1/commit": accepted("commit"), "GET /jobs/7": job("commit")}),
    "commit": ("import commit db1", {"POST /imports/db1/commit": job("commit")}),
    "commit-json": ("import commit db1 --output json", {"POST /imports/db1/commit": job("commit")}),
    "cutover-json": ("import cutover db1 --output json", {"POST /imports/db1/commit": job("commit")}),
    "cancel": ("import cancel db1", {
        "POST /imports/db1/cancel": accepted("cancel"),
        "GET /jobs/7": job("cancel", result={"pauses_us": {"mpatha": 999}})}),
    "cancel-force": ("import cancel db1 --force", {"POST /imports/db1/cancel": job("cancel")}),
    "cancel-json": ("import cancel db1 --output json", {"POST /imports/db1/cancel": job("cancel")}),
    "delete": ("import delete db1", {"DELETE /imports/db1": Reply(204)}),
    "delete-json": ("import delete db1 --output json", {"DELETE /imports/db1": Reply(204)}),
    "delete-refused": ("import delete db1", {"DELETE /imports/db1": STATE_WRONG}),
    "watch": ("import watch db1", {
        "GET /imports/db1": [imported("prepared", job=7), imported("prepared", job=7),
                             on_destination(session={"state": "copy_in_progress", "percent": 42}),
                             on_destination(state="committed", session={"state": "completed", "percent": 100})],
        "GET /jobs/7": [job("switch", "running", step="hold", percent=60), job("switch")]}),
    "watch-json": ("import watch db1 --output json", {
        "GET /imports/db1": [imported(), imported(), imported("cancelled")]}),
    "watch-unknown": ("import watch nope", {"GET /imports/nope": IMPORT_UNKNOWN}),
}

RECOVER = {
    "recover_device": (f"recover_device {SOURCE[1:].upper()}", {
        "POST /recover": accepted("recover"),
        "GET /jobs/7": [job("recover", "running", step="release", percent=30), job("recover", result=RECOVERED)]}),
    "recover_device-json": (f"recover_device {SOURCE} --output json", {"POST /recover": job("recover", result=RECOVERED)}),
    "recover_device-nothing": (f"recover_device naa.{DESTINATION[1:]}", {
        "POST /recover": job("recover", result={"findings": [], "actions": [], "state": "on_destination"})}),
    "recover_device-dry-run": (f"recover_device --dry-run {SOURCE}", {
        "POST /recover": job("recover", result=recovered(done=False))}),
    "recover_device-dry-run-person": (f"recover_device {SOURCE} --dry-run", {
        "POST /recover": job("recover", result=CONTRADICTED)}),
    "recover_device-dry-run-json": (f"recover_device {SOURCE} --dry-run --output json", {
        "POST /recover": job("recover", result=CONTRADICTED)}),
    "recover_device-person": (f"recover_device {SOURCE}", {
        "POST /recover": accepted("recover"),
        "GET /jobs/7": job("recover", "failed", result=CONTRADICTED, error=CONTRADICTION.body)}),
    "recover_device-person-json": (f"recover_device {SOURCE} --output json", {
        "POST /recover": job("recover", "failed", result=CONTRADICTED, error=CONTRADICTION.body)}),
    "recover_device-stuck": (f"recover_device {SOURCE}", {
        "POST /recover": job("recover", "failed", result=recovered(done=False), error=problem(
            500, "dm_failed", "Device-mapper refused a command.", "cannot resume the map: Input/output error",
            "See the message and the kernel's log.", device="mpatha", step="release").body)}),
    "recover_device-stranger": (f"recover_device {SOURCE}", {
        "POST /recover": job("recover", "failed", error=problem(
            404, "not_imported", "The device is in no import of this host.", "",
            "Check the WWID with: importcli import list.", device=SOURCE).body)}),
    "recover_device-refused": (f"recover_device {SOURCE}", {"POST /recover": problem(
        503, "busy", "Too many requests are waiting.", "", "Try again in a few seconds.")}),
    "recover_device-fields-missing": (f"recover_device {SOURCE}", {
        "POST /recover": job("recover", result={"findings": [{}, 7], "actions": [{}]})}),
}

# an agent that is not there, or not well
SICK_AGENT = {
    "agent-down": ("import list", DOWN),
    "agent-down-json": ("import list --output json", DOWN),
    "answer-broken": ("import list", {"GET /imports": Reply(200, raw=b"{\"imports\":[")}),
    "answer-cut": ("import list", {"GET /imports": None}),
    "error-without-problem": ("import list", {"GET /imports": Reply(500, raw=b"<html>no</html>")}),
    "connection-closed-between": ("import show db1", {"GET /imports/db1": imported(job=7), "GET /jobs/7": None}),
    "fields-missing": ("status -v", {"GET /volumes": {"volumes": [{}, {"paths": "none", "size_bytes": "big"}]}}),
    "import-fields-missing": ("import show db1", {"GET /imports/db1": {"members": [{}]}}),
    "not-an-object": ("status", {"GET /volumes": [1, 2]}),
}

# wrong usage: exit status 2, nothing is asked of the agent
USAGE = {
    "usage-nothing": ("", {}),
    "usage-unknown-command": ("frobnicate", {}),
    "usage-unknown-command-json": ("frobnicate --output json", {}),
    "usage-unknown-import-command": ("import finish db1", {}),
    "usage-import-alone": ("import", {}),
    "usage-certificate-alone": ("certificate", {}),
    "usage-certificate-command": ("certificate renew", {}),
    "usage-certificate-surplus": ("certificate show x", {}),
    "usage-certificate-days": ("certificate check --days 0", {}),
    "usage-certificate-days-json": ("certificate check --days soon --output json", {}),
    "usage-certificate-install-one": ("certificate install a.crt", {}),
    "usage-certificate-install-three": ("certificate install a.crt a.key b", {}),
    "usage-certificate-regenerate": ("certificate regenerate --force", {}),
    "usage-journal-alone": ("journal", {}),
    "usage-journal-command": ("journal list", {}),
    "usage-journal-import": ("journal show --import db/1", {}),
    "usage-journal-import-empty": ("journal show --import=", {}),
    "usage-journal-surplus": ("journal show db1", {}),
    "usage-journal-json": ("journal show --import .. --output json", {}),
    "help-journal": ("journal show help", {}),
    "usage-unknown-option": ("status --verbos", {}),
    "usage-unknown-letter": ("status -x", {}),
    "usage-joined-letters": ("status -vv", {}),
    "usage-option-twice": ("status -v --verbose", {}),
    "usage-output-twice": ("--output json status --output json", {}),
    "usage-output-bad": ("status --output xml", {}),
    "usage-output-without-value": ("status --output", {}),
    "usage-output-empty": ("status --output=", {}),
    "usage-flag-with-value": ("status --importable=yes", {}),
    "usage-surplus-argument": ("ha_version now", {}),
    "usage-port-bad": ("server_port change 8080", {}),
    "usage-port-not-a-number": ("server_port change 8443x", {}),
    "usage-port-missing": ("server_port change", {}),
    "usage-port-verb": ("server_port set 8443", {}),
    "usage-level-bad": ("log_level set 4", {}),
    "usage-level-negative": ("log_level set -1", {}),
    "usage-level-missing": ("log_level set", {}),
    "usage-level-verb": ("log_level 3", {}),
    "usage-import-name": ("import show db/1", {}),
    "usage-import-name-dots": ("import show ..", {}),
    "usage-import-name-long": ("import show " + "x" * 65, {}),
    "usage-import-missing": ("import show", {}),
    "usage-two-imports": ("import cutover db1 db2", {}),
    "usage-create-id": (f"import create --id a/b {PAIR}", {}),
    "usage-wwid-bad": (f"import precheck {SOURCE} 3600g", {}),
    "usage-wwid-too-long": (f"import create {SOURCE}0 {DESTINATION}", {}),
    "usage-destination-missing": (f"import prepare {PAIR} {SOURCE2}", {}),
    "usage-min-paths-zero": (f"import create --min-paths 0 {PAIR}", {}),
    "usage-min-paths-huge": (f"import create --min-paths 65 {PAIR}", {}),
    "usage-min-paths-with-import": ("import precheck --min-paths 2 db1", {}),
    "usage-id-with-import": ("import prepare --id x db1", {}),
    "usage-switch-without-to": ("import switch db1", {}),
    "usage-switch-to-nowhere": ("import switch db1 --to there", {}),
    "usage-hold-lease": ("import hold db1 --lease 0", {}),
    "usage-hold-to-nowhere": ("import hold db1 --to there", {}),
    "usage-release-without-to": ("import release db1", {}),
    "usage-reservation-missing": ("import reservation db1", {}),
    "usage-reservation-unknown": ("import reservation db1 gone", {}),
    "usage-reservation-import": ("import reservation db/1 lifted", {}),
    "usage-reservation-surplus": ("import reservation db1 lifted now", {}),
    "usage-recover-wwid": ("recover_device mpatha", {}),
    "usage-recover-wwid-json": (f"recover_device {SOURCE}0 --output json", {}),
    "usage-recover-missing": ("recover_device --dry-run", {}),
    "usage-recover-two": (f"recover_device {PAIR}", {}),
    "help-recover": ("recover_device help", {}),
    "help-reservation": ("import reservation help", {}),
    "usage-force-elsewhere": ("import cutover db1 --force", {}),
    "usage-too-many": ("import create " + " ".join(["a"] * 200), {}),
}
