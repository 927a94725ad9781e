#!/usr/bin/python3
"""Sealing keys: rotated while members log in, through a crash, retired; `muster key`."""

import fcntl
import json
import os
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from lib import exops, people, session, tap, totp
from lib.tap import in_, is_, ok
from lib.world import DATABASE, World

DONE, FAILED, USAGE, REFUSED, NOT_FOUND = range(5)
LIMIT = 120  # seconds; valgrind, and machines with much else to do
MANY = 160   # seeds: with the others more than two batches
CROWD = 60
PASSWORD = people.PASSWORD
ME = "gidNumber=%d+uidNumber=%d,cn=peercred,cn=external,cn=auth" % (os.getegid(), os.geteuid())

world = World(faketime=True)
MUSTER = os.path.join(os.environ.get("top_builddir", os.getcwd()), "muster")
acme = people.organization(world)
root = world.session("root")
with world.use("config") as config:
    people.must(config.modify("olcDatabase={0}config,cn=config",
                              ("add", "olcAccess", '{0}to * by dn.exact="%s" manage by * break' % ME)), "access to cn=config")
    people.must(config.modify(DATABASE, ("add", "olcAccess", '{0}to * by dn.exact="%s" manage by * break' % ME),
                              ("add", "olcLimits", 'dn.exact="%s" size=unlimited time=unlimited' % ME)), "access")
members = [people.member(acme, password=PASSWORD, secret=totp.new_secret(), root=root) for _ in range(6)]


def muster(*arguments):
    done = subprocess.run([MUSTER, "-H", world.uri_ldapi, "--external", *arguments], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=LIMIT, text=True)
    if any(line.split()[1] in done.stdout + done.stderr for line in key_lines()):
        ok(False, "no key is printed by muster %s" % " ".join(arguments))
    return done


def key_lines():
    if not os.path.exists(world.key_path):
        return []
    with open(world.key_path) as file:
        return [line for line in file.read().splitlines() if line and not line.startswith("#")]


def key_ids():
    return [line.split()[0] for line in key_lines()]


def table():
    """What `muster key list` says, by key."""
    done = muster("--json", "key", "list")
    is_(done.returncode, DONE, "key list") if done.returncode else None
    return {row["key"]: row for row in json.loads(done.stdout)}


def seals():
    """Key ids of all stored seeds."""
    with world.use("root") as root:
        found = root.search(world.base, "(oathSecret=*)", ["oathSecret"]).entries
    return [row["oathSecret"][0].split(b"$")[0].decode().replace("{SEALED}", "") for _, row in found]


def resealed(key, count, what):
    tap.eventually(lambda: seals() == [key] * count, what)


def logs_in(member, what, ahead=0):
    """With a code that was not used yet. ahead: seconds that slapd's clock is"""
    code = member.code(totp.clock() + ahead)
    with world.use() as one:
        is_(one.bind(member.dn, member.password + code).code, 0, what)
        is_(one.bind(member.dn, member.password + code).code, 49, "%s: the code is spent" % what)


# --- the list ----------------------------------------------------------------------------------------------------------


def test_list():
    rows = table()
    is_(list(rows), ["k1"], "one key")
    is_((rows["k1"]["state"], rows["k1"]["seeds"]), ("seals", 6), "with six second factors")
    out = muster("key", "list").stdout.splitlines()
    is_(out[1].split(), ["k1", "seals", "6", "0", "0", "0", "0"], "for people, too")


def test_who_may_not():
    done = subprocess.run([MUSTER, "-H", world.uri_ldapi, "-D", world.admin_dn, "key", "list"],
                          input=world.admin_password.encode() + b"\n", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    is_(done.returncode, NOT_FOUND, "the administrator of members does not see cn=config")
    in_(b"be root", done.stderr, "and is told who does")
    done = subprocess.run([MUSTER, "-H", world.uri_tls, "--ca-file", world.cacert, "-D", world.config_dn, "key", "rotate"],
                          input=world.config_password.encode() + b"\n", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    is_(done.returncode, USAGE, "not from another host")
    in_(b"run this there", done.stderr, "and says why")
    for words in (("list",), ("rotate",)):
        done = subprocess.run([MUSTER, "-H", world.uri_ldapi, "-D", world.config_dn, "key", *words],
                              input=world.config_password.encode() + b"\n", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        is_(done.returncode, REFUSED, "key %s: not for who may see a part only" % words)
        in_(b"may not see everything", done.stderr, "because what is hidden looks like what is not there")
    is_(key_ids(), ["k1"], "no key was made")


# --- several servers: add, activate --------------------------------------------------------------------------------------


def test_add_activate_retire():
    os.chmod(world.key_path, 0o640)
    with open(world.key_path, "a") as file:
        file.write("# an older one is in the safe\n")
    inode = os.stat(world.key_path).st_ino
    is_(muster("key", "add").returncode, DONE, "key add")
    is_(key_ids(), ["k1", "k2"], "the new key comes last")
    state = os.stat(world.key_path)
    is_((state.st_mode & 0o777, state.st_uid), (0o640, os.geteuid()), "owner and mode stay")
    ok(state.st_ino != inode, "the file is replaced, not written into")
    in_("# an older one is in the safe\n", open(world.key_path).read(), "comments stay")
    is_(os.listdir(world.folder).count("keys.new"), 0, "nothing is left beside it")
    is_(seals(), ["k1"] * 6, "it does not seal yet")
    is_({k: r["state"] for k, r in table().items()}, {"k1": "seals", "k2": "opens"}, "and key list says so")
    done = muster("key", "retire", "k1")
    is_((done.returncode, key_ids()), (FAILED, ["k1", "k2"]), "the key that seals cannot be retired")
    is_(muster("key", "activate", "k2").returncode, DONE, "key activate")
    is_(key_ids(), ["k2", "k1"], "it comes first now")
    resealed("k2", 6, "all seeds are sealed with it")
    logs_in(members[0], "a login with the second factor")
    is_(muster("key", "retire", "k1").returncode, DONE, "the old key is retired")
    is_(key_ids(), ["k2"], "and gone")
    logs_in(members[1], "which nobody misses")
    for words in (("activate", "k1"), ("retire", "nosuch")):
        is_(muster("key", *words).returncode, NOT_FOUND, "key %s: there is no such key" % " ".join(words))


def test_file_that_slapd_refuses():
    before = open(world.key_path).read()
    os.rename(world.key_path, world.key_path + ".away")
    is_(muster("key", "rotate").returncode, FAILED, "no key file: nothing is done")
    result = world.configure_overlay(("replace", "olcMusterKeyFile", world.key_path))
    ok(result.code != 0, "slapd refuses a file that is not there, the same path too")
    logs_in(members[2], "and goes on with the keys it has")
    with open(world.key_path, "w") as file:
        file.write("k9 nonsense\n")
    is_(muster("key", "rotate").returncode, FAILED, "no key file any more: nothing is done")
    ok(world.configure_overlay(("replace", "olcMusterKeyFile", world.key_path)).code != 0, "slapd refuses it, too")
    logs_in(members[3], "and goes on with the keys it has")
    os.rename(world.key_path + ".away", world.key_path)
    is_(muster("key", "reload").returncode, DONE, "reload, once it is there again")
    is_(open(world.key_path).read(), before, "nothing was changed")
    # What a run left behind that was ended at the worst moment
    with open(os.open(world.key_path + ".new", os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
        file.write("half a k")
    is_(muster("key", "rotate").returncode, DONE, "what an interrupted run left behind is no obstacle")
    is_(key_ids(), ["k1", "k2"], "the next key seals")
    resealed("k1", 6, "everything")
    is_(muster("key", "retire", "k2").returncode, DONE, "and the older one goes")


def test_folder_that_somebody_locks():
    folder = os.open(os.path.dirname(world.key_path), os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)
    done = muster("key", "add")
    is_(done.returncode, FAILED, "a folder that somebody keeps locked is not waited for without end")
    in_("is locked by another program", done.stderr, "and named")
    os.close(folder)
    is_(key_ids(), ["k1"], "nothing was changed")


# --- rotation under load -------------------------------------------------------------------------------------------------


def test_rotation_while_members_log_in():
    crowd = [people.member(acme, password=PASSWORD, secret=totp.new_secret(), root=root) for _ in range(CROWD)]
    codes, refused, stop = set(), [], threading.Event()

    def keep_logging_in(mine):
        """Each member logs in once for every step of the clock, with the code of that step."""
        while not stop.is_set():
            for who in mine:
                step = totp.step()
                # slapd reads a coarser clock, which may be in the step before still
                if (who.dn, step) in codes or time.time() % 30 < 0.2 or stop.is_set():
                    continue
                with world.use() as one:
                    result = one.bind_factor(who.dn, PASSWORD, totp.code_of_step(who.secret, step))
                if result.code:
                    refused.append((who.dn, result))
                codes.add((who.dn, step))
            stop.wait(0.02)

    threads = [threading.Thread(target=keep_logging_in, args=(crowd[i::4],), daemon=True) for i in range(4)]
    for thread in threads:
        thread.start()
    for done in (5, CROWD // 3, CROWD // 2):
        tap.eventually(lambda: len(codes) >= done, "%d logins" % done)
        is_(muster("key", "rotate").returncode, DONE, "rotated")
    active = key_ids()[0]
    tap.eventually(lambda: set(seals()) == {active}, "everything is sealed with the last key")
    tap.eventually(lambda: len(codes) >= CROWD, "members went on to log in")
    stop.set()
    for thread in threads:
        thread.join()
    is_(refused, [], "none of %d logins failed" % len(codes))
    for key in key_ids()[1:]:
        is_(muster("key", "retire", key).returncode, DONE, "key %s retired" % key)


def test_ended_while_sealing():
    """In an orderly way, and by a crash."""
    secrets = {}
    for number in range(MANY):
        dn = "uid=many%d,%s" % (number, acme.people)
        secrets[dn] = totp.new_secret()
        people.must(root.add(dn, {"objectClass": ["inetOrgPerson", "musterMember"], "uid": "many%d" % number, "cn": "M",
                                  "sn": "M", "oathSecret": secrets[dn]}), dn)
    for end in (world.stop, world.kill):
        old = key_ids()[0]
        is_(muster("key", "rotate").returncode, DONE, "rotated")
        new = key_ids()[0]
        tap.eventually(lambda: new in seals(), "the first are sealed anew")
        end()
        world.start()
        there = seals()
        ok(new in there, "%s: some are sealed with the new key" % end.__name__)
        print("# %d of %d were still to do" % (there.count(old), len(there)))
        resealed(new, MANY + CROWD + 6, "the others follow when slapd starts, none is lost")
        tap.eventually(lambda: "second factors were sealed with key %s" % new in world.log(), "the log says how many")
        if old != key_ids()[-1]:
            is_(muster("key", "retire", key_ids()[-1]).returncode, DONE, "an older key goes")
    logs_in(members[4], "a login")
    is_(table()[old]["seeds"], 0, "nothing needs the old key")


# --- what cannot be sealed anew --------------------------------------------------------------------------------------------


def courier_token(member):
    """A mailed token of a member, minted now."""
    with world.use() as one:
        people.must(exops.request_reset(one, member.dn), "requestReset")
    with world.use("courier") as courier:
        found = courier.search("ou=queue," + world.base, "(objectClass=musterRequest)", ["cn"]).entries
        for _, row in found:
            _, claimed = exops.claim(courier, row["cn"][0].decode())
            if claimed and claimed.get("secret"):
                exops.done(courier, row["cn"][0].decode())
                return claimed["secret"]
    raise RuntimeError("no token")


def test_codes_and_tokens_of_an_old_key():
    one, other = (people.member(acme, password=PASSWORD) for _ in range(2))
    with world.use("root") as root:
        people.must(root.modify(other.dn, ("add", "musterMailVerified", "20260101000000Z"),
                                ("add", "musterVerifiedMail", other.mail), controls=[session.RELAX]), "address")
    one.secret = totp.new_secret()
    with world.use() as anonymous:
        result, codes = exops.enrol_totp(anonymous, one.dn, PASSWORD, one.secret, one.code())
        is_(result.code, 0, "enrolled")
        result, _, app = exops.new_app_password(anonymous, other.dn, PASSWORD, "mail")
        is_(result.code, 0, "an app password")
    token = courier_token(other)
    old = key_ids()[0]
    before = table()[old]
    is_([before[what] for what in ("recovery_codes", "tokens", "app_passwords")], [10, 1, 1], "all are of the present key")
    is_(muster("key", "rotate").returncode, DONE, "rotated")
    with world.use() as someone:
        is_(someone.bind_factor(one.dn, PASSWORD, codes[0]).code, 0, "a recovery code of the older key is good")
        is_(someone.bind(other.dn, app).code, 0, "an app password, too")
    tap.eventually(lambda: table()[old]["seeds"] == 0, "no seed needs the old key")
    done = muster("key", "retire", old)
    is_(done.returncode, FAILED, "it is not retired")
    in_("9 recovery codes, 1 mailed tokens and 1 app passwords", done.stderr, "and told what it is needed for")
    in_(old, key_ids(), "it stays in the file")
    with world.use() as someone:
        is_(exops.redeem(someone, other.dn, token, "Summer#2026").code, 0, "the token is good")
    in_("0 mailed tokens", muster("key", "retire", old).stderr, "and gone")
    is_(muster("key", "retire", old, "--force").returncode, DONE, "--force drops what cannot be made over")
    ok(old not in key_ids(), "and the key")
    with world.use("root") as root:
        ok("musterRecoveryCode" not in root.entry(one.dn), "no recovery codes are left")
    with world.use() as someone:
        is_(someone.bind_factor(one.dn, PASSWORD, codes[1]).code, 49, "they are no good any more")
        is_(someone.bind(other.dn, app).code, 49, "nor is the app password")
    world.move_clock(60)
    logs_in(one, "the authenticator is", ahead=60)


def test_a_copy_seals_nothing():
    copy = World(replica_of=world)
    with world.use("root") as root:
        stored = root.entry(members[5].dn, ["oathSecret"])["oathSecret"]

    def seal_there():
        with copy.use("root") as root:
            return root.entry(members[5].dn, ["oathSecret"]).get("oathSecret")

    tap.eventually(lambda: seal_there() == stored, "a copy of the directory")
    with open(copy.key_path) as file:
        text = file.read()
    with open(copy.key_path, "w") as file:
        file.write("k77 %s\n" % os.urandom(32).hex() + text)
    people.must(copy.configure_overlay(("replace", "olcMusterKeyFile", copy.key_path)), "another key first")
    time.sleep(3)  # the task would have run
    is_(seal_there(), stored, "what the provider sealed stays as it is")
    copy.stop()


def test_no_key_and_no_seed_in_the_log():
    log = world.log()
    for line in key_lines():
        ok(line.split()[1] not in log, "no key is in slapd's log")


def teardown():
    world.stop()


if __name__ == "__main__":
    tap.main(globals())
