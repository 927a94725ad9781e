#!/usr/bin/python3
"""Second factors: enrolled, used, removed, and what a member changes of its own login only when it has just bound itself."""

import base64
import os
import re
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from lib import exops, parallel, people, session, tap, totp
from lib.people import PASSWORD
from lib.world import World

OK, STRONG, NO_SUCH, CREDENTIALS, RIGHTS, UNWILLING, PROTOCOL = 0, 8, 16, 49, 50, 53, 2
SECOND, THIRD = "Summer+2027", "Autumn=2028"
PROXY_AUTHZ = "2.16.840.1.113730.3.4.18"

world = World(faketime=True)
root = world.session("root")
admin = world.session("admin")
acme = people.organization(world, "acme", root=root)
clock, uptime = 0, 0


def pass_time(seconds=0, on=0):
    """slapd's clock goes on by so many seconds, and so does the time since the machine was started."""
    global clock, uptime
    clock, uptime = clock + seconds, uptime + on
    world.move_clock(clock, uptime)


def code_of(member, steps=0):
    return totp.code_of_step(member.secret, totp.step(time.time() + clock) + steps)


def next_code(member):
    """A code that was not spent: of a step that begins for slapd just now."""
    pass_time(totp.PERIOD)
    return code_of(member)


def login(member, password=PASSWORD):
    return world.session(member.dn, password + (next_code(member) if member.secret else ""))


def member_with(factor=False, **more):
    return people.member(acme, password=PASSWORD, secret=totp.new_secret() if factor else None, root=root, **more)


def drop(sessions):
    for one in sessions:
        one.close()
        world.sessions.remove(one)


def stored(member):
    return root.entry(member.dn)


def owes(member, kind):
    return any((" %s " % kind).encode() in value for value in stored(member).get("musterOutbox", []))


def refused(result, code, text, what):
    tap.is_(result.code, code, what)
    tap.in_(text, result.text, what + ": says what to do")


def let_write_all():
    """A member may write all of its entry, as far as access rules go, and act for others where authzTo says so."""
    with world.use("config") as config:
        people.must(config.modify("olcDatabase={1}mdb,cn=config", ("add", "olcAccess", "{0}to * by self write by * break")), "access")
        people.must(config.modify("cn=config", ("replace", "olcAuthzPolicy", "to")), "authzTo")


let_write_all()

# --- fresh authentication ----------------------------------------------------------------------------


def own_changes(member, one, controls=()):
    """What a member changes of its own login: (what, result) of each, tried on a connection."""
    seed = totp.new_secret()
    now = totp.totp(seed, time.time() + clock)
    yield "billing mail", one.modify(member.dn, ("replace", "musterBillingMail", "new%d@acme.example" % time.monotonic_ns()), controls=controls)
    yield "address", one.modify(member.dn, ("replace", "postalAddress", "1 Main St"), controls=controls)
    yield "password", one.modify(member.dn, ("delete", "userPassword", PASSWORD), ("add", "userPassword", SECOND), controls=controls)
    yield "Password Modify", one.passwd(member.dn, PASSWORD, SECOND, controls=controls)
    if member.secret:
        yield "factor removed", one.modify(member.dn, ("delete", "oathSecret", None), ("add", "musterCode", code_of(member)),
                                           controls=controls)
    else:
        yield "factor added", one.modify(member.dn, ("add", "oathSecret", seed), ("add", "musterCode", now), controls=controls)
    yield "app passwords", one.modify(member.dn, ("replace", "musterAppPassword", None), controls=controls)


def nothing_changes(member, one, why, controls=()):
    before = stored(member)
    for what, result in own_changes(member, one, controls):
        refused(result, STRONG, "bind again", "%s: %s" % (why, what))
    tap.is_(stored(member), before, why + ": the entry is what it was")


def test_fresh_for_five_minutes():
    for factor in (False, True):
        what = "with a factor" if factor else "without one"
        member = member_with(factor)
        own = login(member)
        pass_time(240, on=290)
        tap.is_(own.modify(member.dn, ("replace", "postalAddress", "1 Main St")).code, OK, what + ": after 290 seconds")
        pass_time(on=11)
        nothing_changes(member, own, what + ": after 301 seconds")
        tap.is_(own.modify(member.dn, ("replace", "description", "anything else")).code, RIGHTS, what + ": nothing else is its own")
        pass_time(-3600)
        tap.is_(own.modify(member.dn, ("replace", "postalAddress", "1")).code, STRONG, what + ": an hour back on the clock changes nothing")
        pass_time(3600)
        credential = PASSWORD + (next_code(member) if factor else "")
        tap.is_(own.bind(member.dn, credential).code, OK, what + ": bound again")
        tap.is_(own.modify(member.dn, ("replace", "musterBillingMail", "other%d@acme.example" % factor)).code, OK, what + ": fresh again")


def test_fresh_is_with_the_factor():
    member = member_with()
    own = login(member)
    tap.is_(own.modify(member.dn, ("replace", "postalAddress", "1")).code, OK, "a bind with a password is enough without a factor")
    people.give_factor(world, member, root=root)
    with world.use() as gone:
        tap.is_(gone.bind(member.dn, PASSWORD).code, CREDENTIALS, "with one it is no login")
    tap.is_(own.whoami(), None, "and an administrator who gives one ends the connection")
    member, seed = member_with(), totp.new_secret()
    own = login(member)
    code = totp.totp(seed, time.time() + clock)
    tap.is_(own.modify(member.dn, ("add", "oathSecret", seed), ("add", "musterCode", code)).code, OK, "enrolled on its own connection")
    tap.is_(own.whoami(), "dn:" + member.dn, "which stays")
    member.secret = seed
    nothing_changes(member, own, "but was bound without the factor")


def test_a_recovery_code_is_a_factor():
    member = member_with()
    member.secret = totp.new_secret()
    result, codes = exops.enrol_totp(world.session(), member.dn, PASSWORD, member.secret, code_of(member))
    tap.is_((result.code, len(codes)), (OK, 10), "ten recovery codes")
    with world.use() as own:
        tap.is_(own.bind_factor(member.dn, PASSWORD, codes[0]).code, OK, "one of them lets in")
        tap.is_(own.modify(member.dn, ("replace", "postalAddress", "1")).code, OK, "freshly")


def sasl_external(one, controls=()):
    one.low.sasl_bind_s("", "EXTERNAL", b"", list(controls), None)


def test_another_way_in_is_not_fresh():
    member, other = member_with(), member_with()
    peer = "gidNumber=%d\\+uidNumber=%d,cn=peercred,cn=external,cn=auth" % (os.getegid(), os.geteuid())
    with world.use("config") as config:
        people.must(config.modify("cn=config", ("replace", "olcAuthzRegexp", '"^%s$" "%s"' % (peer, member.dn))), "map")
    one = world.session()
    sasl_external(one)
    tap.is_(one.whoami(), "dn:" + member.dn, "EXTERNAL is the member")
    nothing_changes(member, one, "EXTERNAL")
    people.must(one.bind(member.dn, PASSWORD), "bind")
    sasl_external(one)
    nothing_changes(member, one, "EXTERNAL after a bind of the same member on the same connection")
    people.must(one.bind(member.dn, PASSWORD), "bind")
    tap.is_(one.modify(member.dn, ("replace", "postalAddress", "1")).code, OK, "bound itself")
    people.must(root.modify(other.dn, ("replace", "authzTo", "dn.exact:" + member.dn)), "authzTo")
    proxy = login(other)
    as_member = (PROXY_AUTHZ, True, ("dn:" + member.dn).encode())
    nothing_changes(member, proxy, "by another member that may act as this one (RFC 4370)", [as_member])
    tap.is_(proxy.modify(other.dn, ("replace", "postalAddress", "1")).code, OK, "which is itself fresh")
    # The member binds, then the other one on the same connection, and acts as the member.
    people.must(one.bind(member.dn, PASSWORD), "bind")
    people.must(one.bind(other.dn, PASSWORD), "bind")
    nothing_changes(member, one, "after a bind of the member on that connection", [as_member])
    with world.use("config") as config:
        people.must(config.modify("cn=config", ("delete", "olcAuthzRegexp", None)), "map gone")


def test_a_refused_bind_is_not_fresh():
    member = member_with()
    own = login(member)
    tap.is_(own.bind(member.dn, "wrong").code, CREDENTIALS, "a wrong password")
    tap.ok(own.modify(member.dn, ("replace", "postalAddress", "1")).code in (STRONG, RIGHTS), "leaves nothing of the login before")


def test_others_need_no_fresh_bind():
    member = member_with(True)
    pass_time(on=1000)
    tap.is_(admin.modify(member.dn, ("replace", "postalAddress", "1")).code, OK, "an administrator, long after its bind")
    tap.is_(admin.modify(member.dn, ("delete", "oathSecret", None)).code, OK, "removes a factor")
    tap.ok(owes(member, "factor-removed"), "and the member is told")


# --- connections end ---------------------------------------------------------------------------------


def ends(member, what, change, own=None):
    """change() ends the member's other connections, and not own."""
    code = next_code(member) if member.secret else None
    others = []
    for one in (world.session(), world.session(uri=world.uri_tls)):
        if member.secret:
            code = next_code(member)
        people.must(one.bind(member.dn, member.password + (code or "")), "bind")
        others.append(one)
    bystander = login(acme_bystander)
    result = change()
    tap.is_(result.code, OK, what)
    tap.is_([one.whoami() for one in others], [None, None], what + ": the member's other connections are closed")
    tap.is_(bystander.whoami(), "dn:" + acme_bystander.dn, what + ": nobody else's")
    if own is not None:
        tap.is_(own.whoami(), "dn:" + member.dn, what + ": the one that did it stays")
    drop(others + [bystander])


acme_bystander = member_with(uid="bystander")


def test_what_ends_connections():
    member = member_with()
    own = login(member)
    ends(member, "own password", lambda: own.modify(member.dn, ("delete", "userPassword", PASSWORD), ("add", "userPassword", SECOND)), own)
    member.password = SECOND
    ends(member, "Password Modify", lambda: own.passwd(member.dn, SECOND, THIRD), own)
    member.password = THIRD
    ends(member, "changePassword", lambda: exops.change_password(own, member.dn, THIRD, PASSWORD + "0"), own)
    member.password = PASSWORD + "0"
    seed = totp.new_secret()
    ends(member, "factor added", lambda: own.modify(member.dn, ("add", "oathSecret", seed), ("add", "musterCode", totp.totp(seed, time.time() + clock))), own)
    member.secret = seed
    people.must(own.bind(member.dn, member.password + next_code(member)), "bind")
    ends(member, "factor removed", lambda: own.modify(member.dn, ("delete", "oathSecret", None), ("add", "musterCode", next_code(member))), own)
    member.secret = None
    seed = totp.new_secret()
    ends(member, "enrolTotp", lambda: exops.enrol_totp(own, member.dn, member.password, seed, totp.totp(seed, time.time() + clock))[0], own)
    member.secret = seed
    ends(member, "removeTotp", lambda: exops.remove_totp(own, member.dn, member.password, next_code(member)), own)
    member.secret = None
    ends(member, "an administrator gives a factor", lambda: admin.modify(member.dn, ("replace", "oathSecret", seed)))
    member.secret = seed
    ends(member, "and takes it", lambda: admin.modify(member.dn, ("delete", "oathSecret", None)))
    member.secret = None
    own, other = login(member, member.password), login(member, member.password)
    tap.is_(own.modify(member.dn, ("replace", "postalAddress", "5")).code, OK, "another change")
    tap.is_(other.whoami(), "dn:" + member.dn, "ends nothing")
    ends(member, "an administrator sets the password", lambda: admin.modify(member.dn, ("replace", "userPassword", "Winter-2030!")))


def test_a_login_under_way_ends_too():
    """Logins race with changes of the password: none that was judged by the old one is left."""
    left = 0
    for turn in range(10):
        member = member_with()
        sessions = [world.session() for _ in range(6)]
        setter = lambda: root.modify(member.dn, ("replace", "userPassword", SECOND), ("replace", "pwdReset", "FALSE"),
                                     controls=[session.RELAX])
        for one in sessions:
            one.root_dse()
        outcomes = parallel.at_once([lambda s=s: s.bind(member.dn, PASSWORD) for s in sessions] + [setter])
        people.must(outcomes[-1], "password set")
        left += sum(1 for one in sessions if one.whoami() == "dn:" + member.dn)
        drop(sessions)
    tap.is_(left, 0, "connections bound with the old password after it was changed")


# --- app passwords -----------------------------------------------------------------------------------


def test_an_app_password_changes_nothing_anywhere():
    member = member_with()
    result, _, text = exops.new_app_password(world.session(), member.dn, PASSWORD, "mail")
    people.must(result, "app password")
    with world.use("config") as config:
        people.must(config.modify("olcDatabase={0}config,cn=config", (
            "add", "olcAccess", '{0}to * by dn.exact="%s" manage by * break' % member.dn)), "manages the configuration")
    level = ("replace", "olcIdleTimeout", "0")
    with world.use() as one:
        people.must(one.bind(member.dn, text), "bind")
        for what, result in (
                ("its own entry", one.modify(member.dn, ("replace", "description", "x"))),
                ("the configuration", one.modify("cn=config", level)),
                ("an entry added", one.add("cn=x," + world.base, {"objectClass": "device", "cn": "x"})),
                ("one renamed", one.rename(member.dn, "uid=other")), ("one deleted", one.delete(member.dn)),
                ("Password Modify", one.passwd(member.dn, PASSWORD, SECOND)), ("of another database", one.passwd("cn=config", None, SECOND)),
                ("changePassword", exops.change_password(one, member.dn, PASSWORD, SECOND)),
                ("requestReset", exops.request_reset(one, member.dn))):
            refused(result, RIGHTS, "app password", what)
        tap.is_(one.bind(member.dn, PASSWORD).code, OK, "the same connection, bound with the password")
        tap.is_(one.modify("cn=config", level).code, OK, "may")
        tap.is_(one.modify(member.dn, ("replace", "postalAddress", "1")).code, OK, "and is fresh")
        people.must(one.bind(member.dn, text), "bind")
        tap.is_(one.bind("", "").code, OK, "anonymous")
        tap.is_(exops.change_password(one, member.dn, PASSWORD, SECOND).code, OK, "is no app password any more")


# --- removal -----------------------------------------------------------------------------------------


def test_removal_takes_password_and_code():
    member = member_with(True)
    anyone = world.session()
    for what, password, code in (("a wrong password", "wrong", next_code(member)), ("a wrong code", PASSWORD, totp.wrong_code(member.secret, time.time() + clock)),
                                 ("nobody's", PASSWORD, "")):
        result = exops.remove_totp(anyone, member.dn, password, code)
        tap.is_(result.code, STRONG if code == "" else CREDENTIALS, "removeTotp with " + what)
    tap.is_(exops.remove_totp(anyone, "uid=nobody," + acme.people, PASSWORD, "123456").code, CREDENTIALS, "of nobody")
    tap.ok("oathSecret" in stored(member), "nothing was removed")
    code = next_code(member)
    with world.use() as spent:
        people.must(spent.bind(member.dn, PASSWORD + code), "bind")
    tap.is_(exops.remove_totp(anyone, member.dn, PASSWORD, code).code, CREDENTIALS, "a code that was spent")
    tap.is_(exops.remove_totp(anyone, exops.target_login(member.uid, "acme"), PASSWORD, next_code(member)).code, OK, "one code is enough")
    found = stored(member)
    tap.is_([n for n in ("oathSecret", "oathTOTPLastTimeStep", "musterRecoveryCode", "pwdReset") if n in found], [], "nothing is left of it")
    tap.ok(owes(member, "factor-removed"), "the member is told")
    with world.use() as one:
        tap.is_(one.bind(member.dn, PASSWORD).code, OK, "the password alone lets in")
    refused(exops.remove_totp(anyone, member.dn, PASSWORD, "123456"), UNWILLING, "no second factor", "twice")
    tap.is_(exops.remove_totp(anyone, member.dn, "wrong", "123456").code, CREDENTIALS, "which is told to nobody without the password")
    plain = member_with()
    for _ in range(8):
        exops.remove_totp(anyone, plain.dn, PASSWORD, "123456")
    with world.use() as one:
        tap.is_(one.bind(plain.dn, PASSWORD).code, OK, "a code where there is none to give is no guess")


def test_removal_with_a_recovery_code():
    member = member_with()
    member.secret = totp.new_secret()
    _, codes = exops.enrol_totp(world.session(), member.dn, PASSWORD, member.secret, code_of(member))
    tap.is_(exops.remove_totp(world.session(), member.dn, PASSWORD, codes[7]).code, OK, "when the app is lost")
    tap.is_([n for n in ("oathSecret", "oathTOTPLastTimeStep", "musterRecoveryCode") if n in stored(member)], [], "nothing is left")


@tap.fault(24)
def test_a_mailed_token_removes_nothing():
    member = people.member(acme, secret=totp.new_secret(), root=root)
    people.must(exops.request_reset(world.session(), member.dn), "reset asked for")
    courier = world.session("courier")
    record = root.search("ou=queue," + world.base, "(objectClass=musterRequest)", ["cn"]).entries[0][1]["cn"][0].decode()
    _, claimed = exops.claim(courier, record)
    tap.is_(exops.redeem(world.session(), member.dn, claimed["secret"], SECOND).code, OK, "redeemed")
    tap.ok("oathSecret" in stored(member), "the factor stays")
    with world.use() as one:
        tap.is_(one.bind(member.dn, SECOND).code, CREDENTIALS, "and is asked for")
        tap.is_(one.bind(member.dn, SECOND + next_code(member)).code, OK, "with a code")
    tap.is_(exops.remove_totp(world.session(), member.dn, SECOND, claimed["secret"]).code, CREDENTIALS, "the token is no code")
    tap.is_(stored(member).get("musterVerifiedMail"), [member.mail.encode()], "redeeming proved the address")
    people.must(root.modify(member.dn, ("replace", "mail", "another@acme.example")), "another address")
    tap.is_(exops.remove_totp(world.session(), member.dn, SECOND, next_code(member)).code, OK, "the member removes it")
    told = [v.split()[3:] for v in stored(member)["musterOutbox"] if b" factor-removed " in v]
    tap.is_(sorted(told), [[], [base64.b64encode(member.mail.encode())]], "which is told to the address, and to the one that was proved")


def test_a_policy_without_factors():
    off = people.organization(world, "off", policy={"musterSecondFactor": "off"}, root=root)
    member, seed = people.member(off, password=PASSWORD, root=root), totp.new_secret()
    code = totp.totp(seed, time.time() + clock)
    with world.use() as own:
        people.must(own.bind(member.dn, PASSWORD), "bind")
        refused(own.modify(member.dn, ("add", "oathSecret", seed), ("add", "musterCode", code)), UNWILLING, "switched off", "by modification")
    refused(exops.enrol_totp(world.session(), member.dn, PASSWORD, seed, code)[0], UNWILLING, "switched off", "enrolTotp")
    people.give_factor(world, member, seed, root)
    refused(exops.remove_totp(world.session(), member.dn, PASSWORD, code), UNWILLING, "switched off", "removeTotp of one that is left")
    tap.is_(admin.modify(member.dn, ("delete", "oathSecret", None)).code, OK, "an administrator removes it")


def test_a_policy_that_requires_a_factor():
    strict = people.organization(world, "strict", policy={"musterSecondFactor": "required"}, root=root)
    member = people.member(strict, password=PASSWORD, secret=totp.new_secret(), root=root)
    tap.is_(exops.remove_totp(world.session(), member.dn, PASSWORD, next_code(member)).code, OK, "removal is the member's right")
    with world.use() as one:
        tap.is_(one.bind(member.dn, PASSWORD).code, CREDENTIALS, "but no login without another one")
        tap.is_(one.bind_factor(member.dn, PASSWORD).state, session.ENROL_REQUIRED, "which the control says")
    member.secret = totp.new_secret()
    result, codes = exops.enrol_totp(world.session(), member.dn, PASSWORD, member.secret, code_of(member))
    tap.is_((result.code, len(codes)), (OK, 10), "enrolled anew")
    with world.use() as one:
        tap.is_(one.bind(member.dn, PASSWORD + next_code(member)).code, OK, "and in")


def test_a_short_password_does_not_outlive_the_factor():
    modern = people.organization(world, "modern", policy={
        "pwdMinLength": "15", "musterPwdMinLengthFactor": "8", "pwdMaxLength": "64", "musterPwdRequire": "none"}, root=root)
    for password, change in (("eight-or-more", True), ("fifteen-characters-and-more", False)):
        member = people.member(modern, secret=totp.new_secret(), root=root)
        people.give_password(world, member, password, root)
        tap.is_(exops.remove_totp(world.session(), member.dn, password, next_code(member)).code, OK, "%d characters" % len(password))
        tap.is_(stored(member).get("pwdReset"), [b"TRUE"] if change else None, "must be changed" if change else "may stay")
        with world.use() as one:
            tap.is_(one.bind_factor(member.dn, password).state, session.CHANGE_REQUIRED if change else session.OK, "at the next login")


# --- recovery codes ----------------------------------------------------------------------------------


def enrolled():
    member = member_with()
    member.secret = totp.new_secret()
    result, codes = exops.enrol_totp(world.session(), member.dn, PASSWORD, member.secret, code_of(member))
    people.must(result, "enrol")
    return member, codes


@tap.fault(2)
def test_recovery_codes_work_once():
    member, codes = enrolled()
    tap.is_(len(set(codes)), 10, "ten different ones")
    tap.ok(all(re.fullmatch("[a-z2-7]{5}-[a-z2-7]{5}", c) for c in codes), "ten characters, where a code of the app has six digits")
    found = stored(member)
    tap.ok(not any(c.encode() in v or c.replace("-", "").encode() in v for c in codes for v in found["musterRecoveryCode"]),
           "kept as hashes")
    for number in range(3):
        sessions = [world.session() for _ in range(10)]
        for one in sessions:
            one.root_dse()
        outcomes = parallel.at_once([lambda s=s: s.bind_factor(member.dn, PASSWORD, codes[number]) for s in sessions])
        good = sum(1 for o in outcomes if o.code == OK)
        tap.is_(good, 1, "of ten at once with code %d one gets in" % number)
        tap.ok({o.code for o in outcomes} <= {OK, CREDENTIALS, 51}, "the others are refused")
        drop(sessions)
        pass_time(1000)  # those that were refused count as guesses
    tap.is_(len(stored(member)["musterRecoveryCode"]), 7, "seven are left")
    tap.ok(owes(member, "recovery-code-used"), "the member is told")
    with world.use() as one:
        tap.is_(one.bind_factor(member.dn, PASSWORD, " " + codes[4].upper().replace("-", " ")).code, OK, "typed in another way")
        tap.is_(one.bind_factor(member.dn, PASSWORD, codes[0]).code, CREDENTIALS, "a used one is no good")
        tap.is_(one.bind(member.dn, PASSWORD + codes[5]).code, CREDENTIALS, "nor is one behind the password")


def test_how_many_are_left_is_told():
    member, codes = enrolled()
    with world.use() as one:
        people.must(one.bind_factor(member.dn, PASSWORD, codes[3]), "bind")
    value = next(v for v in stored(member)["musterOutbox"] if b" recovery-code-used " in v)
    _, claimed = exops.claim(world.session("courier"), value.split()[0].decode())
    tap.is_((claimed["kind"], claimed["facts"].get("remaining")), ("recovery-code-used", "9"), "nine")


def test_new_recovery_codes():
    member, codes = enrolled()
    anyone = world.session()
    for what, password, code, expected in (
            ("a wrong password", "wrong", next_code(member), CREDENTIALS),
            ("a wrong code", PASSWORD, totp.wrong_code(member.secret, time.time() + clock), CREDENTIALS), ("no code", PASSWORD, "", STRONG)):
        result, new = exops.new_recovery_codes(anyone, member.dn, password, code)
        tap.is_((result.code, new), (expected, []), what)
    result, new = exops.new_recovery_codes(anyone, member.dn, PASSWORD, next_code(member))
    tap.is_((result.code, len(set(new) - set(codes))), (OK, 10), "ten new ones")
    tap.ok(owes(member, "recovery-codes-new"), "the member is told")
    with world.use() as one:
        tap.is_(one.bind_factor(member.dn, PASSWORD, codes[1]).code, CREDENTIALS, "the old ones are dead")
        tap.is_(one.bind_factor(member.dn, PASSWORD, new[1]).code, OK, "the new ones are good")
    again, newer = exops.new_recovery_codes(anyone, member.dn, PASSWORD, new[2])
    tap.is_((again.code, len(newer)), (OK, 10), "with one of them")
    without = member_with()
    result, new = exops.new_recovery_codes(anyone, without.dn, PASSWORD, "123456")
    refused(result, UNWILLING, "no second factor", "without a factor")
    for value in (b"", b"\x30\x00", b"\x30\x02\x04\x00"):
        tap.is_(anyone.extended(exops.NEW_RECOVERY_CODES, value).code, PROTOCOL, "no request: %r" % value)
        tap.is_(anyone.extended(exops.REMOVE_TOTP, value).code, PROTOCOL, "no request to remove: %r" % value)


# --- the window and the clock ------------------------------------------------------------------------


def works(member, code):
    with world.use() as one:
        return one.bind(member.dn, PASSWORD + code).code == OK


def test_window_of_the_policy():
    for back in (None, 0, 3):
        name = "w%s" % back
        org = people.organization(world, name, policy={} if back is None else {"musterCodeWindow": str(back)}, root=root)
        reach = 1 if back is None else back
        for steps in (1, 0, -reach, -reach - 1):
            member = people.member(org, password=PASSWORD, secret=totp.new_secret(), root=root)
            people.must(root.modify(member.dn, ("delete", "oathTOTPLastTimeStep", None), controls=[session.RELAX])
                        if "oathTOTPLastTimeStep" in stored(member) else session.Result(0), "no step spent")
            begun = (time.time() + clock) % totp.PERIOD
            pass_time(int(totp.PERIOD - begun) + 2 if begun > 20 else 0)
            tap.is_(works(member, code_of(member, steps)), -reach <= steps <= 0, "window %s: a code of %+d steps" % (back, steps))


def test_a_clock_set_back():
    member = member_with(True)
    first = next_code(member)
    tap.ok(works(member, first), "a code is good")
    spent_at = clock
    second = next_code(member)
    tap.ok(works(member, second), "and the next one")
    for back in (30, 60, 3600):
        pass_time(-back)
        tap.ok(not works(member, first) and not works(member, second), "%d seconds back: what was spent stays spent" % back)
        tap.ok(not works(member, code_of(member)), "%d seconds back: and no code is good" % back)
        pass_time(back)
    pass_time(spent_at + 30 - clock)
    tap.ok(works(member, next_code(member)), "when the clock has caught up, codes are good again")


def test_a_clock_far_ahead():
    """A step of the future was spent: the owner is not locked out for good."""
    member, codes = enrolled()
    ahead = 400 * 86400
    pass_time(ahead)
    tap.ok(works(member, code_of(member)), "a login while the clock is a year ahead")
    pass_time(-ahead)
    tap.ok(not works(member, next_code(member)), "no code is good when it is right again")
    tap.in_("was the clock set back", world.log(), "the log says why")
    with world.use() as one:
        tap.is_(one.bind_factor(member.dn, PASSWORD, codes[0]).code, OK, "a recovery code is")
    people.must(admin.modify(member.dn, ("delete", "oathTOTPLastTimeStep", None), controls=[session.RELAX]), "the step is taken away")
    tap.ok(works(member, next_code(member)), "and codes are good again")


# --- what cannot be read -----------------------------------------------------------------------------


@tap.fault(24)
def test_an_unreadable_seed_fails_closed():
    other = member_with(True)
    sealed = stored(other)["oathSecret"][0]
    member = member_with(True)
    root.modify(member.dn, ("delete", "oathSecret", None))
    world.stop()
    text = world.slapcat().decode()
    mark = "dn: %s\n" % member.dn
    tap.in_(mark, text, "the entry is there")
    text = text.replace(mark, mark + "oathSecret: %s\n" % sealed.decode())
    for name in os.listdir(os.path.join(world.folder, "db")):
        os.unlink(os.path.join(world.folder, "db", name))
    world.tool("slapadd", "-n", "1", "-q", input=text.encode())
    world.start()
    again, boss = world.session("root"), world.session("admin")
    with world.use() as one:
        for credential in (PASSWORD, PASSWORD + code_of(other), PASSWORD + code_of(member)):
            tap.ok(one.bind(member.dn, credential).code in (CREDENTIALS, UNWILLING), "sealed for another entry: no login")
            tap.is_(one.whoami(), "", "and anonymous")
        tap.is_(exops.remove_totp(one, member.dn, PASSWORD, code_of(other)).code, UNWILLING, "nor does it remove itself")
        tap.is_(exops.new_recovery_codes(one, member.dn, PASSWORD, code_of(other))[0].code, UNWILLING, "nor make recovery codes")
    people.must(boss.modify(member.dn, ("delete", "oathSecret", None)), "an administrator removes it")
    with world.use() as one:
        tap.is_(one.bind(member.dn, PASSWORD).code, OK, "then the password lets in")
    tap.ok(any(b" factor-removed " in v for v in again.entry(member.dn).get("musterOutbox", [])), "and the member is told")


tap.main(globals())
