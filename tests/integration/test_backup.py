#!/usr/bin/python3
"""Backup and restore as doc/OPERATIONS.md says: slapcat, slapadd and the key file. What is restored is all of it."""

import base64
import os
import shutil
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from lib import exops, failures, people, session, tap, totp
from lib.tap import in_, is_, ok
from lib.world import World

PASSWORD, OLDER, CURRENT, NEW = people.PASSWORD, "Autumn#2025", "Summer#2025", "Spring#2027"

world = World(faketime=True)
ahead = 0
root = world.session("root")
acme = people.organization(world, root=root)
strict = people.organization(world, "strict", policy={"pwdMaxFailure": "2", "pwdMinDelay": "3600", "pwdMaxDelay": "3600"}, root=root)
member, mailed, changed, suspended = (people.member(acme, password=PASSWORD, root=root) for _ in range(4))
guessed = people.member(strict, password=PASSWORD, root=root)
people.must(root.modify(suspended.dn, ("replace", "musterStatus", "suspended")), "suspend")
backup = {}


def bind(who, password, code=None):
    with world.use() as one:
        return one.bind_factor(who.dn, password, code).code


def code(seconds=0):
    """The member's code after slapd's clock has moved on."""
    global ahead
    ahead += seconds
    world.move_clock(ahead)
    return totp.totp(member.secret, time.time() + ahead)


def state(who):
    with world.use("root") as chief:
        return chief.entry(who.dn, ["*", "+"])


def start_empty(config, data):
    """What was lost, loaded with slapd's own tools."""
    world.stop()
    for name in ("config", "db"):
        shutil.rmtree(os.path.join(world.folder, name))
        os.mkdir(os.path.join(world.folder, name), 0o700)
    world.tool("slapadd", "-n", "0", input=config)
    world.tool("slapadd", "-n", "1", input=data)


def test_what_there_is():
    member.secret = totp.new_secret()
    with world.use() as one:
        result, codes = exops.enrol_totp(one, member.dn, PASSWORD, member.secret, code())
        is_(result.code, 0, "a member with a second factor")
        backup["recovery"] = codes
        result, _, backup["app"] = exops.new_app_password(one, mailed.dn, PASSWORD, "mail")
        is_(result.code, 0, "an app password")
        backup["spent"] = code(60)
    is_(bind(member, PASSWORD, backup["spent"]), 0, "logs in")
    is_(bind(member, PASSWORD, codes[0]), 0, "and with a recovery code")
    for now in (OLDER, CURRENT):
        people.give_password(world, changed, now)
    for _ in range(2):
        is_(bind(guessed, "Wrong#2026"), 49, "another one's password is guessed at")
    tap.eventually(lambda: failures.of(root, guessed.dn).passwords == 2, "which is written down")
    is_(bind(guessed, PASSWORD), 49, "and holds up logins")
    with world.use("root") as chief:
        people.must(chief.modify(mailed.dn, ("add", "musterMailVerified", "20260101000000Z"),
                                 ("add", "musterVerifiedMail", mailed.mail), controls=[session.RELAX]), "address")
    with world.use() as one, world.use("courier") as courier:
        people.must(exops.request_reset(one, mailed.dn), "requestReset")
        record = courier.search("ou=queue," + world.base, "(objectClass=musterRequest)", ["cn"]).entries[0][1]["cn"][0].decode()
        backup["token"] = exops.claim(courier, record)[1]["secret"]
    backup["entries"] = {m.dn: state(m) for m in (member, guessed, mailed, changed, suspended)}


def test_backup():
    backup["config"] = world.tool("slapcat", "-n", "0")
    backup["data"] = world.tool("slapcat", "-n", "1")
    with open(world.key_path) as file:
        backup["keys"] = file.read()
    for secret in (PASSWORD, backup["token"], member.secret, backup["recovery"][1], backup["keys"].split()[1]):
        octets = secret if isinstance(secret, bytes) else secret.encode()
        ok(octets not in backup["config"] + backup["data"], "no secret is in it as it is")


def test_restore():
    start_empty(backup["config"], backup["data"])
    os.unlink(world.key_path)
    try:
        world.start()
        ok(False, "without its keys slapd does not start")
    except RuntimeError as error:
        in_("key file", str(error), "without its keys slapd does not start, and says so")
        world.process = None
    with open(os.open(world.key_path, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
        file.write(backup["keys"])
    world.start()
    for dn, then in backup["entries"].items():
        with world.use("root") as chief:
            is_(chief.entry(dn, ["*", "+"]), then, "%s is what it was" % dn.split(",")[0])


def test_logins_after_it():
    is_(bind(member, PASSWORD), 8, "the second factor is demanded")
    is_(bind(member, PASSWORD, backup["spent"]), 49, "a code spent before the backup stays spent")
    is_(bind(member, PASSWORD, backup["recovery"][0]), 49, "a recovery code, too")
    is_(bind(member, PASSWORD, code(60)), 0, "the next code is good")
    is_(bind(member, PASSWORD, backup["recovery"][1]), 0, "the next recovery code, too")
    is_(bind(suspended, PASSWORD), 49, "who was suspended is")
    is_(bind(guessed, PASSWORD), 49, "who was held up is")
    with world.use() as one:
        is_(one.bind(mailed.dn, backup["app"]).code, 0, "app passwords are good")
    with world.use() as one:
        for old in (OLDER, PASSWORD, CURRENT):
            is_(exops.change_password(one, changed.dn, CURRENT, old).code, 19, "the history is known")
        is_(exops.change_password(one, changed.dn, CURRENT, NEW).code, 0, "another password is not in it")
        is_(exops.redeem(one, mailed.dn, backup["token"], NEW).code, 0, "a token that was under way is good")
    is_(bind(mailed, NEW), 0, "once")


def test_other_keys():
    """Restored beside a wrong key file: nobody with a second factor gets in, and it is said."""
    start_empty(backup["config"], backup["data"])
    with open(world.key_path, "w") as file:
        file.write("k7 %s\n" % os.urandom(32).hex())
    world.start()
    is_(bind(member, PASSWORD, code(60)), 53, "the second factor cannot be read: no")
    is_(bind(changed, CURRENT), 0, "passwords need no key")
    tap.eventually(lambda: "1 second factors or passwords cannot be used" in world.log(), "the log says so")
    is_(state(member)["oathSecret"], backup["entries"][member.dn]["oathSecret"], "the seed stays as it is")
    with open(world.key_path, "a") as file:
        file.write(backup["keys"])
    people.must(world.configure_overlay(("replace", "olcMusterKeyFile", world.key_path)), "key file")
    is_(bind(member, PASSWORD, code(60)), 0, "with the right key beside it, it can")
    tap.eventually(lambda: state(member)["oathSecret"][0].startswith(b"{SEALED}k7$"), "and is sealed with the first")


# --- entries that were never sealed or hashed ----------------------------------------------------------------------------


def test_slapadd_of_plain_values():
    seed = totp.new_secret()
    dn = "uid=plain," + acme.people
    other = "cn=other,ou=programs," + world.base
    unknown = "uid=unknown," + acme.people
    ldif = "".join("dn: %s\nobjectClass: inetOrgPerson\nobjectClass: musterMember\nuid: %s\ncn: P\nsn: P\nuserPassword: %s\n%s\n"
                   % (name, name.split(",")[0][4:], password, more)
                   for name, password, more in ((dn, PASSWORD, "oathSecret:: %s\n" % base64.b64encode(seed).decode()),
                                                (unknown, "{FOREIGN}abc", "oathSecret: short\n")))
    ldif += ("dn: %s\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\ncn: other\nuserPassword: %s\n"
             % (other, PASSWORD))
    world.stop()
    world.tool("slapadd", "-n", "1", input=ldif.encode())
    world.start()

    def stored(name, attribute):
        with world.use("root") as chief:
            return chief.entry(name, [attribute])[attribute][0]

    tap.eventually(lambda: stored(dn, "oathSecret").startswith(b"{SEALED}"), "a plain seed is sealed once slapd runs")
    tap.eventually(lambda: stored(dn, "userPassword").startswith(b"{MUSTER}$argon2id$"), "a plain password hashed")
    with world.use() as one:
        is_(one.bind_factor(dn, PASSWORD).code, 8, "the second factor counts")
        is_(one.bind_factor(dn, PASSWORD, totp.totp(seed, time.time() + ahead)).code, 0, "and is good")
    tap.eventually(lambda: "1 plain passwords were hashed" in world.log(), "the log says what was done")
    tap.eventually(lambda: "cannot be used: their key is not in" in world.log(), "and what could not be")
    is_((stored(unknown, "oathSecret"), stored(unknown, "userPassword")), (b"short", b"{FOREIGN}abc"), "which stays as it is")
    with world.use() as one:
        is_(one.bind_factor(unknown, "{FOREIGN}abc", "123456").code, 49, "and lets nobody in")
    is_(stored(other, "userPassword"), PASSWORD.encode(), "entries that are no members are none of ours")


def teardown():
    world.stop()


if __name__ == "__main__":
    tap.main(globals())
