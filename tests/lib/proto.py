"""The socket protocol of src/proto/proto.h from outside: frames as octets, so that tests can send wrong ones too."""

import socket
import struct

HELLO, LOGIN, ACCOUNT, CHANGE, REDEEM, ENROL_START, ENROL = range(0x0101, 0x0108)
NONE, OK, DENIED, MORE, RULES, UNAVAILABLE, BUSY, NOT_ALLOWED, BAD_REQUEST = 0, 0x4F, 2, 3, 4, 5, 6, 7, 8
CODE_REQUIRED, ENROL_REQUIRED, CHANGE_REQUIRED, EXPIRED = 1, 2, 3, 4


def _octets(value):
    value = value.encode() if isinstance(value, str) else value
    return struct.pack(">H", len(value)) + value


def _option(value):
    return b"\0" if value is None else b"\1" + _octets(value)


def frame(kind, *parts):
    body = struct.pack(">H", kind) + b"".join(parts)
    return struct.pack(">I", len(body)) + body


def hello(service="test", tty="", rhost="", language="", version=1):
    return frame(HELLO, struct.pack(">I", version), *map(_octets, (service, tty, rhost, language)))


def login(user, password, code=None, together=0):
    return frame(LOGIN, _octets(user), _octets(password), _option(code), bytes([together]))


def account(user):
    return frame(ACCOUNT, _octets(user))


def change(user, old, new, code=None):
    return frame(CHANGE, _octets(user), _octets(old), _option(code), _octets(new))


class Client:
    """A connection to the gate. ask() gives (type, rest of the body), None when the gate hung up."""

    def __init__(self, path, greet=True, timeout=60):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.connect(path)  # waits while the gate's backlog is full, which a socket with a timeout would not
        self.socket.settimeout(timeout)
        self.greeting = self.ask(hello()) if greet else None

    def send(self, octets):
        self.socket.sendall(octets)

    def _read(self, count):
        data = b""
        while len(data) < count:
            try:
                more = self.socket.recv(count - len(data))
            except ConnectionResetError:
                return None
            if not more:
                return None
            data += more
        return data

    def read(self):
        head = self._read(4)
        body = head and self._read(struct.unpack(">I", head)[0])
        return body and (struct.unpack(">H", body[:2])[0], body[2:])

    def ask(self, octets):
        try:
            self.send(octets)
        except (BrokenPipeError, ConnectionResetError):
            return None
        return self.read()

    def status(self, octets):
        """(status, state) of the answer; for a change the state is the first octet of the rules."""
        answer = self.ask(octets)
        return answer and tuple(answer[1][:2])

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
