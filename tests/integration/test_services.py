#!/usr/bin/python3
"""Services of organizations: of the catalogue, in their place, with an access URL that the server writes."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from lib import people, tap  # noqa: E402
from lib.parallel import at_once  # noqa: E402
from lib.session import RELAX  # noqa: E402
from lib.tap import in_, is_, ok  # noqa: E402
from lib.world import World  # noqa: E402

CONSTRAINT, NAMING, NO_ACCESS, UNWILLING = 19, 64, 50, 53
CATALOGUE = ["contact contact.example.com", "work work.example.com"]

world = World(config=["olcMusterService: " + CATALOGUE[0]])
root = world.session("root")
world.configure_overlay(("add", "olcMusterService", CATALOGUE[1]))
acme = people.organization(world, "acme", root=root)
boss = people.member(acme, "boss", people.PASSWORD, root=root)
people.must(root.modify(acme.dn, ("add", "owner", boss.dn)), "owner")
own = world.session(boss.dn, people.PASSWORD)


def dn_of(name, org=acme):
    return "cn=%s,ou=services,%s" % (name, org.dn)


def service(name="contact", **more):
    return dict({"objectClass": ["applicationProcess", "musterService"], "cn": name}, **more)


def shown(dn):
    """(access URL, name shown)"""
    entry = root.entry(dn, ["labeledURI", "displayName"])
    return tuple(entry.get(name, [b"-"])[0].decode() for name in ("labeledURI", "displayName"))


def test_an_owner_adds_a_service():
    is_(own.add(dn_of("contact"), service()).code, 0, "a service is added")
    is_(shown(dn_of("contact")), ("https://acme-corp.contact.example.com/", "acme"), "with access URL and the organization's name")
    is_(own.add(dn_of("work"), service("Work", displayName="Acme at work")).code, 0, "another one, with a name of its own")
    is_(shown(dn_of("work")), ("https://acme-corp.work.example.com/", "Acme at work"), "which is kept")
    is_(own.modify(dn_of("work"), ("replace", "displayName", "Work!")).code, 0, "the name is changed")
    with world.use(people.member(acme, "reader", people.PASSWORD, root=root).dn, people.PASSWORD) as one:
        is_(one.entry(dn_of("contact"))["labeledURI"], [b"https://acme-corp.contact.example.com/"], "members read the URL")
        is_(one.add(dn_of("other"), service("other")).code, NO_ACCESS, "and add nothing")


def test_what_is_no_service():
    result = own.add(dn_of("mail"), service("mail"))
    is_(result.code, CONSTRAINT, "what is not in the catalogue is refused")
    in_("contact, work", result.text, "with what is")
    is_(own.add(dn_of("x"), service("x", labeledURI="https://evil.example/")).code, NO_ACCESS, "a URL of one's own")
    result = own.modify(dn_of("contact"), ("replace", "labeledURI", "https://evil.example/"))
    is_(result.code, NO_ACCESS, "nobody writes the URL")
    in_("musterDomain", result.text, "the text says what it comes from")
    is_(own.modify(dn_of("contact"), ("delete", "labeledURI", None)).code, NO_ACCESS, "nor removes it")
    for dn in ("cn=contact," + acme.people, "cn=contact," + acme.dn, "cn=contact,ou=groups," + acme.dn,
               "cn=contact,ou=organizations," + world.base):
        is_(root.add(dn, service()).code, NAMING, "not at " + dn.split(",", 1)[1])
    plain = "cn=plain,ou=services," + acme.dn
    people.must(own.add(plain, {"objectClass": "applicationProcess", "cn": "plain"}), "plain")
    is_(own.modify(plain, ("add", "objectClass", "musterService")).code, CONSTRAINT, "one that becomes a service is in the catalogue")
    people.must(own.delete(plain), "plain")


def test_its_name_is_the_catalogues():
    is_(own.rename(dn_of("contact"), "cn=work2").code, UNWILLING, "a service is not renamed")
    other = people.organization(world, "elsewhere", root=root)
    is_(root.rename(dn_of("contact"), "cn=contact", "ou=services," + other.dn).code, UNWILLING, "nor moved")
    world.configure_overlay(("add", "olcMusterService", "third third.example.com"))
    plain = dn_of("third")
    people.must(own.add(plain, {"objectClass": "applicationProcess", "cn": "third"}), "plain")
    is_(own.modify(plain, ("add", "objectClass", "musterService")).code, 0, "an entry becomes a service")
    is_(shown(plain), ("https://acme-corp.third.example.com/", "acme"), "with URL and name")
    is_(own.delete(plain).code, 0, "a service is removed")


def test_the_url_follows_the_domain():
    is_(own.modify(acme.dn, ("replace", "musterDomain", "Acme-New")).code, 0, "the domain changes")
    is_([shown(dn_of(name))[0] for name in ("contact", "work")],
        ["https://acme-new.contact.example.com/", "https://acme-new.work.example.com/"], "so do the access URLs")
    people.organization(world, "taken", "taken", root=root)
    is_(own.modify(acme.dn, ("replace", "musterDomain", "taken")).code, CONSTRAINT, "a domain of another is refused")
    is_(shown(dn_of("contact"))[0], "https://acme-new.contact.example.com/", "and the URL stays")
    before = [root.entry(dn_of(name), ["entryCSN"]) for name in ("contact", "work")]
    is_(own.modify(acme.dn, ("delete", "musterDomain", "acme-new"), ("add", "musterDomain", "acme-two")).code, 0,
        "delete and add is a change, too")
    is_(shown(dn_of("work"))[0], "https://acme-two.work.example.com/", "that is followed")
    ok([root.entry(dn_of(name), ["entryCSN"]) for name in ("contact", "work")] != before, "as a change of the entry")


def test_domain_and_services_at_once():
    """Whatever is first: no URL is left with a domain that is not the organization's."""
    for number in range(10):
        org = people.organization(world, "storm%d" % number, root=root)
        sessions = [world.session("admin") for _ in range(3)]
        at_once([lambda: sessions[0].modify(org.dn, ("replace", "musterDomain", "storm-new%d" % number)),
                 lambda: sessions[1].add(dn_of("contact", org), service()),
                 lambda: sessions[2].add(dn_of("work", org), service("work"))])
        urls = [shown(dn_of(name, org))[0] for name in ("contact", "work")]
        if not all(url.startswith("https://storm-new%d." % number) for url in urls):
            tap.fail("services and domain at once: %r" % urls)
            return
    ok(True, "10 times a domain changes while services are added: every URL has the new one")


def test_the_name_follows_the_organization():
    org = people.organization(world, "before", root=root)
    people.must(root.add(dn_of("contact", org), service()), "service")
    people.must(root.add(dn_of("work", org), service("work", displayName="Ours")), "service")
    is_(root.rename(org.dn, "o=After").code, 0, "an organization is renamed")
    org.dn = "o=After,ou=organizations," + world.base
    is_(shown(dn_of("contact", org))[1], "After", "what shows its name shows the new one")
    is_(shown(dn_of("work", org))[1], "Ours", "a name of its own stays")


def test_a_crash_in_between():
    """Domain and URLs are one transaction: whenever slapd ends, they fit."""
    org = people.organization(world, "crash", root=root)
    people.must(root.add(dn_of("contact", org), service()), "service")
    for number in range(8):
        with world.use("admin") as one:
            at_once([lambda: [one.modify(org.dn, ("replace", "musterDomain", "crash%d-%d" % (number, i))) for i in range(50)],
                     lambda: (world.alive(), world.kill())])
        world.start()
        with world.use("root") as reader:
            domain = reader.entry(org.dn, ["musterDomain"])["musterDomain"][0].decode()
            url = reader.entry(dn_of("contact", org), ["labeledURI"])["labeledURI"][0].decode()
        if url != "https://%s.contact.example.com/" % domain:
            tap.fail("after a crash the domain is %s and the URL %s" % (domain, url))
            return
    ok(True, "8 crashes while the domain changes: the URL is always that of the domain")


def test_the_catalogue():
    for wrong in ("noname", "a b c", "under_score a.example", "x -bad.example", "contact twice.example", "CONTACT again.example"):
        result = world.configure_overlay(("add", "olcMusterService", wrong))
        ok(result.code, "the catalogue takes no %r" % wrong, str(result))
    is_(world.configure_overlay(("delete", "olcMusterService", "work work.example.com")).code, 0, "a service leaves the catalogue")
    with world.use("admin") as admin:
        is_(admin.modify(acme.dn, ("replace", "musterDomain", "acme-three")).code, 0, "the domain changes")
        entry = admin.entry(dn_of("work"), ["labeledURI"])["labeledURI"][0]
        is_(entry, b"https://acme-two.work.example.com/", "what is no service any more keeps what it had")
        is_(admin.modify(dn_of("work"), ("replace", "labeledURI", "https://else.example/"), controls=[RELAX]).code, 0,
            "who manages repairs it with Relax")
    world.restart()
    with world.use("config") as config:
        entry = config.search("cn=config", "(objectClass=olcMusterConfig)", ["olcMusterService"]).entries[0][1]
    is_(sorted(entry["olcMusterService"]), [b"contact contact.example.com", b"third third.example.com"], "the catalogue is kept")


tap.main(globals())
