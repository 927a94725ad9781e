#!/usr/bin/python3
"""newOrganization: an organization with everything that belongs to one, or nothing, by who may have one."""

import os
import random
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from lib import exops, people, tap
from lib.parallel import at_once
from lib.people import PASSWORD
from lib.session import RELAX
from lib.world import World

OK, STRONGER, WEAK, CONSTRAINT, RIGHTS, UNWILLING, EXISTS, PROTOCOL = 0, 8, 13, 19, 50, 53, 68, 2
MANY = 50

world = World(faketime=True, config=("olcMusterService: wiki wiki.example.com", "olcMusterCertificateCountry: KR"))
root = world.session("root")
admin = world.session("admin")
BELOW = "ou=organizations," + world.base


def paying(login, **more):
    """A platform member with a payment method that counts; (who, a fresh connection)"""
    who = people.account(world, login + "@example.com", PASSWORD, root=root, **more)
    people.must(root.add("cn=card," + who.dn, {"objectClass": ["applicationProcess", "musterPaymentMethod"], "cn": "card",
                                               "musterPaymentKind": "card", "musterPaymentState": "active",
                                               "musterPaymentExpiry": "2099-12", "musterPaymentToken": "tok_" + login,
                                               "musterPaymentBrand": "Visa", "musterPaymentLastFour": "4242"}), "payment method")
    return who, world.session(who.dn, PASSWORD)


def entries(name):
    return sorted(dn for dn, _ in root.search(BELOW, "(entryDN:dnSubtreeMatch:=o=%s,%s)" % (name, BELOW), ["dn"]).entries)


def values(dn, name):
    return sorted(v.decode() for v in root.entry(dn).get(name, []))


def kinds(who):
    return [v.decode().split(" ")[1] for v in root.entry(who.dn).get("musterOutbox", [])]


def refused(made, code, words, what):
    tap.is_((made[0].code, made[1]), (code, None), what)
    tap.in_(words, made[0].text, what + ": says what to do")


def test_made():
    who, own = paying("first")
    result, dn, owner, url = exops.new_organization(own, "acme", "Acme-Corp", "olive", "Olive Owner", "olive@acme.example",
                                                    language="ko", service="wiki", title="Acme Wiki")
    tap.is_((result.code, result.text), (OK, ""), "an organization")
    tap.is_((dn, owner, url), ("o=acme," + BELOW, "uid=olive,ou=people,o=acme," + BELOW, "https://acme-corp.wiki.example.com/"),
            "what is answered")
    tap.is_(entries("acme"), sorted([dn, "cn=policy," + dn, "ou=people," + dn, "ou=groups," + dn, "ou=services," + dn, owner,
                                     "cn=wiki,ou=services," + dn]), "the entries")
    tap.is_((values(dn, "musterDomain"), values(dn, "owner"), values(dn, "musterPolicyEntry")),
            (["acme-corp"], sorted([owner, who.dn]), ["cn=policy," + dn]), "domain, OWNERs, policy")
    tap.is_((values(owner, "mail"), values(owner, "sn"), values(owner, "preferredLanguage"), values(owner, "userPassword")),
            (["olive@acme.example"], ["Owner"], ["ko"], []), "the OWNER, who has no password")
    tap.is_((values("cn=wiki,ou=services," + dn, "labeledURI"), values("cn=wiki,ou=services," + dn, "displayName")),
            ([url], ["Acme Wiki"]), "the service")
    template = root.entry("cn=console-16,ou=policies," + world.base, ["*"])
    policy = root.entry("cn=policy," + dn, ["*"])
    tap.is_({k: v for k, v in policy.items() if k not in ("cn", "description")},
            {k: v for k, v in template.items() if k not in ("cn", "description")}, "the template's rules")
    tap.in_("organization-created", kinds(who), "the platform member is told")
    tap.is_(own.modify(owner, ("replace", "musterStatus", "suspended")).code, OK, "and manages the members")
    tap.is_(own.modify(owner, ("replace", "musterStatus", "active")).code, OK, "there")


def test_who_may():
    refused(exops.new_organization(world.session(), "anon", "anon"), RIGHTS, "log in", "nobody")
    acme = people.organization(world, "iam", root=root)
    member = people.member(acme, password=PASSWORD, root=root)
    refused(exops.new_organization(world.session(member.dn, PASSWORD), "iam2", "iam2"), RIGHTS, "platform members", "an IAM member")
    poor = people.account(world, "poor@example.com", PASSWORD, root=root)
    refused(exops.new_organization(world.session(poor.dn, PASSWORD), "poor", "poor"), UNWILLING, "payment method", "without a payment method")
    who, own = paying("expired")
    people.must(root.modify("cn=card," + who.dn, ("replace", "musterPaymentExpiry", "2020-01")), "expiry")
    refused(exops.new_organization(own, "exp", "exp"), UNWILLING, "payment method", "with a card that has expired")
    people.must(world.configure_overlay(("replace", "olcMusterPaymentRequired", "FALSE")), "olcMusterPaymentRequired")
    tap.is_(exops.new_organization(world.session(poor.dn, PASSWORD), "poor", "poor")[0].code, OK, "where none is asked for")
    people.must(world.configure_overlay(("delete", "olcMusterPaymentRequired", None)), "olcMusterPaymentRequired")
    who, own = paying("late")
    world.move_clock(0, uptime=301)
    refused(exops.new_organization(own, "late", "late"), STRONGER, "bind again", "long after the bind")
    world.move_clock(0)
    result, _, program = exops.new_app_password(world.session(), who.dn, PASSWORD, "mail")
    people.must(result, "app password")
    refused(exops.new_organization(world.session(who.dn, program), "program", "program"), RIGHTS, "app password", "a program")
    with world.use(who.dn, PASSWORD, uri=world.uri_tls) as tls, world.use(uri=world.uri) as plain:
        tap.is_(exops.new_organization(plain, "plain", "plain")[0].code, WEAK, "an unprotected connection")
        people.must(root.modify(who.dn, ("replace", "musterStatus", "suspended")), "suspended")
        tap.ok(exops.new_organization(tls, "asleep", "asleep")[0].code != OK, "who was suspended since the bind")
    tap.is_(entries("program") + entries("plain") + entries("asleep"), [], "nothing was made")
    result, dn, owner, url = exops.new_organization(admin, "by-admin", "by-admin")
    tap.is_((result.code, values(dn, "owner"), url), (OK, [owner], ""), "an administrator, who does not own it")


def test_certificates():
    more = {"c": "KR", "musterMemberType": "business", "o": "Kim Co", "musterRegistrationNumber": "123-45-67890"}
    who, own = paying("kim", **more)
    refused(exops.new_organization(own, "kimco", "kimco"), UNWILLING, "application", "a business without a certificate")
    people.must(root.modify(who.dn, ("replace", "musterBusinessProved", "20260101000000Z"), controls=[RELAX]), "proved")
    tap.is_(exops.new_organization(own, "kimco", "kimco")[0].code, OK, "with one")
    _, us = paying("us", **dict(more, c="US"))
    tap.is_(exops.new_organization(us, "usco", "usco")[0].code, OK, "of another country")
    _, single = paying("single", c="KR", musterMemberType="individual")
    tap.is_(exops.new_organization(single, "single", "single")[0].code, OK, "no business")


def test_what_is_asked_for():
    _, own = paying("asks")
    count = len(root.search(BELOW, "(objectClass=*)", ["dn"]).entries)
    for more, code, words in (({"domain": "ab"}, CONSTRAINT, "domain:"), ({"domain": "-abc"}, CONSTRAINT, "domain:"),
                              ({"name": ""}, CONSTRAINT, "name"), ({"name": "a*b"}, CONSTRAINT, "name"),
                              ({"owner_id": "a b"}, CONSTRAINT, "ownerId"), ({"owner_id": ""}, CONSTRAINT, "ownerId"),
                              ({"owner_name": ""}, CONSTRAINT, "ownerName"), ({"owner_mail": "nobody"}, CONSTRAINT, "ownerMail"),
                              ({"language": "no language"}, CONSTRAINT, "language"), ({"service": "git"}, CONSTRAINT, "catalogue"),
                              ({"template": "none"}, UNWILLING, "template"), ({"domain": "acme-corp"}, EXISTS, "taken"),
                              ({"name": "ACME"}, EXISTS, "taken"), ({"domain": "acme"}, EXISTS, "taken"),
                              ({"name": "acme-corp"}, EXISTS, "taken"), ({"owner_name": "x" * 65}, CONSTRAINT, "ownerName")):
        asked = dict({"name": "asked", "domain": "asked"}, **more)
        refused(exops.new_organization(own, **asked), code, words, "%.60s" % more)
    tap.is_(len(root.search(BELOW, "(objectClass=*)", ["dn"]).entries), count, "nothing was made")
    tap.is_(exops.new_organization(own, "asked", "asked", template="modern")[0].code, OK, "another template")
    tap.is_(values("cn=policy,o=asked," + BELOW, "pwdMinLength"), ["15"], "whose rules hold")


def test_one_domain():
    """Adds over LDAP and by the operation, all at once."""
    people.must(world.configure_overlay(("replace", "olcMusterPaymentRequired", "FALSE")), "olcMusterPaymentRequired")
    who = people.account(world, "racer@example.com", PASSWORD, root=root)
    sessions = [world.session(who.dn, PASSWORD) if i % 2 else world.session("admin") for i in range(MANY)]

    def make(session, i):
        if i % 2:
            return exops.new_organization(session, "race%d" % i, "race-domain")[0]
        dn = "o=race%d,%s" % (i, BELOW)
        return session.add(dn, {"objectClass": ["organization", "musterOrganization"], "o": "race%d" % i, "musterDomain": "race-domain",
                                "owner": "uid=owner,ou=people," + dn})

    results = at_once([lambda s=s, i=i: make(s, i) for i, s in enumerate(sessions)])
    codes = [result.code for result in results]
    tap.is_(codes.count(OK), 1, "of %d one is stored" % MANY)
    tap.is_({code for code in codes if code}, {CONSTRAINT, EXISTS}, "the others are refused")
    tap.ok(all("taken" in result.text for result in results if result.code), "and told why")
    tap.is_(len(root.search(BELOW, "(musterDomain=race-domain)", ["dn"]).entries), 1, "one has it")
    won = codes.index(OK)
    left = [dn for i in range(MANY) if i != won for dn in entries("race%d" % i)]
    tap.is_(left, [], "nothing of the others is left")


def test_one_name():
    """By the operation alone."""
    sessions = [world.session("admin") for _ in range(MANY)]
    results = at_once([lambda s=s, i=i: exops.new_organization(s, "same", "same%d" % i)[0] for i, s in enumerate(sessions)])
    tap.is_(sorted(result.code for result in results), [OK] + [EXISTS] * (MANY - 1), "of %d of one name one is made" % MANY)
    tap.ok(all("taken" in result.text for result in results if result.code), "the others are told why")
    tap.is_(len(entries("same")), 6, "it is whole")


@tap.fault(23)
def test_malformed():
    value = exops.new_organization_value("odd", "odd-domain", language="ko", service="wiki", title="Odd")
    before = len(root.search(BELOW, "(objectClass=*)", ["dn"]).entries)
    codes = {admin.extended(exops.NEW_ORGANIZATION, value[:size]).code for size in range(len(value))}
    tap.is_(codes | {admin.extended(exops.NEW_ORGANIZATION, wrong).code for wrong in (None, value + b"\0")}, {PROTOCOL},
            "cut off at each of %d octets, without a value, with an octet more" % len(value))
    tap.is_(len(root.search(BELOW, "(objectClass=*)", ["dn"]).entries), before, "nothing was made")
    chance = random.Random(12)
    seen, known = set(), {dn for dn, _ in root.search(BELOW, "(objectClass=organization)", ["dn"]).entries}
    for _ in range(3000):
        mutant = bytearray(value)
        for _ in range(chance.choice((1, 1, 2, 4))):
            mutant[chance.randrange(len(mutant))] = chance.choice((0, 0x20, 0x2C, 0x2A, 0x5C, 0x7F, 0x80, 0xFF, chance.randrange(256)))
        seen.add(admin.extended(exops.NEW_ORGANIZATION, bytes(mutant)).code)
    tap.ok(seen <= {OK, PROTOCOL, CONSTRAINT, UNWILLING, EXISTS}, "3,000 mutations: known results only", seen)
    made = [dn for dn, _ in root.search(BELOW, "(objectClass=organization)", ["dn"]).entries if dn not in known]
    sizes = {len(root.search(dn, "(objectClass=*)", ["dn"]).entries) for dn in made}
    tap.ok(made and sizes <= {6, 7}, "what was made is whole", (len(made), sizes))
    tap.ok(world.alive(), "slapd is alive")


@tap.fault(28)
def test_killed():
    """SIGKILL while organizations are made: each is there as a whole or not at all."""
    chance = random.Random(20261128)
    made = whole = 0
    for round_ in range(8):
        sessions = [world.session("admin") for _ in range(3)]
        names = ["k%d-%d" % (round_, i) for i in range(3 * 20)]

        def work(session, own):
            for name in own:
                exops.new_organization(session, name, name, service="wiki")

        threads = [threading.Thread(target=work, args=(s, names[i::3])) for i, s in enumerate(sessions)]
        for thread in threads:
            thread.start()
        time.sleep(chance.uniform(0.02, 0.4))
        world.kill()
        for thread in threads:
            thread.join()
        world.start()
        again = world.session("root")
        for name in names:
            found = again.search(BELOW, "(entryDN:dnSubtreeMatch:=o=%s,%s)" % (name, BELOW), ["dn"]).entries
            made += bool(found)
            whole += len(found) in (0, 7)
    tap.is_(whole, 8 * 60, "whole or not there")
    tap.ok(made > 0, "some were made before", made)


tap.main(globals())
