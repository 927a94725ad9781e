"""Random walks of requests about the mail address and the mobile number of one member, beside the model of tests/lib/address_model.py.

The member asks for another address, gives codes that are right, wrong, late, spent, of another request or another purpose, and gives
up; OWNERs ask for it, write the addresses themselves and suspend it. After every request the entry is what the model says, as a whole.
"""

import base64
import collections
import itertools

from . import address_model as model
from . import codes, exops, people
from .address_model import CODES, LOGIN, LOGIN_MAIL, LOGIN_MOBILE, MAIL, MOBILE, PURPOSES, WAITS
from .model import FRESH_SEC, Unsure
from .people import PASSWORD
from .steps import Mismatch, Request, Steps, about

REQUESTS = {"request": 4, "cancel": 1, "give": 2, "bind": 1, "claim": 1, "done": 1, "notice": 2, "owner_request": 1, "write": 2,
            "status": 1, "stranger": 1, "foreign_code": 1, "clock": 2}
OWN = ("give", "request", "cancel")
PAIRS = list(itertools.product(OWN, OWN + ("write", "owner_request")))
GUESSES = (20, 40)  # steps where there are more wrong codes than are allowed
PENDING = {MAIL: "musterPendingMail", MOBILE: "musterPendingMobile", LOGIN: "musterPendingLogin"}
KINDS = {"verify-mail": MAIL, "verify-mobile": MOBILE, "login-mail": LOGIN_MAIL, "login-mobile": LOGIN_MOBILE}
MESSAGES = {code: kind for kind, code in KINDS.items()}
# What an entry has besides, whatever happens to its addresses
ALWAYS = {"objectClass", "uid", "cn", "sn", "mail", "userPassword", "structuralObjectClass", "entryUUID", "creatorsName", "createTimestamp",
          "entryCSN", "modifiersName", "modifyTimestamp", "entryDN", "subschemaSubentry", "hasSubordinates"}
MAYBE = {"pwdChangedTime", "pwdLastSuccess", "musterLoginState", "musterKnownSource", "musterStatus"}


class AddressWalk(Steps):
    """Mail address and mobile number of a member of an organization."""

    pairs, steps, moves = PAIRS, (8, 24), (31, 150, 330, 700, 3700, 90000)

    def __init__(self, walks, name):
        super().__init__(walks, name)
        self.manager, self.fellow, self.own = walks.owner, walks.stranger, []
        self.begin()
        self.numbers, self.ids, self.texts = itertools.count(1), {}, {}  # of records to their id, of codes to their text
        # One that goes through wrong codes, one that lets them grow old
        self.guesses, self.waits = self.chance.choice(((False, False), (False, False), (True, False), (False, True)))
        if self.guesses:
            self.steps = GUESSES
        self.addresses = self.addresses_of()

    def begin(self):
        self.member = people.restored(self.walks.acme, PASSWORD, root=self.root)
        self.dn, self.state = self.member.dn, model.State(self.member.mail)

    def addresses_of(self):
        """What the member asks for."""
        uid = self.member.uid.split("@")[0]
        number = "+8210%08d" % (hash_of(uid) % 10 ** 8)
        return {MAIL: [self.member.mail] + ["%s-%s@acme.example" % (uid, letter) for letter in "ab"],
                MOBILE: [number[:-1] + digit for digit in "123"]}

    def now(self):
        return self.walks.now()

    # --- a walk -------------------------------------------------------------------------------------------

    def requests(self):
        weights, state = dict(REQUESTS), self.state
        if state.status != "active":
            weights["status"] = 8
        elif state.bound is None or self.now() - state.bound > FRESH_SEC:
            weights["bind"] = 12
        if state.records:
            weights.update(claim=30 if self.guesses else 8, done=2)
        sent = [code.minted for code in state.codes.values() if code is not None]
        if sent:
            weights["give"] = 200 if self.guesses else 9
        if sent and self.waits:
            weights["give" if self.now() - max(sent) > model.CODE_SEC else "clock"] = 20
        return weights

    def places(self):
        return (0, 1)

    def at_the_end(self):
        """A day later an address can be changed, whatever happened before."""
        self.walks.move(codes.DAY_SEC + 3600)
        if self.state.status != "active":
            self.carry_out(self.make_status("active"))
        self.carry_out(self.make_bind())
        purpose = self.chance.choice(PURPOSES)
        self.prove(purpose, next(one for one in self.addresses[purpose] if one != self.state.present[purpose]))

    def prove(self, purpose, value):
        """The whole way to another address, or to the mark of the present one."""
        self.carry_out(self.make_request(purpose, value))
        self.carry_out(self.make_claim(max(self.state.records)))
        self.carry_out(self.make_give((purpose, value), self.state.codes[purpose].number))
        if (self.state.present[purpose], self.state.proved[purpose]) != (value, True):
            raise Mismatch("at the end: %s is not %s" % (purpose, value))

    def end(self):
        self.let_go()
        self.root.delete(self.dn)

    def let_go(self):
        while self.own:
            self.drop(self.own.pop())

    # --- comparing ----------------------------------------------------------------------------------------

    def entry(self):
        return self.root.entry(self.dn)

    def wanted(self):
        state = self.state
        owed = +state.told
        for record in state.records.values():
            owed[MESSAGES[record.code], record.address] += 1
        return {
            "mail": state.present[MAIL], "mobile": state.present[MOBILE], "proved": state.proved, "proved last": state.proved_last,
            "waiting": state.pending, "owed": owed, "leases": sum(owed.values()), "status": state.status,
            "records": sorted(str(self.ids.get(number)) for number in state.records),
            "codes": {which: code and (self.ids[code.record], code.address) for which, code in state.codes.items()},
            "counts": {purpose: count._replace(since=None) for purpose, count in state.counts.items()},
            "days began": {purpose: count.since for purpose, count in state.counts.items()},
            "else": [], "connections": 2 if state.bound is not None else 0,
        }

    def seen(self, entry):
        stored = {name: [value.decode(errors="replace") for value in values] for name, values in entry.items()}
        one = {name: values[0] for name, values in stored.items()}
        owed = [value.split(" ") for value in stored.get("musterOutbox", [])]
        counts = dict.fromkeys(CODES, model.NONE)
        for value in stored.get("musterCodeCount", []):
            purpose, since, wrong, sent = value.split(" ")
            counts[purpose] = model.Count(int(since), int(wrong), int(sent))
        sent = dict.fromkeys(WAITS)
        for value in stored.get("musterChallenge", []):
            words = value.split(" ")
            sent[words[0]] = (words[1], decoded(words[6])) if sent.get(words[0], 0) is None else value
        return {
            "mail": one["mail"], "mobile": one.get("mobile"), "proved last": one.get("musterVerifiedMail"),
            "proved": {MAIL: "musterMailVerified" in one, MOBILE: "musterMobileVerified" in one},
            "waiting": {purpose: one.get(name) for purpose, name in PENDING.items()}, "status": one.get("musterStatus", "active"),
            "owed": collections.Counter((words[1], decoded(words[3]) if len(words) > 3 else None) for words in owed),
            "leases": len(stored.get("musterLease", [])), "records": sorted(words[0] for words in owed if words[1] in KINDS),
            "codes": sent, "counts": {purpose: count._replace(since=None) for purpose, count in counts.items()},
            "days began": {purpose: about(self.state.counts[purpose].since, count.since)
                           for purpose, count in counts.items()},
            "else": self.other_names(stored), "connections": sum(self.is_own(one) for one in self.own),
        }

    def is_own(self, connection):
        return connection.whoami() == "dn:" + self.dn

    @staticmethod
    def other_names(stored):
        """Attributes that no request of a walk leaves, and single ones that have several values."""
        ours = {"mobile", "musterMailVerified", "musterMobileVerified", "musterVerifiedMail"} | set(PENDING.values())
        lists = {"musterOutbox", "musterLease", "musterChallenge", "musterCodeCount"}
        found = sorted(ALWAYS - set(stored)) + sorted(set(stored) - ALWAYS - MAYBE - ours - lists)
        return found + [name for name in ("mail", *sorted(ours)) if len(stored.get(name, [])) > 1]

    # --- what requests are made of --------------------------------------------------------------------------

    def judging(self, judge, *arguments):
        return lambda state: judge(state, self.now(), *arguments)

    def some_address(self, purpose):
        return self.chance.choice(self.addresses[purpose])

    def learn_records(self, state):
        """Ids of records that are new: of those about one address any may be either. Of two at once the other order may have been
        looked at before: what is owed belongs to a record of this state."""
        found = [value.decode().split(" ") for value in self.entry().get("musterOutbox", [])]
        owed = {words[0] for words in found}
        self.ids = {number: record for number, record in self.ids.items() if number in state.records or record not in owed}
        for number, record in state.records.items():
            if self.ids.get(number) is None:
                free = [words[0] for words in found if KINDS.get(words[1]) == record.code and decoded(words[3]) == record.address
                        and words[0] not in self.ids.values()]
                self.ids[number] = free[0] if free else None

    def some_code(self):
        """(number, text): the last one as a rule; one that was spent, that was another's, or that never was."""
        sent = [code.number for code in self.state.codes.values() if code is not None and code.number in self.texts]
        kind = self.chance.choice(("sent", "known") + (("never",) * 8 if self.guesses else ("sent",) * 6 + ("never",) * 2))
        choice = {"sent": sent, "known": sorted(self.texts), "never": []}[kind]
        text = self.texts[self.chance.choice(choice)] if choice else codes.other(*self.texts.values())
        return self.number_of(text), text

    def number_of(self, text):
        """The code that is now what was typed: two may have the same digits by chance."""
        known = [number for number, known in self.texts.items() if known == text]
        live = [code.number for code in self.state.codes.values() if code is not None and code.number in known]
        if len(live) > 1:
            raise Unsure
        return live[0] if live else None

    # --- requests of the member -----------------------------------------------------------------------------

    def by_member(self, text, judge, changes, learn=lambda state: None):
        if self.state.bound is None:
            return None
        return Request("self: " + text, judge, lambda place: self.own[place].modify(self.dn, *changes).code, learn)

    def make_bind(self):
        def send(_):
            self.let_go()
            self.own = [self.world.session() for _ in range(2)]
            return [one.bind(self.dn, PASSWORD).code for one in self.own][-1]
        return Request("bind", self.judging(model.judge_bind), send, single=True)

    def some_purpose(self):
        return self.chance.choice(PURPOSES)

    def some_numbers(self, purpose):
        return [next(self.numbers) for _ in CODES[purpose]]

    def make_request(self, purpose=None, value=None):
        purpose = purpose or self.some_purpose()
        numbers, value = self.some_numbers(purpose), value or self.some_address(purpose)
        return self.by_member("request %s: %s" % (numbers, value), self.judging(model.judge_request, numbers, purpose, value),
                              [("replace", PENDING[purpose], value)], self.learn_records)

    def some_waiting(self, purposes=PURPOSES):
        """(purpose, the value that waits or another one)"""
        waiting = [purpose for purpose in purposes if self.state.pending[purpose] is not None]
        purpose = self.chance.choice(waiting or list(purposes))
        value = self.state.pending[purpose]
        return purpose, value if value is not None and self.chance.randrange(6) else self.some_address(purpose)

    def make_cancel(self):
        purpose, value = self.some_waiting(self.addresses)
        value = self.chance.choice((None, value))
        return self.by_member("cancel %s, %s" % (purpose, value), self.judging(model.judge_cancel, purpose, value),
                              [("delete", PENDING[purpose], value)])

    def make_give(self, named=None, number=None):
        if number is None:
            number, text = self.some_code()
        else:
            text = self.texts[number]
        purpose, value = named or (self.some_waiting() if self.chance.randrange(2) else (None, None))
        changes = [("add", "musterCode", text)]
        if purpose is not None:
            changes.insert(self.chance.randrange(2), ("delete", PENDING[purpose], value))
        return self.by_member("give %s for %s %s" % (number, purpose, value), self.judging(model.judge_give, purpose, value, number),
                              changes)

    # --- the courier ----------------------------------------------------------------------------------------

    def make_claim(self, number=None):
        known = sorted(number for number, record in self.ids.items() if record is not None)
        number = number or (self.chance.choice(known[-3:]) if known else None)
        if number is None:
            return None
        code, answer = next(self.numbers), {}

        def judge(state):
            result, answer["made"] = model.judge_claim(state, self.now(), number, code)
            answer.update(self.expected(state, number, answer["made"]))
            return result

        def send(_):
            result, answer["got"] = exops.claim(self.walks.courier, self.ids[number])
            return result.code

        def learn(state):
            got = answer["got"]
            if got is None:
                return
            seen = dict(got, secret=got["secret"] is not None)
            if any(seen[name] != answer[name] for name in ("kind", "address", "secret")):
                raise Mismatch("claim: %r, not %r" % (seen, answer))
            if seen["secret"]:
                if got["secret"] in self.texts.values():
                    self.walks.counts["(a code twice)"] += 1
                self.texts[code] = got["secret"]
        return Request("claim %d, code %d" % (number, code), judge, send, learn, single=True)

    def expected(self, state, number, made):
        """What the answer to a claim says when a code was made."""
        if not made:
            return {"kind": "void", "address": "", "secret": False}
        record = state.records[number]
        known = record.code == LOGIN_MAIL and record.address in state.taken
        return {"kind": "login-known" if known else MESSAGES[record.code], "address": record.address, "secret": not known}

    def make_done(self):
        known = sorted(number for number, record in self.ids.items() if record is not None)
        number = self.chance.choice(known[-3:]) if known else None
        return number and Request("done %d" % number, self.judging(model.judge_done, number),
                                  lambda _: exops.done(self.walks.courier, self.ids[number]).code, single=True)

    def make_notice(self):
        values = [value.decode().split(" ") for value in self.entry().get("musterOutbox", [])]
        values = [words for words in values if words[1] not in KINDS]
        if not values or self.state.status != "active":  # nothing is told to who may not log in
            raise Unsure
        words = self.chance.choice(values)

        def send(_):
            result, got = exops.claim(self.walks.courier, words[0])
            if result.code == 0 and (got["kind"], got["address"], got["secret"]) != (words[1], decoded(words[3]), None):
                raise Mismatch("notice %s: %r" % (words[1], dict(got, secret=got["secret"] is not None)))
            return result.code or exops.done(self.walks.courier, words[0]).code
        return Request("notice %s" % words[1], self.judging(model.judge_notice, words[1], decoded(words[3])), send, single=True)

    # --- others ---------------------------------------------------------------------------------------------

    def by_owner(self, text, judge, *changes):
        return Request("owner: " + text, judge, lambda _: self.manager.modify(self.dn, *changes).code, self.learn_records)

    def make_owner_request(self):
        purpose = self.some_purpose()
        numbers, value = self.some_numbers(purpose), self.some_address(purpose)
        return self.by_owner("request %s: %s" % (numbers, value), self.judging(model.judge_owner_request, numbers, purpose, value),
                             ("replace", PENDING[purpose], value))

    def make_write(self):
        number, purpose = next(self.numbers), self.chance.choice(PURPOSES)
        value = None if purpose == MOBILE and self.chance.randrange(4) == 0 else self.some_address(purpose)
        return self.by_owner("%s is %s, %d" % (purpose, value, number), self.judging(model.judge_write, number, purpose, value),
                             ("delete" if value is None else "replace", purpose, value))

    def make_status(self, status=None):
        status = status or self.chance.choice(("suspended", "active", "active", "closed"))
        return self.by_owner(status, self.judging(model.judge_status, status), ("replace", "musterStatus", status))

    def make_stranger(self):
        purpose = self.some_purpose()
        name = {LOGIN: "uid"}.get(purpose, purpose)
        change = self.chance.choice((("replace", PENDING[purpose], self.some_address(purpose)), ("add", "musterCode", self.some_code()[1]),
                                     ("delete", PENDING[purpose], None), ("replace", name, self.some_address(purpose))))
        return Request("a fellow: %s %s" % change[:2], self.judging(model.judge_stranger),
                       lambda _: self.fellow.modify(self.dn, change).code, single=True)

    def make_foreign_code(self):
        text = self.some_code()[1]
        return Request("owner: a code", self.judging(model.judge_foreign_code),
                       lambda _: self.manager.modify(self.dn, ("add", "musterCode", text)).code, single=True)


def decoded(word):
    return base64.b64decode(word).decode()


def hash_of(text):
    """The same in every run, unlike hash()."""
    return int.from_bytes(text.encode(), "big")
