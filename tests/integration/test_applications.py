#!/usr/bin/python3
"""Applications: filed by members, decided by operators, applied with the decision or not at all."""

import hashlib
import os
import random
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from lib import applications, exops, parallel, people, tap
from lib.applications import JPEG, PDF, PNG, approve, reject
from lib.people import PASSWORD, must
from lib.session import RELAX
from lib.world import DATABASE, World

OK, STRONG, CONSTRAINT, NO_SUCH, RIGHTS, BUSY, UNWILLING, CLASS, NOT_LEAF, EXISTS = 0, 8, 19, 32, 50, 51, 53, 65, 66, 68
MIB = 1024 * 1024
BUSINESS = {"musterMemberType": "business", "o": "Lee Inc.", "musterRegistrationNumber": "123-45-67890"}

world = World(faketime=True)
root = world.session("root")
admin = world.session("admin")
acme = people.organization(world, "acme", root=root)
people.give_password(world, acme.owner, PASSWORD, root)
operator = people.account(world, "operator@example.com", PASSWORD, root=root)
ROLE = "cn=operators,ou=programs," + world.base
must(root.modify(ROLE, ("add", "roleOccupant", operator.dn)), "operator")
_numbers = iter(range(1, 10000))


def someone(**more):
    """A platform member and a fresh connection of its own."""
    member = people.account(world, "m%d@example.com" % next(_numbers), PASSWORD, root=root, **more)
    return member, world.session(member.dn, PASSWORD)


def deciding():
    return world.session(operator.dn, PASSWORD)


def filed(one, changes, name=None, **more):
    result, dn = applications.file(world, one, changes, name, **more)
    must(result, dn)
    return dn


def refused(result, code, text, what):
    tap.is_(result.code, code, what)
    tap.in_(text, result.text, what + ": says what to do")


def facts(dn, *names):
    found = root.entry(dn, names or ["*", "+"])
    return {name: sorted(value.decode(errors="replace") for value in values) for name, values in found.items()}


def state(dn):
    return facts(dn, "musterApplicationState").get("musterApplicationState")


def owed(member):
    return [value.split()[1].decode() for value in root.entry(member.dn, ["musterOutbox"]).get("musterOutbox", [])]


def everything():
    return root.search(applications.folder(world), attributes=["*", "+"]).entries


# --- filing --------------------------------------------------------------------------------------------


def test_filed():
    member, own = someone()
    dn = filed(own, {"cn": "Lee Young", "sn": "Lee", "c": "KR"}, description="married")
    found = facts(dn)
    tap.is_(found["musterApplicant"], [member.dn], "it is about who files it")
    tap.is_(found["musterApplicationState"], ["filed"], "it is filed")
    tap.is_(found["musterApplicationBefore"], sorted(["cn: " + facts(member.dn)["cn"][0], "sn: Test"]), "what there is now stands there")
    tap.is_(sorted(own.entry(dn)["musterApplicationChange"]), [b"c: KR", b"cn: Lee Young", b"sn: Lee"], "its member reads it")
    tap.is_(facts(member.dn, "sn")["sn"], ["Test"], "nothing is changed yet")
    tap.is_(owed(member).count("application-filed"), 1, "its member is told")
    other, others_own = someone()
    tap.is_(others_own.entry(dn), {}, "nobody else reads it")
    tap.is_(others_own.search(applications.folder(world), "(objectClass=musterApplication)").entries, [], "or finds it")
    tap.is_(len(deciding().entry(dn)["musterApplicationChange"]), 3, "but operators")
    filed(own, {"givenName": "Young"})
    tap.is_(owed(member).count("application-filed"), 1, "one notice for several")
    tap.is_(world.session("courier").entry(dn), {}, "the courier does not read it")


def test_who_files():
    member, own = someone()
    iam = people.member(acme, password=PASSWORD, root=root)
    for what, one in (("a member of an organization", world.session(iam.dn, PASSWORD)), ("an OWNER", world.session(acme.owner.dn, PASSWORD)),
                      ("an administrator", admin)):
        refused(applications.file(world, one, {"cn": "X"})[0], RIGHTS, "platform member", what)
    tap.ok(applications.file(world, world.session(), {"cn": "X"})[0].code != OK, "nobody who is not logged in")
    refused(applications.file(world, own, {"cn": "X"}, musterApplicant=operator.dn)[0], CONSTRAINT, "leave it out", "for somebody else")
    tap.is_(applications.file(world, own, {"cn": "X"}, musterApplicant=member.dn)[0].code, OK, "for itself, in words")
    result, _, program = exops.new_app_password(world.session(), member.dn, PASSWORD, "mail")
    must(result, "app password")
    refused(applications.file(world, world.session(member.dn, program), {"sn": "X"})[0], RIGHTS, "app password", "a program")
    world.move_clock(0, uptime=301)
    refused(applications.file(world, own, {"sn": "X"})[0], STRONG, "bind again", "long after its bind")
    world.move_clock(0)
    refused(applications.file(world, operator_session(member), {"sn": "X"})[0], RIGHTS, "platform member", "EXTERNAL root is no member")


def operator_session(_):
    one = world.session()
    one.sasl("EXTERNAL", "")
    return one


def test_what_is_filed():
    member, own = someone()
    for changes, words in (({"uid": "x"}, "are applied for"), ({"mail": "a@b.c"}, "are applied for"), ({"musterStatus": "active"}, "are applied for"),
                           ({"musterBusinessProved": "20260101000000Z"}, "are applied for"), ({"cn": " x"}, "characters"),
                           ({"c": "kr"}, "ISO 3166"), ({"musterMemberType": "company"}, "individual or business"),
                           ({"musterRegistrationNumber": "1"}, "4 to 32"), (["cn"], "attribute: value"), (["cn:x"], "attribute: value"),
                           (["cn: a", "cn: b"], "once"), (["cn: a", "CN: b"], "once"), (["cn: " + "x" * 65], "characters"),
                           (["x" * 100000], "attribute: value"), ({"o": "Lee Inc."}, "business members"),
                           ({"musterMemberType": "business"}, "apply for o"),
                           ({"musterMemberType": "business", "o": "Lee"}, "musterRegistrationNumber as well"),
                           ({"musterMemberType": "individual", "o": "Lee"}, "business members")):
        refused(applications.file(world, own, changes)[0], CONSTRAINT, words, "%.60s" % changes)
    for name, value in (("musterApplicationState", "approved"), ("musterApplicationState", "x"), ("musterApplicationReason", "good"),
                        ("musterApplicationDecidedBy", operator.dn), ("musterApplicationDecided", "20260101000000Z"),
                        ("description", "x" * 65), ("l", "Seoul"), ("seeAlso", member.dn), ("musterApplicationChange;lang-ko", "cn: x")):
        result = applications.file(world, own, {"cn": "X"}, **{name: value})[0]
        refused(result, CONSTRAINT, name.split(";")[0], "with %s" % name)
    for classes in (["applicationProcess"], ["applicationProcess", "musterApplication", "musterAccount"],
                    ["applicationProcess", "musterApplication", "musterDocument"], ["organizationalRole", "musterApplication"],
                    ["applicationProcess", "musterApplication", "extensibleObject"]):
        tap.is_(applications.file(world, own, {"cn": "X"}, objectClass=classes)[0].code,
                RIGHTS if "musterAccount" in classes else CLASS, "as %s" % classes)
    for name in ("a b", "a.b", "x" * 65, "é"):
        tap.is_(applications.file(world, own, {"cn": "X"}, name=name)[0].code, CONSTRAINT, "named %.10r" % name)
    tap.is_(applications.file(world, own, {"cn": "X"}, "two", cn=["two", "three"])[0].code, CONSTRAINT, "with two names")
    tap.ok(own.add("cn=b1," + applications.folder(world), {"objectClass": ["applicationProcess", "musterApplication"], "cn": "b1"}).code != OK,
           "with nothing asked for")
    tap.is_(own.add("cn=b2,cn=b3,cn=b4,cn=b5," + applications.folder(world), applications.entry({"cn": "x"}, cn="b2")).code != OK, True, "too deep")
    tap.is_([dn for dn, _ in own.search(applications.folder(world), "(objectClass=musterApplication)").entries], [], "nothing was added")
    tap.is_([kind for kind in owed(member) if kind.startswith("application")], [], "nothing is told")
    tap.is_(applications.file(world, own, {"CN": "x", "MUSTERMEMBERTYPE": "individual"}, musterApplicationState="filed")[0].code, OK,
            "attributes have no case")


def test_few_wait():
    member, own = someone()
    dns = [filed(own, [change]) for change in ("cn: A", "sn: B", "givenName: C", "c: KR", "musterMemberType: individual")]
    refused(applications.file(world, own, BUSINESS)[0], UNWILLING, "withdraw", "a sixth")
    tap.is_(own.delete(dns[0]).code, OK, "one is withdrawn")
    refused(applications.file(world, own, {"sn": "C"})[0], UNWILLING, "sn: an application of yours", "the same again")
    tap.is_(applications.file(world, own, {"cn": "C"})[0].code, OK, "another")
    must(approve(admin, dns[3]), "approval")
    tap.is_(applications.file(world, own, {"c": "US"})[0].code, OK, "what is decided does not wait")
    many, _ = someone()
    sessions = [world.session(many.dn, PASSWORD) for _ in range(24)]
    outcomes = parallel.at_once([lambda s=s, n=n: applications.file(world, s, {("cn", "sn", "c")[n % 3]: "KR"})[0].code
                                 for n, s in enumerate(sessions)])
    tap.is_(sorted(outcomes), [OK] * 3 + [UNWILLING] * 21, "24 at once: each attribute once")


# --- documents -----------------------------------------------------------------------------------------


def test_documents():
    member, own = someone()
    dn = filed(own, {"cn": "X"})
    for content in (PDF, PNG, JPEG):
        result, document = applications.document(own, dn, content, description="scan")
        tap.is_(result.code, OK, "a document: %s" % applications.TYPES[content])
        found = root.entry(document)
        tap.is_(found["musterDocumentHash"], [hashlib.sha256(content).hexdigest().encode()], "its hash is the server's")
        tap.is_(found["musterDocumentContent"], [content], "its content is what was sent")
    for content, kind, words in ((b"<html>", "image/png", "not of that type"), (PDF, "image/png", "not of that type"),
                                 (PNG, "application/pdf", "not of that type"), (PDF, "text/html", "application/pdf"), (PDF, "", "application/pdf"),
                                 (b"MZ\x90\0", "application/x-dosexec", "application/pdf"), (b"", "application/pdf", "has musterDocumentContent"),
                                 (b" " + PDF, "application/pdf", "not of that type"), (PDF + b"x" * MIB, "application/pdf", "1 MiB")):
        result = applications.document(own, dn, content, kind)[0]
        if kind == "":
            tap.ok(result.code != OK, "no type")
        else:
            refused(result, CONSTRAINT, words, "%.10r as %s" % (content, kind))
    tap.is_(applications.document(own, dn, PDF + b"x" * (MIB - len(PDF)), "application/pdf")[0].code, OK, "1 MiB")
    refused(applications.document(own, dn, name="a b")[0], CONSTRAINT, "letters", "a bad name")
    refused(applications.document(own, dn, documentTitle="x")[0], CONSTRAINT, "documentTitle", "more than a document has")
    tap.ok(applications.document(own, dn, musterDocumentHash="0" * 64)[0].code != OK, "the hash is not the member's to say")
    tap.is_(applications.document(own, dn, objectClass=["document", "musterDocument", "musterAccount"])[0].code, CLASS, "a member is no document")
    tap.is_(applications.document(own, dn, objectClass=["document"])[0].code, CLASS, "nor is any other entry")
    result, fifth = applications.document(own, dn)
    tap.is_(result.code, OK, "five")
    refused(applications.document(own, dn)[0], UNWILLING, "at most 5", "no sixth")
    tap.is_(own.delete(fifth).code, OK, "its member takes one back")
    sessions = [world.session(member.dn, PASSWORD) for _ in range(10)]
    outcomes = parallel.at_once([lambda s=s: applications.document(s, dn)[0].code for s in sessions])
    tap.is_(sorted(outcomes), [OK] + [UNWILLING] * 9, "ten at once: five in all")
    world.move_clock(0, uptime=301)
    refused(own.delete(root.search(dn, "(objectClass=musterDocument)", ["dn"]).entries[0][0]), STRONG, "bind again", "not fresh any more: no deleting")
    refused(applications.document(own, dn)[0], STRONG, "bind again", "and no adding")
    world.move_clock(0)


def test_who_sees_documents():
    member, own = someone()
    dn = filed(own, {"cn": "X"})
    result, document = applications.document(own, dn)
    must(result, document)
    other, others_own = someone()
    refused(applications.document(others_own, dn)[0], RIGHTS, "no right", "another's application gets none")
    refused(applications.document(deciding(), dn)[0], RIGHTS, "no right", "nor of an operator")
    tap.ok(applications.document(own, "cn=nowhere," + applications.folder(world))[0].code != OK, "there is no such application")
    readers = {"its member": own, "an operator": deciding(), "an administrator": admin}
    others = {"another member": others_own, "an OWNER": world.session(acme.owner.dn, PASSWORD), "the courier": world.session("courier"),
              "nobody": world.session()}
    for who, one in readers.items():
        tap.is_(one.entry(document).get("musterDocumentContent"), [PDF], who + " reads it")
    for who, one in others.items():
        tap.is_(one.entry(document), {}, who + " does not")
        tap.is_(one.search(applications.folder(world), "(musterDocumentHash=*)").entries, [], who + " finds none")
        tap.ok(one.compare(document, "musterDocumentHash", "x").code not in (5, 6), who + " compares none")
        tap.ok(one.delete(document).code != OK, who + " deletes none")


# --- who touches what ----------------------------------------------------------------------------------


def a_change(chance):
    values = {"musterApplicationState": ["approved", "rejected", "filed"], "musterApplicationReason": ["because"],
              "musterApplicationDecidedBy": [operator.dn], "musterApplicationDecided": ["20260101000000Z"],
              "musterApplicationChange": ["cn: Y", "musterMemberType: business"], "musterApplicant": [operator.dn],
              "musterApplicationBefore": ["cn: Z"], "description": ["x"], "objectClass": ["musterAccount"], "cn": ["other"],
              "musterDocumentContent": [PNG], "musterDocumentType": ["image/png"], "musterDocumentHash": ["0" * 64]}
    name = chance.choice(sorted(values))
    kind = chance.choice(["add", "delete", "replace"])
    value = chance.choice(values[name] + [None]) if kind != "add" else chance.choice(values[name])
    return kind, chance.choice([name, name, name, name.lower(), name + ";lang-ko"]), value


REQUIRED = ("cn", "sn", "givenName", "o", "c", "musterMemberType", "musterRegistrationNumber", "musterBusinessProved")


@tap.fault(27)
def test_its_member_touches_nothing():
    """Random writes of the member, also where access rules allow everything."""
    chance = random.Random(1)
    member, own = someone()
    dns = [filed(own, {"cn": "A"}), filed(own, {"sn": "B"}), filed(own, {"givenName": "C"})]
    documents = [must(*applications.document(own, dn)[:1] + (dn,)) and root.search(dn, "(objectClass=musterDocument)", ["dn"]).entries[0][0]
                 for dn in dns]
    must(approve(deciding(), dns[1]), "approved")
    must(reject(deciding(), dns[2]), "rejected")
    with world.use("config") as config:
        rules = config.entry(DATABASE, ["olcAccess"])["olcAccess"]
        must(config.modify(DATABASE, ("replace", "olcAccess", "{0}to * by users write by anonymous auth")), "wide rules")
        own = world.session(member.dn, PASSWORD)
        before, required = sorted(everything(), key=str), facts(member.dn, *REQUIRED)
        done = 0
        for _ in range(600):
            what, controls = chance.random(), [RELAX] if chance.random() < 0.3 else []
            target = chance.choice(dns + documents + [member.dn])
            if what < 0.75:
                changes = [a_change(chance) for _ in range(chance.randint(1, 3))]
                if target == member.dn:
                    changes += [("replace", chance.choice(REQUIRED), "business")]
                result = own.modify(target, *changes, controls=controls)
            elif what < 0.85:
                result = own.rename(target, chance.choice(["cn=new", "documentIdentifier=new", "uid=new"]),
                                    chance.choice([None, applications.folder(world), world.base]), controls=controls)
            elif what < 0.95:
                result = own.delete(chance.choice(dns[1:] + documents[1:]), controls=controls)
            else:
                result = own.add("cn=n%d,%s" % (_, applications.folder(world)), applications.entry(
                    {"cn": "x"}, cn="n%d" % _, musterApplicationState="approved", musterApplicant=member.dn), controls=controls)
            done += result.code == OK
        tap.is_(done, 0, "600 random writes: none is carried out")
        tap.is_(sorted(everything(), key=str), before, "no application and no document is another")
        tap.is_(facts(member.dn, *REQUIRED), required, "and the member is what it was")
        must(config.modify(DATABASE, ("replace", "olcAccess", rules)), "the rules as they were")
    tap.ok(world.alive(), "slapd is alive")


def test_nothing_else_lies_there():
    owner = world.session(acme.owner.dn, PASSWORD)
    service = "cn=wiki,ou=groups," + acme.dn
    must(owner.add(service, {"objectClass": ["applicationProcess"], "cn": "wiki"}), service)
    refused(owner.modify(service, ("add", "objectClass", "musterApplication"), ("add", "musterApplicant", acme.owner.dn),
                         ("add", "musterApplicationChange", "cn: x")), CLASS, "ou=applications", "an application elsewhere")
    tap.is_(owner.add("cn=b,ou=groups," + acme.dn, applications.entry({"cn": "x"}, cn="b", musterApplicant=acme.owner.dn)).code, CLASS, "added")
    tap.ok(owner.rename(service, "cn=wiki", applications.folder(world)).code in (RIGHTS, UNWILLING), "an owner moves nothing there")
    refused(admin.rename(service, "cn=wiki", applications.folder(world)), UNWILLING, "comes to lie among them", "nor does an administrator")
    tap.ok(admin.add("cn=c," + applications.folder(world), {"objectClass": "organizationalRole", "cn": "c"}).code == CLASS, "or adds it")
    member, own = someone()
    dn = filed(own, {"cn": "X"})
    refused(admin.rename(dn, "cn=other"), UNWILLING, "keep their names", "an application keeps its name")
    refused(admin.modify(dn, ("add", "objectClass", "musterDocument")), UNWILLING, "not changed", "and its class")


# --- decided -------------------------------------------------------------------------------------------


def claimed(kind, member):
    with world.use("courier") as courier:
        for value in root.entry(member.dn, ["musterOutbox"]).get("musterOutbox", []):
            if value.split()[1].decode() == kind:
                result, found = exops.claim(courier, value.split()[0].decode())
                must(exops.done(courier, value.split()[0].decode()), "done")
                return found
    return None


def test_approved():
    member, own = someone()
    dn = filed(own, {"cn": "Lee Young", "sn": "Lee", "c": "KR"})
    one = deciding()
    tap.is_(approve(one, dn, "Seen the passport.").code, OK, "an operator approves")
    found = facts(dn)
    tap.is_(found["musterApplicationState"], ["approved"], "it is approved")
    tap.is_(found["musterApplicationDecidedBy"], [operator.dn], "by whom is kept")
    tap.is_(len(found["musterApplicationDecided"]), 1, "and when")
    changed = facts(member.dn, "cn", "sn", "c")
    tap.is_((changed["cn"], changed["sn"], changed["c"]), (["Lee Young"], ["Lee"], ["KR"]), "the change is made")
    told = claimed("application-approved", member)
    tap.is_((told["address"], told["facts"].get("reason")), (member.mail, "Seen the passport."), "its member is told, with the reason")
    refused(approve(one, dn), UNWILLING, "decided already: approved", "not twice")
    refused(reject(one, dn), UNWILLING, "decided already", "nor otherwise")
    refused(own.delete(dn), UNWILLING, "decided already", "it is not withdrawn any more")
    refused(applications.document(own, dn)[0], UNWILLING, "decided already", "and gets no documents")


def test_rejected():
    member, own = someone()
    dn = filed(own, {"cn": "Lee Young"})
    one, before = deciding(), facts(member.dn, "cn")
    refused(one.modify(dn, ("replace", "musterApplicationState", "rejected")), CONSTRAINT, "says why", "a reason is needed")
    for reason in ("", " ", "x" * 501, "a\nb", "a\tb"):
        tap.ok(reject(one, dn, reason).code in (CONSTRAINT, 21), "%.5r is none" % reason)
    tap.is_(reject(one, dn, "사본을 읽을 수 없습니다." + "가" * 400).code, OK, "an operator rejects")
    tap.is_(facts(member.dn, "cn"), before, "nothing is changed")
    tap.is_(facts(dn)["musterApplicationReason"][0][:2], "사본", "the reason is kept")
    tap.is_(own.entry(dn)["musterApplicationReason"][0].decode()[:2], "사본", "and its member reads it")
    tap.is_(claimed("application-rejected", member)["facts"]["reason"][:2], "사본", "its member is told why")
    tap.is_(applications.file(world, own, {"cn": "Lee Young"})[0].code, OK, "and files another")


def test_other_forms():
    member, own = someone()
    dn = filed(own, {"cn": "A"})
    one = deciding()
    for changes in ((("replace", "musterApplicationState", "filed"),), (("replace", "musterApplicationState", "Maybe"),),
                    (("delete", "musterApplicationState", None),), (("replace", "musterApplicationState", None),),
                    (("replace", "musterApplicationState", ["approved", "rejected"]),), (("add", "musterApplicationState", "x"),),
                    (("replace", "musterApplicationState", "rejected"), ("replace", "musterApplicationState", "approved"),
                     ("replace", "musterApplicationReason", "x")),
                    (("replace", "musterApplicationReason", "x"),), (("delete", "musterApplicationReason", None),),
                    (("replace", "musterApplicationState", "approved"), ("replace", "description", "x")),
                    (("replace", "musterApplicationState;lang-ko", "approved"),),
                    (("replace", "musterApplicationState", "approved"), ("replace", "musterApplicationChange", "cn: B")),
                    (("replace", "musterApplicationState", "approved"), ("replace", "musterApplicationDecidedBy", member.dn))):
        for who, writer in (("an operator", one), ("an administrator", admin)):
            result = writer.modify(dn, *changes)
            tap.ok(result.code in (CONSTRAINT, UNWILLING, RIGHTS, 16), "%s: %.60r" % (who, changes), result)
    tap.is_(state(dn), ["filed"], "it is filed still")
    tap.is_(one.modify(dn, ("delete", "musterApplicationState", "filed"), ("add", "musterApplicationState", "Approved")).code, OK,
            "filed deleted, approved added")
    tap.is_(state(dn), ["approved"], "it is approved")
    dn = filed(own, {"cn": "B"})
    tap.is_(approve(admin, dn).code, OK, "an administrator decides")
    dn = filed(own, {"cn": "C"})
    tap.is_(approve(root, dn).code, OK, "and the rootdn")
    tap.is_(facts(member.dn, "cn")["cn"], ["C"], "with all that comes of it")


@tap.fault(27)
def test_who_decides():
    member, own = someone()
    dn = filed(own, {"cn": "A"})
    other, others_own = someone()
    for who, one in (("another member", others_own), ("an OWNER", world.session(acme.owner.dn, PASSWORD)),
                     ("the courier", world.session("courier")), ("nobody", world.session())):
        tap.ok(approve(one, dn).code != OK, who + " does not decide")
    refused(approve(own, dn), RIGHTS, "does not change or decide", "nor its member")
    mine = filed(deciding(), {"cn": "Boss"})
    refused(approve(deciding(), mine), RIGHTS, "does not change or decide", "an operator does not decide its own")
    refused(reject(deciding(), mine), RIGHTS, "does not change or decide", "either way")
    tap.is_(state(mine), ["filed"], "it is filed still")
    tap.is_(approve(admin, mine).code, OK, "somebody else does")
    result, _, program = exops.new_app_password(world.session(), operator.dn, PASSWORD, "mail")
    must(result, "app password")
    refused(approve(world.session(operator.dn, program), dn), RIGHTS, "app password", "a program of an operator does not")
    must(root.modify(ROLE, ("delete", "roleOccupant", operator.dn)), "no operator any more")
    tap.is_(approve(deciding(), dn).code, RIGHTS, "whose role has ended does not")
    must(root.modify(ROLE, ("add", "roleOccupant", operator.dn)), "operator again")
    tap.is_(state(dn), ["filed"], "it is filed still")


def test_what_cannot_be_applied():
    """The application stays filed, and the answer says why."""
    named = people.account(world, "named@example.com", PASSWORD, root=root)
    own = world.session(named.dn, PASSWORD)
    dn = filed(own, {"cn": "Other"})
    must(admin.modify(named.dn, ("replace", "cn", "Fixed")), "a name")
    must(admin.rename(named.dn, "cn=Fixed", delete_old=False), "it is named by cn")
    moved = "cn=Fixed,ou=accounts," + world.base
    tap.is_(facts(dn)["musterApplicant"], [moved], "the application follows its member")
    refused(approve(deciding(), dn), UNWILLING, "the application stays filed", "a value of its name cannot be replaced")
    tap.is_(state(dn), ["filed"], "it is filed")
    tap.is_(facts(moved, "cn")["cn"], ["Fixed"], "nothing is changed")
    tap.ok("application-approved" not in owed(people.Member(moved, "", "")), "nobody is told")
    tap.is_(reject(deciding(), dn).code, OK, "it can be rejected")
    member, own = someone()
    dn = filed(own, BUSINESS)
    must(admin.modify(member.dn, ("replace", "musterStatus", "closed")), "closed")
    refused(approve(deciding(), dn), UNWILLING, "closed", "its member is closed")
    must(admin.modify(member.dn, ("replace", "musterStatus", "suspended")), "suspended")
    tap.is_(approve(deciding(), dn).code, OK, "a suspended one may be given its right name")
    member, own = someone()
    dn = filed(own, {"cn": "X"})
    must(root.modify(dn, ("replace", "musterApplicationChange", "uid: root"), controls=[RELAX]), "what nobody could file")
    refused(approve(deciding(), dn), UNWILLING, "are applied for", "what is asked for is looked at again")
    must(root.modify(dn, ("replace", "musterApplicationState", "maybe"), controls=[RELAX]), "a state nobody knows")
    refused(approve(deciding(), dn), UNWILLING, "repair", "a state nobody knows")
    must(root.modify(dn, ("delete", "musterApplicationState", None), controls=[RELAX]), "no state")
    refused(reject(deciding(), dn), UNWILLING, "repair", "nor none")


def test_a_business_is_proved():
    member, own = someone()
    dn = filed(own, BUSINESS)
    must(applications.document(own, dn)[0], "certificate")
    must(approve(deciding(), dn), "approved")
    found = facts(member.dn)
    tap.is_((found["musterMemberType"], found["o"], found["musterRegistrationNumber"]), (["business"], ["Lee Inc."], ["123-45-67890"]), "a business")
    tap.is_(len(found["musterBusinessProved"]), 1, "with a document: proved")
    dn = filed(own, {"cn": "Somebody Else"})
    must(applications.document(own, dn)[0], "passport")
    must(approve(deciding(), dn), "approved")
    tap.is_(facts(member.dn)["musterBusinessProved"], found["musterBusinessProved"], "another name of the person is no matter")
    must(approve(deciding(), filed(own, {"musterRegistrationNumber": "123-45-67890"})), "approved")
    tap.is_(facts(member.dn)["musterBusinessProved"], found["musterBusinessProved"], "the same number, no document: proved still")
    must(approve(deciding(), filed(own, {"musterRegistrationNumber": "999-99-99999"})), "approved")
    tap.ok("musterBusinessProved" not in facts(member.dn), "another number without a document: not proved")
    dn = filed(own, {"musterRegistrationNumber": "999-99-99999"})
    must(applications.document(own, dn, JPEG)[0], "certificate")
    must(approve(deciding(), dn), "approved")
    tap.ok("musterBusinessProved" in facts(member.dn), "the same number with one: proved")
    must(approve(deciding(), filed(own, {"musterMemberType": "individual"})), "approved")
    found = facts(member.dn)
    tap.ok(not {"o", "musterRegistrationNumber", "musterBusinessProved"} & set(found), "an individual is no business any more")
    dn = filed(own, {"sn": "X"})
    must(applications.document(own, dn)[0], "passport")
    must(approve(deciding(), dn), "approved")
    tap.ok("musterBusinessProved" not in facts(member.dn), "an individual proves no business")


def test_one_decision_of_many():
    for number in range(6):
        member, own = someone()
        dn = filed(own, {"cn": "Round %d" % number})
        sessions = [deciding() if n % 2 else world.session("admin") for n in range(50)]
        outcomes = parallel.at_once([lambda s=s, n=n: (approve if n % 2 else reject)(s, dn, "decision %d" % n) for n, s in enumerate(sessions)])
        codes = [o.code for o in outcomes]
        tap.is_((codes.count(OK), codes.count(UNWILLING)), (1, 49), "50 decisions at once: one")
        approved = codes.index(OK) % 2 == 1
        tap.is_(state(dn), ["approved" if approved else "rejected"], "the one that was told so")
        tap.is_(facts(dn)["musterApplicationReason"], ["decision %d" % codes.index(OK)], "with its reason")
        tap.is_(facts(member.dn, "cn")["cn"] == ["Round %d" % number], approved, "applied if approved")
        tap.is_(len([kind for kind in owed(member) if kind in ("application-approved", "application-rejected")]), 1, "one notice")
        for one in sessions:
            one.close()
            world.sessions.remove(one)


def test_withdrawn():
    member, own = someone()
    dn = filed(own, {"cn": "A"})
    for content in (PDF, PNG):
        must(applications.document(own, dn, content)[0], "document")
    other, others_own = someone()
    tap.ok(others_own.delete(dn).code != OK, "not by others")
    tap.ok(deciding().delete(dn).code != OK, "nor by operators")
    refused(admin.delete(dn), RIGHTS, "Relax", "nor by administrators, who decide")
    world.move_clock(0, uptime=301)
    refused(own.delete(dn), STRONG, "bind again", "nor long after a bind")
    world.move_clock(0)
    own = world.session(member.dn, PASSWORD)
    tap.is_(own.delete(dn).code, OK, "by its member")
    tap.is_(root.entry(dn), {}, "it is gone")
    tap.is_(root.search(applications.folder(world), "(cn=%s)" % dn.split(",")[0][3:]).entries, [], "with its documents")
    for _ in range(6):
        dn = filed(own, {"cn": "Race"})
        must(applications.document(own, dn)[0], "document")
        before = facts(member.dn, "cn")
        withdraw, decide = parallel.at_once([lambda: own.delete(dn), lambda: approve(one_operator, dn)])
        tap.ok((withdraw.code, decide.code) in ((OK, NO_SUCH), (UNWILLING, OK)), "withdrawn or approved, at the same moment", (withdraw, decide))
        tap.is_(facts(member.dn, "cn")["cn"] == ["Race"], decide.code == OK or before["cn"] == ["Race"], "changed if approved")
        must(admin.modify(member.dn, ("replace", "cn", "Before")), "the name before")


one_operator = deciding()


# --- afterwards ----------------------------------------------------------------------------------------


def test_contents_are_deleted():
    member, own = someone()
    dn = filed(own, {"cn": "A"})
    result, document = applications.document(own, dn)
    must(result, document)
    one = deciding()
    refused(one.modify(document, ("delete", "musterDocumentContent", None)), UNWILLING, "decide it first", "not before the decision")
    refused(own.modify(document, ("replace", "musterDocumentContent", PNG)), UNWILLING, "not changed", "its member does not change one")
    must(approve(one, dn), "approved")
    tap.ok(own.modify(document, ("delete", "musterDocumentContent", None)).code == RIGHTS, "its member does not delete it")
    tap.ok(own.delete(document).code != OK, "nor the document")
    tap.ok(one.delete(document).code != OK, "nor does an operator")
    refused(admin.delete(document), RIGHTS, "Relax", "nor an administrator")
    for changes in ((("replace", "musterDocumentContent", PNG),), (("delete", "musterDocumentType", None),),
                    (("delete", "musterDocumentContent", None), ("replace", "description", "x"))):
        tap.ok(one.modify(document, *changes).code in (UNWILLING, RIGHTS), "nothing else is changed: %.50r" % (changes,))
    tap.is_(one.modify(document, ("delete", "musterDocumentContent", None)).code, OK, "an operator deletes the content")
    found = root.entry(document)
    tap.ok("musterDocumentContent" not in found, "it is gone")
    tap.is_(found["musterDocumentHash"], [hashlib.sha256(PDF).hexdigest().encode()], "its hash stays")
    dn = filed(own, {"cn": "B"})
    result, document = applications.document(own, dn)
    must(reject(one, dn), "rejected")
    tap.is_(admin.modify(document, ("replace", "musterDocumentContent", None)).code, OK, "so does an administrator")


def test_decided_ones_stay():
    member, own = someone()
    dn = filed(own, {"cn": "A"})
    must(approve(deciding(), dn), "approved")
    before = facts(dn)
    for changes in ((("replace", "musterApplicationState", "rejected"), ("replace", "musterApplicationReason", "x")),
                    (("replace", "musterApplicationReason", "x"),), (("delete", "musterApplicationDecidedBy", None),),
                    (("replace", "musterApplicant", operator.dn),)):
        for one in (deciding(), admin, own):
            tap.ok(one.modify(dn, *changes).code in (UNWILLING, RIGHTS, CONSTRAINT), "%.60r" % (changes,))
    refused(admin.delete(dn), RIGHTS, "Relax", "an administrator does not delete it")
    tap.is_(facts(dn), before, "it is what it was")
    tap.is_(admin.modify(dn, ("replace", "musterApplicationReason", "corrected"), controls=[RELAX]).code, OK, "who manages repairs it with Relax")
    tap.ok(deciding().modify(dn, ("replace", "musterApplicationReason", "x"), controls=[RELAX]).code != OK, "an operator does not")
    tap.is_(facts(dn)["musterApplicationState"], ["approved"], "a repair is no decision")
    tap.is_(admin.delete(dn, [RELAX]).code, OK, "and deletes it with Relax")
    backup = {"objectClass": ["applicationProcess", "musterApplication"], "cn": "restored", "musterApplicant": member.dn,
              "musterApplicationState": "rejected", "musterApplicationChange": "cn: X", "musterApplicationReason": "no",
              "musterApplicationDecidedBy": operator.dn, "musterApplicationDecided": "20260101000000Z"}
    tap.is_(admin.add("cn=restored," + applications.folder(world), backup, [RELAX]).code, OK, "one is restored as it was")
    tap.is_(own.add("cn=restored2," + applications.folder(world), dict(backup, cn="restored2"), [RELAX]).code != OK, True, "not by a member")


def test_members_that_go():
    member, own = someone()
    waiting, kept = filed(own, {"cn": "A"}), filed(own, {"sn": "B"})
    for dn in (waiting, kept):
        must(applications.document(own, dn)[0], "document")
    must(approve(deciding(), kept), "approved")
    must(root.modify(ROLE, ("add", "roleOccupant", member.dn)), "an operator as well")
    uuid = facts(member.dn)["entryUUID"][0]
    tap.is_(admin.rename(member.dn, "uid=new-" + member.uid).code, OK, "a member is renamed")
    renamed = people.Member(member.dn.replace("uid=", "uid=new-"), member.uid, member.mail, PASSWORD)
    tap.is_([facts(dn)["musterApplicant"] for dn in (waiting, kept)], [[renamed.dn]] * 2, "applications follow")
    tap.in_(renamed.dn, facts(ROLE)["roleOccupant"], "so does the role of operators")
    tap.ok(member.dn not in facts(ROLE)["roleOccupant"], "which the name before has no more")
    own = world.session(renamed.dn, PASSWORD)
    tap.is_(len(own.search(applications.folder(world), "(musterApplicant=%s)" % renamed.dn).entries), 2, "and are read under the new name")
    tap.is_(admin.delete(renamed.dn).code, OK, "a member is deleted")
    tap.is_(root.entry(waiting), {}, "what was filed goes with it")
    tap.is_(root.search(applications.folder(world), "(documentIdentifier=*)").entries != [], True, "documents of others stay")
    tap.is_(facts(kept)["musterApplicationState"], ["approved"], "what was decided stays")
    tap.in_(uuid, facts(kept)["musterApplicant"][0], "and says whose it was")
    tap.ok(renamed.dn not in facts(ROLE)["roleOccupant"], "the role ends")
    again = people.account(world, renamed.dn.split(",")[0][4:], PASSWORD, root=root)
    tap.is_(again.dn, renamed.dn, "somebody else gets the name")
    next_own = world.session(again.dn, PASSWORD)
    tap.is_(next_own.entry(kept), {}, "and sees nothing of it")
    tap.is_(next_own.search(applications.folder(world), "(objectClass=*)").entries, [], "nor of its documents")
    tap.ok(approve(next_own, filed(someone()[1], {"cn": "x"})).code != OK, "and decides nothing")
    lonely, _ = someone()
    tap.is_(admin.delete(lonely.dn).code, OK, "one without applications is deleted as before")


def test_who_reads_no_answers():
    """A client that does not read what it asked for holds up nobody but itself."""
    member, own = someone()
    dn = filed(own, {"cn": "A"})
    must(applications.document(own, dn, PDF + b"x" * (MIB - len(PDF)), "application/pdf")[0], "1 MiB")
    for _ in range(60):
        own.low.search_ext(dn, 2, "(objectClass=*)", None, 0, [], None, -1, 0)
    own.low.delete_ext(dn, [], None)
    other, others_own = someone()
    done = threading.Event()

    def write():
        for number in range(20):
            must(others_own.modify(other.dn, ("replace", "displayName", "n%d" % number)), "another's write")
        must(applications.file(world, others_own, {"cn": "B"})[0], "another's application")
        done.set()

    thread = threading.Thread(target=write, daemon=True)
    thread.start()
    tap.ok(done.wait(60), "others write meanwhile")
    own.close()
    world.sessions.remove(own)
    tap.ok(world.alive(), "slapd is alive")


@tap.fault(28)
def test_killed_in_between():
    """SIGKILL around approvals: the application is decided and the change made, or neither. tests/yardstick/approvals.py does 200."""
    from lib import killed
    broken = killed.approvals(world, 6, random.Random(2))
    tap.is_(broken, [], "6 times SIGKILL: nothing half-written")


tap.main(globals())
