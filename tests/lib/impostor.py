"""Servers that are not what a client takes them for: a directory without Muster, and a socket that is no gate."""

import os
import socket
import ssl
import subprocess
import threading

from . import ber

BIND, SEARCH, EXTENDED = 0x60, 0x63, 0x77
ANSWER = {BIND: 0x61, SEARCH: 0x65, EXTENDED: 0x78}


def certificate(folder):
    """A certificate for 127.0.0.1 that is its own authority: (certificate file, key file)."""
    cert, key = os.path.join(folder, "impostor.crt"), os.path.join(folder, "impostor.key")
    subprocess.run(["openssl", "req", "-x509", "-subj", "/CN=localhost", "-days", "2", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-noenc", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
                    "-keyout", key, "-out", cert], check=True, capture_output=True)
    return cert, key


class Directory:
    """An LDAP server that gives one result to everything, without controls.

    result     of every operation; None: no answer ever
    tls        (certificate, key), None: plain text
    received   every octet that clients sent inside of TLS
    """

    def __init__(self, result=0, tls=None):
        self.result = result
        self.received = b""
        self.context = None
        if tls:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(*tls)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=_accept, args=(self.listener, self.serve), daemon=True).start()

    def serve(self, connection):
        if self.context:
            connection = self.context.wrap_socket(connection, server_side=True)
        pending = b""
        while True:
            data = connection.recv(4096)
            if not data:
                return
            self.received += data
            pending += data
            while True:
                message, pending = split(pending)
                if message is None:
                    break
                (_, number), (operation, _) = ber.read_sequence(message)[:2]
                if operation in ANSWER and self.result is not None:
                    connection.sendall(ber.sequence(ber.octets(number, ber.INTEGER), ber.sequence(
                        ber.enumerated(self.result), ber.octets(""), ber.octets(""), tag=ANSWER[operation])))

    def close(self):
        self.listener.close()


class Socket:
    """A Unix socket whose every client is treated by behave(connection)."""

    def __init__(self, path, behave):
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        os.chmod(path, 0o666)
        self.listener.listen(16)
        threading.Thread(target=_accept, args=(self.listener, behave), daemon=True).start()

    def close(self):
        self.listener.close()


def _accept(listener, serve):
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=_guarded, args=(serve, connection), daemon=True).start()


def _guarded(serve, connection):
    try:
        serve(connection)
    except (OSError, ValueError):  # the client went away, which is its right
        pass
    finally:
        connection.close()


def split(data):
    """The first whole message of data, and the rest; (None, data) while it is not whole."""
    if len(data) < 2:
        return None, data
    head, size = 2, data[1]
    if size & 0x80:
        head += size & 0x7F
        size = int.from_bytes(data[2:head], "big")
    if len(data) < head + size:
        return None, data
    return data[:head + size], data[head + size:]
