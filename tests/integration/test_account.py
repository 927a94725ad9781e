#!/usr/bin/python3
"""What members may change of their own entries, whatever the access rules say: one table, each attribute by each kind of member."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from lib import people, tap
from lib.people import PASSWORD
from lib.session import RELAX
from lib.world import DATABASE, World

OK, STRONG, CONSTRAINT, RIGHTS = 0, 8, 19, 50
APPLY, ASK = "muster application file", "ask an OWNER"

world = World(faketime=True)
root = world.session("root")
acme = people.organization(world, "acme", root=root)
plain = people.organization(world, "plain", root=root)
people.must(root.modify(plain.dn, ("replace", "musterNicknames", "FALSE")), "no nicknames")
kim = people.member(acme, "kim", PASSWORD, root=root)
people.give_password(world, acme.owner, PASSWORD, root)
lee = people.account(world, "lee@example.com", PASSWORD, root=root)

# attribute: (a value, what a member of an organization gets, what a platform member gets); a text: refused, and the text says that
TABLE = {
    "preferredLanguage": ("ko", OK, OK), "postalAddress": ("1 Main St$Springfield", OK, OK),
    "musterBillingMail": ("bills@example.com", OK, OK), "musterServiceArea": ("Seoul", OK, OK),
    "displayName": ("Kimi", OK, OK), "cn": ("Kim Chul", OK, APPLY), "sn": ("Kim", OK, APPLY), "givenName": ("Chul", OK, APPLY),
    "o": ("Acme", ASK, APPLY), "c": ("KR", ASK, APPLY), "musterMemberType": ("business", ASK, APPLY),
    "musterRegistrationNumber": ("123-45-67890", ASK, APPLY),
    "mail": ("new@example.com", "musterPendingMail", "musterPendingMail"),
    "mobile": ("+82 10 1111 1111", "musterPendingMobile", "musterPendingMobile"),
    "musterPendingLogin": ("new@example.com", "platform members", OK),
    "uid": ("other", "an ID is fixed", "musterPendingLogin"),
    "musterStatus": ("active", ASK, ASK), "musterTermsVersion": ("2", ASK, ASK), "musterTermsAccepted": ("20260101000000Z", ASK, ASK),
    "description": ("x", ASK, ASK), "employeeNumber": ("1", ASK, ASK), "title": ("Boss", ASK, ASK),
    "telephoneNumber": ("+82 2 1", ASK, ASK), "labeledURI": ("https://example.com", ASK, ASK),
    "pwdPolicySubentry": ("cn=modern,ou=policies," + world.base, ASK, ASK),
    "objectClass": (["inetOrgPerson", "musterMember", "dcObject"], "object classes", "object classes"),
    "musterOutbox": ("x", "no user modification", "no user modification"),
    "musterBusinessProved": ("20260101000000Z", "no user modification", "no user modification"),
    "musterUnprovedUntil": ("20260101000000Z", "no user modification", "no user modification"),
}


def refused(result, code, text, what):
    tap.is_(result.code, code, what)
    tap.in_(text, result.text, what + ": says what to do")


def expect(result, expected, what):
    if expected == OK:
        tap.is_(result.code, OK, what)
    else:
        tap.ok(result.code in (RIGHTS, CONSTRAINT), what, result)
        tap.in_(expected, result.text, what + ": says what to do")


def walk(what):
    for who, member, column in (("a member", kim, 1), ("a platform member", lee, 2)):
        own = world.session(member.dn, PASSWORD)
        for name, row in TABLE.items():
            before = root.entry(member.dn, [name])
            for verb in ("replace", "add", "delete"):
                if row[column] == OK and verb != "replace":
                    continue
                result = own.modify(member.dn, (verb, name, None if verb == "delete" else row[0]))
                expect(result, row[column], "%s%s: %s %s" % (what, who, verb, name))
            if row[column] != OK:
                tap.is_(root.entry(member.dn, [name]), before, "%s%s: %s stays" % (what, who, name))


def test_under_the_access_rules():
    walk("")


@tap.fault(27)
def test_whatever_the_access_rules_say():
    with world.use("config") as config:
        rules = config.entry(DATABASE, ["olcAccess"])["olcAccess"]
        people.must(config.modify(DATABASE, ("replace", "olcAccess", "{0}to * by self write by users read by anonymous auth")), "wide rules")
        walk("wide rules: ")
        own = world.session(kim.dn, PASSWORD)
        refused(own.rename(kim.dn, "uid=another"), RIGHTS, "an ID is fixed", "no other name")
        refused(own.rename(kim.dn, "cn=Kim", delete_old=False), RIGHTS, "an ID is fixed", "nor a second one")
        mine = world.session(lee.dn, PASSWORD)
        refused(mine.rename(lee.dn, "uid=root@example.com"), RIGHTS, "musterPendingLogin", "nor for a platform member")
        people.must(config.modify(DATABASE, ("replace", "olcAccess", rules)), "the rules as they were")


def test_fresh():
    own, mine = world.session(kim.dn, PASSWORD), world.session(lee.dn, PASSWORD)
    world.move_clock(0, uptime=301)
    for one, member, column in ((own, kim, 1), (mine, lee, 2)):
        for name, row in TABLE.items():
            if row[column] == OK:
                refused(one.modify(member.dn, ("replace", name, row[0])), STRONG, "bind again", "%s: %s" % (member.uid, name))
                refused(one.modify(member.dn, ("delete", name, None)), STRONG, "bind again", "%s: no %s" % (member.uid, name))
    world.move_clock(0)


def test_values():
    own, mine = world.session(kim.dn, PASSWORD), world.session(lee.dn, PASSWORD)
    wrong = {"preferredLanguage": ("k", "korean language", "ko-KR,en;q=0.8", "ko_KR", "a" * 36),
             "musterBillingMail": ("nobody", "a@b@c", "<a@b.c>", "a@" + "b" * 320), "musterServiceArea": (" Seoul", "x" * 65, "a\tb"),
             "displayName": ("x" * 65, " x", "a\nb"), "postalAddress": ("x" * 513, "$$", "a\nb"), "cn": ("x" * 65, "a\x7f"),
             "givenName": ("x" * 65,)}
    for name, values in wrong.items():
        for value in values:
            for who, one, member in (("a member", own, kim), ("a platform member", mine, lee)):
                if (who, name) not in (("a platform member", "cn"), ("a platform member", "givenName")):
                    refused(one.modify(member.dn, ("replace", name, value)), CONSTRAINT, name, "%s: %s=%.20r" % (who, name, value))
    refused(own.modify(kim.dn, ("replace", "displayName;lang-ko", "x")), CONSTRAINT, "without options", "no options")
    refused(own.modify(kim.dn, ("add", "cn", "Another")), CONSTRAINT, "replace it", "one name")
    refused(own.modify(kim.dn, ("replace", "postalAddress", ["a", "b"])), CONSTRAINT, "replace it", "one address")
    tap.is_(own.modify(kim.dn, ("delete", "postalAddress", "1 Main St$Springfield"), ("add", "postalAddress", "2 Main St")).code, OK,
            "one in the place of another")
    people.must(root.modify(kim.dn, ("replace", "cn", ["A", "B", "C"])), "names from before")
    tap.is_(own.modify(kim.dn, ("delete", "cn", "B")).code, OK, "fewer than there were")
    tap.is_(own.modify(kim.dn, ("replace", "cn", "Kim")).code, OK, "one again")
    for one, member in ((own, kim), (mine, lee)):
        for name in ("preferredLanguage", "postalAddress", "musterBillingMail", "musterServiceArea", "displayName"):
            tap.is_(one.modify(member.dn, ("delete", name, None)).code, OK, "%s: no %s any more" % (member.uid, name))
    tap.is_(own.modify(kim.dn, ("replace", "displayName", "a"), ("replace", "musterStatus", "active")).code, RIGHTS, "one bad, all bad")
    tap.ok("displayName" not in root.entry(kim.dn), "nothing of it is written")


def test_nicknames():
    park = people.member(plain, "park", PASSWORD, root=root)
    own = world.session(park.dn, PASSWORD)
    refused(own.modify(park.dn, ("replace", "displayName", "P")), RIGHTS, "does not use nicknames", "no nickname where there are none")
    people.must(root.modify(plain.dn, ("replace", "musterNicknames", "TRUE")), "nicknames")
    tap.is_(own.modify(park.dn, ("replace", "displayName", "P")).code, OK, "one where there are some")
    people.must(root.modify(plain.dn, ("replace", "musterNicknames", "FALSE")), "no nicknames again")
    refused(own.modify(park.dn, ("delete", "displayName", None)), RIGHTS, "does not use nicknames", "as it is from then on")
    tap.is_(root.modify(park.dn, ("delete", "displayName", None)).code, OK, "others take it away")


def test_others_keep_their_rights():
    owner, admin = world.session(acme.owner.dn, PASSWORD), world.session("admin")
    for what, one in (("an OWNER", owner), ("an administrator", admin)):
        tap.is_(one.modify(kim.dn, ("replace", "mail", "kim2@acme.example"), ("replace", "description", what), ("replace", "title", "T"),
                           ("replace", "cn", ["A", "B"]), ("replace", "preferredLanguage", "en-gb, en;q=0.7")).code, OK, what)
        refused(one.modify(kim.dn, ("replace", "musterBillingMail", "nobody")), CONSTRAINT, "musterBillingMail", what + ": a mail address")
        refused(one.modify(kim.dn, ("replace", "musterServiceArea", " ")), CONSTRAINT, "musterServiceArea", what + ": an area")
    for name, value in (("musterMemberType", "company"), ("musterRegistrationNumber", "1")):
        refused(admin.modify(lee.dn, ("replace", name, value)), CONSTRAINT, name, "an administrator: %s" % name)
    tap.is_(admin.modify(lee.dn, ("replace", "musterMemberType", "business"), ("replace", "musterRegistrationNumber", "123-45-67890"),
                         ("replace", "o", "Lee Inc.")).code, OK, "an administrator writes required information")
    refused(owner.modify(acme.owner.dn, ("replace", "musterStatus", "active")), RIGHTS, ASK, "an OWNER is a member like others")
    tap.is_(owner.modify(acme.owner.dn, ("replace", "cn", "The Owner")).code, OK, "and writes what members do")


def test_who_manages_is_not_held_up():
    """An administrator whose own entry is a member's repairs it with the Relax control."""
    boss = people.account(world, "boss@example.com", PASSWORD, root=root)
    with world.use("config") as config:
        rules = config.entry(DATABASE, ["olcAccess"])["olcAccess"]
        people.must(config.modify(DATABASE, ("add", "olcAccess", '{0}to * by dn.exact="%s" manage by * break' % boss.dn)), "manages")
        own = world.session(boss.dn, PASSWORD)
        refused(own.modify(boss.dn, ("replace", "musterStatus", "active")), RIGHTS, ASK, "without Relax: a member")
        tap.is_(own.modify(boss.dn, ("replace", "description", "me"), controls=[RELAX]).code, OK, "with it: who manages")
        people.must(config.modify(DATABASE, ("replace", "olcAccess", rules)), "the rules as they were")
    tap.ok(world.alive(), "slapd is alive")


tap.main(globals())
