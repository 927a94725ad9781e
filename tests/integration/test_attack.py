#!/usr/bin/python3
"""What members, owners and strangers try against the directory, and what a damaged one does with it."""

import os
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from lib import ber, exops, people, session, tap, totp
from lib.people import PASSWORD
from lib.world import DATABASE, World

OK, REFERRAL, STRONGER, NO_CONTROL, NO_ATTRIBUTE, CONSTRAINT, NO_OBJECT, CREDENTIALS = 0, 10, 8, 12, 16, 19, 32, 49
RIGHTS, BUSY, UNAVAILABLE, UNWILLING, CLASS = 50, 51, 52, 53, 65
ANOTHER, WRONG = "Summer+2027", "Wrong#1111"
TXN_START, TXN_END, TXN_SPEC = "1.3.6.1.1.21.1", "1.3.6.1.1.21.3", ("1.3.6.1.1.21.2", True, b"")
PRE_READ, POST_READ, ASSERT = "1.3.6.1.1.13.1", "1.3.6.1.1.13.2", "1.3.6.1.1.12"
MANAGE_DSA_IT, PROXY = ("2.16.840.1.113730.3.4.2", True, None), "2.16.840.1.113730.3.4.18"
SECRETS = ("userPassword", "oathSecret", "pwdHistory", "musterChallenge", "musterRecoveryCode", "musterLoginState",
           "oathTOTPLastTimeStep", "musterCode")

world = World(debug="stats,trace")
root = world.session("root")
admin = world.session("admin")
anyone = world.session()
acme = people.organization(world, "acme", root=root)
globex = people.organization(world, "globex", root=root)
calm = people.organization(world, "calm", policy={"pwdMaxFailure": "100"}, root=root)
for one in (acme, globex):
    people.give_password(world, one.owner, PASSWORD, root)
person = {"objectClass": ["inetOrgPerson"], "cn": "A", "sn": "B"}


def fresh(org=acme, password=PASSWORD, **more):
    return people.member(org, password=password, root=root, **more)


def login(member):
    return world.session(member.dn, member.credential())


def works(member, password=None):
    with world.use() as one:
        return one.bind(member.dn, password or member.credential()).code == OK


def stored(member, *names):
    return root.entry(member if isinstance(member, str) else member.dn, names or ("*", "+"))


def refused(result, code, text, what):
    tap.is_(result.code, code, what)
    tap.in_(text, result.text, what + ": says what to do")


# --- time ---------------------------------------------------------------------------------------------


def runs():
    return world.log().count("muster: argon2 run")


def test_one_run_whoever_is_asked_for():
    targets = {
        "a member": fresh(calm).dn,
        "a member with a factor": fresh(calm, secret=totp.new_secret()).dn,
        "a suspended member": fresh(calm, musterStatus="suspended").dn,
        "a member without a password": fresh(calm, password=None).dn,
        "nobody": "uid=nobody," + calm.people,
        "nobody by login": exops.target_login("nobody", "calm"),
        "nobody's organization": exops.target_login("nobody", "nowhere"),
    }
    seed = totp.new_secret()
    calls = {
        "changePassword": lambda target: exops.change_password(anyone, target, WRONG, ANOTHER),
        "changePassword with a code": lambda target: exops.change_password(anyone, target, WRONG, ANOTHER, "123456"),
        "enrolTotp": lambda target: exops.enrol_totp(anyone, target, WRONG, seed, totp.totp(seed))[0],
        "enrolTotp with a wrong code": lambda target: exops.enrol_totp(anyone, target, WRONG, seed, totp.wrong_code(seed))[0],
    }
    for what, call in calls.items():
        for who, target in targets.items():
            before = runs()
            result = call(target)
            tap.is_((result.code, result.text, runs() - before), (CREDENTIALS, "", 1), "%s of %s: one run" % (what, who))


# --- transactions (RFC 5805) --------------------------------------------------------------------------


def test_transactions():
    """Inside of one the only writer would wait for an account whose holder waits to write, and nothing counted would stay."""
    member = fresh()
    own, owner = login(member), login(acme.owner)
    before, runs_before = stored(member), runs()
    new = dict(person, objectClass=["inetOrgPerson", "musterMember"], uid="txn", userPassword=ANOTHER)
    for one, what, operation in (
        (own, "a language", lambda c: own.modify(member.dn, ("replace", "preferredLanguage", "ko"), controls=c)),
        (own, "a password", lambda c: own.modify(member.dn, ("delete", "userPassword", PASSWORD),
                                                 ("add", "userPassword", ANOTHER), controls=c)),
        (own, "a guess", lambda c: own.modify(member.dn, ("delete", "userPassword", WRONG), ("add", "userPassword", ANOTHER),
                                              controls=c)),
        (own, "Password Modify", lambda c: own.passwd(member.dn, PASSWORD, ANOTHER, c)),
        (own, "Password Modify without a new one", lambda c: own.passwd(member.dn, PASSWORD, None, c)),
        (owner, "a status", lambda c: owner.modify(member.dn, ("replace", "musterStatus", "suspended"), controls=c)),
        (owner, "a new member", lambda c: owner.add("uid=txn," + acme.people, new, c)),
        (owner, "a deletion", lambda c: owner.delete(member.dn, c)),
        (owner, "a new name", lambda c: owner.rename(member.dn, "uid=txn", controls=c)),
    ):
        people.must(one.extended(TXN_START, None), "start of a transaction")
        tap.in_(operation([TXN_SPEC]).code, (UNWILLING, NO_CONTROL), "%s in a transaction" % what)
        tap.ok(one.extended(TXN_END, ber.sequence(ber.octets(""))).code != OK, "%s: nothing to commit" % what)
    tap.is_(stored(member), before, "nothing was written")
    tap.is_(stored("uid=txn," + acme.people), {}, "nor added")
    tap.is_(runs(), runs_before, "and no password looked at")
    tap.ok(world.alive(), "slapd is alive")


# --- who becomes a member, and who stays logged in ----------------------------------------------------


def test_becoming_a_member():
    """Rules that hold for a member's password hold for one that was there before the class, too."""
    owner = login(acme.owner)
    for uid, secrets in (("clear", {"userPassword": "weak"}), ("hashed", {"userPassword": world.hash("weak")}),
                         ("seed", {"oathSecret": b"s" * 20})):
        dn = "uid=%s,%s" % (uid, acme.people)
        classes = ["inetOrgPerson"] + (["extensibleObject"] if uid == "seed" else [])
        people.must(owner.add(dn, dict(person, objectClass=classes, uid=uid, **secrets)), dn)
        for what, change in (("added", ("add", "objectClass", "musterMember")),
                             ("replaced", ("replace", "objectClass", classes + ["MUSTERMEMBER"])),
                             ("as an account", ("add", "objectClass", "musterAccount"))):
            tap.is_(owner.modify(dn, change).code, RIGHTS, "an owner makes it a member, %s, %s" % (uid, what))
            tap.is_(owner.modify(dn, change, controls=[session.RELAX]).code, RIGHTS, "nor with Relax")
        refused(admin.modify(dn, ("add", "objectClass", "musterMember")), RIGHTS, "remove them first", "an administrator " + uid)
        tap.is_(owner.modify(dn, ("delete", list(secrets)[0], None)).code, OK, "without the secret")
        tap.is_(owner.modify(dn, ("add", "objectClass", "musterMember")).code, OK, "it becomes a member")
        people.must(owner.delete(dn), dn)
    dn = "uid=imported," + acme.people
    people.must(admin.add(dn, dict(person, uid="imported", userPassword=world.hash(PASSWORD))), dn)
    tap.is_(admin.modify(dn, ("add", "objectClass", "musterMember"), controls=[session.RELAX]).code, OK,
            "with the manage right and Relax it is an import")
    for value in ("userPassword;lang-en", "userPassword;x-tag", "oathSecret;binary", "oathSecret;lang-ko", "musterStatus;x-a"):
        tap.ok(owner.modify(dn, ("add", value, "x" * 20)).code not in (OK,), "no %s" % value)
        tap.ok(owner.add("uid=opt," + acme.people, dict(person, uid="opt", **{value: "x" * 20})).code != OK, "nor added: %s" % value)


def test_suspended_in_two_steps():
    member = fresh(musterStatus="active")
    own = login(member)
    tap.is_(admin.modify(member.dn, ("add", "musterStatus", "suspended"), ("delete", "musterStatus", "active")).code, OK,
            "the new status added, the old one deleted")
    tap.ok(own.whoami() in (None, ""), "ends the connection as a replacement does")
    member = fresh(musterStatus="suspended")
    tap.is_(admin.modify(member.dn, ("delete", "musterStatus", "suspended"), ("add", "musterStatus", "active")).code, OK, "back")
    tap.ok(works(member), "and in")


def test_a_name_that_is_gone():
    owner = login(acme.owner)
    member, neighbour = fresh(), fresh()
    own, other = login(member), login(neighbour)
    tap.is_(owner.rename(member.dn, "uid=moved").code, OK, "a member is renamed")
    tap.ok(own.whoami() in (None, ""), "who was logged in by the old name is not any more")
    tap.is_(other.whoami(), "dn:" + neighbour.dn, "others are")
    member.dn = "uid=moved," + acme.people
    own = login(member)
    tap.is_(owner.delete(member.dn).code, OK, "a member is deleted")
    tap.ok(own.whoami() in (None, ""), "and not logged in any more")
    moving = people.organization(world, "moving", root=root)
    member = fresh(moving)
    own = login(member)
    tap.is_(admin.rename(moving.dn, "o=moved").code, OK, "an organization is renamed")
    tap.ok(own.whoami() in (None, ""), "its members log in again")
    with world.use(world.admin_dn, world.admin_password) as one:
        tap.is_(one.rename("uid=nobody," + acme.people, "uid=x").code, NO_OBJECT, "what is not there is not renamed")
        tap.is_(one.whoami(), "dn:" + world.admin_dn, "and nobody is logged out")
    tap.ok(world.alive(), "slapd is alive")


def test_suspended_while_logging_in():
    """A login that was judged before the suspension and answered after it is none."""
    member = fresh(calm)
    survivors = 0
    for number in range(40):
        people.must(root.modify(member.dn, ("replace", "musterStatus", "active")), "active")
        with world.use() as one:
            thread = threading.Thread(target=one.bind, args=(member.dn, PASSWORD))
            one.root_dse()
            thread.start()
            time.sleep(0.001 * number)
            people.must(root.modify(member.dn, ("replace", "musterStatus", "suspended")), "suspended")
            thread.join()
            survivors += one.whoami() not in (None, "")
    tap.is_(survivors, 0, "nobody is in after 40 suspensions at any moment of a login")
    tap.ok(world.alive(), "slapd is alive")


def test_no_rules_for_who_may_not_add():
    other = login(globex.owner)
    new = dict(person, objectClass=["inetOrgPerson", "musterMember"], uid="byother", userPassword="weak")
    before = runs()
    result = other.add("uid=byother," + acme.people, new)
    tap.is_(result.code, RIGHTS, "a stranger to the organization is refused")
    tap.ok("min-length" not in result.text, "and learns no rule of it")
    tap.is_(runs(), before, "and costs no run")
    result = admin.add("uid=a,ou=nowhere,%s" % acme.dn, dict(new, uid="a"))
    tap.is_(result.code, NO_OBJECT, "no parent")
    refused(admin.add("uid=byother," + acme.people, new), CONSTRAINT, "min-length", "an administrator does")


tap.main(globals())
