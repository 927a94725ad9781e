#!/usr/bin/python3
"""Addresses that wait for their proof: musterPendingMail, musterPendingMobile, and musterCode that proves them."""

import base64
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from lib import codes, exops, parallel, people, tap  # noqa: E402
from lib.session import RELAX  # noqa: E402
from lib.tap import in_, is_, ok  # noqa: E402
from lib.world import World  # noqa: E402

world = World(faketime=True, config=("olcMusterMessageCaps: member=10 address=30 sms=1000",))
root = world.session("root")
acme = people.organization(world)
numbers = ("+82101000%04d" % n for n in range(1, 10000))


def member(**more):
    return people.member(acme, password=people.PASSWORD, root=root, **more)


def own(one):
    """A fresh connection of the member."""
    return world.session(one.dn, one.password)


def close(sessions):
    for one in sessions:
        one.close()
        world.sessions.remove(one)


def stored(one, *names):
    entry = root.entry(one.dn, ["*", "+"])
    values = [[v.decode() for v in entry.get(name, [])] for name in names]
    return values[0] if len(values) == 1 else values


def first(one, name):
    return (stored(one, name) or [None])[0]


def count(one, purpose):
    """(wrong, sent) of a purpose."""
    for value in stored(one, "musterCodeCount"):
        words = value.split()
        if words[0] == purpose:
            return int(words[2]), int(words[3])
    return 0, 0


def with_mobile(**more):
    """A member whose number is proved, and that number."""
    one, number = member(**more), next(numbers)
    me = own(one)
    people.must(me.modify(one.dn, ("replace", "musterPendingMobile", number)), "pending")
    people.must(me.modify(one.dn, ("add", "musterCode", codes.code(world, root, one.dn, "verify-mobile"))), "code")
    codes.forget(root, one.dn)
    return one, number


# --- mail ----------------------------------------------------------------------------------------------


def test_mail_changes_with_its_code():
    one = member()
    me = own(one)
    codes.forget(root, one.dn)
    is_(me.modify(one.dn, ("add", "musterPendingMail", "new@acme.example")).code, 0, "a new address is written")
    is_(first(one, "mail"), one.mail, "mail is what it was")
    is_(codes.owed(root, one.dn)[0][1:], ("verify-mail", "new@acme.example"), "in the same modification a code is owed to the new one")
    claim = codes.take(world, root, one.dn, "verify-mail")
    is_(claim["address"], "new@acme.example", "it goes there")
    ok(claim["secret"].isdigit() and len(claim["secret"]) == 6, "and is six digits")
    ok("expires" in claim["facts"], "and says until when it is good")
    is_(me.modify(one.dn, ("add", "musterCode", claim["secret"])).code, 0, "with the code")
    is_(first(one, "mail"), "new@acme.example", "mail is the new one")
    ok(first(one, "musterMailVerified"), "it is verified")
    is_(first(one, "musterVerifiedMail"), "new@acme.example", "it is the one proved last")
    is_(stored(one, "musterPendingMail"), [], "nothing waits")
    is_(stored(one, "musterChallenge"), [], "the code is gone")
    is_(codes.owed_to(root, one.dn, "mail-changed"), sorted(["new@acme.example", one.mail]), "the new and the old address are told")
    is_(me.modify(one.dn, ("add", "musterCode", claim["secret"])).code, 53, "the same code again")
    is_(count(one, "mail"), (0, 1), "one code was sent")


def test_the_form_that_says_which():
    one = member()
    me, number = own(one), next(numbers)
    is_(me.modify(one.dn, ("replace", "musterPendingMail", "b@acme.example"),
                  ("replace", "musterPendingMobile", number)).code, 0, "both at once")
    mail = codes.code(world, root, one.dn, "verify-mail")
    mobile = codes.code(world, root, one.dn, "verify-mobile")
    result = me.modify(one.dn, ("add", "musterCode", mobile))
    is_(result.code, 53, "two wait: the code alone says not which")
    in_("say which", result.text, "the text tells how")
    is_(me.modify(one.dn, ("delete", "musterPendingMail", "other@acme.example"), ("add", "musterCode", mail)).code, 16,
        "another value than the one that waits")
    is_(me.modify(one.dn, ("add", "musterCode", mail), ("delete", "musterPendingMail", "B@acme.example")).code, 0,
        "the address, in any case and order")
    is_(first(one, "mail"), "b@acme.example", "mail is the new one")
    is_(first(one, "musterPendingMobile"), number, "the number waits still")
    is_(me.modify(one.dn, ("delete", "musterPendingMobile", number[:3] + " " + number[3:7] + "-" + number[7:]),
                  ("add", "musterCode", mobile)).code, 0, "its code is good still")
    is_(first(one, "mobile"), number, "the number is the new one")
    is_(count(one, "mail") + count(one, "mobile"), (0, 1, 0, 1), "nothing wrong was counted")


def test_mobile_changes_with_its_code():
    one, old = with_mobile()
    me, new = own(one), next(numbers)
    is_(me.modify(one.dn, ("replace", "musterPendingMobile", new)).code, 0, "a new number")
    is_(first(one, "mobile"), old, "the old one stays until then")
    claim = codes.take(world, root, one.dn, "verify-mobile")
    is_(claim["address"], new, "the code goes to the new number")
    is_(me.modify(one.dn, ("add", "musterCode", claim["secret"])).code, 0, "the code")
    is_(first(one, "mobile"), new, "mobile is the new one")
    ok(first(one, "musterMobileVerified"), "and verified")
    is_(codes.owed_to(root, one.dn, "mobile-changed"), sorted([one.mail, old, new]),
        "told by text message at the old and the new number, and by mail")


def test_a_new_member_proves_what_is_there():
    one = member()
    me = own(one)
    is_(me.modify(one.dn, ("replace", "musterPendingMail", one.mail)).code, 0, "its own address, not proved yet")
    is_(me.modify(one.dn, ("add", "musterCode", codes.code(world, root, one.dn, "verify-mail"))).code, 0, "the code")
    ok(first(one, "musterMailVerified"), "it is verified")
    is_(codes.owed_to(root, one.dn, "mail-changed"), [], "nothing changed, nobody is told")
    result = me.modify(one.dn, ("replace", "musterPendingMail", one.mail))
    is_(result.code, 53, "once it is proved there is nothing to ask for")
    in_("already", result.text, "which it says")


# --- wrong, late, spent codes ----------------------------------------------------------------------------


def test_wrong_codes_are_counted():
    one = member()
    me = own(one)
    people.must(me.modify(one.dn, ("replace", "musterPendingMail", "w@acme.example")), "pending")
    right = codes.code(world, root, one.dn, "verify-mail")
    wrong = codes.other(right)
    for n in range(1, 5):
        result = me.modify(one.dn, ("add", "musterCode", wrong))
        is_(result.code, 49, "wrong code %d" % n)
        is_(count(one, "mail")[0], n, "is counted in the directory")
    in_("1 more", result.text, "the text says how many are left")
    world.restart()
    reconnect()
    me = own(one)
    is_(me.modify(one.dn, ("add", "musterCode", wrong)).code, 49, "the fifth, after slapd was started anew")
    result = me.modify(one.dn, ("add", "musterCode", right))
    is_(result.code, 53, "the right one comes too late")
    in_("5 wrong codes", result.text, "which it says")
    is_(me.modify(one.dn, ("replace", "musterPendingMail", "w2@acme.example")).code, 53, "another address gets no code either")
    is_(first(one, "mail"), one.mail, "nothing changed")
    with world.use() as login:
        is_(login.bind(one.dn, one.password).code, 0, "the owner logs in as ever")
    is_(stored(one, "musterLoginState"), [], "no failure of a login was counted")
    is_(count(one, "mobile"), (0, 0), "nor one of the other purpose")
    number = next(numbers)
    people.must(me.modify(one.dn, ("replace", "musterPendingMobile", number)), "pending mobile")
    is_(me.modify(one.dn, ("delete", "musterPendingMobile", number),
                  ("add", "musterCode", codes.code(world, root, one.dn, "verify-mobile"))).code, 0, "which goes on")


@tap.fault(16)
def test_a_new_code_does_not_clear_the_count():
    one = member()
    me = own(one)
    for n in range(4):
        people.must(me.modify(one.dn, ("replace", "musterPendingMail", "r%d@acme.example" % n)), "pending")
        right = codes.code(world, root, one.dn, "verify-mail")
        is_(me.modify(one.dn, ("add", "musterCode", codes.other(right))).code, 49, "a wrong code of address %d" % n)
    people.must(me.modify(one.dn, ("delete", "musterPendingMail", None)), "given up")
    is_(count(one, "mail"), (4, 4), "giving up clears nothing")
    people.must(me.modify(one.dn, ("replace", "musterPendingMail", "r5@acme.example")), "pending")
    right = codes.code(world, root, one.dn, "verify-mail")
    is_(me.modify(one.dn, ("add", "musterCode", codes.other(right))).code, 49, "the fifth wrong one")
    is_(me.modify(one.dn, ("add", "musterCode", right)).code, 53, "is the last")


def test_a_right_code_clears_the_count():
    one = member()
    me = own(one)
    for n in range(2):
        people.must(me.modify(one.dn, ("replace", "musterPendingMail", "c%d@acme.example" % n)), "pending")
        right = codes.code(world, root, one.dn, "verify-mail")
        for _ in range(4):
            is_(me.modify(one.dn, ("add", "musterCode", codes.other(right))).code, 49, "wrong")
        is_(me.modify(one.dn, ("add", "musterCode", right)).code, 0, "round %d: then right" % n)
        is_(count(one, "mail"), (0, n + 1), "wrong ones are forgotten, what was sent is not")


def test_a_day_clears_the_count():
    one = member()
    me = own(one)
    people.must(me.modify(one.dn, ("replace", "musterPendingMail", "d@acme.example")), "pending")
    right = codes.code(world, root, one.dn, "verify-mail")
    for _ in range(5):
        me.modify(one.dn, ("add", "musterCode", codes.other(right)))
    since = int(next(v for v in stored(one, "musterCodeCount") if v.startswith("mail ")).split()[1])
    try:
        world.move_clock(since + codes.DAY_SEC - 20 - int(time.time()))
        is_(me.modify(one.dn, ("replace", "musterPendingMail", "d2@acme.example")).code, 53, "just before the day is over")
        world.move_clock(since + codes.DAY_SEC + 1 - int(time.time()))
        is_(me.modify(one.dn, ("replace", "musterPendingMail", "d2@acme.example")).code, 0, "a day later it begins anew")
        is_(me.modify(one.dn, ("add", "musterCode", codes.code(world, root, one.dn, "verify-mail"))).code, 0,
            "and the new code is taken")
    finally:
        world.move_clock(0)


def test_a_code_lives_ten_minutes():
    # Time goes on between two looks at the clock; the unit test of tokens has the very second.
    for offset, code, what in ((-20, 0, "shortly before its end it is good"), (1, 53, "a second after its end it is not")):
        one = member()
        me = own(one)
        people.must(me.modify(one.dn, ("replace", "musterPendingMail", "l%d@acme.example" % offset)), "pending")
        right = codes.code(world, root, one.dn, "verify-mail")
        words = stored(one, "musterChallenge")[0].split()
        is_(int(words[3]) - int(words[2]), codes.LIFETIME_SEC, "minted for ten minutes")
        try:
            world.move_clock(int(words[3]) + offset - int(time.time()))
            result = me.modify(one.dn, ("add", "musterCode", right))
            is_(result.code, code, what)
        finally:
            world.move_clock(0)
        is_(count(one, "mail")[0], 0, "and is not counted as a wrong one")


def test_a_code_of_another_request():
    one, two = member(), member()
    me = own(one)
    people.must(me.modify(one.dn, ("replace", "musterPendingMail", "x1@acme.example")), "pending")
    before = codes.code(world, root, one.dn, "verify-mail")
    people.must(me.modify(one.dn, ("replace", "musterPendingMail", "x2@acme.example")), "another address")
    is_(stored(one, "musterChallenge"), [], "the code of the first is gone at once")
    is_(me.modify(one.dn, ("add", "musterCode", before)).code, 53, "and proves nothing")
    after = codes.code(world, root, one.dn, "verify-mail")
    if before != after:
        is_(me.modify(one.dn, ("add", "musterCode", before)).code, 49, "nor does it once the second was sent")
    people.must(me.modify(one.dn, ("replace", "musterPendingMail", "x2@acme.example")), "the same address again")
    again = codes.code(world, root, one.dn, "verify-mail")
    if after != again:
        is_(me.modify(one.dn, ("add", "musterCode", after)).code, 49, "a code of the same address asked for before")
    with world.use(two.dn, two.password) as other:
        people.must(other.modify(two.dn, ("replace", "musterPendingMail", "x2@acme.example")), "another member")
        mine = codes.code(world, root, two.dn, "verify-mail")
        if mine != again:
            is_(other.modify(two.dn, ("add", "musterCode", again)).code, 49, "the code of another member")
    is_(me.modify(one.dn, ("add", "musterCode", again)).code, 0, "the last one is good")
    reset = people.member(acme, root=root)
    with world.use() as stranger:
        people.must(exops.request_reset(stranger, reset.dn), "a reset")
    is_(me.modify(one.dn, ("add", "musterCode", "mr1-" + "A" * 43)).code, 53, "a token is no code")


def test_a_record_that_was_given_up_makes_no_code():
    one = member()
    me = own(one)
    people.must(me.modify(one.dn, ("replace", "musterPendingMail", "g@acme.example")), "pending")
    record = codes.records(root, one.dn, "verify-mail")[0]
    people.must(me.modify(one.dn, ("delete", "musterPendingMail", "g@acme.example")), "given up")
    is_(codes.records(root, one.dn, "verify-mail"), [], "nothing is owed any more")
    is_(stored(one, "musterLease"), [f"{r} 0" for r, _, _ in codes.owed(root, one.dn)], "and no lease is left behind")
    with world.use("courier") as courier:
        is_(exops.claim(courier, record)[0].code, 32, "the courier finds nothing")


@tap.fault(1, 2)
def test_one_code_many_at_once():
    for round_ in range(5):
        one = member()
        sessions = [own(one) for _ in range(50)]
        people.must(sessions[0].modify(one.dn, ("replace", "musterPendingMail", "p%d@acme.example" % round_)), "pending")
        right = codes.code(world, root, one.dn, "verify-mail")
        results = parallel.at_once([lambda s=s: s.modify(one.dn, ("add", "musterCode", right)).code for s in sessions])
        is_(results.count(0), 1, "round %d: 50 at once, one is accepted" % round_)
        ok(all(r in (0, 51, 53) for r in results), "the others are told that nothing waits", results)
        is_(codes.owed_to(root, one.dn, "mail-changed"), sorted(["p%d@acme.example" % round_, one.mail]), "told once")
        close(sessions)


def test_wrong_codes_many_at_once():
    one = member()
    sessions = [own(one) for _ in range(50)]
    people.must(sessions[0].modify(one.dn, ("replace", "musterPendingMail", "q@acme.example")), "pending")
    right = codes.code(world, root, one.dn, "verify-mail")
    guesses = ["%06d" % n for n in range(60)]
    guesses = [g for g in guesses if g != right][:50]
    results = parallel.at_once([lambda s=s, g=g: s.modify(one.dn, ("add", "musterCode", g)).code
                                for s, g in zip(sessions, guesses)])
    is_(results.count(49), 5, "of 50 guesses at once five are looked at")
    is_(count(one, "mail")[0], 5, "and counted")
    is_(sessions[0].modify(one.dn, ("add", "musterCode", right)).code, 53, "the right one is not taken then")
    close(sessions)


# --- who, and how -----------------------------------------------------------------------------------------


def test_only_after_a_bind_of_its_own():
    one = member()
    me = own(one)
    world.move_clock(0, uptime=301)
    try:
        is_(me.modify(one.dn, ("replace", "musterPendingMail", "f@acme.example")).code, 8, "five minutes later: bind again")
        is_(me.modify(one.dn, ("replace", "musterPendingMobile", "+821055555555")).code, 8, "for a number as well")
    finally:
        world.move_clock(0)
    people.must(me.modify(one.dn, ("replace", "musterPendingMail", "f@acme.example")), "fresh")
    right = codes.code(world, root, one.dn, "verify-mail")
    world.move_clock(0, uptime=301)
    try:
        is_(me.modify(one.dn, ("add", "musterCode", right)).code, 8, "and to give the code")
    finally:
        world.move_clock(0)
    is_(count(one, "mail")[0], 0, "which is not counted")
    people.give_factor(world, one, root=root)
    is_(me.modify(one.dn, ("add", "musterCode", right)).code in (8, 52, -1), True, "a connection from before the second factor")


def test_who_else_may_ask():
    one, other = member(), member()
    with world.use(other.dn, other.password) as fellow:
        is_(fellow.modify(one.dn, ("replace", "musterPendingMail", "o@acme.example")).code, 50, "a fellow may not")
        is_(fellow.modify(one.dn, ("add", "musterCode", "123456")).code, 50, "nor give a code")
    people.give_password(world, acme.owner, people.PASSWORD, root)
    with world.use(acme.owner.dn, people.PASSWORD) as owner:
        is_(owner.modify(one.dn, ("replace", "musterPendingMail", "o@acme.example")).code, 0, "the OWNER asks for a member")
        right = codes.code(world, root, one.dn, "verify-mail")
        result = owner.modify(one.dn, ("add", "musterCode", right))
        is_(result.code, 53, "but does not give its code")
        in_("only the member itself", result.text, "as the text says")
    with world.use("admin") as admin:
        is_(admin.modify(one.dn, ("add", "musterCode", right)).code, 53, "nor does the administrator")
    is_(own(one).modify(one.dn, ("add", "musterCode", right)).code, 0, "the member does")


def test_mail_and_mobile_are_not_written_directly():
    one = member()
    me = own(one)
    for name, value in (("mail", "direct@acme.example"), ("mobile", "+821012345678")):
        for how in ("replace", "add"):
            is_(me.modify(one.dn, (how, name, value)).code, 50, "%s of %s by the member itself" % (how, name))
    is_(me.modify(one.dn, ("delete", "mail", None)).code, 50, "delete of mail as well")


def test_what_does_not_go_together():
    one = member()
    me = own(one)
    for change in (("replace", "userPassword", "Other#2026"), ("add", "oathSecret", b"x" * 20)):
        is_(me.modify(one.dn, ("replace", "musterPendingMail", "t@acme.example"), change).code, 53, "%s" % change[1])
    is_(me.modify(one.dn, ("replace", "musterPendingMail", "t@acme.example"), ("add", "musterCode", "123456")).code, 53,
        "an address and a code")
    is_(me.modify(one.dn, ("add", "musterCode", "123456")).code, 53, "a code when nothing waits")
    is_(me.modify(one.dn, ("add", "musterCode", "123456"), ("add", "musterCode", "123457")).code, 53, "two codes")
    is_(me.modify(one.dn, ("replace", "musterPendingMail", "t@acme.example"), ("replace", "preferredLanguage", "ko")).code, 0,
        "other attributes of the account go along")
    is_(first(one, "preferredLanguage"), "ko", "and are written")
    is_(me.modify(one.dn, ("replace", "musterPendingMail", None)).code, 0, "an empty replace gives up")
    is_(stored(one, "musterPendingMail", "musterOutbox")[0], [], "nothing waits")


def test_values():
    one = member()
    me = own(one)
    for value in ("nobody", "a@", "@b", "a b@c.example", "a@b@c", "a@b.example\n", "<a@b.example>", "a@b.example, c@d.example"):
        is_(me.modify(one.dn, ("replace", "musterPendingMail", value)).code in (19, 21), True, "no address: %r" % value)
    for value in ("010-1234-5678", "821012345678", "+0821012345678", "+123456", "+1234567890123456", "+82 10 abcd 5678",
                  "+82(10)12345678", "+"):
        for name in ("musterPendingMobile", "mobile"):
            who = me if name != "mobile" else root
            result = who.modify(one.dn, ("replace", name, value))
            is_(result.code, 19, "no number for %s: %r" % (name, value))
    in_("+821012345678", result.text, "the text shows what one looks like")
    is_(me.modify(one.dn, ("replace", "musterPendingMobile", "+82 10-9999 8888")).code, 0, "blanks and hyphens")
    is_(first(one, "musterPendingMobile"), "+821099998888", "are taken away")
    people.must(root.modify(one.dn, ("replace", "mobile", "+82 10-9999-7777")), "mobile by an administrator")
    is_(first(one, "mobile"), "+821099997777", "in mobile as well")
    dn = "uid=added," + acme.people
    entry = {"objectClass": ["inetOrgPerson", "musterMember"], "uid": "added", "cn": "A", "sn": "A", "mail": "added@acme.example"}
    is_(root.add(dn, dict(entry, mobile="02-123")).code, 19, "and with ldapadd")
    people.must(root.add(dn, dict(entry, mobile="+82 10 6666 5555")), "add")
    is_(root.entry(dn)["mobile"], [b"+821066665555"], "which takes them away, too")
    with world.use("admin") as admin:
        is_(admin.add("uid=p," + acme.people, dict(entry, uid="p", musterPendingMail="p@acme.example")).code, 19,
            "nobody waits for a code before it exists")
    ok(root.modify(one.dn, ("replace", "musterPendingMail;lang-ko", "a@acme.example")).code in (17, 19), "no options")


# --- by an administrator --------------------------------------------------------------------------------------


def test_an_administrator_changes_mail():
    one = member()
    me = own(one)
    people.must(me.modify(one.dn, ("replace", "musterPendingMail", one.mail)), "pending")
    people.must(me.modify(one.dn, ("add", "musterCode", codes.code(world, root, one.dn, "verify-mail"))), "verified")
    codes.forget(root, one.dn)
    with world.use("admin") as admin:
        is_(admin.modify(one.dn, ("replace", "mail", "moved@acme.example")).code, 0, "an administrator writes mail")
    is_(stored(one, "musterMailVerified"), [], "it is not verified any more")
    is_(first(one, "musterVerifiedMail"), one.mail, "resets go to the address proved before")
    is_(codes.owed_to(root, one.dn, "verify-mail"), ["moved@acme.example"], "the same verification starts")
    is_(codes.owed_to(root, one.dn, "mail-changed"), [one.mail], "the old address is told, by name")
    right = codes.code(world, root, one.dn, "verify-mail")
    is_(me.modify(one.dn, ("add", "musterCode", codes.other(right))).code, 49, "a wrong code")
    is_(me.modify(one.dn, ("add", "musterCode", right)).code, 0, "the right code")
    ok(first(one, "musterMailVerified"), "verifies it")
    is_(first(one, "musterVerifiedMail"), "moved@acme.example", "resets go there from now on")
    is_(codes.owed_to(root, one.dn, "mail-changed"), [one.mail, one.mail], "the one proved before is told that as well")


def test_an_administrator_changes_mobile():
    one, old = with_mobile()
    new = next(numbers)
    people.must(root.modify(one.dn, ("replace", "mobile", new)), "mobile")
    is_(stored(one, "musterMobileVerified"), [], "not verified any more")
    is_(codes.owed_to(root, one.dn, "verify-mobile"), [new], "the same verification starts")
    is_(codes.owed_to(root, one.dn, "mobile-changed"), [old, one.mail], "told by mail, and at the number that was proved")
    with world.use(one.dn, one.password) as me:
        is_(me.modify(one.dn, ("add", "musterCode", codes.code(world, root, one.dn, "verify-mobile"))).code, 0, "the code")
    ok(first(one, "musterMobileVerified"), "verifies it")
    codes.forget(root, one.dn)
    people.must(root.modify(one.dn, ("replace", "mobile", new)), "the same value once more")
    ok(first(one, "musterMobileVerified"), "changes nothing")
    is_(codes.owed(root, one.dn), [], "and tells nobody")
    people.must(root.modify(one.dn, ("delete", "mobile", None)), "taken away")
    is_(codes.owed_to(root, one.dn, "mobile-changed"), [new, one.mail], "which is told")
    is_(codes.owed_to(root, one.dn, "verify-mobile"), [], "with nothing to verify")


def staggered(first, second, number):
    """Both at one moment, or one of them up to two milliseconds later."""
    def later(function, wait):
        time.sleep(wait)
        return function()
    wait = number % 9 * 0.0005 - 0.002
    return parallel.at_once([lambda: later(first, max(wait, 0)), lambda: later(second, max(-wait, 0))])


@tap.fault(28)
def test_mail_written_while_another_is_proved():
    """What an administrator writes is judged by the address there is, not by the one there was when the modification came."""
    admin, wrong = world.session("admin"), []
    for number in range(60):
        one = people.restored(acme, people.PASSWORD, root=root)
        me, other = own(one), "other-" + one.mail
        people.must(me.modify(one.dn, ("replace", "musterPendingMail", other)), "pending")
        code = codes.code(world, root, one.dn, "verify-mail")
        results = staggered(lambda: me.modify(one.dn, ("add", "musterCode", code)).code,
                            lambda: admin.modify(one.dn, ("replace", "mail", one.mail)).code, number)
        mail, proved, when = (first(one, name) for name in ("mail", "musterVerifiedMail", "musterMailVerified"))
        if results[1] != 0 or (when is not None and proved != mail):
            wrong.append((results, mail, proved, when))
        close([me])
    is_(wrong, [], "the mark is on the address that was proved")
    close([admin])


def with_reset(anyone):
    """A member without a password, and the record of the reset that waits for it."""
    one = people.member(acme, root=root)
    people.must(exops.request_reset(anyone, one.dn), "reset")
    return one, codes.queued(world, root, one.dn)


@tap.fault(28)
def test_mail_written_while_a_token_is_made():
    admin, courier, anyone, wrong = world.session("admin"), world.session("courier"), world.session(), []
    for number in range(60):
        one, record = with_reset(anyone)
        staggered(lambda: exops.claim(courier, record), lambda: admin.modify(one.dn, ("replace", "mail", "other-" + one.mail)), number)
        sent = [base64.b64decode(value.split()[6]).decode() for value in stored(one, "musterChallenge")]
        if set(sent) - {first(one, "mail")}:
            wrong.append(sent)
    is_(wrong, [], "no token is good that went to an address which is not the member's any more")
    close([admin, courier, anyone])


@tap.fault(28)
def test_a_first_password_while_a_token_is_made():
    """A token goes to an address that nobody proved only while there is no password."""
    admin, courier, anyone, wrong = world.session("admin"), world.session("courier"), world.session(), []
    for number in range(40):
        one, record = with_reset(anyone)
        results = staggered(lambda: exops.claim(courier, record)[0].code,
                            lambda: admin.modify(one.dn, ("replace", "userPassword", people.PASSWORD)).code, number)
        if stored(one, "musterChallenge") or results[1] != 0:
            wrong.append((number, results))
    is_(wrong, [], "no token outlives the first password that somebody sets")
    close([admin, courier, anyone])


def test_repairs():
    one, number = with_mobile()
    people.must(root.modify(one.dn, ("replace", "musterPendingMail", "back@acme.example"), ("replace", "mobile", next(numbers)),
                            ("replace", "musterMobileVerified", "20260101000000Z"), controls=[RELAX]), "a repair, with the Relax control")
    is_(first(one, "musterPendingMail"), "back@acme.example", "what waits is stored as it was said")
    is_(first(one, "musterMobileVerified"), "20260101000000Z", "and what is proved")
    is_(codes.owed_to(root, one.dn, "verify-mail") + codes.owed_to(root, one.dn, "verify-mobile"), [], "no code is sent")
    in_(number, codes.owed_to(root, one.dn, "mobile-changed"), "but the number before is told")
    with world.use(one.dn, one.password) as me:
        is_(me.modify(one.dn, ("add", "musterCode", "000000")).code, 53, "and none can be given")
        is_(me.modify(one.dn, ("replace", "musterPendingMail", "back@acme.example")).code, 0, "the member asks for one")
        is_(me.modify(one.dn, ("add", "musterCode", codes.code(world, root, one.dn, "verify-mail"))).code, 0, "and proves it")


def test_who_cannot_log_in_yet_gets_one_mail():
    one = people.member(acme, root=root)
    people.must(root.modify(one.dn, ("replace", "mail", "first@acme.example")), "mail")
    is_(codes.owed_to(root, one.dn, "verify-mail"), [], "the first token proves the address: no code is sent")


def test_members_of_other_states_get_no_code():
    one = member()
    people.must(own(one).modify(one.dn, ("replace", "musterPendingMail", "s@acme.example")), "pending")
    people.must(root.modify(one.dn, ("replace", "musterStatus", "suspended")), "suspended")
    is_(codes.take(world, root, one.dn, "verify-mail")["kind"], "void", "a suspended member")
    is_(codes.records(root, one.dn, "verify-mail"), [], "nothing is owed any more")


def test_mail_change_kills_reset_tokens():
    one = member()
    me = own(one)
    people.must(me.modify(one.dn, ("replace", "musterPendingMail", one.mail)), "pending")
    people.must(me.modify(one.dn, ("add", "musterCode", codes.code(world, root, one.dn, "verify-mail"))), "verified")
    people.must(me.modify(one.dn, ("replace", "musterPendingMail", "k@acme.example")), "pending")
    right = codes.code(world, root, one.dn, "verify-mail")
    with world.use() as stranger:
        people.must(exops.request_reset(stranger, one.dn), "a reset")
    record = codes.queued(world, root, one.dn)
    with world.use("courier") as courier:
        token = exops.claim(courier, record)[1]["secret"]
        exops.done(courier, record)
    is_(me.modify(one.dn, ("add", "musterCode", right)).code, 0, "the address changes")
    with world.use() as stranger:
        is_(exops.redeem(stranger, one.dn, token, "Autumn#2026").code, 49, "the token that was mailed to the old one is void")


# --- messages ---------------------------------------------------------------------------------------------------


def test_reset_is_told_to_the_other_address():
    one = member()
    me = own(one)
    people.must(me.modify(one.dn, ("replace", "musterPendingMail", one.mail)), "pending")
    people.must(me.modify(one.dn, ("add", "musterCode", codes.code(world, root, one.dn, "verify-mail"))), "verified")
    people.must(root.modify(one.dn, ("replace", "mail", "elsewhere@acme.example")), "another address, not proved")
    codes.forget(root, one.dn)
    with world.use() as stranger:
        people.must(exops.request_reset(stranger, one.dn), "a reset")
    record = codes.queued(world, root, one.dn)
    with world.use("courier") as courier:
        claim = exops.claim(courier, record)[1]
        is_(claim["address"], one.mail, "the token goes to the address that was proved")
        is_(codes.owed_to(root, one.dn, "reset-asked"), ["elsewhere@acme.example"], "the other one is told")
        world.move_clock(121)
        exops.claim(courier, record)
        world.move_clock(0)
        is_(len(codes.owed_to(root, one.dn, "reset-asked")), 1, "once, however often the record is claimed")
        exops.done(courier, record)


def test_switches_of_notices():
    org = people.organization(world, "quiet", policy={"musterNoticeOff": ["address", "password"]}, root=root)
    one = people.member(org, password=people.PASSWORD, root=root)
    with world.use(one.dn, one.password) as me:
        people.must(me.modify(one.dn, ("replace", "musterPendingMail", "q1@quiet.example")), "pending")
        is_(me.modify(one.dn, ("add", "musterCode", codes.code(world, root, one.dn, "verify-mail"))).code, 0, "the code is sent")
        is_(codes.owed(root, one.dn), [], "neither the password nor the address is told")
        people.give_factor(world, one, root=root)
        is_([kind for _, kind, _ in codes.owed(root, one.dn)][:1], ["factor-added"], "a second factor is")
    is_(root.modify(org.policy, ("replace", "musterNoticeOff", ["address", "everything"])).code, 19, "there are only so many switches")
    with world.use("admin") as admin:
        is_(admin.modify(org.policy, ("replace", "musterNoticeOff", "LOCKED")).code, 0, "case does not matter")
    two = people.member(org, password=people.PASSWORD, root=root)
    with world.use(two.dn, two.password) as me:
        is_(me.modify(org.policy, ("delete", "musterNoticeOff", None)).code, 50, "a member writes no policy")
        is_(me.modify(two.dn, ("add", "musterNoticeOff", "factor")).code in (50, 65), True, "nor has it a switch of its own")


def test_caps_of_a_member():
    one = member()
    me = own(one)
    for n in range(10):
        people.must(me.modify(one.dn, ("replace", "musterPendingMobile", next(numbers))), "pending")
        ok(codes.take(world, root, one.dn, "verify-mobile")["secret"], "code %d is sent" % n)
    result = me.modify(one.dn, ("replace", "musterPendingMobile", next(numbers)))
    is_(result.code, 53, "the eleventh is refused")
    in_("10 codes were sent", result.text, "the text says why, and from when")
    is_(me.modify(one.dn, ("replace", "musterPendingMail", "cap@acme.example")).code, 0, "mail has a cap of its own")


def test_a_record_that_is_claimed_again_counts_once():
    one = member()
    me = own(one)
    people.must(me.modify(one.dn, ("replace", "musterPendingMail", "again@acme.example")), "pending")
    first_ = codes.take(world, root, one.dn, "verify-mail", done=False)["secret"]
    try:
        world.move_clock(121)
        second = codes.take(world, root, one.dn, "verify-mail")["secret"]
        is_(count(one, "mail"), (0, 1), "a lease that ended is no second message to be counted")
        if first_ != second:
            is_(me.modify(one.dn, ("add", "musterCode", first_)).code, 49, "only the last code is good")
        is_(me.modify(one.dn, ("add", "musterCode", second)).code, 0, "and it is")
    finally:
        world.move_clock(0)


def test_an_old_text_message_is_not_sent():
    one = member()
    me = own(one)
    people.must(me.modify(one.dn, ("replace", "musterPendingMobile", next(numbers)),
                          ("replace", "musterPendingMail", "old@acme.example")), "pending")
    try:
        world.move_clock(3602)
        is_(codes.take(world, root, one.dn, "verify-mobile")["kind"], "void", "an hour later nobody waits for a text message")
        ok(codes.take(world, root, one.dn, "verify-mail")["secret"], "a mail is sent when it can be")
    finally:
        world.move_clock(0)


@tap.fault(14, 16)
def test_caps_of_a_number_and_of_all():
    number = next(numbers)
    people.must(world.configure_overlay(("replace", "olcMusterMessageCaps", "address=3 member=2 sms=1000")), "caps")
    try:
        for n in range(3):
            one = member()
            people.must(own(one).modify(one.dn, ("replace", "musterPendingMobile", number)), "pending")
            ok(codes.take(world, root, one.dn, "verify-mobile")["secret"], "member %d has a code sent to one number" % n)
        one = member()
        is_(own(one).modify(one.dn, ("replace", "musterPendingMobile", number)).code, 0, "the next one is told nothing of others")
        is_(codes.take(world, root, one.dn, "verify-mobile")["kind"], "void", "and nothing is sent to that number")
        world.restart()
        reconnect()
        one = member()
        people.must(own(one).modify(one.dn, ("replace", "musterPendingMobile", number)), "pending")
        is_(codes.take(world, root, one.dn, "verify-mobile")["kind"], "void", "nor after slapd was started anew")
        people.must(world.configure_overlay(("replace", "olcMusterMessageCaps", "sms=1")), "caps")
        one = member()
        result = own(one).modify(one.dn, ("replace", "musterPendingMobile", next(numbers)))
        is_(result.code, 51, "when the text messages of the day are used up")
        in_("tomorrow", result.text, "whoever asks is told")
        is_(own(one).modify(one.dn, ("replace", "musterPendingMail", "cap2@acme.example")).code, 0, "mail goes on")
    finally:
        people.must(world.configure_overlay(("replace", "olcMusterMessageCaps", "member=10 address=30 sms=1000")), "caps")


def test_caps_are_checked_when_they_are_configured():
    for value in ("member=0", "address=0", "sms=-1", "member=", "member=10x", "member=9999999", "mail=3", "member 10",
                  "member=1 member=2 sms=3 address=4"):
        ok(world.configure_overlay(("replace", "olcMusterMessageCaps", value)).code != 0, "refused: %s" % value)
    with world.use("config") as config:
        found = config.search(world.places["DATABASE"], "(objectClass=olcMusterConfig)", ["olcMusterMessageCaps"]).entries
        is_(found[0][1]["olcMusterMessageCaps"], [b"member=10 address=30 sms=1000"], "what was there stays")
    is_(world.configure_overlay(("delete", "olcMusterMessageCaps", None)).code, 0, "and it can be taken away")
    people.must(world.configure_overlay(("add", "olcMusterMessageCaps", "member=10 address=30 sms=1000")), "caps")


def test_a_count_that_cannot_be_read_is_used_up():
    one = member()
    people.must(root.modify(one.dn, ("replace", "musterCodeCount", "mail x y z"), controls=[RELAX]), "damaged")
    me = own(one)
    is_(me.modify(one.dn, ("replace", "musterPendingMail", "z@acme.example")).code, 53, "no code is sent on a damaged count")
    people.must(root.modify(one.dn, ("delete", "musterCodeCount", None), controls=[RELAX]), "repaired")
    is_(me.modify(one.dn, ("replace", "musterPendingMail", "z@acme.example")).code, 0, "until somebody repairs it")


def test_nobody_reads_codes_or_counts():
    one = member()
    me = own(one)
    people.must(me.modify(one.dn, ("replace", "musterPendingMail", "n@acme.example")), "pending")
    codes.code(world, root, one.dn, "verify-mail")
    seen = me.entry(one.dn, ["*", "+"])
    for name in ("musterChallenge", "musterCodeCount", "musterCode", "musterOutbox", "musterLease"):
        ok(name not in seen, "the member itself reads no %s" % name)
    is_(seen.get("musterPendingMail"), [b"n@acme.example"], "but what waits")
    for name, value in (("musterCodeCount", "mail 1 0 0"), ("musterMailVerified", "20260101000000Z"),
                        ("musterVerifiedMail", "n@acme.example"), ("musterChallenge", "x")):
        is_(me.modify(one.dn, ("replace", name, value)).code, 19, "and writes no %s" % name)
        is_(me.modify(one.dn, ("replace", name, value), controls=[RELAX]).code, 50, "with the Relax control neither")


def reconnect():
    global root
    root = world.session("root")


if __name__ == "__main__":
    tap.main(globals())
