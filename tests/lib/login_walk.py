"""Random walks of requests about the login ID of one platform member, besides its mail address and mobile number, beside the model of
tests/lib/address_model.py.

The member asks for another login ID and gives its two codes: right, swapped, one of them wrong or late, of an earlier request; others
get accounts with just these IDs. After every request the entry, and what names it, is what the model says, as a whole.
"""

import collections
import itertools

import ldap.dn

from . import address_model as model
from . import codes, people
from .address_model import ABSENT, CODES, LOGIN, MAIL, MOBILE
from .address_walk import PAIRS as ADDRESS_PAIRS
from .address_walk import PENDING, AddressWalk, hash_of
from .application_walk import Cast
from .model import NO_ANSWER
from .people import PASSWORD
from .session import RELAX
from .steps import PARALLEL, Mismatch, Request

LOGIN_REQUESTS = {"give_login": 2, "half": 1, "taken": 2, "left": 1}
PAIRS = list(itertools.product(("give_login",), ("give_login", "give_login", "request", "cancel", "give", "write", "status", "taken",
                                                 "owner_request")))


class Named:
    """Entries that name platform members, once for all walks."""

    def __init__(self, walks):
        self.organization = people.organization(walks.world, "named", root=walks.root)
        self.operators = "cn=operators,ou=programs," + walks.world.base
        self.group = "cn=staff,ou=groups," + self.organization.dn
        people.must(walks.root.add(self.group, {"objectClass": "groupOfNames", "cn": "staff",
                                                "member": self.organization.owner.dn}), "group")
        self.places = ((self.organization.dn, "owner"), (self.operators, "roleOccupant"), (self.group, "member"))


class LoginWalk(AddressWalk):
    """Login ID, mail address and mobile number of a platform member."""

    def begin(self):
        if self.walks.cast is None:
            self.walks.cast = Cast(self.walks)
        if self.walks.named is None:
            self.walks.named = Named(self.walks)
        self.named, self.manager, self.fellow = self.walks.named, self.walks.cast.admin[0], self.walks.cast.stranger
        name = "l%s" % self.chance.getrandbits(40)
        logins = ["%s@old.example" % name] + ["%s%s@new.example" % (name, tail) for tail in ("", "+a", "-b")]
        mail = logins[0] if self.chance.random() < 0.7 else name + "@else.example"
        self.member = people.Member(None, logins[0], mail, PASSWORD)
        self.state = model.State(mail, logins[0])
        self.logins = logins
        number = "+8210%08d" % (hash_of(name) % 10 ** 8)
        facts = {"objectClass": ["inetOrgPerson", "musterAccount"], "uid": logins[0], "cn": name, "sn": "Test", "mail": mail,
                 "userPassword": self.walks.cast.hash}
        if self.chance.random() < 0.9:
            facts.update(mobile=number[:-1] + "1", musterMobileVerified="20260101000000Z")
            self.state.present[MOBILE], self.state.proved[MOBILE] = number[:-1] + "1", True
        people.must(self.root.add(self.dn, facts, controls=[RELAX]), self.dn)
        self.uuid = self.root.entry(self.dn, ["entryUUID"])["entryUUID"][0].decode()
        people.must(self.root.add("cn=card," + self.dn, {
            "objectClass": ["applicationProcess", "musterPaymentMethod"], "cn": "card", "musterPaymentKind": "card",
            "musterPaymentState": "active", "musterPaymentToken": "tok_1"}), "payment method")
        for dn, attribute in self.named.places:
            people.must(self.root.modify(dn, ("add", attribute, self.dn)), attribute)
        codes.forget(self.root, self.dn)

    def addresses_of(self):
        return {LOGIN: self.logins, **super().addresses_of()}

    def dn_of(self, login):
        return "uid=%s,ou=accounts,%s" % (login.replace("+", "\\+"), self.world.base)

    @property
    def dn(self):
        return self.dn_of(self.state.login)

    # --- a walk -------------------------------------------------------------------------------------------

    def has_both(self):
        return None not in [self.state.codes[code] for code in CODES[LOGIN]]

    @property
    def pairs(self):
        return PAIRS if self.has_both() else ADDRESS_PAIRS

    @property
    def parallel(self):
        return 2 if self.has_both() else PARALLEL

    def some_purpose(self):
        return self.chance.choice((LOGIN, LOGIN, MAIL, MOBILE))

    def requests(self):
        weights = {**super().requests(), **LOGIN_REQUESTS}
        if self.has_both():
            weights["give_login"] = 200 if self.guesses else 25
            weights["half"] = 5
        elif self.state.pending[LOGIN] is not None and self.state.records:
            weights["claim"] = 30
        return weights

    def at_the_start(self):
        """Half of the walks begin with two codes that are good."""
        if self.state.proved[MOBILE] and self.chance.randrange(2):
            self.carry_out(self.make_bind())
            self.ask(self.logins[1])

    def ask(self, login):
        """Up to where both codes have come."""
        self.carry_out(self.make_request(LOGIN, login))
        for number in sorted(self.state.records)[-2:]:
            self.carry_out(self.make_claim(number))

    def at_the_end(self):
        """A day later the login ID can be changed, whatever happened before."""
        super().at_the_end()
        self.walks.move(codes.DAY_SEC + 3600)
        self.carry_out(self.make_bind())
        if not self.state.proved[MOBILE]:
            self.prove(MOBILE, self.addresses[MOBILE][0])
        login = next(one for one in self.logins if one != self.state.login and one not in self.state.taken)
        self.ask(login)
        self.carry_out(self.make_give_login(login, [self.state.codes[code].number for code in CODES[LOGIN]]))
        if self.state.login != login:
            raise Mismatch("at the end: %s is not the login ID" % login)

    def end(self):
        self.let_go()
        name = self.entry_dn()
        for dn, attribute in self.named.places:
            for value in self.root.entry(dn, [attribute])[attribute]:
                if name is not None and plain(value.decode()) == plain(name):
                    people.must(self.root.modify(dn, ("delete", attribute, value)), attribute)
        for login in self.state.taken:
            self.root.delete(self.dn_of(login))
        if name is not None:
            self.root.delete("cn=card," + name)
            people.must(self.root.delete(name), name)

    def answers_fit(self, names, expected, got):
        """Whose connection ends may not hear the answer: what is stored tells whether there was one."""
        return all(one in (other, NO_ANSWER) for one, other in zip(got, expected))

    # --- comparing ----------------------------------------------------------------------------------------

    def found(self, attributes):
        found = self.root.search("ou=accounts," + self.world.base, "(entryUUID=%s)" % self.uuid, attributes).entries
        return found[0] if found else (None, {})

    def entry_dn(self):
        return self.found(["1.1"])[0]

    def entry(self):
        return self.found(["*", "+"])[1]

    def naming(self):
        """Which places name the member; other accounts of the walk are in none."""
        ours = {plain(self.dn_of(login)): login for login in self.logins}
        found = collections.defaultdict(list)
        for dn, attribute in self.named.places:
            for value in self.root.entry(dn, [attribute])[attribute]:
                if plain(value.decode()) in ours:
                    found[attribute].append(ours[plain(value.decode())])
        return dict(found)

    def wanted(self):
        login = self.state.login
        return dict(super().wanted(), login=[login], dn=plain(self.dn), payment=True,
                    naming={attribute: [login] for _, attribute in self.named.places})

    def seen(self, entry):
        return dict(super().seen(entry), login=[value.decode() for value in entry.get("uid", [])], dn=plain(self.entry_dn()),
                    payment=bool(self.root.entry("cn=card," + self.dn, ["cn"])), naming=self.naming())

    def is_own(self, connection):
        name = connection.whoami()
        return bool(name) and plain(name.removeprefix("dn:")) == plain(self.dn)

    # --- requests -------------------------------------------------------------------------------------------

    def by_owner(self, text, judge, *changes):
        """An administrator, by the name that the member has when it is asked."""
        login, dn = self.state.login, self.dn
        return Request("admin: " + text, lambda state: judge(state) if state.login == login else ABSENT,
                       lambda _: self.manager.modify(dn, *changes).code, self.learn_records)

    def some_two(self):
        """The codes there are as a rule, in either order; else any two."""
        sent = [self.state.codes[code] for code in CODES[LOGIN]]
        if None in sent or self.chance.randrange(3) == 0 or any(code.number not in self.texts for code in sent):
            return [self.some_code() for _ in CODES[LOGIN]]
        return self.chance.sample([(code.number, self.texts[code.number]) for code in sent], 2)

    def make_give_login(self, value=None, numbers=None):
        if numbers is None:
            two = [(self.number_of(text), text) for _, text in self.some_two()]
            value = self.some_waiting((LOGIN,))[1] if self.chance.randrange(4) else None
        else:
            two = [(number, self.texts[number]) for number in numbers]
        changes = [("delete", PENDING[LOGIN], value)] + [("add", "musterCode", text) for _, text in two]
        return self.by_member("give %s and %s for %s" % (two[0][0], two[1][0], value),
                              self.judging(model.judge_give_login, value, two[0][0], two[1][0]), self.chance.sample(changes, 3))

    def make_half(self):
        """One code, or both without saying what for: no login ID takes them."""
        (_, first), (_, second) = self.some_two()
        if self.chance.randrange(2):
            value = self.state.pending[LOGIN] or self.logins[0]
            return self.by_member("one code for %s" % value, self.judging(model.judge_half, value),
                                  [("delete", PENDING[LOGIN], value), ("add", "musterCode", first)])
        return self.by_member("two codes for nothing", self.judging(model.judge_half, None),
                              [("add", "musterCode", first), ("add", "musterCode", second)])

    def make_taken(self):
        if len(self.state.taken) == len(self.logins) - 2:
            return None  # one is left for the end
        login = self.chance.choice(self.logins)
        facts = {"objectClass": ["inetOrgPerson", "musterAccount"], "uid": login, "cn": "Else", "sn": "Test", "mail": login,
                 "userPassword": self.walks.cast.hash}
        return Request("%s is somebody else's" % login, self.judging(model.judge_taken, login),
                       lambda _: self.root.add(self.dn_of(login), facts, controls=[RELAX]).code)

    def make_left(self):
        login = self.chance.choice(sorted(self.state.taken) or [None])
        return login and Request("%s is free again" % login, self.judging(model.judge_left, login),
                                 lambda _: self.root.delete(self.dn_of(login)).code, single=True)


def plain(dn):
    """A DN with nothing that may be written in two ways."""
    return dn and ldap.dn.dn2str(ldap.dn.str2dn(dn.lower()))
