#!/usr/bin/python3
"""Every way a password, a seed, a policy, a domain or a status can be written, and who may."""

import base64
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from lib import exops, failures, parallel, people, session, tap, totp
from lib.people import PASSWORD
from lib.world import World

OK, BUSY, STRONGER, CONSTRAINT, RIGHTS, UNWILLING, CREDENTIALS = 0, 51, 13, 19, 50, 53, 49
ANOTHER = "Summer+2027"
THIRD = "Autumn=2028"

world = World()
root = world.session("root")
admin = world.session("admin")
acme = people.organization(world, "acme", root=root)
globex = people.organization(world, "globex", root=root)
people.give_password(world, acme.owner, PASSWORD, root)
people.give_password(world, globex.owner, PASSWORD, root)


def login(member, password=None):
    return world.session(member.dn, password or member.credential())


def works(member, password):
    """A fresh connection can bind; while others are being judged for the account it is told to try again."""
    deadline = time.monotonic() + 20
    while True:
        with world.use() as one:
            code = one.bind(member.dn, password).code
        if code != BUSY or time.monotonic() > deadline:
            return code == OK
        time.sleep(0.05)


def stored(member, *names):
    return root.entry(member.dn, names or ("*", "+"))


def refused(result, code, text, what):
    tap.is_(result.code, code, what)
    tap.in_(text, result.text, what + ": says what to do")


def change(one, member, old, new):
    """A member's own change of password."""
    return one.modify(member.dn, ("delete", "userPassword", old), ("add", "userPassword", new))


# --- passwords ---------------------------------------------------------------------------------------


def test_add_with_a_password():
    dn = "uid=added,%s" % acme.people
    entry = {"objectClass": ["inetOrgPerson", "musterMember"], "uid": "added", "cn": "A", "sn": "B",
             "mail": "added@acme.example", "userPassword": PASSWORD}
    for password, words in (("short1!", "min-length=8"), ("letters-only", "digit"), ("x" * 15 + "1!", "max-length=16"),
                            ("12345678!", "letter"), ("letters12", "special")):
        refused(admin.add(dn, dict(entry, userPassword=password)), CONSTRAINT, words, "add with %s" % password)
    tap.is_(root.entry(dn), {}, "nothing was added")
    refused(admin.add(dn, dict(entry, userPassword=[PASSWORD, ANOTHER])), CONSTRAINT, "one password", "two passwords")
    tap.is_(admin.add(dn, entry).code, OK, "add with a good password")
    found = root.entry(dn)
    tap.ok(found["userPassword"][0].startswith(b"{MUSTER}$argon2id$"), "it is stored as {MUSTER}")
    tap.is_(found.get("pwdReset"), [b"TRUE"], "it has to be changed")
    tap.ok("pwdChangedTime" in found, "its time is kept")
    tap.ok(any(b" password-set-by-admin " in v for v in found.get("musterOutbox", [])), "a notice is owed")
    tap.is_(len(found["entryUUID"]), 1, "the entry has one UUID")
    with world.use() as one:
        tap.is_(one.bind(dn, PASSWORD).code, CREDENTIALS, "no login before it is changed")
        tap.is_(one.bind_factor(dn, PASSWORD).state, session.CHANGE_REQUIRED, "the control says why")


def test_add_hashed():
    dn = "uid=hashed,%s" % acme.people
    value = world.hash(PASSWORD)
    entry = {"objectClass": ["inetOrgPerson", "musterMember"], "uid": "hashed", "cn": "A", "sn": "B", "userPassword": value}
    refused(admin.add(dn, entry), RIGHTS, "manage right", "add hashed without Relax")
    owner = login(acme.owner)
    refused(owner.add(dn, entry, [session.RELAX]), RIGHTS, "manage right", "an owner's Relax is not the manage right")
    tap.is_(admin.add(dn, entry, [session.RELAX]).code, OK, "with the manage right and Relax")
    found = root.entry(dn)
    tap.is_(found["userPassword"], [value.encode()], "it is stored as it is")
    tap.ok("pwdReset" not in found, "an imported password is the member's own")
    with world.use() as one:
        tap.is_(one.bind(dn, PASSWORD).code, OK, "and good for a login")
    tap.is_(root.delete(dn).code, OK, "removed")
    tap.is_(root.add(dn, dict(entry, userPassword=value)).code, OK, "the rootdn has the manage right")
    clear = dict(entry, uid="clear", userPassword="{CLEARTEXT}" + PASSWORD)
    refused(root.add("uid=clear," + acme.people, clear), CONSTRAINT, "in the clear", "not even the rootdn stores it in the clear")


def test_add_without_a_password():
    member = people.member(acme, root=root)
    for password in ("", PASSWORD, "123456"):
        tap.ok(not works(member, password) or password == "", "no password, no login (%r)" % password)
    with world.use() as one:
        one.bind(member.dn, "")
        tap.is_(one.whoami(), "", "an empty password is no login")


def test_admin_replaces():
    member = people.member(acme, password=PASSWORD, root=root)
    refused(admin.modify(member.dn, ("replace", "userPassword", "weak")), CONSTRAINT, "min-length=8", "weak")
    tap.ok(works(member, PASSWORD), "the old one is good still")
    refused(admin.modify(member.dn, ("replace", "userPassword", PASSWORD)), CONSTRAINT, "history=3", "the present one again")
    refused(admin.modify(member.dn, ("add", "userPassword", ANOTHER)), CONSTRAINT, "replace userPassword", "a second one")
    refused(admin.modify(member.dn, ("replace", "userPassword", [ANOTHER, THIRD])), CONSTRAINT, "one password", "two at once")
    refused(change(admin, member, PASSWORD, ANOTHER), UNWILLING, "replace userPassword", "delete and add is its owner's")
    refused(admin.modify(member.dn, ("replace", "userPassword", world.hash(ANOTHER))), RIGHTS, "manage right", "hashed")
    tap.is_(admin.modify(member.dn, ("replace", "userPassword", ANOTHER)).code, OK, "a good one")
    tap.ok(stored(member)["userPassword"][0].startswith(b"{MUSTER}"), "is hashed")
    tap.is_(stored(member).get("pwdReset"), [b"TRUE"], "has to be changed")
    tap.ok(not works(member, PASSWORD), "the old one is dead")
    refused(admin.modify(member.dn, ("delete", "pwdReset", None)), RIGHTS, "manage right", "the mark is not the administrator's to take away")
    tap.is_(admin.modify(member.dn, ("delete", "pwdReset", None), controls=[session.RELAX]).code, OK, "with Relax it is")
    tap.ok(works(member, ANOTHER), "then the member is in")
    tap.is_(admin.modify(member.dn, ("replace", "userPassword", THIRD), ("replace", "pwdReset", "FALSE"),
                         controls=[session.RELAX]).code, OK, "or in the same modification")
    tap.ok(works(member, THIRD), "the member is in")
    tap.is_(admin.modify(member.dn, ("delete", "userPassword", None), ("add", "userPassword", "Number#4444")).code, OK,
            "delete all and add is a replacement")
    tap.is_(admin.modify(member.dn, ("delete", "userPassword", None)).code, OK, "the password can be taken away")
    tap.ok("userPassword" not in stored(member), "then there is none")


def test_rootdn_keeps_the_rules():
    member = people.member(acme, password=PASSWORD, root=root)
    refused(root.modify(member.dn, ("replace", "userPassword", "weak")), CONSTRAINT, "min-length=8", "the rules hold for the rootdn")
    refused(root.modify(member.dn, ("replace", "userPassword", PASSWORD)), CONSTRAINT, "history=3", "history, too")
    refused(root.modify(member.dn, ("replace", "userPassword;lang-en", ANOTHER)), CONSTRAINT, "options", "no tagged password")
    tap.is_(root.modify(member.dn, ("replace", "userPassword", "{NOSUCH}" + "a1!")).code, OK,
            "a scheme nobody knows is a password in the clear")
    tap.ok(stored(member)["userPassword"][0].startswith(b"{MUSTER}"), "and hashed as one")


def test_self_change():
    member = people.member(acme, password=PASSWORD, root=root)
    own = login(member)
    for what, result in (
        ("replace", own.modify(member.dn, ("replace", "userPassword", ANOTHER), controls=[session.PPOLICY])),
        ("add only", own.modify(member.dn, ("add", "userPassword", ANOTHER), controls=[session.PPOLICY])),
        ("delete only", own.modify(member.dn, ("delete", "userPassword", PASSWORD), controls=[session.PPOLICY])),
        ("delete all and add", own.modify(member.dn, ("delete", "userPassword", None), ("add", "userPassword", ANOTHER),
                                          controls=[session.PPOLICY])),
        ("delete and replace", own.modify(member.dn, ("delete", "userPassword", PASSWORD),
                                          ("replace", "userPassword", ANOTHER), controls=[session.PPOLICY])),
    ):
        refused(result, RIGHTS, "delete the old value and add the new one", what)
        tap.is_(result.ppolicy_error, 4, what + ": mustSupplyOldPassword")
    refused(change(own, member, PASSWORD, "weak"), CONSTRAINT, "min-length=8", "weak")
    refused(change(own, member, PASSWORD, PASSWORD), CONSTRAINT, "history=3", "the present one")
    tap.ok(works(member, PASSWORD), "nothing has changed")
    tap.is_(change(own, member, PASSWORD, ANOTHER).code, OK, "old and new")
    tap.ok(works(member, ANOTHER) and not works(member, PASSWORD), "the new one is good, the old one is not")
    found = stored(member)
    tap.ok("pwdReset" not in found, "nothing has to be changed")
    tap.ok(any(b" password-changed " in v for v in found["musterOutbox"]), "a notice is owed")
    tap.is_(own.modify(member.dn, ("replace", "displayName", "Me")).code, OK, "the connection goes on")
    refused(change(own, member, ANOTHER, PASSWORD), CONSTRAINT, "history=3", "the one before")
    tap.is_(change(own, member, ANOTHER, THIRD).code, OK, "a third")
    refused(change(own, member, THIRD, PASSWORD), CONSTRAINT, "history=3", "the first is among the last three still")
    tap.is_(change(own, member, THIRD, "Fourth!4444").code, OK, "a fourth")
    tap.is_(change(own, member, "Fourth!4444", PASSWORD).code, OK, "the first again")


def test_self_change_with_the_wrong_old_one():
    member = people.member(acme, password=PASSWORD, root=root)
    own = login(member)
    result = own.modify(member.dn, ("delete", "userPassword", "Wrong#1111"), ("add", "userPassword", ANOTHER),
                        controls=[session.PPOLICY])
    refused(result, CREDENTIALS, "old password", "wrong old")
    tap.ok(works(member, PASSWORD), "nothing has changed")
    slow = people.organization(world, "slow", policy={"pwdMinDelay": "600"}, root=root)
    member = people.member(slow, password=PASSWORD, root=root)
    own = login(member)
    for _ in range(5):
        change(own, member, "Wrong#1111", ANOTHER)
    tap.eventually(lambda: failures.of(root, member.dn).passwords == 5, "wrong old ones are counted")
    tap.is_(change(own, member, PASSWORD, ANOTHER).code, CREDENTIALS, "after five the right one has to wait")
    refused(change(own, member, world.hash(PASSWORD), ANOTHER), CREDENTIALS, "old password", "a hash is no old password")
    value = stored(member)["userPassword"][0]
    refused(change(own, member, value, ANOTHER), CREDENTIALS, "old password", "not even the stored one")


def test_self_with_a_hash():
    member = people.member(acme, password=PASSWORD, root=root)
    own = login(member)
    result = change(own, member, PASSWORD, world.hash(ANOTHER))
    tap.is_(result.code, CONSTRAINT, "a member's own hash is a password in the clear, and too long")
    tap.is_(own.modify(member.dn, ("delete", "userPassword", PASSWORD), ("add", "userPassword", ANOTHER),
                       ("add", "objectClass", "pwdPolicy")).code, RIGHTS, "no class change along with it")


def test_self_of_a_member_with_a_factor():
    member = people.member(acme, password=PASSWORD, secret=totp.new_secret(), root=root)
    own = login(member)
    tap.is_(change(own, member, PASSWORD, ANOTHER).code, OK, "bound with both, the old password is enough")
    tap.ok("oathSecret" in stored(member), "the factor stays")


def test_strength():
    member = people.member(acme, password=PASSWORD, root=root)
    with world.use("root", uri=world.uri) as clear:
        refused(clear.modify(member.dn, ("replace", "userPassword", ANOTHER)), STRONGER, "ldaps", "no password over a clear connection")
        refused(clear.modify(member.dn, ("replace", "oathSecret", os.urandom(20))), STRONGER, "ldaps", "nor a seed")
        tap.is_(clear.modify(member.dn, ("replace", "displayName", "X")).code, OK, "other attributes may")
    with world.use("root", uri=world.uri_tls) as tls:
        tap.is_(tls.modify(member.dn, ("replace", "userPassword", ANOTHER)).code, OK, "over TLS it is taken")


# --- second factor -----------------------------------------------------------------------------------


def test_seed_lengths():
    member = people.member(acme, password=PASSWORD, root=root)
    for size, code in ((19, CONSTRAINT), (65, CONSTRAINT), (0, CONSTRAINT), (1, CONSTRAINT), (20, OK), (64, OK)):
        result = admin.modify(member.dn, ("replace", "oathSecret", os.urandom(size)))
        if size == 0:
            tap.ok(result.code != OK, "a seed of no octets is refused")
        else:
            tap.is_(result.code, code, "a seed of %d octets" % size)
    refused(admin.modify(member.dn, ("replace", "oathSecret", os.urandom(19))), CONSTRAINT, "20 to 64", "the text")
    dn = "uid=seeded," + acme.people
    entry = {"objectClass": ["inetOrgPerson", "musterMember"], "uid": "seeded", "cn": "A", "sn": "B"}
    for size, code in ((19, CONSTRAINT), (65, CONSTRAINT), (20, OK)):
        tap.is_(admin.add(dn, dict(entry, oathSecret=os.urandom(size))).code, code, "added with a seed of %d octets" % size)
    tap.ok(root.entry(dn)["oathSecret"][0].startswith(b"{SEALED}"), "it is sealed")


def test_admin_enrols_and_removes():
    member = people.member(acme, password=PASSWORD, root=root)
    seed = totp.new_secret()
    tap.is_(admin.modify(member.dn, ("add", "oathSecret", seed)).code, OK, "a manager's seed is active at once")
    member.secret = seed
    tap.ok(not works(member, PASSWORD), "the password alone is not enough any more")
    tap.ok(works(member, member.credential()), "with the code it is")
    tap.ok(any(b" factor-added " in v for v in stored(member)["musterOutbox"]), "a notice is owed")
    tap.is_(admin.modify(member.dn, ("delete", "oathSecret", None)).code, OK, "removed")
    found = stored(member)
    tap.ok("oathSecret" not in found and "oathTOTPLastTimeStep" not in found, "seed and step are gone")
    tap.ok(any(b" factor-removed " in v for v in found["musterOutbox"]), "a notice is owed")
    tap.ok(works(member, PASSWORD), "the password alone is enough again")
    refused(admin.modify(member.dn, ("delete", "oathSecret", None)), 16, "no second factor", "twice")


def test_self_enrols():
    member = people.member(acme, password=PASSWORD, root=root)
    own = login(member)
    seed = totp.new_secret()
    refused(own.modify(member.dn, ("add", "oathSecret", seed)), UNWILLING, "musterCode", "without a code")
    refused(own.modify(member.dn, ("add", "oathSecret", seed), ("add", "musterCode", totp.wrong_code(seed))), CREDENTIALS,
            "code", "with a wrong code")
    refused(own.modify(member.dn, ("add", "oathSecret", seed), ("add", "musterCode", totp.totp(totp.new_secret()))),
            CREDENTIALS, "code", "with a code of another seed")
    refused(own.modify(member.dn, ("add", "musterCode", totp.totp(seed))), UNWILLING, "musterCode", "a code alone")
    tap.ok("oathSecret" not in stored(member), "nothing was enrolled")
    code = totp.totp(seed)
    tap.is_(own.modify(member.dn, ("add", "oathSecret", seed), ("add", "musterCode", code)).code, OK, "with a right code")
    member.secret = seed
    found = stored(member)
    tap.ok(found["oathSecret"][0].startswith(b"{SEALED}"), "sealed")
    tap.ok("musterCode" not in found, "the code is not stored")
    tap.ok(not works(member, PASSWORD + code), "the code that enrolled is spent")
    tap.is_(own.bind(member.dn, PASSWORD + people.next_code(member)).code, OK, "the next one is good")
    refused(own.modify(member.dn, ("add", "oathSecret", seed), ("add", "musterCode", totp.totp(seed))), UNWILLING,
            "remove your present", "a second one")
    refused(own.modify(member.dn, ("replace", "oathSecret", totp.new_secret()), ("add", "musterCode", totp.totp(seed))),
            UNWILLING, "remove your present", "replaced by another")


def test_self_removes():
    seed = totp.new_secret()
    member = people.member(acme, password=PASSWORD, secret=seed, root=root)
    own = login(member)
    refused(own.modify(member.dn, ("delete", "oathSecret", None)), UNWILLING, "musterCode", "without a code")
    refused(own.modify(member.dn, ("replace", "oathSecret", None)), UNWILLING, "musterCode", "or emptied")
    refused(own.modify(member.dn, ("delete", "oathSecret", None), ("add", "musterCode", totp.wrong_code(seed))), CREDENTIALS,
            "code", "with a wrong code")
    tap.eventually(lambda: failures.of(root, member.dn).codes == 1, "a wrong code is counted")
    refused(own.modify(member.dn, ("delete", "oathSecret", stored(member)["oathSecret"][0]),
                       ("add", "musterCode", totp.totp(seed))), UNWILLING, "without a value", "by its value")
    refused(own.modify(member.dn, ("delete", "userPassword", PASSWORD), ("add", "userPassword", ANOTHER),
                       ("delete", "oathSecret", None), ("add", "musterCode", totp.totp(seed))), UNWILLING, "one after the other",
            "with a password at once")
    tap.ok("oathSecret" in stored(member), "the factor is there still")
    code = people.next_code(member)
    tap.is_(own.modify(member.dn, ("delete", "oathSecret", None), ("add", "musterCode", code)).code, OK, "with a right code")
    tap.ok("oathSecret" not in stored(member) and works(member, PASSWORD), "then the password alone is enough")


def test_self_removes_with_a_recovery_code():
    member = people.member(acme, password=PASSWORD, root=root)
    seed = totp.new_secret()
    with world.use() as one:
        result, codes = exops.enrol_totp(one, member.dn, PASSWORD, seed, totp.totp(seed))
    tap.is_((result.code, len(codes)), (OK, 10), "enrolled with recovery codes")
    member.secret = seed
    own = login(member, PASSWORD + people.next_code(member))
    refused(own.modify(member.dn, ("delete", "oathSecret", None), ("add", "musterCode", "aaaaa-aaaaa")), CREDENTIALS, "code",
            "a code that is none")
    tap.is_(own.modify(member.dn, ("delete", "oathSecret", None), ("add", "musterCode", codes[3])).code, OK,
            "the device is lost: a recovery code removes the factor")
    tap.ok("musterRecoveryCode" not in stored(member), "and the other codes with it")
    tap.ok(works(member, PASSWORD), "then the password is enough")


def test_manager_with_a_code():
    member = people.member(acme, password=PASSWORD, root=root)
    seed = totp.new_secret()
    refused(admin.modify(member.dn, ("add", "oathSecret", seed), ("add", "musterCode", totp.wrong_code(seed))), CREDENTIALS,
            "code", "a code that comes along has to be right")
    code = totp.totp(seed)
    tap.is_(admin.modify(member.dn, ("add", "oathSecret", seed), ("add", "musterCode", code)).code, OK, "right")
    tap.ok(not works(member, PASSWORD + code), "it is spent")


def test_a_spent_code_removes_nothing():
    seed = totp.new_secret()
    member = people.member(acme, password=PASSWORD, secret=seed, root=root)
    code = people.next_code(member)
    own = login(member, PASSWORD + code)
    refused(own.modify(member.dn, ("delete", "oathSecret", None), ("add", "musterCode", code)), CREDENTIALS, "code",
            "the code of the login is spent")
    tap.ok("musterLoginState" not in stored(member), "and not counted")


def test_code_and_state_are_not_written():
    member = people.member(acme, password=PASSWORD, root=root)
    refused(root.modify(member.dn, ("replace", "musterCode", "123456")), UNWILLING, "musterCode", "a code stored by the rootdn")
    refused(root.modify(member.dn, ("delete", "musterCode", None)), UNWILLING, "musterCode", "or deleted")
    refused(admin.add("uid=coded," + acme.people, {"objectClass": ["inetOrgPerson", "musterMember"], "uid": "coded",
                                                   "cn": "A", "sn": "B", "musterCode": "123456"}), CONSTRAINT, "musterCode", "or added")
    for name in ("musterChallenge", "musterLoginState", "musterRecoveryCode", "musterOutbox", "musterLease", "pwdHistory",
                 "oathTOTPLastTimeStep"):
        value = "1" if name.startswith("oath") else "x"
        tap.ok(admin.modify(member.dn, ("add", name, value)).code in (CONSTRAINT, RIGHTS), "%s is not the administrator's" % name)
        tap.ok(admin.add("uid=st," + acme.people, {"objectClass": ["inetOrgPerson", "musterMember"], "uid": "st", "cn": "A",
                                                   "sn": "B", name: value}).code in (CONSTRAINT, RIGHTS), "not in an add either")
    tap.is_(root.modify(member.dn, ("replace", "musterLoginState", "1 n=1,0 p=1,2:1 c=0"), controls=[session.RELAX]).code, OK,
            "the rootdn repairs state with Relax")
    tap.is_(root.modify(member.dn, ("delete", "musterLoginState", None), controls=[session.RELAX]).code, OK, "and removes it")
    tap.is_(root.modify(member.dn, ("replace", "oathTOTPLastTimeStep", "5"), controls=[session.RELAX]).code, OK, "the step, too")


def test_nothing_readable_in_the_database():
    seed, code_seed = totp.new_secret(), totp.new_secret()
    member = people.member(acme, password=PASSWORD, secret=seed, root=root)
    other = people.member(acme, password=PASSWORD, root=root)
    own = login(other)
    code = totp.totp(code_seed)
    tap.is_(own.modify(other.dn, ("add", "oathSecret", code_seed), ("add", "musterCode", code)).code, OK, "enrolled")
    dump = world.slapcat()
    lines = [line.split(b":: ", 1)[1] for line in dump.splitlines() if b":: " in line]
    dump += b"\n" + b"\n".join(base64.b64decode(line) for line in lines)
    for what, octets in (("seed", seed), ("seed", code_seed)):
        for form, text in (("raw", octets), ("base32", totp.base32(octets).encode()), ("base64", base64.b64encode(octets)),
                           ("hex", octets.hex().encode())):
            tap.ok(text.lower() not in dump.lower() if form == "hex" else text not in dump, "no %s %s in slapcat" % (what, form))
    tap.ok(PASSWORD.encode() not in dump, "no password")
    tap.ok(b"musterCode" not in dump, "no code")
    tap.ok(seed not in open(world.log_path, "rb").read() and PASSWORD not in world.log(), "no secret in the log")
    tap.ok(member.dn.encode() in dump, "the dump is of this directory")


@tap.fault(24)
def test_seals_of_another_entry():
    first = people.member(acme, password=PASSWORD, secret=totp.new_secret(), root=root)
    second = people.member(acme, password=PASSWORD, secret=totp.new_secret(), root=root)
    blob = stored(first)["oathSecret"][0]
    refused(root.modify(second.dn, ("replace", "oathSecret", blob)), CONSTRAINT, "not sealed for this entry", "another entry's seal")
    refused(admin.modify(first.dn, ("replace", "oathSecret", blob)), CONSTRAINT, "20 to 64", "even its own without the manage right")
    tap.is_(root.modify(first.dn, ("replace", "oathSecret", blob)).code, OK, "a restore by the rootdn")
    tap.ok(works(first, first.credential()), "and it is good")


# --- policies, domains, status -----------------------------------------------------------------------


@tap.fault(3)
def test_policy_numbers():
    numbers = ("pwdMinLength", "pwdMaxLength", "pwdInHistory", "pwdMaxAge", "pwdMaxFailure", "pwdMinDelay", "pwdMaxDelay",
               "musterTokenLifetime")
    zero_is_fine = ("pwdInHistory", "pwdMaxAge")
    for name in numbers:
        for value in ("0", "-1", "2147483648", "9223372036854775808", "text", "", " ", "1e3", "0x10", "9" * 1000000):
            result = admin.modify(acme.policy, ("replace", name, value))
            what = "%s %s" % (name, value if len(value) < 30 else "of a million digits")
            if value == "0" and name in zero_is_fine:
                tap.is_(result.code, OK, what)
            else:
                tap.ok(result.code in (CONSTRAINT, 21), what + " is refused", "%d %s" % (result.code, result.text[:200]))
    tap.ok(world.alive(), "slapd is alive")
    refused(admin.modify(acme.policy, ("replace", "pwdMinLength", "300")), CONSTRAINT, "256", "the text names the range")
    refused(admin.modify(acme.policy, ("replace", "musterSecondFactor", "maybe")), CONSTRAINT, "optional", "a factor policy nobody knows")
    refused(admin.modify(acme.policy, ("replace", "musterPwdRequire", ["letter", "emoji"])), CONSTRAINT, "special", "a rule nobody knows")
    tap.ok(admin.modify(acme.policy, ("add", "pwdMinLength", "9")).code != OK, "a second number")
    tap.is_(admin.modify(acme.policy, ("replace", "pwdInHistory", "2"), ("replace", "pwdMaxAge", "0")).code, OK, "back")
    dn = "cn=policy,o=acme,ou=organizations," + world.base
    for change_ in (("replace", "pwdMinLength", "12"), ("replace", "musterSecondFactor", "REQUIRED"),
                    ("replace", "musterSecondFactor", "optional"), ("replace", "pwdMinLength", "8")):
        tap.is_(admin.modify(dn, change_).code, OK, "%s %s" % change_[1:])
    bad = {"objectClass": ["organizationalRole", "pwdPolicy", "musterPolicy"], "cn": "bad", "pwdAttribute": "userPassword"}
    refused(admin.add("cn=bad,ou=policies," + world.base, dict(bad, pwdMinLength="0")), CONSTRAINT, "1", "a bad policy is not added")


def test_a_policy_governs_at_once():
    member = people.member(globex, password=PASSWORD, root=root)
    own = login(member)
    tap.is_(admin.modify(globex.policy, ("replace", "pwdMinLength", "12")).code, OK, "a longer minimum")
    refused(change(own, member, PASSWORD, ANOTHER), CONSTRAINT, "min-length=12", "holds for the next change")
    modern = "cn=modern,ou=policies," + world.base
    tap.is_(admin.modify(globex.dn, ("replace", "musterPolicyEntry", modern)).code, OK, "the modern policy")
    refused(change(own, member, PASSWORD, ANOTHER), CONSTRAINT, "min-length=15", "holds")
    tap.is_(change(own, member, PASSWORD, "correct horse battery staple").code, OK, "no composition is asked for")
    tap.is_(admin.modify(globex.dn, ("replace", "musterPolicyEntry", globex.policy)).code, OK, "back")
    tap.is_(admin.modify(globex.policy, ("replace", "pwdMinLength", "8")).code, OK, "back")


def test_domains():
    entry = {"objectClass": ["organization", "musterOrganization"], "owner": acme.owner.dn}
    for domain in ("ab", "x" * 41, "-abc", "a_b", "a.b", "a b", "a/b", "ünder"):
        result = admin.add("o=dom,ou=organizations," + world.base, dict(entry, o="dom", musterDomain=domain))
        tap.ok(result.code in (CONSTRAINT, 21), "domain %s is refused" % domain, str(result))
    refused(admin.add("o=dom,ou=organizations," + world.base, dict(entry, o="dom", musterDomain="a_b")), CONSTRAINT,
            "3 to 40", "the text")
    for name, domain, kept in (("d1", "abc", b"abc"), ("d2", "x" * 40, b"x" * 40), ("d3", "9-Lives-INC", b"9-lives-inc"),
                               ("d4", "a--", b"a--")):
        dn = "o=%s,ou=organizations,%s" % (name, world.base)
        own = dict(entry, o=name, musterDomain=domain, owner="uid=owner,ou=people," + dn)
        tap.is_(admin.add(dn, own).code, OK, "domain %s" % domain)
        tap.is_(root.entry(dn)["musterDomain"], [kept], "is kept in lower case")
    dn = "o=d1,ou=organizations," + world.base
    tap.is_(admin.modify(dn, ("replace", "musterDomain", "ABC-New")).code, OK, "changed")
    tap.is_(root.entry(dn)["musterDomain"], [b"abc-new"], "lower case")
    tap.is_(len(root.search(world.base, "(musterDomain=abc-new)", ["dn"]).entries), 1, "found by the index")
    tap.ok(admin.modify(dn, ("replace", "musterDomain", "9-lives-inc")).code != OK, "a domain that is taken")
    tap.ok(admin.modify(dn, ("replace", "musterDomain", "9-LIVES-INC")).code != OK, "whatever its case")
    refused(admin.modify(dn, ("replace", "musterDomain", "no_good")), CONSTRAINT, "3 to 40", "a bad one")
    tap.ok(admin.modify(dn, ("delete", "owner", None)).code != OK, "an organization keeps an owner")


def test_status():
    member = people.member(acme, password=PASSWORD, root=root)
    refused(admin.modify(member.dn, ("replace", "musterStatus", "asleep")), CONSTRAINT, "suspended", "a status nobody knows")
    own = login(member)
    tap.is_(own.whoami(), "dn:" + member.dn, "logged in")
    tap.is_(admin.modify(member.dn, ("replace", "musterStatus", "suspended")).code, OK, "suspended")
    ended = own.whoami()
    tap.ok(ended in (None, ""), "the open connection is ended", repr(ended))
    tap.ok(not works(member, PASSWORD), "no login")
    tap.is_(admin.modify(member.dn, ("replace", "musterStatus", "Active")).code, OK, "active again")
    tap.ok(works(member, PASSWORD), "login")
    tap.is_(admin.modify(member.dn, ("replace", "musterStatus", "closed")).code, OK, "closed")
    tap.ok(not works(member, PASSWORD), "no login")
    tap.is_(admin.modify(member.dn, ("delete", "musterStatus", None)).code, OK, "no status is active")
    tap.ok(works(member, PASSWORD), "login")
    owner = login(acme.owner)
    refused(owner.modify(acme.owner.dn, ("replace", "musterStatus", "suspended")), RIGHTS, "ask an OWNER", "an owner does not suspend itself")
    tap.ok(world.alive(), "slapd is alive")


def test_a_deleted_member_is_logged_in_nowhere():
    member = people.member(acme, password=PASSWORD, root=root)
    own = login(member)
    tap.is_(admin.delete(member.dn).code, OK, "deleted")
    tap.ok(own.whoami() in (None, ""), "the open connection is ended")
    tap.ok(not works(member, PASSWORD), "no login")
    tap.ok(admin.delete(member.dn).code == 32, "deleted twice")


def test_address_changes():
    member = people.member(acme, password=PASSWORD, root=root)
    relax = [session.RELAX]
    proved = ("20260101000000Z",)

    def prepare():
        root.modify(member.dn, ("replace", "musterMailVerified", proved[0]), ("replace", "musterMobileVerified", proved[0]),
                    ("replace", "musterChallenge", "x"), controls=relax)

    prepare()
    tap.is_(admin.modify(member.dn, ("replace", "mail", member.mail)).code, OK, "the same address again")
    tap.ok("musterMailVerified" in stored(member) and "musterChallenge" in stored(member), "changes nothing")
    tap.is_(admin.modify(member.dn, ("replace", "mail", "new@acme.example")).code, OK, "another address")
    found = stored(member)
    tap.ok("musterMailVerified" not in found, "is not proved")
    tap.ok("musterChallenge" not in found, "and kills what was mailed")
    tap.ok("musterMobileVerified" in found, "the mobile number is as it was")
    tap.is_(admin.modify(member.dn, ("replace", "mobile", "+82 10 0000 0000")).code, OK, "another number")
    tap.ok("musterMobileVerified" not in stored(member), "is not proved")
    prepare()
    tap.is_(admin.modify(member.dn, ("replace", "musterStatus", "suspended")).code, OK, "suspended")
    tap.ok("musterChallenge" not in stored(member), "kills what was mailed")


# --- names and classes -------------------------------------------------------------------------------


def test_names():
    member = people.member(acme, password=PASSWORD, secret=totp.new_secret(), root=root)
    tap.is_(admin.rename(member.dn, "uid=renamed").code, OK, "a member is renamed")
    member.dn = "uid=renamed," + acme.people
    tap.ok(works(member, member.credential()), "password and factor work on")
    tap.is_(admin.rename(member.dn, "uid=renamed", globex.people).code, OK, "and moved to another organization")
    member.dn = "uid=renamed," + globex.people
    for rdn in ("userPassword=Secret#123", "musterStatus=active", "oathSecret=aaaaaaaaaaaaaaaaaaaaaaaa", "musterCode=123456",
                "uid=renamed+userPassword=Secret#123"):
        tap.ok(root.rename(member.dn, rdn, delete_old=False).code != OK, "no name with %s" % rdn.split("=")[-2].split("+")[-1])
    refused(root.rename(member.dn, "musterStatus=active", delete_old=False), 64, "name", "the text")
    lax = people.organization(world, "named", root=root)
    people.must(root.modify(lax.dn, ("delete", "musterPolicyEntry", None)), "an organization with its policy below it")
    tap.is_(root.rename(lax.dn, "o=named+musterPolicyEntry=" + globex.policy.replace(",", "\\,").replace("=", "\\=")).code, 64,
            "no organization names another's policy in its name")
    root.modify(member.dn, ("replace", "musterMailVerified", "20260101000000Z"), controls=[session.RELAX])
    tap.is_(root.rename(member.dn, "mail=other@globex.example", delete_old=False).code, OK, "an address as a name")
    member.dn = "mail=other@globex.example," + globex.people
    tap.ok("musterMailVerified" not in stored(member), "has not been proved")


def test_classes():
    member = people.member(acme, password=PASSWORD, secret=totp.new_secret(), root=root)
    own = login(member)
    owner = login(acme.owner)
    for one, who in ((own, "a member"), (owner, "an owner")):
        tap.is_(one.modify(member.dn, ("delete", "objectClass", "musterMember")).code, RIGHTS, who + " takes the class away")
        tap.is_(one.modify(member.dn, ("replace", "objectClass", ["inetOrgPerson"])).code, RIGHTS, who + " replaces the classes")
    refused(admin.modify(member.dn, ("delete", "objectClass", "musterMember")), RIGHTS, "Relax", "an administrator without Relax")
    refused(root.modify(member.dn, ("add", "objectClass", "musterOrganization"), ("add", "owner", member.dn),
                        ("add", "musterDomain", "sneaky")), 65, "not both", "a member that is an organization")
    plain = "uid=plain," + acme.people
    root.add(plain, {"objectClass": "inetOrgPerson", "uid": "plain", "cn": "A", "sn": "B", "userPassword": world.hash(PASSWORD)})
    refused(root.modify(plain, ("add", "objectClass", "musterMember"), ("replace", "userPassword", "weak")), UNWILLING,
            "another modification", "class and password at once")
    tap.is_(root.modify(plain, ("add", "objectClass", "musterMember")).code, OK, "an entry becomes a member")
    refused(root.modify(plain, ("replace", "userPassword", "weak")), CONSTRAINT, "min-length=8", "and has the rules")


# --- who may -----------------------------------------------------------------------------------------


@tap.fault(27)
def test_roles():
    member = people.member(acme, password=PASSWORD, secret=totp.new_secret(), root=root)
    stranger = people.member(globex, password=PASSWORD, root=root)
    own, owner, other = login(member), login(acme.owner), login(globex.owner)
    courier = world.session("courier")
    root.modify(member.dn, ("replace", "musterChallenge", "x"), ("replace", "musterRecoveryCode", "x"),
                ("replace", "musterLoginState", "x"), controls=[session.RELAX])
    root.add("cn=host1,ou=hosts," + world.base, {"objectClass": ["organizationalRole", "simpleSecurityObject"], "cn": "host1",
                                                 "userPassword": world.hash("host-secret")})
    host = world.session("cn=host1,ou=hosts," + world.base, "host-secret")
    anonymous = world.session()
    everybody = (("self", own), ("owner", owner), ("other owner", other), ("administrator", admin), ("courier", courier),
                 ("host", host), ("anonymous", anonymous))
    nobody = "cn=nobody"
    may_know = {"self": member.dn, "owner": acme.people, "other owner": globex.people, "administrator": world.base,
                "courier": nobody, "host": nobody, "anonymous": nobody}
    for name in ("userPassword", "pwdHistory", "oathSecret", "musterChallenge", "musterRecoveryCode", "musterLoginState"):
        for who, one in everybody:
            found = one.search(world.base, "(objectClass=*)", [name]).entries
            tap.ok(all(name not in entry for _, entry in found), "%s reads no %s" % (who, name))
            seen = {dn for dn, _ in one.search(world.base, "(%s=*)" % name, ["dn"]).entries}
            if name == "oathSecret":  # whether there is a second factor may be known, where the member may be managed
                seen = {dn for dn in seen if not dn.endswith(may_know[who])}
            tap.is_(seen, set(), "%s finds nobody by %s" % (who, name))
        tap.ok(one.compare(member.dn, name, "x").code not in (5, 6), "no comparison of %s" % name)
    tap.is_(own.entry(member.dn).get("mail"), [member.mail.encode()], "self reads itself")
    tap.is_(own.entry(stranger.dn), {}, "but nobody else")
    tap.is_(own.modify(member.dn, ("replace", "displayName", "Me"), ("replace", "preferredLanguage", "ko")).code, OK, "self writes its language")
    for change_ in (("replace", "musterStatus", "active"), ("replace", "mail", "x@y.example"), ("replace", "uid", "X"),
                    ("delete", "pwdReset", None)):
        tap.is_(own.modify(member.dn, change_).code, RIGHTS, "self does not write %s" % change_[1])
    new = {"objectClass": ["inetOrgPerson", "musterMember"], "uid": "byowner", "cn": "A", "sn": "B", "mail": "b@acme.example"}
    tap.is_(owner.add("uid=byowner," + acme.people, new).code, OK, "an owner adds a member")
    tap.is_(owner.modify(member.dn, ("replace", "sn", "Z"), ("replace", "musterStatus", "active")).code, OK, "and changes it")
    tap.is_(owner.modify(member.dn, ("replace", "userPassword", ANOTHER)).code, OK, "and sets its password")
    tap.is_(stored(member)["pwdReset"], [b"TRUE"], "which has to be changed")
    tap.is_(owner.modify(acme.policy, ("replace", "pwdMinLength", "8")).code, OK, "and changes its policy")
    tap.is_(owner.modify(acme.dn, ("replace", "musterPolicyEntry", acme.policy)).code, OK, "and chooses it")
    tap.is_(owner.modify(acme.dn, ("replace", "owner", stranger.dn)).code, CONSTRAINT, "but does not give the organization away")
    tap.is_(owner.delete("uid=byowner," + acme.people).code, OK, "and removes members")
    for dn in (stranger.dn, globex.dn, globex.policy, "cn=console-16,ou=policies," + world.base):
        tap.ok(owner.modify(dn, ("replace", "description", "x")).code in (RIGHTS, 32), "nothing of others: %s" % dn.split(",")[0])
    tap.ok(owner.add("uid=x," + globex.people, dict(new, uid="x")).code in (RIGHTS, 32), "no member of others")
    tap.is_(owner.modify(stranger.dn, ("replace", "userPassword", PASSWORD)).code in (RIGHTS, 32), True, "no password of others")
    result = owner.modify(stranger.dn, ("replace", "userPassword", PASSWORD))
    tap.ok("history" not in result.text, "and no word about their history")
    tap.is_(owner.entry(stranger.dn), {}, "nor reads them")
    tap.ok("entryUUID" in courier.entry(member.dn), "the courier reads entryUUID")
    tap.ok("musterOutbox" in courier.entry(member.dn), "and what is owed")
    tap.is_(set(courier.entry(member.dn)) - {"entryUUID", "musterOutbox", "musterLease", "objectClass", "structuralObjectClass",
                                             "subschemaSubentry", "entryDN", "hasSubordinates"}, set(), "and nothing else")
    tap.ok(courier.modify(member.dn, ("replace", "userPassword", ANOTHER)).code in (RIGHTS, 32), "it sets no password")
    tap.ok(courier.modify(member.dn, ("add", "musterChallenge", "x"), controls=[session.RELAX]).code in (RIGHTS, 32), "and no challenge")
    tap.is_(len(courier.search(world.base, "(musterOutbox=*)", ["musterOutbox"]).entries) > 0, True, "it finds who is owed something")
    seen = host.entry(member.dn)
    tap.ok("uid" in seen and "musterStatus" in seen, "a host reads uid and status")
    tap.ok("mail" not in seen and "sn" not in seen and "musterOutbox" not in seen, "and nothing personal")
    tap.ok(host.modify(member.dn, ("replace", "musterStatus", "closed")).code in (RIGHTS, 32), "and writes nothing")
    tap.is_(anonymous.search(world.base).entries, [], "anonymous sees nothing")


@tap.fault(2)
def test_replayed_in_parallel():
    member = people.member(acme, password=PASSWORD, root=root)
    sessions = [login(member) for _ in range(10)]
    results = parallel.at_once([lambda s=s, n=n: change(s, member, PASSWORD, "Racing#%04d" % n) for n, s in enumerate(sessions)])
    winners = [n for n, r in enumerate(results) if r.code == OK]
    tap.ok(len(winners) == 1, "of ten changes from one old password one wins", str([r.code for r in results]))
    # Those who came after the winner had an old password that was wrong by then: they were counted.
    people.must(root.modify(member.dn, ("replace", "pwdAccountLockedTime", None)), "unlock")
    tap.ok(len(winners) == 1 and works(member, "Racing#%04d" % winners[0]), "and its password is the one")
    seed = totp.new_secret()
    member = people.member(acme, password=PASSWORD, root=root)
    sessions = [login(member) for _ in range(10)]
    results = parallel.at_once([lambda s=s: s.modify(member.dn, ("add", "oathSecret", seed), ("add", "musterCode", totp.totp(seed)))
                                for s in sessions])
    tap.ok([r.code for r in results].count(OK) == 1, "of ten enrolments one wins", str([r.code for r in results]))
    tap.ok(world.alive(), "slapd is alive")


@tap.fault(2)
def test_becoming_a_member_while_a_password_is_written():
    """No rule is kept for who is no member: such a password is no way to one."""
    two, found = [world.session("admin") for _ in range(2)], []
    for number in range(40):
        dn = "uid=later%d,%s" % (number, acme.people)
        people.must(root.add(dn, {"objectClass": "inetOrgPerson", "uid": "later%d" % number, "cn": "Later", "sn": "Member"}), dn)
        results = parallel.at_once([lambda: two[0].modify(dn, ("add", "objectClass", "musterMember")).code,
                                    lambda: two[1].modify(dn, ("replace", "userPassword", "x")).code])
        if sorted(results) not in ([OK, CONSTRAINT], [OK, RIGHTS]):
            found.append((number, results))
    tap.is_(found, [], "of class and password at one moment one is refused")


@tap.fault(2)
def test_a_first_password_from_two():
    """Both are judged while there is none; afterwards there is one, and it is good."""
    setting, found = [world.session("admin") for _ in range(2)], []
    for number in range(20):
        member = people.member(acme, root=root)
        results = parallel.at_once([lambda s=s, new=new: s.modify(member.dn, ("replace", "userPassword", new)).code
                                    for s, new in zip(setting, (PASSWORD, ANOTHER))])
        people.must(root.modify(member.dn, ("delete", "pwdReset", None)), "pwdReset")
        good = [works(member, new) for new in (PASSWORD, ANOTHER)]
        if len(root.entry(member.dn, ["userPassword"])["userPassword"]) != 1 or good.count(True) != 1 or OK not in results:
            found.append((results, good))
    tap.is_(found, [], "of two first passwords at one moment one stays")


tap.main(globals())
