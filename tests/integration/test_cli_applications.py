#!/usr/bin/python3
"""muster application: what is filed and decided with it as LDAP has it, and what is done over LDAP as it shows it."""

import hashlib
import os
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from lib import applications, command, people, tap
from lib.applications import JPEG, PDF, PNG
from lib.command import DONE, FAILED, IN_USE, NOT_FOUND, REFUSED, USAGE
from lib.people import PASSWORD, must
from lib.world import DATABASE, World

DAY = 86400
world = World(faketime=True)
root = world.session("root")
operator = people.account(world, "operator@example.com", PASSWORD, root=root)
must(root.modify("cn=operators,ou=programs," + world.base, ("add", "roleOccupant", operator.dn)), "operator")
ADMIN = people.Member(world.admin_dn, "", "")
_numbers = iter(range(1, 10000))
folder = tempfile.TemporaryDirectory()


def path(name, content=None):
    """A file for a document; without content one that is not there."""
    where = os.path.join(folder.name, name)
    if content is not None:
        with open(where, "wb") as file:
            file.write(content)
    return where


SCAN, PHOTO, LETTER = path("scan.pdf", PDF), path("photo.jpg", JPEG), path("letter.png", PNG)


def someone(**more):
    return people.account(world, "m%d@example.com" % next(_numbers), PASSWORD, root=root, **more)


def muster(*words, who):
    password = world.admin_password if who is ADMIN else PASSWORD
    return command.muster(world, "application", *words, who=(who.dn, password))


def filed(member, *words):
    ran = muster("file", *words, "--json", who=member)
    if ran.code != DONE:
        raise RuntimeError(ran.text)
    return ran.json()["id"]


def dn(application, document=None):
    name = "cn=%s,%s" % (application, applications.folder(world))
    return name if document is None else "documentIdentifier=%s,%s" % (document, name)


def facts(name, *attributes):
    return {key: sorted(v.decode() for v in found) for key, found in root.entry(name, attributes).items()}


def says(ran, code, text, what):
    tap.is_(ran.code, code, what)
    tap.in_(text, ran.err, what + ": says what to do")


# --- by the member ----------------------------------------------------------------------------------------


def test_file():
    member = someone()
    ran = muster("file", "--type", "business", "--business-name", "Lee Inc.", "--registration-number", "123-45-67890", "--country", "KR",
                 "--name", "Lee Young", "--surname", "Lee", "--given-name", "Young", "--note", "we opened a shop", "--document", SCAN,
                 "--document", PHOTO, "--json", who=member)
    tap.is_(ran.code, DONE, "filed with all there is")
    application = ran.json()["id"]
    tap.is_((ran.json()["dn"], ran.json()["state"], ran.json()["documents"]), (dn(application), "filed", 2), "it says which one it is")
    found = facts(dn(application), "musterApplicationChange", "musterApplicant", "musterApplicationState", "description")
    tap.is_(found["musterApplicationChange"], sorted(["c: KR", "cn: Lee Young", "givenName: Young", "musterMemberType: business",
            "musterRegistrationNumber: 123-45-67890", "o: Lee Inc.", "sn: Lee"]), "each change, as LDAP has it")
    tap.is_((found["musterApplicant"], found["musterApplicationState"], found["description"]),
            ([member.dn], ["filed"], ["we opened a shop"]), "who applies, that it is filed, and the note")
    for number, content, kind, name in (("1", PDF, "application/pdf", "scan.pdf"), ("2", JPEG, "image/jpeg", "photo.jpg")):
        document = root.entry(dn(application, number), ["musterDocumentContent", "musterDocumentHash", "musterDocumentType", "description"])
        tap.is_(document, {"musterDocumentContent": [content], "musterDocumentType": [kind.encode()], "description": [name.encode()],
                           "musterDocumentHash": [hashlib.sha256(content).hexdigest().encode()]}, "document %s" % number)
    tap.is_("Lee Young" in facts(member.dn, "cn")["cn"], False, "the member's entry stays as it is")
    text = muster("file", "--name", "Another", who=someone()).out
    tap.in_("is filed, with 0 documents", text, "without documents, in words")


def test_file_wrong():
    member = someone()
    huge = path("huge.pdf", PDF + b"x" * (1024 * 1024 + 1 - len(PDF)))
    for words, text in (((), "--help"), (("--note", "x"), "say what is to change"), (("--type", "company"), "--type: use individual or business"),
                        (("--country", "Korea"), "--country: use a country code"), (("--name", ""), "--name: "),
                        (("--name", "x" * 65), "--name: "), (("--name", "x" * 400), "--name: this is too long"),
                        (("--name", "x", "--note", " "), "--note: "),
                        (("--name", "x", "--document", path("none")), "No such file"), (("--name", "x", "--document", folder.name), "is no file"),
                        (("--name", "x", "--document", huge), "at most 1048576 octets (1 MiB)"),
                        (("--name", "x", "--document", path("empty", b"")), "a PDF, PNG or JPEG file"),
                        (("--name", "x", "--document", path("fake.pdf", b"#!/bin/sh\n")), "a PDF, PNG or JPEG file"),
                        (("--name", "x", *["--document", SCAN] * 6), "at most 5 documents"), (("--type", "business"), "a business has a name")):
        says(muster("file", *words, who=member), USAGE, text, "file %.60r" % (words,))
    tap.is_(muster("list", "--json", who=member).json(), [], "nothing is filed")
    filed(member, "--name", "Lee Young")
    says(muster("file", "--name", "Lee Old", who=member), FAILED, "withdraw that one", "twice the same")
    tap.is_(len(muster("list", "--json", who=member).json()), 1, "one is filed")
    exactly = path("exactly.pdf", PDF + b"x" * (1024 * 1024 - len(PDF)))
    tap.is_(muster("file", "--country", "KR", "--document", exactly, who=member).code, DONE, "a document of 1 MiB")
    says(muster("file", "--name", "Kim", who=people.Member("uid=nobody@example.com,ou=accounts," + world.base, "", "")), REFUSED, "muster: ",
         "who is nobody")


def test_all_or_nothing():
    """A document that the server does not take takes the application with it."""
    member = someone()
    with world.use("config") as config:
        must(config.modify("cn=config", ("replace", "olcSockbufMaxIncomingAuth", str(64 * 1024))), "small requests")
        big = path("big.pdf", PDF + b"x" * (200 * 1024))
        ran = muster("file", "--name", "Lee Young", "--document", SCAN, "--document", big, who=member)
        must(config.modify("cn=config", ("replace", "olcSockbufMaxIncomingAuth", str(4 * 1024 * 1024))), "as it was")
    tap.ok(ran.code != DONE, "the document is too much for the server", ran.text)
    left = muster("list", "--json", who=member).json()
    if left:  # the connection ended with it: the command says what is left to do
        tap.in_("muster application withdraw " + left[0]["id"], ran.err, "what is left, and how it is taken back")
        tap.is_(muster("withdraw", left[0]["id"], who=member).code, DONE, "as it says")


def test_attach_and_withdraw():
    member = someone()
    application = filed(member, "--name", "Lee Young", "--document", SCAN)
    must(world.session(member.dn, PASSWORD).add(dn(application, "3"), {
        "objectClass": ["document", "musterDocument"], "documentIdentifier": "3", "musterDocumentType": "image/png",
        "musterDocumentContent": PNG}), "document 3 over LDAP")
    tap.is_(muster("attach", application, PHOTO, LETTER, "--json", who=member).json(), {"id": application, "added": 2}, "two more")
    shown = muster("show", application, "--json", who=member).json()["documents"]
    tap.is_(sorted((d["id"], d["type"]) for d in shown), [("1", "application/pdf"), ("2", "image/jpeg"), ("3", "image/png"), ("4", "image/png")],
            "numbers that were free")
    ran = muster("attach", application, SCAN, SCAN, who=member)
    says(ran, FAILED, "at most 5 documents", "one too many")
    tap.in_("1 of 2 documents", ran.err, "and says what it did")
    ran = muster("withdraw", application, "3", who=member)
    tap.is_((ran.code, root.search(dn(application, "3"), scope=0).code), (DONE, 32), "a document is withdrawn")
    says(muster("withdraw", application, "3", who=member), NOT_FOUND, "muster application show", "no such document")
    stranger = someone()
    for what in (("withdraw", application), ("withdraw", application, "1"), ("attach", application, SCAN)):
        tap.ok(muster(*what, who=stranger).code in (NOT_FOUND, REFUSED), "not somebody else's: %s" % what[0])
    tap.is_(muster("withdraw", application, "--json", who=member).json(), {"id": application, "state": "withdrawn"}, "it is withdrawn")
    tap.is_(root.search(dn(application), scope=2).code, 32, "with its documents")
    for what in (("withdraw", application), ("attach", application, SCAN), ("show", application), ("document", application)):
        tap.is_(muster(*what, who=member).code, NOT_FOUND, "%s: it is gone" % what[0])


def test_names():
    member = someone()
    for what in (("show",), ("withdraw",), ("attach",), ("document",), ("approve",), ("purge",)):
        words = (*what, "a,b=c", SCAN) if what[0] == "attach" else (*what, "a,b=c")
        says(muster(*words, who=member), USAGE, "muster application list", "%s: what is no ID" % what[0])
        words = (*what, "nothing", SCAN) if what[0] == "attach" else (*what, "nothing")
        where = "muster application show" if what[0] == "document" else "muster application list"
        says(muster(*words, who=operator), NOT_FOUND, where, "%s: one that there is not" % what[0])
    application = filed(member, "--name", "Lee Young", "--document", SCAN)
    says(muster("document", application, "a*", who=member), USAGE, "muster application show", "what is no document")


# --- looked at --------------------------------------------------------------------------------------------


def test_list_and_show():
    member, other = someone(cn="Before"), someone()
    result, name = applications.file(world, world.session(member.dn, PASSWORD), {"cn": "Lee Young"}, "by-ldap", description="a note")
    must(result, name)
    must(applications.document(world.session(member.dn, PASSWORD), name, PNG, name="scan")[0], "document")
    (one,) = muster("list", "--json", who=member).json()
    tap.is_((one["id"], one["state"], one["member"], one["changes"], one["before"], one["note"], one["decided"]),
            ("by-ldap", "filed", member.uid, ["cn: Lee Young"], ["cn: Before"], "a note", None), "filed over LDAP, listed by its member")
    page = muster("show", "by-ldap", "--json", who=member).json()
    tap.is_(page["documents"], [{"id": "scan", "type": "image/png", "sha256": hashlib.sha256(PNG).hexdigest(), "note": None, "kept": True}],
            "and its document")
    tap.is_({k: v for k, v in page.items() if k != "documents"}, one, "the same facts on both pages")
    text = muster("show", "by-ldap", who=operator).out
    for line in ("asks for         cn: Lee Young", "instead of       cn: Before", "note             a note", "document         scan, image/png"):
        tap.in_(line, text, line)
    tap.is_(muster("list", "--json", who=other).json(), [], "another member sees nothing of it")
    says(muster("show", "by-ldap", who=other), NOT_FOUND, "that you may see", "and finds nothing")
    for who in (operator, ADMIN):
        tap.ok("by-ldap" in [a["id"] for a in muster("list", "--state", "filed", "--json", who=who).json()], "who decides sees it")
    tap.is_("by-ldap" in [a["id"] for a in muster("list", "--state", "approved", "--json", who=operator).json()], False, "not as approved")
    says(muster("list", "--state", "open", who=operator), USAGE, "filed, approved or rejected", "no such state")


def test_document():
    member = someone()
    application = filed(member, "--name", "Lee Young", "--document", SCAN, "--document", LETTER)
    out = path("out.pdf")
    ran = muster("document", application, "--output", out, "--json", who=operator)
    with open(out, "rb") as file:
        tap.is_((ran.code, ran.json()["file"], file.read()), (DONE, out, PDF), "the first document, octet by octet")
    tap.is_(os.stat(out).st_mode & 0o777, 0o600, "for who saves it")
    says(muster("document", application, "2", "--output", out, who=operator), IN_USE, "--output", "no file is written over")
    link = path("link")
    os.symlink(path("elsewhere"), link)
    tap.is_(muster("document", application, "--output", link, who=operator).code, IN_USE, "nor through a link")
    tap.ok(not os.path.exists(path("elsewhere")), "nothing is there")
    here = os.getcwd()
    os.chdir(folder.name)
    try:
        tap.is_(muster("document", application, "2", who=member).code, DONE, "a name of its own")
    finally:
        os.chdir(here)
    with open(path("%s-2.png" % application), "rb") as file:
        tap.is_(file.read(), PNG, "ID, document and ending")
    says(muster("document", application, "9", who=operator), NOT_FOUND, "muster application show", "no such document")
    says(muster("document", application, who=someone()), NOT_FOUND, "that you may see", "a document of somebody else")


# --- decided ----------------------------------------------------------------------------------------------


def test_approve():
    member = someone()
    application = filed(member, "--name", "Lee Young", "--country", "KR")
    for who in (member, someone()):
        ran = muster("approve", application, who=who)
        tap.ok(ran.code in (REFUSED, NOT_FOUND), "not for members", ran.text)
    ran = muster("approve", application, "--reason", "checked", "--json", who=operator)
    tap.is_((ran.code, ran.json()), (DONE, {"id": application, "state": "approved"}), "approved")
    tap.is_(facts(member.dn, "cn", "c"), {"cn": ["Lee Young"], "c": ["KR"]}, "and the change is made, as LDAP has it")
    found = facts(dn(application), "musterApplicationState", "musterApplicationReason", "musterApplicationDecidedBy")
    tap.is_(found, {"musterApplicationState": ["approved"], "musterApplicationReason": ["checked"],
                    "musterApplicationDecidedBy": [operator.dn]}, "by whom and why")
    shown = muster("show", application, "--json", who=member).json()
    tap.is_((shown["state"], shown["decided_by"], shown["reason"], bool(shown["decided"])), ("approved", operator.uid, "checked", True),
            "its member sees it")
    owed = [v.split()[1] for v in root.entry(member.dn, ["musterOutbox"])["musterOutbox"]]
    tap.ok(b"application-approved" in owed, "and gets a mail", owed)
    for words in (("approve",), ("reject", "--reason", "no"), ("withdraw",), ("attach",)):
        words = (words[0], application, *words[1:], *([SCAN] if words[0] == "attach" else []))
        says(muster(*words, who=member if words[0] in ("withdraw", "attach") else operator), FAILED, "is decided already", words[0] + " after that")


def test_reject():
    member = someone()
    application = filed(member, "--name", "Lee Young")
    before = facts(member.dn, "cn", "modifyTimestamp")
    says(muster("reject", application, who=operator), USAGE, "--reason TEXT", "not without a reason")
    for wrong in ("", "a\nb", "x" * 501):
        says(muster("reject", application, "--reason", wrong, who=operator), USAGE, "--reason: ", "nor with %.10r" % wrong)
    tap.is_(muster("reject", application, "--reason", "The scan cannot be read.", who=operator).code, DONE, "rejected")
    tap.is_(facts(member.dn, "cn"), {"cn": before["cn"]}, "the member stays as it is")
    shown = muster("show", application, who=member).out
    tap.in_("The scan cannot be read.", shown, "its member reads why")
    application = filed(member, "--name", "Lee Young")
    must(applications.reject(world.session(operator.dn, PASSWORD), dn(application), "again"), "rejected over LDAP")
    found = muster("list", "--state", "rejected", "--json", who=member).json()
    tap.is_(sorted(a["reason"] for a in found), ["The scan cannot be read.", "again"], "seen by muster")


# --- kept for a time ----------------------------------------------------------------------------------------


def decided(days, member, *words, decision="approve"):
    """An application that was filed and decided days ago."""
    world.move_clock(-days * DAY)
    application = filed(member, *words)
    ran = muster(decision, application, "--reason", "because", who=operator)
    world.move_clock(0)
    if ran.code != DONE:
        raise RuntimeError(ran.text)
    return application


def contents(application):
    return len(root.search(dn(application), "(musterDocumentContent=*)", ["1.1"]).entries)


def test_purge_older_than():
    member = someone()
    old = decided(91, member, "--name", "Lee Young", "--document", SCAN, "--document", LETTER)
    refused = decided(90, member, "--country", "KR", "--document", SCAN, decision="reject")
    young = decided(89, member, "--surname", "Lee", "--document", SCAN)
    world.move_clock(-91 * DAY)
    waiting = filed(member, "--given-name", "Young", "--document", SCAN)
    world.move_clock(0)
    before = [contents(a) for a in (old, refused, young, waiting)]
    tap.is_(before, [2, 1, 1, 1], "four applications with documents")
    says(muster("purge", who=operator), USAGE, "--older-than DAYS", "it wants to know which")
    says(muster("purge", old, "--older-than", "1", who=operator), USAGE, "--older-than DAYS", "one or the other")
    for wrong in ("-1", "x", "1.5", "36501", ""):
        says(muster("purge", "--older-than", wrong, who=operator), USAGE, "a number of days", "--older-than %r" % wrong)
    ran = muster("purge", "--older-than", "90", "--dry-run", "--json", who=operator)
    tap.is_(ran.json(), {"applications": 2, "documents": 3, "dry_run": True}, "it says what it would delete")
    tap.is_([contents(a) for a in (old, refused, young, waiting)], before, "and deletes nothing yet")
    tap.ok(muster("purge", "--older-than", "90", who=member).code == REFUSED, "members delete nothing of what is decided")
    tap.is_([contents(a) for a in (old, refused, young, waiting)], before, "all is there")
    ran = muster("purge", "--older-than", "90", "--json", who=operator)
    tap.is_(ran.json(), {"applications": 2, "documents": 3, "dry_run": False}, "what is 90 days old and decided")
    tap.is_([contents(a) for a in (old, refused, young, waiting)], [0, 0, 1, 1], "is deleted, and nothing else, as LDAP has it")
    tap.is_(facts(dn(old, "1"), "musterDocumentHash"), {"musterDocumentHash": [hashlib.sha256(PDF).hexdigest()]}, "the SHA-256 stays")
    shown = muster("show", old, "--json", who=member).json()
    tap.is_(([d["kept"] for d in shown["documents"]], shown["state"]), ([False, False], "approved"), "its member sees it")
    tap.in_("content deleted", muster("show", old, who=member).out, "in words too")
    says(muster("document", old, who=operator), NOT_FOUND, hashlib.sha256(PDF).hexdigest(), "there is nothing to save")
    ran = muster("purge", "--older-than", "90", "--json", who=ADMIN)
    tap.is_((ran.code, ran.json()["documents"]), (DONE, 0), "nothing is left the next time")
    ran = muster("purge", "--older-than", "89", "--json", who=ADMIN)
    tap.is_((ran.json()["documents"], contents(young)), (1, 0), "an administrator deletes as well")


def test_purge_one():
    member = someone()
    application = filed(member, "--name", "Lee Young", "--document", SCAN)
    says(muster("purge", application, who=operator), FAILED, "decide it first", "not what is not decided")
    tap.is_(contents(application), 1, "it is there")
    must(applications.approve(world.session(operator.dn, PASSWORD), dn(application)), "approved over LDAP")
    tap.is_((muster("purge", application, who=operator).code, contents(application)), (DONE, 0), "once it is decided")
    member = someone()
    application = decided(31, member, "--name", "Lee Young", "--document", SCAN)
    peer = "gidNumber=%d+uidNumber=%d,cn=peercred,cn=external,cn=auth" % (os.getegid(), os.geteuid())
    with world.use("config") as config:
        rules = config.entry(DATABASE, ["olcAccess"])["olcAccess"]
        must(config.modify(DATABASE, ("add", "olcAccess", '{0}to * by dn.exact="%s" manage by * break' % peer)), "as muster init does")
        ran = command.muster(world, "--external", "application", "purge", "--older-than", "30", "--json")
        must(config.modify(DATABASE, ("replace", "olcAccess", rules)), "the rules as they were")
    tap.is_((ran.json()["documents"], contents(application)), (1, 0), "root on the server, as from a timer")


def test_many():
    """More than a page of the server's answers."""
    people_of = [someone() for _ in range(3)]
    world.move_clock(-400 * DAY)
    for n in range(12):
        own = world.session(people_of[n % 3].dn, PASSWORD)
        result, name = applications.file(world, own, {"cn": "Name %d" % n}, "many-%d" % n)
        must(result, name)
        must(applications.document(own, name)[0], "document")
        must(applications.reject(world.session(operator.dn, PASSWORD), name), "rejected")
    world.move_clock(0)
    with world.use("config") as config:
        must(config.modify("cn=config", ("replace", "olcSizeLimit", "size.soft=5 size.hard=5 size.prtotal=unlimited")), "five at once")
        ran = muster("purge", "--older-than", "365", "--json", who=operator)
        must(config.modify("cn=config", ("delete", "olcSizeLimit", None)), "as it was")
    tap.is_(ran.code, DONE, "page by page")
    tap.is_(ran.json(), {"applications": 12, "documents": 12, "dry_run": False}, "all of them")


def test_alive():
    tap.ok(world.alive(), "slapd is alive")


tap.main(globals())
