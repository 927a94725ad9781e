"""Random walks of requests about the applications of one platform member, beside the model of tests/lib/application_model.py.

The member files, adds documents and withdraws; operators and administrators decide; others and the member itself try to skip that.
After every request the member's entry and everything below ou=applications is what the model says, as a whole.
"""

import calendar
import collections
import itertools
import time

from . import application_model as model
from . import applications, exops, people
from .application_model import APPROVED, FILED, REJECTED
from .model import CONSTRAINT, FRESH_SEC, RIGHTS, UNWILLING, Unsure
from .people import PASSWORD
from .session import RELAX
from .steps import Mismatch, Request, Steps, about

REQUESTS = {"file": 9, "withdraw": 1, "document": 2, "take_back": 2, "approve": 1, "reject": 1, "skip": 2, "purge": 2, "status": 1,
            "rename": 1, "fact": 2, "bind": 1, "stranger": 1, "courier": 2, "clock": 2}
# What the member does is not made beside what ends its connection.
PAIRS = [pair for pair in itertools.product(("approve", "reject", "withdraw", "document"),
                                            ("approve", "reject", "withdraw", "document", "file", "take_back", "fact", "status", "rename"))
         if pair[0] in ("approve", "reject") or pair[1] not in ("status", "rename")]
VALUES = {"cn": ("Lee Young", "Lee Min", "Kim Min"), "sn": ("Lee", "Kim"), "givenName": ("Young", "Min"), "c": ("KR", "US"),
          "musterMemberType": ("individual", "business"), "o": ("Lee Inc.", "Min Co"),
          "musterRegistrationNumber": ("123-45-67890", "999-99-99999")}
WRONG = (["uid: x"], ["mail: a@b.c"], ["musterStatus: active"], ["musterBusinessProved: 20260101000000Z"], ["c: kr"], ["cn:x"],
         ["cn: a", "cn: b"], ["musterMemberType: company"])
NO_DOCUMENT = b"<html>"
_STATES = (("replace", "musterApplicationState", FILED), ("delete", "musterApplicationState", None))
# One value there may be, which slapd sees before it looks whether there is such an application.
_BOTH = (("replace", "musterApplicationState", [APPROVED, REJECTED]), CONSTRAINT)
_REST = (("replace", "musterApplicationChange", "cn: Else"), ("replace", "musterApplicationDecidedBy", "cn=admin"),
         ("delete", "musterApplicationDecided", None), ("replace", "musterApplicant", "cn=admin"))
# Who writes what beside the decisions there are, and what the answer is.
SKIPS = {"member": [_BOTH] + [(change, RIGHTS) for change in _STATES + _REST + (("replace", "musterApplicationState", APPROVED),)],
         "operator": [_BOTH] + [(change, CONSTRAINT) for change in _STATES] + [(change, RIGHTS) for change in _REST],
         "admin": [_BOTH] + [(change, CONSTRAINT) for change in _STATES] + [(change, UNWILLING) for change in _REST]}


class Cast:
    """Who acts beside the member, once for all walks. Two connections each, for two requests at once."""

    def __init__(self, walks):
        world, root = walks.world, walks.root
        self.operator = people.account(world, "operator@example.com", PASSWORD, root=root)
        people.must(root.modify("cn=operators,ou=programs," + world.base, ("add", "roleOccupant", self.operator.dn)), "operator")
        stranger = people.account(world, "stranger@example.com", PASSWORD, root=root)
        self.deciding = {world.admin_dn: [world.session("admin") for _ in range(2)],
                         self.operator.dn: [world.session(self.operator.dn, PASSWORD) for _ in range(2)]}
        self.admin = self.deciding[world.admin_dn]
        self.stranger = world.session(stranger.dn, PASSWORD)
        self.hash = root.entry(stranger.dn, ["userPassword"])["userPassword"]


class ApplicationWalk(Steps):
    """Required information of a platform member."""

    pairs, moves = PAIRS, (31, 95, 150, 330, 90000)

    def __init__(self, walks, name):
        super().__init__(walks, name)
        if walks.cast is None:
            walks.cast = Cast(walks)
        self.cast, self.name = walks.cast, "w" + name
        self.folder = applications.folder(self.world)
        self.own = []
        self.numbers, self.documents = itertools.count(1), {}  # number of a document to that of its application
        facts, proved = {"cn": "Kim Old", "sn": "Kim"}, None
        if self.chance.random() < 0.4:
            facts.update({"musterMemberType": "business", "o": "Old Co", "musterRegistrationNumber": "111-11-11111", "c": "KR"})
            proved = self.chance.choice((None, self.now()))
        dn = self.dn_of(self.name)
        people.must(self.root.add(dn, dict(facts, objectClass=["inetOrgPerson", "musterAccount"], uid=self.name,
                                           mail=self.name + "@example.com", userPassword=self.cast.hash,
                                           **({"musterBusinessProved": self.stamp(proved)} if proved else {})), controls=[RELAX]), dn)
        self.uuid = self.root.entry(dn, ["entryUUID"])["entryUUID"][0].decode()
        self.state = model.State(dn, facts, proved)

    @staticmethod
    def stamp(when):
        return time.strftime("%Y%m%d%H%M%SZ", time.gmtime(when))

    def dn_of(self, login):
        return "uid=%s,ou=accounts,%s" % (login, self.world.base)

    def application(self, number):
        return "cn=%s-%d,%s" % (self.name, number, self.folder)

    def document(self, number, document):
        return "documentIdentifier=%d,%s" % (document, self.application(number))

    def now(self):
        return self.walks.now()

    # --- a walk -------------------------------------------------------------------------------------------

    def requests(self):
        weights = dict(REQUESTS)
        if self.state.status != "active":
            weights["status"] = 8
        elif self.state.bound is None or self.now() - self.state.bound > FRESH_SEC:
            weights["bind"] = 12
        if self.state.waiting():
            weights.update(approve=12, reject=3, document=6, withdraw=2)
        return weights

    def places(self):
        return (0, 1)

    def let_go(self):
        while self.own:
            self.drop(self.own.pop())

    def at_the_end(self):
        """The member goes."""
        gone = "entryUUID=%s+%s" % (self.uuid, self.state.dn)
        result = self.cast.admin[0].delete(self.state.dn).code
        if result != model.judge_delete(self.state, self.now(), gone):
            raise Mismatch("the member is not deleted: %s" % result)
        self.compare("the member is deleted")

    def end(self):
        self.let_go()
        for dn, _ in reversed(self.found()):
            self.root.delete(dn, controls=[RELAX])
        self.root.delete(self.state.dn)

    # --- comparing ----------------------------------------------------------------------------------------

    def found(self):
        """Applications and documents, those of other walks are gone."""
        return sorted(self.root.search(self.folder, "(!(ou=applications))", ["*", "+"]).entries, key=lambda item: len(item[0].split(",")))

    def entry(self):
        """(the member's, whatever its name is, everything below ou=applications)"""
        found = self.root.search("ou=accounts," + self.world.base, "(entryUUID=%s)" % self.uuid, ["*", "+"]).entries
        return (found[0] if found else (None, {})), self.found()

    def wanted(self):
        state = self.state
        return {
            "name": state.dn if state.facts else None, "facts": state.facts, "proved": state.proved, "status": state.status, "owed": +state.owed,
            "connections": 2 if state.bound is not None else 0,
            "applications": {number: dict(changes=one.changes, before=one.before, state=one.state, reason=one.reason, by=one.by,
                                          when=one.when, applicant=state.dn.lower(), documents=one.documents)
                             for number, one in state.applications.items()},
        }

    def seen(self, entry):
        (dn, stored), found = entry
        member = {name: values[0].decode() for name, values in stored.items()}
        owed = [value.decode().split(" ") for value in stored.get("musterOutbox", [])]
        seen = {}
        for name, attributes in found:
            parts = name.split(",")
            if parts[0].startswith("cn="):
                number = int(parts[0].rsplit("-", 1)[1])
                seen[number] = self.seen_application(number, {name: [v.decode() for v in values] for name, values in attributes.items()})
            else:
                seen[int(parts[1].rsplit("-", 1)[1])]["documents"][int(parts[0].split("=")[1])] = "musterDocumentContent" in attributes
        return {
            "name": dn, "facts": {name: member[name] for name in model.FIELDS if name in member} if member else None,
            "proved": self.about(self.state.proved, member.get("musterBusinessProved")),
            "status": member.get("musterStatus", "active") if member else None,
            "owed": collections.Counter((parts[1], int(parts[4].rsplit("-", 1)[1]) if len(parts) > 4 else None) for parts in owed),
            "connections": sum(one.whoami() == "dn:" + self.state.dn for one in self.own),
            "applications": seen,
        }

    def seen_application(self, number, attributes):
        one = {name: values[0] for name, values in attributes.items()}
        wanted = self.state.applications.get(number)
        return dict(changes=dict(value.split(": ", 1) for value in attributes["musterApplicationChange"]),
                    before=dict(value.split(": ", 1) for value in attributes.get("musterApplicationBefore", [])),
                    state=one["musterApplicationState"], reason=one.get("musterApplicationReason"),
                    by=one.get("musterApplicationDecidedBy"), applicant=one["musterApplicant"].lower(), documents={},
                    when=self.about(wanted and wanted.when, one.get("musterApplicationDecided")))

    @staticmethod
    def about(wanted, text):
        """The time that is wanted, where the one in the directory is but seconds away."""
        if text is None:
            return None
        return about(wanted, calendar.timegm(time.strptime(text, "%Y%m%d%H%M%SZ")))

    # --- what requests are made of --------------------------------------------------------------------------

    def some(self, state=None):
        """The number of an application that is there, or was: as a rule one in that state."""
        there = [number for number, one in self.state.applications.items() if state is None or one.state == state]
        all_of_them = sorted(set(self.documents.values()) | set(self.state.applications))
        if there and self.chance.randrange(5):
            return self.chance.choice(there)
        return self.chance.choice(all_of_them) if all_of_them else None

    def some_changes(self):
        """What is asked for, as a rule something that fits."""
        if self.chance.randrange(3) == 0:
            names = ["musterMemberType", "o", "musterRegistrationNumber"]
            changes = {name: self.chance.choice(VALUES[name]) for name in names}
            changes["musterMemberType"] = "business"
        else:
            changes = {}
        names = self.chance.sample(sorted(VALUES), self.chance.choice((1, 1, 2)) if not changes else self.chance.choice((0, 1)))
        for name in names:
            changes.setdefault(name, self.chance.choice(VALUES[name]))
        return changes

    def judging(self, judge, *arguments):
        return lambda state: judge(state, self.now(), *arguments)

    # --- requests of the member -----------------------------------------------------------------------------

    def by_member(self, text, judge, send):
        if self.state.bound is None:
            return None
        return Request("self: " + text, judge, lambda place: send(self.own[place]).code)

    def make_bind(self):
        def send(_):
            self.let_go()
            self.own = [self.world.session() for _ in range(2)]
            return [one.bind(self.state.dn, PASSWORD).code for one in self.own][-1]
        return Request("bind", self.judging(model.judge_bind), send, single=True)

    def make_file(self):
        number, changes = next(self.numbers), self.some_changes()
        good = self.chance.randrange(8) != 0
        sent = changes if good else self.chance.choice(WRONG)
        return self.by_member("file %d: %s" % (number, sent), self.judging(model.judge_file, number, changes, good),
                              lambda own: applications.file(self.world, own, sent, "%s-%d" % (self.name, number))[0])

    def make_withdraw(self):
        number = self.some(FILED)
        return number and self.by_member("withdraw %d" % number, self.judging(model.judge_withdraw, number),
                                         lambda own: own.delete(self.application(number)))

    def make_document(self):
        number, document = self.some(FILED), next(self.numbers)
        if number is None:
            return None
        self.documents[document] = number
        content = self.chance.choice((applications.PDF, applications.PNG, applications.JPEG, NO_DOCUMENT))
        good = content is not NO_DOCUMENT
        return self.by_member("document %d of %d%s" % (document, number, "" if good else ", no document"),
                              self.judging(model.judge_document, number, document, good),
                              lambda own: applications.document(own, self.application(number), content,
                                                                None if good else "application/pdf", str(document))[0])

    def some_document(self):
        """(application, document)"""
        known = [(number, document) for document, number in sorted(self.documents.items())]
        there = [(number, document) for number, document in known
                 if number in self.state.applications and document in self.state.applications[number].documents]
        choice = there if there and self.chance.randrange(5) else known
        return self.chance.choice(choice) if choice else (None, None)

    def make_take_back(self):
        number, document = self.some_document()
        return number and self.by_member("take back document %d of %d" % (document, number),
                                         self.judging(model.judge_take_back, number, document),
                                         lambda own: own.delete(self.document(number, document)))

    # --- decisions ------------------------------------------------------------------------------------------

    def decision(self, verdict, reason):
        number = self.some(FILED)
        by = self.chance.choice(sorted(self.cast.deciding))
        if number is None:
            return None
        changes = [("replace", "musterApplicationState", verdict)]
        if reason is not None:
            changes.append(("replace", "musterApplicationReason", reason))
        if self.chance.random() < 0.2:
            changes[0:1] = [("delete", "musterApplicationState", "filed"), ("add", "musterApplicationState", verdict)]
        return Request("%s %d, %s" % (verdict, number, reason),
                       self.judging(model.judge_decide, number, verdict, reason, by),
                       lambda place: self.cast.deciding[by][place].modify(self.application(number), *changes).code)

    def make_approve(self):
        return self.decision(APPROVED, self.chance.choice((None, "Seen the passport.")))

    def make_reject(self):
        return self.decision(REJECTED, self.chance.choice((None, "The scan cannot be read.", "No.")))

    def make_skip(self):
        """A state that is not the next one, or what the server says, written by somebody."""
        number = self.some()
        if number is None:
            return None
        who, rows = self.chance.choice(list(SKIPS.items()))
        if who == "member" and self.state.bound is None:
            return None
        one = {"member": self.own, "operator": self.cast.deciding[self.cast.operator.dn], "admin": self.cast.admin}[who][0]
        change, result = self.chance.choice(rows)
        judge = (lambda state: result) if change is _BOTH[0] else self.judging(model.judge_rewrite, number, result)
        return Request("skip %d, %s: %s" % (number, who, change), judge,
                       lambda _: one.modify(self.application(number), change).code, single=True)

    def make_purge(self):
        number, document = self.some_document()
        by = self.chance.choice(sorted(self.cast.deciding))
        return number and Request("purge document %d of %d" % (document, number), self.judging(model.judge_purge, number, document),
                                  lambda place: self.cast.deciding[by][place].modify(
                                      self.document(number, document), ("delete", "musterDocumentContent", None)).code)

    # --- about the member -----------------------------------------------------------------------------------

    def make_status(self):
        status = self.chance.choice(("suspended", "active", "active", "closed"))
        return Request("status " + status, self.judging(model.judge_status, status),
                       lambda place: self.cast.admin[place].modify(self.state.dn, ("replace", "musterStatus", status)).code)

    def make_rename(self):
        login, dn = "%s.%d" % (self.name, next(self.numbers)), self.state.dn
        return Request("rename to " + login, self.judging(model.judge_rename, self.dn_of(login)),
                       lambda place: self.cast.admin[place].rename(dn, "uid=" + login).code)

    def make_fact(self):
        name = self.chance.choice(("cn", "c", "musterMemberType"))
        value = self.chance.choice(VALUES[name])
        return Request("%s: %s" % (name, value), self.judging(model.judge_fact, name, value),
                       lambda place: self.cast.admin[place].modify(self.state.dn, ("replace", name, value)).code)

    def make_stranger(self):
        number = self.some()
        return number and Request("a stranger decides %d" % number, self.judging(model.judge_stranger, number),
                                  lambda _: applications.approve(self.cast.stranger, self.application(number)).code, single=True)

    def make_courier(self):
        values = [value.decode().split(" ") for value in self.root.entry(self.state.dn).get("musterOutbox", [])]
        if not values or self.state.status != "active":  # nothing is told to who may not log in
            raise Unsure
        record = self.chance.choice(values)
        about = int(record[4].rsplit("-", 1)[1]) if len(record) > 4 else None
        reason = self.state.applications[about].reason if about is not None else None

        def send(_):
            result, got = exops.claim(self.walks.courier, record[0])
            if result.code == 0 and (got["kind"], got["secret"], got["facts"].get("reason")) != (record[1], None, reason):
                raise Mismatch("notice %s: %r" % (record[1], got))
            return result.code or exops.done(self.walks.courier, record[0]).code
        return Request("courier: " + record[1], self.judging(model.judge_courier, record[1], about), send, single=True)
