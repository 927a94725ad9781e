#!/usr/bin/python3
"""Every way in, with every state of the second factor, under every policy, with every kind of credential: a table whose
cells are generated, and what has to be in each is said by expected(), a few lines after doc/ARCHITECTURE.md ("Bind of a
member")."""

import collections
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from lib import exops, people, session, tap, totp, ways
from lib.people import PASSWORD
from lib.ways import CLOSED, CODE, ENROL, IN, REFUSED, UNUSABLE, WAYS, way
from lib.world import World

# none: never had one. pending: enrolment was begun and the confirming code was wrong. removed: had one.
TOKENS = ("none", "pending", "active", "undecryptable", "removed")
POLICIES = ("off", "optional", "required")
CREDENTIALS = ("password alone", "with the code", "with a spent code", "wrong password, with the code", "with a wrong code")
HAS_SEED = ("active", "undecryptable")

world = World(config=["olcMusterArgon2: m=8192 t=1"], debug="highest")
site = ways.Site(world)


def in_force(token, policy):
    return policy != "off" and token in HAS_SEED


def expected(token, policy, credential):
    """The verdict."""
    if credential.startswith("wrong password"):
        return REFUSED
    if not in_force(token, policy):
        if credential != "password alone":
            return REFUSED  # without a factor what looks like a code is the end of a password, a wrong one here
        return ENROL if policy == "required" else IN
    if credential == "password alone":
        return CODE
    if token == "undecryptable":
        return UNUSABLE  # never the password alone, because the code cannot be judged
    return IN if credential == "with the code" else REFUSED


def expected_asking(token, policy, credential):
    """PAM and the command ask for a code only when the directory wants one; else nobody types it."""
    if in_force(token, policy) or credential.startswith("wrong password"):
        return expected(token, policy, credential)
    return expected(token, policy, "password alone")


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


def enrol_halfway(member):
    """What is left of an enrolment whose confirming code was wrong: nothing."""
    seed = totp.new_secret()
    with world.use() as one:
        result, codes = exops.enrol_totp(one, member.dn, PASSWORD, seed, totp.wrong_code(seed))
    if result.code == 0 or codes:
        raise RuntimeError("an enrolment with a wrong code was accepted")
    member.secret = seed


def make_member(org, token, with_app):
    member = people.restored(org, PASSWORD, root=site.root)
    app = None
    if token in HAS_SEED or token == "removed":
        people.give_factor(world, member, root=site.root)
    if with_app:
        # made while nothing is in the way; what it is good for afterwards is the question
        app = new_app_password(org, member)
    if token == "pending":
        enrol_halfway(member)
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


def damage(members):
    """The seeds of these members become ones that nobody can open: each gets that of the next one."""
    seeds = [site.root.entry(m.dn, ["oathSecret"])["oathSecret"][0] for m in members]
    other = dict(zip(seeds, seeds[1:] + seeds[:1]))
    world.stop()
    # slapmodify of slapd 2.5 gives an entry a new entryUUID, so all of it is written anew
    ldif = re.sub(rb"(?m)^(oathSecret: )(.*)$", lambda m: m[1] + other.get(m[2], m[2]), world.slapcat())
    for name in os.listdir(os.path.join(world.folder, "db")):
        os.remove(os.path.join(world.folder, "db", name))
    world.tool("slapadd", "-q", "-n", "1", input=ldif)
    world.start()
    site.forget_connections()


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
    damage(list({c.member.dn: c.member for c in cells if c.token == "undecryptable"}.values()))
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
