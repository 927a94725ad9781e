#!/usr/bin/python3
"""Programs that cannot ask: app passwords from making to revoking, the same credential again, and checkAccount."""

import os
import statistics
import sys
import time

import ldap

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from lib import ber, exops, parallel, people, tap, totp
from lib.people import PASSWORD
from lib.relay import Relay
from lib.session import (CHANGE_REQUIRED, ENROL_REQUIRED, EXPIRED, OK, RELAX, Session)
from lib.world import World

SUCCESS, PROTOCOL, STRONGER, NO_ATTRIBUTE, CONSTRAINT, CREDENTIALS, ACCESS, UNWILLING = 0, 2, 8, 16, 19, 49, 50, 53
NEW, WRONG = "Autumn#2026", "Wrong#12345"
HOUR = 3600

world = World(debug="stats,trace", faketime=True, ipv6=True)
root = world.session("root")
anyone = world.session()
acme = people.organization(world, "acme", policy={"pwdMaxFailure": "100"}, root=root)
people.give_password(world, acme.owner, PASSWORD, root)
clock = 0
relays = {}
shown = []  # every app password there was: none may be in a log


def fresh(org=acme, **more):
    return people.member(org, password=PASSWORD, root=root, **more)


def later(seconds):
    global clock
    clock += seconds
    world.move_clock(clock)


def now():
    return time.time() + clock


def at(moment):
    """slapd's clock says that time, however long the machine took to get here."""
    later(round(moment - now()))


def new(who, label="Mail", networks=(), code=None, password=PASSWORD, one=None):
    """(result, id, app password)"""
    made = exops.new_app_password(one or anyone, who.dn, password, label, networks, code)
    if made[2]:
        shown.append(made[2])
    return made


def must_new(who, label="Mail", networks=(), code=None):
    result, ident, text = new(who, label, networks, code)
    people.must(result, "newAppPassword")
    return ident, text


def attempt(dn, password, source=None, control=None):
    """(result, who the connection is then) of a bind on a connection of its own."""
    one = session(source) if source else world.session()
    result = one.bind_factor(dn, password, **control) if control is not None else one.bind(dn, password)
    who = one.whoami()
    one.close()
    world.sessions.remove(one)
    return result, who


def lets_in(dn, password, source=None):
    result, who = attempt(dn, password, source)
    return result.code == SUCCESS and who.lower() == "dn:" + dn.lower()


def session(source):
    if source not in relays:
        server, port = ("::1", world.port_ipv6) if ":" in source else ("127.0.0.1", world.port_tls)
        relays[source] = Relay(source, port, server)
    one = Session(relays[source].uri("ldaps"), cacert=world.cacert)
    world.sessions.append(one)
    return one


def entry(who):
    return root.entry(who.dn)


def values(who):
    return [v.decode() for v in entry(who).get("musterAppPassword", [])]


def value_of(who, ident):
    return next(v for v in values(who) if v.startswith("id=%s " % ident))


def used(who):
    return dict(v.decode().split(" ") for v in entry(who).get("musterAppPasswordUsed", []))


def notices(who):
    return [v.decode().split(" ")[1] for v in entry(who).get("musterOutbox", [])]


# --- making ------------------------------------------------------------------------------------------


def test_made_with_full_proof_only():
    secret = totp.new_secret()
    who = fresh(secret=secret)
    tap.is_(new(who)[0].code, STRONGER, "password alone, with a second factor: the code is missing")
    tap.is_(new(who, password=WRONG, code=who.code(now()))[0].code, CREDENTIALS, "a wrong password")
    tap.is_(new(who, code=totp.wrong_code(secret, now()))[0].code, CREDENTIALS, "a wrong code")
    code = who.code(now())
    result, ident, text = new(who, code=code)
    tap.is_(result.code, SUCCESS, "password and code")
    tap.ok(len(text) == 29 and text.startswith("ma-"), "the app password", text)
    tap.is_(new(who, "Other", code=code)[0].code, CREDENTIALS, "the code is spent by that")
    tap.is_(new(who, password=text)[0].code, CREDENTIALS, "an app password makes none")
    stored = values(who)
    tap.is_(len(stored), 1, "one value")
    tap.in_("id=%s label=Mail networks=* created=" % ident, stored[0], "what it says")
    tap.ok(text not in world.slapcat().decode() and text[3:] not in world.slapcat().decode(), "the app password is not stored")
    tap.is_(notices(who).count("app-password-added"), 1, "the member is told")
    missing = people.Member("uid=nobody," + acme.people, "nobody", "x@y")
    tap.is_(new(missing)[0].code, CREDENTIALS, "a member that is not there")
    tap.ok("app-password" not in str(entry(fresh())), "nobody else has anything of it")


def test_labels_and_networks():
    who = fresh()
    for label in ("", " Mail", "Mail ", "a\nb", "a\0b", "x" * 65, b"\xff"):
        tap.is_(new(who, label)[0].code, UNWILLING, "label %r" % label)
    for network in ("", "*", "any", "192.0.2.1/24", "192.0.2.0/33", "2001:db8::1/64", "192.0.2.0/24,10.0.0.0/8", "192.0.2.0/24\0"):
        tap.is_(new(who, "Mail", [network])[0].code, UNWILLING, "network %r" % network)
    tap.is_(new(who, "Mail", ["192.0.2.%d" % i for i in range(17)])[0].code, UNWILLING, "17 networks")
    tap.is_(new(who, "Mail", ["192.0.2.%d" % i for i in range(33)])[0].code, PROTOCOL, "more than the operation takes")
    tap.is_(values(who), [], "nothing was made")
    long = "\U0001f4e7" * 64
    ident, text = must_new(who, long, ["192.0.2.0/24", "2001:db8::/32", "::ffff:127.0.0.0/104", "10.0.0.1"])
    tap.in_("networks=192.0.2.0/24,2001:db8::/32,127.0.0.0/8,10.0.0.1/32", value_of(who, ident), "64 characters and four networks")
    tap.ok(lets_in(who.dn, text), "it works")
    tap.is_(new(who, long)[0].code, UNWILLING, "a label is one's own once")
    tap.is_(new(who, long + "x")[0].code, UNWILLING, "65 characters")
    must_new(who, "100% \"a=b\" c,d")
    tap.is_(len(values(who)), 2, "any other text")


def test_as_many_as_the_policy_says():
    few = people.organization(world, "few", policy={"musterMaxAppPasswords": "2"}, root=root)
    who = fresh(few)
    must_new(who, "one")
    ident, text = must_new(who, "two")
    result = new(who, "three")[0]
    tap.is_(result.code, UNWILLING, "a third one")
    tap.in_("revoke", result.text, "the text says what to do")
    one = world.session(who.dn, PASSWORD)
    people.must(one.modify(who.dn, ("delete", "musterAppPassword", value_of(who, ident))), "revoke")
    tap.ok(new(who, "two")[0].code == SUCCESS, "one revoked, one made, the same label")
    other, sessions = fresh(few), [world.session() for _ in range(8)]
    outcomes = parallel.at_once([lambda i=i, s=s: new(other, "p%d" % i, one=s)[0].code for i, s in enumerate(sessions)])
    tap.is_(len(values(other)), outcomes.count(SUCCESS), "eight at once: as many as were answered")
    tap.is_(outcomes.count(SUCCESS), 2, "and that is two")
    people.must(root.modify(few.policy, ("replace", "musterMaxAppPasswords", "0")), "policy")
    tap.is_(new(fresh(few))[0].code, UNWILLING, "none")
    tap.is_(attempt(who.dn, text)[0].code, CREDENTIALS, "and those there are good for nothing")


def test_values_of_the_operation():
    who = fresh()
    t = exops.target_dn(who.dn)
    whole = [t, ber.octets(PASSWORD), ber.octets("x"), ber.sequence()]
    for what, parts in (("nothing", []), ("no networks", whole[:3]), ("a network that is no string", whole[:3] + [ber.sequence(
            ber.integer(1))]), ("more behind it", whole + [ber.octets("x")]), ("another order", [whole[i] for i in (0, 2, 3, 1)])):
        tap.is_(anyone.extended(exops.NEW_APP_PASSWORD, ber.sequence(*parts)).code, PROTOCOL, what)
    tap.is_(anyone.extended(exops.NEW_APP_PASSWORD, None).code, PROTOCOL, "no value")
    cut = ber.sequence(*whole)
    tap.ok(all(anyone.extended(exops.NEW_APP_PASSWORD, cut[:i]).code == PROTOCOL for i in range(len(cut))), "cut short anywhere")
    with world.use(uri=world.uri) as weak:
        tap.is_(new(who, one=weak)[0].code, 13, "a weak connection")


# --- using ---------------------------------------------------------------------------------------------


def test_in_place_of_password_and_code():
    who = fresh(secret=totp.new_secret())
    ident, text = must_new(who, code=who.code(now()))
    before = world.argon2_runs()
    tap.ok(lets_in(who.dn, text), "a simple bind")
    tap.ok(lets_in(who.dn, text) and lets_in(who.dn, text), "again and again")
    tap.is_(world.argon2_runs() - before, 0, "no Argon2 run")
    tap.in_("factor=app-password", world.log(), "the log says what it was")
    for wrong in (text[:-1], text + "a", text.upper(), text + who.code(now()), text[:-1] + ("a" if text[-1] != "a" else "b"),
                  "ma-" + "a" * 26, PASSWORD + text, " " + text):
        tap.ok(not lets_in(who.dn, wrong), "not %d characters of another kind" % len(wrong))
    other = fresh()
    tap.ok(not lets_in(other.dn, text), "not for another member")
    tap.ok(not lets_in("uid=nobody," + acme.people, text), "not for nobody")


def test_never_where_a_person_is_asked():
    who = fresh()
    _, text = must_new(who)
    for control in ({}, {"code": "123456"}, {"service": "sshd"}, {"service": "sshd", "rhost": "192.0.2.1"}):
        result, name = attempt(who.dn, text, control=control)
        tap.is_((result.code, name), (CREDENTIALS, ""), "with the SecondFactor control %r" % control)
    tap.is_(exops.change_password(anyone, who.dn, text, NEW).code, CREDENTIALS, "changePassword")
    tap.is_(exops.enrol_totp(anyone, who.dn, text, b"s" * 20, "000000")[0].code, CREDENTIALS, "enrolTotp")
    one = world.session(who.dn, PASSWORD)
    tap.is_(one.passwd(who.dn, text, NEW).code, CREDENTIALS, "Password Modify")
    tap.is_(one.modify(who.dn, ("delete", "userPassword", text), ("add", "userPassword", NEW)).code in (SUCCESS,), False,
            "a modification of userPassword")
    tap.is_(one.compare(who.dn, "userPassword", text).code in (5, 50, 16), True, "Compare")
    tap.ok(lets_in(who.dn, PASSWORD), "the password is what it was")


def test_it_changes_nothing():
    who = fresh()
    ident, text = must_new(who)
    one = world.session(who.dn, text)
    before = {k: v for k, v in entry(who).items()}
    tap.is_(one.modify(who.dn, ("replace", "displayName", "x")).code, ACCESS, "an attribute of its own")
    tap.is_(one.modify(who.dn, ("delete", "musterAppPassword", value_of(who, ident))).code, ACCESS, "itself")
    tap.is_(one.modify(who.dn, ("delete", "userPassword", PASSWORD), ("add", "userPassword", NEW)).code, ACCESS, "the password")
    tap.is_(one.modify(who.dn, ("replace", "mail", "x@y.example")).code, ACCESS, "the address")
    tap.is_(one.passwd(who.dn, PASSWORD, NEW).code, ACCESS, "Password Modify, with the right password even")
    tap.ok(new(who, "two", one=one)[0].code, "newAppPassword over that connection")
    tap.is_(entry(who), before, "nothing is changed")
    tap.is_(one.entry(who.dn).get("uid"), [who.uid.encode()], "it reads what the member may read")
    people.must(root.modify(acme.dn, ("add", "owner", who.dn)), "an owner")
    tap.is_(one.modify(acme.policy, ("replace", "pwdMinLength", "8")).code, ACCESS, "an owner's app password changes nothing either")
    tap.is_(one.add("uid=x," + acme.people, {"objectClass": ["inetOrgPerson", "musterMember"], "uid": "x", "cn": "x",
                                             "sn": "x"}).code, ACCESS, "adds nobody")
    tap.is_(one.delete(fresh().dn).code, ACCESS, "deletes nobody")
    people.must(root.modify(acme.dn, ("delete", "owner", who.dn)), "no owner")


def test_a_new_bind_makes_nobody_forget():
    """A bind abandons what is under way on its connection, and slapd carries writes out all the same, as who sent them."""
    who = fresh()
    _, text = must_new(who)
    before = entry(who).get("displayName")
    rows = [(ldap.MOD_REPLACE, "displayName", [b"by the program %d" % i]) for i in range(300)]
    for _ in range(30):
        one = world.session(who.dn, text)
        one.low.modify_ext(who.dn, rows, [], None)
        people.must(one.bind("", ""), "a bind behind it")
        one.bind(who.dn, WRONG)
        one.close()
        world.sessions.remove(one)
        one = world.session(who.dn, text)
        one.low.modify_ext(who.dn, rows, [], None)
        one.bind(who.dn, text)
        one.low.modify_ext(who.dn, rows, [], None)
        one.bind(who.dn, WRONG)
        one.close()
        world.sessions.remove(one)
    tap.is_(entry(who).get("displayName"), before, "a modification with a bind behind it changes nothing")


def test_from_its_networks():
    who = fresh()
    _, here = must_new(who, "here", ["127.0.0.8/29", "::1"])
    _, anywhere = must_new(who, "anywhere")
    for source, right in (("127.0.0.8", True), ("127.0.0.15", True), ("127.0.0.16", False), ("127.0.0.7", False), ("::1", True)):
        tap.is_(lets_in(who.dn, here, source), right, "from %s" % source)
        tap.ok(lets_in(who.dn, anywhere, source), "another one, from everywhere")
    tap.ok(lets_in(who.dn, here), "a local socket is on the machine itself")
    walled = people.organization(world, "walled", policy={"musterNetwork": "127.0.0.8/29", "pwdMaxFailure": "100"}, root=root)
    inside = fresh(walled)
    _, text = must_new(inside)
    tap.ok(lets_in(inside.dn, text, "127.0.0.9"), "in the policy's network")
    tap.ok(not lets_in(inside.dn, text, "127.0.0.16"), "not from elsewhere, whatever the app password says")


def test_the_member_must_be_fit_to_log_in():
    ageing = people.organization(world, "ageing", policy={"pwdMaxAge": "86400", "pwdMaxFailure": "100"}, root=root)
    for what, change, org in (
            ("suspended", ("replace", "musterStatus", "suspended"), acme),
            ("closed", ("replace", "musterStatus", "closed"), acme),
            ("must change the password", ("replace", "pwdReset", "TRUE"), acme),
            ("no password", ("delete", "userPassword", None), acme)):
        who = fresh(org)
        _, text = must_new(who)
        tap.ok(lets_in(who.dn, text), "before")
        people.must(root.modify(who.dn, change, controls=[RELAX]), what)
        result, name = attempt(who.dn, text)
        tap.is_((result.code, result.text, name), (CREDENTIALS, "", ""), what)
    who = fresh(ageing)
    _, text = must_new(who)
    people.must(root.modify(who.dn, ("replace", "pwdChangedTime", "20200101000000Z"), controls=[RELAX]), "old")
    tap.is_(attempt(who.dn, text)[0].code, CREDENTIALS, "expired")
    strict = people.organization(world, "strict", policy={"pwdMaxFailure": "100"}, root=root)
    who = fresh(strict)
    _, text = must_new(who)
    people.must(root.modify(strict.policy, ("replace", "musterSecondFactor", "required")), "policy")
    tap.is_(attempt(who.dn, text)[0].code, CREDENTIALS, "a second factor is required now, and there is none")
    tap.is_(new(who, "two")[0].code, UNWILLING, "no new one either")
    people.must(root.modify(strict.policy, ("replace", "musterSecondFactor", "optional")), "policy")
    tap.ok(lets_in(who.dn, text), "optional again")


def test_no_delay_holds_it_up():
    busy = people.organization(world, "busy", policy={"pwdMaxFailure": "2", "pwdMinDelay": "600", "pwdMaxDelay": "900"}, root=root)
    who = fresh(busy)
    _, text = must_new(who)
    for _ in range(4):
        attempt(who.dn, "ma-" + "a" * 26)
    tap.ok(lets_in(who.dn, PASSWORD), "wrong ones are not counted: a forgotten program holds nobody up")
    for _ in range(4):
        attempt(who.dn, WRONG)
    tap.is_(attempt(who.dn, PASSWORD)[0].code, CREDENTIALS, "the password is held up")
    tap.ok(lets_in(who.dn, text), "the app password is not")
    tap.is_(attempt(who.dn, PASSWORD)[0].code, CREDENTIALS, "and it does not end the delay")
    later(1000)
    tap.ok(lets_in(who.dn, PASSWORD), "after the delay")


def test_when_it_was_used():
    who = fresh()
    ident, text = must_new(who)
    second, other = must_new(who, "other")
    tap.is_(used(who), {}, "never")
    begun = int(now())
    tap.ok(lets_in(who.dn, text), "used")
    first = int(used(who)[ident])
    tap.ok(begun - 1 <= first <= now() + 1, "written down", used(who))
    later(HOUR // 2)
    tap.ok(lets_in(who.dn, text), "half an hour later")
    tap.is_(int(used(who)[ident]), first, "not written again")
    tap.ok(lets_in(who.dn, other), "the other one")
    later(HOUR)
    tap.ok(lets_in(who.dn, text), "an hour later")
    tap.ok(int(used(who)[ident]) >= first + HOUR, "written again")
    tap.is_(sorted(used(who)), sorted([ident, second]), "one value each")
    later(-10 * HOUR)
    tap.ok(lets_in(who.dn, text), "the clock was put back")
    tap.ok(int(used(who)[ident]) < first, "what is in the future was wrong")
    later(10 * HOUR)
    outcomes = parallel.bind_at_once([world.session() for _ in range(12)], who.dn, text)
    tap.is_(outcomes, [SUCCESS] * 12, "many at once: all are let in")
    tap.ok(len(entry(who)["musterAppPasswordUsed"]) <= 2 + 2, "and leave no heap", entry(who)["musterAppPasswordUsed"])


def test_one_write_a_login():
    who = fresh()
    _, text = must_new(who)

    for what in ("the first time", "and again"):
        before = world.transactions()
        tap.ok(lets_in(who.dn, text), "used, %s" % what)
        tap.is_(world.transactions() - before, 1, "one write")
    tap.in_("pwdLastSuccess", entry(who), "it says when")


def test_a_wrong_one_looks_like_a_wrong_password():
    who = fresh()
    ident, text = must_new(who)
    elsewhere_id, elsewhere = must_new(who, "elsewhere", ["192.0.2.0/24"])
    one = world.session()
    wrong = "ma-" + "a" * 26
    times, answers = {}, {}
    for _ in range(15):
        for what, password in (("wrong password", WRONG), ("wrong app password", wrong)):
            begun = time.perf_counter()
            answers[what] = one.bind(who.dn, password)
            times.setdefault(what, []).append(time.perf_counter() - begun)
    far = session("127.0.0.16")
    for _ in range(15):
        for what, password in (("wrong from afar", WRONG), ("right, of another network", elsewhere)):
            begun = time.perf_counter()
            answers[what] = far.bind(who.dn, password)
            times.setdefault(what, []).append(time.perf_counter() - begun)
    for what in answers:
        tap.is_(answers[what], answers["wrong password"], "%s: the same answer" % what)
        tap.note("%s: median %.2f ms" % (what, 1000 * statistics.median(times[what])))
    before = world.argon2_runs()
    attempt(who.dn, wrong)
    attempt(who.dn, WRONG)
    tap.is_(world.argon2_runs() - before, 2, "one Argon2 run each")


# --- listing and revoking ------------------------------------------------------------------------------


def test_who_may_list_and_revoke():
    who, other = fresh(), fresh()
    ids = [must_new(who, "n%d" % i)[0] for i in range(4)]
    owner, admin = world.session(acme.owner.dn, PASSWORD), world.session("admin")
    mine, stranger, host = world.session(who.dn, PASSWORD), world.session(other.dn, PASSWORD), world.session()
    for name, one, sees in (("the member", mine, True), ("the owner", owner, True), ("the administrator", admin, True),
                            ("another member", stranger, False), ("nobody", host, False)):
        tap.is_("musterAppPassword" in one.entry(who.dn, ["musterAppPassword"]), sees, "%s lists: %s" % (name, sees))
    for name, one, ident in (("the member", mine, ids[0]), ("the owner", owner, ids[1]), ("the administrator", admin, ids[2])):
        tap.is_(one.modify(who.dn, ("delete", "musterAppPassword", value_of(who, ident))).code, SUCCESS, "%s revokes" % name)
        tap.ok(ident not in str(values(who)), "it is gone")
    value = value_of(who, ids[3])
    for name, one in (("another member", stranger), ("nobody", host)):
        result = one.modify(who.dn, ("delete", "musterAppPassword", value))
        tap.ok(result.code in (ACCESS, 8, 32), "%s revokes nothing" % name, result)
    tap.is_(notices(who).count("app-password-revoked"), 3, "the member is told of each")
    tap.is_(mine.whoami(), None, "others' revoking ends the member's connections")
    people.must(world.session(who.dn, PASSWORD).modify(who.dn, ("delete", "musterAppPassword", None)), "all at once")
    tap.is_(values(who), [], "all are gone")


def test_revoked():
    who = fresh()
    ident, text = must_new(who)
    kept, stays = must_new(who, "kept")
    open_one = world.session(who.dn, text)
    mine = world.session(who.dn, PASSWORD)
    people.must(mine.modify(who.dn, ("delete", "musterAppPassword", value_of(who, ident))), "revoke")
    tap.is_(attempt(who.dn, text)[0].code, CREDENTIALS, "good for nothing at once")
    tap.ok(ident not in used(who), "nothing is known of its use any more", used(who))
    tap.ok(lets_in(who.dn, stays), "the other one is what it was")
    tap.is_(open_one.whoami(), None, "its connections have ended")
    tap.is_(mine.whoami(), "dn:" + who.dn, "that of the member stays")
    tap.is_(mine.modify(who.dn, ("delete", "musterAppPassword", "id=x")).code, NO_ATTRIBUTE, "one that is not there")


def test_written_by_the_server_alone():
    who, other = fresh(), fresh()
    ident, text = must_new(who)
    value = value_of(who, ident)
    owner, admin = world.session(acme.owner.dn, PASSWORD), world.session("admin")
    mine = world.session(who.dn, PASSWORD)
    for name, one in (("the member", mine), ("the owner", owner), ("the administrator without Relax", admin)):
        for how in ("add", "replace"):
            tap.is_(one.modify(who.dn, (how, "musterAppPassword", value.replace("label=Mail", "label=Other"))).code, ACCESS,
                    "%s: %s" % (name, how))
    tap.ok(mine.modify(who.dn, ("replace", "musterAppPasswordUsed", "%s 1" % ident)).code != SUCCESS, "when it was used")
    tap.is_(admin.modify(other.dn, ("add", "musterAppPassword", value), controls=[RELAX]).code, SUCCESS, "an administrator restores")
    tap.ok(not lets_in(other.dn, text), "but it is bound to the entry it was made for")
    for wrong in ("x", value + " ", value.replace("created=", "created=0"), value.replace("networks=*", "networks=any")):
        tap.is_(admin.modify(who.dn, ("add", "musterAppPassword", wrong), controls=[RELAX]).code, CONSTRAINT, "not %r" % wrong[-20:])
    tap.is_(root.add("uid=restored," + acme.people, {
        "objectClass": ["inetOrgPerson", "musterMember"], "uid": "restored", "cn": "R", "sn": "R", "mail": "r@acme.example",
        "musterAppPassword": value}, controls=[RELAX]).code, SUCCESS, "with a member")
    tap.is_(owner.add("uid=forged," + acme.people, {
        "objectClass": ["inetOrgPerson", "musterMember"], "uid": "forged", "cn": "R", "sn": "R", "mail": "f@acme.example",
        "musterAppPassword": value}).code, ACCESS, "not by an owner")


def test_gone_with_a_password_that_others_set():
    who = fresh()
    _, text = must_new(who)
    people.must(exops.change_password(anyone, who.dn, PASSWORD, NEW), "change")
    tap.ok(lets_in(who.dn, text), "the member's own change keeps it")
    one = world.session(who.dn, NEW)
    people.must(one.passwd(who.dn, NEW, "Spring#2026"), "Password Modify")
    tap.ok(lets_in(who.dn, text), "by Password Modify, too")
    people.must(root.modify(who.dn, ("replace", "userPassword", "Summer#2026")), "set")
    people.must(root.modify(who.dn, ("delete", "pwdReset", None), controls=[RELAX]), "reset")
    tap.is_(values(who), [], "a password set by somebody else takes it away")
    tap.is_(attempt(who.dn, text)[0].code, CREDENTIALS, "it is good for nothing")
    for what, value in (("a hash that was made elsewhere", world.hash(NEW)), ("no password", None)):
        who = fresh()
        must_new(who)
        people.must(root.modify(who.dn, ("replace", "userPassword", value), controls=[RELAX]), what)
        tap.is_((values(who), used(who)), ([], {}), "%s takes it away, too" % what)
    who = people.member(acme, root=root)
    people.must(root.modify(who.dn, ("replace", "userPassword", PASSWORD)), "set")
    people.must(root.modify(who.dn, ("delete", "pwdReset", None), controls=[RELAX]), "reset")
    _, text = must_new(who)
    people.must(root.modify(who.dn, ("replace", "musterVerifiedMail", who.mail), controls=[RELAX]), "address")
    before = {dn for dn, _ in root.search("ou=queue," + world.base, "(objectClass=musterRequest)", ["cn"]).entries}
    people.must(exops.request_reset(anyone, who.dn), "requestReset")
    queued = [a["cn"][0].decode() for dn, a in root.search("ou=queue," + world.base, "(objectClass=musterRequest)",
                                                          ["cn"]).entries if dn not in before]
    _, claimed = exops.claim(world.session("courier"), queued[0])
    people.must(exops.redeem(anyone, who.dn, claimed["secret"], NEW), "redeem")
    tap.is_(values(who), [], "a redeemed token takes it away")
    tap.is_(attempt(who.dn, text)[0].code, CREDENTIALS, "it is good for nothing")


# --- the same credential again ---------------------------------------------------------------------------


def step_begins():
    """The clock of slapd at the beginning of a step that no earlier test has spent codes of."""
    later(2 * totp.PERIOD - int(now()) % totp.PERIOD)


@tap.fault(2)
def test_made_while_others_set_a_password():
    """Whoever knew the password before has no app password afterwards, however close the two came."""
    kept = []
    for number in range(40):
        who, wait = fresh(), number % 8 * 0.005
        results = parallel.at_once([lambda: time.sleep(wait) or new(who)[0].code,
                                    lambda: root.modify(who.dn, ("replace", "userPassword", "Changed#2026")).code])
        if values(who) or results[1] != SUCCESS:
            kept.append((number, results))
    tap.is_(kept, [], "no app password outlives the password that it was made with")


def test_the_same_credential_again():
    gracious = people.organization(world, "gracious", policy={"pwdMaxFailure": "100",
                                                              "musterCodeGrace": ["20 127.0.0.9/32", "5 ::1"]}, root=root)
    step_begins()
    who = people.member(gracious, password=PASSWORD, secret=totp.new_secret(), root=root)
    typed = who.credential(now())
    tap.ok(lets_in(who.dn, typed, "127.0.0.9"), "the first login")
    first = now()
    step = entry(who)["oathTOTPLastTimeStep"]
    before = world.argon2_runs()
    at(first + 1)
    tap.ok(lets_in(who.dn, typed, "127.0.0.9"), "the same again from there")
    tap.is_((world.argon2_runs() - before, entry(who)["oathTOTPLastTimeStep"]), (0, step), "nothing is verified, nothing is spent")
    tap.in_("factor=repeated", world.log(), "the log says so")
    tap.ok(not lets_in(who.dn, typed, "127.0.0.10"), "not from the next address")
    tap.ok(not lets_in(who.dn, typed, "::1"), "not from another one that may")
    tap.ok(not lets_in(who.dn, typed), "not from a local socket")
    result, _ = attempt(who.dn, PASSWORD, "127.0.0.9", {"code": typed[-6:]})
    tap.is_(result.code, CREDENTIALS, "not with the control: PAM and people")
    tap.ok(not lets_in(who.dn, WRONG + typed[-6:], "127.0.0.9"), "not another password with that code")
    tap.ok(not lets_in(who.dn, PASSWORD + totp.wrong_code(who.secret, first), "127.0.0.9"), "not another code")
    at(first + 15)
    tap.ok(lets_in(who.dn, typed, "127.0.0.9"), "still the very same, 15 seconds after the first login")
    at(first + 21)
    tap.ok(not lets_in(who.dn, typed, "127.0.0.9"), "not after 21 seconds, however often it was repeated")
    at(first + 2)
    tap.ok(not lets_in(who.dn, typed, "127.0.0.9"), "a clock that is put back gives nothing back")
    at(first + 40)
    step_begins()
    typed = who.credential(now())
    tap.ok(lets_in(who.dn, typed, "::1"), "from IPv6")
    first = now()
    at(first + 1)
    tap.ok(lets_in(who.dn, typed, "::1"), "again")
    at(first + 6)
    tap.ok(not lets_in(who.dn, typed, "::1"), "for the seconds of that network")


def test_off_unless_the_policy_says_so():
    step_begins()
    who = fresh(secret=totp.new_secret())
    typed = who.credential(now())
    tap.ok(lets_in(who.dn, typed, "127.0.0.9"), "once")
    tap.ok(not lets_in(who.dn, typed, "127.0.0.9"), "not twice")


def test_a_change_ends_it():
    org = people.organization(world, "changing", policy={"pwdMaxFailure": "100", "musterCodeGrace": "60 127.0.0.0/8"}, root=root)
    for what, change in (
            ("another password", lambda w: people.give_password(world, w, NEW, root)),
            ("another seed", lambda w: people.give_factor(world, w, None, root)),
            ("the factor is gone", lambda w: people.must(root.modify(w.dn, ("delete", "oathSecret", None)), "factor")),
            ("suspended", lambda w: people.must(root.modify(w.dn, ("replace", "musterStatus", "suspended")), "status")),
            ("must change", lambda w: people.must(root.modify(w.dn, ("replace", "pwdReset", "TRUE"), controls=[RELAX]), "reset")),
            ("the policy", lambda w: people.must(root.modify(org.policy, ("delete", "musterCodeGrace", None)), "policy"))):
        step_begins()
        who = people.member(org, password=PASSWORD, secret=totp.new_secret(), root=root)
        typed = who.credential(now())
        tap.ok(lets_in(who.dn, typed, "127.0.0.9") and lets_in(who.dn, typed, "127.0.0.9"), "twice, then: " + what)
        change(who)
        tap.ok(not lets_in(who.dn, typed, "127.0.0.9"), what)


def test_many_at_once():
    org = people.organization(world, "many", policy={"pwdMaxFailure": "100", "musterCodeGrace": "60 127.0.0.9"}, root=root)
    for source, right in (("127.0.0.9", 50), ("127.0.0.10", 1)):
        step_begins()
        who = people.member(org, password=PASSWORD, secret=totp.new_secret(), root=root)
        sessions = [session(source) for _ in range(50)]
        outcomes = parallel.bind_at_once(sessions, who.dn, who.credential(now()))
        tap.is_(outcomes.count(SUCCESS), right, "50 binds with one credential from %s" % source)
        for one in sessions:
            one.close()
            world.sessions.remove(one)
    step_begins()
    who = people.member(org, password=PASSWORD, secret=totp.new_secret(), root=root)
    sessions = [session("127.0.0.9") for _ in range(20)]
    before = world.argon2_runs()
    outcomes = parallel.bind_at_once(sessions, who.dn, WRONG + who.code(now()))
    tap.ok(set(outcomes) <= {CREDENTIALS, 51}, "20 with a wrong one: none", outcomes)
    outcomes = parallel.bind_at_once(sessions, "uid=nobody," + org.people, WRONG + who.code(now()))
    tap.ok(set(outcomes) <= {CREDENTIALS, 51}, "and for nobody: the same", outcomes)
    outcomes = parallel.at_once([lambda s=s, i=i: s.bind(who.dn, PASSWORD + "%06d" % i).code for i, s in enumerate(sessions)])
    tap.is_([o for o in outcomes if o not in (CREDENTIALS, 51)], [], "20 codes at once are 20 guesses")


# --- checkAccount ----------------------------------------------------------------------------------------


def host_session():
    dn = "cn=gate,ou=hosts," + world.base
    if not root.entry(dn):
        people.must(root.add(dn, {"objectClass": ["organizationalRole", "simpleSecurityObject"], "cn": "gate",
                                  "userPassword": world.hash("host-secret")}), "host")
    return world.session(dn, "host-secret")


def test_the_state_of_an_account():
    host = host_session()
    org = people.organization(world, "states", policy={"pwdMaxAge": "86400", "musterNetwork": "192.0.2.0/24"}, root=root)
    who = fresh(org)
    state = lambda w, rhost="": exops.check_account(host, w.dn, rhost)[1]
    tap.is_(state(who), OK, "active, on the console")
    tap.is_(state(who, "192.0.2.9"), OK, "from the network")
    tap.is_(state(who, "::ffff:192.0.2.9"), OK, "the same mapped")
    for rhost in ("192.0.3.9", "::1", "host.example", "192.0.2.9 "):
        tap.is_(state(who, rhost), exops.REFUSED, "from %r" % rhost)
    result, found = exops.check_account(host, exops.target_login(who.uid, "states"), "192.0.2.9")
    tap.is_((result.code, found), (SUCCESS, OK), "by login")
    for status, expected in (("suspended", exops.REFUSED), ("closed", exops.REFUSED), ("active", OK)):
        people.must(root.modify(who.dn, ("replace", "musterStatus", status)), status)
        tap.is_(state(who), expected, status)
    people.must(root.modify(who.dn, ("replace", "pwdReset", "TRUE"), controls=[RELAX]), "reset")
    tap.is_((state(who), state(who, "::1")), (CHANGE_REQUIRED, exops.REFUSED), "must change; not from elsewhere")
    who = fresh(org)
    people.must(root.modify(who.dn, ("replace", "pwdChangedTime", "20200101000000Z"), controls=[RELAX]), "old")
    tap.is_(state(who), EXPIRED, "expired")
    tap.is_(state(people.member(org, root=root)), OK, "without a password: keys may be all there is")
    people.must(root.modify(org.policy, ("replace", "musterSecondFactor", "required")), "policy")
    tap.is_(state(fresh(org)), ENROL_REQUIRED, "a second factor is required and there is none")
    tap.is_(state(fresh(org, secret=totp.new_secret())), OK, "and there is one")
    before = entry(who)
    state(who)
    tap.is_(entry(who), before, "nothing is written")
    tap.in_("operation=checkAccount", world.log(), "the log has it")


def test_a_locked_account_is_refused():
    host, who = host_session(), fresh()
    people.must(root.modify(who.dn, ("replace", "pwdAccountLockedTime", "000001010000Z"), controls=[RELAX]), "lock")
    tap.is_(exops.check_account(host, who.dn)[1], exops.REFUSED, "locked until somebody unlocks")
    tap.is_(new(who)[0].code, CREDENTIALS, "no app password is made")


def test_who_may_ask():
    host, who, other = host_session(), fresh(), fresh()
    stranger = world.session(other.dn, PASSWORD)
    nobody = people.Member("uid=nobody," + acme.people, "nobody", "x@y")
    seen = {}
    for name, one in (("another member", stranger), ("nobody", anyone), ("the courier", world.session("courier"))):
        seen[name] = exops.check_account(one, who.dn)
        tap.is_(seen[name], exops.check_account(one, nobody.dn), "%s does not learn who is there" % name)
        tap.is_(seen[name][0].code, CREDENTIALS, "%s is told nothing" % name)
    tap.is_(exops.check_account(host, nobody.dn)[0].code, CREDENTIALS, "a host about somebody who is not there")
    tap.is_(exops.check_account(host, acme.dn)[0].code, CREDENTIALS, "or is no member")
    tap.is_(exops.check_account(world.session(who.dn, PASSWORD), who.dn)[1], OK, "a member about itself")
    for value in (None, b"", ber.sequence(exops.target_dn(who.dn)), ber.sequence(exops.target_dn(who.dn), ber.octets("x")),
                  ber.sequence(exops.target_dn(who.dn), ber.octets("x"), ber.octets("y"), ber.octets("z"))):
        tap.is_(host.extended(exops.CHECK_ACCOUNT, value).code, PROTOCOL, "a value that is none")
    result, state = exops.check_account(host, who.dn, "127.0.0.1\"\n\x00", "a\"b\nc")
    tap.is_((result.code, state), (SUCCESS, OK), "what it says of itself is text for the log")
    tap.ok("\nc" not in world.log().split("operation=checkAccount")[-1][:300], "escaped")


def test_no_app_password_in_the_log():
    log = world.log()
    tap.ok(len(shown) > 20, "app passwords were made")
    tap.is_([text for text in shown if text in log or text[3:] in log], [], "none of them is in the log")


tap.main(globals())
