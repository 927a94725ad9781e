#!/usr/bin/python3
"""Every way in, with every state a member can be in, with and without a second factor: a table whose cells are generated;
what has to be in each is said by expected()."""

import collections
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from lib import exops, people, session, tap, totp, ways
from lib.people import PASSWORD
from lib.ways import CHANGE, CLOSED, EXPIRED, IN, REFUSED, UNUSABLE, WAYS, way
from lib.world import World

STATES = ("active", "suspended", "closed", "no password", "password to be changed", "expired", "locked", "throttled", "unusable policy")
FACTORS = ("without a factor", "with a factor")
WRONG = "Wrong#2026"
POLICIES = {"expired": {"pwdMaxAge": "3600"},
            "throttled": {"pwdMaxFailure": "1", "pwdMinDelay": "86400", "pwdMaxDelay": "86400"}}
LONG_AGO = "20200101000000Z"

world = World(config=["olcMusterArgon2: m=8192 t=1"], debug="highest")
site = ways.Site(world)


def expected(state):
    """The verdict on the right password and, with a factor, the right code."""
    return {"active": IN, "password to be changed": CHANGE, "expired": EXPIRED, "unusable policy": UNUSABLE}.get(state, REFUSED)


def expected_standing(state):
    """The verdict on a member who proved by other means than the password who it is: a key of sshd's."""
    return IN if state in ("no password", "throttled") else expected(state)


def expected_external(state):
    """A certificate or the local peer, mapped to a member: the password does not matter. A policy must say from where."""
    return REFUSED if state in ("suspended", "closed", "locked", "unusable policy") else IN


def expected_app(state):
    """An app password is not held up by delays; what stands in the way is answered like a wrong password."""
    return IN if state in ("active", "throttled") else REFUSED


# --- ways that the table of paths has not -------------------------------------------------------------


@way("checkAccount", IN, CHANGE, EXPIRED)
def check_account(_site, member, password, code):
    names = {session.OK: IN, session.CHANGE_REQUIRED: CHANGE, session.EXPIRED: EXPIRED, exops.REFUSED: REFUSED}
    result, state = exops.check_account(site.root, member.dn)
    if result.code == 53:
        return REFUSED
    return names.get(state, "state %r" % state) if result.code == 0 else "result %d" % result.code


@way("SASL EXTERNAL mapped to the member", IN)
def mapped(_site, member, password, code):
    peer = r"gidNumber=[0-9]+\+uidNumber=[0-9]+,cn=peercred,cn=external,cn=auth"
    with world.use("config") as config:
        people.must(config.modify("cn=config", ("replace", "olcAuthzRegexp", '"%s" "%s"' % (peer, member.dn))), "map")
    with world.use() as one:
        outcome = ways.of_code(one.sasl("EXTERNAL", "").code)
        if outcome == IN:
            return IN if one.whoami() == "dn:" + member.dn else "in, as %s" % one.whoami()
        return ways.nobody(one, outcome)


@way("app password", IN)
def app_password(_site, member, password, code):
    return ways.simple_bind(_site, member, member.app or "none", None)


VERDICTS = {"checkAccount": expected_standing, "SASL EXTERNAL mapped to the member": expected_external,
            "app password": expected_app}

# Ways that are about a factor that is there, or is not.
NEEDS = {"enrolTotp": "without a factor", "removeTotp": "with a factor", "newRecoveryCodes": "with a factor"}

# --- the table ----------------------------------------------------------------------------------------

Cell = collections.namedtuple("Cell", "attempt state factor member")


def bring_into(state, member):
    """What can be written while slapd runs; the rest is POLICIES, spoil() and the cell itself."""
    root = site.root
    if state in ("suspended", "closed"):
        people.must(root.modify(member.dn, ("replace", "musterStatus", state)), state)
    elif state == "no password":
        people.must(root.modify(member.dn, ("delete", "userPassword", None)), state)
    elif state == "password to be changed":
        people.must(root.modify(member.dn, ("replace", "pwdReset", "TRUE"), controls=[session.RELAX]), state)
    elif state == "locked":
        people.must(root.modify(member.dn, ("replace", "pwdAccountLockedTime", LONG_AGO), controls=[session.RELAX]), state)
    elif state == "expired":
        people.must(root.modify(member.dn, ("replace", "pwdChangedTime", LONG_AGO), controls=[session.RELAX]), state)


def make_member(org, attempt, state, factor):
    member = people.restored(org, PASSWORD, root=site.root)
    if factor == "with a factor":
        people.give_factor(world, member, root=site.root)
    member.app = None
    if attempt is app_password:
        with world.use() as one:
            result, _, member.app = exops.new_app_password(one, member.dn, PASSWORD, "a program",
                                                           code=member.code() if member.secret else None)
        people.must(result, "newAppPassword")
    bring_into(state, member)
    return member


def make_cells():
    cells = []
    for number, state in enumerate(STATES):
        org = people.organization(world, "s%d" % number, policy=dict({"pwdMaxFailure": "100"}, **POLICIES.get(state, {})),
                                  root=site.root)
        if state == "unusable policy":
            spoiled = org
        for attempt in WAYS:
            for factor in FACTORS:
                if factor != NEEDS.get(attempt.name, factor):
                    continue  # the table of paths has it
                cells.append(Cell(attempt, state, factor, make_member(org, attempt, state, factor)))
    spoil(spoiled)
    return cells


def spoil(org):
    """A number out of range in the policy, as an older version or a foreign server may have let it in."""
    world.stop()
    policy = ("dn: %s\n" % org.policy).encode()
    entries = world.slapcat().split(b"\n\n")
    found = [i for i, entry in enumerate(entries) if entry.lstrip(b"\n").startswith(policy)]
    entries[found[0]] = re.sub(rb"(?m)^pwdMaxDelay: .*$", b"pwdMaxDelay: 99999999", entries[found[0]])
    world.slapadd(b"\n\n".join(entries))
    world.start()
    site.forget_connections()


def throttle(cell):
    """Delays are counted by the way somebody comes, so it is this way that has failed before."""
    for _ in range(3):
        cell.attempt(site, cell.member, WRONG, None)


@tap.fault(24)
def test_table():
    cells = make_cells()
    wrong, counts = [], collections.Counter()
    for cell in cells:
        if cell.state == "throttled" and cell.attempt.name not in VERDICTS and cell.attempt.tells(IN) != CLOSED:
            throttle(cell)
        got = cell.attempt(site, cell.member, PASSWORD, cell.member.code() if cell.member.secret else None)
        right = cell.attempt.tells(VERDICTS.get(cell.attempt.name, expected)(cell.state))
        counts[cell.attempt.name] += 1
        if got != right:
            wrong.append((cell.attempt.name, "%s, %s, %s: %s, not %s" % (cell.attempt.name, cell.state, cell.factor, got, right)))
    for name, count in counts.items():
        mine = [text for which, text in wrong if which == name]
        tap.ok(not mine, "%s: %d cells" % (name, count), "\n".join(mine))
    tap.ok(world.alive(), "slapd is alive")


if __name__ == "__main__":
    tap.main(globals())
