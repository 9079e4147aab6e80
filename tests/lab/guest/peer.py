"""Another host of a cluster, played: a small iSCSI initiator (RFC 7143) of a name of its own. Its sessions make no disks,
so that the host whose VM it runs in sees of it what it sees of another host: registrations and reservations.

A session lasts for one command, or for a `with`; the registrations are the name's and outlive it."""
import contextlib
import socket
import struct
import threading

from util import Failure, log

NAME = "iqn.2004-10.com.example:peer%d"
LOGIN, COMMAND, LOGOUT = 0x03, 0x01, 0x06
LOGIN_ANSWER, ANSWER, DATA_IN, LOGOUT_ANSWER, NOP_IN = 0x23, 0x21, 0x25, 0x26, 0x20
IMMEDIATE, FINAL = 0x40, 0x80
GOOD, CHECK_CONDITION, RESERVATION_CONFLICT = 0x00, 0x02, 0x18
UNIT_ATTENTION = 6
NONE = 0xffffffff
TRIES = 5


class Conflict(Failure):
    """The LUN refused because of somebody's reservation."""


class Session:
    """One connection to one portal, logged in; one command at a time."""

    def __init__(self, initiator, isid, portal, target):
        address, port = portal.split(":")
        self.socket = socket.create_connection((address, int(port)), timeout=60)
        self.isid, self.tag, self.number, self.seen = isid, 1, 1, 0
        self.login({"InitiatorName": initiator, "TargetName": target, "SessionType": "Normal", "AuthMethod": "None",
                    "HeaderDigest": "None", "DataDigest": "None", "InitialR2T": "Yes", "ImmediateData": "Yes",
                    "MaxRecvDataSegmentLength": "65536", "ErrorRecoveryLevel": "0", "MaxConnections": "1",
                    "MaxBurstLength": "65536", "FirstBurstLength": "65536", "MaxOutstandingR2T": "1",
                    "DefaultTime2Wait": "2", "DefaultTime2Retain": "0", "DataPDUInOrder": "Yes",
                    "DataSequenceInOrder": "Yes", "IFMarker": "No", "OFMarker": "No"})

    def send(self, header, data=b""):
        header = header[:5] + len(data).to_bytes(3, "big") + header[8:]
        self.socket.sendall(header + data + bytes(-len(data) % 4))

    def take(self, count):
        data = b""
        while len(data) < count:
            more = self.socket.recv(count - len(data))
            if not more:
                raise Failure("peer", "the target hung up")
            data += more
        return data

    def receive(self):
        """(header, data) of the next answer; the target's pings are answered on the way."""
        while True:
            header = self.take(48)
            length = int.from_bytes(header[5:8], "big")
            data = self.take(4 * header[4] + length + -length % 4)[4 * header[4]:][:length]
            if header[0] & 0x3f != NOP_IN:
                self.seen = struct.unpack(">I", header[24:28])[0]
                return header, data
            if header[20:24] != b"\xff" * 4:
                self.send(struct.pack(">BB6x8s4s4sII16x", IMMEDIATE, FINAL, header[8:16], b"\xff" * 4, header[20:24],
                                      self.number, self.seen + 1))

    def login(self, keys):
        """Operational negotiation alone, of every key that a target may want to talk about: Linux' proposes those that
        were not, and goes no further without an answer."""
        text = "".join("%s=%s\0" % key for key in keys.items() if key[0] != "AuthMethod").encode()
        for _ in range(4):
            self.send(struct.pack(">BBBB4x6sHIHHII16x", IMMEDIATE | LOGIN, FINAL | 1 << 2 | 3, 0, 0, self.isid, 0, self.tag,
                                  0, 0, self.number, self.seen + 1 if self.seen else 0), text)
            header, data = self.receive()
            if header[0] & 0x3f != LOGIN_ANSWER or header[36]:
                raise Failure("peer", "login refused: %r" % header)
            if header[1] & FINAL and header[1] & 3 == 3:
                return
            text = b""
        raise Failure("peer", "login does not end: %r" % data)

    def command(self, lun, cdb, data=b"", length=0):
        """Gives (status, sense, what was read)."""
        self.tag += 1
        flags = FINAL | (0x40 if length else 0) | (0x20 if data else 0) | 1
        self.send(struct.pack(">BB6x8sIIII16s", COMMAND, flags, bytes([0, lun]) + bytes(6), self.tag, length or len(data),
                              self.number, self.seen + 1, cdb.ljust(16, b"\0")), data)
        self.number += 1
        got = b""
        while True:
            header, data = self.receive()
            if header[0] & 0x3f == DATA_IN:
                got += data
                if header[1] & 1:
                    return header[3], b"", got
            elif header[0] & 0x3f == ANSWER:
                return header[3], data[2:], got
            else:
                raise Failure("peer", "unexpected answer: %r" % header)

    def close(self):
        with contextlib.suppress(OSError, Failure):
            self.tag += 1
            self.send(struct.pack(">BB14xI4xII16x", IMMEDIATE | LOGOUT, FINAL, self.tag, self.number, self.seen + 1))
            self.receive()
        self.socket.close()


class Peer:
    """Host number n, at the first port of an array; it sees every LUN there."""

    def __init__(self, array, number=1, port=0):
        self.initiator, self.isid = NAME % number, bytes([0x80, 0, 0, 0, 0, number])
        self.portal, self.target = array.ports[port].portal, array.iqn
        self.session = None

    @contextlib.contextmanager
    def logged_in(self):
        """Keeps one session for several commands."""
        self.session = Session(self.initiator, self.isid, self.portal, self.target)
        try:
            yield self
        finally:
            session, self.session = self.session, None
            session.close()

    def send(self, lun, cdb, data=b"", length=0):
        if not self.session:
            with self.logged_in():
                return self.send(lun, cdb, data, length)
        for _ in range(TRIES):
            status, sense, got = self.session.command(lun, cdb, data, length)
            if status == GOOD:
                return got
            if status == RESERVATION_CONFLICT:
                raise Conflict("peer", "reservation conflict")
            if status != CHECK_CONDITION or len(sense) < 3 or sense[2] & 0xf != UNIT_ATTENTION:
                break
        raise Failure("peer", "command %s: status %#x, sense %s" % (cdb.hex(), status, sense.hex()))

    def persist(self, lun, action, type_=0, key=0, new_key=0, aptpl=False, all_target_ports=False):
        """PERSISTENT RESERVE OUT (SPC-4 6.16)."""
        self.send(lun, bytes([0x5f, action, type_, 0, 0, 0, 0, 0, 24, 0]), struct.pack(
            ">QQ4xB3x", key, new_key, 4 * all_target_ports + aptpl))

    def register(self, lun, key, **options):
        self.persist(lun, 6, new_key=key, **options)

    def unregister(self, lun):
        self.persist(lun, 6)

    def reserve(self, lun, key, type_):
        self.persist(lun, 1, type_, key)

    def release(self, lun, key, type_):
        self.persist(lun, 2, type_, key)

    def clear(self, lun, key):
        self.persist(lun, 3, 0, key)

    def preempt(self, lun, key, victim, type_, abort=False):
        self.persist(lun, 5 if abort else 4, type_, key, victim)

    def keys(self, lun):
        """READ KEYS (SPC-4 6.15.2)."""
        got = self.send(lun, bytes([0x5e, 0, 0, 0, 0, 0, 0, 0x10, 0, 0]), length=4096)
        count = int.from_bytes(got[4:8], "big") // 8
        return list(struct.unpack_from(">%dQ" % count, got, 8))

    def ready(self, lun):
        """TEST UNIT READY; the target's pings are answered with it, so send it now and then in a long session."""
        self.send(lun, bytes(6))

    def reserve_scsi2(self, lun):
        """RESERVE(6) (SPC-2 7.21)."""
        self.send(lun, bytes([0x16, 0, 0, 0, 0, 0]))

    def release_scsi2(self, lun):
        self.send(lun, bytes([0x17, 0, 0, 0, 0, 0]))


class Restless:
    """Does something again and again until it is stopped: the other hosts of a cluster in a bad moment."""

    def __init__(self, action, pause_s=0.02):
        self.action, self.pause_s, self.rounds, self.refused = action, pause_s, 0, 0
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def run(self):
        while not self.stopped.is_set():
            try:
                self.action()
                self.rounds += 1
                self.stopped.wait(self.pause_s)
            except (Failure, OSError) as failure:
                self.refused += 1
                log("restless: %r" % failure)
                self.stopped.wait(0.5)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stopped.set()
        self.thread.join()
