#!/usr/bin/python3
"""The table of tests/integration/test_paths.py for Debian's programs: su, sudo, login and sshd with contrib/pam, in a root of
their own (tests/lib/host.py), by state of the second factor, policy and credential."""

import collections
import concurrent.futures
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from lib import logs, people, tap, totp
from lib.rules import CREDENTIALS, HAS_SEED, POLICIES, TOKENS, expected_asking, in_force
from lib.site import PASSWORD, Site
from lib.ways import CODE, IN, REFUSED

WRONG = people.PASSWORD[:-1] + "7"
AT_ONCE = 8  # failed logins are slow on purpose
ASKED = "One-time code: "
ANY_CODE = re.compile(ASKED + "|code that the app shows: ")  # that of a login, or of an enrolment that a policy requires
SUDO = re.compile(r"\[sudo\] password for \S+: ")

site = Site()
site.start_nslcd()
site.start_sshd()
site.use_pam("files")
PROGRAMS = {"su": (site.su, PASSWORD), "sudo": (site.sudo, SUDO), "login": (site.login, PASSWORD), "sshd": (site.ssh, PASSWORD)}
Cell = collections.namedtuple("Cell", "program token credential member")


def make_member(token):
    member = site.member(factor=token in HAS_SEED or token == "removed")
    if token == "pending":
        people.enrol_halfway(site.world, member)
    if token == "removed":
        site.modify(member, ("delete", "oathSecret", None))
    return member


def set_policy(policy):
    with site.world.use("root") as root:
        people.must(root.modify(site.org.policy, ("replace", "musterSecondFactor", policy)), policy)


def code_for(cell, policy):
    if cell.credential == "password alone":
        return None
    seed = cell.member.secret or totp.new_secret()
    if cell.credential == "with a wrong code":
        return totp.wrong_code(seed)
    code = totp.totp(seed)
    if cell.credential == "with a spent code" and in_force(cell.token, policy) and cell.token == "active":
        with site.world.use() as one:
            people.must(one.bind(cell.member.dn, people.PASSWORD + code), "spending")
    return code


def attempt(cell, policy):
    run, prompt = PROGRAMS[cell.program]
    password = WRONG if cell.credential.startswith("wrong password") else people.PASSWORD
    code = code_for(cell, policy)
    logs.secret(password, code)
    # whoever has no code leaves the questions for one empty
    seen = run(cell.member.uid, (prompt, password), (ANY_CODE, code or ""), *[(ANY_CODE, "")] * 5)
    if seen.is_in:
        return IN
    return CODE if ASKED in seen.text and not code else REFUSED


@tap.fault(24)
def test_table():
    set_policy("optional")
    cells = {policy: [Cell(program, token, credential, make_member(token))
                      for program in PROGRAMS for token in TOKENS for credential in CREDENTIALS] for policy in POLICIES}
    people.damage_seeds(site.world, [c.member for some in cells.values() for c in some if c.token == "undecryptable"])
    wrong = {program: [] for program in PROGRAMS}
    for policy, some in cells.items():
        set_policy(policy)
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            outcomes = list(pool.map(lambda cell, policy=policy: attempt(cell, policy), some))
        for cell, got in zip(some, outcomes):
            right = expected_asking(cell.token, policy, cell.credential)
            right = right if right in (IN, CODE) else REFUSED
            if got != right:
                wrong[cell.program].append("token %s, policy %s, %s: %s, not %s" % (cell.token, policy, cell.credential, got, right))
    for program, findings in wrong.items():
        tap.ok(not findings, "%s: %d cells" % (program, len(TOKENS) * len(POLICIES) * len(CREDENTIALS)), "\n".join(findings))


def teardown():
    site.stop()


if __name__ == "__main__":
    tap.main(globals())
