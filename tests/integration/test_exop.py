#!/usr/bin/python3
"""The extended operations, Password Modify of members, and what the courier may do: against a real slapd."""

import base64
import os
import random
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from lib import ber, exops, parallel, people, tap, totp
from lib.session import PPOLICY, RELAX
from lib.tap import in_, is_, ok
from lib.world import World

OK, PROTOCOL, STRONG_AUTH, WEAK, RULES = 0, 2, 8, 13, 19
NO_OBJECT, INVALID, NO_ACCESS, BUSY, UNWILLING = 32, 49, 50, 51, 53
MUST_SUPPLY_OLD, TOO_SHORT = 4, 6
FIRST, SECOND, THIRD, FOURTH = "Spring#2026", "Summer#2026", "Autumn#2026", "Winter#2027"
NO_TOKEN = "mr1-" + "A" * 43

world = World(faketime=True)
root = world.session("root")
courier = world.session("courier")
anyone = world.session()
acme = people.organization(world, "acme", root=root)
slow = people.organization(world, "slow", policy={"pwdMinDelay": "600"}, root=root)
missing_dn = "uid=nobody," + acme.people


# --- helpers ------------------------------------------------------------------------------------------


def fresh(password=None, secret=None, org=acme, **more):
    return people.member(org, password=password, secret=secret, root=root, **more)


def state(who):
    return root.entry(who.dn if hasattr(who, "dn") else who)


def queued():
    """The record ids in the queue."""
    found = root.search("ou=queue," + world.base, "(objectClass=musterRequest)", ["cn"]).entries
    return [attributes["cn"][0].decode() for _, attributes in found]


def notices(who):
    """(record id, kind) of what is owed to a member."""
    return [tuple(value.decode().split(" ")[:2]) for value in state(who).get("musterOutbox", [])]


def drain():
    for record in queued():
        exops.done(courier, record)


def ask(target):
    """requestReset; the record it left in the queue."""
    before = set(queued())
    people.must(exops.request_reset(anyone, target), "requestReset")
    new = set(queued()) - before
    return new.pop() if len(new) == 1 else None


def mail(who):
    """A reset asked for and claimed: what the courier is told, the record done (a void one is gone already)."""
    record = ask(who.dn)
    result, found = exops.claim(courier, record)
    people.must(result, "claim")
    if found["kind"] != "void":
        people.must(exops.done(courier, record), "done")
    return found


def token(who):
    return mail(who)["secret"]


def can_login(who, password=None):
    with world.use() as one:
        return one.bind(who.dn, (password or who.password) + (who.code() if who.secret else "")).code == OK


def calls(target, seed=b"s" * 20):
    """One well-formed value of each operation that is open to everybody: OID, value."""
    t = target if isinstance(target, bytes) else exops.target_dn(target)
    return [
        (exops.REQUEST_RESET, ber.sequence(t)),
        (exops.REDEEM, ber.sequence(t, ber.octets(NO_TOKEN), ber.octets(SECOND))),
        (exops.CHANGE_PASSWORD, ber.sequence(t, ber.octets("wrong-Pw#1"), ber.octets("123456", ber.context(0)),
                                             ber.octets(SECOND))),
        (exops.ENROL_TOTP, ber.sequence(t, ber.octets("wrong-Pw#1"), ber.octets(seed), ber.octets("123456"))),
    ]


# --- what everybody sees ------------------------------------------------------------------------------


def test_announced():
    announced = [oid.decode() for oid in anyone.root_dse()["supportedExtension"]]
    for number in range(1, 7):
        in_("%s.%d" % (exops.ARC, number), announced, "operation .4.%d is announced" % number)


def test_equal_answers():
    active = fresh(FIRST)
    suspended = fresh(FIRST, musterStatus="suspended")
    bare = fresh()
    targets = {
        "member": active.dn, "suspended member": suspended.dn, "member without a password": bare.dn,
        "missing entry": missing_dn, "entry that is no member": acme.policy,
        "entry outside of the directory": "cn=x,dc=elsewhere", "missing login": exops.target_login("nobody", "acme"),
        "missing organization": exops.target_login(active.uid, "nowhere"),
        "login by domain": exops.target_login(active.uid, "acme-corp"),
        "login with filter characters": exops.target_login("*)(uid=*", "*"),
        "missing account": exops.target_login("nobody@example.com"),
    }
    for number, expected in ((0, OK), (1, INVALID), (2, INVALID), (3, INVALID)):
        answers = {}
        for name, target in targets.items():
            oid, value = calls(target)[number]
            with world.use() as one:
                result = one.extended(oid, value)
                answers[name] = (result.code, result.text, result.value, result.controls)
        is_({a[:3] for a in answers.values()}, {(expected, "", None)}, "operation .4.%d: one answer for all" % (number + 1))
    is_(len(queued()), len(targets), "every request is in the queue")
    kinds = {}
    by_target = {}
    for record in queued():
        entry = state("cn=%s,ou=queue,%s" % (record, world.base))
        by_target[record] = entry["musterRequestTarget"][0].decode()
        result, found = exops.claim(courier, record)
        kinds[by_target[record]] = (result.code, found and found["kind"], found and found["address"])
    for target, (code, kind, address) in kinds.items():
        is_(code, OK, "claim of " + target)
    real = [t for t, (_, kind, _) in kinds.items() if kind == "first-password"]
    is_(sorted(real), ["dn:" + bare.dn], "only the member without a password gets mail: no address of the others is proved")
    is_({v for t, v in kinds.items() if t not in real}, {(OK, "void", "")}, "void says nothing about anybody")
    drain()


@tap.fault(16)
def test_requests_do_not_pile_up():
    drain()
    who = fresh()
    first = ask(who.dn)
    for _ in range(20):
        is_(exops.request_reset(anyone, who.dn).code, OK, "asked again: the same answer")
    is_(queued(), [first], "still one entry")
    exops.done(courier, first, exops.FAILED)
    second = ask(who.dn.upper())
    ok(second and second != first, "asked after it is done: a new entry")
    entry = state("cn=%s,ou=queue,%s" % (second, world.base))
    in_(b"applicationProcess", entry["objectClass"], "an applicationProcess")
    for name in ("entryUUID", "entryCSN", "createTimestamp"):
        in_(name, entry, "has " + name)
    drain()


def test_no_queue():
    drain()
    people.must(root.delete("ou=queue," + world.base), "queue removed")
    result = exops.request_reset(anyone, missing_dn)
    is_(result.code, UNWILLING, "no queue: unwilling")
    in_("muster init", result.text, "the text says what to do")
    people.must(root.add("ou=queue," + world.base, {"objectClass": "organizationalUnit", "ou": "queue"}), "queue")
    is_(exops.request_reset(anyone, missing_dn).code, OK, "queue is back")
    drain()


def test_weak_connection():
    who = fresh(FIRST)
    with world.use(uri=world.uri) as plain:
        for oid, value in calls(who.dn):
            is_(plain.extended(oid, value).code, WEAK, "unprotected connection: " + oid[-2:])
        for oid in (exops.CLAIM, exops.DONE):
            value = ber.sequence(ber.octets("q-" + "A" * 22), None if oid == exops.CLAIM else ber.enumerated(0))
            is_(plain.extended(oid, value).code, WEAK, "unprotected connection: " + oid[-2:])
    with world.use(uri=world.uri_tls) as tls:
        is_(exops.change_password(tls, who.dn, FIRST, SECOND).code, OK, "ldaps is good enough")


def test_read_only():
    who = fresh(FIRST)
    before = state(who)
    with world.use("config") as config:
        people.must(config.modify("olcDatabase={1}mdb,cn=config", ("replace", "olcReadOnly", "TRUE")), "read-only")
        results = [anyone.extended(oid, value).code for oid, value in calls(who.dn)]
        people.must(config.modify("olcDatabase={1}mdb,cn=config", ("replace", "olcReadOnly", "FALSE")), "writable")
    is_(results, [UNWILLING] * 4, "read-only: unwilling")
    is_(state(who), before, "nothing changed")


# --- bad input ----------------------------------------------------------------------------------------


def snapshot():
    """Everything there is, except the queue."""
    found = root.search(world.base, attributes=["*", "+"]).entries
    return {dn: rows for dn, rows in found if "ou=queue" not in dn}


@tap.fault(23)
def test_truncated_and_mutated():
    drain()
    who = fresh(FIRST, secret=totp.new_secret())
    record = ask(who.dn)
    before = snapshot()
    values = calls(who.dn) + calls(exops.target_login(who.uid, "acme"))
    values += [(exops.CLAIM, ber.sequence(ber.octets("q-" + "A" * 22))),
               (exops.DONE, ber.sequence(ber.octets("q-" + "A" * 22), ber.enumerated(0)))]
    for oid, value in values:
        session = courier if oid in (exops.CLAIM, exops.DONE) else anyone
        codes = {session.extended(oid, value[:size]).code for size in range(len(value))}
        is_(codes, {PROTOCOL}, "%s cut off at each of %d octets" % (oid[-2:], len(value)))
        is_(session.extended(oid, None).code, PROTOCOL, "%s without a value" % oid[-2:])
        is_(session.extended(oid, value + b"\0").code, PROTOCOL, "%s with an octet after it" % oid[-2:])
        inner = ber.element(ber.SEQUENCE, ber.read(value)[0][1] + b"\x04\x00")
        is_(session.extended(oid, inner).code, PROTOCOL, "%s with an element too many" % oid[-2:])
        is_(session.extended(oid, b"\x30\x80" + ber.read(value)[0][1] + b"\0\0").code, PROTOCOL,
            "%s in the indefinite form" % oid[-2:])
    is_(snapshot(), before, "nothing changed")
    is_(queued(), [record], "nothing queued")
    dice = random.Random(2)
    seen = set()
    for oid, value in values:
        session = courier if oid in (exops.CLAIM, exops.DONE) else anyone
        for at in range(len(value)):
            mutated = bytearray(value)
            mutated[at] ^= 1 << dice.randrange(8)
            if dice.random() < 0.3:
                mutated[dice.randrange(len(mutated))] = dice.choice((0, 0x7F, 0x80, 0x84, 0xFF))
            seen.add(session.extended(oid, bytes(mutated)).code)
    ok(seen <= {OK, PROTOCOL, STRONG_AUTH, NO_OBJECT, INVALID, BUSY, UNWILLING}, "mutations: known results only", seen)
    ok(world.alive(), "slapd lives")
    after = state(who)
    for name in ("userPassword", "oathSecret", "pwdHistory", "musterChallenge"):
        is_(after.get(name), before[who.dn].get(name), "%s is the same" % name)
    drain()


def test_bad_values():
    who = fresh(FIRST)
    big = "x" * 60000
    for name, target, code in (
        ("empty DN", "", PROTOCOL), ("not a DN", "no dn", PROTOCOL), ("DN with NUL", "uid=a\0b," + acme.people, PROTOCOL),
        ("DN of 5 KB", "uid=%s,%s" % ("x" * 5000, acme.people), PROTOCOL),
        ("empty login", exops.target_login("", "acme"), PROTOCOL),
        ("empty organization", exops.target_login("x", ""), PROTOCOL),
        ("login of 4 KB", exops.target_login("x" * 4096, "acme"), PROTOCOL),
        ("login with a newline", exops.target_login("a\nb", "acme"), PROTOCOL),
        ("login with NUL", exops.target_login("a\0b", "acme"), PROTOCOL),
        ("login that is not UTF-8", ber.sequence(ber.octets(b"acme", ber.context(0)), ber.octets(b"\xff\xfe"),
                                                 tag=ber.context(1, constructed=True)), PROTOCOL),
        ("login with backslash and star", exops.target_login("a\\*(b)", "ac*me\\2a"), INVALID),
        ("organization with slash", exops.target_login("x", "a/b%2Fc"), INVALID),
    ):
        is_(exops.change_password(anyone, target, FIRST, SECOND).code, code, name)
    is_(exops.change_password(anyone, who.dn, "", SECOND).code, INVALID, "empty old password")
    is_(exops.change_password(anyone, who.dn, big, SECOND).code, INVALID, "old password of 60 KB")
    with world.use() as one:
        # slapd itself ends a connection that sends more than sockbuf_max_incoming
        ok(exops.change_password(one, who.dn, "x" * (1 << 20), SECOND).code in (-1, PROTOCOL), "1 MiB")
    who = fresh(FIRST)
    for password, rule in (("", "min-length=8"), (big, "bytes=1000"), ("Pass\0word#1", "encoding"),
                           (b"Pass\xff\xfeword#1", "encoding")):
        value = ber.sequence(exops.target_dn(who.dn), ber.octets(FIRST), ber.octets(password))
        result = anyone.extended(exops.CHANGE_PASSWORD, value)
        is_(result.code, RULES, "new password of %d octets" % len(password))
        in_(rule, result.text, "text names " + rule)
    for seed in (b"", b"s" * 19, b"s" * 65):
        is_(exops.enrol_totp(anyone, who.dn, FIRST, seed, "123456")[0].code, PROTOCOL, "seed of %d octets" % len(seed))
    for record in ("", "q-", "q-" + "A" * 23, "m-x", "q-" + "*" * 22, "m-" + "0" * 36 + "-" + "A" * 11, "x" * 5000):
        is_(exops.claim(courier, record)[0].code, NO_OBJECT, "claim of record id %r" % record[:30])
        is_(exops.done(courier, record).code, NO_OBJECT, "done with record id %r" % record[:30])
    is_(courier.extended(exops.DONE, ber.sequence(ber.octets("q-" + "A" * 22), ber.enumerated(2))).code, PROTOCOL,
        "unknown outcome")
    is_(courier.extended(exops.CLAIM, ber.sequence(ber.octets("q-" + "A" * 22, 0x0C))).code, NO_OBJECT,
        "a UTF8String by its own tag is taken")
    ok(world.alive(), "slapd lives")


# --- the courier --------------------------------------------------------------------------------------


def test_courier_only():
    who = fresh(FIRST)
    record = ask(who.dn)
    with world.use(who.dn, FIRST) as self, world.use("admin") as admin:
        for name, session in (("anonymous", anyone), ("member", self), ("admin", admin), ("root", root)):
            is_(exops.claim(session, record)[0].code, NO_ACCESS, name + " may not claim")
            is_(exops.done(session, record).code, NO_ACCESS, name + " may not say done")
    is_(queued(), [record], "the record is there")
    drain()


def test_courier_can_do_nothing_else():
    who = fresh(FIRST, secret=totp.new_secret())
    token(fresh())
    seen = courier.search(world.base, attributes=["*", "+", "userPassword", "oathSecret", "musterChallenge"]).entries
    names = {name for _, rows in seen for name in rows}
    is_(names & {"userPassword", "oathSecret", "musterChallenge", "musterRecoveryCode", "pwdHistory", "mail",
                 "musterLoginState", "oathTOTPLastTimeStep"}, set(), "reads no secret and no address")
    before = state(who)
    for change in (("replace", "userPassword", SECOND), ("add", "musterChallenge", "reset x 1 2 0 eA== eA=="),
                   ("add", "musterOutbox", "x y 1"), ("delete", "oathSecret", None), ("replace", "mail", "x@y.example"),
                   ("replace", "musterLease", "x 1"), ("replace", "musterStatus", "suspended")):
        for controls in ([], [RELAX]):
            ok(courier.modify(who.dn, change, controls=controls).code != OK, "may not %s %s" % change[:2])
    ok(courier.passwd(who.dn, None, SECOND).code != OK, "sets no password")
    ok(courier.passwd(who.dn, FIRST, SECOND).code != OK, "sets no password with the old one")
    ok(courier.compare(who.dn, "userPassword", before["userPassword"][0]).code != 6, "compares no hash")
    ok(courier.delete(who.dn).code != OK, "deletes nothing")
    ok(courier.add("cn=x,ou=queue," + world.base, {"objectClass": ["applicationProcess", "musterRequest"], "cn": "x",
                                                   "musterRequestKind": "reset",
                                                   "musterRequestTarget": "dn:" + who.dn}).code != OK, "adds no request")
    is_(state(who), before, "nothing changed")


def test_claim():
    who = fresh(displayName="Hong Gildong", preferredLanguage="ko")
    record = ask(exops.target_login(who.uid, "acme-corp"))
    result, found = exops.claim(courier, record)
    is_(result.code, OK, "claimed")
    is_((found["kind"], found["address"], found["language"]), ("first-password", who.mail, "ko"), "kind, address, language")
    facts = found["facts"]
    is_({k: facts.get(k) for k in ("name", "login", "organization", "domain")},
        {"name": "Hong Gildong", "login": who.uid, "organization": "acme", "domain": "acme-corp"}, "facts")
    challenge = state(who)["musterChallenge"][0].decode().split(" ")
    is_(facts["expires"], challenge[3], "expires as stored")
    is_(int(challenge[3]) - int(challenge[2]), 3600, "an hour")
    is_((challenge[0], challenge[1], challenge[4]), ("reset", record, "0"), "purpose, record, tries")
    is_(base64.b64decode(challenge[6]).decode(), who.mail, "the address it went to")
    ok(len(found["secret"]) == 47 and found["secret"].startswith("mr1-"), "a token")
    ok(found["secret"].encode() not in world.slapcat(), "which is not in the database")
    is_(exops.claim(courier, record)[0].code, BUSY, "claimed again within the lease: busy")
    world.move_clock(121)
    again = exops.claim(courier, record)[1]
    ok(again and again["secret"] not in (None, found["secret"]), "after the lease: minted anew")
    is_(again["kind"], "first-password", "and told as the same")
    world.move_clock(0)
    is_(len(state(who)["musterChallenge"]), 1, "one challenge")
    is_(exops.redeem(anyone, who.dn, found["secret"], FIRST).code, INVALID, "the token before is dead")
    is_(exops.done(courier, record).code, OK, "done")
    is_(exops.done(courier, record).code, NO_OBJECT, "done twice: no such record")
    is_(exops.claim(courier, record)[0].code, NO_OBJECT, "claimed after done: no such record")
    is_(queued(), [], "the queue is empty")
    is_(exops.redeem(anyone, who.dn, again["secret"], FIRST).code, OK, "the newer token works")
    plain = fresh()
    result, found = exops.claim(courier, ask(plain.dn))
    is_((found["language"], found["facts"].get("name")), ("en", plain.uid.capitalize()), "without a language: en, name from cn")
    drain()


def test_claim_in_parallel():
    who = fresh()
    record = ask(who.dn)
    couriers = [world.session("courier") for _ in range(8)]
    codes = [r[0].code for r in parallel.at_once([lambda c=c: exops.claim(c, record) for c in couriers])]
    is_((codes.count(OK), codes.count(BUSY)), (1, 7), "one record, eight couriers: one gets it")
    others = [ask(exops.target_login(who.uid, name)) for name in ("acme", "acme-corp")]
    others = [o for o in others if o]
    results = parallel.at_once([lambda c=c, o=o: exops.claim(c, o) for c, o in zip(couriers, others)])
    is_([r[1]["kind"] for r in results], ["void"] * len(others), "other records of the same member: void, the first token stays")
    is_(len(state(who)["musterChallenge"]), 1, "one challenge")
    drain()


@tap.fault(14)
def test_claim_address():
    who = fresh()
    is_(exops.redeem(anyone, who.dn, token(who), FIRST).code, OK, "first password")
    entry = state(who)
    is_(entry["musterVerifiedMail"][0].decode(), who.mail, "the address is proved")
    in_("musterMailVerified", entry, "and when")
    people.must(root.modify(who.dn, ("replace", "mail", "new@acme.example")), "mail changed")
    found = mail(who)
    is_((found["kind"], found["address"]), ("reset", who.mail), "a reset, told as one, goes to the address proved last")
    unproved = fresh(FIRST)
    is_(mail(unproved)["kind"], "void", "an address never proved is not used once there is a password")
    people.must(root.modify(unproved.dn, ("delete", "userPassword", None)), "no password")
    found = mail(unproved)
    is_((found["kind"], found["address"]), ("first-password", unproved.mail), "but it is as long as there is none")
    drain()


def test_void():
    suspended = fresh(musterStatus="suspended")
    record = ask(suspended.dn)
    result, found = exops.claim(courier, record)
    is_((result.code, found["kind"], found["address"], found["secret"], found["facts"]), (OK, "void", "", None, {}), "suspended")
    is_(queued(), [], "the record is gone")
    ok("musterChallenge" not in state(suspended), "nothing minted")
    no_mail = fresh()
    people.must(root.modify(no_mail.dn, ("delete", "mail", None)), "no mail")
    is_(exops.claim(courier, ask(no_mail.dn))[1]["kind"], "void", "no address")


# --- tokens -------------------------------------------------------------------------------------------


@tap.fault(17)
def test_token_once():
    who = fresh()
    secret = token(who)
    is_(exops.redeem(anyone, who.dn, secret, FIRST).code, OK, "redeemed")
    ok(can_login(who, FIRST), "the password works")
    is_(exops.redeem(anyone, who.dn, secret, SECOND).code, INVALID, "the token works once")
    ok(not can_login(who, SECOND), "nothing changed")
    in_("password-changed", [kind for _, kind in notices(who)], "a notice is owed")
    ok("musterChallenge" not in state(who), "no challenge is left")


@tap.fault(17)
def test_token_of_another():
    one, two = fresh(), fresh()
    secret = token(one)
    is_(exops.redeem(anyone, two.dn, secret, FIRST).code, INVALID, "a token of another member")
    people.must(root.modify(two.dn, ("replace", "mail", one.mail)), "same mail")
    is_(exops.redeem(anyone, two.dn, secret, FIRST).code, INVALID, "of another member with the same address")
    is_(exops.redeem(anyone, one.dn, secret, FIRST).code, OK, "of its own member")


def test_token_expires():
    who = fresh()
    people.must(root.modify(acme.policy, ("replace", "musterTokenLifetime", "60")), "lifetime")
    secret = token(who)
    people.must(root.modify(acme.policy, ("delete", "musterTokenLifetime", None)), "lifetime")
    world.move_clock(61)
    is_(exops.redeem(anyone, who.dn, secret, FIRST).code, INVALID, "a second after its end")
    world.move_clock(0)
    is_(exops.redeem(anyone, who.dn, secret, FIRST).code, OK, "before its end")


def test_token_newer():
    who = fresh()
    first = token(who)
    second = mail(who)
    is_((second["kind"], second["secret"]), ("void", None), "asked again within five minutes: nothing is sent")
    world.move_clock(301)
    third = token(who)
    is_(exops.redeem(anyone, who.dn, first, FIRST).code, INVALID, "after a newer one the first is dead")
    is_(exops.redeem(anyone, who.dn, third, FIRST).code, OK, "the newer one works")
    world.move_clock(0)
    other = fresh()
    first = token(other)
    mail(other)
    is_(exops.redeem(anyone, other.dn, first, FIRST).code, OK, "a second request within five minutes leaves the first good")


def test_token_dies():
    who = fresh()
    secret = token(who)
    people.give_password(world, who, FIRST, root)
    is_(exops.redeem(anyone, who.dn, secret, SECOND).code, INVALID, "after a new password by an admin")
    who = fresh()
    secret = token(who)
    people.must(root.modify(who.dn, ("replace", "mail", "elsewhere@acme.example")), "mail")
    is_(exops.redeem(anyone, who.dn, secret, FIRST).code, INVALID, "after a changed mail")
    who = fresh()
    secret = token(who)
    people.must(root.modify(who.dn, ("replace", "musterStatus", "suspended")), "suspended")
    is_(exops.redeem(anyone, who.dn, secret, FIRST).code, INVALID, "suspended")
    people.must(root.modify(who.dn, ("replace", "musterStatus", "active")), "active")
    is_(exops.redeem(anyone, who.dn, secret, FIRST).code, INVALID, "active again: still dead")


def test_strangers_do_not_use_up_a_token():
    who = fresh()
    secret = token(who)
    before = state(who)
    for typed in [NO_TOKEN] * 10 + ["junk", "", "A" * 1000]:
        is_(exops.redeem(anyone, who.dn, typed, FIRST).code, INVALID, "wrong token %.10s" % typed)
    is_(state(who), before, "wrong ones leave nothing behind")
    is_(exops.redeem(anyone, who.dn, secret, FIRST).code, OK, "the right one is good still")


def test_token_rules():
    who = fresh()
    secret = token(who)
    for password, rules in (("Ab#1", "min-length=8"), ("Abcdefgh#12345678", "max-length=16"), ("12345678#", "letter"),
                            ("Abcdefgh#", "digit"), ("Abcdefgh1", "special"), ("abc", "min-length=8 digit special")):
        result = exops.redeem(anyone, who.dn, secret, password)
        is_((result.code, result.text), (RULES, "password refused: " + rules), "refused: " + password)
    is_(exops.redeem(anyone, who.dn, NO_TOKEN, "abc").code, INVALID, "rules are told to the token's owner only")
    is_(exops.redeem(anyone, who.dn, secret, FIRST).code, OK, "none of that spent the token")
    world.move_clock(301)
    secret = token(who)
    world.move_clock(0)
    result = exops.redeem(anyone, who.dn, secret, FIRST)
    is_((result.code, result.text), (RULES, "password refused: history=3"), "the present password again")


@tap.fault(24)
def test_redeem_keeps_factor():
    who = fresh()
    is_(exops.redeem(anyone, who.dn, token(who), FIRST).code, OK, "first password")
    who.password = FIRST
    people.give_factor(world, who, root=root)
    sealed = state(who)["oathSecret"]
    world.move_clock(301)
    secret = token(who)
    world.move_clock(0)
    is_(exops.redeem(anyone, who.dn, secret, SECOND).code, OK, "redeemed")
    who.password = SECOND
    is_(state(who)["oathSecret"], sealed, "the seed is the same")
    with world.use() as one:
        is_(one.bind(who.dn, SECOND).code, INVALID, "the password alone is refused")
    ok(can_login(who), "password and code work")


def test_redeem_unlocks():
    who = fresh(org=slow)
    is_(exops.redeem(anyone, who.dn, token(who), FIRST).code, OK, "first password")
    with world.use() as one:
        for _ in range(12):
            one.bind(who.dn, "wrong")
    ok(not can_login(who, FIRST), "locked out by failures")
    people.must(root.modify(who.dn, ("replace", "pwdReset", "TRUE")), "pwdReset")
    world.move_clock(301)
    secret = token(who)
    world.move_clock(0)
    is_(exops.redeem(anyone, who.dn, secret, SECOND).code, OK, "redeemed")
    entry = state(who)
    ok("pwdReset" not in entry and "musterLoginState" not in entry, "no mark and no failures are left")
    ok(can_login(who, SECOND), "the new password works at once")


@tap.fault(2)
def test_redeem_in_parallel():
    who = fresh()
    secret = token(who)
    sessions = [world.session() for _ in range(50)]
    passwords = ["Parallel#%d" % n for n in range(50)]
    results = parallel.at_once([lambda s=s, p=p: exops.redeem(s, who.dn, secret, p) for s, p in zip(sessions, passwords)])
    codes = [r.code for r in results]
    is_(codes.count(OK), 1, "50 at once: exactly one")
    ok(set(codes) <= {OK, INVALID, BUSY}, "the others are refused or told to try again", set(codes))
    ok(can_login(who, passwords[codes.index(OK)]), "the password of the one works")
    is_(len(state(who)["userPassword"]), 1, "one password is stored")
    for session in sessions:
        session.close()
        world.sessions.remove(session)


# --- changePassword -----------------------------------------------------------------------------------


def test_change_password():
    who = fresh(FIRST)
    is_(exops.change_password(anyone, who.dn, "wrong#Pw1", SECOND).code, INVALID, "wrong old password")
    is_(exops.change_password(anyone, exops.target_login(who.uid, "acme"), FIRST, SECOND).code, OK, "changed, by login")
    ok(can_login(who, SECOND) and not can_login(who, FIRST), "the new one works, the old one does not")
    for old in (FIRST, SECOND):
        result = exops.change_password(anyone, who.dn, SECOND, old)
        is_((result.code, result.text), (RULES, "password refused: history=3"), "%s was used lately" % old)
    is_(exops.change_password(anyone, who.dn, SECOND, THIRD).code, OK, "third")
    is_(exops.change_password(anyone, who.dn, THIRD, FIRST).code, RULES, "the first is among the last three")
    is_(exops.change_password(anyone, who.dn, THIRD, FOURTH).code, OK, "fourth")
    is_(exops.change_password(anyone, who.dn, FOURTH, FIRST).code, OK, "the first is not any more")
    history = [value.split(b"#", 3) for value in state(who)["pwdHistory"]]
    is_(len(history), 2, "two older ones are remembered")
    for _, oid, length, stored in history:
        ok(oid == b"1.3.6.1.4.1.1466.115.121.1.40" and int(length) == len(stored) and stored.startswith(b"{MUSTER}"),
           "in OpenLDAP's form")


def test_change_password_platform_member():
    who = people.account(world, "owner%d@example.com" % os.getpid(), FIRST, root=root)
    is_(exops.change_password(anyone, exops.target_login(who.uid), FIRST, SECOND).code, OK, "by login without organization")
    is_(exops.change_password(anyone, exops.target_login(who.uid, "acme"), SECOND, THIRD).code, INVALID, "not in an organization")


def test_change_password_factor():
    who = fresh(FIRST, secret=totp.new_secret())
    is_(exops.change_password(anyone, who.dn, FIRST, SECOND).code, STRONG_AUTH, "right password without the code")
    is_(exops.change_password(anyone, who.dn, "wrong#Pw1", SECOND).code, INVALID, "wrong password without the code")
    is_(exops.change_password(anyone, who.dn, FIRST, SECOND, totp.wrong_code(who.secret)).code, INVALID, "wrong code")
    code = who.code()
    is_(exops.change_password(anyone, who.dn, FIRST, SECOND, code).code, OK, "right code")
    is_(exops.change_password(anyone, who.dn, SECOND, THIRD, code).code, INVALID, "the same code again")


def test_change_password_must_change():
    who = fresh()
    people.must(root.modify(who.dn, ("replace", "userPassword", FIRST)), "password by an admin")
    entry = state(who)
    is_(entry.get("pwdReset"), [b"TRUE"], "must be changed")
    is_([kind for _, kind in notices(who)], ["password-set-by-admin"], "and the member is told")
    is_(exops.change_password(anyone, who.dn, FIRST, SECOND).code, OK, "changed by the member")
    ok("pwdReset" not in state(who), "the mark is gone")
    ok(can_login(who, SECOND), "the member is in")


def test_change_password_in_parallel():
    # Those that come after the one are guesses, of which a slow machine judges as many as hold up the login below.
    who = fresh(FIRST, org=people.organization(world, "calm", policy={"pwdMaxFailure": "100"}, root=root))
    sessions = [world.session() for _ in range(8)]
    passwords = ["Parallel#%d" % n for n in range(8)]
    results = parallel.at_once([lambda s=s, p=p: exops.change_password(s, who.dn, FIRST, p)
                                for s, p in zip(sessions, passwords)])
    codes = [r.code for r in results]
    is_(codes.count(OK), 1, "eight at once with one old password: exactly one")
    ok(can_login(who, passwords[codes.index(OK)]), "the password of the one works")


# --- enrolTotp ----------------------------------------------------------------------------------------


def test_enrol():
    who, seed = fresh(FIRST), totp.new_secret()
    is_(exops.enrol_totp(anyone, who.dn, "wrong#Pw1", seed, totp.totp(seed))[0].code, INVALID, "wrong password")
    is_(exops.enrol_totp(anyone, who.dn, FIRST, seed, totp.wrong_code(seed))[0].code, INVALID, "wrong code")
    ok("oathSecret" not in state(who), "nothing is stored")
    code = totp.totp(seed)
    result, codes = exops.enrol_totp(anyone, who.dn, FIRST, seed, code)
    is_((result.code, len(codes), len(set(codes))), (OK, 10, 10), "enrolled, ten recovery codes")
    ok(all(len(c) == 11 and c[5] == "-" and set(c) <= set("abcdefghijklmnopqrstuvwxyz234567-") for c in codes), "of one shape")
    entry = state(who)
    ok(entry["oathSecret"][0].startswith(b"{SEALED}"), "the seed is sealed")
    is_(len(entry["musterRecoveryCode"]), 10, "ten hashes")
    stored = world.slapcat()
    ok(not any(c.encode() in stored or c.replace("-", "").encode() in stored for c in codes), "no code is in the database")
    in_("factor-added", [kind for _, kind in notices(who)], "a notice is owed")
    with world.use() as one:
        is_(one.bind(who.dn, FIRST).code, INVALID, "the password alone is refused")
        is_(one.bind(who.dn, FIRST + code).code, INVALID, "the enrolling code is spent")
    who.secret, who.password = seed, FIRST
    is_(exops.enrol_totp(anyone, who.dn, FIRST, totp.new_secret(), "123456")[0].code, UNWILLING, "active: must be removed first")
    with world.use() as one:
        is_(one.bind(who.dn, FIRST + people.next_code(who)).code, OK, "password and the next code")


def test_recovery_codes():
    who, seed = fresh(FIRST), totp.new_secret()
    _, codes = exops.enrol_totp(anyone, who.dn, FIRST, seed, totp.totp(seed))
    with world.use() as one:
        is_(one.bind_factor(who.dn, FIRST, "aaaaa-aaaaa").code, INVALID, "not a code")
    with world.use() as one:
        is_(one.bind_factor(who.dn, FIRST, codes[0]).code, OK, "a recovery code lets in")
    with world.use() as one:
        is_(one.bind_factor(who.dn, FIRST, codes[0]).code, INVALID, "once")
    is_(len(state(who)["musterRecoveryCode"]), 9, "nine are left")
    is_(exops.change_password(anyone, who.dn, FIRST, SECOND, codes[1].upper().replace("-", "")).code, OK,
        "another one, as it may be typed")
    other = fresh(FIRST)
    exops.enrol_totp(anyone, other.dn, FIRST, seed, totp.totp(seed))
    with world.use() as one:
        is_(one.bind_factor(other.dn, FIRST, codes[2]).code, INVALID, "not of another member")
    sessions = [world.session() for _ in range(20)]
    results = parallel.at_once([lambda s=s: s.bind_factor(who.dn, SECOND, codes[3]) for s in sessions])
    is_([r.code for r in results].count(OK), 1, "20 at once with one recovery code: exactly one")


def test_enrol_policy():
    off = people.organization(world, "nofactor", policy={"musterSecondFactor": "off"}, root=root)
    who, seed = people.member(off, password=FIRST, root=root), totp.new_secret()
    is_(exops.enrol_totp(anyone, who.dn, FIRST, seed, totp.totp(seed))[0].code, UNWILLING, "switched off by the policy")
    strict = people.organization(world, "strict", policy={"musterSecondFactor": "required"}, root=root)
    who = people.member(strict, password=FIRST, root=root)
    with world.use() as one:
        is_(one.bind(who.dn, FIRST).code, INVALID, "required: no login without one")
    is_(exops.enrol_totp(anyone, who.dn, FIRST, seed, totp.totp(seed))[0].code, OK, "enrolled with the password alone")
    who.secret, who.password = seed, FIRST
    with world.use() as one:
        is_(one.bind(who.dn, FIRST + people.next_code(who)).code, OK, "then a login works")


@tap.fault(2)
def test_enrol_in_parallel():
    who = fresh(FIRST)
    seeds = [totp.new_secret() for _ in range(8)]
    sessions = [world.session() for _ in seeds]
    results = parallel.at_once([lambda s=s, x=x: exops.enrol_totp(s, who.dn, FIRST, x, totp.totp(x))
                                for s, x in zip(sessions, seeds)])
    codes = [r[0].code for r in results]
    is_(codes.count(OK), 1, "eight at once: exactly one")
    is_(len(state(who)["oathSecret"]), 1, "one seed")
    is_(len(state(who)["musterRecoveryCode"]), 10, "ten recovery codes")


# --- notices ------------------------------------------------------------------------------------------


def test_notices():
    who = fresh(FIRST, preferredLanguage="ko")
    record, kind = notices(who)[0]
    happened = [value for value in state(who)["musterOutbox"] if value.startswith(record.encode())][0].split()[2]
    result, found = exops.claim(courier, record)
    is_(found["facts"].get("time"), happened.decode(), "the fact when it happened")
    is_((result.code, found["kind"], found["address"], found["language"], found["secret"]),
        (OK, kind, who.mail, "ko", None), "claimed: no secret in it")
    is_(exops.claim(courier, record)[0].code, BUSY, "leased")
    is_(exops.done(courier, record).code, OK, "done")
    entry = state(who)
    ok(record not in [r for r, _ in notices(who)], "the notice is gone")
    ok(not any(record.encode() in value for value in entry.get("musterLease", [])), "and its lease")
    is_(exops.done(courier, record).code, NO_OBJECT, "done twice")
    people.must(root.modify(who.dn, ("delete", "mail", None)), "no mail")
    people.give_factor(world, who, root=root)
    is_([kind for _, kind in notices(who)], ["mail-changed"], "without an address only the one before is told that")


# --- Password Modify ----------------------------------------------------------------------------------


def test_passwd_self():
    who = fresh(FIRST)
    with world.use(who.dn, FIRST) as self:
        result = self.passwd(who.dn, None, SECOND, [PPOLICY])
        is_((result.code, result.ppolicy_error), (NO_ACCESS, MUST_SUPPLY_OLD), "own password without the old one")
        is_(self.passwd(who.dn, "wrong#Pw1", SECOND).code, INVALID, "with a wrong old one")
        result = self.passwd(who.dn, FIRST, "abc", [PPOLICY])
        is_((result.code, result.ppolicy_error), (RULES, TOO_SHORT), "against the rules")
        in_("min-length=8", result.text, "which the text names")
        is_(self.passwd(who.dn, FIRST, None).code, UNWILLING, "none is made up")
        ok(can_login(who, FIRST), "nothing changed")
        is_(self.passwd(None, FIRST, SECOND).code, OK, "with the right old one")
    entry = state(who)
    ok(entry["userPassword"][0].startswith(b"{MUSTER}"), "stored as {MUSTER}")
    ok("pwdReset" not in entry, "no change is asked for")
    ok(can_login(who, SECOND) and not can_login(who, FIRST), "the new one works, the old one does not")


def test_passwd_counts():
    who = fresh(FIRST, org=slow)
    with world.use(who.dn, FIRST) as self:
        for _ in range(12):
            self.passwd(who.dn, "wrong#Pw1", SECOND)
        is_(self.passwd(who.dn, FIRST, SECOND).code, INVALID, "after many wrong old ones the right one is refused too")
    ok(not can_login(who, FIRST), "in the same budget as logins")


def test_passwd_factor():
    who = fresh(FIRST, secret=totp.new_secret())
    with world.use(who.dn, who.credential()) as self:
        is_(self.passwd(who.dn, FIRST, SECOND).code, OK, "bound with both factors: the old password is enough")


def test_passwd_others():
    who, other = fresh(FIRST), fresh(FIRST)
    with world.use(other.dn, FIRST) as stranger:
        is_(stranger.passwd(who.dn, None, SECOND).code, NO_ACCESS, "another member: no right")
        is_(stranger.passwd(who.dn, FIRST, SECOND).code, NO_ACCESS, "another member with the old one: no right")
        is_(stranger.passwd(who.dn, "wrong#Pw1", SECOND).code, NO_ACCESS, "or a wrong one: the same")
    ok(anyone.passwd(who.dn, FIRST, SECOND).code != OK, "anonymous: refused")
    with world.use("admin") as admin:
        right, wrong = admin.passwd(who.dn, FIRST, SECOND), admin.passwd(who.dn, "wrong#Pw1", SECOND)
        is_((right.code, right.text), (wrong.code, wrong.text), "an admin learns nothing about an old password")
        is_(right.code, UNWILLING, "it is refused")
        ok(can_login(who, FIRST), "nothing changed")
        is_(admin.passwd(who.dn, None, "abc").code, RULES, "the rules hold for an admin")
        is_(admin.passwd(who.dn, None, None).code, UNWILLING, "none is made up for an admin")
        is_(admin.passwd(who.dn, None, SECOND).code, OK, "an admin sets a password")
    entry = state(who)
    is_(entry.get("pwdReset"), [b"TRUE"], "which must be changed")
    ok(entry["userPassword"][0].startswith(b"{MUSTER}"), "stored as {MUSTER}")
    in_("password-set-by-admin", [kind for _, kind in notices(who)], "the member is told")
    ok(not can_login(who, SECOND), "and not let in before")
    is_(root.passwd(world.admin_dn, None, world.admin_password).code, OK, "an entry that is no member: slapd's own way")


@tap.fault(16)
def test_flood():
    codes = []
    while BUSY not in codes and len(codes) < 3000:
        codes.append(exops.request_reset(anyone, exops.target_login("flood%d" % len(codes), "acme")).code)
    is_(set(codes), {OK, BUSY}, "thousands of requests: after a while try again later")
    ok(len(queued()) <= 1024, "the queue stays short")
    is_(exops.request_reset(anyone, fresh().dn).code, BUSY, "for a member as for anybody")
    drain()


# --- last ---------------------------------------------------------------------------------------------


def test_no_secret_in_the_log():
    log = world.log()
    for text in (FIRST, SECOND, THIRD, FOURTH, "mr1-"):
        ok(text not in log, "the log does not hold %s" % text)


tap.main(globals())
