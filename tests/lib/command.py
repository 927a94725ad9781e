"""The command muster, asked over ldapi.

    done = command.muster(world, "account", "show", who=member, answers=[...])
    done.code, done.out, done.err, done.json()
"""

import json
import os
import subprocess

from . import logs

DONE, FAILED, USAGE, REFUSED, NOT_FOUND, IN_USE, RULES, UNREACHABLE, NO_MUSTER = range(9)
LIMIT = 120  # seconds; valgrind, and machines with much else to do


class Ran:
    def __init__(self, done):
        self.code, self.out, self.err = done.returncode, done.stdout.decode(), done.stderr.decode()
        self.text = self.out + self.err

    def json(self):
        return json.loads(self.out)


def path():
    found = os.path.join(os.environ.get("top_builddir", os.getcwd()), "muster")
    if not os.path.exists(found):
        raise RuntimeError("%s is not built: run make" % found)
    return found


def muster(world, *words, who=None, answers=()):
    """Run it. who: (DN, password) to bind as; answers: what it asks for then, one a line."""
    if who is not None:
        words, answers = ["-D", who[0], *words], [who[1], *answers]
    logs.secret(*answers)
    typed = b"".join((a if isinstance(a, bytes) else a.encode()) + b"\n" for a in answers)
    done = subprocess.run([path(), "-H", world.uri_ldapi, "--base", world.base, *words], input=typed, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=LIMIT)
    if done.returncode < 0:
        raise RuntimeError("%s ended by signal %d" % (words, -done.returncode))
    return Ran(done)
