#!/usr/bin/python3
"""What members may change of their own entries, whatever the access rules say: one table, each attribute by each kind of member.
And the account page: muster account show and set."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from lib import command, people, tap
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
# One of the codes for a new login goes there.
people.must(root.modify(lee.dn, ("replace", "mobile", "+821022222222"), ("replace", "musterMobileVerified", "20260101000000Z"),
                        controls=[RELAX]), "a proved number")

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


# --- muster account show, set ---------------------------------------------------------------------------


def muster(*words, who=None, answers=()):
    return command.muster(world, "account", *words, who=who and (who.dn, who.password), answers=answers)


def test_show_own():
    song = people.member(acme, "song", PASSWORD, root=root, mobile="+821012345678", displayName="Sonny", preferredLanguage="ko")
    ran = muster("show", "--json", who=song)
    tap.is_(ran.code, command.DONE, "a member looks at its own account")
    page, own = ran.json(), root.entry(song.dn, ["entryUUID"])
    tap.is_((page["id"], page["uuid"], page["name"], page["nickname"], page["mail"], page["mobile"], page["language"]),
            ("song", own["entryUUID"][0].decode(), "Song", "Sonny", song.mail, "+821012345678", "ko"), "what is in its entry")
    organization = root.entry(acme.dn, ["entryUUID"])["entryUUID"][0].decode()
    tap.is_((page["organization"], page["organization_id"], page["domain"]), ("acme", organization, "acme-corp"), "its organization")
    tap.is_((page["otp"], page["last_login"], page["status"]), (False, None, "active"), "no OTP, no login before this one")
    tap.ok(page["registered"], "and since when")
    again = muster("show", "--json", who=song).json()
    tap.ok(again["last_login"], "the login before this one")
    tap.is_(muster("show", song.dn, "--json", who=song).json()["last_login"] is None, False, "also when it is named")
    people.give_factor(world, song, root=root)
    ran = muster("show", "--json", who=song, answers=[song.code()])
    tap.is_((ran.code, ran.json()["otp"]), (command.DONE, True), "a second factor is told")
    tap.is_(sorted(name for name in ran.json() if "secret" in name or "password" in name), [], "and nothing else of it")
    text = command.muster(world, "account", "show", "acme/song", who=(world.admin_dn, world.admin_password)).out
    for line in ("ID                  song", "OTP                 yes", "organization        acme", "nickname            Sonny"):
        tap.in_(line, text, line)


def test_show_platform_member():
    page = muster("show", "--json", who=lee).json()
    tap.is_((page["id"], page["organization"], page["organization_id"]), ("lee@example.com", None, None), "in no organization")
    tap.is_((page["member_type"], page["business_name"], page["registration_number"]), ("business", "Lee Inc.", "123-45-67890"),
            "required information")


def test_show_others():
    tap.is_(muster("show", "acme/kim", "--json", who=acme.owner).json()["id"], "kim", "an OWNER looks at a member")
    admin = (world.admin_dn, world.admin_password)
    tap.is_(command.muster(world, "account", "show", lee.dn, "--json", who=admin).json()["id"], lee.uid, "an administrator at anybody")
    other = people.member(acme, "nosy", PASSWORD, root=root)
    for whom in ("acme/kim", lee.uid, "acme/nobody", "plain/park"):
        ran = muster("show", whom, who=other)
        tap.is_(ran.code, command.NOT_FOUND, "a member not at %s" % whom)
    tap.is_(command.muster(world, "account", "show").code != command.DONE, True, "nor somebody who is nobody")
    park = people.member(plain, "parker", PASSWORD, root=root, displayName="Old")
    tap.is_(muster("show", "--json", who=park).json()["nickname"], None, "no nickname where there are none")


def test_set():
    ran = muster("set", "--language", "en-GB", "--address", "1 Main St$Seoul \\24 2", "--billing-mail", "bills@example.com",
                 "--service-area", "Seoul", "--name", "Kim Chul Soo", "--given-name", "Chul", "--nickname", "Kimi", who=kim)
    tap.is_(ran.code, command.DONE, "all of it at once")
    page = muster("show", "--json", who=kim).json()
    tap.is_((page["language"], page["address"], page["billing_mail"], page["service_area"], page["name"], page["given_name"],
             page["nickname"]),
            ("en-GB", ["1 Main St", "Seoul $ 2"], "bills@example.com", "Seoul", "Kim Chul Soo", "Chul", "Kimi"), "and it is shown")
    tap.in_("1 Main St, Seoul $ 2", muster("show", who=kim).out, "an address on one line")
    ran = muster("set", "--nickname", "", "--address=", who=kim)
    entry = root.entry(kim.dn, ["displayName", "postalAddress"])
    tap.is_((ran.code, entry), (command.DONE, {}), "no text takes it away")
    tap.is_(muster("set", "--nickname", "", who=kim).code, command.DONE, "also what is not there")


def test_set_surname():
    song = people.member(acme, "sung", PASSWORD, root=root, cn="Song Soo", sn="Soo")
    muster("set", "--name", "Song Min", who=song)
    tap.is_(root.entry(song.dn, ["sn"])["sn"], [b"Min"], "a surname that was made of the name goes with it")
    muster("set", "--surname", "Song", who=song)
    muster("set", "--name", "Song Ji", who=song)
    tap.is_(root.entry(song.dn, ["cn", "sn"]), {"cn": [b"Song Ji"], "sn": [b"Song"]}, "one of its own stays")


def test_set_refusals():
    before = root.entry(kim.dn, ["*", "modifyTimestamp"])
    wrong = {"language": "korean language", "billing-mail": "nobody", "service-area": " ", "nickname": "x" * 65, "address": "$$",
             "name": "", "surname": "", "given-name": "a\nb"}
    for name, value in wrong.items():
        ran = muster("set", "--service-area", "Busan", "--" + name, value, who=kim)
        tap.is_(ran.code, command.USAGE, "--%s %.10r" % (name, value))
        tap.in_("--service-area" if name == "service-area" else "--" + name, ran.err, "it says which")
    tap.is_(muster("set", who=kim).code, command.USAGE, "nothing to change")
    tap.is_(root.entry(kim.dn, ["*", "modifyTimestamp"]), before, "nothing is written")
    ran = muster("set", "--language", "ko", "--name", "Another Lee", who=lee)
    tap.is_(ran.code, command.REFUSED, "a platform member's name is required information")
    tap.in_(APPLY, ran.err, "which tells how it is changed")
    ran = muster("set", "acme/kim", "--nickname", "Gotcha", who=lee)
    tap.ok(ran.code in (command.REFUSED, command.NOT_FOUND), "not somebody else's")
    park = people.member(plain, "parks", PASSWORD, root=root)
    ran = muster("set", "--nickname", "P", who=park)
    tap.is_(ran.code, command.REFUSED, "no nickname where there are none")
    tap.in_("does not use nicknames", ran.err, "and it says so")
    ran = muster("set", "acme/kim", "--nickname", "Kimmy", who=acme.owner)
    tap.is_((ran.code, root.entry(kim.dn, ["displayName"])), (command.DONE, {"displayName": [b"Kimmy"]}), "an OWNER sets it for a member")


def test_alive():
    tap.ok(world.alive(), "slapd is alive")


tap.main(globals())
