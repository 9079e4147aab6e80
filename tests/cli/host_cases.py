"""host, job, metrics, import session and support bundle against the mock agent: name -> (words, answers), as in cases.py."""
from fixtures import *

HOST = {"name": "db-host-1", "os": "Debian GNU/Linux 12 (bookworm)", "kernel": "6.1.0-18-amd64", "agent_type": "Native_MPIO",
        "agent_version": "1.0", "agent_build": "1a2b3c4d_57", "agent_api_version": "1.0", "agent_status": "Running",
        "initiators": [{"iqn_or_wwn": "iqn.1993-08.org.debian:01:8fa2", "protocol": "iSCSI"},
                       {"iqn_or_wwn": "0x10000090fa8a1b2c", "protocol": "FC"}],
        "cluster": {"type": "none", "members": []}, "multipathd": {"running": True, "version": "0.9.4"}, "findings": []}
SICK_HOST = {**HOST, "agent_status": "Conflict_Detected", "initiators": [],
             "cluster": {"type": "Pacemaker/Corosync", "members": ["db-host-1", "db-host-2"]},
             "multipathd": {"running": False, "version": ""}, "findings": [
                 {"code": "product_conflict", "text": "Another multipath product is active on this host. PowerPath",
                  "remedy": "Remove it; two path managers cannot share a LUN."},
                 {"code": "multipathd_not_running", "text": "multipathd does not run.",
                  "remedy": "Start it: systemctl start multipathd"}]}

STEPS = [{"name": "check", "start_us": 12, "duration_us": 300000}, {"name": "hold", "start_us": 300012, "duration_us": 14211}]
SWITCHED = job("switch", steps=STEPS, result={"to": "destination", "pauses_us": {"mpatha": 14211, "mpathb": 9000}})
FAILED = job("prepare", "failed", result={"passed": False, "findings": FINDINGS}, error=problem(
    409, "precheck_failed", "The pre-check found errors.", "1 error", "Correct what the findings say, then try again.",
    device=SOURCE, step="check", raw="EBUSY").body)
RUNNING = job("switch", "running", step="hold", percent=60, started="2026-01-31T10:12:11.001Z")
QUEUED = job("refresh", "queued", id=9, import_id=None, step=None, started=None)

METRICS = Reply(200, raw=b"""# HELP dm_import_agent_info Version of the agent.
# TYPE dm_import_agent_info gauge
dm_import_agent_info{version="1.0",build="1a2b3c4d_57"} 1
# HELP dm_import_certificate_expiry_time_seconds End of the agent's certificate, since 1970.
# TYPE dm_import_certificate_expiry_time_seconds gauge
dm_import_certificate_expiry_time_seconds 4102444800
""")

CASES = {
    "host": ("host", {"GET /host": HOST}),
    "host-json": ("host --output json", {"GET /host": HOST}),
    "host-sick": ("host", {"GET /host": SICK_HOST}),
    "host-fields-missing": ("host", {"GET /host": {}}),
    "host-refresh": ("host refresh", {
        "POST /host/refresh": Reply(202, QUEUED), "GET /jobs/9": [job("refresh", "running", id=9), job("refresh", id=9)]}),
    "host-refresh-json": ("host refresh --output json", {"POST /host/refresh": job("refresh", import_id=None)}),
    "host-refresh-no-wait": ("host refresh --no-wait", {"POST /host/refresh": Reply(202, QUEUED)}),
    "host-refresh-failed": ("host refresh", {"POST /host/refresh": job("refresh", "failed", error=problem(
        500, "udev_timeout", "udev did not finish in time.", "", "See udevd's log.").body)}),
    "usage-host": ("host reload", {}),
    "usage-host-no-wait": ("host --no-wait", {}),
    "usage-host-surplus": ("host refresh now", {}),
    "help-host": ("host help", {}),

    "job-list": ("job list", {"GET /jobs": {"jobs": [SWITCHED, FAILED, RUNNING, QUEUED]}}),
    "job-list-json": ("job list --output json", {"GET /jobs": {"jobs": [SWITCHED]}}),
    "job-list-none": ("job list", {"GET /jobs": {"jobs": []}}),
    "job-show": ("job show 7", {"GET /jobs/7": SWITCHED}),
    "job-show-json": ("job show 7 --output json", {"GET /jobs/7": SWITCHED}),
    "job-show-failed": ("job show 7", {"GET /jobs/7": FAILED}),
    "job-show-running": ("job show 7", {"GET /jobs/7": RUNNING}),
    "job-show-unchanged": ("job show 7", {"GET /jobs/7": job("cancel", result={"unchanged": True})}),
    "job-show-recover": ("job show 7", {"GET /jobs/7": job("recover", result=CONTRADICTED, import_id=None)}),
    "job-show-wait": ("job show --wait 7", {"GET /jobs/7": [RUNNING, RUNNING, SWITCHED]}),
    "job-show-wait-failed": ("job show 7 --wait", {"GET /jobs/7": [RUNNING, FAILED]}),
    "job-show-wait-failed-json": ("job show 7 --wait --output json", {"GET /jobs/7": FAILED}),
    "job-show-unknown": ("job show 8", {"GET /jobs/8": problem(
        404, "job_unknown", "No job has this number.", "", "List the jobs with importcli job list.")}),
    "job-show-fields-missing": ("job show 7", {"GET /jobs/7": {"steps": [{}, 3], "result": {"pauses_us": {"a": "x"}}, "error": {}}}),
    "usage-job-alone": ("job", {}),
    "usage-job-number": ("job show db1", {}),
    "usage-job-number-negative": ("job show=-7", {}),
    "usage-job-number-huge": ("job show 9223372036854775808", {}),
    "usage-job-missing": ("job show", {}),
    "usage-job-two": ("job show 7 8", {}),
    "usage-job-list-surplus": ("job list 7", {}),
    "help-job": ("job show help", {}),
    "help-jobs": ("job help", {}),

    "metrics": ("metrics", {"GET /metrics": METRICS}),
    "metrics-json": ("metrics --output json", {"GET /metrics": METRICS}),
    "metrics-broken-json": ("metrics --output json", {"GET /metrics": Reply(200, raw=b"dm_import_agent_info one\n")}),
    "metrics-refused": ("metrics", {"GET /metrics": problem(503, "busy", "Too many requests are waiting.", "", "Try again.")}),
    "metrics-down": ("metrics", "no agent"),
    "usage-metrics": ("metrics all", {}),
    "help-metrics": ("metrics help", {}),

    "session": ("import session db1 copy_in_progress --percent 42", {
        "PUT /imports/db1/session": on_destination(session={"state": "copy_in_progress", "percent": 42})}),
    "session-json": ("import session db1 paused --output json", {
        "PUT /imports/db1/session": on_destination(session={"state": "paused", "percent": 0})}),
    "session-unknown-state": ("import session db1 asleep", {"PUT /imports/db1/session": problem(
        400, "value_invalid", "A value is out of range or has the wrong form.", "'state' is none of the session's states",
        "Send a value that the API allows.")}),
    "session-unknown-import": ("import session nope failed", {"PUT /imports/nope/session": IMPORT_UNKNOWN}),
    "usage-session-percent": ("import session db1 paused --percent 101", {}),
    "usage-session-percent-negative": ("import session db1 paused --percent=-1", {}),
    "usage-session-state-missing": ("import session db1", {}),
    "usage-session-import": ("import session db/1 paused", {}),
    "usage-session-surplus": ("import session db1 paused 42", {}),
    "help-session": ("import session help", {}),

    "status-one": (f"status -v {SOURCE[1:].upper()}", {"GET /volumes": VOLUMES}),
    "status-one-json": (f"status naa.{SOURCE2[1:]} --output json", {"GET /volumes": VOLUMES}),
    "status-one-unknown": (f"status {DESTINATION}", {"GET /volumes": VOLUMES}),
    "status-attention": ("status -v", {"GET /volumes": {"volumes": [volume(
        is_migrating=True, active_path="Source", import_id="db1", import_state="needs_attention", importable=False,
        import_status="needs_attention", array_id="APM00123456789", persistent_reservations={
            "generation": 7, "registrations": 2, "type": "write_exclusive", "holder_key": "0xabc1"},
        reason={"code": "side_contradicted", "text": "The live map is not on the side that the records say.",
                "remedy": "Find out on the arrays which LUN has the newest data."})]}}),
    "status-registered": ("status -v", {"GET /volumes": {"volumes": [volume(persistent_reservations={
        "generation": 7, "registrations": 1, "type": None, "holder_key": None})]}}),
    "status-hostile-lines": ("status -v", {"GET /volumes": {"volumes": [volume(
        name="a\nImport Status: READY FOR IMPORT", import_status="no\u009b31m\u0085", importable=False, reason={
            "code": "x", "text": "a\r\nWhat to do: nothing", "remedy": "\u001b]0;title\u0007"})]}}),
    "usage-status-importable-one": (f"status --importable {SOURCE}", {}),
    "usage-status-name": ("status mpatha", {}),
    "usage-status-two": (f"status {SOURCE} {SOURCE2}", {}),

    "usage-support-alone": ("support", {}),
    "usage-support-command": ("support ticket", {}),
    "usage-support-directory": ("support bundle --directory", {}),
    "usage-support-surplus": ("support bundle /tmp", {}),
    # a program that says how it was called; what a real bundle is like: tests/support
    "support-called": ("support bundle --program /bin/echo --directory /srv", {}),
    "support-called-json": ("support bundle --program /bin/echo --output json", {}),
    "support-program-missing": ("support bundle --program /nowhere/support-bundle", {}),
    "support-program-fails": ("support bundle --program /bin/false", {}),
    "support-program-fails-json": ("support bundle --program /bin/false --output json", {}),
    "support-program-says-nothing": ("support bundle --program /bin/true", {}),
    "help-support": ("support bundle help", {}),
}
