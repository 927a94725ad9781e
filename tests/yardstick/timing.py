#!/usr/bin/python3
"""How long a refusal takes, by whom it is about: nobody may learn from the clock who exists, who is suspended, who has no
password (F05). 1,000 tries of each kind, interleaved; medians are compared within 1 ms.

Argon2 is set to its lowest cost and the database syncs its writes: what differs is then easiest to see. A quiet machine is
needed; rounds in which it was not are left out, all kinds of them. MUSTER_YARDSTICK_ROUNDS changes the 1,000.
"""

import os
import random
import statistics
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from lib import exops, people, proto, session, tap
from lib.gate import Gate
from lib.people import PASSWORD
from lib.world import World

ROUNDS = int(os.environ.get("MUSTER_YARDSTICK_ROUNDS", "1000"))
WITHIN_MSEC = 1.0
DISTURBED = 2       # a round that takes so many times as long as the fastest tenth of them is left out
MOST = 4            # times ROUNDS, until enough were not disturbed
CROWD = 50          # members of each kind: none of them fails so often that a delay begins
WRONG = "Wrong#2026"
TOKEN = "mr1-" + "A" * 43
PURGE_EVERY = 300   # requests for a reset between two looks of the courier
MINUTE = 60

world = World(config=["olcMusterArgon2: m=8192 t=1"], nosync=False, faketime=True)
root = world.session("root")
patient = people.organization(world, "patient", root=root, policy={"pwdMaxFailure": "100"})
gate = Gate(world, "uid=%u," + patient.people)
chance = random.Random(20261121)
moved = 0


def crowd(change=None, factor=False):
    """Logins of members in one state."""
    found = []
    for _ in range(CROWD):
        member = people.restored(patient, PASSWORD, root=root)
        if factor:
            people.give_factor(world, member, root=root)
        if change:
            people.must(root.modify(member.dn, change, controls=[session.RELAX]), "state")
        found.append(member.uid)
    return found


def delayed():
    """Members whose delay runs, for this test's address at the directory and at the gate."""
    hasty = people.organization(world, "hasty", root=root,
                                policy={"pwdMaxFailure": "1", "pwdMinDelay": "86400", "pwdMaxDelay": "86400"})
    member = people.restored(hasty, PASSWORD, root=root)
    with world.use() as one:
        for _ in range(3):
            one.bind(member.dn, WRONG)
    return member.dn


KINDS = {
    "wrong password": crowd(),
    "wrong password, with a factor": crowd(factor=True),
    "missing": ["nobody%d" % n for n in range(CROWD)],
    "suspended": crowd(("replace", "musterStatus", "suspended")),
    "closed": crowd(("replace", "musterStatus", "closed")),
    "without a password": crowd(("delete", "userPassword", None)),
    "locked": crowd(("replace", "pwdAccountLockedTime", "20260101000000Z")),
}
DELAYED = delayed()


def dn_of(uid):
    return "uid=%s,%s" % (uid, patient.people)


def measure(what, attempts, expected, before=lambda number: None):
    """Medians of all kinds are compared.

    attempts  kind to a function of the number of the round, which gives the answer
    before    called before each round, in nobody's figures
    """
    rounds, answers = [], set()
    while len(rounds) < MOST * ROUNDS:
        before(len(rounds))
        order = list(attempts)
        chance.shuffle(order)
        took = {}
        for kind in order:
            begun = time.perf_counter()
            answers.add(attempts[kind](len(rounds)))
            took[kind] = (time.perf_counter() - begun) * 1000
        rounds.append(took)
        if len(rounds) % ROUNDS == 0 and len(quiet(rounds)) >= ROUNDS:
            break
    tap.is_(answers, {expected}, "%s: one answer for all" % what)
    kept = quiet(rounds)
    compare(what, {kind: [took[kind] for took in kept] for kind in attempts})
    tap.ok(len(kept) >= ROUNDS, "%s: %d of %d rounds were not disturbed" % (what, len(kept), len(rounds)),
           "this machine is too busy to tell: wait until it is quiet")


def quiet(rounds):
    """Without the rounds in which something else had the processor. A round goes as a whole, whichever of its tries was slow."""
    totals = [sum(took.values()) for took in rounds]
    limit = DISTURBED * statistics.quantiles(totals, n=10)[0]
    return [took for took, total in zip(rounds, totals) if total <= limit]


def compare(what, took):
    medians = {kind: statistics.median(times) for kind, times in took.items()}
    first = next(iter(medians))
    for kind, median in medians.items():
        tenths = statistics.quantiles(took[kind], n=10)
        tap.note("figure: %s: %-32s median %7.3f ms, tenth %7.3f, nine tenths %7.3f, from \"%s\" %+.3f ms"
                 % (what, kind, median, tenths[0], tenths[-1], first, median - medians[first]))
    apart = max(medians.values()) - min(medians.values())
    tap.ok(apart <= WITHIN_MSEC, "%s: medians of %d kinds, %d tries each, are %.3f ms apart"
           % (what, len(medians), len(took[first]), apart))


@tap.fault(5)
def test_bind():
    one = world.session()

    def attempt(uids, control):
        return lambda n: one.bind(dn_of(uids[n % CROWD]), WRONG, control).code
    for name, control in (("bind", []), ("bind with the control", [session.factor_request(service="yardstick")])):
        attempts = {kind: attempt(uids, control) for kind, uids in KINDS.items()}
        attempts["while a delay runs"] = lambda n, c=control: one.bind(DELAYED, WRONG, c).code
        measure(name, attempts, 49)
        unlock()


@tap.fault(5)
def test_right_password():
    """Who has the right password of somebody who may not log in learns nothing of it either."""
    one = world.session()
    closed_out = {kind: uids for kind, uids in KINDS.items() if kind in ("suspended", "closed", "locked")}
    attempts = {"wrong password": lambda n: one.bind(dn_of(KINDS["wrong password"][n % CROWD]), WRONG).code}
    attempts.update({kind: lambda n, uids=uids: one.bind(dn_of(uids[n % CROWD]), PASSWORD).code for kind, uids in closed_out.items()})
    attempts["while a delay runs"] = lambda n: one.bind(DELAYED, PASSWORD).code
    measure("bind with the right password", attempts, 49)
    unlock()


def unlock():
    """No failures: each test begins where the one before did."""
    for kind in ("wrong password", "wrong password, with a factor"):
        for uid in KINDS[kind]:
            root.modify(dn_of(uid), ("replace", "pwdAccountLockedTime", None))


@tap.fault(5)
def test_gate():
    """What pam_muster asks the gate; the person's process is not in the figures."""
    with proto.Client(gate.socket) as client:
        measure("PAM", {kind: lambda n, uids=uids: client.status(proto.login(uids[n % CROWD], WRONG))
                        for kind, uids in KINDS.items()}, (proto.DENIED, 0))
    unlock()


@tap.fault(5)
def test_redeem():
    one = world.session()
    measure("redeem", {kind: lambda n, uids=uids: exops.redeem(one, dn_of(uids[n % CROWD]), TOKEN, "New#2026abc").code
                       for kind, uids in KINDS.items()}, 49)


@tap.fault(5)
def test_change_password():
    one = world.session()
    measure("changePassword", {kind: lambda n, uids=uids: exops.change_password(one, dn_of(uids[n % CROWD]), WRONG, "New#2026abc").code
                               for kind, uids in KINDS.items()}, 49)
    unlock()


def purge(number):
    """Empty the queue now and then, and let a minute go by: a target waits once, and the server takes so many at a time."""
    global moved
    if number % (PURGE_EVERY // len(KINDS)):
        return
    for dn, _ in root.search("ou=queue," + world.base, "(objectClass=musterRequest)", ["1.1"]).entries:
        root.delete(dn)
    moved += MINUTE
    world.move_clock(moved)


@tap.fault(5)
def test_request_reset():
    one = world.session()
    measure("requestReset", {kind: lambda n, uids=uids: exops.request_reset(one, dn_of(uids[n % CROWD])).code
                             for kind, uids in KINDS.items()}, 0, before=purge)


if __name__ == "__main__":
    tap.main(globals())
