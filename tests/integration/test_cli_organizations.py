#!/usr/bin/python3
"""muster org, service, member promote and demote: by platform members, OWNERs, members and strangers, looked at in LDAP."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from lib import command, people, tap
from lib.command import DONE, FAILED, IN_USE, NOT_FOUND, REFUSED, USAGE
from lib.tap import in_, is_
from lib.world import World

PASSWORD = "Winter#2026-fair"  # for every policy

world = World(config=("olcMusterService: contact contact.example.com",))
world.configure_overlay(("add", "olcMusterService", "work work.example.com"))
root = world.session("root")
BELOW = "ou=organizations," + world.base
ACME = "o=Acme," + BELOW
OWNER = ("--owner-id", "olive", "--owner-name", "Olive Owner", "--owner-mail", "olive@acme.example")
OLIVE = "uid=olive,ou=people," + ACME

pat = people.account(world, "pat@example.com", PASSWORD, root=root)
beta = people.organization(world, "beta", root=root)
people.give_password(world, beta.owner, PASSWORD, root)


def muster(who, *words):
    """As a member, a DN whose password is PASSWORD, or the administrator."""
    dn = getattr(who, "dn", who)
    return command.muster(world, *words, who=(dn, world.admin_password if dn == world.admin_dn else PASSWORD))


def values(dn, name):
    return sorted(value.decode() for value in root.entry(dn, [name]).get(name, []))


def refused(ran, code, words, what):
    is_(ran.code, code, what)
    in_(words, ran.err, what + ": what to do")


def test_01_a_platform_member_makes_one():
    refused(muster(pat, "org", "add", "Acme", "--domain", "acme", *OWNER), FAILED, "payment method", "without a payment method")
    people.must(root.add("cn=card," + pat.dn, {"objectClass": ["applicationProcess", "musterPaymentMethod"], "cn": "card",
                                               "musterPaymentKind": "card", "musterPaymentState": "active",
                                               "musterPaymentExpiry": "2099-12", "musterPaymentToken": "tok_pat",
                                               "musterPaymentBrand": "Visa", "musterPaymentLastFour": "4242"}), "payment method")
    refused(muster(pat, "org", "add", "Acme", "--domain", "beta-corp", *OWNER), IN_USE, "taken", "a domain that pat cannot see")
    refused(muster(pat, "org", "add", "BETA", "--domain", "acme", *OWNER), IN_USE, "taken", "a name that pat cannot see")
    refused(muster(pat, "org", "add", "Acme", "--domain", "acme", *OWNER, "--service", "git"), USAGE, "contact, work", "no such service")
    ran = muster(pat, "org", "add", "Acme", "--domain", "acme", *OWNER, "--owner-language", "ko", "--policy", "modern",
                 "--service", "contact", "--title", "Acme Contacts", "--json")
    is_(ran.code, DONE, "an organization")
    made = ran.json()
    is_((made["dn"], made["owner_dn"], made["access_url"]), (ACME, OLIVE, "https://acme.contact.example.com/"), "what is told")
    is_(values(ACME, "owner"), sorted([OLIVE, pat.dn]), "both own it")
    is_((values("cn=policy," + ACME, "pwdMinLength"), values(OLIVE, "preferredLanguage")), (["15"], ["ko"]), "template and language")
    is_(values("cn=contact,ou=services," + ACME, "displayName"), ["Acme Contacts"], "the title of its service")
    people.give_password(world, people.Member(OLIVE, "olive", "olive@acme.example"), PASSWORD, root)
    shown = muster(pat, "org", "show", "acme", "--json").json()
    is_((shown["access_urls"], shown["members_see"], shown["nicknames"]), (["https://acme.contact.example.com/"], "self", True),
        "org show")
    refused(muster(beta.owner, "org", "add", "More", "--domain", "more", *OWNER), REFUSED, "platform members", "an IAM member")


def test_02_services():
    for who in (pat, OLIVE):
        ran = muster(who, "service", "add", "acme", "work", "--title", "Work & more", "--json")
        is_((ran.code, ran.json()["access_url"] if ran.out else ran.err), (DONE, "https://acme.work.example.com/"), "added by " + getattr(who, "uid", who))
        is_(values("cn=work,ou=services," + ACME, "displayName"), ["Work & more"], "it is there, with its title")
        is_(muster(who, "service", "rename", "acme", "work", "--title", "Ours").code, DONE, "renamed")
        is_(values("cn=work,ou=services," + ACME, "displayName"), ["Ours"], "it is")
        is_([(row["service"], row["title"], row["access_url"]) for row in muster(who, "service", "list", "Acme", "--json").json()],
            [("contact", "Acme Contacts", "https://acme.contact.example.com/"), ("work", "Ours", "https://acme.work.example.com/")],
            "service list")
        is_(muster(who, "service", "remove", "acme", "work").code, DONE, "removed")
        is_(root.search("ou=services," + ACME, "(cn=work)", ["dn"]).entries, [], "it is")
    is_(muster(OLIVE, "service", "add", "acme", "work").code, DONE, "without a title")
    is_(values("cn=work,ou=services," + ACME, "displayName"), ["Acme"], "it is called like the organization")
    is_(root.modify("cn=work,ou=services," + ACME, ("replace", "displayName", "From LDAP")).code, 0, "ldapmodify")
    in_("From LDAP", muster(OLIVE, "service", "list", "acme").out, "is seen by service list")


def test_03_services_refused():
    refused(muster(OLIVE, "service", "add", "acme", "git"), USAGE, "contact, work", "what is not in the catalogue")
    is_(muster(OLIVE, "service", "add", "acme", "work").code, IN_USE, "one that is there")
    refused(muster(OLIVE, "service", "remove", "acme", "git"), NOT_FOUND, "service list acme", "one that is not there")
    refused(muster(OLIVE, "service", "rename", "acme", "git", "--title", "X"), NOT_FOUND, "service list acme", "nor renamed")
    refused(muster(OLIVE, "service", "rename", "acme", "work"), USAGE, "--title", "without a title")
    refused(muster(OLIVE, "service", "add", "beta", "work"), NOT_FOUND, "org list", "of another organization")
    member = people.member(beta, "ben", PASSWORD, root=root)
    is_(muster(member, "service", "add", "beta", "work").code, REFUSED, "by a member who is no OWNER")
    is_(muster(member, "service", "list", "beta", "--json").json(), [], "who may look")


def test_04_settings():
    is_(muster(OLIVE, "org", "set", "acme", "--domain", "acme-two", "--members-see", "members", "--nicknames", "no").code, DONE,
        "org set by an OWNER")
    is_([values(ACME, name) for name in ("musterDomain", "musterMembersSee", "musterNicknames")], [["acme-two"], ["members"], ["FALSE"]],
        "all three are written")
    is_(values("cn=work,ou=services," + ACME, "labeledURI"), ["https://acme-two.work.example.com/"], "access URLs follow")
    refused(muster(OLIVE, "org", "set", "acme", "--domain", "beta-corp"), USAGE, 'not accepted (musterDomain: "beta-corp" is taken', "a domain of another")
    is_(muster(OLIVE, "org", "set", "acme").code, USAGE, "nothing to set")
    is_(muster(OLIVE, "org", "set", "acme", "--nicknames", "perhaps").code, USAGE, "neither yes nor no")
    is_(muster(OLIVE, "org", "set", "acme", "--domain", "a_b").code, USAGE, "a domain that is none")
    is_(muster(OLIVE, "org", "set", "acme", "--members-see", "all").code, USAGE, "what members see")
    is_(muster(OLIVE, "org", "set", "beta", "--nicknames", "no").code, NOT_FOUND, "of another organization")
    is_(muster(beta.dn.replace("o=beta", "uid=ben,ou=people,o=beta"), "org", "set", "beta", "--nicknames", "no").code, REFUSED,
        "by a member who is no OWNER")
    is_(values(ACME, "musterDomain"), ["acme-two"], "nothing is changed by what is refused")
    is_(root.modify(ACME, ("replace", "musterDomain", "acme"), ("delete", "musterMembersSee", None),
                    ("delete", "musterNicknames", None)).code, 0, "ldapmodify takes it back")
    shown = muster(OLIVE, "org", "show", "acme", "--json").json()
    is_((shown["domain"], shown["members_see"], shown["nicknames"]), ("acme", "self", True), "org show says so")


def test_05_owners():
    acme = people.Organization(world, ACME, "acme", None)
    kim = people.member(acme, "kim", PASSWORD, root=root)
    is_(muster(kim, "member", "promote", "acme/kim").code, REFUSED, "nobody promotes itself")
    ran = muster(OLIVE, "member", "promote", "acme/kim", "--json")
    is_((ran.code, ran.json()), (DONE, {"dn": kim.dn, "owner": True}), "an OWNER makes another")
    in_(kim.dn, values(ACME, "owner"), "it is one")
    is_(muster(OLIVE, "member", "promote", "acme", "kim").code, DONE, "once more is no error")
    is_(muster(kim, "member", "demote", "acme/olive").code, DONE, "an OWNER demotes another")
    is_(muster(OLIVE, "member", "demote", "acme/kim").code, REFUSED, "who is none any more demotes nobody")
    people.must(root.modify(ACME, ("delete", "owner", pat.dn)), "the platform member leaves")
    refused(muster(kim, "member", "demote", "acme/kim"), FAILED, "active OWNER", "the last one")
    refused(muster(world.admin_dn, "member", "suspend", "acme/kim"), FAILED, "active OWNER", "which is not suspended either")
    is_(muster(kim, "member", "demote", "acme/olive").code, DONE, "who is none is left alone")
    is_(muster(kim, "member", "promote", "acme/nobody").code, NOT_FOUND, "a member who is not there")
    refused(muster(world.admin_dn, "member", "promote", pat.dn), USAGE, "no organization", "a platform member's DN")
    is_(values(ACME, "owner"), [kim.dn], "the OWNER of the end")
    is_(root.modify(ACME, ("add", "owner", OLIVE)).code, 0, "ldapmodify")
    is_(sorted(muster(kim, "org", "show", "acme", "--json").json()["owners"]), ["kim", "olive"], "is seen by org show")


tap.main(globals())
