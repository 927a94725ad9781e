"""Many messages owed, a relay that fails at random, a courier that is killed now and then: what has to come out of it.

    Storm(messages=10000, seed=1).run()    prints figures and checks (tests/lib/tap.py)

Most records are in the database when slapd starts (written like the overlay writes them), some come while the courier is at
work: notices of what an administrator does, and resets. Every member has a mark of its own in its login, name and address.
"""

import base64
import collections
import email
import email.policy
import os
import random
import re
import signal
import threading
import time

from . import exops, mail, people, tap
from .daemon import Daemon, wait_for
from .faulty import FaultyRelay
from .world import World

LOGIN = ("muster", "relay-secret")
TIMEOUT_MS = 600
LEASE_SEC = 2
KINDS = ("password-changed", "factor-added", "factor-removed", "recovery-codes-new", "app-password-added", "locked")
PER_MEMBER = 2
RESETS_OF = 20      # one message in so many is a reset, asked for while the courier works
CHANGES_OF = 20     # and one is the notice of an administrator's change
REFUSED_OF = 100    # one member in so many has an address that the relay refuses for good
KILL_EVERY_SEC = (2, 6)
MARK = re.compile(r"u[0-9]{5}q[0-9a-f]{6}")
LIMIT_SEC = 1800


class Storm:
    def __init__(self, messages, seed):
        self.chance = random.Random(seed)
        self.seed, self.messages = seed, messages
        self.world = World(config=("olcMusterLease: %d" % LEASE_SEC, "olcMusterArgon2: m=8192 t=1"))
        self.acme = people.organization(self.world)
        self.live = messages // RESETS_OF + messages // CHANGES_OF
        self.owed = collections.defaultdict(list)  # mark to the kinds owed
        self.marks = ["u%05dq%06x" % (n, self.chance.getrandbits(24)) for n in range((messages - self.live) // PER_MEMBER)]
        self.refused = set(self.chance.sample(self.marks, max(1, len(self.marks) // REFUSED_OF)))
        self.resets = []
        self.killed = 0

    def address(self, mark):
        return "%s@%s.example" % (mark, mark)

    def dn(self, mark):
        return "uid=%s,%s" % (mark, self.acme.people)

    # --- what is owed ------------------------------------------------------------------------------------

    def entry(self, mark, number):
        """A member with its records, as slapcat writes them."""
        uuid = "00000000-0000-4000-8000-%012x" % number
        lines = ["dn: " + self.dn(mark), "objectClass: inetOrgPerson", "objectClass: musterMember", "uid: " + mark, "cn: Name " + mark,
                 "sn: Test", "mail: " + self.address(mark), "entryUUID: " + uuid,
                 "preferredLanguage: " + self.chance.choice(("en", "ko"))]
        for kind in self.chance.sample(KINDS, PER_MEMBER):
            record = "m-%s-%s" % (uuid, base64.urlsafe_b64encode(self.chance.randbytes(8)).decode().rstrip("="))
            lines += ["musterOutbox: %s %s %d" % (record, kind, int(time.time())), "musterLease: %s 0" % record]
            self.owed[mark].append(kind)
        return "\n".join(lines) + "\n\n"

    def fill(self):
        self.world.stop()
        ldif = "".join(self.entry(mark, n) for n, mark in enumerate(self.marks))
        self.world.tool("slapadd", "-q", "-n", "1", input=ldif.encode())
        self.world.start()

    def live_events(self):
        """While the courier works: resets, and passwords that an administrator sets."""
        good = [mark for mark in self.marks if mark not in self.refused]
        chosen = self.chance.sample(good, min(len(good), self.live))
        self.resets = chosen[:self.messages // RESETS_OF]
        with self.world.use("root") as root, self.world.use() as stranger:
            for mark in chosen:
                if mark in self.resets:
                    people.must(exops.request_reset(stranger, self.dn(mark)), "reset")
                    self.owed[mark].append("reset")
                    time.sleep(0.06)  # twenty in a second are taken
                else:
                    people.must(root.modify(self.dn(mark), ("replace", "userPassword", people.PASSWORD)), "password")
                    self.owed[mark].append("password-set-by-admin")

    # --- while it goes on --------------------------------------------------------------------------------

    def start_courier(self):
        world = self.world
        self.relay = FaultyRelay((world.places["CERT"], world.places["KEY"]), LOGIN, self.chance.getrandbits(32),
                                 TIMEOUT_MS * 3 / 1000, {self.address(mark) for mark in self.refused})
        self.daemon = Daemon(world)
        self.daemon.configure({"courier": {
            "enabled": "yes", "smtp_url": "smtp://127.0.0.1:%d" % self.relay.port, "smtp_user": LOGIN[0],
            "smtp_password_file": self.daemon.secret("smtp.pw", LOGIN[1], "courier"), "smtp_ca_file": world.cacert,
            "smtp_timeout_ms": str(TIMEOUT_MS)}, "log": {"level": "info"}})
        self.daemon.start()

    def left(self, root):
        found = root.search(self.world.base, "(|(musterOutbox=*)(musterLease=*)(objectClass=musterRequest))", ["1.1"]).entries
        return len(found)

    def kill_now_and_then(self, over):
        while not over.wait(self.chance.uniform(*KILL_EVERY_SEC)):
            pid = self.daemon.children().get("courier")
            if pid:
                os.kill(pid, signal.SIGKILL)
                self.killed += 1

    def run(self):
        tap.note("seed %d, %d messages" % (self.seed, self.messages))
        self.fill()
        self.start_courier()
        over = threading.Event()
        events = threading.Thread(target=self.live_events)
        killer = threading.Thread(target=self.kill_now_and_then, args=(over,))
        begun = time.monotonic()
        events.start()
        killer.start()
        try:
            events.join()
            with self.world.use("root") as root:
                wait_for("nothing is owed", lambda: time.sleep(0.5) or self.left(root) == 0, LIMIT_SEC)
        finally:
            over.set()
            killer.join()
        self.seconds = time.monotonic() - begun
        self.check()
        self.relay.stop()
        self.daemon.stop()

    # --- what came out -----------------------------------------------------------------------------------

    def read(self):
        """Of each message: (mark in the envelope, marks anywhere in it, subject, token)."""
        for receivers, over_tls, octets in self.relay.taken:
            message = email.message_from_bytes(octets, policy=email.policy.default)
            text = message.get_body(("plain",)).get_content()
            marks = set(MARK.findall("\n".join("%s: %s" % pair for pair in message.items()) + text))
            addressed = set(MARK.findall(" ".join(receivers)))
            yield receivers, over_tls, addressed, marks, message["Subject"], mail.token_of(message)

    def check(self):
        got, tokens, foreign, wrong_way = collections.Counter(), collections.defaultdict(list), [], []
        for receivers, over_tls, addressed, marks, subject, token in self.read():
            if len(receivers) != 1 or len(addressed) != 1 or not over_tls:
                wrong_way.append(receivers)
                continue
            mark = addressed.pop()
            if marks != {mark}:
                foreign.append((mark, marks))
            got[mark, subject] += 1
            if token:
                tokens[mark].append(token)
        of_mark = collections.Counter(mark for mark, _ in got)  # different messages, told by their subject
        owed = {mark: kinds for mark, kinds in self.owed.items() if mark not in self.refused}
        missing = [mark for mark, kinds in owed.items() if of_mark[mark] < len(set(kinds))]
        surplus = [mark for mark, kinds in owed.items() if of_mark[mark] > len(set(kinds))]
        twice = sum(count - 1 for count in got.values())
        total = sum(len(kinds) for kinds in owed.values())
        faults = sum(self.relay.faults.values())
        tap.note("figure: courier: %d messages owed, %d taken by the relay, %d of them again; %d faults in %d connections, "
                 "courier killed %d times, %.0f s"
                 % (total, len(self.relay.taken), twice, faults, self.relay.sessions, self.killed, self.seconds))
        tap.note("faults: " + ", ".join("%s %s %d" % (*what, n) for what, n in sorted(self.relay.faults.items())))
        tap.is_(missing, [], "each message owed has arrived at least once")
        tap.is_(surplus, [], "and nothing that was not owed")
        tap.is_(wrong_way, [], "every message goes to one receiver, over TLS")
        tap.is_(foreign, [], "no message holds anything of another member")
        tap.is_([mark for mark in self.refused if of_mark[mark]], [], "nothing goes to an address that the relay refused")
        tap.ok(faults > self.messages // 50, "the relay failed often enough")
        with self.world.use("root") as root:
            tap.is_(self.left(root), 0, "outbox, queue and leases are empty")
        self.redeem(tokens)
        log = self.daemon.log()
        tap.ok(not any(token in log for found in tokens.values() for token in found), "no token is in the log")

    def redeem(self, tokens):
        """Of each reset the token that came last is good, no other one."""
        older, last = [], []
        with self.world.use() as stranger:
            for mark in self.resets:
                found = tokens[mark]
                for token in found[:-1]:
                    if token != found[-1]:
                        older.append(exops.redeem(stranger, self.dn(mark), token, "Autumn#2026").code)
                last.append(exops.redeem(stranger, self.dn(mark), found[-1], "Autumn#2026").code if found else None)
        tap.is_(set(older) - {49}, set(), "no older token works")
        tap.is_(set(last), {0} if self.resets else set(), "the newest token of every reset works")
