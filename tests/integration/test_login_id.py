#!/usr/bin/python3
"""A platform member changes its login ID: musterPendingLogin, a code by text message, a code by mail, one rename."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from lib import codes, exops, parallel, people, tap  # noqa: E402
from lib.tap import in_, is_, ok  # noqa: E402
from lib.world import World  # noqa: E402

world = World(faketime=True, config=("olcMusterMessageCaps: member=10 address=100 sms=1000",))
root = world.session("root")
numbers = ("+82102000%04d" % n for n in range(1, 10000))
names = ("p%d" % n for n in range(1, 10000))


def dn_of(login):
    return "uid=%s,ou=accounts,%s" % (login.replace("+", "\\+"), world.base)


def own(one):
    return world.session(one.dn, one.password)


def account(mobile=True, **more):
    """A platform member; its number is proved."""
    one = people.account(world, next(names) + "@mail.example", people.PASSWORD, root=root, **more)
    if mobile:
        with world.use(one.dn, one.password) as me:
            people.must(me.modify(one.dn, ("replace", "musterPendingMobile", next(numbers))), "pending")
            people.must(me.modify(one.dn, ("add", "musterCode", codes.code(world, root, one.dn, "verify-mobile"))), "code")
    codes.forget(root, one.dn)
    return one


def both(one):
    """Codes by text message and by mail."""
    return codes.code(world, root, one.dn, "login-mobile"), codes.code(world, root, one.dn, "login-mail")


def ask(me, one, login):
    return me.modify(one.dn, ("replace", "musterPendingLogin", login))


def give(me, one, login, first, second):
    return me.modify(one.dn, ("delete", "musterPendingLogin", login), ("add", "musterCode", first), ("add", "musterCode", second))


def logs_in(dn, password=people.PASSWORD):
    with world.use() as one:
        return one.bind(dn, password).code


def test_the_whole_way():
    one = account()
    new = next(names) + "+work@new.example"
    organization = people.organization(world, "refs", root=root)
    people.must(root.modify(organization.dn, ("replace", "owner", [organization.owner.dn, one.dn])), "owner")
    operators = "cn=operators,ou=programs," + world.base
    people.must(root.modify(operators, ("add", "roleOccupant", one.dn)), "operator")
    people.must(root.add("cn=staff,ou=groups," + organization.dn, {"objectClass": "groupOfNames", "cn": "staff", "member": [
        one.dn, organization.owner.dn]}), "group")
    people.must(root.add("cn=a1,ou=applications," + world.base, {
        "objectClass": ["applicationProcess", "musterApplication"], "cn": "a1", "musterApplicant": one.dn,
        "musterApplicationState": "filed", "musterApplicationChange": "o: New name"}), "application")
    people.must(root.add("cn=card,%s" % one.dn, {
        "objectClass": ["applicationProcess", "musterPaymentMethod"], "cn": "card", "musterPaymentKind": "card",
        "musterPaymentState": "active", "musterPaymentToken": "tok_1"}), "payment method")
    uuid = root.entry(one.dn, ["entryUUID"])["entryUUID"]
    me = own(one)
    is_(ask(me, one, new).code, 0, "a new login ID is written")
    mobile = root.entry(one.dn)["mobile"][0].decode()
    is_(codes.owed_to(root, one.dn, "login-mobile"), [mobile], "a code goes to the mobile number")
    is_(codes.owed_to(root, one.dn, "login-mail"), [new], "one goes to the new address")
    by_sms, by_mail = both(one)
    is_(logs_in(one.dn), 0, "the old ID works until then")
    is_(logs_in(dn_of(new)), 49, "the new one does not")
    is_(give(me, one, new, by_mail, by_sms).code, 0, "both codes, in any order")
    ok(not me.whoami(), "the connection that made the change is nobody's, as its name is")
    tap.eventually(lambda: me.whoami() is None, "and ends, once the answer is out")
    is_(logs_in(one.dn), 49, "the old ID is not good any more")
    is_(logs_in(dn_of(new)), 0, "the new one is")
    entry = root.entry(dn_of(new), ["*", "+"])
    is_(entry["entryUUID"], uuid, "it is the same entry")
    is_((entry["uid"], entry["mail"]), ([new.encode()], [new.encode()]), "uid is the new one, and mail, which was the old one, follows")
    is_(entry["musterVerifiedMail"], [new.encode()], "it is proved")
    ok("musterMailVerified" in entry, "with the time")
    is_([name for name in ("musterPendingLogin", "musterChallenge") if name in entry], [], "nothing waits, no code is left")
    name = dn_of(new).lower().encode()

    def names_in(dn, attribute):
        return [v.lower().replace(b"\\2b", b"\\+") for v in root.entry(dn)[attribute]]

    is_(names_in(organization.dn, "owner"), [organization.owner.dn.lower().encode(), name], "owner follows")
    is_(names_in(operators, "roleOccupant")[-1:], [name], "so does the operator's role")
    ok(name in names_in("cn=staff,ou=groups," + organization.dn, "member"), "a group")
    is_(names_in("cn=a1,ou=applications," + world.base, "musterApplicant"), [name], "an application")
    is_(root.entry("cn=card," + dn_of(new))["musterPaymentToken"], [b"tok_1"], "and the payment method moves along")
    is_(codes.owed_to(root, dn_of(new), "login-changed"), sorted([new, one.mail]), "the old and the new address are told")
    with world.use() as stranger:
        people.must(exops.request_reset(stranger, exops.target_login(new)), "a reset by the new ID")
    people.must(root.delete("cn=a1,ou=applications," + world.base), "the end")


def test_mail_that_was_another_stays():
    one = account(mail="contact@else.example")
    new = next(names) + "@new.example"
    me = own(one)
    people.must(ask(me, one, new), "pending")
    is_(give(me, one, new, *both(one)).code, 0, "the login changes")
    is_(root.entry(dn_of(new))["mail"], [b"contact@else.example"], "mail stays what it was")
    is_(codes.owed_to(root, dn_of(new), "login-changed"), sorted([one.uid, new, "contact@else.example"]), "and is told as well")


def test_it_takes_a_proved_number():
    one = account(mobile=False)
    me = own(one)
    result = ask(me, one, next(names) + "@new.example")
    is_(result.code, 53, "without a number that is proved there is no change")
    in_("musterPendingMobile", result.text, "the text says what to do first")
    people.must(root.modify(one.dn, ("replace", "mobile", next(numbers))), "a number by an administrator")
    is_(ask(me, one, next(names) + "@new.example").code, 53, "one that nobody proved is not enough")
    is_(codes.owed_to(root, one.dn, "login-mobile"), [], "nothing is sent")


def test_who_may():
    org = people.organization(world, "iam", root=root)
    iam = people.member(org, password=people.PASSWORD, root=root)
    with world.use(iam.dn, iam.password) as me:
        ok(me.modify(iam.dn, ("replace", "musterPendingLogin", "x@new.example")).code in (50, 65), "an IAM member's ID is fixed")
    one, other = account(), account()
    with world.use(other.dn, other.password) as fellow:
        is_(fellow.modify(one.dn, ("replace", "musterPendingLogin", "x@new.example")).code, 50, "nor that of somebody else")
    me = own(one)
    is_(me.rename(one.dn, "uid=x@new.example").code, 50, "a member does not rename its entry")
    is_(me.modify(one.dn, ("replace", "uid", "x@new.example")).code in (50, 64, 67), True, "nor write uid")
    world.move_clock(0, uptime=301)
    try:
        is_(ask(me, one, "x@new.example").code, 8, "after five minutes: bind again")
    finally:
        world.move_clock(0)
    is_(ask(me, one, "no address").code, 19, "a login ID is a mail address")
    is_(ask(me, one, one.uid.upper()).code, 53, "and another one than it is")


def test_both_codes_are_needed():
    one = account()
    me = own(one)
    new = next(names) + "@new.example"
    people.must(ask(me, one, new), "pending")
    by_sms, by_mail = both(one)
    wrong = codes.other(by_sms, by_mail)
    is_(me.modify(one.dn, ("delete", "musterPendingLogin", new), ("add", "musterCode", by_sms)).code, 53, "one code alone")
    is_(me.modify(one.dn, ("add", "musterCode", by_sms), ("add", "musterCode", by_mail)).code, 53, "without saying what for")
    is_(give(me, one, "other@new.example", by_sms, by_mail).code, 16, "another ID than the one that waits")
    is_(give(me, one, new, by_sms, wrong).code, 49, "the right one by text message and a wrong one")
    is_(give(me, one, new, wrong, by_mail).code, 49, "a wrong one and the right one by mail")
    is_(give(me, one, new, by_sms, by_sms).code, 49, "the same twice")
    is_(give(me, one, new, by_mail, by_mail).code, 49, "or the other twice")
    is_(give(me, one, new, wrong, wrong).code, 49, "both wrong")
    result = give(me, one, new, by_sms, by_mail)
    is_(result.code, 53, "after five wrong tries the right ones are not taken")
    is_(logs_in(one.dn), 0, "the old ID works as ever")
    is_(ask(me, one, next(names) + "@new.example").code, 53, "no other one can be asked for today")
    is_(me.modify(one.dn, ("replace", "musterPendingLogin", None)).code, 0, "it can be given up")


def test_giving_up():
    one = account()
    me = own(one)
    new = next(names) + "@new.example"
    people.must(ask(me, one, new), "pending")
    by_sms, by_mail = both(one)
    is_(me.modify(one.dn, ("delete", "musterPendingLogin", new)).code, 0, "given up")
    is_(root.entry(one.dn, ["musterChallenge"]), {}, "both codes are void")
    people.must(ask(me, one, new), "asked for again")
    is_(give(me, one, new, by_sms, by_mail).code, 53, "the codes from before are no use")
    is_(give(me, one, new, *both(one)).code, 0, "the new ones are")


def test_lifetime():
    one = account()
    me = own(one)
    new = next(names) + "@new.example"
    people.must(ask(me, one, new), "pending")
    by_sms, by_mail = both(one)
    ends = max(int(v.split()[3]) for v in root.entry(one.dn, ["musterChallenge"])["musterChallenge"])

    try:
        world.stop_clock(ends + 1)
        is_(give(me, one, new, by_sms, by_mail).code, 53, "a second after their end")
        people.must(ask(me, one, new), "asked for again")
        by_sms, by_mail = both(one)
        ends = min(int(v.split()[3]) for v in root.entry(one.dn, ["musterChallenge"])["musterChallenge"])
        world.stop_clock(ends - 1)
        is_(give(me, one, new, by_sms, by_mail).code, 0, "a second before it")
    finally:
        world.move_clock(0)


@tap.fault(5)
def test_a_taken_id_tells_nothing():
    taken, one = account(preferredLanguage="ko"), account()
    me = own(one)
    free = next(names) + "@new.example"
    answers = []
    for login in (taken.uid, free):
        result = ask(me, one, login)
        writes = root.entry(one.dn, ["entryCSN"])["entryCSN"]
        mobile = codes.code(world, root, one.dn, "login-mobile")
        claim = codes.take(world, root, one.dn, "login-mail")
        entry = root.entry(one.dn, ["*", "+"])
        wrong = give(me, one, login, mobile, codes.other(mobile, claim["secret"]))
        answers.append((result.code, result.text, wrong.code, wrong.text.replace("4 more", "3 more"),
                        sorted(v.split()[0] for v in entry["musterChallenge"]), writes != entry["entryCSN"],
                        sorted(me.entry(one.dn, ["*", "+"]))))
        if login == taken.uid:
            is_((claim["kind"], claim["address"]), ("login-known", taken.uid), "its owner gets a mail that says so")
            is_((claim["secret"], claim["language"]), (None, "ko"), "without a code, in the owner's language")
            is_(claim["facts"]["login"], taken.uid, "about the owner's own account")
            ok(one.uid not in str(claim), "which names nobody else")
    is_(answers[0], answers[1], "who asks sees the same, whether the ID is taken or not")
    is_(me.modify(one.dn, ("replace", "musterPendingLogin", None)).code, 0, "given up")


@tap.fault(1)
def test_two_members_one_id():
    for round_ in range(5):
        new = next(names) + "@new.example"
        members = [account() for _ in range(2)]
        sessions = [own(one) for one in members]
        pairs = []
        for one, me in zip(members, sessions):
            people.must(ask(me, one, new), "pending")
            pairs.append(both(one))
        results = parallel.at_once([lambda m=m, o=o, p=p: give(m, o, new, *p).code
                                    for m, o, p in zip(sessions, members, pairs)])
        is_(sorted(results), [0, 68], "round %d: two members to one ID, one gets it" % round_)
        winner = results.index(0)
        is_(logs_in(members[1 - winner].dn), 0, "the other one is what it was")
        is_(root.entry(dn_of(new))["mail"], [new.encode()], "and the winner has it")


@tap.fault(1, 28)
def test_one_pair_many_at_once():
    one = account()
    new = next(names) + "@new.example"
    sessions = [own(one) for _ in range(20)]
    people.must(ask(sessions[0], one, new), "pending")
    pair = both(one)
    results = parallel.at_once([lambda s=s: give(s, one, new, *pair).code for s in sessions])
    is_(results.count(0), 1, "twenty at once, one is accepted")
    is_(logs_in(dn_of(new)), 0, "and the account is whole")
    is_(codes.owed_to(root, dn_of(new), "login-changed"), sorted([new, one.mail]), "told once")


def test_an_id_that_is_taken_meanwhile():
    one = account()
    me = own(one)
    new = next(names) + "@new.example"
    people.must(ask(me, one, new), "pending")
    pair = both(one)
    people.account(world, new, root=root)
    result = give(me, one, new, *pair)
    is_(result.code, 68, "somebody was faster: the codes are right, the ID is taken")
    in_("choose another", result.text, "which it says now")
    is_(logs_in(one.dn), 0, "nothing changed")


@tap.fault(28)
def test_all_or_nothing():
    """An entry that names the account cannot be written: nothing is."""
    one = account()
    organization = people.organization(world, "half", root=root)
    people.must(root.modify(organization.dn, ("replace", "owner", [organization.owner.dn, one.dn])), "owner")
    new = next(names) + "@new.example"
    me = own(one)
    people.must(ask(me, one, new), "pending")
    pair = both(one)
    with world.use("config") as config:
        people.must(config.modify(world.places["DATABASE"], ("replace", "olcReadOnly", "TRUE")), "read only")
    try:
        is_(give(me, one, new, *pair).code, 53, "a directory that takes no writes")
    finally:
        with world.use("config") as config:
            people.must(config.modify(world.places["DATABASE"], ("replace", "olcReadOnly", "FALSE")), "writable")
    is_(logs_in(one.dn), 0, "the old ID works")
    ok(one.dn.encode() in root.entry(organization.dn)["owner"], "the organization names it")
    is_(give(me, one, new, *pair).code, 0, "the same codes once it does")
    is_([v.lower() for v in root.entry(organization.dn)["owner"]][-1:], [dn_of(new).lower().encode()], "and all follows")


def test_app_passwords_and_factors_stay():
    one = account()
    people.give_factor(world, one, root=root)
    new = next(names) + "@new.example"
    me = world.session(one.dn, one.credential())
    people.must(ask(me, one, new), "pending")
    is_(give(me, one, new, *both(one)).code, 0, "a member with a second factor")
    with world.use() as login:
        is_(login.bind(dn_of(new), one.password).code, 49, "which is asked for under the new ID as well")
        is_(login.bind(dn_of(new), one.password + people.next_code(one)).code, 0, "and is the same")


if __name__ == "__main__":
    tap.main(globals())
