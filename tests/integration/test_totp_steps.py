#!/usr/bin/python3
"""What OpenLDAP's test081-totp does with slapo-otp, done with members who have seeds of their own, step by step; and, where
Muster is otherwise by design, what it does instead.

OpenLDAP's script itself runs with muster in the stack as well (tests/yardstick), for entries that are no members.
"""

import math
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from lib import people, session, tap, totp
from lib.people import PASSWORD
from lib.world import World

SUCCESS, COMPARE_TRUE, CREDENTIALS = 0, 6, 49
WRONG = "Wrong#2026"

world = World(faketime=True)
root = world.session("root")
org = people.organization(world, "acme", policy={"pwdMaxFailure": "100"}, root=root)
lab = people.organization(world, "lab", policy={"pwdMaxFailure": "100", "musterCodeWindow": "3"}, root=root)
one = world.session()
moved = 0  # slapd's clock from the real one


def begin_a_step():
    """Set slapd's clock to the first second of the next step, so that no code ends in the middle of a test."""
    global moved
    moved += math.ceil(totp.PERIOD - (time.time() + moved) % totp.PERIOD)
    world.move_clock(moved)


def step():
    return totp.step(time.time() + moved)


def member(organization=org, secret=None):
    return people.member(organization, password=PASSWORD, secret=secret or totp.new_secret(), root=root)


def code(who, steps=0):
    return totp.code_of_step(who.secret, step() + steps)


def bind(who, text, password=PASSWORD):
    return one.bind(who.dn, password + text).code


def last_step(who):
    return [int(value) for value in root.entry(who.dn, ["oathTOTPLastTimeStep"]).get("oathTOTPLastTimeStep", [])]


def test_old_codes():
    """OpenLDAP: window 3, so the code of three steps ago is good, once. Muster: one step back, unless the policy says 3."""
    begin_a_step()
    who = member(lab)
    old = code(who, -3)
    tap.is_(bind(who, old), SUCCESS, "window 3: the code of three steps ago is good")
    tap.is_(bind(who, old), CREDENTIALS, "once")
    tap.is_(bind(member(lab), code(who, -4)), CREDENTIALS, "four steps ago is too old")
    who = member()
    for steps in (-3, -2):
        tap.is_(bind(who, code(who, steps)), CREDENTIALS, "the usual window: the code of %d steps ago is not" % -steps)
    tap.is_(bind(who, code(who, -1)), SUCCESS, "the code before the present one is")
    tap.is_(bind(who, code(who, -1)), CREDENTIALS, "once")


def test_once():
    begin_a_step()
    who = member()
    now = code(who)
    tap.is_(bind(who, now), SUCCESS, "the present code is good")
    tap.is_(bind(who, now), CREDENTIALS, "once")
    tap.is_(bind(who, code(who, -1)), CREDENTIALS, "and the one before it no more")
    tap.is_(last_step(who), [step()], "the last step is written down")


def test_the_code_after_the_present_one():
    """OpenLDAP: good at once. Muster: good when its step has begun; a code seen too early on a device is good for nobody."""
    begin_a_step()
    who = member()
    tap.is_(bind(who, code(who)), SUCCESS, "the present code")
    coming = code(who, 1)
    tap.is_(bind(who, coming), CREDENTIALS, "the next one is not good yet")
    begin_a_step()
    tap.is_(bind(who, coming), SUCCESS, "and is when its step has begun")
    tap.is_(last_step(who), [step()], "the last step is written down")


def test_the_rootdn_takes_the_last_step_away():
    begin_a_step()
    who = member()
    now = code(who)
    tap.is_((bind(who, now), bind(who, now)), (SUCCESS, CREDENTIALS), "a code is spent")
    people.must(root.modify(who.dn, ("replace", "oathTOTPLastTimeStep", None), controls=[session.RELAX]), "last step")
    tap.is_(last_step(who), [], "the last step is taken away")
    tap.is_((bind(who, now), bind(who, now)), (SUCCESS, CREDENTIALS), "and the code is good once more")


def test_two_with_one_seed():
    """OpenLDAP: a token is an entry, two users may share it, and its code is good for one of them. Muster: a seed belongs to its
    member and is sealed for it; who gives two members the same one has made two factors, each spent by itself."""
    begin_a_step()
    first = member()
    second = member(secret=first.secret)
    seals = [root.entry(who.dn, ["oathSecret"])["oathSecret"][0] for who in (first, second)]
    tap.ok(seals[0] != seals[1], "the same seed is sealed for each")
    now = code(first)
    tap.is_((bind(first, now), bind(first, now)), (SUCCESS, CREDENTIALS), "good once for the first")
    tap.is_((bind(second, now), bind(second, now)), (SUCCESS, CREDENTIALS), "and once for the second")


def test_with_a_wrong_password():
    """OpenLDAP: the code is spent. Muster: it is not looked at, or whoever has no password could use up the owner's codes; the answer
    and the time are those of any wrong password."""
    begin_a_step()
    who = member()
    now = code(who)
    tap.is_(bind(who, now, WRONG), CREDENTIALS, "a wrong password with the right code")
    tap.is_(last_step(who), [], "the code is not spent")
    tap.is_((bind(who, now), bind(who, now)), (SUCCESS, CREDENTIALS), "and is good, once, with the right password")
    begin_a_step()
    tap.is_(bind(who, code(who)), SUCCESS, "the next code is good")


def test_compare():
    """OpenLDAP (later versions): Compare on oathSecret is true once for a code. Muster: never."""
    begin_a_step()
    who = member()
    for value in (code(who), who.secret):
        answers = {whose.compare(who.dn, "oathSecret", value).code for whose in (root, one)}
        tap.ok(COMPARE_TRUE not in answers, "Compare on oathSecret is never true", answers)
    tap.is_(bind(who, code(who)), SUCCESS, "and spends nothing")


if __name__ == "__main__":
    tap.main(globals())
