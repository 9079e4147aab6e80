#!/usr/bin/env python3
"""A small orchestrator: what the importing array's controller does on one host, over HTTPS.

This is the example for people who write a real one. It needs Python 3 and nothing else. Three things
matter: the connection is pinned on both sides (the agent trusts our certificate, we trust exactly its
certificate); every verb can be sent again, so a lost reply is answered by asking once more; and a long
verb is a job that is waited for.

    orchestrator.py pair K7QX-…                        once: the code that the host's root got from importcli trust new-code
    orchestrator.py create lab 36001...=36002...      source=destination, one or more
    (map the destination LUN to the host now, in pass-through)
    orchestrator.py prepare lab
    orchestrator.py switch lab destination
    (start the array's background copy, and wait for its end; go on forwarding writes, because a cancel needs that)
    orchestrator.py commit lab                         or, at any time before: cancel lab
    (only when commit has succeeded: stop forwarding, and unmap the source LUN)
"""
import argparse
import hashlib
import hmac
import http.client
import json
import ssl
import sys
import time

BASE = "/api/v1"
IDLE_S = 10     # the agent closes a connection that has been idle for 15 seconds: what is sent on it then is lost
LOST = (ConnectionError, TimeoutError, http.client.HTTPException, ssl.SSLEOFError, ssl.SSLZeroReturnError)


class Problem(Exception):
    """The agent refused: an RFC 9457 problem document."""

    def __init__(self, status, document):
        self.status, self.document = status, document
        self.code, self.remedy = document.get("code", ""), document.get("remedy", "")
        super().__init__("%d %s: %s (%s)" % (status, self.code, document.get("detail", ""), self.remedy))


class JobFailed(Problem):
    """A job was accepted and failed; `job` is all of it, with the findings of a failed pre-check."""

    def __init__(self, job):
        super().__init__(0, job.get("error") or {"detail": "job failed"})
        self.job = job

    def __str__(self):
        findings = (self.job.get("result") or {}).get("findings", [])
        return super().__str__() + "".join("; %s: %s" % (found["code"], found["text"]) for found in findings)


class Agent:
    """The agent of one host. `agent_certificate` is the PEM file of the certificate that the administrator
    accepted: the only one that we talk to. Without it we talk to anybody, which is right only in a test."""

    def __init__(self, host="127.0.0.1", port=8443, certificate=None, key=None, agent_certificate=None,
                 timeout_s=90, tries=6):
        self.address, self.timeout_s, self.tries = (host, port), timeout_s, tries
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.tls.check_hostname = False     # the certificate is pinned, whatever the host is called
        if agent_certificate:
            self.tls.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
            self.tls.load_verify_locations(agent_certificate)
        else:
            self.tls.verify_mode = ssl.CERT_NONE
        if certificate:
            self.tls.load_cert_chain(certificate, key)
        self.certificate = certificate
        self.connection, self.used = None, 0

    def close(self):
        if self.connection:
            self.connection.close()
        self.connection = None

    def call(self, method, path, body=None, wait_s=0):
        """One request; sent again when no reply came, which is safe because every verb is idempotent."""
        for attempt in range(self.tries):
            try:
                return self.exchange(method, path, body, wait_s)
            except LOST:
                self.close()
                if attempt == self.tries - 1:
                    raise
                time.sleep(0.5 * (attempt + 1))

    def exchange(self, method, path, body, wait_s):
        if time.monotonic() - self.used > IDLE_S:
            self.close()
        if not self.connection:
            self.connection = http.client.HTTPSConnection(*self.address, context=self.tls, timeout=self.timeout_s)
        headers = {"Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        if wait_s:
            headers["Prefer"] = "wait=%d" % wait_s
        self.connection.request(method, BASE + path, None if body is None else json.dumps(body), headers)
        reply = self.connection.getresponse()
        text = reply.read()
        self.used = time.monotonic()
        document = json.loads(text) if text and "json" in reply.getheader("Content-Type", "") else text.decode()
        if reply.status >= 400:
            raise Problem(reply.status, document if isinstance(document, dict) else {"detail": document})
        return document

    def run(self, path, body=None, timeout_s=600):
        """Starts a job and waits for its end. Gives the finished job; raises JobFailed."""
        end = time.monotonic() + timeout_s
        job = self.call("POST", path, body if body is not None else {}, wait_s=30)
        while job["state"] in ("queued", "running"):
            if time.monotonic() > end:
                raise TimeoutError("job %d (%s) is still in step %s" % (job["id"], job["kind"], job["step"]))
            job = self.call("GET", "/jobs/%d" % job["id"], wait_s=30)
        if job["state"] != "done":
            raise JobFailed(job)
        return job

    def pair(self, code):
        """Makes us trusted with a code from the host's administrator, which itself is not sent. Gives the host's certificate,
        PEM: the one to pin from then on. A man in the middle sees and shows other certificates, so both proofs are wrong."""
        self.who()                          # the connection is there, and with it the host's certificate
        host = self.connection.sock.getpeercert(binary_form=True)
        with open(self.certificate, encoding="ascii") as file:
            own = ssl.PEM_cert_to_DER_cert(file.read())

        def proof(label):
            text = label + hashlib.sha256(host).digest() + hashlib.sha256(own).digest()
            return hmac.new(code.replace("-", "").upper().encode(), text, hashlib.sha256).hexdigest()

        answer = self.exchange("POST", "/pair", {"proof": proof(b"dm-import pairing 1 client")}, 0)
        if not hmac.compare_digest(answer["proof"], proof(b"dm-import pairing 1 host")):
            raise Problem(0, {"code": "not_the_host", "detail": "what answered does not know the code"})
        return ssl.DER_cert_to_PEM_cert(host)

    def who(self):
        return self.call("GET", "")

    def host(self):
        return self.call("GET", "/host")

    def refresh(self):
        return self.run("/host/refresh")

    def volumes(self, importable=False):
        return self.call("GET", "/volumes" + ("?importable=true" if importable else ""))["volumes"]

    def volume(self, wwid):
        return self.call("GET", "/volumes/" + wwid)

    def precheck(self, members, **options):
        return self.run("/precheck", dict(options, members=members))["result"]

    def imports(self):
        return self.call("GET", "/imports")["imports"]


class Import:
    """One import on one host: its member pairs change sides together."""

    def __init__(self, agent, name):
        self.agent, self.name, self.path = agent, name, "/imports/" + name

    @classmethod
    def create(cls, agent, name, members, **options):
        """Before the destination LUNs are mapped: the host hides them from the moment they appear."""
        agent.call("POST", "/imports", dict(options, id=name, members=members))
        return cls(agent, name)

    def show(self):
        return self.agent.call("GET", self.path)

    def precheck(self):
        return self.agent.run(self.path + "/precheck")["result"]

    def prepare(self):
        return self.agent.run(self.path + "/prepare")

    def switch(self, side):
        return self.agent.run(self.path + "/switch", {"to": side})

    def hold(self, side, lease_ms):
        return self.agent.run(self.path + "/hold", {"to": side, "lease_ms": lease_ms})

    def release(self, side):
        return self.agent.run(self.path + "/release", {"to": side})

    def session(self, state, percent):
        """What administrators see on the host: how far the array is."""
        return self.agent.call("PUT", self.path + "/session", {"state": state, "percent": percent})

    def commit(self):
        return self.agent.run(self.path + "/commit")

    def cancel(self, force=False):
        return self.agent.run(self.path + "/cancel", {"force": force})

    def delete(self):
        return self.agent.call("DELETE", self.path)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8443)
    parser.add_argument("--certificate", default="/root/orchestrator.crt", help="our certificate, PEM")
    parser.add_argument("--key", default="/root/orchestrator.key")
    parser.add_argument("--agent-certificate", default="/etc/dm-import/tls/agent.crt", help="pinned, PEM")
    parser.add_argument("command", choices=("pair", "who", "host", "volumes", "imports", "create", "show", "precheck",
                                            "prepare", "switch", "session", "commit", "cancel", "delete"))
    parser.add_argument("words", nargs="*", help="import, and what the command needs")
    return parser.parse_args()


def act(agent, command, words):
    if command in ("who", "host", "volumes", "imports"):
        return getattr(agent, command)()
    if command == "create":
        pairs = [word.split("=") for word in words[1:]]
        return Import.create(agent, words[0], [
            {"source_wwid": source, "destination_wwid": destination} for source, destination in pairs]).show()
    if command == "session":
        return Import(agent, words[0]).session(words[1], int(words[2]))
    return getattr(Import(agent, words[0]), command)(*words[1:])


def pair(args):
    pem = Agent(args.host, args.port, args.certificate, args.key).pair(args.words[0])
    with open(args.agent_certificate, "w", encoding="ascii") as file:
        file.write(pem)


def main():
    args = arguments()
    try:
        if args.command == "pair":
            pair(args)
            return 0
        agent = Agent(args.host, args.port, args.certificate, args.key, args.agent_certificate)
        print(json.dumps(act(agent, args.command, args.words), indent=2))
    except JobFailed as failed:
        print(json.dumps(failed.job, indent=2))
        return 1
    except Problem as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
