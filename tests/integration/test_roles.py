#!/usr/bin/python3
"""Everybody, every kind of entry, every attribute, every way of looking and of writing: exactly what tests/lib/roles.py allows (F27).

MUSTER_ROLES=full tries what is not allowed in every form and disguise, not in one of them.
"""

import collections
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from lib import matrix, roles, tap
from lib.matrix import Matrix

FULL = os.environ.get("MUSTER_ROLES") == "full"

site = Matrix()


def test_the_table_knows_everything():
    tap.is_(sorted(set(matrix.SYNTAXES) - set(roles.ATTRIBUTES) - set(roles.UNTRIED)), [],
            "every attribute of muster.schema is in a list of tests/lib/roles.py")
    tap.is_([name for name, count in collections.Counter(roles.ATTRIBUTES).items() if count > 1], [], "and in one only")
    tap.is_(sorted(name for name in roles.ATTRIBUTES if name not in site.oids), [], "the table names nothing that slapd does not know")
    tap.is_(sorted({kind for kind, _ in site.entries} ^ set(roles.RIGHTS)), [], "every kind of entry has its rows")
    tap.is_(sorted(set(matrix.CLASSES) - set(roles.CLASSES)), [], "and so has every class")


@tap.fault(27)
def test_looking():
    cells = 0
    for kind in site.kinds():
        wrong, table = [], site.table(kind)
        for cell in site.reading(kind):
            allowed = "".join(letter for letter in table.letters(cell.who, cell.what) if letter in "rsc")
            cells += 3
            if cell.seen != allowed:
                wrong.append("%s, %s: %r, not %r" % (cell.who, cell.what, cell.seen, allowed))
        tap.ok(not wrong, "%s: who reads, finds and compares which attribute" % kind, "\n".join(wrong))
    tap.note("figure: roles: %d cells of looking" % cells)


@tap.fault(27)
def test_writing():
    cells = 0
    for kind in site.kinds():
        wrong = []
        for who, name, form, disguise, allowed, done in site.tried(kind, FULL):
            cells += 1
            if done != allowed:
                wrong.append("%s, %s %s, %s: %s" % (who, form, name, disguise, "done" if done else "refused"))
        tap.ok(not wrong, "%s: who writes which attribute" % kind, "\n".join(wrong))
    tap.note("figure: roles: %d cells of writing" % cells)


def test_the_end():
    tap.ok(site.world.alive(), "slapd is alive")


if __name__ == "__main__":
    tap.main(globals())
