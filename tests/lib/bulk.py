"""Files with many members, and the command that reads and writes them.

    bulk = Bulk(world)                     runs muster as the administrator, with a state folder of its own
    bulk.run("member", "import", ...)      a Ran: code, out, err
    bulk.table(rows, name="members.csv")   the path of a CSV file with these rows (dicts)
"""

import csv
import io
import os
import subprocess
import time

from . import logs
from .checkup import command

LIMIT = 300  # seconds; valgrind, and machines with much else to do


class Ran:
    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out.decode(), err.decode()
        self.text = self.out + self.err


class Bulk:
    def __init__(self, world, dn=None, password=None):
        self.world = world
        self.dn, self.password = dn or world.admin_dn, password or world.admin_password
        self.state = os.path.join(world.folder, "state")
        self.environment = dict(os.environ, XDG_STATE_HOME=self.state)

    def command(self, *arguments):
        return [command("muster"), "-H", self.world.uri_ldapi, "-D", self.dn, *arguments]

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


def people(count, first=1):
    """Rows of members that can be registered."""
    return [{"id": "p%05d" % n, "name": "Person %d" % n, "mail": "p%05d@acme.example" % n} for n in range(first, first + count)]


def wait_for(condition, limit_sec=LIMIT):
    end = time.monotonic() + limit_sec
    while not condition():
        if time.monotonic() > end:
            raise RuntimeError("it does not happen")
        time.sleep(0.002)
