"""A crowd on the network that means harm: `strangers.py PORT COUNT BASE`, until its standard input ends.

COUNT connections that say nothing and are opened anew when the agent closes them, from many addresses; one whose handshake drips;
others that shake hands over and over, ask without being trusted, guess a pairing code, or send garbage. BASE.crt and BASE.key are theirs. Each
second a line: how often each kind has connected, and been closed or refused by the agent."""
import contextlib
import json
import os
import random
import socket
import ssl
import subprocess
import sys
import threading
import time

HOST = "127.0.0.1"
REQUEST = b"GET /api/v1/volumes HTTP/1.1\r\nHost: x\r\n\r\n"
GUESS = b'{"proof":"%064x"}'
PAUSE_S = 0.1       # of each that works: the machine is the host's own
LIFE_S = 2400       # nobody outlives a scenario by much


class Crowd:
    def __init__(self, port, count, base):
        self.port, self.count = port, count
        self.numbers = {}
        self.end = time.monotonic() + LIFE_S
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.context.check_hostname = False
        self.context.verify_mode = ssl.CERT_NONE
        self.context.load_cert_chain(base + ".crt", base + ".key")

    def noted(self, what):
        self.numbers[what] = self.numbers.get(what, 0) + 1

    def connect(self, timeout_s=5):
        source = "127.%d.%d.%d" % (random.randint(8, 15), random.randint(0, 255), random.randint(1, 254))
        return socket.create_connection((HOST, self.port), timeout=timeout_s, source_address=(source, 0))

    def tls(self):
        return self.context.wrap_socket(self.connect())

    # The kinds

    def silent(self):
        """As many as there may be, 50 new ones in each turn at most."""
        held = []
        while time.monotonic() < self.end:
            held = [connection for connection in held if self.stays(connection)]
            for _ in range(min(50, self.count - len(held))):
                with contextlib.suppress(OSError):
                    held.append(self.connect())
                    held[-1].setblocking(False)
                    self.noted("silent connected")
            time.sleep(PAUSE_S)

    def stays(self, connection):
        try:
            connection.recv(1)
        except BlockingIOError:
            return True
        except OSError:
            pass
        connection.close()
        self.noted("silent closed")
        return False

    def drips(self):
        with self.connect() as connection:
            connection.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc")    # the head of a ClientHello of 508 bytes
            for _ in range(60):
                connection.sendall(b"\x03")
                time.sleep(0.5)

    def shakes_hands(self):
        self.tls().close()

    def asks(self):
        with self.tls() as connection:
            connection.sendall(REQUEST)
            self.noted("asks " + connection.recv(4096)[9:12].decode("ascii", "replace"))

    def guesses(self):
        body = GUESS % random.getrandbits(256)
        with self.tls() as connection:
            connection.sendall(b"POST /api/v1/pair HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
            self.noted("guesses " + connection.recv(4096)[9:12].decode("ascii", "replace"))

    def babbles(self):
        with self.connect() as connection:
            connection.sendall(os.urandom(2000))
            connection.recv(1)

    def again_and_again(self, kind):
        while time.monotonic() < self.end:
            self.noted(kind.__name__)
            try:
                kind()
            except OSError:
                self.noted(kind.__name__ + " closed")
            time.sleep(PAUSE_S)

    def run(self):
        threading.Thread(target=self.silent, daemon=True).start()
        for kind in (self.drips, self.shakes_hands, self.asks, self.guesses, self.babbles):
            threading.Thread(target=self.again_and_again, args=(kind,), daemon=True).start()
        threading.Thread(target=self.tell, daemon=True).start()
        sys.stdin.read()

    def tell(self):
        while True:
            print(json.dumps(dict(self.numbers)), flush=True)
            time.sleep(1)


class Strangers:
    """In a scenario: `with Strangers(port, 500, base) as crowd`. They are nice: it is the agent that is to hold them off, not the CPU's scheduler."""

    def __init__(self, port, count, base):
        self.words = ["nice", "-n", "10", sys.executable, __file__, str(port), str(count), base]
        self.numbers = {}

    def __enter__(self):
        self.process = subprocess.Popen(self.words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        threading.Thread(target=self.listen, daemon=True).start()
        return self

    def listen(self):
        for line in self.process.stdout:
            self.numbers = json.loads(line)

    def count(self, what):
        return self.numbers.get(what, 0)

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(300)


if __name__ == "__main__":
    Crowd(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]).run()
