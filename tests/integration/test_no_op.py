#!/usr/bin/python3
"""Writes that are only tried (No-Op control): told what would become of them, and nothing of them stays."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from lib import people, tap  # noqa: E402
from lib.tap import in_, is_, ok  # noqa: E402
from lib.world import DATABASE, World  # noqa: E402

NO_OP = ("1.3.6.1.4.1.4203.666.5.2", True, None)
WOULD = 0x410e  # LDAP_X_NO_OPERATION: everything but the write itself succeeded
SCHEMA, CONSTRAINT, NO_PARENT, NO_RIGHT, UNWILLING, EXISTS = 65, 19, 32, 50, 53, 68

world = World()
org = people.organization(world)
root = world.session("root")
admin = world.session("admin")


def member(uid, **more):
    return dict({"objectClass": ["inetOrgPerson", "musterMember"], "uid": uid, "cn": uid, "sn": "Test",
                 "mail": uid + "@acme.example"}, **more)


def dn_of(uid):
    return "uid=%s,%s" % (uid, org.people)


def everything():
    """All that is stored, with every attribute."""
    return sorted((dn, sorted((name, sorted(values)) for name, values in attributes.items()))
                  for dn, attributes in root.search(world.base, attributes=["*", "+"]).entries)


def test_01_add():
    before = everything()
    is_(admin.add(dn_of("kim"), member("kim"), controls=[NO_OP]).code, WOULD, "a member who could be added")
    for what, dn, attributes, code in (
            ("without what the schema demands", dn_of("kim"), {name: value for name, value in member("kim").items() if name != "sn"}, SCHEMA),
            ("whose name is in use", org.owner.dn, member("owner"), EXISTS),
            ("below what is not there", "uid=kim,ou=nobody," + org.dn, member("kim"), NO_PARENT),
            ("with a password, which nobody judges here", dn_of("kim"), member("kim", userPassword=people.PASSWORD), UNWILLING),
            ("with a seed", dn_of("kim"), member("kim", oathSecret=b"x" * 20), UNWILLING)):
        result = admin.add(dn, attributes, controls=[NO_OP])
        is_(result.code, code, "one %s is refused as the write would be, or because it cannot be told" % what)
    is_(everything(), before, "nothing is stored")


def test_02_other_overlays():
    """slapo-unique is asked as well: it looks and writes nothing."""
    with world.use("config") as config:
        overlay = config.search(DATABASE, "(olcOverlay=unique)", ["olcUniqueURI"]).entries[0][0]
        people.must(config.modify(overlay, ("add", "olcUniqueURI", "ldap:///?employeeNumber?sub")), "unique")
    people.must(root.modify(org.owner.dn, ("replace", "employeeNumber", "7")), "number")
    before = everything()
    result = admin.add(dn_of("kim"), member("kim", employeeNumber="7"), controls=[NO_OP])
    is_(result.code, CONSTRAINT, "a value that somebody else has")
    in_("non-unique", result.text, "it says so")
    is_(admin.add(dn_of("kim"), member("kim", employeeNumber="8"), controls=[NO_OP]).code, WOULD, "another one is good")
    is_(everything(), before, "nothing is stored")


def test_03_rights():
    mallory = people.member(org, "mallory", people.PASSWORD)
    with world.use() as one:
        one.bind(mallory.dn, people.PASSWORD)
        before = everything()
        for what, result in (("adds nobody", one.add(dn_of("kim"), member("kim"), controls=[NO_OP])),
                             ("learns not who is there", one.add(org.owner.dn, member("owner"), controls=[NO_OP])),
                             ("makes nobody an OWNER", one.modify(org.dn, ("add", "owner", mallory.dn), controls=[NO_OP]))):
            is_(result.code, NO_RIGHT, "a member " + what)
        result = one.modify(mallory.dn, ("delete", "userPassword", people.PASSWORD), ("add", "userPassword", "Summer#2027"),
                            controls=[NO_OP])
        is_(result.code, UNWILLING, "its own password is not only tried: it would be judged and not counted")
        result = one.modify(mallory.dn, ("replace", "preferredLanguage", "ko"), controls=[NO_OP])
        ok(result.code in (WOULD, UNWILLING), "nor stored is a language", result.text)
    is_(admin.modify(org.dn, ("add", "owner", mallory.dn), controls=[NO_OP]).code, WOULD, "who may make OWNERs is told so")
    is_(everything(), before, "nothing is stored")


def test_04_delete_and_rename():
    before = everything()
    is_(admin.delete(org.owner.dn, controls=[NO_OP]).code, UNWILLING, "deleting is not only tried")
    is_(admin.rename(org.owner.dn, "uid=other", controls=[NO_OP]).code, UNWILLING, "nor is renaming")
    is_(everything(), before, "nothing is stored")


def test_05_numbers():
    with world.use("config") as config:
        with open("/etc/ldap/schema/nis.ldif") as file:
            config.apply("\n" + file.read())
    before = everything()
    classes = ["inetOrgPerson", "musterMember", "posixAccount"]
    for _ in range(5):
        is_(admin.add(dn_of("kim"), member("kim", objectClass=classes), controls=[NO_OP]).code, WOULD, "an account without a number")
    is_(admin.add(dn_of("kim"), member("kim", objectClass=classes, uidNumber="100000"), controls=[NO_OP]).code, WOULD,
        "one with a number that is free")
    is_(admin.add(dn_of("kim"), member("kim", objectClass=classes, uidNumber="20"), controls=[NO_OP]).code, CONSTRAINT,
        "one with a number outside of the range")
    is_(everything(), before, "nothing is stored, no number is set aside")
    people.must(admin.add(dn_of("kim"), member("kim", objectClass=classes)), "kim")
    is_(root.entry(dn_of("kim"))["uidNumber"], [b"100000"], "the first number is given to the first who is really added")


def test_06_what_back_mdb_would_keep():
    """
    back-mdb numbers the attributes it meets, and forgets on disk but not in memory what it numbered in a transaction that it gave up. So
    a value of an attribute that nobody had before must not get there in a write that is only tried.
    """
    admin.add(dn_of("lee"), member("lee", carLicense="1", departmentNumber="2"), controls=[NO_OP])
    admin.modify(org.owner.dn, ("add", "roomNumber", "3"), controls=[NO_OP])
    admin.modify("ou=nobody," + org.dn, ("add", "initials", "4"), controls=[NO_OP])
    people.must(root.add(dn_of("lee"), member("lee", carLicense="1", departmentNumber="2", roomNumber="3", initials="4")), "lee")
    world.stop()
    world.start()
    with world.use("root") as one:
        found = one.entry(dn_of("lee"))
        is_([found.get(name) for name in ("carLicense", "departmentNumber", "roomNumber", "initials")], [[b"1"], [b"2"], [b"3"], [b"4"]],
            "what is stored later can be read")


def test_07_audit():
    added = world.log().count("operation=add-member")
    with world.use("admin") as one:
        is_(one.add(dn_of("park"), member("park"), controls=[NO_OP]).code, WOULD, "a member who could be added")
        is_(world.log().count("operation=add-member"), added, "has no line in the log: nothing has happened")
        one.add(dn_of("kim"), member("kim"), controls=[NO_OP])
        tap.eventually(lambda: world.log().count("operation=add-member") == added + 1, "a refusal has one")


tap.main(globals())
