#!/usr/bin/python3
"""uidNumber and gidNumber of members and groups: given by the server, each once."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from lib import people, tap  # noqa: E402
from lib.parallel import at_once  # noqa: E402
from lib.session import RELAX  # noqa: E402
from lib.tap import in_, is_, ok  # noqa: E402
from lib.world import World  # noqa: E402

CONSTRAINT, NO_ACCESS, UNWILLING = 19, 50, 53
FIRST, LAST = 5000, 9999
MANY = 50

world = World(config=["olcMusterNumbers: %d-%d" % (FIRST, LAST)])
root = world.session("root")
acme = people.organization(world, "acme", root=root)
other = people.organization(world, "other", root=root)
boss = people.member(acme, "boss", people.PASSWORD, root=root)
people.must(root.modify(acme.dn, ("add", "owner", boss.dn)), "owner")


def account(uid, **more):
    return dict({"objectClass": ["inetOrgPerson", "musterMember", "posixAccount"], "uid": uid, "cn": uid, "sn": "Test"}, **more)


def dn_of(uid, org=acme):
    return "uid=%s,%s" % (uid, org.people)


def group_of(name, org=acme):
    return "cn=%s,ou=groups,%s" % (name, org.dn)


def group(name, **more):
    return dict({"objectClass": "posixGroup", "cn": name}, **more)


def numbers(dn, session=None):
    """(uidNumber, gidNumber), 0 for none"""
    entry = (session or root).entry(dn, ["uidNumber", "gidNumber"])
    return tuple(int(entry.get(name, [b"0"])[0]) for name in ("uidNumber", "gidNumber"))


def stored():
    return int(root.entry("ou=organizations," + world.base, ["musterNextNumber"]).get("musterNextNumber", [b"0"])[0])


def test_01_without_the_schema():
    is_(root.add(dn_of("early"), account("early")).code != 0, True, "posixAccount is unknown without nis.schema")
    with world.use("config") as config, open("/etc/ldap/schema/nis.ldif") as file:
        config.apply("\n" + file.read())
    # An entry outside of organizations that has a number of the range already.
    people.must(root.add("cn=robot," + world.base, {"objectClass": ["applicationProcess", "posixAccount"], "cn": "robot",
                                                    "uid": "robot", "uidNumber": str(FIRST + 1), "gidNumber": "27",
                                                    "homeDirectory": "/srv"}), "robot")


def test_02_an_owner_adds():
    with world.use(boss.dn, people.PASSWORD) as own:
        is_(own.add(dn_of("ada"), account("ada", loginShell="/bin/zsh")).code, 0, "an OWNER adds an account without numbers")
        is_(numbers(dn_of("ada")), (FIRST, FIRST), "it has the first one, for its group as well")
        entry = root.entry(dn_of("ada"))
        is_((entry["homeDirectory"], entry["loginShell"]), ([b"/home/ada"], [b"/bin/zsh"]), "a home, and the shell it was given")
        is_(own.add(dn_of("bob"), account("bob", homeDirectory="/data/bob")).code, 0, "another one")
        is_(numbers(dn_of("bob")), (FIRST + 2, FIRST + 2), "a number that somebody has already is passed over")
        is_(root.entry(dn_of("bob"))["homeDirectory"], [b"/data/bob"], "a home that was given stays")
        is_(own.add(group_of("staff"), group("staff")).code, 0, "a group")
        is_(numbers(group_of("staff")), (0, FIRST + 3), "has a number of its own")
        is_(own.add(dn_of("carl"), account("carl", gidNumber=str(FIRST + 3))).code, 0, "an account in that group")
        is_(numbers(dn_of("carl")), (FIRST + 4, FIRST + 3), "has its number")
        is_(own.modify(acme.owner.dn, ("add", "objectClass", "posixAccount")).code, 0, "a member becomes an account")
        is_(numbers(acme.owner.dn), (FIRST + 5, FIRST + 5), "with a number")
        is_(root.entry(acme.owner.dn)["homeDirectory"], [b"/home/owner"], "and a home")
    is_(root.add(dn_of("d.e-f"), account("d.e-f")).code, 0, "dots and hyphens make a home")
    for uid in ("-x", ".x", "a/../b", "a b"):
        is_(root.add(dn_of(uid), account(uid)).code, CONSTRAINT, "uid %r makes none" % uid)
    ok(stored() > FIRST + 10, "the next number is stored ahead: %d" % stored())


def test_03_what_an_owner_may_not():
    people.must(root.add(group_of("theirs", other), group("theirs")), "group")
    theirs = str(numbers(group_of("theirs", other))[1])
    with world.use(boss.dn, people.PASSWORD) as own:
        for more, what in (({"uidNumber": "0"}, "root"), ({"gidNumber": "27"}, "the group sudo"), ({"uidNumber": "6000"}, "a free number"),
                           ({"uidNumber": str(FIRST)}, "somebody's number"), ({"gidNumber": theirs}, "another organization's group")):
            result = own.add(dn_of("evil"), account("evil", **more))
            ok(result.code in (CONSTRAINT, NO_ACCESS), "an OWNER does not pick %s" % what, str(result))
            in_("leave it out", result.text, "and is told what to do")
        is_(own.add(group_of("evil"), group("evil", gidNumber="0")).code, NO_ACCESS, "nor for a group")
        for change in (("replace", "uidNumber", "0"), ("replace", "gidNumber", "0"), ("increment", "uidNumber", "1")):
            if change[0] == "increment":
                continue
            is_(own.modify(dn_of("ada"), change).code in (CONSTRAINT, NO_ACCESS), True, "nor later: %s %s" % change[1:])
        is_(own.modify(dn_of("ada"), ("replace", "uidNumber", str(FIRST)), ("replace", "gidNumber", str(FIRST + 3))).code, 0,
            "the same number again, and a group of the organization")
        is_(own.rename(dn_of("ada"), "uid=ada+uidNumber=0").code != 0, True, "nor by a name")
        is_(own.delete(dn_of("ada"), controls=[]).code, 0, "an OWNER deletes an account")
    people.must(root.add(dn_of("ada"), account("ada")), "ada")
    ok(numbers(dn_of("ada"))[0] > FIRST + 5, "who comes after has another number", str(numbers(dn_of("ada"))))


def test_04_who_manages_picks():
    with world.use("admin") as admin:
        is_(admin.add(dn_of("picked"), account("picked", uidNumber="6000")).code, 0, "an administrator picks a free number")
        is_(numbers(dn_of("picked")), (6000, 6000), "which the group has too", )
        for number, text in (("6000", "in use"), (str(FIRST), "in use"), ("4999", "%d to %d" % (FIRST, LAST)),
                             ("10000", "olcMusterNumbers"), ("99999999999", "not a number")):
            result = admin.add(dn_of("p2"), account("p2", uidNumber=number))
            is_(result.code, CONSTRAINT, "but not %s" % number)
            in_(text, result.text, "the text")
        is_(admin.add(dn_of("low"), account("low", uidNumber="0", gidNumber="0"), controls=[RELAX]).code, 0,
            "with Relax any number")
        is_(admin.add(dn_of("low2"), account("low2", uidNumber="6001")).code, 0, "the next one")
        is_(admin.add(dn_of("low2"), account("low2", uidNumber="6002")).code, 68, "an entry that is there")
        is_(admin.add(dn_of("low3"), account("low3", uidNumber="6002")).code, 0, "leaves the number free")
        is_(admin.delete(dn_of("low3")).code, 0, "once it was an entry's")
        is_(admin.add(dn_of("low3"), account("low3", uidNumber="6002")).code, CONSTRAINT, "it is nobody's again")
    with world.use("root") as one:
        is_(one.add(dn_of("rooted"), account("rooted", uidNumber="0")).code, CONSTRAINT, "the rootdn needs Relax, too")


def test_05_many_at_once():
    sessions = [world.session("admin" if i % 2 else boss.dn, None if i % 2 else people.PASSWORD) for i in range(MANY)]

    def add(one, i):
        name = "many%d" % i
        return one.add(group_of(name), group(name)) if i % 5 == 0 else one.add(dn_of(name), account(name))

    results = at_once([lambda s=s, i=i: add(s, i) for i, s in enumerate(sessions)])
    is_([r.code for r in results], [0] * MANY, "%d accounts and groups at once" % MANY)
    given = [numbers(dn_of("many%d" % i))[0] if i % 5 else numbers(group_of("many%d" % i))[1] for i in range(MANY)]
    is_(len(set(given)), MANY, "have as many numbers")
    ok(all(FIRST <= n <= LAST for n in given), "all of the range")


def test_06_one_picked_number_at_once():
    sessions = [world.session("admin") for _ in range(MANY)]
    results = at_once([lambda s=s, i=i: s.add(dn_of("want%d" % i), account("want%d" % i, uidNumber="7000"))
                       for i, s in enumerate(sessions)])
    is_(sorted(r.code for r in results), [0] + [CONSTRAINT] * (MANY - 1), "of %d who want one number one has it" % MANY)


def test_07_after_a_crash():
    seen = set()
    for _ in range(3):
        with world.use("admin") as admin:
            for i in range(5):
                name = "crash%d" % len(seen)
                people.must(admin.add(dn_of(name), account(name)), name)
                number = numbers(dn_of(name), admin)[0]
                ok(number not in seen, "%d is new" % number)
                seen.add(number)
                people.must(admin.delete(dn_of(name)), name)
        world.kill()
        world.start()
    with world.use("admin") as admin:
        is_(admin.add(dn_of("again"), account("again", uidNumber="6002")).code, CONSTRAINT, "6002 is nobody's after a restart either")


def test_08_bulk_is_cheap():
    with world.use("admin") as admin:
        people.must(admin.add(dn_of("warm"), account("warm")), "warm")
        before = world.transactions()
        for i in range(200):
            people.must(admin.add(dn_of("bulk%d" % i), account("bulk%d" % i)), "bulk")
        ok(world.transactions() - before <= 202, "200 accounts are 200 transactions and the next number once: %d" % (
            world.transactions() - before))


def test_09_the_range_ends():
    with world.use("admin") as admin:
        top = int(admin.entry("ou=organizations," + world.base, ["musterNextNumber"])["musterNextNumber"][0])
        is_(world.configure_overlay(("replace", "olcMusterNumbers", "%d-%d" % (FIRST, top + 2))).code, 0, "a range that ends soon")
        for i in range(3):
            people.must(admin.add(dn_of("end%d" % i), account("end%d" % i)), "end")
        result = admin.add(dn_of("end9"), account("end9"))
        is_(result.code, UNWILLING, "then no number is left")
        in_("olcMusterNumbers", result.text, "the text says what to have changed")
        is_(world.configure_overlay(("replace", "olcMusterNumbers", "20000-29999")).code, 0, "another range")
        is_(admin.add(dn_of("end9"), account("end9")).code, 0, "is gone on with")
        is_(numbers(dn_of("end9"), admin), (20000, 20000), "from its beginning")
        for wrong in ("5000", "999-2000", "5000-4000", "a-b", "5000-99999999999"):
            ok(world.configure_overlay(("replace", "olcMusterNumbers", wrong)).code, "%s is no range" % wrong)
        is_(admin.modify("ou=organizations," + world.base, ("replace", "musterNextNumber", "1")).code != 0, True,
            "nobody sets the next number")


tap.main(globals())
