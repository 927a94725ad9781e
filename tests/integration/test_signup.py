#!/usr/bin/python3
"""Sign-up: what is checked, what the answer tells (nothing), what comes of it when the courier claims it, and what vanishes."""

import json
import os
import random
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from lib import ber, exops, people, session, tap  # noqa: E402
from lib.parallel import at_once  # noqa: E402
from lib.tap import in_, is_, ok  # noqa: E402
from lib.world import World  # noqa: E402

TERMS = "2026-11"
NEW_PASSWORD = "Autumn#2026"
INTERVAL = 300
DAY = 86400
HOUR = 3600

world = World(faketime=True, config=("olcMusterTerms: " + TERMS,))
root = world.session("root")
courier = world.session("courier")
stranger = world.session()
ACCOUNTS = "ou=accounts," + world.base
moved = 0


def later(seconds):
    """The clock goes on; whoever has signed up too often may do so again."""
    global moved
    moved += seconds
    world.move_clock(moved)


def dn_of(mail):
    return "uid=%s,%s" % (mail.replace("+", "\\2B"), ACCOUNTS)


def state(mail):
    return {name: [value.decode() for value in values] for name, values in root.entry(dn_of(mail)).items()}


def queued():
    found = root.search("ou=queue," + world.base, "(objectClass=musterRequest)", ["cn"]).entries
    return [attributes["cn"][0].decode() for _, attributes in found]


def claim_all():
    """What the courier is given for everything that waits."""
    claims = []
    for record in queued():
        result, claim = exops.claim(courier, record)
        if result.code:
            raise RuntimeError("claim: %d %s" % (result.code, result.text))
        claims.append(claim)
        exops.done(courier, record)
    return claims


def signed_up(mail, **more):
    """The message that a sign-up leads to."""
    people.must(exops.sign_up(stranger, mail, **more), "sign-up of " + mail)
    claims = claim_all()
    if len(claims) != 1:
        raise RuntimeError("%d messages of one sign-up" % len(claims))
    return claims[0]


def redeem(mail, token, new=NEW_PASSWORD):
    return exops.redeem(stranger, exops.target_login(mail), token, new).code


def proved(mail, **more):
    """An account of somebody who signed up and has the password NEW_PASSWORD."""
    is_(redeem(mail, signed_up(mail, **more)["secret"]), 0, "%s: the token sets the first password" % mail)
    return people.Member(dn_of(mail), mail, mail, NEW_PASSWORD)


def look():
    """Wait until slapd has looked for what vanishes: it does so each minute, and wakes when somebody comes."""
    end = time.monotonic() + 60
    mark = dn_of("mark@example.com")
    people.must(root.add(mark, {"objectClass": ["inetOrgPerson", "musterAccount"], "uid": "mark@example.com", "cn": "Mark",
                                "sn": "Mark", "musterUnprovedUntil": "20260101000000Z"}, controls=[session.RELAX]), mark)
    later(61)
    while root.search(mark, scope=0).code != 32:
        if time.monotonic() > end:
            raise RuntimeError("nothing vanishes")
        with world.use(None) as one:
            one.root_dse()
        time.sleep(0.05)


def test_anonymous_adds_nothing():
    entry = {"objectClass": ["inetOrgPerson", "musterAccount"], "uid": "ana@example.com", "cn": "Ana", "sn": "Kim",
             "mail": "ana@example.com"}
    ok(stranger.add(dn_of("ana@example.com"), entry).code in (8, 50), "an anonymous add is refused")
    is_(state("ana@example.com"), {}, "and nothing is there")
    member = people.account(world, "first@example.com", people.PASSWORD, root=root)
    with world.use(member.dn, member.password) as one:
        is_(one.add(dn_of("ana@example.com"), entry).code, 50, "a platform member adds no other")


def test_individual():
    claim = signed_up("Ana.Kim+x@Example.com", language="ko-KR")
    mail = "ana.kim+x@example.com"
    is_(claim["kind"], "sign-up", "the message is that of a sign-up")
    is_(claim["address"], mail, "it goes to the address")
    is_(claim["language"], "ko-KR", "in the language that was given")
    ok(claim["secret"].startswith("mr1-"), "with a token")
    is_({name: claim["facts"].get(name) for name in ("country", "type", "login")},
        {"country": "KR", "type": "individual", "login": mail}, "and with what was signed up")
    entry = state(mail)
    is_(sorted(entry["objectClass"]), ["inetOrgPerson", "musterAccount"], "the account is there")
    for name, value in {"uid": mail, "mail": mail, "cn": "Ana Kim", "sn": "Kim", "c": "KR", "musterMemberType": "individual",
                        "preferredLanguage": "ko-KR", "musterTermsVersion": TERMS}.items():
        is_(entry.get(name), [value], name)
    ok("o" not in entry and "musterRegistrationNumber" not in entry and "userPassword" not in entry, "and nothing more")
    ok("musterTermsAccepted" in entry and "musterUnprovedUntil" in entry, "when the terms were accepted, and how long it waits")
    ok("musterMailVerified" not in entry, "nothing is proved")
    with world.use() as one:
        is_(one.bind(dn_of(mail), NEW_PASSWORD).code, 49, "nobody logs in before it is")
    is_(redeem(mail, claim["secret"]), 0, "the token sets the first password")
    entry = state(mail)
    ok("musterUnprovedUntil" not in entry, "the sign-up stays")
    is_(entry.get("musterVerifiedMail"), [mail], "the address is proved")
    with world.use() as one:
        is_(one.bind(dn_of(mail), NEW_PASSWORD).code, 0, "and the password logs in")
    is_(redeem(mail, claim["secret"], NEW_PASSWORD + "!"), 49, "the token works once")


def test_business():
    mail = "biz@example.com"
    signed_up(mail, kind="business", business="에이크미", number="123-45-67890", name="김민지")
    entry = state(mail)
    for name, value in {"o": "에이크미", "musterRegistrationNumber": "123-45-67890", "musterMemberType": "business",
                        "cn": "김민지", "sn": "김민지"}.items():
        is_(entry.get(name), [value], name)


def test_what_is_refused():
    before = len(queued())
    for what, more, text in (
            ("a country that is none", {"country": "XX"}, "country:"),
            ("a country in lower case", {"country": "kr"}, "country:"),
            ("another kind of member", {"kind": "person"}, "member type:"),
            ("a business without a name", {"kind": "business", "number": "12345"}, "business name:"),
            ("a business without a number", {"kind": "business", "business": "Acme"}, "registration number:"),
            ("an individual with a business", {"business": "Acme"}, "business name and registration number are"),
            ("older terms", {"terms": "2025-01"}, 'terms: the version in force is "2026-11"'),
            ("no terms", {"terms": ""}, "terms:"),
            ("no name", {"name": ""}, "name:"),
            ("a name with a line end", {"name": "Ana\nKim"}, "name:"),
            ("a language that is none", {"language": "ko_KR"}, "language:")):
        result = exops.sign_up(stranger, "no@example.com", **more)
        is_(result.code, 53, what)
        in_(text, result.text, "%s: the text says what to do" % what)
    for mail in ("no", "a@b@c", "a b@example.com", "", "Ana <a@example.com>", "a@example.com\r\nBcc: x@example.com", "a" * 330 + "@b"):
        result = exops.sign_up(stranger, mail)
        ok(result.code == 53 and result.text.startswith("mail:"), "no address: %r" % mail[:30], str(result))
    for value in (None, b"", b"\x30\x00", ber.sequence(ber.octets("a@example.com")), b"\x30\x80\x00\x00"):
        is_(stranger.extended(exops.SIGN_UP, value).code, 2, "a value that is none: %r" % (value or b"")[:8])
    is_(len(queued()), before, "nothing of that is queued")


def test_off_without_terms():
    world.configure_overlay(("delete", "olcMusterTerms", None))
    result = exops.sign_up(stranger, "off@example.com")
    is_(result.code, 53, "without olcMusterTerms nobody signs up")
    in_("olcMusterTerms", result.text, "and the text says why")
    people.must(world.configure_overlay(("add", "olcMusterTerms", TERMS)), "terms")
    is_(world.configure_overlay(("replace", "olcMusterTerms", " ")).code != 0, True, "terms without a name are refused")
    is_(signed_up("off@example.com")["kind"], "sign-up", "with them it works at once")
    world.restart()
    reconnect()
    is_(exops.sign_up(stranger, "off@example.com", terms="x").code, 53, "they are kept over a restart")


def reconnect():
    global root, courier, stranger
    root, courier, stranger = world.session("root"), world.session("courier"), world.session()


def muster(*arguments, answers=()):
    """Run the command: exit status, and what it prints on standard output and error."""
    command = [os.path.join(os.environ.get("top_builddir", os.getcwd()), "muster"), "-H", world.uri_ldapi, "--base", world.base]
    done = subprocess.run([*command, "account", "sign-up", *arguments], input="".join(a + "\n" for a in answers), capture_output=True,
                          text=True, timeout=120)
    return done.returncode, done.stdout, done.stderr


def test_the_command():
    later(DAY)
    code, out, _ = muster("--mail", "cli@example.com", "--name", "Ana Kim", "--country", "KR", "--type", "individual", "--terms", TERMS)
    is_(code, 0, "options alone")
    in_("a mail to cli@example.com is on its way", out, "it says what happens next")
    is_([(claim["kind"], claim["language"]) for claim in claim_all()], [("sign-up", "en")], "somebody signed up")
    code, out, _ = muster("--json", answers=["asked@example.com", "김민지", "KR", "business", "에이크미", "123-45-67890", TERMS])
    is_((code, json.loads(out)), (0, {"mail": "asked@example.com"}), "what no option says is asked for")
    claim_all()
    is_((state("asked@example.com")["o"], state("asked@example.com")["cn"]), (["에이크미"], ["김민지"]), "and stored")
    code, _, err = muster("--mail", "cli@example.com", "--name", "A", "--country", "XX", "--type", "individual", "--terms", TERMS)
    is_(code, 2, "a country that is none")
    in_("country:", err, "is told")
    code, _, err = muster("--mail", "cli@example.com", "--name", "A", "--country", "KR", "--type", "individual", "--terms", "1999")
    ok(code not in (0, 2), "terms that are not in force", str(code))
    in_('the version in force is "%s"' % TERMS, err, "the text says which are")
    is_(queued(), [], "nothing of that is queued")


@tap.fault(5)
def test_a_known_address():
    later(DAY)
    who = proved("known@example.com")
    before = state("known@example.com")
    later(INTERVAL + 1)
    one, two = (exops.sign_up(stranger, mail, name="Eve", country="US", kind="business", business="Evil", number="6666")
                for mail in ("Known@Example.com", "unknown@example.com"))
    is_((one.code, one.text, one.value), (two.code, two.text, two.value), "one answer, known or not")
    is_(one.code, 0, "which is success")
    claims = {claim["address"]: claim for claim in claim_all()}
    known = claims["known@example.com"]
    is_(known["kind"], "sign-up-known", "the owner is told")
    is_(known["secret"], None, "without a token")
    is_(known["facts"].get("login"), "known@example.com", "which account it is")
    ok("US" not in known["facts"].values() and "Eve" not in known["facts"].values(), "nothing of what was signed up is in it")
    after = state("known@example.com")
    for name in ("cn", "sn", "c", "o", "musterMemberType", "musterRegistrationNumber", "musterTermsAccepted", "userPassword"):
        is_(after.get(name), before.get(name), "%s stays" % name)
    with world.use() as session_:
        is_(session_.bind(who.dn, NEW_PASSWORD).code, 0, "so does the password")


def test_a_known_address_is_told_once_in_an_interval():
    later(DAY)
    proved("often@example.com")
    later(INTERVAL + 1)
    kinds = []
    for _ in range(3):
        kinds.append(signed_up("often@example.com")["kind"])
    is_(kinds, ["sign-up-known", "void", "void"], "three sign-ups, one mail")
    later(INTERVAL + 1)
    is_(signed_up("often@example.com")["kind"], "sign-up-known", "and one more after the interval")
    people.must(root.modify(dn_of("often@example.com"), ("replace", "musterStatus", "suspended")), "suspended")
    later(INTERVAL + 1)
    is_(signed_up("often@example.com")["kind"], "void", "a suspended member is sent nothing")


def test_a_contact_address_is_known():
    later(DAY)
    who = proved("login@example.com")
    people.must(root.modify(who.dn, ("replace", "mail", "contact@example.com")), "contact mail")
    later(INTERVAL + 1)
    claim = signed_up("contact@example.com")
    is_(claim["kind"], "sign-up", "an address that was not proved is nobody's")
    is_(redeem("contact@example.com", claim["secret"]), 0, "and becomes an account of its own")
    people.must(root.modify(who.dn, ("replace", "mail", "both@example.com")), "another contact mail")
    people.must(root.modify(who.dn, ("replace", "musterVerifiedMail", "both@example.com"),
                            ("replace", "musterMailVerified", "20261101000000Z"), controls=[session.RELAX]), "proved contact mail")
    claim = signed_up("both@example.com")
    is_((claim["kind"], claim["address"], claim["facts"].get("login")), ("sign-up-known", "both@example.com", "login@example.com"),
        "a proved contact address is that of its account")


def test_signed_up_again():
    later(DAY)
    first = signed_up("again@example.com", name="Mallory", country="US")
    is_(signed_up("again@example.com", name="Ana Kim", country="KR")["kind"], "void", "again at once: no second mail")
    is_(state("again@example.com")["c"], ["US"], "and what the mail was about stays")
    later(INTERVAL + 1)
    second = signed_up("again@example.com", name="Ana Kim", country="KR", kind="business", business="Acme", number="12345")
    is_((second["kind"], second["facts"]["country"]), ("sign-up", "KR"), "after the interval: a new token, and what it is about")
    entry = state("again@example.com")
    is_([entry[name] for name in ("cn", "c", "o")], [["Ana Kim"], ["KR"], ["Acme"]], "the account says what the new mail is about")
    is_(redeem("again@example.com", first["secret"]), 49, "the older token is void")
    later(INTERVAL + 1)
    third = signed_up("again@example.com")
    ok("o" not in state("again@example.com"), "what a later one leaves out goes")
    is_(redeem("again@example.com", third["secret"]), 0, "the newest token is good")


def test_a_reset_proves_it_too():
    later(DAY)
    signed_up("forgot@example.com")
    later(INTERVAL + 1)
    people.must(exops.request_reset(stranger, exops.target_login("forgot@example.com")), "reset")
    claim = claim_all()[0]
    is_(claim["kind"], "first-password", "who lost the first mail asks for a password")
    is_(signed_up("forgot@example.com")["kind"], "void", "both count as one mail")
    is_(redeem("forgot@example.com", claim["secret"]), 0, "that token sets it")
    ok("musterUnprovedUntil" not in state("forgot@example.com"), "and the sign-up stays")


@tap.fault(28)
def test_unproved_ones_vanish():
    later(DAY)
    signed_up("gone@example.com")
    token = signed_up("late@example.com")["secret"]
    proved("stays@example.com")
    signed_up("admin@example.com")
    people.must(root.modify(dn_of("admin@example.com"), ("replace", "userPassword", people.PASSWORD)), "password by the admin")
    later(DAY - 120)
    look()
    ok(state("gone@example.com") and state("late@example.com"), "a day is not over: all are there")
    later(HOUR)
    look()
    is_(state("gone@example.com"), {}, "a day later the one that nobody proved is gone")
    is_(redeem("late@example.com", token), 49, "its token is that of nobody")
    ok(state("stays@example.com"), "the proved one stays")
    entry = state("admin@example.com")
    ok(entry and "musterUnprovedUntil" not in entry, "so does the one that an administrator took care of")
    is_(signed_up("gone@example.com")["kind"], "sign-up", "the address is free again")


@tap.fault(2)
def test_proved_or_gone():
    """A token redeemed at the very moment its account's time is over: the account is there with its password, or gone."""
    later(DAY)
    outcomes = []
    moments = random.Random(20261128)
    for number in range(30):
        mail = "edge%d@example.com" % number
        token = signed_up(mail)["secret"]
        people.must(root.modify(dn_of(mail), ("replace", "musterUnprovedUntil", "20260101000000Z"), controls=[session.RELAX]), mail)
        with world.use() as one, world.use(None) as other:
            one.root_dse()
            wait = moments.uniform(-0.25, 0.01)
            results = at_once([lambda: (time.sleep(max(0, wait)), exops.redeem(one, exops.target_login(mail), token, NEW_PASSWORD))[1].code,
                               lambda: (time.sleep(max(0, -wait)), later(121), other.root_dse())])
        look()
        outcomes.append((results[0], bool(state(mail)), "userPassword" in state(mail)))
    tap.note("%d proved, %d gone" % (outcomes.count((0, True, True)), outcomes.count((49, False, False))))
    ok(set(outcomes) <= {(0, True, True), (49, False, False)}, "never a proved account that vanished, nor one half", str(set(outcomes)))


def test_many_at_once():
    later(DAY)
    sessions = [world.session() for _ in range(10)]
    results = at_once([lambda s=s: exops.sign_up(s, "many@example.com").code for s in sessions])
    is_(results, [0] * 10, "ten at once for one address: one answer")
    claims = claim_all()
    is_([claim["kind"] for claim in claims].count("sign-up"), 1, "one mail")
    is_(len(root.search(ACCOUNTS, "(uid=many@example.com)", ["1.1"]).entries), 1, "one account")


@tap.fault(16)
def test_limits():
    later(DAY)
    codes = [exops.sign_up(stranger, "flood%d@example.com" % number).code for number in range(30)]
    is_(codes, [0] * 20 + [51] * 10, "one client: 20 at once")
    is_(exops.sign_up(stranger, "known@example.com").code, 51, "then nobody, known or not")
    is_(exops.request_reset(stranger, exops.target_login("known@example.com")).code, 0, "a reset is not held up")
    later(121)
    is_([exops.sign_up(stranger, "flood%d@example.com" % number).code for number in (40, 41)], [0, 51], "then one in two minutes")
    claim_all()


@tap.fault(16)
def test_no_more_than_so_many_wait():
    """10,000 unproved accounts: nobody else signs up until some have vanished."""
    later(DAY)
    look()
    world.stop()
    ldif = world.slapcat()
    parts = [ldif]
    for number in range(10000):
        parts.append(b"dn: uid=w%d@example.com,%s\nobjectClass: inetOrgPerson\nobjectClass: musterAccount\nuid: w%d@example.com\n"
                     b"cn: W\nsn: W\nmusterUnprovedUntil: 20990101000000Z\n\n" % (number, ACCOUNTS.encode(), number))
    world.slapadd(b"".join(parts))
    world.start()
    reconnect()
    look()
    result = exops.sign_up(stranger, "onemore@example.com")
    is_((result.code, exops.sign_up(stranger, "known@example.com").code), (51, 51), "10,000 wait: nobody signs up, known or not")
    for number in range(3):
        people.must(root.delete("uid=w%d@example.com,%s" % (number, ACCOUNTS)), "delete")
    look()
    is_(exops.sign_up(stranger, "onemore@example.com").code, 0, "three fewer: somebody does")
    is_([claim["kind"] for claim in claim_all()], ["sign-up"], "and is made")


tap.main(globals())
