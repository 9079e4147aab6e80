"""The lab's own way to the hosts of a cluster: the driver calls functions of the lab's modules over there, on the
link. It is no part of the product: no encryption, nobody is asked who he is, and nothing outside of the VMs reaches it."""
import http.client
import importlib
import json
import socket
import sys
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from util import Failure

PORT = 8000


class Server(BaseHTTPRequestHandler):
    """One call: {module, function, arguments, options} is answered with {value} or {check, failure}."""

    def do_POST(self):
        call = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        try:
            function = getattr(importlib.import_module(call["module"]), call["function"])
            answer = {"value": function(*call["arguments"], **call["options"])}
        except Failure as failure:
            answer = {"check": failure.check, "failure": failure.text}
        except Exception as error:
            traceback.print_exc(file=sys.stdout)
            answer = {"check": "remote", "failure": "%s: %r" % (call["function"], error)}
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def serve(address):
    ThreadingHTTPServer((address, PORT), Server).serve_forever()


class Remote:
    """The lab's modules on a host: remote.host.maps() is host.maps() over there. What a call gives went through JSON."""

    def __init__(self, name, address):
        self._name, self._address = name, address

    def __getattr__(self, module):
        return RemoteModule(self, module)

    def call(self, module, function, arguments, options, timeout_s=600):
        connection = http.client.HTTPConnection(self._address, PORT, timeout=timeout_s)
        try:
            connection.request("POST", "/", json.dumps(
                {"module": module, "function": function, "arguments": arguments, "options": options}))
            answer = json.loads(connection.getresponse().read())
        except (OSError, http.client.HTTPException, socket.timeout) as error:
            raise Unreachable(self._name, "%s.%s: %r" % (module, function, error)) from error
        finally:
            connection.close()
        if "failure" in answer:
            raise Failure(answer["check"], "%s: %s" % (self._name, answer["failure"]))
        return answer["value"]


class RemoteModule:
    def __init__(self, remote, name):
        self._remote, self._name = remote, name

    def __getattr__(self, function):
        return lambda *arguments, **options: self._remote.call(self._name, function, arguments, options)


class Unreachable(Failure):
    """The host does not answer: it is down, or so busy that it makes no difference."""

    def __init__(self, host, text):
        super().__init__("unreachable", "%s: %s" % (host, text))
