"""Certificates for the tests: made by openssl or import-cert while they run, and what a server shows."""
import hashlib
import os
import socket
import ssl
import subprocess
import sys

from agentlib import LIMIT_S, OUT

IMPORT_CERT = os.path.join(OUT, "import-cert")
# In a network of its own: lo is up, and has the address argv[1]; the host is called argv[2]; then the program.
ELSEWHERE = """
import fcntl, os, socket, struct, sys
with socket.socket() as s:
    fcntl.ioctl(s, 0x8914, struct.pack("16sh14x", b"lo", 1))  # SIOCSIFFLAGS, IFF_UP
    fcntl.ioctl(s, 0x8916, struct.pack("16sHH4s8x", b"lo", socket.AF_INET, 0, socket.inet_aton(sys.argv[1])))  # SIOCSIFADDR
socket.sethostname(sys.argv[2])
os.execv(sys.argv[3], sys.argv[3:])
"""


def import_cert(*arguments, host=None, **environment):
    """host: (address, name) of the host that it believes to be on."""
    apart = ["unshare", "-n", "-u", sys.executable, "-c", ELSEWHERE, *host] if host else []
    return subprocess.run(apart + [IMPORT_CERT, *arguments], capture_output=True, text=True, timeout=LIMIT_S, check=False,
                          env={**os.environ, **environment})


def openssl(*arguments, **more):
    return subprocess.run(["openssl", *arguments], capture_output=True, text=True, check=True, **more).stdout


def make(base, kind="ec", *options, names=None, days="90"):
    """A self-signed pair, BASE.crt and BASE.key, for this host by default; `kind` as openssl's -newkey has it."""
    names = names or "DNS:" + socket.gethostname()
    openssl("req", "-x509", "-newkey", kind, *options, "-noenc", "-subj", "/CN=own", "-days", days, "-addext",
            "subjectAltName=" + names, "-keyout", base + ".key", "-out", base + ".crt")
    return base + ".crt", base + ".key"


EC = ("-pkeyopt", "ec_paramgen_curve:P-256")


def issue(base, authority):
    """A pair for this host that the authority (a base, too) has issued; the authority's certificate follows in BASE.crt."""
    make(authority, "ec", *EC)
    make(base, "ec", *EC)
    openssl("req", "-new", "-key", base + ".key", "-subj", "/CN=issued", "-out", base + ".csr")
    with open(base + ".ext", "w", encoding="ascii") as file:
        file.write(f"subjectAltName = DNS:{socket.gethostname()}\nextendedKeyUsage = serverAuth\n")
    openssl("x509", "-req", "-in", base + ".csr", "-CA", authority + ".crt", "-CAkey", authority + ".key", "-CAcreateserial",
            "-days", "90", "-extfile", base + ".ext", "-out", base + ".crt")
    with open(base + ".crt", "a", encoding="ascii") as file, open(authority + ".crt", encoding="ascii") as issuer:
        file.write(issuer.read())
    return base + ".crt", base + ".key"


def content(path):
    with open(path, "rb") as file:
        return file.read()


def fingerprint(path):
    """SHA-256 of the first certificate in a PEM file."""
    text = content(path).decode()
    end = "-----END CERTIFICATE-----"
    der = ssl.PEM_cert_to_DER_cert(text[text.index("-----BEGIN CERTIFICATE-----"):text.index(end) + len(end)])
    return hashlib.sha256(der).hexdigest()


def connect(port, **settings):
    """A TLS connection that takes any certificate of the server."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    for name, value in settings.items():
        setattr(context, name, value)
    return context.wrap_socket(socket.create_connection(("127.0.0.1", port), timeout=LIMIT_S))


def served(port, **settings):
    """The fingerprint of what is served there."""
    with connect(port, **settings) as connection:
        return hashlib.sha256(connection.getpeercert(binary_form=True)).hexdigest()
