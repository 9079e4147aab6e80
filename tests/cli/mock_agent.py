"""A stand-in for the agent: HTTP/1.1 on a Unix socket, canned answers, and a record of what was asked.

The answers are a dictionary "METHOD path" -> answer or list of answers (one a request, the last one repeats). An
answer is a JSON value (status 200), a Reply, or None (the connection is closed without an answer).
"""
import http.server
import json
import socketserver
import sys
import threading


class Reply:
    def __init__(self, status, body=None, raw=None, before=None):
        self.status, self.body, self.raw, self.before = status, body, raw, before


def problem(status, code, title, detail="", remedy="", **more):
    body = {"type": "urn:dm-import:error:" + code, "title": title, "status": status, "code": code,
            "detail": detail, "remedy": remedy}
    return Reply(status, {**body, **more})


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def handle_any(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        path = self.path.removeprefix("/api/v1")
        prefer = self.headers.get("Prefer")
        self.server.requests.append(
            " ".join(filter(None, [self.command, path, body, prefer and f"(Prefer: {prefer})"])))
        self.send(self.server.next_answer(f"{self.command} {path}"))

    do_GET = do_POST = do_PUT = do_DELETE = handle_any

    def send(self, answer):
        if answer is None:
            self.close_connection = True
            return
        reply = answer if isinstance(answer, Reply) else Reply(200, answer)
        if reply.before:
            reply.before()
        data = reply.raw if reply.raw is not None else b"" if reply.body is None else json.dumps(reply.body).encode()
        self.send_response(reply.status)
        self.send_header("Content-Type", "application/json" if reply.status < 400 else "application/problem+json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def address_string(self):
        return "unix"

    def log_message(self, *_):
        pass


class MockAgent(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True

    def __init__(self, socket_path, answers):
        super().__init__(socket_path, Handler)
        self.answers = {key: value if isinstance(value, list) else [value] for key, value in answers.items()}
        self.requests = []

    def next_answer(self, key):
        if key not in self.answers:
            return problem(404, "path_unknown", "The API does not have this path.", f"The mock has no answer to {key}.")
        queue = self.answers[key]
        return queue.pop(0) if len(queue) > 1 else queue[0]

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], ConnectionError):  # importcli was told to go
            super().handle_error(request, client_address)

    def __enter__(self):
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()
