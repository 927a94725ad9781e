#!/usr/bin/python3
"""muster member import of 100,000 members: time, rate beside plain ldapadd of the same entries, and memory, beside that of a tenth.

Each commit is on disk before it is answered. ldapadd adds to another organization of the same slapd, over the same socket, before.
MUSTER_YARDSTICK_MEMBERS is the number of members when it is not 100,000.
"""

import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from lib import logs, people, tap
from lib.bulk import Bulk, people as rows_of
from lib.world import World

MEMBERS = int(os.environ.get("MUSTER_YARDSTICK_MEMBERS", "100000"))
LIMIT_SEC = 1800   # "in minutes"
MORE_KIB = 1024    # that ten times the rows may take: nothing, but for what malloc(3) rounds

world = World(nosync=False)
root = world.session("root")
bulk = Bulk(world)
found = {}


def ldif(org, count):
    """What ldapadd reads: the entries that the import makes of a table."""
    path = os.path.join(world.folder, org.name + ".ldif")
    with open(path, "w") as file:
        for row in rows_of(count):
            file.write("dn: uid=%(id)s,%(people)s\nobjectClass: inetOrgPerson\nobjectClass: musterMember\nuid: %(id)s\ncn: %(name)s\n"
                       "sn: %(sn)s\nmail: %(mail)s\n\n" % dict(row, people=org.people, sn=row["name"].split()[-1]))
    return path


def peak_kib(process):
    """The most memory that it has had so far; what this program had when it forked is not counted, as getrusage(2) does."""
    with open("/proc/%d/status" % process.pid) as status:
        return max([int(line.split()[1]) for line in status if line.startswith("VmHWM:")], default=0)


def timed(argv, typed):
    """(exit status, seconds, KiB at the most)"""
    logs.secret(typed)
    kib, began = 0, time.monotonic()
    with open(os.path.join(world.folder, "said"), "wb") as said:
        process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=said, stderr=said, env=bulk.environment)
        process.stdin.write(typed.encode() + b"\n")
        process.stdin.close()
        while process.poll() is None:
            kib = max(kib, peak_kib(process))
            time.sleep(0.05)
    return process.returncode, time.monotonic() - began, kib


def there(org):
    """How many members there are, but for the owner that every organization begins with."""
    done = subprocess.run(["ldapsearch", "-x", "-LLL", "-o", "ldif-wrap=no", "-H", world.uri_ldapi, "-D", world.root_dn, "-w",
                           world.root_password, "-b", org.people, "-s", "one", "(objectClass=musterMember)", "1.1"],
                          stdout=subprocess.PIPE, check=True)
    return done.stdout.count(b"dn: ") - 1


def imported(name, count):
    org = people.organization(world, name, root=root)
    path = bulk.table(rows_of(count), name + ".csv")
    status, seconds, kib = timed(bulk.command("member", "import", name, path), world.admin_password)
    with open(os.path.join(world.folder, "said")) as said:
        tap.is_(status, 0, "%d members are imported" % count)
        tap.note(said.read()[-400:])
    tap.is_(there(org), count, "and are there")
    tap.is_(bulk.journals(), [], "no journal is left")
    tap.note("figure: import of %d members: %.1f s, %d a second, judged and written; muster takes %d KiB at the most"
             % (count, seconds, count / seconds, kib))
    return seconds, kib


def test_1_a_tenth():
    found["tenth"] = imported("tenth", MEMBERS // 10)


def test_2_plain_ldapadd():
    org = people.organization(world, "plain", root=root)
    path = ldif(org, MEMBERS)
    secret = os.path.join(world.folder, "secret")
    with open(os.open(secret, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
        file.write(world.admin_password)
    argv = ["ldapadd", "-x", "-H", world.uri_ldapi, "-D", world.admin_dn, "-y", secret, "-f", path]
    status, seconds, kib = timed(argv, world.admin_password)
    tap.is_((status, there(org)), (0, MEMBERS), "ldapadd adds as many")
    tap.note("figure: ldapadd of %d members: %.1f s, %d a second; %d KiB at the most" % (MEMBERS, seconds, MEMBERS / seconds, kib))
    found["plain"] = seconds


def test_3_all():
    seconds, kib = imported("acme", MEMBERS)
    tap.note("figure: import beside ldapadd: %.2f times its rate" % (found["plain"] / seconds))
    tap.ok(seconds < LIMIT_SEC, "it takes minutes", "%.1f s" % seconds)
    tap.ok(kib <= found["tenth"][1] + MORE_KIB, "and the memory that a tenth takes", "%d KiB, %d KiB" % (kib, found["tenth"][1]))


if __name__ == "__main__":
    tap.main(globals())
