"""Requests of holds and reservations that are refused: a clear error, and no LUN has changed, by READ FULL STATUS with its
generation. No request carries a key: the LUN shows whose key it is, or the host's own configuration (pr-refused)."""
import host
import reservations
from bad_input import refused
from orchestrator import Import
from reservations_move import KEY, REGISTRANTS_ONLY
from scenario import scenario


def states(lab):
    """Of the LUNs that the host sees: the destination comes with prepare."""
    return [reservations.read_lun(wwid) for wwid in lab.wwids() if host.disks_of(wwid)]


@scenario("pr-bad-input", transport="iscsi")
def pr_bad_input(lab):
    reservations.register(lab.wwids()[0], KEY)
    reservations.reserve(lab.wwids()[0], KEY, REGISTRANTS_ONLY)
    with open(lab.device(), "rb", buffering=0):
        work = lab.create_import()
        work.map()
        path = work.api.path

        def unchanged(name, wanted, verb, body, at=path):
            before = states(lab)
            refused(lab, name, wanted, lambda: lab.agent.run(at + verb, body))
            after = states(lab)
            lab.expect(after == before, "%s: the LUNs have %s, before %s" % (name, after, before))

        unchanged("hold-new", "state_wrong", "/hold", {"to": "destination", "lease_ms": 2000})
        unchanged("lift-new", "state_wrong", "/reservation", {"source": "lifted"})
        work.prepare()
        values = "value_invalid|usage|json_wrong_type"
        for name, wanted, verb, body in (
                ("lease-0", values, "/hold", {"to": "destination", "lease_ms": 0}),
                ("lease-below", values, "/hold", {"to": "destination", "lease_ms": 1}),
                ("lease-beyond", values, "/hold", {"to": "destination", "lease_ms": 10 ** 6}),
                ("lease-negative", values, "/hold", {"to": "destination", "lease_ms": -1}),
                ("lease-text", values, "/hold", {"to": "destination", "lease_ms": "long"}),
                ("hold-nowhere", values, "/hold", {"to": "sideways", "lease_ms": 2000}),
                ("hold-where-it-is", "state_wrong", "/hold", {"to": "source", "lease_ms": 2000}),
                ("release-without-hold", "state_wrong", "/release", {"to": "destination"}),
                ("lift-sideways", values, "/reservation", {"source": "sideways"}),
                ("lift-nothing-said", values + "|json_missing_field", "/reservation", {})):
            unchanged(name, wanted, verb, body)
        for verb, body in (("/hold", {"to": "destination", "lease_ms": 2000}), ("/release", {"to": "destination"}),
                           ("/reservation", {"source": "lifted"})):
            unchanged("not-a-member" + verb, "import_unknown", verb, body, Import(lab.agent, "nobody").path)
        work.switch("destination")
    work.cancel()
    work.delete()
    left = reservations.read_lun(lab.wwids()[0])["registrations"]
    lab.expect([entry["key"] for entry in left] == [KEY] * 2, "cancelled: %s" % left)
