#!/usr/bin/python3
"""`muster uninstall`: a plain directory that slapd runs without muster.so, and what is said to be lost before."""

import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from lib import exops, people, session, tap, totp
from lib.tap import in_, is_, ok
from lib.world import DATABASE, World

DONE, FAILED, USAGE, REFUSED, NOT_FOUND, IN_USE = range(6)
LIMIT = 120  # seconds; valgrind, and machines with much else to do
PASSWORD, OTHER, KOREAN = people.PASSWORD, "Summer#2026", "겨울#2026abc"

world = World(ppolicy=True)
MUSTER = os.path.join(os.environ.get("top_builddir", os.getcwd()), "muster")
to = os.path.join(world.folder, "plain")
root = world.session("root")
acme = people.organization(world)
with_factor = people.member(acme, password=PASSWORD, secret=totp.new_secret(), root=root)
without = people.member(acme, password=OTHER, root=root)
platform = people.account(world, "boss@example.com", KOREAN, root=root)
suspended = people.member(acme, password=PASSWORD, root=root)
nobody = people.member(acme, root=root)
legacy = people.member(acme, root=root)
people.must(root.modify(legacy.dn, ("replace", "userPassword", world.hash("older")), controls=[session.RELAX]), "legacy")
people.must(root.modify(suspended.dn, ("replace", "musterStatus", "suspended")), "suspend")
people.must(root.modify(without.dn, ("replace", "userPassword", PASSWORD)), "an older password in the history")
people.give_password(world, without, OTHER + "x", root)
enrolled = people.member(acme, password=PASSWORD, root=root)
people.must(root.add("cn=token,ou=programs," + world.base, {"objectClass": ["device", "oathTOTPToken"], "cn": "token",
                                                           "oathSecret": totp.new_secret(), "oathTokenSerialNumber": "7"}), "nobody's token")
with world.use() as anonymous:
    secret = totp.new_secret()
    is_(exops.enrol_totp(anonymous, enrolled.dn, PASSWORD, secret, totp.totp(secret))[0].code, 0, "one has recovery codes")
    is_(exops.request_reset(anonymous, "uid=who,%s" % acme.people).code, 0, "somebody asks for a reset")


def muster(*arguments):
    return subprocess.run([MUSTER, "uninstall", "--slapd-config", os.path.join(world.folder, "config"), "--slapd", world.slapd,
                           *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=LIMIT, text=True)


def files():
    """Names and sizes of what must not change."""
    found = {}
    for folder in ("config", "db"):
        for path, _, names in os.walk(os.path.join(world.folder, folder)):
            for name in names:
                if name != "lock.mdb":
                    full = os.path.join(path, name)
                    with open(full, "rb") as file:
                        found[full] = hash(file.read())
    return found


def test_dry_run():
    done = muster("--dry-run")
    is_(done.returncode, DONE, "dry run, while slapd runs")
    in_("2 SECOND FACTORS: a password alone lets these members in", done.stdout, "says what is lost first of all")
    in_("10 recovery codes", done.stdout, "recovery codes")
    in_("1 suspended or closed members", done.stdout, "who is suspended")
    counts = json.loads(muster("--dry-run", "--json").stdout)
    is_((counts["members"], counts["second_factors"], counts["passwords"], counts["requests"]), (8, 2, 6, 1), "the same for programs")
    is_(os.path.exists(to), False, "nothing is made")


def test_refused():
    is_(muster().returncode, USAGE, "where to?")
    is_(muster("--to", "plain").returncode, USAGE, "a full path")
    done = muster("--to", to)
    is_(done.returncode, FAILED, "not while slapd runs")
    in_("stop it first", done.stderr, "and why")
    done = subprocess.run([MUSTER, "uninstall", "--dry-run", "--slapd", world.slapd, "--slapd-config", "/nonexistent"],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    is_(done.returncode, FAILED, "no such configuration")
    for rule, name in (("to filter=(musterStatus=closed) by * none", "musterStatus"),
                       ("to attrs=mail,@musterMember by * none", "musterMember"),
                       ('to attrs=mail by set="user/musterDomain & [x]" read by * none', "musterDomain")):
        with world.use("config") as config:
            people.must(config.modify(DATABASE, ("add", "olcAccess", "{0}" + rule)), "rule")
        done = muster("--dry-run")
        is_(done.returncode, FAILED, "a rule of the administrator's: %s" % rule)
        in_("asks for " + name, done.stderr, "is not changed silently: what follows might allow more")
        with world.use("config") as config:
            people.must(config.modify(DATABASE, ("delete", "olcAccess", "{0}")), "rule")
    is_(os.path.exists(to), False, "nothing is made")


def test_made():
    global before, old
    before = {m.dn: root.entry(m.dn, ["*", "+"]) for m in (with_factor, without, platform, suspended, nobody, legacy)}
    world.stop()
    old = files()
    done = muster("--to", to)
    is_(done.returncode, DONE, "made")
    print("# " + done.stderr.replace("\n", "\n# "))
    in_("mv ", done.stdout, "says how to change over")
    is_(files(), old, "the present directory is unchanged")
    is_(sorted(os.listdir(to)), ["config.ldif", "data.ldif", "db", "slapd.d"], "nothing else is left")
    is_(os.stat(to).st_mode & 0o777, 0o700, "for its owner alone")
    is_(muster("--to", to).returncode, IN_USE, "not made again over it")
    with open(to + "/data.ldif") as data, open(to + "/config.ldif") as config:
        text = data.read() + config.read()
    is_([line for line in text.splitlines() if line.lower().startswith(("muster", "oath", "objectclass: muster", "objectclass: oath"))], [],
        "no attribute and no class of Muster is left")
    ok("{MUSTER}" not in text and "olcMuster" not in text and "muster.so" not in text, "nor anything else")


def test_plain_slapd():
    os.rename(world.folder + "/config", world.folder + "/config.muster")
    os.rename(world.folder + "/db", world.folder + "/db.muster")
    os.rename(to + "/slapd.d", world.folder + "/config")
    os.rename(to + "/db", world.folder + "/db")
    world.start()
    with open("/proc/%d/maps" % world.process.pid) as maps:
        loaded = maps.read()
    ok("muster" not in [os.path.basename(line).split(".")[0] for line in loaded.split()], "slapd runs without muster.so")
    ok("argon2" in loaded, "with argon2.so")
    for who, password in ((with_factor, PASSWORD), (without, OTHER + "x"), (platform, KOREAN), (legacy, "older")):
        with world.use() as one:
            is_(one.bind(who.dn, password).code, 0, "%s logs in with the password" % who.uid)
            is_(one.bind(who.dn, password + "x").code, 49, "and with no other")
    with world.use() as one:
        is_(one.bind(suspended.dn, PASSWORD).code, 49, "who was suspended does not")
    with world.use("root") as chief:
        for dn, then in before.items():
            now = chief.entry(dn, ["*", "+"])
            kept = {k: v for k, v in then.items() if not k.lower().startswith(("muster", "oath", "objectclass", "userpassword",
                                                                               "pwdhistory", "pwdlastsuccess", "entrycsn"))}
            is_({k: now.get(k) for k in kept}, kept, "everything else of %s is there" % dn.split(",")[0])
        history = chief.entry(without.dn, ["pwdHistory"])["pwdHistory"]
        ok(history and all(b"#{ARGON2}$argon2id$" in value for value in history), "the history can be used by slapo-ppolicy")
        is_(chief.search("ou=queue," + world.base, "(cn=*)").entries, [], "requests are gone")
    with world.use(without.dn, OTHER + "x") as me:
        ok("userPassword" not in me.entry(without.dn), "passwords are as hidden as they were")
        is_(me.modify(without.dn, ("replace", "displayName", "Plain")).code, 0, "access rules hold")
        is_([dn for dn, _ in me.search(world.base, "(uid=*)").entries if dn not in (without.dn, None)], [], "and hide others")
    with world.use("config") as config:
        is_(config.search("cn=config", "(olcOverlay=*)", ["olcOverlay"]).entries.__len__(), 2, "syncprov and ppolicy are left")


def test_back_again():
    world.stop()
    for name in ("config", "db"):
        os.rename(world.folder + "/" + name, world.folder + "/%s.plain" % name)
        os.rename(world.folder + "/%s.muster" % name, world.folder + "/" + name)
    world.start()
    with world.use() as one:
        is_(one.bind(with_factor.dn, PASSWORD).code, 49, "the old directory is as it was: the second factor is needed")
        is_(one.bind(with_factor.dn, with_factor.credential()).code, 0, "and good")


def test_what_fails_leaves_everything():
    world.stop()
    unchanged = files()
    program = os.path.join(world.folder, "failing")
    for step in ("add", "test"):
        with open(program, "w") as file:
            file.write('#!/bin/sh\n[ "$2" = %s ] && exit 1\nexec %s "$@"\n' % (step, world.slapd))
        os.chmod(program, 0o755)
        target = to + "-" + step
        done = subprocess.run([MUSTER, "uninstall", "--slapd-config", world.folder + "/config", "--slapd", program, "--to", target],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        is_((done.returncode, os.path.exists(target)), (FAILED, False), "slapd's tool fails (%s): no plain directory" % step)
        in_(target + ".part", done.stderr, "what there is has another name")
    is_(files(), unchanged, "and the present one is unchanged")


def teardown():
    world.stop()


if __name__ == "__main__":
    tap.main(globals())
