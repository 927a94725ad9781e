"""Files with many members, and the command that reads and writes them.

    bulk = Bulk(world)                     runs muster as the administrator, with a state folder of its own
    bulk.run("member", "import", ...)      a Ran: code, out, err
    bulk.table(rows, name="members.csv")   the path of a CSV file with these rows (dicts)
    with Halt(world, "p00300") as halt:    what Bulk(world, uri=halt.uri) does stops where it would add this member
"""

import csv
import io
import os
import socket
import subprocess
import threading
import time

from . import ber, logs
from .checkup import command
from .impostor import split
from .relay import Passage, hang_up

LIMIT = 300  # seconds; valgrind, and machines with much else to do


class Ran:
    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out.decode(), err.decode()
        self.text = self.out + self.err


class Bulk:
    def __init__(self, world, dn=None, password=None, uri=None):
        self.world, self.uri = world, uri or world.uri_ldapi
        self.dn, self.password = dn or world.admin_dn, password or world.admin_password
        self.state = os.path.join(world.folder, "state")
        self.environment = dict(os.environ, XDG_STATE_HOME=self.state)

    def command(self, *arguments):
        return [command("muster"), "-H", self.uri, "-D", self.dn, *arguments]

    def start(self, *arguments, input=b"", **more):
        """The command under way; its standard output and error are pipes."""
        logs.secret(self.password)
        process = subprocess.Popen(self.command(*arguments), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   env=self.environment, **more)
        process.stdin.write(self.password.encode() + b"\n" + input)
        process.stdin.close()
        process.stdin = None
        return process

    def run(self, *arguments, input=b""):
        process = self.start(*arguments, input=input)
        out, err = process.communicate(timeout=LIMIT)
        return Ran(process.returncode, out, err)

    def file(self, content, name="members.csv"):
        path = os.path.join(self.world.folder, name)
        with open(path, "wb") as file:
            file.write(content if isinstance(content, bytes) else content.encode())
        return path

    def table(self, rows, name="members.csv"):
        columns = list(dict.fromkeys(key for row in rows for key in row))
        text = io.StringIO()
        writer = csv.DictWriter(text, columns)
        writer.writeheader()
        writer.writerows(rows)
        return self.file(text.getvalue(), name)

    def journals(self):
        """Folders of journals that are left."""
        folder = os.path.join(self.state, "muster")
        return sorted(os.listdir(folder)) if os.path.isdir(folder) else []


ADD, NO_OP = 0x68, b"1.3.6.1.4.1.4203.666.5.2"


class Halt(Passage):
    """A local socket that passes everything on to slapd's and back, but for the add of one member: that waits, with what comes behind
    it, until go(). An add that is only tried is passed on."""

    def __init__(self, world, uid):
        self.to, self.rdn = world.ldapi_path, b"uid=%s," % uid.encode()
        self.reached, self.going, self.servers = threading.Event(), threading.Event(), []
        self.path = os.path.join(world.folder, "halt-" + uid)
        self.uri = "ldapi://" + self.path.replace("/", "%2F")
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(self.path)
        listener.listen(8)
        super().__init__(listener)

    def wait(self, process):
        """Until the member's turn has come; an error when the command ends before."""
        wait_for(lambda: self.reached.is_set() or process.poll() is not None)
        if not self.reached.is_set():
            raise RuntimeError("the command ended before: %d" % process.returncode)

    def go(self):
        self.going.set()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
        os.unlink(self.path)
        for one in self.servers:
            hang_up(one)
        self.going.set()

    def reach(self):
        server = socket.socket(socket.AF_UNIX)
        try:
            server.connect(self.to)
        except OSError:
            server.close()
            raise
        self.servers.append(server)
        return server

    def to_server(self, client, server):
        pending = b""
        while data := client.recv(65536):
            pending += data
            while True:
                message, pending = split(pending)
                if message is None:
                    break
                if self._is_it(message):
                    self.reached.set()
                    self.going.wait()
                server.sendall(message)

    def _is_it(self, message):
        operation, content = ber.read_sequence(message)[1]
        return operation == ADD and NO_OP not in message and ber.read(content)[0][1].startswith(self.rdn)


def people(count, first=1):
    """Rows of members that can be registered."""
    return [{"id": "p%05d" % n, "name": "Person %d" % n, "mail": "p%05d@acme.example" % n} for n in range(first, first + count)]


def wait_for(condition, limit_sec=LIMIT):
    end = time.monotonic() + limit_sec
    while not condition():
        if time.monotonic() > end:
            raise RuntimeError("it does not happen")
        time.sleep(0.002)
