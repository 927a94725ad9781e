#!/usr/bin/python3
"""Parallel tries: 100 rounds of 50 at once. Guesses beyond the threshold gain nothing (F04), one code is good for one login (F01).

In a burst the right credential is never among the first ten: whoever keeps to a threshold of three has ended by then.
MUSTER_YARDSTICK_ROUNDS is the number of rounds when it is not 100.
"""

import os
import random
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

import ldap

from lib import failures, people, tap, totp
from lib.people import PASSWORD
from lib.world import World

ROUNDS = int(os.environ.get("MUSTER_YARDSTICK_ROUNDS", "100"))
AT_ONCE, THRESHOLD, FIRST = 50, 3, 10
WRONG = "Wrong#2026"
SUCCESS, CREDENTIALS, BUSY = 0, 49, 51
ANSWER_SEC = 120

world = World(config=["olcMusterArgon2: m=8192 t=1"], nosync=False)
root = world.session("root")
strict = people.organization(world, "strict", root=root, policy={
    "pwdMaxFailure": str(THRESHOLD), "pwdMinDelay": "86400", "pwdMaxDelay": "86400"})
sessions = [world.session() for _ in range(AT_ONCE)]
chance = random.Random(20261121)


def result_of(low, msgid):
    try:
        low.result4(msgid, 1, ANSWER_SEC, 0, 0, 1)
    except ldap.LDAPError as error:
        return error.args[0].get("result", -1)
    return SUCCESS


def send_all(dn, credentials):
    """A bind with each credential, one after the other on connections that are there, before any answer is read."""
    started = [(one.low, one.low.simple_bind(dn, text, [], None)) for one, text in zip(sessions, credentials)]
    return [result_of(low, msgid) for low, msgid in started]


def burst(member, wrong, right):
    """(results, whether the right one got in)"""
    place = chance.randrange(FIRST, AT_ONCE)
    credentials = [wrong] * AT_ONCE
    credentials[place] = right
    results = send_all(member.dn, credentials)
    return results, SUCCESS in results


def settle(member, what):
    """The failures as they are written, which happens after the answers."""
    end = time.monotonic() + ANSWER_SEC
    while time.monotonic() < end:
        found = getattr(failures.of(root, member.dn), what)
        if found >= THRESHOLD:
            return found
        time.sleep(0.02)
    return found


def rounds(what, make):
    """make() gives a member, a wrong credential and the right one."""
    accepted, judged, odd, busy = 0, [], set(), 0
    for _ in range(ROUNDS):
        member, wrong, right = make()
        results, got_in = burst(member, wrong, right)
        accepted += got_in
        judged.append(settle(member, what))
        odd |= set(results) - {SUCCESS, CREDENTIALS, BUSY}
        busy += results.count(BUSY)
    tap.note("figure: %s: %d rounds of %d, right one accepted in %d, judged before the delay at most %d, answered 51: %d"
             % (what, ROUNDS, AT_ONCE, accepted, max(judged), busy))
    tap.is_(accepted, 0, "%s: the right one is let in in none of %d rounds" % (what, ROUNDS))
    tap.is_(set(judged), {THRESHOLD}, "%s: %d guesses are judged before the delay, in every round" % (what, THRESHOLD))
    tap.is_(odd, set(), "%s: every answer is 49 or 51" % what)


@tap.fault(4)
def test_passwords():
    rounds("passwords", lambda: (people.restored(strict, PASSWORD, root=root), WRONG, PASSWORD))


@tap.fault(4)
def test_codes():
    def make():
        member = people.restored(strict, PASSWORD, root=root)
        people.give_factor(world, member, root=root)
        return member, PASSWORD + totp.wrong_code(member.secret), PASSWORD + member.code()
    rounds("codes", make)


@tap.fault(1)
def test_one_code():
    wins = []
    for _ in range(ROUNDS):
        member = people.restored(strict, PASSWORD, root=root)
        people.give_factor(world, member, root=root)
        results = send_all(member.dn, [PASSWORD + member.code()] * AT_ONCE)
        wins.append(results.count(SUCCESS))
    tap.note("figure: one code %d times at once: %d rounds, %d logins" % (AT_ONCE, ROUNDS, sum(wins)))
    tap.is_(set(wins), {1}, "one code, %d times at once: one login in each of %d rounds" % (AT_ONCE, ROUNDS))


def test_the_end():
    tap.ok(world.alive(), "slapd is alive")


if __name__ == "__main__":
    tap.main(globals())
