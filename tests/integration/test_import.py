#!/usr/bin/python3
"""Members in bulk: files of every form, what is wrong with rows, all or nothing whatever happens, invitations, and back out again."""

import csv
import io
import json
import os
import random
import re
import signal
import stat
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from lib import people, tap
from lib.bulk import Bulk, Halt, people as rows_of, wait_for
from lib.tap import in_, is_, ok
from lib.terminal import Terminal
from lib.world import DATABASE, World

DONE, FAILED, USAGE, REFUSED, NOT_FOUND, IN_USE, RULES, UNREACHABLE, NO_MUSTER = range(9)

world = World()
org = people.organization(world)
bulk = Bulk(world)
root = world.session("root")


def uids():
    """IDs of the members that are there, but for the owner that every organization begins with."""
    found = root.search(org.people, "(objectClass=musterMember)", ["uid"]).entries
    return sorted(row[1]["uid"][0].decode() for row in found if row[1]["uid"] != [b"owner"])


def entry(uid):
    return root.entry("uid=%s,%s" % (uid, org.people))


def value(uid, name):
    return [one.decode() for one in entry(uid).get(name, [])]


def owners():
    return sorted(dn.decode().split(",")[0] for dn in root.entry(org.dn, ["owner"])["owner"])


def empty():
    """Nobody is there but the owner."""
    extra = [dn for dn in root.entry(org.dn, ["owner"])["owner"] if dn.decode() != org.owner.dn]
    if extra:
        people.must(root.modify(org.dn, ("delete", "owner", extra)), "owners")
    there = uids()
    # slapd ends a connection that has more than 1000 operations waiting.
    for first in range(0, len(there), 500):
        sent = [root.low.delete_ext("uid=%s,%s" % (uid, org.people), [], None) for uid in there[first:first + 500]]
        for number in sent:
            root.low.result4(number, 1, 60, 0, 0, 1)


def refused(content, *parts, code=USAGE, name="members.csv", arguments=(), what=None):
    """An import and its dry run end with this code, both say all parts, and nothing is written."""
    path = content if isinstance(content, str) and content.startswith("/") else bulk.file(content, name)
    before = uids()
    for dry in ([], ["--dry-run"]):
        ran = bulk.run("member", "import", "acme", path, *dry, *arguments)
        is_(ran.code, code, "%s%s" % (what or parts[0], ", dry run" if dry else ""))
        for part in parts:
            in_(part, ran.text, "it says so")
    is_(uids(), before, "nothing is written")
    is_(bulk.journals(), [], "and no journal is left")


# --- tables ------------------------------------------------------------------------------------------


def test_01_table():
    text = ("\ufeffID;Name;E-Mail;owner;Mobile;lang;nickname;surname;given name;status\r\n"
            'kim;"Kim; \"\"Minji\"\"";kim@acme.example;yes;+82 10-1234-5678;ko;민지;Kim;Minji;\r\n'
            "\r\n"
            " lee ; Lee Jun ;lee@acme.example;;;;;;;suspended\r\n"
            'park;"Park\u00a0Seo";park@acme.example;no;;;;;;active')
    path = bulk.file(text)
    ran = bulk.run("member", "import", "acme", path, "--dry-run")
    is_(ran.code, DONE, "a table as a spreadsheet saves it can be imported")
    in_("3 rows can be imported into acme, 1 of them OWNERs", ran.out, "the dry run says so")
    is_(uids(), [], "and writes nothing")
    ran = bulk.run("member", "import", "acme", path)
    is_(ran.code, DONE, "it is imported")
    tap.note(ran.text)
    is_(uids(), ["kim", "lee", "park"], "everybody is there")
    is_([value("kim", name) for name in ("cn", "sn", "givenName", "mobile", "preferredLanguage", "displayName")],
        [['Kim; "Minji"'], ["Kim"], ["Minji"], ["+821012345678"], ["ko"], ["민지"]], "with what the cells say")
    is_((value("lee", "cn"), value("lee", "sn"), value("lee", "musterStatus")), (["Lee Jun"], ["Jun"], ["suspended"]),
        "blanks around are gone, the last word is the surname, the status holds")
    ok("musterStatus" not in entry("park"), "active is no status of its own")
    is_(owners(), ["uid=kim", "uid=owner"], "one of them is an OWNER")
    ok("userPassword" not in entry("kim"), "nobody has a password")
    is_(bulk.journals(), [], "no journal is left")
    empty()


def test_02_header():
    refused("id,name,mial\nkim,Kim,kim@acme.example\n", 'did you mean "mail"?', "Columns are", what="a typo in a column's name")
    refused("id,name,mail,salary\n", 'unknown column "salary"', "nickname")
    refused("id,name\nkim,Kim\n", 'the column "mail" is missing')
    refused("id,name,mail,e-mail\n", "is there twice")
    refused("", "the file is empty")
    refused('id,name,mail\nkim,"Kim,kim@acme.example\n', "line 2: a quote begins here and never ends")
    refused("id,name,mail\n".encode("utf-16"), "UTF-16")
    refused("id,name,mail\nkim,김,kim@acme.example\n".encode("cp949"), "UTF-8", what="another encoding")


def test_03_rows():
    text = "\n".join(["id,name,mail,mobile,owner,language,status,uid-number",
                      "good,Good,good@acme.example,,,,,",
                      "bad id,X,x@acme.example,,,,,",
                      "nomail,X,nobody,,,,,",
                      "local,X,l@acme.example,010-1234-5678,,,,",
                      "maybe,X,m@acme.example,,perhaps,,,",
                      "tongue,X,t@acme.example,,,korean_language,,",
                      "state,X,s@acme.example,,,,sleeping,",
                      "number,X,n@acme.example,,,,,17",
                      "GOOD,Twice,g@acme.example,,,,,",
                      "owner,Taken,o@acme.example,,,,,",
                      "wide,X,w@acme.example,,,,,,,,more"]) + "\n"
    path = bulk.file(text)
    ran = bulk.run("member", "import", "acme", path, "--dry-run")
    is_(ran.code, USAGE, "a dry run of a file with wrong rows")
    lines = ran.out.splitlines()
    is_([line.split(":")[0] for line in lines],
        ["row 3 (bad id)", "row 4 (nomail)", "row 5 (local)", "row 6 (maybe)", "row 7 (tongue)", "row 8 (state)",
         "row 9 (number)", "row 10 (GOOD)", "row 11 (owner)", "row 12 (wide)"], "tells each row as a spreadsheet numbers it, in order")
    for number, part in ((2, "+82 10"), (7, "row 2 already"), (8, "in use in acme: choose another"), (9, "more cells")):
        in_(part, lines[number], "and what to do")
    facts = json.loads(bulk.run("member", "import", "acme", path, "--dry-run", "--json").out)
    is_((facts["rows"], facts["wrong"], facts["problems"][0]["row"], facts["problems"][0]["id"]), (11, 10, 3, "bad id"),
        "the same as JSON")
    ran = bulk.run("member", "import", "acme", path)
    is_(ran.code, USAGE, "such a file is not imported")
    is_(len(ran.err.splitlines()), 11, "which tells the same rows and one line more")
    is_(uids(), [], "not even the rows that are right")
    refused("id,name,mail\nowner,Taken,o@acme.example\n", "in use", code=IN_USE)


def test_04_what_only_the_server_knows():
    refused("id,name,mail,home\nkim,Kim,kim@acme.example,/home/kim\n", "row 2 (kim)", what="an account without what the server demands")
    people.must(root.add("ou=sales," + org.people, {"objectClass": "organizationalUnit", "ou": "sales"}), "folder")
    people.must(root.add("uid=deep,ou=sales," + org.people, {"objectClass": ["inetOrgPerson", "musterMember"], "uid": "deep",
                                                             "cn": "D", "sn": "D", "mail": "d@acme.example"}), "deep")
    refused("id,name,mail\ndeep,D,d2@acme.example\n", "in use in another folder", code=IN_USE)
    people.must(root.delete("uid=deep,ou=sales," + org.people), "deep")
    people.must(root.delete("ou=sales," + org.people), "sales")


def clerk():
    """Somebody who registers members of acme and may do nothing else."""
    dn = "cn=clerk,ou=programs," + world.base
    people.must(root.add(dn, {"objectClass": ["organizationalRole", "simpleSecurityObject"], "cn": "clerk",
                              "userPassword": world.hash("clerk-secret-1")}), dn)
    with world.use("config") as config:
        people.must(config.modify(DATABASE, ("add", "olcAccess", [
            '{0}to dn.subtree="%s" by dn.exact="%s" write by * break' % (org.people, dn),
            '{1}to dn.subtree="ou=organizations,%s" by dn.exact="%s" read by * break' % (world.base, dn)])), "access")
    return Bulk(world, dn, "clerk-secret-1")


def test_05_rights():
    other = people.organization(world, "other")
    people.give_password(world, org.owner, people.PASSWORD)
    mallory = people.member(org, "mallory", people.PASSWORD)
    content = bulk.file("id,name,mail\nkim,Kim,kim@acme.example\n")
    as_owner = Bulk(world, org.owner.dn, people.PASSWORD)
    ran = as_owner.run("member", "import", content)
    is_(ran.code, DONE, "an OWNER imports into its own organization, without naming it")
    ran = as_owner.run("member", "import", "other", content)
    ok(ran.code in (NOT_FOUND, REFUSED), "and not into another one", ran.text)
    with_owner = bulk.file("id,name,mail,owner\nlee,Lee,lee@acme.example,yes\n")
    ran = clerk().run("member", "import", "acme", with_owner, "--dry-run")
    in_("no right to make OWNERs", ran.out, "who may add members and make no OWNERs is told so before anything is written")
    is_(ran.code, REFUSED, "with the exit code of that")
    ran = Bulk(world, mallory.dn, people.PASSWORD).run("member", "import", "acme", bulk.file("id,name,mail\nx,X,x@acme.example\n"))
    ok(ran.code in (NOT_FOUND, REFUSED), "a member imports nobody", ran.text)
    is_(root.search(other.people, "(uid=kim)", ["uid"]).entries, [], "nobody is in the other one")
    empty()


def test_06_owner_that_is_not_there():
    dn = "o=new,ou=organizations," + world.base
    people.must(root.add(dn, {"objectClass": ["organization", "musterOrganization"], "o": "new", "musterDomain": "new",
                              "owner": "uid=boss,ou=people," + dn}), dn)
    people.must(root.add("ou=people," + dn, {"objectClass": "organizationalUnit", "ou": "people"}), "people")
    ran = bulk.run("member", "import", "new", bulk.file("id,name,mail\nkim,Kim,kim@new.example\n"))
    is_(ran.code, USAGE, "the first members of an organization need an OWNER among them")
    in_("mark at least one row", ran.err, "it says how")
    ran = bulk.run("member", "import", "new", bulk.file("id,name,mail\nboss,Boss,boss@new.example\n"))
    is_(ran.code, DONE, "the one whom the organization names is one")


def test_07_standard_input():
    ran = bulk.run("member", "import", "acme", "-", input=b"id,name,mail\nkim,Kim,kim@acme.example\n")
    is_((ran.code, uids()), (DONE, ["kim"]), "a table from standard input, behind the password")
    empty()


# --- LDIF --------------------------------------------------------------------------------------------


LDIF = """\
version: 1

# somebody from another directory
dn: uid=kim,ou=staff,dc=elsewhere
objectClass: inetOrgPerson
uid: kim
cn:: S2ltIOuvvOyngA==
sn: Kim
mail: kim@acme.example
mobile: +82 (10) 1234.5678
title: a line that is
  folded
entryUUID: 00000000-0000-0000-0000-000000000000

dn: uid=lee,ou=staff,dc=elsewhere
changetype: add
uid: lee
cn: Lee
mail: lee@acme.example

dn: o=elsewhere
changetype: modify
add: owner
owner: uid=lee,ou=staff,dc=elsewhere
-
"""


def test_10_ldif():
    ran = bulk.run("member", "import", "acme", bulk.file(LDIF, "members.ldif"))
    is_(ran.code, DONE, "LDIF is known by its look")
    tap.note(ran.text)
    is_(uids(), ["kim", "lee"], "its people are below ou=people, wherever they were")
    is_((value("kim", "cn"), value("kim", "title"), value("kim", "mobile")), (["Kim 민지"], ["a line that is folded"], ["+821012345678"]),
        "with attributes that no table has")
    is_(owners(), ["uid=lee", "uid=owner"], "and the OWNER it names")
    empty()


def test_11_ldif_refused():
    text = LDIF.replace("title: a line", "userPassword: secret-in-a-file\ntitle: a line").replace("cn: Lee", "cn:: %%%")
    text = text.replace("uid=lee,ou=staff,dc=elsewhere\n-", "uid=nobody,dc=elsewhere\n-")
    ran = bulk.run("member", "import", "acme", bulk.file(text, "members.ldif"), "--dry-run")
    is_(ran.code, USAGE, "a dry run of LDIF")
    lines = ran.out.splitlines()
    is_([line.split(":")[0].split(" (")[0] for line in lines], ["line 4", "line 16", "line 22"], "tells each record by its line")
    for number, part in ((0, "userPassword is not imported"), (1, "not base64"), (2, "no member of the file")):
        in_(part, lines[number], "and what is wrong")
    ok("secret-in-a-file" not in ran.text, "a password in it is not printed")
    refused("dn: cn=x\nchangetype: modify\nadd:: b3duZXIKcmVwbGFjZTogbw==\n", "is expected", name="members.ldif")
    refused("dn: cn=x\nfull name: Lee\n", "not the name of an attribute", name="members.ldif")
    refused("dn: cn=x\nchangetype: delete\n", "records that add or modify", name="members.ldif")
    refused("dn: uid=x,dc=e\nuid: x\ncn: X\nmail: x@acme.example\njpegPhoto:< file:///etc/passwd\n", "values in other files",
            name="members.ldif")


# --- accounts of login hosts -----------------------------------------------------------------------------


def test_15_posix():
    with world.use("config") as config:
        with open("/etc/ldap/schema/nis.ldif") as file:
            config.apply("\n" + file.read())
    path = bulk.file("id,name,mail,uid-number,gid-number,home,shell\n"
                     "kim,Kim,kim@acme.example,200001,200001,/home/minji,/bin/bash\n"
                     "lee,Lee,lee@acme.example,,,,\n")
    ran = bulk.run("member", "import", "acme", path)
    is_(ran.code, DONE, "rows with numbers are accounts of login hosts, those without are not")
    tap.note(ran.text)
    in_("posixAccount", value("kim", "objectClass"), "the class")
    is_((value("kim", "uidNumber"), value("kim", "homeDirectory")), (["200001"], ["/home/minji"]), "and the cells")
    ok("posixAccount" not in value("lee", "objectClass"), "the other one is none")
    ran = bulk.run("member", "import", "acme", bulk.table(rows_of(300)), "--posix")
    is_(ran.code, DONE, "with --posix all are")
    found = [int(value(row["id"], "uidNumber")[0]) for row in rows_of(300)]
    is_((min(found), max(found), len(set(found))), (100000, 100299, 300), "with numbers of their own, and the dry run before has used none")
    is_(value("p00300", "homeDirectory"), ["/home/p00300"], "and a home folder")
    refused("id,name,mail,uid-number,gid-number,home\na,A,a@acme.example,200002,200002,/home/a\nb,B,b@acme.example,200002,200002,/home/b\n",
            "is in row 2 already", what="a number twice")
    empty()


# --- all or nothing --------------------------------------------------------------------------------------


COUNT = 3000


def test_20_thousands():
    path = bulk.table(rows_of(COUNT))
    ran = bulk.run("member", "import", "acme", path)
    is_(ran.code, DONE, "%d members are imported" % COUNT)
    in_("%d members are registered" % COUNT, ran.out, "it says how many")
    is_(ran.err, "", "and nothing besides")
    is_(len(uids()), COUNT, "they are there")


def test_20b_bar():
    """On a terminal a bar tells rate and time left; test_20 has seen that nowhere else anything of it is printed."""
    with Terminal(bulk.command("member", "import", "acme", bulk.table(rows_of(COUNT, COUNT + 1))), environment=bulk.environment) as t:
        t.expect("Password of %s: " % bulk.dn)
        t.type(bulk.password)
        t.expect(re.compile(r"\[[#.]+\] (checking|writing): [\d,]+ rows, [\d,]+ a second"))
        is_(t.finish(300), DONE, "an import on a terminal shows how far it is")
    empty()
    with Terminal(bulk.command("member", "import", "acme", bulk.table(rows_of(COUNT)), "--quiet"), environment=bulk.environment) as t:
        t.expect("Password of %s: " % bulk.dn)
        t.type(bulk.password)
        is_(t.finish(300), DONE, "with --quiet")
        ok("a second" not in t.text, "nothing of it is shown", t.text)


def test_21_taken_back():
    """A row in the middle that only the write itself refuses: its ID is taken between the check and its turn."""
    empty()
    path = bulk.table(rows_of(COUNT))
    with Halt(world, "p00002") as halt:
        process = Bulk(world, uri=halt.uri).start("member", "import", "acme", path)
        halt.wait(process)
        people.must(root.add("uid=p%05d,%s" % (COUNT - 5, org.people), {"objectClass": "inetOrgPerson", "uid": "p%05d" % (COUNT - 5),
                                                                        "cn": "X", "sn": "X"}), "somebody else's")
        halt.go()
        _, err = process.communicate(timeout=300)
    is_(process.returncode, IN_USE, "an ID that is taken meanwhile stops the import")
    in_("what was written is taken back", err.decode(), "it says so")
    tap.note(err.decode())
    is_(uids(), [], "nobody is there")
    ok(root.entry("uid=p%05d,%s" % (COUNT - 5, org.people)), "but for the entry that somebody else made")
    people.must(root.delete("uid=p%05d,%s" % (COUNT - 5, org.people)), "the other one")
    is_(bulk.journals(), [], "no journal is left")


# Where an import is killed: up to 64 members are under way then, which may be there or not.
KILLS = range(100, COUNT)


def kill_at(n, *arguments):
    """An import that is killed when slapd was given member number n and none behind it."""
    with Halt(world, "p%05d" % (n + 1)) as halt:
        process = Bulk(world, uri=halt.uri).start("member", "import", "acme", *arguments)
        halt.wait(process)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    return process.returncode


def test_22_killed_and_resumed():
    rows = rows_of(COUNT)
    rows[7]["owner"] = rows[COUNT - 1]["owner"] = "yes"
    path = bulk.table(rows)
    for n in sorted(random.sample(KILLS, 3)):
        tap.note("killed at %d" % n)
        is_(kill_at(n, path), -signal.SIGKILL, "an import is killed in the middle")
        ok(0 < len(uids()) < COUNT, "with some of its members there")
        is_(len(bulk.journals()), 1, "its journal is there")
        folder = os.path.join(bulk.state, "muster", bulk.journals()[0])
        is_({stat.S_IMODE(os.stat(os.path.join(folder, name)).st_mode) for name in os.listdir(folder)}, {0o600},
            "readable by nobody else")
        is_(stat.S_IMODE(os.stat(folder).st_mode), 0o700, "in a folder of its own")
        ran = bulk.run("member", "import", "acme", path)
        is_(ran.code, FAILED, "another import has to wait")
        in_("--resume", ran.err, "it says what to do")
        os.rename(path, path + ".gone")
        ran = bulk.run("member", "import", "acme", "--resume")
        os.rename(path + ".gone", path)
        is_(ran.code, DONE, "it goes on, without the file")
        is_(uids(), [row["id"] for row in rows], "everybody is there exactly once")
        is_(owners(), ["uid=owner", "uid=p00008", "uid=p%05d" % COUNT], "and so are the OWNERs")
        is_(bulk.journals(), [], "the journal is gone")
        empty()


def test_23_killed_again_and_again():
    path = bulk.table(rows_of(COUNT))
    kill_at(300, path)
    for n in (800, 1400, 2000):
        kill_at(n, "--resume")
    is_(bulk.run("member", "import", "acme", "--resume").code, DONE, "an import that was killed four times is finished")
    is_(uids(), [row["id"] for row in rows_of(COUNT)], "everybody is there exactly once")
    empty()


def test_24_killed_and_taken_back():
    path = bulk.table(rows_of(COUNT))
    for n in sorted(random.sample(KILLS, 2)):
        kill_at(n, path)
        process = bulk.start("member", "import", "acme", "--undo")
        gone = "uid=p%05d,%s" % (max(1, n // 2), org.people)
        wait_for(lambda: process.poll() is not None or not root.entry(gone, ["uid"]))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        if bulk.journals():
            is_(bulk.run("member", "import", "acme", "--resume").code, FAILED, "what is being taken back is not resumed")
            is_(bulk.run("member", "import", "acme", "--undo").code, DONE, "killed as well, the undo goes on")
        is_(uids(), [], "nobody is there")
        is_(bulk.journals(), [], "the journal is gone")
    ran = bulk.run("member", "import", "acme", "--undo")
    is_(ran.code, NOT_FOUND, "there is nothing more to take back")


def test_25_not_ours():
    """Of rows that may have been written before the kill, those that somebody else made since are not ours."""
    path = bulk.table(rows_of(COUNT))
    kill_at(1200, path)
    last = len(uids()) + 400
    taken = "uid=p%05d,%s" % (last, org.people)
    people.must(root.add(taken, {"objectClass": "inetOrgPerson", "uid": "p%05d" % last, "cn": "X", "sn": "X"}), taken)
    ran = bulk.run("member", "import", "acme", "--resume")
    is_(ran.code, IN_USE, "an import that finds somebody else's entry in its way is taken back")
    is_(uids(), [], "all of it")
    ok(root.entry(taken), "the other's entry stays")
    people.must(root.delete(taken), taken)


def test_26_server_goes_away():
    path = bulk.table(rows_of(COUNT))
    with Halt(world, "p00501") as halt:
        process = Bulk(world, uri=halt.uri).start("member", "import", "acme", path)
        halt.wait(process)
        world.kill()
        _, err = process.communicate(timeout=300)
    is_(process.returncode, UNREACHABLE, "the server is killed in the middle")
    in_("--resume", err.decode(), "the import says how to go on")
    world.start()
    global root
    root = world.session("root")
    is_(bulk.run("member", "import", "acme", "--resume").code, DONE, "it goes on when the server is there again")
    is_(uids(), [row["id"] for row in rows_of(COUNT)], "everybody is there exactly once")
    empty()


def test_27_asked_to_stop():
    path = bulk.table(rows_of(COUNT))
    with Halt(world, "p00101") as halt:
        process = Bulk(world, uri=halt.uri).start("member", "import", "acme", path)
        halt.wait(process)
        process.send_signal(signal.SIGINT)
        halt.go()
        _, err = process.communicate(timeout=300)
    is_(process.returncode, FAILED, "Control-C ends an import in an orderly way")
    in_("rows are written", err.decode(), "it says how far it came")
    is_(bulk.run("member", "import", "acme", "--undo").code, DONE, "and it is taken back")
    is_(uids(), [], "nobody is there")


# --- invitations ----------------------------------------------------------------------------------------


def queued():
    found = root.search("ou=queue," + world.base, "(objectClass=musterRequest)", ["musterRequestTarget", "cn"]).entries
    return sorted(row[1]["musterRequestTarget"][0].decode().lower() for row in found)


def empty_queue():
    for dn, _ in root.search("ou=queue," + world.base, "(objectClass=musterRequest)", ["cn"]).entries:
        root.delete(dn)


def target(uid):
    return ("dn:uid=%s,%s" % (uid, org.people)).lower()


def test_30_invited():
    ran = bulk.run("member", "import", "acme", bulk.table(rows_of(3)), "--invite", "--rate", "100")
    is_(ran.code, DONE, "an import with invitations")
    is_(queued(), [target(row["id"]) for row in rows_of(3)], "asks for a mail for each")
    empty_queue()
    people.must(root.modify("uid=p00002," + org.people, ("replace", "userPassword", people.PASSWORD)), "a password")
    people.must(root.modify("uid=p00003," + org.people, ("replace", "musterStatus", "suspended")), "suspended")
    ran = bulk.run("member", "invite", "acme", "--rate", "100")
    is_(ran.code, DONE, "everybody without a password is invited")
    is_(queued(), [target("owner"), target("p00001")] if "userPassword" not in root.entry(org.owner.dn) else [target("p00001")],
        "and nobody else: not who has one, not who is suspended")
    empty_queue()
    ran = bulk.run("member", "invite", "acme", "p00001", "p00002", "nobody")
    is_(ran.code, NOT_FOUND, "named members are told one by one")
    in_("p00001: invited", ran.out, "one is invited")
    in_("p00002: has a password", ran.err, "one needs no invitation")
    in_("nobody: is no member", ran.err, "one is not there")
    empty_queue()
    empty()


def test_31_invitations_resumed():
    bulk.run("member", "import", "acme", bulk.table(rows_of(40)))
    process = bulk.start("member", "invite", "acme", "--rate", "5")  # seven seconds more after the fifth
    wait_for(lambda: len(queued()) >= 5)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    sent = queued()
    ok(5 <= len(sent) < 40, "invitations are stopped by SIGKILL")
    empty_queue()
    ran = bulk.run("member", "invite", "acme", "--rate", "200")
    is_(ran.code, DONE, "the same command goes on")
    in_("going on with what began", ran.err, "it says so")
    again = queued()
    ok(len(set(again) & set(sent)) <= 1, "nobody is invited twice but for the one of that moment", "%r %r" % (sent, again))
    ok(len(set(again) | set(sent)) >= 40, "and everybody once")
    is_(bulk.journals(), [], "no journal is left")
    empty_queue()
    empty()


def test_32_import_killed_while_it_invites():
    process = bulk.start("member", "import", "acme", bulk.table(rows_of(30)), "--invite", "--rate", "3")  # nine seconds more after the third
    wait_for(lambda: len(queued()) >= 3)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    is_(len(uids()), 30, "everybody was registered before the first invitation")
    ran = bulk.run("member", "import", "acme", bulk.table(rows_of(1, 100)))
    in_("complete but for its invitations", ran.err, "a new import says what is left of this one")
    is_(bulk.run("member", "import", "acme", "--resume").code, DONE, "it goes on")
    is_(queued(), [target(row["id"]) for row in rows_of(30)], "and asks for a mail for each")
    empty_queue()
    empty()


# --- export -----------------------------------------------------------------------------------------------


def persons():
    """What the entries say, without what the server makes anew."""
    found = root.search(org.people, "(objectClass=musterMember)", ["*"]).entries
    return {dn: {name: sorted(values) for name, values in attributes.items() if name != "userPassword"} for dn, attributes in found}


def test_40_export():
    rows = [{"id": "kim", "name": '=HYPERLINK("http://evil")', "mail": "kim@acme.example", "mobile": "+821012345678", "owner": "yes",
             "nickname": "-minji", "language": "ko"},
            {"id": "lee", "name": "'tis, Lee", "mail": "lee@acme.example", "nickname": "@lee", "status": "suspended"},
            {"id": "park", "name": "''=odd \"quoted\"", "mail": "park@acme.example", "surname": "+S", "given-name": "'=G"}]
    # csv_plain() takes the mark away from a cell that has one, so a name that begins so is written with one.
    for row in rows:
        for name in ("name", "nickname", "surname", "given-name"):
            if row.get(name, "")[:1] == "'" and row[name][1:2] in ("=", "'"):
                row[name] = "'" + row[name]
    is_(bulk.run("member", "import", "acme", bulk.table(rows)).code, DONE, "names that a spreadsheet would run")
    is_(value("park", "cn"), ["''=odd \"quoted\""], "are taken as they are")
    people.give_password(world, people.Member("uid=lee," + org.people, "lee", ""), people.PASSWORD)
    before, before_owners = persons(), owners()
    exported = bulk.run("member", "export", "acme")
    is_(exported.code, DONE, "export to standard output")
    cells = [cell for row in csv.reader(io.StringIO(exported.out)) for cell in row]
    ok(not [cell for cell in cells if cell[:1] in "=+-@" and cell], "no cell begins with what a spreadsheet runs", str(cells))
    for name, arguments in (("out.csv", []), ("out.ldif", ["--format", "ldif"])):
        path = os.path.join(world.folder, name)
        is_(bulk.run("member", "export", "acme", "-o", path, *arguments).code, DONE, "export to " + name)
        is_(stat.S_IMODE(os.stat(path).st_mode), 0o600, "readable by nobody else")
        with open(path) as file:
            text = file.read()
        ok("userPassword" not in text and "MUSTER" not in text and "entryUUID" not in text, "nothing secret is in it")
        empty()
        if name.endswith("csv"):
            kept = [line for line in text.splitlines(True) if not line.startswith("owner,")]
            text = "".join(kept)
        else:
            text = "\n\n".join(part for part in text.split("\n\n") if not part.startswith("dn: uid=owner,"))
            text = text.replace("owner: %s\n" % org.owner.dn, "")
        ran = bulk.run("member", "import", "acme", bulk.file(text, name))
        is_(ran.code, DONE, "and imported again")
        tap.note(ran.text)
        is_((persons(), owners()), (before, before_owners), "everybody is as before")
    empty()


def test_41_export_in_pages():
    bulk.run("member", "import", "acme", bulk.table(rows_of(1200)))
    as_owner = Bulk(world, org.owner.dn, people.PASSWORD)
    ran = as_owner.run("member", "export")
    is_((ran.code, len(ran.out.splitlines())), (DONE, 1202), "an OWNER exports more members than the server gives at once")
    mallory = people.member(org, "mallory", people.PASSWORD)
    ran = Bulk(world, mallory.dn, people.PASSWORD).run("member", "export", "acme")
    ok("p00001" not in ran.out, "a member exports nobody else")
    empty()


# --- the rest ---------------------------------------------------------------------------------------------


def test_50_usage():
    for arguments in (["member", "import"], ["member", "import", "acme", "/nonexistent"], ["member", "import", "acme", "/tmp"],
                      ["member", "import", "acme", "--resume", "--undo"], ["member", "import", "acme", "x", "--resume"],
                      ["member", "import", "acme", bulk.table(rows_of(1)), "--rate", "0"],
                      ["member", "import", "acme", bulk.table(rows_of(1)), "--format", "xls"],
                      ["member", "export", "acme", "--format", "xls"]):
        ran = bulk.run(*arguments)
        is_(ran.code, USAGE, "%s is refused" % " ".join(arguments[1:]))
        ok(len(ran.err) < 400, "with one clear line", ran.err)
    open_folder = os.path.join(world.folder, "open")
    os.mkdir(open_folder)
    ran = bulk.run("member", "import", "acme", bulk.table(rows_of(1)), "--journal", open_folder)
    is_(ran.code, DONE, "the journal may lie elsewhere")
    folder = os.path.join(open_folder, "import-" + root.entry(org.dn, ["entryUUID"])["entryUUID"][0].decode())
    os.mkdir(folder)
    os.chmod(folder, 0o755)
    ran = bulk.run("member", "import", "acme", bulk.table(rows_of(1, 5)), "--journal", open_folder)
    is_(ran.code, FAILED, "but not in a folder that others can open")
    in_("chmod 700", ran.err, "it says what to do")
    is_(bulk.run("member", "import", "acme", bulk.table(rows_of(1, 9)), "--quiet").err, "", "--quiet says nothing on the way")
    empty()


def test_51_a_try_is_no_write():
    """The dry run asks the server with the No-Op control: no audit line says that somebody was added."""
    before = world.log().count("operation=add-member")
    bulk.run("member", "import", "acme", bulk.table(rows_of(20)), "--dry-run")
    is_(world.log().count("operation=add-member"), before, "a write that was only tried is not logged as one")


tap.main(globals())
