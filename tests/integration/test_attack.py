#!/usr/bin/python3
"""What members, owners and strangers try against the directory, and what a damaged one does with it."""

import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from lib import ber, exops, failures, people, session, tap, totp
from lib.people import PASSWORD
from lib.world import DATABASE, SOURCE, World

OK, NO_CONTROL, CONSTRAINT, NO_OBJECT, CREDENTIALS = 0, 12, 19, 32, 49
RIGHTS, UNAVAILABLE, UNWILLING, CLASS = 50, 52, 53, 65
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
slow = people.organization(world, "slow", policy={"pwdMinDelay": "600"}, root=root)
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


@tap.fault(5)
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
            before = world.argon2_runs()
            result = call(target)
            tap.is_((result.code, result.text, world.argon2_runs() - before), (CREDENTIALS, "", 1), "%s of %s: one run" % (what, who))


# --- transactions (RFC 5805) --------------------------------------------------------------------------


def test_transactions():
    """Inside of one the only writer would wait for an account whose holder waits to write, and nothing counted would stay."""
    member = fresh()
    own, owner = login(member), login(acme.owner)
    before, runs_before = stored(member), world.argon2_runs()
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
    tap.is_(world.argon2_runs(), runs_before, "and no password looked at")
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
    before = world.argon2_runs()
    result = other.add("uid=byother," + acme.people, new)
    tap.is_(result.code, RIGHTS, "a stranger to the organization is refused")
    tap.ok("min-length" not in result.text, "and learns no rule of it")
    tap.is_(world.argon2_runs(), before, "and costs no run")
    result = admin.add("uid=a,ou=nowhere,%s" % acme.dn, dict(new, uid="a"))
    tap.is_(result.code, NO_OBJECT, "no parent")
    refused(admin.add("uid=byother," + acme.people, new), CONSTRAINT, "min-length", "an administrator does")


# --- names of others ----------------------------------------------------------------------------------


def test_names_of_others():
    """A login is good for exactly one member, so nobody may make it ambiguous for somebody else."""
    owner = login(acme.owner)
    target, boss = fresh(globex), people.account(world, "boss@example.com", password=PASSWORD, root=root)
    by_name, by_login = exops.target_login(target.uid, "globex"), exops.target_login("boss@example.com")

    def found():
        return [exops.change_password(anyone, t, PASSWORD, "weak").code for t in (by_name, by_login)]

    tap.is_(found(), [CONSTRAINT] * 2, "both are found by their logins")
    organization = {"objectClass": ["organization", "musterOrganization"], "o": "globex", "musterDomain": "acme-two",
                    "owner": acme.owner.dn}
    for folder in ("groups", "services", "people"):
        dn = "o=globex,ou=%s,%s" % (folder, acme.dn)
        refused(owner.add(dn, organization), CLASS, "inside of another", "an organization inside of another, ou=" + folder)
    dn = "o=globex,ou=services," + acme.dn
    people.must(owner.add(dn, {"objectClass": "organization", "o": "globex"}), dn)
    refused(owner.modify(dn, ("add", "objectClass", "musterOrganization"), ("add", "musterDomain", "acme-two"),
                         ("add", "owner", acme.owner.dn)), CLASS, "inside of another", "nor by its class")
    impostor = dict(person, objectClass=["inetOrgPerson", "musterAccount"], uid="boss@example.com", userPassword=ANOTHER)
    refused(owner.add("uid=boss@example.com," + acme.people, impostor), CLASS, "platform", "a platform member in an organization")
    dn = "uid=boss@example.com," + acme.people
    people.must(owner.add(dn, dict(person, objectClass=["inetOrgPerson", "musterMember"], uid="boss@example.com")), dn)
    refused(owner.modify(dn, ("add", "objectClass", "musterAccount")), CLASS, "platform", "nor by its class")
    refused(owner.modify(acme.dn, ("replace", "musterDomain", "globex")), CONSTRAINT, "taken", "the domain is another's name")
    refused(owner.modify(acme.dn, ("replace", "musterDomain", "GLOBEX-Corp")), CONSTRAINT, "taken", "or another's domain")
    refused(admin.add("o=globex-corp,ou=organizations," + world.base, dict(organization, o="globex-corp", musterDomain="third")),
            CONSTRAINT, "taken", "a name that is another's domain")
    refused(admin.rename(acme.dn, "o=globex-corp"), CONSTRAINT, "taken", "nor by renaming")
    tap.is_(owner.modify(acme.dn, ("replace", "musterDomain", "acme")).code, OK, "its own name is no other's")
    tap.is_(owner.modify(acme.dn, ("replace", "musterDomain", "acme-corp")).code, OK, "back")
    tap.is_(found(), [CONSTRAINT] * 2, "both are found still")
    stranger = fresh(globex)
    result = login(stranger).modify(acme.dn, ("replace", "musterDomain", "calm"))
    tap.ok(result.code in (RIGHTS, NO_OBJECT) and "taken" not in result.text, "who may not write learns of no name", str(result))
    result = login(stranger).rename(acme.dn, "o=calm")
    tap.ok(result.code in (RIGHTS, NO_OBJECT) and "taken" not in result.text, "nor by renaming", str(result))


# --- controls and filters -----------------------------------------------------------------------------


def attributes(names):
    return ber.sequence(*(ber.octets(name) for name in names))


def test_what_is_written_is_not_read():
    """Who may write a secret does not see it by way of a control, a filter or a comparison."""
    member = fresh(secret=totp.new_secret())
    root.modify(member.dn, ("replace", "musterChallenge", "x"), ("replace", "musterRecoveryCode", "x"),
                ("replace", "musterLoginState", "1 n=1,0 p=1,2:1 c=0"), controls=[session.RELAX])
    writers = (("self", login(member), ("replace", "displayName", "Me")),
               ("an owner", login(acme.owner), ("replace", "userPassword", "Fresh#%04d" % 1)),
               ("an administrator", admin, ("replace", "userPassword", "Fresh#%04d" % 2)))
    for who, one, change in writers:
        for oid in (PRE_READ, POST_READ):
            result = one.modify(member.dn, change, controls=[(oid, True, attributes(SECRETS + ("cn",)))])
            change = (change[0], change[1], change[2] + ("x" if change[1] == "displayName" else "!"))
            tap.is_(result.code, OK, "%s writes" % who)
            seen = result.controls.get(oid, b"")
            tap.ok(not any(mark in seen for mark in (b"{MUSTER}", b"{SEALED}", b"#1.3.6", b"n=1,0")), "%s: nothing comes back" % who)
        own = stored(member)
        # Whether there is a seed may be searched for.
        for name in (n for n in SECRETS[:-1] if n != "oathSecret"):
            value = own.get(name, [b"x"])[0]
            escaped = "".join("\\%02x" % c for c in value)
            for where in ("(%s=*)" % name, "(%s=%s)" % (name, escaped), "(!(%s=no))" % name):
                tap.is_(len(one.search(member.dn, where, ["1.1"]).entries), 0, "%s finds nothing by %.30s" % (who, where))
            tap.ok(one.compare(member.dn, name, value).code not in (5, 6), "%s compares no %s" % (who, name))
            asserted = one.modify(member.dn, ("replace", "displayName", "Me"),
                                  controls=[(ASSERT, True, ber.element(0x87, name))])
            tap.is_(asserted.code, 122, "%s asserts nothing of %s" % (who, name))


@tap.fault(23)
def test_compare_of_has_subordinates():
    """slapd 2.5 loses a refused one's entry, and ends at the next read of the same thread."""
    member = fresh()
    for who, one in (("nobody", world.session()), ("a member", login(member))):
        for name in ("hasSubordinates", "HASSUBORDINATES", "2.5.18.9"):
            codes = {one.compare(dn, name, "FALSE").code for dn in (acme.owner.dn, member.dn, acme.dn, world.base) for _ in range(10)}
            tap.is_(codes, {UNWILLING}, "%s compares no %s" % (who, name))
    tap.ok(world.alive() and works(member), "slapd is alive")


def test_controls_change_no_right():
    member, other = fresh(), fresh()
    own = login(member)
    for control in (session.RELAX, MANAGE_DSA_IT, (PROXY, True, b"dn:" + other.dn.encode()), (PROXY, True, b"")):
        for what, change in (("its status", ("replace", "musterStatus", "active")), ("its mail", ("replace", "mail", "x@y.z")),
                             ("its mark", ("replace", "pwdReset", "FALSE")), ("its password", ("replace", "userPassword", ANOTHER)),
                             ("a seed", ("add", "oathSecret", b"s" * 20)), ("a hash", ("replace", "userPassword", world.hash("x"))),
                             ("its history", ("delete", "pwdHistory", None)), ("its step", ("replace", "oathTOTPLastTimeStep", "0"))):
            tap.ok(own.modify(member.dn, change, controls=[control]).code != OK, "%s with %s" % (what, control[0]))
        for change in (("replace", "userPassword", ANOTHER), ("replace", "displayName", "x"), ("add", "oathSecret", b"s" * 20)):
            tap.ok(own.modify(other.dn, change, controls=[control]).code != OK, "another's %s with %s" % (change[1], control[0]))
    tap.ok(works(member) and works(other), "nothing has changed")


@tap.fault(27)
def test_owners_stay_at_home():
    owner, member = login(acme.owner), fresh(globex)
    before = stored(member)
    for change in (("replace", "userPassword", ANOTHER), ("replace", "musterStatus", "suspended"), ("replace", "mail", "x@y.z"),
                   ("add", "oathSecret", b"s" * 20), ("delete", "objectClass", "musterMember")):
        tap.ok(owner.modify(member.dn, change).code in (RIGHTS, NO_OBJECT), "%s of another organization's member" % change[1])
    tap.ok(owner.passwd(member.dn, None, ANOTHER).code in (RIGHTS, NO_OBJECT, UNWILLING), "nor by Password Modify")
    tap.ok(owner.rename(member.dn, "uid=stolen", acme.people).code in (RIGHTS, NO_OBJECT), "it cannot be taken over")
    mine = fresh()
    tap.ok(owner.rename(mine.dn, "uid=planted", globex.people).code in (RIGHTS, NO_OBJECT), "nor one planted there")
    tap.ok(owner.rename(mine.dn, "uid=planted", "ou=accounts," + world.base).code in (RIGHTS, NO_OBJECT, CLASS), "or among the platform's")
    tap.is_(stored(member), before, "nothing has changed")


def test_increments():
    member = fresh(secret=totp.new_secret())
    people.must(root.modify(member.dn, ("replace", "oathTOTPLastTimeStep", "5"), controls=[session.RELAX]), "step")
    for dn, name in ((member.dn, "oathTOTPLastTimeStep"), (acme.policy, "pwdMinLength"), (acme.policy, "pwdMaxFailure")):
        for one in (root, admin, login(acme.owner)):
            result = one._result(lambda: one.low.modify_ext(dn, [(3, name, [b"-4"])], [(session.RELAX_CONTROL, True, None)], None))
            tap.ok(result.code != OK, "no increment of %s" % name)
    tap.is_(stored(member)["oathTOTPLastTimeStep"], [b"5"], "nothing has changed")


# --- names of one member ------------------------------------------------------------------------------


@tap.fault(20)
def test_spellings_share_a_counter():
    member = fresh(slow)
    rest = slow.people
    spellings = [member.dn, "UID=%s,%s" % (member.uid.upper(), rest.upper()), "uid = %s , %s" % (member.uid, rest),
                 "uid=\\%02x%s,%s" % (ord(member.uid[0]), member.uid[1:], rest),
                 "0.9.2342.19200300.100.1.1=%s,%s" % (member.uid, rest.replace(",", " , "))]
    for dn in spellings:
        with world.use() as one:
            tap.is_(one.bind(dn, WRONG).code, CREDENTIALS, "wrong as %.40s" % dn)
    tap.eventually(lambda: failures.of(root, member.dn).passwords == 5, "five failures of one member")
    with world.use() as one:
        tap.is_(one.bind(spellings[-1], PASSWORD).code, CREDENTIALS, "which has to wait by whichever")


def test_entries_that_only_look_like_members():
    member = fresh()
    for uid, classes, more in (("alias", ["alias", "extensibleObject", "musterMember"], {"aliasedObjectName": member.dn}),
                               ("referral", ["referral", "extensibleObject", "musterMember"], {"ref": "ldap://127.0.0.1:1/"})):
        dn = "uid=%s,%s" % (uid, acme.people)
        added = root.add(dn, dict({"objectClass": classes, "uid": uid, "cn": "A", "mail": "a@b.c", "userPassword": PASSWORD}, **more),
                         [MANAGE_DSA_IT])
        tap.ok(added.code in (OK, CLASS), "an %s that is a member: %d" % (uid, added.code))
        for controls in ([], [MANAGE_DSA_IT]):
            with world.use() as one:
                tap.ok(one.bind(dn, PASSWORD, controls).code != OK, "no login by an %s" % uid)
                tap.is_(one.whoami(), "", "anonymous")
        root.delete(dn, [MANAGE_DSA_IT])
    tap.ok(world.alive(), "slapd is alive")


# --- a directory that is damaged, full or read-only ---------------------------------------------------


def set_state(member, *changes):
    people.must(root.modify(member.dn, *changes, controls=[session.RELAX]), "state of " + member.dn)


GARBAGE = ("", "x", " ", "1 n=1", "1 n=-1,-1 p=-1 c=-1", "1 n=9999999999,9 p=9,9:9 c=9", "1 n=1,0 p=99999999999999999999,1:1 c=0",
           "1 n=1,0 p=1,2:1 c=0 more", "\x01\x02", "#" * 40, "%s%n%d" * 20, "a" * 70000, "reset " * 7,
           "reset q-x 1 99999999999 0 AAAA AAAA", "reset q-x -1 -1 -1 !! !!", "20260101000000Z#1.2.3#99999#{MUSTER}x",
           "20260101000000Z#1.2.3#-1#x", "20260101000000Z#1.2.3#18446744073709551615#x", "###", "k1 AAAA", " k1", "m-x y z",
           "m-00000000-0000-0000-0000-000000000000-AAAAAAAAAAA reset 99999999999999999999 !!")


@tap.fault(23)
def test_garbage_in_the_state():
    courier = world.session("courier")
    for name in ("musterLoginState", "musterChallenge", "musterRecoveryCode", "musterOutbox", "musterLease", "pwdHistory"):
        member = fresh(secret=totp.new_secret())
        uuid = stored(member)["entryUUID"][0].decode()
        values = list(GARBAGE) + ["m-%s-AAAAAAAAAAA %s" % (uuid, rest) for rest in ("", "reset", "reset x", "reset 1 !", "x" * 50 + " 1")]
        accepted = []
        for value in values:
            if root.modify(member.dn, ("replace", name, value), controls=[session.RELAX]).code == OK:
                accepted.append(value)
                people.must(root.modify(member.dn, ("replace", "displayName", "x")), "other writes")
                with world.use() as one:
                    code = one.bind(member.dn, WRONG + "000000").code
                    tap.ok(code in (CREDENTIALS, UNWILLING), "%s %.20r: a wrong password is refused (%d)" % (name, value, code))
                exops.redeem(anyone, member.dn, "mr1-" + "A" * 43, ANOTHER)
                exops.claim(courier, "m-%s-AAAAAAAAAAA" % uuid)
                exops.done(courier, "m-%s-AAAAAAAAAAA" % uuid)
        many = [v for v in accepted if v]
        if name not in ("musterLoginState",):
            root.modify(member.dn, ("replace", name, many), controls=[session.RELAX])
        people.must(root.modify(member.dn, ("replace", "userPassword", ANOTHER)), "a new password beside it")
        tap.ok(world.alive() and accepted, "%s: slapd is alive after %d values" % (name, len(accepted)))
        root.modify(member.dn, ("delete", name, None), ("delete", "pwdReset", None), controls=[session.RELAX])
        root.modify(member.dn, ("delete", name, None), controls=[session.RELAX])
        root.modify(member.dn, ("delete", "pwdReset", None), controls=[session.RELAX])
        root.modify(member.dn, ("delete", "musterLoginState", None), controls=[session.RELAX])
        member.password = ANOTHER
        tap.ok(works(member), "%s: repaired, the member is in" % name)


def test_garbage_in_login_state_waits():
    member = fresh()
    set_state(member, ("replace", "musterLoginState", "nonsense"))
    tap.ok(not works(member), "what cannot be read counts as many failures")
    set_state(member, ("delete", "musterLoginState", None))
    tap.ok(works(member), "until it is repaired")


def test_steps_that_make_no_sense():
    for step in ("-1", "-9223372036854775808", "9223372036854775807", "9223372036854775808", "1" * 400, "0"):
        member = fresh(secret=totp.new_secret())
        own = login(member)
        code = people.next_code(member) if step == "0" else member.code()
        set_state(member, ("replace", "oathTOTPLastTimeStep", step))
        if step in ("9223372036854775807", "9223372036854775808", "1" * 400):
            tap.ok(not works(member, PASSWORD + code), "step %.20s: no login" % step)
            tap.ok(own.modify(member.dn, ("delete", "oathSecret", None), ("add", "musterCode", code)).code != OK,
                   "step %.20s: nor is the factor removed" % step)
        else:
            tap.ok(works(member, PASSWORD + code), "step %.20s: is in the past" % step)
            tap.ok(not works(member, PASSWORD + code), "step %.20s: the code is good once" % step)
    tap.ok(root.modify(member.dn, ("replace", "oathTOTPLastTimeStep", "text"), controls=[session.RELAX]).code != OK, "no text")
    tap.ok(world.alive(), "slapd is alive")


def test_passwords_and_seeds_that_make_no_sense():
    hashes = ("", "x", "$argon2id$", "$argon2id$v=19$m=99999999999,t=2,p=1$AAAA$AAAA", "$argon2id$v=19$m=4294967295,t=4294967295,p=1$"
              + "A" * 22 + "$" + "A" * 43, "$argon2id$v=19$m=8,t=0,p=0$$", "$argon2i$v=19$m=19456,t=2,p=1$" + "A" * 22 + "$" + "A" * 43)
    member = fresh()
    for value in hashes:
        people.must(root.modify(member.dn, ("replace", "userPassword", "{MUSTER}" + value)), "hash")
        before = world.argon2_runs()
        with world.use() as one:
            tap.is_(one.bind(member.dn, PASSWORD).code, CREDENTIALS, "hash %.40s: no login" % value)
        tap.is_(world.argon2_runs() - before, 1, "and one run")
    for stamp in ("00000101000000Z", "99991231235959Z", "20260101000000.123456Z", "1000010100Z"):
        root.modify(member.dn, ("replace", "pwdChangedTime", stamp), ("replace", "pwdLastSuccess", stamp), controls=[session.RELAX])
        exops.change_password(anyone, member.dn, WRONG, ANOTHER)
    tap.ok(world.alive(), "slapd is alive")


def test_read_only():
    member, guarded = fresh(), fresh(secret=totp.new_secret())
    with world.use("config") as config:
        before = [stored(m) for m in (member, guarded)]
        people.must(config.modify(DATABASE, ("replace", "olcReadOnly", "TRUE")), "read-only")
        for one in (member, guarded):
            with world.use() as connection:
                tap.is_(connection.bind(one.dn, one.credential()).code, UNAVAILABLE, "a login that is not recorded is none")
                tap.is_(connection.whoami(), "", "anonymous")
                tap.is_(connection.bind(one.dn, WRONG).code, CREDENTIALS, "a wrong password is one still")
        tap.is_([stored(m) for m in (member, guarded)], before, "nothing was written")
        people.must(config.modify(DATABASE, ("replace", "olcReadOnly", "FALSE")), "writable")
    tap.ok(works(member), "and in again")


def test_key_file_gone():
    member = fresh(secret=totp.new_secret())
    os.rename(world.key_path, world.key_path + ".away")
    tap.ok(works(member), "keys are read at the start")
    with open(os.open(world.key_path, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
        file.write("k1 %s\n" % os.urandom(32).hex())
    member = fresh(secret=totp.new_secret())
    tap.ok(works(member), "a file that is replaced is not looked at")
    os.rename(world.key_path + ".away", world.key_path)
    world.restart()
    global root, admin, anyone
    root, admin, anyone = world.session("root"), world.session("admin"), world.session()
    tap.ok(works(fresh()), "and a start reads the file")


def test_full():
    """A disk without room: logins are refused, failures kept in memory, and slapd lives."""
    folder = tempfile.mkdtemp(prefix="muster-full-")
    library, flag = os.path.join(folder, "full.so"), os.path.join(folder, "full")
    subprocess.run([os.environ.get("CC", "cc"), "-O2", "-shared", "-fPIC", "-o", library,
                    os.path.join(SOURCE, "tests", "lib", "full.c")], check=True)
    small = World(preload=[library], environment={"MUSTER_FULL": flag})
    with small.use("root") as small_root:
        org = people.organization(small, "acme", policy={"pwdMinDelay": "600"}, root=small_root)
        member = people.member(org, password=PASSWORD, root=small_root)
        guarded = people.member(org, password=PASSWORD, secret=totp.new_secret(), root=small_root)
    # slapd's database does not get over an attribute whose very first use fails to be written.
    with small.use() as connection, small.use("root") as small_root:
        connection.bind(guarded.dn, WRONG)
        tap.eventually(lambda: "musterLoginState" in small_root.entry(guarded.dn), "every attribute has been in use")
        while time.time() % totp.PERIOD > totp.PERIOD - 10:
            time.sleep(0.2)
        people.must(connection.bind(guarded.dn, guarded.credential(time.time() - totp.PERIOD)), "login")
    open(flag, "w").close()
    for one in (member, guarded):
        with small.use() as connection:
            tap.is_(connection.bind(one.dn, one.credential()).code, UNAVAILABLE, "a login that cannot be written is refused")
            tap.is_(connection.whoami(), "", "anonymous")
            tap.is_(exops.change_password(connection, one.dn, PASSWORD, ANOTHER, one.secret and one.code()).code, UNWILLING,
                    "nor is a password changed")
    with small.use() as connection:
        for _ in range(5):
            connection.bind(guarded.dn, WRONG)
        tap.is_(connection.bind(guarded.dn, guarded.credential()).code, CREDENTIALS, "failures are counted in memory")
    os.unlink(flag)
    tap.ok(small.alive(), "slapd is alive")
    with small.use() as connection:
        tap.is_(connection.bind(member.dn, PASSWORD).code, OK, "with room again, in again")
    small.cleanup()
    shutil.rmtree(folder)


tap.main(globals())
