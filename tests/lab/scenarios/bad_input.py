"""Bad input: a clear error with code and remedy, and nothing changes. Many cases share a VM; each is a named
check in result.json. A case is a row: name, the codes that may answer, what is done."""
import http.client
import json
import os
import socket

import host
import pairing
from orchestrator import Agent, Import, JobFailed, Problem
from scenario import scenario
from util import Failure, read, settle, sh, wait_for, write


def answer(action):
    """Runs the action; gives the codes that it was refused with, and the texts that lack a remedy."""
    try:
        result = action()
    except JobFailed as failed:
        findings = (failed.job.get("result") or {}).get("findings", [])
        problems = findings + [failed.document]
    except Problem as problem:
        problems = [problem.document]
    else:
        problems = result.get("findings", []) if isinstance(result, dict) else []
    errors = [found for found in problems if found.get("severity", "error") == "error"]
    return [found.get("code") for found in errors], [found for found in errors if not found.get("remedy")]


def refused(lab, name, wanted, action):
    """One case: refused with the wanted code and a remedy, and the host is as it was before."""
    before = host.settled_snapshot()
    try:
        codes, without_remedy = answer(action)
    except (Failure, OSError) as failure:
        lab.passed_check(name, "the request failed otherwise: %r" % failure)
        return
    after = host.snapshot()
    changed = [key for key in before if before[key] != after[key]]
    problem = None
    if not set(codes) & set(wanted.split("|")):
        problem = "answered %s, not %s" % (codes or "without an error", wanted)
    elif without_remedy:
        problem = "no remedy in %s" % without_remedy
    elif changed:
        problem = "changed: " + "; ".join("%s: %s, was %s" % (key, after[key], before[key]) for key in changed)
    lab.passed_check(name, problem)


def members(lab, *pairs):
    """Members from words like s0, d1, or a WWID."""
    def wwid(word):
        side = {"s": lab.source, "d": lab.destination}.get(word[0])
        return side.luns[int(word[1:])].wwid if side and word[1:].isdigit() else word
    return [{"source_wwid": wwid(source), "destination_wwid": wwid(destination)} for source, destination in pairs]


def import_of(lab, *pairs, **options):
    """An action: creates and prepares an import, and takes it away again whatever the answer was."""
    def action():
        work = Import(lab.agent, "bad")
        try:
            Import.create(lab.agent, "bad", members(lab, *pairs), **options)
            return work.prepare()
        finally:
            forget(work)
    return action


def forget(work):
    for verb in (work.cancel, work.delete):
        try:
            verb()
        except Problem:
            pass


def precheck_of(lab, *pairs, **options):
    return lambda: lab.agent.precheck(members(lab, *pairs), **options)


UNKNOWN = "36001405ffffffffffffffffffffffff0"


@scenario("bad-input-members", luns=3, timeout=1500, max_io_ms=30000)
def bad_input_members(lab):
    """What is wrong with the request itself. Nothing of it is mapped."""
    lab.fio(0)
    lab.fio(1)
    for name, wanted, pairs in (
            ("unknown-source", "volume_unknown|source_not_multipath", [(UNKNOWN, "d0")]),
            ("unknown-destination", "destination_absent", [("s0", UNKNOWN)]),
            ("wwid-form", "wwid_form|value_invalid", [("mpatha", "d0")]),
            ("same-lun", "same_lun", [("s0", "s0")]),
            ("source-twice", "member_twice", [("s0", "d0"), ("s0", "d1")]),
            ("destination-twice", "member_twice", [("s0", "d0"), ("s1", "d0")]),
            ("crossed-members", "member_twice", [("s0", "d0"), ("d0", "s1")]),
            ("source-not-open", "source_not_open", [("s2", "d2")]),
            ("no-members", "value_invalid|json_missing_field|usage", []),
            ("too-many-members", "value_invalid|usage", [("s0", "d0")] * 17)):
        refused(lab, name, wanted, import_of(lab, *pairs))
    refused(lab, "precheck-unknown-source", "volume_unknown|source_not_multipath", precheck_of(lab, (UNKNOWN, "d0")))
    refused(lab, "precheck-same-lun", "same_lun", precheck_of(lab, ("s0", "s0")))
    refused(lab, "id-form", "value_invalid|usage", lambda: lab.agent.call(
        "POST", "/imports", {"id": "no spaces", "members": members(lab, ("s0", "d0"))}))
    refused(lab, "min-paths-zero", "value_invalid|usage", import_of(lab, ("s0", "d0"), min_paths=0))
    first = Import.create(lab.agent, "first", members(lab, ("s0", "d0")))
    for name, wanted, id_, pair in (
            ("second-import-same-map", "member_in_import", "second", ("s0", "d1")),
            ("destination-in-other-import", "member_in_import", "second", ("s1", "d0")),
            ("same-id-other-members", "import_exists", "first", ("s1", "d1"))):
        refused(lab, name, wanted, lambda: Import.create(lab.agent, id_, members(lab, pair)))
    for name, action in (("switch-new", lambda: first.switch("destination")), ("commit-new", first.commit)):
        refused(lab, name, "state_wrong", action)
    refused(lab, "switch-nowhere", "value_invalid|usage|json_wrong_type", lambda: first.switch("sideways"))
    refused(lab, "unknown-import", "import_unknown", lambda: Import(lab.agent, "nobody").prepare())
    refused(lab, "delete-new", "state_wrong|import_in_progress", first.delete)
    forget(first)


def unlike(lab, name, wanted, ports=None, **shape):
    """The destination is of another size or kind: found by a dry run, and by prepare after it was mapped."""
    lun = lab.arrays.reshape_destination(0, **shape)
    lun.map(ports)
    host.wait_map(lun.wwid, len(lun.mapped))
    refused(lab, name, wanted, precheck_of(lab, ("s0", "d0")))
    remove_destination(lab)
    work = Import.create(lab.agent, "bad", members(lab, ("s0", "d0")))
    lun.map(ports)
    host.wait_map(lun.wwid, len(lun.mapped))    # multipathd knows the LUN by now, and maps it by itself
    refused(lab, name + "-prepare", wanted, work.prepare)
    lab.expect(work.show()["state"] == "new", "a refused prepare left the import " + work.show()["state"])
    work.cancel()
    lun.unmap()
    wait_for("destination gone", lambda: not host.disks_of(lun.wwid))
    work.delete()


def remove_destination(lab):
    """Takes the destination LUN away, with the map that multipath made of it."""
    wwid = lab.wwids()[1]
    settle()
    host.flush_map(host.mpath_of(wwid))
    lab.destination.luns[0].unmap()
    wait_for("destination gone", lambda: not host.disks_of(wwid))


@scenario("bad-input-destination", timeout=1500, max_io_ms=30000)
def bad_input_destination(lab):
    """What is wrong with the destination LUN. Nothing is switched, so how long an I/O takes says nothing here."""
    lab.fio()
    sectors = lab.destination.luns[0].sectors
    unlike(lab, "destination-smaller", "size_smaller", sectors=sectors - 2048)
    unlike(lab, "destination-larger", "size_larger", sectors=sectors + 2048)
    unlike(lab, "destination-sector-size", "sector_size_differs", sectors=sectors, block_size=4096)
    unlike(lab, "destination-one-path", "paths_too_few", ports=[0], sectors=sectors)
    lun = lab.destination.luns[0]
    lun.map()
    name = host.wait_map(lun.wwid, 2)
    settle()
    # the map first: a request of udev's that is larger than its path allows would be tried for ever
    for device in [host.maps()[name]["dm"]] + host.disks_of(lun.wwid):
        write("/sys/block/%s/queue/max_sectors_kb" % device, "64")
    host.ask_multipathd("reload multipath " + name)
    refused(lab, "destination-queue-limits", "queue_limit_lower", precheck_of(lab, ("s0", "d0")))
    remove_destination(lab)
    in_use(lab)


def in_use(lab):
    """A destination that somebody uses. It has its own disk here: writing to it must not hurt the source."""
    lun = lab.destination.luns[0]
    lun.detach()
    lun.map()
    name = host.wait_map(lun.wwid, 2)
    device = "/dev/mapper/" + name
    host.wait_node(name)
    with open(device, "rb"):
        refused(lab, "destination-open", "destination_in_use", precheck_of(lab, ("s0", "d0")))
    sh(["mkfs.ext4", "-q", device])
    os.makedirs("/mnt/other", exist_ok=True)
    sh(["mount", device, "/mnt/other"])
    refused(lab, "destination-mounted", "destination_in_use", precheck_of(lab, ("s0", "d0")))
    settle()
    sh("umount /mnt/other")
    settle()
    sh(["wipefs", "-qa", device])
    settle()
    sh(["vgcreate", "-qq", "-y", "othervg", device])
    sh(["lvcreate", "-qq", "-y", "-Wn", "-l", "8", "-n", "data", "othervg"])
    refused(lab, "destination-lvm", "destination_in_use", precheck_of(lab, ("s0", "d0")))
    settle()        # devices that udev is processing are in use
    sh("vgremove -qq -y othervg")
    remove_destination(lab)
    lun.pass_through()


@scenario("bad-input-host", core=True, luns=2, timeout=1500, max_io_ms=30000)
def bad_input_host(lab):
    """What is wrong with the host's settings: found before anything is done."""
    lab.fio()
    lab.destination.map()
    for lun in lab.destination.luns:
        host.wait_map(lun.wwid, 2)
    check = precheck_of(lab, ("s0", "d0"))
    for name, wanted, line in (("recheck-wwid", "recheck_wwid", "recheck_wwid yes"),
                               ("uid-attribute", "uid_attribute", "uid_attribute ID_LAB_SERIAL")):
        with setting(line):
            refused(lab, name, wanted, check)
    with dependent_unit():
        refused(lab, "multipathd-dependent", "multipathd_dependents", check)
    settle()
    host.flush_map(lab.map_name(1))
    refused(lab, "source-not-multipath", "source_not_multipath", precheck_of(lab, ("s1", "d1")))
    host.ask_multipathd("reconfigure")
    host.wait_map(lab.wwids(1)[0], 2)
    sh("systemctl stop multipathd.socket multipathd.service")
    refused(lab, "multipathd-not-running", "multipathd_not_running", check)
    sh("systemctl start multipathd.socket multipathd.service")
    host.wait_multipathd()
    for lun in lab.destination.luns:
        host.flush_map(host.mpath_of(lun.wwid))
    lab.destination.unmap()
    with full_disk():
        refused(lab, "no-space", "no_space", lambda: Import.create(lab.agent, "bad", members(lab, ("s0", "d0"))))
    forget(Import(lab.agent, "bad"))


class setting:
    """A line in multipath.conf's defaults, in force."""

    def __init__(self, line):
        self.line = line

    def __enter__(self):
        self.text = read("/etc/multipath.conf")
        self.put(self.text.replace("defaults {\n", "defaults {\n\t%s\n" % self.line, 1))

    def __exit__(self, *_):
        self.put(self.text)

    @staticmethod
    def put(text):
        write("/etc/multipath.conf", text + "\n")
        host.ask_multipathd("reconfigure")
        host.wait_multipathd()


class dependent_unit:
    """A service that goes down with multipathd."""

    PATH = "/run/systemd/system/lab-dependent.service"

    def __enter__(self):
        write(self.PATH, "[Unit]\nRequires=multipathd.service\nAfter=multipathd.service\n"
                         "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true\n")
        sh("systemctl daemon-reload")
        sh("systemctl start lab-dependent.service")

    def __exit__(self, *_):
        sh("systemctl stop lab-dependent.service")
        os.unlink(self.PATH)
        sh("systemctl daemon-reload")


class full_disk:
    """The disk under /etc and /var has no free block."""

    PATH = "/var/lib/lab/filler"

    def __enter__(self):
        os.sync()       # what was deleted is free only then
        with open(self.PATH, "wb") as file:
            size, chunk = 0, 1 << 30
            while chunk >= 4096:
                try:
                    os.posix_fallocate(file.fileno(), size, chunk)
                    size += chunk
                except OSError:
                    chunk //= 2
        os.sync()

    def __exit__(self, *_):
        os.unlink(self.PATH)


def raw(lab, body, path="/imports", method="POST"):
    """An action: sends these bytes as the body, whatever they are."""
    def action():
        lab.agent.close()
        connection = http.client.HTTPSConnection(
            *lab.agent.address, context=lab.agent.tls, timeout=90)
        try:
            connection.request(method, "/api/v1" + path, body, {"Content-Type": "application/json"})
            reply = connection.getresponse()
            text = reply.read()
        finally:
            connection.close()
        if reply.status >= 400:
            raise Problem(reply.status, json.loads(text))
        return {}
    return action


@scenario("bad-input-http", timeout=1200, max_io_ms=30000)
def bad_input_http(lab):
    """What is wrong below the request: JSON, limits, certificates, ports."""
    lab.fio()
    wwids = dict(zip(("source_wwid", "destination_wwid"), lab.wwids()))
    good = {"id": "bad", "members": [wwids]}
    deep = "[" * 9 + "]" * 9
    for name, wanted, body in (
            ("json-broken", "json_broken", '{"members": ['),
            ("json-empty", "json_broken|json_missing_field", ""),
            ("json-not-object", "json_wrong_type|json_broken", "[]"),
            ("json-too-deep", "json_too_deep", '{"members": %s}' % deep),
            ("json-too-big", "body_too_large", '{"id": "%s"}' % ("x" * 70000)),
            ("json-wrong-type", "json_wrong_type", json.dumps(dict(good, members="all"))),
            ("json-wrong-type-number", "json_wrong_type", json.dumps(dict(good, min_paths="2"))),
            ("json-unknown-field", "json_unknown_field", json.dumps(dict(good, colour="blue"))),
            ("json-unknown-field-member", "json_unknown_field", json.dumps(
                dict(good, members=[dict(wwids, colour="blue")]))),
            ("json-missing-field", "json_missing_field", json.dumps({"id": "bad"}))):
        refused(lab, name, wanted, raw(lab, body.encode()))
    refused(lab, "path-unknown", "path_unknown", raw(lab, b"", "/nothing", "GET"))
    refused(lab, "method-not-allowed", "method_not_allowed", raw(lab, b"{}", "/volumes", "DELETE"))
    certificates(lab)
    ports(lab)


def certificates(lab):
    pairing.make_certificate("/root/stranger", "stranger")
    stranger = Agent(*lab.agent.address, "/root/stranger.crt", "/root/stranger.key", pairing.AGENT_CERTIFICATE)
    nobody = Agent(*lab.agent.address, agent_certificate=pairing.AGENT_CERTIFICATE)
    create = {"id": "bad", "members": members(lab, ("s0", "d0"))}
    for name, agent, code in (("untrusted", stranger, "client_not_trusted"),
                              ("no-certificate", nobody, "client_certificate_missing")):
        lab.expect("agent_version" in agent.who(), "%s is not told who the agent is" % name)
        refused(lab, name + "-create", code, lambda: agent.call("POST", "/imports", create))
        refused(lab, name + "-volumes", code, agent.volumes)
        refused(lab, name + "-host", code, agent.host)
        agent.close()


def ports(lab):
    def change(port):
        return lambda: lab.agent.call("PUT", "/agent/server_port", {"port": port})
    refused(lab, "port-not-allowed", "port_not_allowed", change(9443))
    refused(lab, "port-zero", "port_not_allowed|value_invalid", change(0))
    with socket.create_server(("", 50443)):
        refused(lab, "port-taken", "port_in_use", change(50443))
    work = Import.create(lab.agent, "busy", members(lab, ("s0", "d0")))
    refused(lab, "port-during-import", "import_in_progress", change(55443))
    refused(lab, "restart-during-import", "import_in_progress", lambda: lab.agent.call(
        "POST", "/agent/restart_web_server", {"force": False}))
    forget(work)
