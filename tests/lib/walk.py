"""Random walks of requests about one member, carried out in a directory and in the model of tests/lib/model.py side by side. Some of
them are walks of tests/lib/application_walk.py, address_walk.py and login_walk.py.

    walks = Walks(seed); walks.run(100); walks.wrong        what the two did not agree on, as text
"""

import base64
import collections
import itertools
import random

from . import exops, people, totp
from . import address_model, model
from .address_walk import AddressWalk
from .application_walk import ApplicationWalk
from .login_walk import LoginWalk
from .model import CREDENTIALS, OK, Unsure
from .steps import Mismatch, Request, Steps, fits
from .world import World

PASSWORD = "Winter#2026"
GOOD = ["Harbour#%02d" % n for n in range(41, 49)]
BAD = ["short#1", "nodigits#here", "NoSpecials77", "Far#Too#Long#For#This#1"]
NEVER = "Neverset#99"
EDGE_SEC = 4        # no code of the step before when the present one ends so soon
POLICY = {"pwdMaxFailure": "100", "musterDailyPasswordFailures": "1000", "pwdInHistory": "2",
          "musterMaxAppPasswords": str(model.APP_PASSWORDS)}

CAPS = "olcMusterMessageCaps: member=%d address=1000000 sms=1000000" % address_model.SENT_MAX

New = collections.namedtuple("New", "text bad")

REQUESTS = {"reset": 1, "claim": 1, "redeem": 1, "done": 1, "bind": 4, "change_password": 2, "enrol": 3, "remove": 2, "recovery": 1,
            "app_password": 2,
            "self_enrol": 0, "self_remove": 0, "self_password": 0, "owner_password": 1, "owner_status": 1, "owner_mail": 1,
            "owner_factor": 1, "stranger": 1, "courier": 1, "clock": 3}
PAIRS = list(itertools.product(("redeem", "change_password", "enrol", "remove", "app_password"),
                               ("redeem", "change_password", "enrol", "remove", "app_password", "owner_password", "owner_mail",
                                "owner_factor", "owner_status")))
# Beside what makes no codes or tokens of its own: which of them are whose would not be known.
PAIRS += list(itertools.product(("recovery",), ("redeem", "change_password", "remove", "app_password", "owner_password", "owner_mail",
                                                "owner_factor", "owner_factor", "owner_status")))
LABELS = ("Mail", "Calendar", "Printer", "Backup", "Telephone", "Files")
# A connection of its own may be ended by the other one.
OWN = ("self_enrol", "self_remove", "self_password")
PAIRS += [pair for pair in itertools.product(OWN, ("redeem", "change_password", "remove", "app_password", "owner_password", "owner_mail",
                                                   "owner_factor", "owner_status"))
          # A factor that begins at the very moment is not asked for yet.
          if pair not in (("self_enrol", "change_password"), ("self_enrol", "app_password"))] + [("self_password", "enrol")]
# What a request may be answered whose entry another one changed while it was judged: the credentials are none any more, or a value
# that it read is gone.
OVERTAKEN = (model.CREDENTIALS, model.NO_VALUE)


class Walks:
    def __init__(self, seed):
        self.seed, self.chance = seed, random.Random(seed)
        self.world = World(faketime=True, config=("olcMusterArgon2: m=8192 t=1", CAPS))
        self.moved, self.moment = 0, None
        self.root = self.world.session("root")
        self.acme = people.organization(self.world, policy=POLICY, root=self.root)
        people.give_password(self.world, self.acme.owner, PASSWORD, self.root)
        self.owner = self.world.session(self.acme.owner.dn, PASSWORD)
        self.stranger_member = people.member(self.acme, "stranger", password=PASSWORD, root=self.root)
        self.stranger = self.world.session(self.stranger_member.dn, PASSWORD)
        self.courier = self.world.session("courier")
        self.anyone = [self.world.session() for _ in range(2)]
        for one in self.anyone:
            one.root_dse()
        self.foreign_tokens = ["mr1-" + base64.urlsafe_b64encode(bytes(32)).decode().rstrip("=")]
        self.cast = self.named = None  # what the first walks that need it make
        self.wrong, self.requests, self.counts, self.pairs = [], 0, collections.Counter(), 0

    def run(self, count, kinds=None):
        """kinds: as a rule two walks in five are about passwords and factors, one each about applications, addresses and login IDs"""
        kinds = kinds or (Walk,) * 2 + (ApplicationWalk, AddressWalk, LoginWalk)
        for number in range(count):
            walk = kinds[number % len(kinds)](self, "%s-%d" % (self.seed, number))
            try:
                walk.run()
            except Mismatch as mismatch:
                self.wrong.append("walk %d of seed %s: %s\n  %s" % (number, self.seed, mismatch, "\n  ".join(walk.told)))
            walk.end()
            self.requests += len(walk.told)

    # --- the clock --------------------------------------------------------------------------------------

    def now(self):
        return (self.moment or totp.clock()) + self.moved

    def move(self, seconds):
        self.moved += seconds
        self.world.move_clock(self.moved, self.moved)


class Walk(Steps):
    """Password, tokens, factor and app passwords of a member of an organization."""

    pairs, overtaken, moves = PAIRS, OVERTAKEN, (31, 95, 150, 330, 1000, 3700, 90000)

    def __init__(self, walks, name):
        super().__init__(walks, name)
        self.tokens, self.seeds, self.codes = {}, {}, {}  # number in the model to what slapd, or we, made
        self.records = {}                                  # number of a queue record to its id
        self.connection = None
        with_password = self.chance.random() < 0.7
        if with_password:
            self.member = people.restored(walks.acme, PASSWORD, root=self.root)
        else:
            self.member = people.member(walks.acme, root=self.root)
        self.dn = self.member.dn
        self.state = model.State(self.member.mail, PASSWORD if with_password else None)
        self.kept(self.entry())

    def entry(self):
        return self.root.entry(self.dn)

    # --- a walk -----------------------------------------------------------------------------------------

    def requests(self):
        """More often one that gets somewhere: a walk has to go through all of a reset now and then."""
        weights = dict(REQUESTS)
        if self.state.queue:
            weights["claim"] = 8
        if self.state.challenge:
            weights["redeem"] = 8
        if self.state.connection:
            weights.update(self_enrol=4, self_remove=4, self_password=3)
        if not self.records:
            weights["reset"] = 4
        return weights

    def answers_fit(self, names, expected, got):
        """Where an administrator sets or takes away the factor at the very moment that a code of it is judged, the code may be
        called wrong instead of not needed."""
        if names[0] in OWN and (got[0] == model.NO_ANSWER or (expected[0] == model.NO_ANSWER and got[0] != OK)):
            expected = (got[0], expected[1])  # what is stored tells whether it was carried out
        if "owner_factor" not in names:
            return fits(expected, got)
        return fits(expected, got) or all(one == other or (one, other) == (model.UNWILLING, CREDENTIALS)
                                          for one, other in zip(expected, got))

    def allow(self, names, state, entry):
        if "owner_factor" in names and state.seed is not None and "oathTOTPLastTimeStep" in entry:
            state.last_step = int(entry["oathTOTPLastTimeStep"][0])  # its step may stay with the new seed
        if "owner_password" in names and len(entry.get("pwdHistory", [])) < len(state.older):
            del state.older[0]  # an administrator's password does not know of one that was set at the very same moment

    def at_the_end(self):
        """What the model says of the password is so: it is let in with nothing else."""
        if self.state.password is None or self.state.status != "active" or self.state.must_change:
            return
        self.walks.move(95)
        code = ("step", self.state.seed, self.step()) if self.state.seed is not None else None
        request = self.bind_request(self.state.password, code)
        got = request.send(self.walks.anyone[0])
        if got != self.judge(request, self.state):
            raise Mismatch("at the end: the member is not let in: %s" % got)

    def end(self):
        """Nothing of this walk is left for the next one."""
        self.drop(self.connection)
        self.root.delete(self.dn)
        for record in self.queue():
            self.root.delete("cn=%s,ou=queue,%s" % (record, self.world.base))

    # --- comparing --------------------------------------------------------------------------------------

    def queue(self):
        target = "dn:" + self.dn.lower()
        found = self.root.search("ou=queue," + self.world.base, "(musterRequestTarget=%s)" % target, ["cn"]).entries
        return [attributes["cn"][0].decode() for _, attributes in found]

    def kept(self, entry):
        """Values that nobody can tell, only whether they are others than before."""
        self.hash, self.version = entry.get("userPassword"), self.state.version
        self.seed_value, self.seed_number = entry.get("oathSecret"), self.state.seed

    def wanted(self):
        state = self.state
        return {
            "passwords": int(state.password is not None), "password is another": state.version != self.version,
            "pwdReset": state.must_change, "status": state.status, "mail": state.mail,
            "mail proved": state.mail_verified, "proved address": state.verified_mail,
            "challenge": state.challenge and ("reset", self.records[state.challenge.record], state.challenge.address),
            "seed": state.seed is not None, "seed is another": state.seed != self.seed_number,
            "last step": state.last_step, "recovery codes": len(state.recovery),
            "app passwords": sorted(state.app_passwords),
            "owed": +state.outbox, "leases": sum(state.outbox.values()),
            "older passwords": min(len(state.older), model.HISTORY - 1),
            "queue": sorted(self.records.get(number) for number in state.queue if number in self.records),
            "connection": state.connection is not None,
        }

    def seen(self, stored):
        entry = {name: [value.decode(errors="replace") for value in values] for name, values in stored.items()}
        one = {name: values[0] for name, values in entry.items()}
        challenges = [value.split(" ") for value in entry.get("musterChallenge", [])]
        return {
            "passwords": len(stored.get("userPassword", [])), "password is another": stored.get("userPassword") != self.hash,
            "pwdReset": one.get("pwdReset") == "TRUE", "status": one.get("musterStatus", "active"), "mail": one["mail"],
            "mail proved": "musterMailVerified" in one, "proved address": one.get("musterVerifiedMail"),
            "challenge": None if not challenges else (challenges[0][0], challenges[0][1],
                                                      base64.b64decode(challenges[0][6]).decode())
            if len(challenges) == 1 else challenges,
            "seed": "oathSecret" in one, "seed is another": stored.get("oathSecret") != self.seed_value,
            "last step": int(one["oathTOTPLastTimeStep"]) if "oathTOTPLastTimeStep" in one else None,
            "recovery codes": len(entry.get("musterRecoveryCode", [])),
            "app passwords": sorted(label_of(value) for value in entry.get("musterAppPassword", [])),
            "owed": collections.Counter(owed(value) for value in entry.get("musterOutbox", [])),
            "leases": len(entry.get("musterLease", [])),
            "older passwords": len(entry.get("pwdHistory", [])),
            "queue": sorted(self.queue()),
            "connection": self.connection is not None and self.connection.whoami() == "dn:" + self.dn,
        }

    # --- what requests are made of ------------------------------------------------------------------------

    def step(self):
        return totp.step(self.walks.now())

    def some_password(self):
        """The right one as a rule."""
        right = self.state.password or NEVER
        return self.chance.choice([right] * 5 + [NEVER, right.lower(), right + " ", ""] + self.state.older[:1])

    def some_new(self):
        if self.chance.randrange(4) == 0:
            return New(self.chance.choice(BAD), True)
        return New(self.chance.choice(GOOD), False)

    def some_code(self, seed):
        """(in the model, as typed) of a seed: right as a rule; a step is spent or not as it comes."""
        if seed is None:
            return None, None
        now = self.walks.now()
        step, secret = totp.step(now), self.seeds[seed]
        if now % totp.PERIOD > totp.PERIOD - EDGE_SEC or now % totp.PERIOD < 1:
            raise Unsure
        kind = self.chance.choice(("now", "now", "now", "before", "wrong", "late", "early", "recovery"))
        if kind == "recovery" and self.codes:
            number = self.chance.choice(sorted(self.codes))
            return ("recovery", number), self.codes[number]
        if kind in ("now", "before"):
            step -= kind == "before"
            return ("step", seed, step), totp.code_of_step(secret, step)
        typed = {"late": totp.code_of_step(secret, step - 4), "early": totp.code_of_step(secret, step + 3)}.get(kind)
        if typed is None or typed in (totp.code_of_step(secret, step + n) for n in (-1, 0, 1)):
            typed = totp.wrong_code(secret, now)
        return ("wrong",), typed

    def new_seed(self):
        number = max(self.seeds, default=0) + 1000
        self.seeds[number] = totp.new_secret()
        return number

    def some_token(self):
        """(number or None, text)"""
        known = sorted(self.tokens)
        chosen = self.chance.choice(known[-1:] * 4 + known[:1] + [None])
        if chosen is None:
            return None, self.chance.choice(self.walks.foreign_tokens + ["", "mr1-", "mr1-" + "A" * 43])
        text = self.tokens[chosen]
        if self.chance.randrange(8) == 0:
            return None, self.chance.choice([text[:-1], text + "A", text[:-2] + "__", text.upper()])
        return chosen, text

    # --- requests ---------------------------------------------------------------------------------------

    def make_reset(self):
        request = Request("requestReset", lambda state: model.judge_reset(state, self.walks.now()),
                          lambda one: exops.request_reset(one, self.dn).code, self.learn_records)
        request.single = True
        return request

    def learn_records(self, state):
        """The one number that has no id yet is the one id that has no number."""
        for number in state.queue:
            if number not in self.records:
                ids = set(self.queue()) - set(self.records.values())
                self.records[number] = ids.pop() if ids else None

    def make_claim(self):
        if not self.records:
            return None
        number = self.chance.choice(sorted(self.records)[-2:])
        answer = {}

        def judge(state):
            code, answer["number"] = model.judge_claim(state, self.walks.now(), number)
            answer["address"] = model.reset_address(state)
            return code

        def send(_):
            result, answer["got"] = exops.claim(self.walks.courier, self.records[number])
            return result.code

        def learn(_):
            got = answer["got"]
            if got is None:
                return
            if (got["secret"] is not None) != (answer["number"] is not None) or (got["kind"] == "void") != (got["secret"] is None):
                raise Mismatch("claim: %r" % dict(got, secret=bool(got["secret"])))
            if got["secret"] is not None:
                if got["address"] != answer["address"] or got["facts"].get("login") != self.member.uid:
                    raise Mismatch("claim: %r, not to %s" % (dict(got, secret=True), answer["address"]))
                self.tokens[answer["number"]] = got["secret"]
                if self.chance.randrange(4) == 0:
                    self.walks.foreign_tokens = (self.walks.foreign_tokens + [got["secret"]])[-5:]
            elif got["address"] or got["facts"]:
                raise Mismatch("claim: void, but %r" % got)
        return Request("claim %d" % number, judge, send, learn, single=True)

    def make_done(self):
        if not self.records:
            return None
        number = self.chance.choice(sorted(self.records)[-2:])
        outcome = self.chance.choice((exops.SENT, exops.FAILED))
        return Request("done %d" % number, lambda state: model.judge_done(state, self.walks.now(), number),
                       lambda _: exops.done(self.walks.courier, self.records[number], outcome).code)

    def make_redeem(self):
        (number, text), new = self.some_token(), self.some_new()
        if text in self.walks.foreign_tokens and text in self.tokens.values():
            return None
        return Request("redeem token %s, new %s" % (number, new.text),
                       lambda state: model.judge_redeem(state, self.walks.now(), number, new),
                       lambda one: exops.redeem(one, self.dn, text, new.text).code)

    def bind_request(self, password, code, typed=None):
        if code and code[0] == "step":
            typed = totp.code_of_step(self.seeds[code[1]], code[2])

        def send(_):
            self.tried = self.world.session()
            return self.tried.bind_factor(self.dn, password, typed).code

        def learn(state):
            tried, self.tried = self.tried, None
            if state.connection is not None and getattr(state.connection, "said", None) is None and tried.whoami() != "":
                self.drop(self.connection)
                state.connection.said, self.connection = True, tried
            else:
                if tried.whoami() not in ("", None):
                    raise Mismatch("a refused bind has an identity")
                self.drop(tried)
        return Request("bind %s, code %s" % (password, code), lambda state: model.judge_bind(state, self.walks.now(), password, code),
                       send, learn, single=True)

    def make_bind(self):
        password = self.some_password()
        if not password:
            return None
        code, typed = self.some_code(self.state.seed)
        if code is not None and self.chance.randrange(5) == 0:
            code, typed = None, None
        return self.bind_request(password, code, typed)

    def make_change_password(self):
        password, new = self.some_password(), self.some_new()
        code, typed = self.some_code(self.state.seed)
        return Request("changePassword %s, code %s, new %s" % (password, code, new.text),
                       lambda state: model.judge_change_password(state, self.walks.now(), password, code, new),
                       lambda one: exops.change_password(one, self.dn, password, new.text, typed).code)

    def make_enrol(self):
        password, seed = self.some_password(), self.new_seed()
        code, typed = self.some_code(seed)
        step = code[2] if code[0] == "step" else None
        answer = {}

        def send(one):
            result, answer["codes"] = exops.enrol_totp(one, self.dn, password, self.seeds[seed], typed)
            return result.code
        return Request("enrolTotp %s, seed %d, code %s" % (password, seed, code),
                       lambda state: model.judge_enrol(state, self.walks.now(), password, seed, step), send,
                       lambda state: self.learn_codes(state, answer["codes"]))

    def learn_codes(self, state, codes):
        if not codes:
            return
        fresh = sorted(state.recovery - set(self.codes))
        if fresh and len(codes) != len(fresh):  # they may be gone with their factor at once
            raise Mismatch("%d recovery codes, not %d" % (len(codes), len(fresh)))
        self.codes.update(zip(fresh, codes))

    def make_remove(self):
        password = self.some_password()
        code, typed = self.some_code(self.state.seed)
        if code is None:
            code, typed = ("wrong",), "123456"
        return Request("removeTotp %s, code %s" % (password, code),
                       lambda state: model.judge_remove(state, self.walks.now(), password, code),
                       lambda one: exops.remove_totp(one, self.dn, password, typed).code)

    def make_app_password(self):
        password, label = self.some_password(), self.chance.choice(LABELS)
        code, typed = self.some_code(self.state.seed)
        return Request("newAppPassword %s, code %s, %s" % (password, code, label),
                       lambda state: model.judge_app_password(state, self.walks.now(), password, code, label),
                       lambda one: exops.new_app_password(one, self.dn, password, label, code=typed)[0].code)

    def make_recovery(self):
        password = self.some_password()
        code, typed = self.some_code(self.state.seed)
        if code is None:
            code, typed = ("wrong",), "123456"
        answer = {}

        def send(one):
            result, answer["codes"] = exops.new_recovery_codes(one, self.dn, password, typed)
            return result.code
        return Request("newRecoveryCodes %s, code %s" % (password, code),
                       lambda state: model.judge_recovery(state, self.walks.now(), password, code), send,
                       lambda state: self.learn_codes(state, answer["codes"]))

    def own(self, text, judge, *changes):
        """A modification on the member's own connection."""
        if self.connection is None or self.state.connection is None:
            return None
        return Request("self: " + text, judge, lambda _: self.connection.modify(self.dn, *changes).code)

    def make_self_enrol(self):
        seed = self.new_seed()
        code, typed = self.some_code(seed)
        step = code[2] if code[0] == "step" else None
        return self.own("seed %d, code %s" % (seed, code), lambda state: model.judge_self_enrol(state, self.walks.now(), seed, step),
                        ("add", "oathSecret", self.seeds[seed]), ("add", "musterCode", typed))

    def make_self_remove(self):
        code, typed = self.some_code(self.state.seed)
        if code is None:
            code, typed = ("wrong",), "123456"
        return self.own("no seed, code %s" % (code,), lambda state: model.judge_self_remove(state, self.walks.now(), code),
                        ("delete", "oathSecret", None), ("add", "musterCode", typed))

    def make_self_password(self):
        password, new = self.some_password() or NEVER, self.some_new()
        request = self.own("password %s, new %s" % (password, new.text),
                           lambda state: model.judge_self_password(state, self.walks.now(), password, new),
                           ("delete", "userPassword", password), ("add", "userPassword", new.text))
        if request is not None and self.chance.randrange(2):
            request.text = "Password Modify " + request.text
            request.send = lambda _: self.connection.passwd(self.dn, password, new.text).code
        return request

    def by_owner(self, text, judge, *changes):
        return Request("owner: " + text, judge, lambda _: self.walks.owner.modify(self.dn, *changes).code)

    def make_owner_password(self):
        new = self.some_new()
        return self.by_owner("password " + new.text, lambda state: model.judge_owner_password(state, self.walks.now(), new),
                             ("replace", "userPassword", new.text))

    def make_owner_status(self):
        status = self.chance.choice(("suspended", "active", "active", "closed"))
        return self.by_owner(status, lambda state: model.judge_owner_status(state, self.walks.now(), status),
                             ("replace", "musterStatus", status))

    def make_owner_mail(self):
        mail = self.chance.choice((self.member.mail, "other-" + self.member.mail))
        return self.by_owner("mail " + mail, lambda state: model.judge_owner_mail(state, self.walks.now(), mail),
                             ("replace", "mail", mail))

    def make_owner_factor(self):
        seed = self.new_seed() if self.chance.random() < 0.5 else None
        change = ("replace", "oathSecret", self.seeds[seed]) if seed else ("delete", "oathSecret", None)
        return self.by_owner("seed %s" % seed, lambda state: model.judge_owner_factor(state, self.walks.now(), seed), change)

    def make_stranger(self):
        change = self.chance.choice((("replace", "userPassword", GOOD[0]), ("replace", "musterStatus", "active"),
                                     ("add", "oathSecret", bytes(20)), ("delete", "oathSecret", None), ("delete", "pwdReset", None),
                                     ("replace", "mail", "thief@example.com"), ("delete", "musterChallenge", None)))
        return Request("a fellow: %s %s" % change[:2], lambda state: model.judge_stranger(state, self.walks.now(), change[1] == "musterChallenge"),
                       lambda _: self.walks.stranger.modify(self.dn, change).code)

    def make_courier(self):
        """A notice that is owed: claimed, sent, done. Nothing secret goes with it."""
        found = [(value.decode().split(" ")[0], owed(value.decode())) for value in self.entry().get("musterOutbox", [])
                 if b" verify-mail " not in value]
        if not found:
            return None
        record, (kind, address) = self.chance.choice(found)

        def judge(state):
            if state.status != "active":  # nothing is told to who may not log in
                raise Unsure
            return model.judge_courier(state, self.walks.now(), kind, address)

        def send(_):
            result, got = exops.claim(self.walks.courier, record)
            if result.code == 0 and (got["kind"], got["address"], got["secret"]) != (kind, address or self.state.mail, None):
                raise Mismatch("notice %s to %s: %r" % (kind, address, got))
            return result.code or exops.done(self.walks.courier, record).code
        return Request("courier: %s" % kind, judge, send, single=True)


def label_of(value):
    """The label of an app password as it is stored."""
    return value.partition(" label=")[2].partition(" networks=")[0]


def owed(value):
    """(kind, address or None) of an outbox value."""
    parts = value.split(" ")
    return parts[1], base64.b64decode(parts[3]).decode() if len(parts) > 3 else None
