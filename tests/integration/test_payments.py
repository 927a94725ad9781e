#!/usr/bin/python3
"""Payment methods: what a platform member adds, what the payment provider's answer makes of it, and that no number of a card is kept."""

import json
import os
import random
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from lib import exops, mail, people, tap  # noqa: E402
from lib.daemon import Daemon, wait_for  # noqa: E402
from lib.parallel import at_once  # noqa: E402
from lib.people import PASSWORD, must  # noqa: E402
from lib.session import RELAX  # noqa: E402
from lib.tap import in_, is_, ok  # noqa: E402
from lib.world import SOURCE, World  # noqa: E402

OK, STRONG, CONSTRAINT, NO_SUCH, RIGHTS, BUSY, UNWILLING, CLASS, NAMING = 0, 8, 19, 32, 50, 51, 53, 65, 64
MUSTER = os.path.join(os.environ.get("top_builddir", "."), "muster")
NUMBERS = ("4111111111111111", "4111 1111 1111 1111", "5500-0000-0000-0004", "my card: 3782 822463 10005", "４１１１１１１１１１１１１１１１",
           "4111.1111.1111.1111", "4111\u200b1111\u200b1111\u200b1111", "x4111111111111111y")
GOOD = {"state": "active", "kind": "card", "token": "tok_8Zq", "brand": "Visa", "last_four": "4242", "expiry": "2099-12"}
BANK = {"state": "active", "kind": "bank-transfer", "token": "ba_77", "brand": "Kookmin"}
ASKS = {"state": "authenticate", "url": "https://pay.example/3ds?id=7"}

world = World(faketime=True)
root = world.session("root")
admin = world.session("admin")
courier = world.session("courier")
numbers = iter(range(1, 100000))


def someone(business=False, **more):
    """A platform member and a fresh connection of its own."""
    if business:
        more.update({"musterMemberType": "business", "o": "Lee Inc.", "musterRegistrationNumber": "123-45-67890"})
    member = people.account(world, "p%d@example.com" % next(numbers), PASSWORD, root=root, **more)
    return member, world.session(member.dn, PASSWORD)


def entry(kind="card", reference="ref_1", **more):
    attributes = {"objectClass": ["applicationProcess", "musterPaymentMethod"], "musterPaymentKind": kind, "musterPaymentReference": reference}
    attributes.update(more)
    return {name: value for name, value in attributes.items() if value is not None}


def add(one, member, name="card", controls=(), **more):
    """(result, DN)"""
    dn = "cn=%s,%s" % (name, member.dn)
    return one.add(dn, entry(**{"cn": name, **more}), controls=list(controls)), dn


def added(one, member, name="card", **more):
    result, dn = add(one, member, name, **more)
    must(result, dn)
    return dn


def facts(dn):
    return {name: value[0].decode() for name, value in root.entry(dn, ["*"]).items() if name not in ("objectClass", "cn")}


def state(dn):
    return facts(dn).get("musterPaymentState")


def owed(member, kind):
    """Record ids of that kind."""
    values = [value.decode().split() for value in root.entry(member.dn, ["musterOutbox"]).get("musterOutbox", [])]
    return [value[0] for value in values if value[1] == kind]


def check_of(member):
    records = owed(member, "payment-check")
    if len(records) != 1:
        raise RuntimeError("%d payment-checks" % len(records))
    return records[0]


def settled(member, **said):
    """Claimed by the courier and settled; the claim."""
    record = check_of(member)
    result, claim = exops.claim(courier, record)
    must(result, "claim")
    must(exops.settle(courier, record, **said), "settle")
    return claim


def refused(result, code, text, what):
    is_(result.code, code, what)
    in_(text, result.text, what + ": says what to do")


# --- added -----------------------------------------------------------------------------------------------------------


def test_added():
    member, own = someone()
    dn = added(own, member, description="of the business")
    is_(state(dn), "pending", "it is pending")
    is_(len(owed(member, "payment-check")), 1, "the courier owes a check")
    claim = settled(member, **GOOD)
    is_(claim["kind"], "payment-check", "which it claims")
    is_((claim["address"], claim["secret"]), ("", None), "which is no message")
    told = {name: claim["facts"].get(name) for name in ("method", "kind", "type", "login", "state", "reference")}
    is_(told, {"method": "card", "kind": "card", "type": "individual", "login": member.uid, "state": "pending", "reference": "ref_1"},
        "with what the provider is asked")
    is_(facts(dn), {"musterPaymentKind": "card", "musterPaymentState": "active", "musterPaymentToken": "tok_8Zq", "musterPaymentBrand": "Visa",
                    "musterPaymentLastFour": "4242", "musterPaymentExpiry": "2099-12", "description": "of the business"},
        "what is kept of it, and that the reference is not")
    is_(owed(member, "payment-check"), [], "nothing is to be checked any more")
    record = owed(member, "payment-active")
    is_(len(record), 1, "the member is told")
    result, notice = exops.claim(courier, record[0])
    is_((notice["kind"], notice["address"], notice["facts"].get("method")), ("payment-active", member.mail, "Visa 4242"), "of which one")
    ok("tok_8Zq" not in str(notice) and "ref_1" not in str(notice), "and of nothing that pays")
    exops.done(courier, record[0])
    seen = {name: value[0].decode() for name, value in own.entry(dn, ["*"]).items()}
    is_((seen.get("musterPaymentBrand"), seen.get("musterPaymentLastFour"), seen.get("musterPaymentState")), ("Visa", "4242", "active"),
        "its member reads what it is")
    is_([name for name in ("musterPaymentToken", "musterPaymentReference") if name in seen], [], "not what pays")
    other, others_own = someone()
    is_(others_own.entry(dn), {}, "others read nothing")
    is_(courier.entry(dn), {}, "the courier neither")


def test_who_adds():
    member, own = someone()
    other, others_own = someone()
    acme = people.organization(world, "acme%d" % next(numbers), root=root)
    people.give_password(world, acme.owner, PASSWORD, root)
    for what, one in (("another platform member", others_own), ("an OWNER", world.session(acme.owner.dn, PASSWORD)), ("the courier", courier)):
        is_(add(one, member)[0].code, RIGHTS, what)
    ok(add(world.session(), member)[0].code != OK, "nobody who is not logged in")
    refused(add(admin, member)[0], RIGHTS, "Relax", "the administrator")
    is_(add(admin, member, "restored", controls=[RELAX])[0].code, OK, "who restores one, with Relax")
    is_(owed(member, "payment-check"), [], "which is not checked")
    result, _, program = exops.new_app_password(world.session(), member.dn, PASSWORD, "mail")
    must(result, "app password")
    refused(add(world.session(member.dn, program), member)[0], RIGHTS, "app password", "a program")
    world.move_clock(0, uptime=301)
    refused(add(own, member)[0], STRONG, "bind again", "long after its bind")
    world.move_clock(0)
    iam = people.member(acme, password=PASSWORD, root=root)
    ok(add(world.session(iam.dn, PASSWORD), iam)[0].code != OK, "a member of an organization has none")
    is_(root.entry("cn=card," + member.dn), {}, "nothing of that is there")


def test_what_is_added():
    member, own = someone()
    for what, more, code, words in (
            ("a debit card", {"kind": "debit"}, CONSTRAINT, "debit"), ("a check card", {"kind": "check-card"}, CONSTRAINT, "debit"),
            ("something else", {"kind": "cash"}, CONSTRAINT, "card or bank-transfer"),
            ("a bank transfer of an individual", {"kind": "bank-transfer"}, CONSTRAINT, "business"),
            ("without a reference", {"reference": None}, CONSTRAINT, "musterPaymentReference"),
            ("with a reference of two words", {"reference": "a b"}, CONSTRAINT, "musterPaymentReference"),
            ("with a long reference", {"reference": "x" * 1025}, CONSTRAINT, "1024"),
            ("with a long description", {"description": "x" * 65}, CONSTRAINT, "description"),
            ("without its kind", {"musterPaymentKind": None}, CONSTRAINT, "musterPaymentKind")):
        refused(add(own, member, **more)[0], code, words, what)
    for name, value in (("musterPaymentState", "active"), ("musterPaymentToken", "tok_1"), ("musterPaymentBrand", "Visa"),
                        ("musterPaymentLastFour", "4242"), ("musterPaymentExpiry", "2099-12"), ("musterPaymentUrl", "https://pay.example/"),
                        ("musterPaymentReason", "x"), ("seeAlso", member.dn), ("musterPaymentKind;lang-ko", "card")):
        result = add(own, member, **{name: value})[0]
        ok(result.code in (CONSTRAINT, RIGHTS, CLASS, 17), "with %s" % name, "%d %s" % (result.code, result.text))
    for classes in (["applicationProcess"], ["applicationProcess", "musterPaymentMethod", "musterAccount"], ["device", "musterPaymentMethod"],
                    ["applicationProcess", "musterPaymentMethod", "extensibleObject"], ["applicationProcess", "musterApplication"]):
        ok(add(own, member, objectClass=classes)[0].code in (CLASS, RIGHTS), "as %s" % classes)
        is_(add(root, member, objectClass=classes)[0].code, CLASS, "as %s, by whomever" % classes)
    for name in ("a b", "a.b", "é", "x" * 65):
        is_(add(own, member, name)[0].code, CONSTRAINT, "named %.10r" % name)
    dn = "cn=x,cn=card," + member.dn
    added(own, member)
    ok(own.add(dn, entry(cn="x")).code in (CLASS, RIGHTS), "nothing lies below one")
    for where in ("ou=accounts," + world.base, "ou=applications," + world.base):
        ok(root.add("cn=card,%s" % where, entry(cn="card")).code in (CLASS, NAMING), "it lies nowhere else: %s" % where)
    is_(root.modify(member.dn, ("add", "objectClass", "musterPaymentMethod"), ("add", "musterPaymentKind", "card")).code, CLASS,
        "and a member is none")


def test_bank_transfer():
    member, own = someone(business=True)
    dn = added(own, member, "bank", kind="Bank-Transfer")
    claim = settled(member, **ASKS, kind="bank-transfer")
    is_((claim["facts"]["type"], claim["facts"]["kind"]), ("business", "bank-transfer"), "a business member adds one")
    is_((state(dn), facts(dn)["musterPaymentUrl"]), ("authenticate", "https://pay.example/3ds?id=7"), "it has to be authenticated first")
    settled(member, **BANK)
    is_((state(dn), facts(dn)["musterPaymentBrand"]), ("active", "Kookmin"), "then it counts")
    dn = added(own, member, "bank2", kind="bank-transfer")
    settled(member, **BANK)
    is_(state(dn), "refused", "one that the provider did not have authenticated does not")
    in_("authenticated", facts(dn)["musterPaymentReason"], "and says so")
    member, own = someone(business=True)
    dn = added(own, member, "bank", kind="bank-transfer")
    must(root.modify(member.dn, ("replace", "musterMemberType", "individual"), controls=[RELAX]), "no business any more")
    settled(member, **ASKS, kind="bank-transfer")
    is_(state(dn), "refused", "who is no business when the provider answers has no bank transfer")


@tap.fault(16)
def test_how_many():
    member, own = someone()
    for number in range(10):
        added(own, member, "card%d" % number)
    refused(add(own, member, "card11")[0], UNWILLING, "remove one", "an eleventh")
    must(own.delete("cn=card1," + member.dn), "delete")
    refused(add(own, member, "card11")[0], BUSY, "later", "in the place of one that was removed, at once: the provider is not asked for nothing")
    world.move_clock(601)
    is_(add(own, member, "card11")[0].code, OK, "one in a while is taken")
    refused(add(own, member, "card12")[0], UNWILLING, "remove one", "and no more than ten")
    world.move_clock(0)
    for record in owed(member, "payment-check"):
        exops.claim(courier, record)
        exops.settle(courier, record, state="refused")
    member, own = someone()
    sessions = [world.session(member.dn, PASSWORD) for _ in range(14)]
    results = at_once([lambda s=s, n=n: add(s, member, "c%d" % n)[0].code for n, s in enumerate(sessions)])
    is_((results.count(OK), len(owed(member, "payment-check"))), (10, 10), "fourteen at once: ten")


# --- numbers of cards --------------------------------------------------------------------------------------------------


@tap.fault(27)
def test_no_number_of_a_card():
    member, own = someone()
    dn = added(own, member)
    for number in NUMBERS:
        for name in ("reference", "description"):
            code = add(own, member, "other", **{name: number})[0].code
            is_(code, CONSTRAINT, "in %s: %r" % (name, number))
        is_(own.modify(dn, ("replace", "description", number)).code, CONSTRAINT, "as a description, later: %r" % number)
        for one, controls in ((root, []), (admin, [RELAX])):
            for name in ("musterPaymentToken", "musterPaymentBrand", "musterPaymentReason", "description", "musterPaymentReference"):
                is_(one.modify(dn, ("replace", name, number), controls=controls).code in (CONSTRAINT, 21), True,
                    "whoever writes it, %s: %r" % (name, number))
    result = add(own, member, "4111111111111111")[0]
    refused(result, CONSTRAINT, "number of a card", "as a name")
    ok("4111" not in result.text, "which is not repeated")
    for one, controls in ((own, []), (root, []), (admin, [RELAX])):
        ok(one.rename(dn, "cn=4111111111111111", controls=controls).code in (CONSTRAINT, UNWILLING), "as a new name")
    is_(add(own, member, "other", reference="4111111111111112")[0].code, OK, "what is none is a reference")
    for field in ("token", "brand", "reason", "url"):
        member, own = someone()
        dn = added(own, member)
        said = dict(GOOD, **{field: "https://pay.example/4111111111111111" if field == "url" else "4111111111111111"})
        settled(member, **said)
        is_(state(dn), "refused", "the provider sends one as %s" % field)
        ok("4111" not in str(facts(dn)), "which is not kept")
    everything = world.slapcat()
    for number in ("4111111111111111", "5500-0000-0000-0004", "4111 1111 1111 1111"):
        ok(number.encode() not in everything, "nowhere in the database: %s" % number)


# --- changed, removed ---------------------------------------------------------------------------------------------------


@tap.fault(27)
def test_what_its_member_changes():
    member, own = someone()
    dn = added(own, member)
    settled(member, **GOOD)
    before = facts(dn)
    is_(own.modify(dn, ("replace", "description", "mine")).code, OK, "the description")
    for name, value in (("musterPaymentState", "active"), ("musterPaymentToken", "tok_1"), ("musterPaymentExpiry", "2199-12"),
                        ("musterPaymentKind", "bank-transfer"), ("musterPaymentReference", "ref_2"), ("musterPaymentBrand", "X"),
                        ("objectClass", "extensibleObject")):
        ok(own.modify(dn, ("replace" if name != "objectClass" else "add", name, value)).code in (RIGHTS, UNWILLING), name)
        is_(admin.modify(dn, ("replace" if name != "objectClass" else "add", name, value)).code, UNWILLING, name + ", by the administrator")
    is_(own.rename(dn, "cn=other").code, UNWILLING, "nor its name")
    is_(own.rename(dn, "cn=card", superior="ou=applications," + world.base).code in (RIGHTS, UNWILLING), True, "nor its place")
    is_(dict(facts(dn), description=None), dict(before, description=None), "all is as it was")
    is_(admin.modify(dn, ("replace", "musterPaymentExpiry", "2098-12"), controls=[RELAX]).code, OK, "an administrator repairs with Relax")
    world.move_clock(0, uptime=301)
    refused(own.modify(dn, ("replace", "description", "x")), STRONG, "bind again", "long after the bind: the description")
    refused(own.delete(dn), STRONG, "bind again", "and removing it")
    world.move_clock(0)
    other, others_own = someone()
    ok(others_own.delete(dn).code in (RIGHTS, NO_SUCH), "another member does not remove it")
    is_(own.delete(dn).code, OK, "its member does")
    is_(root.entry(dn), {}, "it is gone")


def test_removed_while_it_is_checked():
    member, own = someone()
    dn = added(own, member)
    record = check_of(member)
    _, claim = exops.claim(courier, record)
    must(own.delete(dn), "removed")
    is_(exops.settle(courier, record, **GOOD).code, OK, "what the provider says then is for nobody")
    is_((root.entry(dn), owed(member, "payment-check"), owed(member, "payment-active")), ({}, [], []), "and makes nothing")
    dn = added(own, member)
    record = check_of(member)
    must(own.delete(dn), "removed")
    result, claim = exops.claim(courier, record)
    is_((claim["kind"], owed(member, "payment-check")), ("void", []), "one that is removed before is not asked about")


def test_another_login():
    member, own = someone()
    added(own, member)
    dn = "uid=renamed%d@example.com,ou=accounts,%s" % (next(numbers), world.base)
    must(root.rename(member.dn, dn.split(",")[0]), "rename")
    member.dn = dn
    settled(member, **GOOD)
    is_(state("cn=card," + dn), "active", "a method goes with its member to another login, also while it is checked")


# --- settled ------------------------------------------------------------------------------------------------------------


def test_what_the_provider_says():
    for what, said, reason in (
            ("debit", dict(GOOD, kind="debit"), "debit and check cards are not taken"), ("check card", dict(GOOD, kind="check-card"), "debit"),
            ("another kind", dict(GOOD, kind="bank-transfer"), "something else"), ("no token", dict(GOOD, token=""), "token"),
            ("no brand", dict(GOOD, brand=""), "brand"), ("no last four digits", dict(GOOD, last_four=""), "last four"),
            ("expired", dict(GOOD, expiry="2020-01"), "expired"), ("no month", dict(GOOD, expiry="2099-13"), "YYYY-MM"),
            ("refused", {"state": "refused", "reason": "insufficient funds"}, "insufficient funds"),
            ("refused without a word", {"state": "refused"}, "refused"), ("no state", {"kind": "card"}, "not understood"),
            ("a page without TLS", dict(ASKS, kind="card", url="http://pay.example/"), "https://")):
        member, own = someone()
        dn = added(own, member)
        settled(member, **said)
        is_(state(dn), "refused", what)
        in_(reason, facts(dn)["musterPaymentReason"], what + ": its member reads why")
        is_([name for name in ("musterPaymentReference", "musterPaymentToken") if name in facts(dn)], [], what + ": nothing that pays is kept")
        record = owed(member, "payment-refused")
        is_(len(record), 1, what + ": its member is told")
        in_(reason, exops.claim(courier, record[0])[1]["facts"].get("reason", ""), what + ": and why")
        exops.done(courier, record[0])


def test_what_is_no_answer():
    member, own = someone()
    dn = added(own, member)
    record = check_of(member)
    for said in ({"number": "1"}, {"state": "active", "brand": "x" * 65}, {"state": "active", "brand": "a\nb"}, {"state": "x" * 40}):
        is_(exops.settle(courier, record, **said).code, CONSTRAINT, "%.40r" % said)
    is_(courier.extended(exops.SETTLE, b"garbage").code, 2, "garbage")
    for one, what in ((own, "its member"), (root, "root"), (admin, "the administrator"), (world.session(), "nobody")):
        is_(exops.settle(one, record, **GOOD).code, RIGHTS, "only a courier settles, not %s" % what)
    for other in ("q-" + "A" * 22, record[:-1] + ("A" if record[-1] != "A" else "B"), "x", ""):
        is_(exops.settle(courier, other, **GOOD).code, NO_SUCH, "another record: %.12s" % other)
    is_(state(dn), "pending", "it waits still")
    settled(member, **GOOD)
    is_(exops.settle(courier, record, **dict(GOOD, token="tok_2")).code, NO_SUCH, "a second time")
    is_(facts(dn)["musterPaymentToken"], "tok_8Zq", "changes nothing")
    notice = owed(member, "payment-active")[0]
    is_(exops.settle(courier, notice, **GOOD).code, NO_SUCH, "a notice is not settled")


def test_settled_once():
    member, own = someone()
    couriers = [world.session("courier") for _ in range(8)]
    for _ in range(10):
        dn = added(own, member)
        record = check_of(member)
        results = at_once([lambda c=c, n=n: exops.settle(c, record, **dict(GOOD, token="tok_%d" % n)).code for n, c in enumerate(couriers)])
        is_(sorted(results), [OK] + [NO_SUCH] * 7, "eight at once: one")
        ok(owed(member, "payment-active") and facts(dn)["musterPaymentToken"] == "tok_%d" % results.index(OK), "the one that was told so")
        must(root.delete(dn), dn)
        member, own = someone()


def test_authenticated():
    member, own = someone()
    dn = added(own, member)
    settled(member, **ASKS, kind="card", token="session_1")
    is_((state(dn), own.entry(dn)["musterPaymentUrl"]), ("authenticate", [b"https://pay.example/3ds?id=7"]), "its member reads where to go")
    is_(owed(member, "payment-active") + owed(member, "payment-refused"), [], "nobody is told of an end")
    result, claim = exops.claim(courier, check_of(member))
    is_((result.code, claim["facts"]["state"], claim["facts"]["token"], claim["facts"]["reference"]), (OK, "authenticate", "session_1", "ref_1"),
        "the courier asks again at once, with what it was told")
    before = root.entry(dn, ["entryCSN"])
    must(exops.settle(courier, check_of(member), **ASKS, kind="card", token="session_1"), "settle")
    is_(root.entry(dn, ["entryCSN"]), before, "nothing new: nothing is written")
    settled(member, **GOOD)
    is_((state(dn), "musterPaymentUrl" in facts(dn)), ("active", False), "and then it counts")
    member, own = someone()
    dn = added(own, member)
    settled(member, **ASKS, kind="card")
    record = check_of(member)
    world.move_clock(86400 + 60)
    _, claim = exops.claim(courier, record)
    is_((claim["kind"], state(dn)), ("void", "refused"), "who does not authenticate within a day is refused")
    in_("within a day", facts(dn)["musterPaymentReason"], "and reads why")
    is_((len(owed(member, "payment-refused")), owed(member, "payment-check")), (1, []), "the member is told, and nothing is asked any more")
    world.move_clock(0)


@tap.fault(28)
def test_one_transaction():
    """A method and its record change together, whatever ends slapd."""
    member, own = someone()
    chances = random.Random(20261128)
    for number in range(6):
        name = "card%d" % number
        dn = added(world.session(member.dn, PASSWORD), member, name)
        record = check_of(member)
        c = world.session("courier")
        at_once([lambda: _quietly(lambda: exops.settle(c, record, **GOOD)), lambda: _kill(chances.uniform(0, 0.01))])
        world.start()
        reconnect()
        gone = not owed(member, "payment-check")
        told = len(owed(member, "payment-active")) > 0
        is_((state(dn) == "active", told), (gone, gone), "killed while it is settled: all of it, or nothing")
        if not gone:
            settled(member, **GOOD)
        for one in owed(member, "payment-active"):
            exops.done(courier, one)


def _quietly(function):
    try:
        return function()
    except (OSError, RuntimeError, EOFError):
        return None


def _kill(wait):
    import time
    time.sleep(wait)
    world.kill()


def reconnect():
    global root, admin, courier
    root, admin, courier = world.session("root"), world.session("admin"), world.session("courier")


# --- with the courier and a provider ---------------------------------------------------------------------------------------

server = daemon = None


def provider_says(reference, **said):
    """Atomically: the provider may be asked at that moment."""
    folder = os.path.join(daemon.folder, "provider")
    path = os.path.join(folder, ".part")
    with open(path, "w") as file:
        file.write("".join("%s=%s\n" % pair for pair in said.items()))
    os.chmod(path, 0o644)
    os.rename(path, os.path.join(folder, reference))


def told(member, word):
    """The mail to a member that has a word in its subject: (subject, text)"""
    found = wait_for("a mail to %s" % member.mail, lambda: [m for m in server.messages() if m["To"] == member.mail and
                                                            word in m["Subject"]])[0]
    return found["Subject"], found.get_body(("plain",)).get_content()


def test_courier():
    global server, daemon
    server = mail.MailServer(os.path.join(world.folder, "mail"), certificate=(world.places["CERT"], world.places["KEY"]), login=("m", "relay"))
    daemon = Daemon(world)
    folder = os.path.join(daemon.folder, "provider")
    os.mkdir(folder, 0o755)
    program = os.path.join(daemon.folder, "payments-from-folder")
    with open(os.path.join(SOURCE, "contrib/payments/payments-from-folder")) as source, open(program, "w") as file:
        file.write(source.read())
    os.chmod(program, 0o755)
    member, own = someone(preferredLanguage="ko")
    dn = added(own, member, reference="visa_ok")
    daemon.configure({"courier": {"enabled": "yes", "smtp_url": "smtp://127.0.0.1:%d" % server.port, "smtp_user": "m",
                                  "smtp_password_file": daemon.secret("smtp.pw", "relay", "courier"), "smtp_ca_file": world.cacert}})
    daemon.start()
    wait_for("the log", lambda: "[payments] command is empty" in daemon.log())
    is_(state(dn), "pending", "without a provider it waits, and the log says so")
    daemon.stop()
    provider_says("visa_ok", **GOOD)
    daemon.configure({"payments": {"command": "%s %s" % (program, folder)}})
    world.move_clock(121)  # the lease of the courier before
    daemon.start()
    wait_for("active", lambda: state(dn) == "active")
    in_("결제 수단: Visa 4242", told(member, "결제 수단")[1], "a card is checked, and its member told by mail, in Korean")


def test_courier_debit():
    provider_says("debit_1", **dict(GOOD, kind="debit"))
    for language, subject, words in (("en", "payment method refused", "debit and check cards are not taken"), ("ko", "거절", "신용카드를 등록해")):
        member, own = someone(preferredLanguage=language)
        dn = added(own, member, reference="debit_1")
        wait_for("refused", lambda: state(dn) == "refused")
        in_(words, told(member, subject)[1], "a debit card is refused, and the mail says why: %s" % language)


def test_courier_unknown_reference():
    for reference in ("nothing", "../payments-from-folder", "a;b", "$(id)", "%s"):
        member, own = someone()
        dn = added(own, member, reference=reference)
        wait_for("refused", lambda: state(dn) == "refused")
        in_("no such reference", facts(dn)["musterPaymentReason"], "a reference that the provider does not know: %s" % reference)


def test_courier_authentication():
    member, own = someone(business=True)
    provider_says("bank_1", **ASKS, kind="bank-transfer")
    dn = added(own, member, "bank", kind="bank-transfer", reference="bank_1")
    wait_for("authenticate", lambda: state(dn) == "authenticate")
    provider_says("bank_1", **BANK)
    wait_for("active", lambda: state(dn) == "active")
    is_(facts(dn)["musterPaymentBrand"], "Kookmin", "once the person has authenticated, the courier finds out by itself")
    in_("Kookmin", told(member, "payment method confirmed")[1], "and the member is told")


def test_courier_answers_that_are_none():
    member, own = someone()
    folder = os.path.join(daemon.folder, "provider")
    with open(os.path.join(folder, "broken"), "w") as file:
        file.write("4111 1111 1111 1111\nstate=active\n")
    dn = added(own, member, reference="broken")
    wait_for("the log", lambda: "the answer is not understood" in daemon.log())
    is_(state(dn), "pending", "an answer that is none changes nothing")
    ok("4111" not in daemon.log() and "visa_ok" not in daemon.log() and "tok_8Zq" not in daemon.log(), "and nothing of it is logged")
    must(world.session(member.dn, PASSWORD).delete(dn), dn)
    world.move_clock(0)


# --- muster ----------------------------------------------------------------------------------------------------------------


def muster(who, *arguments, answers=()):
    command = [MUSTER, "-H", world.uri_ldapi, "--base", world.base, "-D", who.dn if hasattr(who, "dn") else who]
    done = subprocess.run([*command, "payment", *arguments], input="".join(a + "\n" for a in (PASSWORD, *answers)), capture_output=True, text=True,
                          timeout=120)
    return done.returncode, done.stdout, done.stderr


def test_the_command():
    member, own = someone()
    provider_says("cli_1", **GOOD)
    code, out, err = muster(member, "add", answers=["cli_1"])
    is_(code, 0, "payment add")
    in_("muster payment show", out, "says where to look")
    dn = own.search(member.dn, "(objectClass=musterPaymentMethod)", ["cn"]).entries[0][0]
    name = dn.split(",")[0][3:]
    wait_for("active", lambda: state(dn) == "active")
    code, out, _ = muster(member, "list")
    is_(code, 0, "payment list")
    for word in (name, "card", "active", "Visa", "4242", "2099-12"):
        in_(word, out, "it has %s" % word)
    code, out, _ = muster(member, "--json", "show", name)
    shown = json.loads(out)
    is_((shown["id"], shown["state"], shown["brand"], shown["last_four"], shown["expiry"], shown["kind"]),
        (name, "active", "Visa", "4242", "2099-12", "card"), "payment show --json")
    ok("token" not in out and "tok_" not in out, "no token is shown")
    code, _, err = muster(member, "add", answers=["4111 1111 1111 1111"])
    ok(code not in (0, 3), "the number of a card", "%d %s" % (code, err))
    ok("4111" not in err, "is not repeated", err)
    code, _, err = muster(member, "add", "--kind", "debit")
    is_(code, 2, "a debit card")
    in_("debit", err, "is refused before anything is asked")
    code, _, err = muster(member, "add", "--kind", "bank-transfer", answers=["cli_1"])
    ok(code != 0, "a bank transfer of an individual")
    in_("business", err, "says for whom it is")
    code, out, _ = muster(member, "remove", name)
    is_((code, root.entry(dn)), (0, {}), "payment remove")
    is_(muster(member, "show", name)[0], 4, "then it is not there")
    is_(muster(member, "show", "a b")[0], 2, "what is no ID is told")
    code, out, _ = muster(member, "--json", "list")
    is_((code, json.loads(out)), (0, []), "and the list is empty")


def teardown():
    if daemon is not None:
        daemon.stop()
    if server is not None:
        server.stop()
    world.stop()


if __name__ == "__main__":
    tap.main(globals())
