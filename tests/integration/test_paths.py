#!/usr/bin/python3
"""Every way in, with every state of the second factor, under every policy, with every kind of credential: a table whose
cells are generated, and what has to be in each is said by a few lines in tests/lib/rules.py and below."""

import collections
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from lib import exops, people, session, tap, totp, ways
from lib.people import PASSWORD
from lib.rules import CREDENTIALS, HAS_SEED, POLICIES, TOKENS, expected, expected_asking, in_force
from lib.ways import CLOSED, IN, REFUSED, UNUSABLE, WAYS, way
from lib.world import World

world = World(config=["olcMusterArgon2: m=8192 t=1"], debug="highest")
site = ways.Site(world)


def expected_of_factor(token, policy, credential):
    """What needs a factor that is there: whoever has the right password is told that there is none, whatever code was sent."""
    if in_force(token, policy) or credential.startswith("wrong password"):
        return expected(token, policy, credential)
    return UNUSABLE


def expected_of_enrolment(token, policy, credential):
    """Only where there is no seed yet, not even one that is not asked for or cannot be used."""
    if credential != "password alone":
        return REFUSED
    return UNUSABLE if token in HAS_SEED or policy == "off" else IN


# --- app passwords ------------------------------------------------------------------------------------


def expected_app(token, policy, credential):
    """An app password takes no code, and stands in for a login that would need nothing else to be done first."""
    if credential != "password alone" or (policy == "required" and token not in HAS_SEED):
        return REFUSED
    return IN


VERDICTS = {"PAM, code asked for": expected_asking, "PAM chauthtok": expected_asking, "muster": expected_asking,
            "removeTotp": expected_of_factor, "newRecoveryCodes": expected_of_factor, "enrolTotp": expected_of_enrolment,
            "app password": expected_app}

# --- the table ----------------------------------------------------------------------------------------

Cell = collections.namedtuple("Cell", "attempt token policy credential member app")


def make_member(org, token, with_app):
    member = people.restored(org, PASSWORD, root=site.root)
    app = None
    if token in HAS_SEED or token == "removed":
        people.give_factor(world, member, root=site.root)
    if with_app:
        # made while nothing is in the way; what it is good for afterwards is the question
        app = new_app_password(org, member)
    if token == "pending":
        people.enrol_halfway(world, member)
    if token == "removed":
        people.must(site.root.modify(member.dn, ("delete", "oathSecret", None)), "removal")
    return member, app


def new_app_password(org, member):
    """Where the policy wants a factor that the member has not, there is one for this moment."""
    needs = org.name == "required" and not member.secret
    if needs:
        people.give_factor(world, member, root=site.root)
    with world.use() as one:
        code = member.code() if member.secret and org.name != "off" else None
        result, _, app = exops.new_app_password(one, member.dn, PASSWORD, "a program", code=code)
    people.must(result, "newAppPassword")
    site.root.modify(member.dn, ("delete", "oathTOTPLastTimeStep", None), controls=[session.RELAX])
    if needs:
        people.must(site.root.modify(member.dn, ("delete", "oathSecret", None)), "removal")
        member.secret = None
    return app


def make_cells():
    cells = []
    for policy in POLICIES:
        org = people.organization(world, policy, policy={"musterSecondFactor": policy, "pwdMaxFailure": "100"}, root=site.root)
        shared = {token: make_member(org, token, False) for token in TOKENS}
        for attempt in WAYS:
            closed = attempt.tells(IN) == CLOSED  # nothing comes of it, so nothing changes
            for token in TOKENS:
                for credential in CREDENTIALS:
                    who = shared[token] if closed else make_member(org, token, attempt is app_password)
                    cells.append(Cell(attempt, token, policy, credential, *who))
    return cells


def code_for(cell):
    if cell.credential == "password alone":
        return None
    seed = cell.member.secret or totp.new_secret()
    if cell.credential == "with a wrong code":
        return totp.wrong_code(seed)
    code = totp.totp(seed)
    closed = cell.attempt.tells(IN) == CLOSED
    if cell.credential == "with a spent code" and not closed and cell.token == "active" and cell.policy != "off":
        with world.use() as one:
            people.must(one.bind(cell.member.dn, PASSWORD + code), "spending")
    return code


@way("app password", IN)
def app_password(_site, member, password, code):
    """A simple bind; PAM, the control and the rest take no app password (test_app_passwords_elsewhere)."""
    return ways.simple_bind(site, member, password, code)


@tap.fault(24)
def test_table():
    cells = make_cells()
    people.damage_seeds(world, list({c.member.dn: c.member for c in cells if c.token == "undecryptable"}.values()))
    site.forget_connections()
    wrong, counts = [], collections.Counter()
    for cell in cells:
        password = cell.app or PASSWORD
        if cell.credential.startswith("wrong password"):
            password = password[:-1] + ("2" if password[-1] != "2" else "3")
        got = cell.attempt(site, cell.member, password, code_for(cell))
        verdict = VERDICTS.get(cell.attempt.name, expected)(cell.token, cell.policy, cell.credential)
        right = cell.attempt.tells(verdict)
        counts[cell.attempt.name] += 1
        if got != right:
            wrong.append((cell.attempt.name, "%s, token %s, policy %s, %s: %s, not %s"
                          % (cell.attempt.name, cell.token, cell.policy, cell.credential, got, right)))
    for name, count in counts.items():
        mine = [text for which, text in wrong if which == name]
        tap.ok(not mine, "%s: %d cells" % (name, count), "\n".join(mine))
    tap.is_(len(cells), len(WAYS) * len(TOKENS) * len(POLICIES) * len(CREDENTIALS), "no cell is left out")
    tap.ok(world.alive(), "slapd is alive")


if __name__ == "__main__":
    tap.main(globals())
