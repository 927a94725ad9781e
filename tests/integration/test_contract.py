#!/usr/bin/python3
"""What an installation promises to those outside of it: binds, controls, operations, PAM, files and logs, tried by somebody
who knows `contrib/demo --serve`, its DIR/env and the documented interface only."""

import base64
import glob
import os
import random
import re
import stat
import subprocess
import sys
import time

import ldap

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from lib import ber, exops, impostor, served, tap, totp
from lib.parallel import at_once
from lib.served import Served, Wire, wait_for
from lib.session import FACTOR_CONTROL, PPOLICY, RELAX, factor_request

demo = Served()
members = ["t%02d" % n for n in range(1, 21)]
SAFETY_PW = "Other-1pass"


def teardown():
    demo.stop()


def dn_pw(who):
    return demo[who.upper() + "_DN"], demo[who.upper() + "_PW"]


def new_member(login, password, *more):
    """A member of acme who has set a password with the token from the mail."""
    dn = demo.add_member(login, *more)
    session = demo.session()
    exops.request_reset(session, dn)
    token = demo.token(login + "@acme.example")
    result = exops.redeem(session, dn, token, password)
    if result.code:
        raise RuntimeError("%s: %d %s" % (login, result.code, result.text))
    demo.secrets.add(password)
    return dn


def give_factor(dn):
    """As a manager registers a seed that is active at once."""
    seed = totp.new_secret()
    result = demo.as_admin().modify(dn, ("add", "oathSecret", seed))
    if result.code:
        raise RuntimeError("%s: %d %s" % (dn, result.code, result.text))
    demo.secrets.add(totp.base32(seed))
    return seed


def works(dn, password, seed=None, steps=0):
    return demo.session().bind(dn, password + (demo.code(seed, steps) if seed else "")).code == 0


def alive():
    """slapd and musterd are the processes they were."""
    now = demo.read_env()
    return [now[n] for n in ("SLAPD_PID", "MUSTERD_PID")] == [demo[n] for n in ("SLAPD_PID", "MUSTERD_PID")]


# --- one code, one login -------------------------------------------------------------------------------------------


def burst(who, steps=0, count=50):
    """Binds at once with one code; it is made when the connections are there, since it may have but seconds to live."""
    sessions = [demo.session() for _ in range(count)]
    for session in sessions:
        session.root_dse()
    credential = dn_pw(who)[1] + demo.code(demo.seed(who), steps)
    outcomes = at_once([lambda s=s: s.bind(dn_pw(who)[0], credential) for s in sessions])
    whoami = [s.whoami() for s, o in zip(sessions, outcomes) if o.code]
    for session in sessions:
        session.close()
    return [o.code for o in outcomes], set(whoami)


@tap.fault(1)
def test_one_code_one_login():
    """20 members, 50 binds at once each with one code; the first use of all factors."""
    winners, codes, refused = {}, set(), set()
    for who in members:
        results, anonymous = burst(who, -1)
        winners[who] = results.count(0)
        codes |= set(results)
        refused |= anonymous
    tap.is_(winners, {who: 1 for who in members}, "20 x 50 binds with one code: one login each")
    tap.ok(codes <= {0, 49, 51}, "the others are refused", codes)
    tap.is_(refused, {""}, "and anonymous")


def test_next_code_and_older_one():
    for who in members[:4]:
        results, _ = burst(who)
        tap.is_(results.count(0), 1, "%s: one login with the next code" % who)
        tap.ok(not works(*dn_pw(who), demo.seed(who), -1), "%s: none with the older code after the newer" % who)


def test_code_over_pam_and_ldap():
    dn, password = dn_pw("alice")
    code = demo.code(demo.seed("alice"))
    done = demo.pam("alice", [password, code])
    tap.is_(done and done.returncode, 0, "alice logs in through PAM")
    tap.is_(demo.session().bind(dn, password + code).code, 49, "the code is spent for LDAP")
    tap.is_(demo.session().bind_factor(dn, password, code).code, 49, "and for the control")
    tap.is_(demo.pam("alice", [password, code]).returncode, 1, "and for PAM")


# --- refused binds ---------------------------------------------------------------------------------------------------


def refuse(dn, password, what, controls=(), code=49, after=None):
    """Refused, and a connection that was bound before is anonymous afterwards."""
    session = demo.bound(*(after or (demo["ADMIN_DN"], demo["ADMIN_PW"])))
    result = session.bind(dn, password, controls)
    tap.is_((result.code, session.whoami()), (code, ""), "%s: refused and anonymous" % what)
    return result


def test_refused_is_anonymous():
    dn, password = dn_pw("t05")
    wrong = totp.wrong_code(demo.seed("t05"))
    refuse(dn, password, "no code")
    refuse(dn, password + wrong, "wrong code")
    refuse(dn, password, "no code, control", [factor_request()], 8)
    refuse(dn, password, "wrong code, control", [factor_request(wrong)], 49)
    refuse(dn, password, "no code, control not critical", [factor_request(critical=False)], 8)
    refuse(demo["CAROL_DN"], SAFETY_PW, "a member without a password")
    refuse(demo.dn("nobody"), SAFETY_PW, "no such member")
    refuse(dn, "", "no password", code=53)


def test_suspended():
    dn = new_member("sue", SAFETY_PW)
    seed = give_factor(dn)
    tap.ok(works(dn, SAFETY_PW, seed, -1), "sue logs in")
    open_session = demo.bound(dn, SAFETY_PW + demo.code(seed))
    tap.is_(demo.as_admin().modify(dn, ("replace", "musterStatus", "suspended")).code, 0, "an admin suspends her")
    tap.ok(wait_for(lambda: open_session.whoami() in (None, "")), "her connection is no longer hers")
    bad = refuse(dn, "wrong-Pw-1", "suspended, wrong password")
    good = refuse(dn, SAFETY_PW + demo.code(seed, 1), "suspended, right password and code")
    tap.is_(good, bad, "the answers are the same")
    answers = [refuse(dn, pw, "suspended, control, " + what, [factor_request(code)])
               for what, pw, code in (("right", SAFETY_PW, demo.code(seed, 1)), ("wrong", "wrong-Pw-1", None))]
    tap.is_(answers[0], answers[1], "the answers are the same with the control")
    tap.is_(demo.pam("sue", [SAFETY_PW, demo.code(seed, 1)]).returncode, 1, "PAM refuses her")


def test_expired():
    dn = new_member("ed", SAFETY_PW)
    policy = "cn=policy," + demo["BOB_DN"].split(",ou=people,", 1)[1]
    admin = demo.as_admin()
    tap.is_(admin.modify(policy, ("replace", "pwdMaxAge", "1")).code, 0, "passwords expire after a second")
    time.sleep(2)
    try:
        refuse(dn, SAFETY_PW, "expired")
        with_control = refuse(dn, SAFETY_PW, "expired, control", [factor_request()], 8)
        tap.is_(with_control.state, 4, "the response says expired")
        for_client = refuse(dn, SAFETY_PW, "expired, ppolicy control", [PPOLICY])
        tap.is_(for_client.ppolicy_error, 0, "passwordExpired in the ppolicy response")
        tap.is_(refuse(dn, "wrong-Pw-1", "expired, wrong password", [PPOLICY]).ppolicy_error, None, "not for a stranger")
    finally:
        tap.is_(admin.modify(policy, ("replace", "pwdMaxAge", "0")).code, 0, "passwords do not expire")
    tap.ok(works(dn, SAFETY_PW), "ed is in again")


# --- the control -----------------------------------------------------------------------------------------------------


def test_control_values():
    wire = Wire(demo)
    bind = served.simple_bind(*dn_pw("bob"))
    whole = factor_request(None, "sshd", "10.0.0.1")[2]

    def result(value, critical=None):
        return served.result_code(wire.ask(bind, [served.control(FACTOR_CONTROL, value, critical)]))

    tap.is_([result(whole, c) for c in (None, False, True)], [0, 0, 0], "critical, not critical, by default")
    tap.is_(result(b"\x30\x00"), 0, "an empty request")
    tap.is_([result(v, True) for v in (None, b"")], [2, 2], "no value, empty value")
    cut = {n: result(whole[:n], True) for n in range(1, len(whole))}
    tap.is_(set(cut.values()), {2}, "cut off after each octet")
    strange = [b"\x30\x80\x00\x00", b"\x31\x00", whole + b"\x00", b"\x30\x84\xff\xff\xff\xff", b"\x30\x02\x83\x00",
               ber.sequence(ber.octets("1", 0x81), ber.octets("1", 0x80)), b"\x30\x03\x80\x01"]
    tap.is_([result(v, True) for v in strange], [2] * len(strange), "other values are not taken")
    twice = [served.control(FACTOR_CONTROL, whole)] * 2
    tap.is_(served.result_code(wire.ask(bind, twice)), 2, "the control given twice")
    search = ber.sequence(ber.octets(""), ber.enumerated(0), ber.enumerated(0), ber.integer(0), ber.integer(0),
                          b"\x01\x01\x00", ber.octets("objectClass", 0x87), ber.sequence(), tag=0x63)
    tap.is_(served.result_code(wire.ask(search, [served.control(FACTOR_CONTROL, whole, True)])), 12,
            "critical on a search: not for that")
    big = [factor_request("1" * 5000)[2], factor_request(None, "x" * 60000)[2], factor_request(None, "a\nb\x00", "\x1b[2J")[2]]
    tap.ok(set(map(result, big)) <= {0, 2, 49}, "long and strange texts are judged")
    tap.ok(works(*dn_pw("bob")), "bob logs in after all that")


NAMES = [b"*", b"*)(uid=*", b"a,ou=x", b"\\00", b"a\x00b", b"bob\x00", b"bob\n", b"bob\nroot", b"%n%s", b"-rf", b"x" * 4096,
         b"\xff\xfe", b"\xc0\xaf", b"(", b")", b"&", b"\\", b"", b" ", b"bob ", b"..", b"a/b", b"\xed\xa0\x80",
         b"bob\xc3", b"bob\xfc"]


@tap.fault(8, 13)
def test_names():
    wire = Wire(demo)
    password = dn_pw("bob")[1]
    people = demo["BOB_DN"].split(",", 1)[1].encode()
    answers = [served.result_code(wire.ask(served.simple_bind(b"uid=" + name + b"," + people, password)))
               for name in NAMES if name.strip() != b"bob"]
    tap.ok(set(answers) <= {34, 49}, "names in a bind", answers)
    logins = [ber.sequence(ber.octets(b"acme", 0x80), ber.octets(name), tag=0xA1) for name in NAMES if name != b"bob "]
    organizations = [ber.sequence(ber.octets(name, 0x80), ber.octets(b"bob"), tag=0xA1) for name in NAMES]
    dns = [ber.octets(b"uid=" + name + b"," + people, 0x80) for name in NAMES if name.strip() != b"bob"]
    token = "mr1-" + "A" * 43
    for what, targets in (("login", logins), ("organization", organizations), ("DN", dns)):
        got = {}
        for target in targets:
            for oid, value in ((exops.REQUEST_RESET, ber.sequence(target)),
                               (exops.REDEEM, ber.sequence(target, ber.octets(token), ber.octets(SAFETY_PW))),
                               (exops.CHANGE_PASSWORD, ber.sequence(target, ber.octets(password), ber.octets(SAFETY_PW)))):
                got.setdefault(oid[-1], set()).add(served.result_code(wire.ask(served.extended(oid, value))))
        tap.ok(all(codes <= {0, 2, 34, 49} for codes in got.values()) and 0 not in got["2"] | got["3"],
               "names as %s of an operation" % what, got)
    seen = [demo.pam(name, [password]) for name in NAMES if b"\0" not in name]
    tap.is_([d.returncode if d else None for d in seen], [1] * len(seen), "names through PAM")
    for other in ("BOB", " bob", "\uff42ob"):
        tap.is_(demo.pam(other, [password]).returncode, 1, "PAM, bob spelled %r: another user for the host" % other)
    typed = {}
    for name in NAMES:
        if b"\0" not in name:
            done = demo.muster("-D", demo["ADMIN_DN"], "member", "show", b"acme/" + name, answers=[demo["ADMIN_PW"]])
            typed[name[:20]] = (done.returncode, done.stderr.count(b"\n"), done.stdout)
    wrong = {name: seen for name, seen in typed.items() if seen[0] not in (2, 4) or seen[1] != 1 or seen[2]}
    tap.is_(wrong, {b"bob ": typed[b"bob "]} if typed[b"bob "][0] == 0 else {}, "names through the command: one line each")
    tap.ok(alive() and works(*dn_pw("bob")), "all of it alive")


# --- passwords -------------------------------------------------------------------------------------------------------


@tap.fault(21, 22)
def test_passwords_as_typed():
    dn = new_member("ann", SAFETY_PW)
    for what, typed in (("first 8 octets", SAFETY_PW[:8]), ("other case", SAFETY_PW.swapcase()),
                        ("blank behind", SAFETY_PW + " "), ("NUL behind", SAFETY_PW + "\0"),
                        ("NUL and more", SAFETY_PW + "\0x"), ("NUL before", "\0" + SAFETY_PW)):
        refuse(dn, typed, what)
        clear_failures(dn)
    for size in (1000, 1001, 1 << 16):
        refuse(dn, "x" * size, "%d octets" % size)
        clear_failures(dn)
    wire = Wire(demo)
    tap.ok(served.result_code(wire.ask(served.simple_bind(dn, b"x" * (1 << 20)))) in (None, 49), "1 MiB: refused")
    clear_failures(dn)
    tap.ok(works(dn, SAFETY_PW), "the right one is good")
    for what, answers in (("empty", [""]), ("1 MiB", ["x" * (1 << 20)]), ("1001 octets", ["x" * 1001])):
        tap.is_(demo.pam("ann", answers).returncode, 1, "PAM, password %s: refused" % what)
    clear_failures(dn)
    tap.is_(demo.pam("ann", [SAFETY_PW]).returncode, 0, "PAM, the right one: in")
    dn, _ = dn_pw("t06")
    refuse(dn, demo.code(demo.seed("t06"), 1), "the code alone")
    tap.is_(demo.pam("t06", [demo.code(demo.seed("t06"), 1), ""]).returncode, 1, "PAM, the code alone: refused")
    tap.is_(demo.pam("t06", ["", demo.code(demo.seed("t06"), 1)]).returncode, 1, "PAM, no password but a code: refused")


def clear_failures(dn):
    """What an administrator may do: forget failed logins."""
    result = demo.as_root().modify(dn, ("replace", "pwdAccountLockedTime", None))
    if result.code != 0:
        raise RuntimeError("rootdn clears failures: %d %s" % (result.code, result.text))


def test_new_passwords():
    dn = new_member("una", SAFETY_PW)
    session = demo.session()
    now = SAFETY_PW
    for what, new, expected in (
            ("7 characters", "Ab-1567", 19), ("17 characters", "Ab-1" + "x" * 13, 19), ("no digit", "Abcdefg-", 19),
            ("no letter", "1234567-", 19), ("no special", "Abcdefg1", 19), ("the present one", SAFETY_PW, 19),
            ("1001 octets", "Ab-1" + "x" * 997, 19), ("invalid UTF-8", b"Ab-1\xff\xfexyz", 19), ("NUL", b"Ab-1\0wxyz", 19),
            ("17 of 4 octets", "Ab-1" + "\U0001f600" * 13, 19), ("empty", "", 19)):
        result = exops.change_password(session, dn, now, new)
        tap.ok(result.code == expected, "new password, %s: %d" % (what, expected), result)
        if expected == 19:
            tap.ok(works(dn, now), "%s: the old one stays" % what)
    for what, new, typed in (("8 characters", "Ab-15678", "Ab-15678"), ("16 characters", "Ab-1" + "x" * 12, "Ab-1" + "x" * 12),
                             ("16 of 4 octets", "Ab-1" + "\U0001f600" * 12, "Ab-1" + "\U0001f600" * 12),
                             ("typed composed", "Ab-1" + "e\u0301" * 8, "Ab-1" + "\u00e9" * 8),
                             ("typed decomposed", "Ab-2" + "\u00e9" * 8, "Ab-2" + "e\u0301" * 8)):
        tap.is_(exops.change_password(session, dn, now, new).code, 0, "new password, %s: taken" % what)
        tap.ok(works(dn, typed), "%s: good for a login" % what)
        demo.secrets.update((new, typed))
        now = new
    tap.is_(exops.change_password(session, dn, now, "Ab-1" + "x" * 12).code, 0, "the fourth last is free again")


def test_changing_by_oneself():
    """RFC 3062, behera 8.2.1: the old one is asked for on every way."""
    new = "Fresh-7pass"
    dn = new_member("cy", SAFETY_PW)
    me = demo.bound(dn, SAFETY_PW)
    result = me.modify(dn, ("replace", "userPassword", new), controls=[PPOLICY])
    tap.is_((result.code, result.ppolicy_error), (50, 4), "replace without the old one: mustSupplyOldPassword")
    tap.is_(me.modify(dn, ("delete", "userPassword", "Wrong-1pw"), ("add", "userPassword", new)).code in (16, 19, 49), True,
            "a wrong old one is refused")
    tap.ok(me.passwd(dn, None, new).code not in (0,), "Password Modify without the old one is refused")
    tap.ok(me.passwd(dn, "Wrong-1pw", new).code not in (0,), "or with a wrong one")
    tap.ok(me.passwd(demo["BOB_DN"], SAFETY_PW, new).code not in (0,), "or for somebody else")
    clear_failures(dn)
    nobody = demo.session()
    tap.ok(all(nobody.passwd(d, o, n).code not in (0,) for d, o, n in (
        (dn, None, new), (dn, None, None), (None, None, new), (None, SAFETY_PW, None), (demo["CAROL_DN"], "", new))),
        "Password Modify of nobody is refused")
    clear_failures(dn)
    tap.ok(works(dn, SAFETY_PW) and not works(dn, new), "nothing was changed")
    clear_failures(dn)
    tap.is_(me.modify(dn, ("delete", "userPassword", SAFETY_PW), ("add", "userPassword", new)).code, 0, "the right old one")
    demo.secrets.add(new)
    tap.ok(works(dn, new) and not works(dn, SAFETY_PW), "is what it takes")
    clear_failures(dn)
    tap.is_(demo.bound(dn, new).passwd(dn, new, "Third-7pass").code, 0, "Password Modify with the old one")
    tap.ok(works(dn, "Third-7pass"), "is taken")
    demo.secrets.add("Third-7pass")


@tap.fault(3)
def test_policy_numbers():
    policy = "cn=policy," + demo["BOB_DN"].split(",ou=people,", 1)[1]
    admin = demo.as_admin()
    before = admin.entry(policy)
    numbers = ["pwdMinLength", "pwdMaxLength", "pwdInHistory", "pwdMaxAge", "pwdMaxFailure", "pwdMinDelay", "pwdMaxDelay",
               "musterTokenLifetime"]
    taken = {}
    for name in numbers:
        for value in ("0", "-1", "2147483648", "9223372036854775808", "9" * 10000, "text", "", " 5"):
            result = admin.modify(policy, ("replace", name, value))
            if result.code == 0:
                taken.setdefault(name, []).append(value)
                admin.modify(policy, ("replace", name, before[name]))
            elif result.code not in (19, 21):
                taken.setdefault(name, []).append((value[:20], result))
    tap.is_(taken, {"pwdInHistory": ["0"], "pwdMaxAge": ["0"]}, "numbers out of range are refused in a policy")
    for name, value in (("musterSecondFactor", "maybe"), ("musterPwdRequire", "emoji"), ("pwdMustChange", "2")):
        tap.ok(admin.modify(policy, ("replace", name, value)).code in (19, 21), "%s: %s is refused" % (name, value))
    after = admin.entry(policy)
    same = {n: v for n, v in after.items() if n not in ("entryCSN", "modifyTimestamp")}
    tap.is_(same, {n: before[n] for n in same}, "nothing is changed by what was refused")
    tap.ok(alive() and works(*dn_pw("bob")), "slapd is alive, bob logs in")


# --- configuration and command line ------------------------------------------------------------------------------------


def test_configuration():
    with open(demo["CONFIG"]) as f:
        text = f.read()
    path = os.path.join(demo.folder, "musterd.conf")
    for what, line in (("key", "sokcet = /x"), ("section", "[gates]"), ("number", "[log]\nlevel = loud"),
                       ("twice", "[log]\nlevel = info\nlevel = debug"), ("no key", "just words"), ("value", "[gate]\nworkers = 0")):
        with open(path, "w") as f:
            f.write(text + line + "\n")
        number = text.count("\n") + line.count("\n") + 1
        for argv in ([os.path.join(served.BUILD, "musterd"), "-t", "-c", path],
                     [os.path.join(served.BUILD, "musterd"), "-f", "-c", path],
                     [os.path.join(served.BUILD, "muster"), "-c", path, "org", "list"]):
            done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
            tap.ok(done.returncode in (1, 2) and "%s:%d: " % (path, number) in done.stderr,
                   "configuration, %s: %s stops and names file and line" % (what, " ".join(os.path.basename(a) for a in argv[:2])),
                   done)


def test_command_line():
    for argv in ([], ["frobnicate"], ["org"], ["org", "lsit"], ["member", "show"], ["--bogus"], ["org", "list", "--jsno"],
                 ["org", "add", "x"], ["-H"], ["-H", "http://x", "-D", "cn=x", "org", "list"], ["member", "add", "acme"],
                 ["org", "add", "Bad Domain!", "--domain", "-x", "--owner-id", "o", "--owner-name", "O", "--owner-mail", "o@x.y"],
                 ["member", "add", "acme", "new", "--name", "N", "--mail", "no-address"],
                 ["member", "add", "acme", "new", "--name", "N", "--mail", "a@b.example\r\nBcc: x@y.example"],
                 ["password", "redeem", "a/b/c/d"]):
        done = demo.muster("-D", demo["ADMIN_DN"], *argv, answers=[demo["ADMIN_PW"]])
        tap.ok(done.returncode == 2 and done.stderr.startswith(b"muster: ") and not done.stdout,
               "muster %r: exit 2 and a reason" % " ".join(argv), done)
    tap.is_(demo.admin("member", "add", "acme", "bob", "--name", "B", "--mail", "b2@acme.example").returncode, 5, "in use: 5")
    tap.is_(demo.admin("org", "show", "nope").returncode, 4, "no such: 4")
    tap.is_(demo.muster("-D", demo["ADMIN_DN"], "org", "list", answers=["wrong"]).returncode, 3, "wrong password: 3")
    other = os.path.join(demo.folder, "other.crt")
    subprocess.run(["openssl", "req", "-x509", "-subj", "/CN=other", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-noenc", "-keyout", os.devnull, "-out", other],
                   check=True, capture_output=True)
    done = demo.muster("--ca-file", other, "-D", demo["ADMIN_DN"], "org", "list", answers=[demo["ADMIN_PW"]])
    tap.is_(done.returncode, 7, "a server that is not trusted: 7")


# --- resets ------------------------------------------------------------------------------------------------------------


@tap.fault(5)
def test_reset_answers_alike():
    for login in ("rex", "gone"):
        demo.add_member(login)
    demo.as_admin().modify(demo.dn("gone"), ("replace", "musterStatus", "suspended"))
    answers = {}
    for login in ("rex", "gone", "nobody", "%s" % ("n" * 200)):
        for how, target in (("DN", exops.target_dn(demo.dn(login))), ("login", exops.target_login(login, "acme"))):
            wire = Wire(demo)
            answers.setdefault(wire.ask(served.extended(exops.REQUEST_RESET, ber.sequence(target))), []).append((login, how))
    tap.is_(len(answers), 1, "existing, suspended, unknown: the same octets")
    for login in ("rex", "gone", "nobody"):
        done = demo.muster("password", "reset", "acme/" + login)
        answers[(done.returncode, done.stdout.replace(login.encode(), b"?"), done.stderr)] = login
    tap.is_(len(answers), 2, "and of the command")
    tap.ok(demo.token("rex@acme.example"), "rex gets a mail")
    tap.is_(demo.mails("gone@acme.example") + demo.mails("nobody@"), [], "nobody else does")
    wrong = [exops.redeem(demo.session(), exops.target_login(login, "acme"), "mr1-" + "A" * 43, SAFETY_PW)
             for login in ("rex", "gone", "nobody")]
    tap.is_(set((r.code, r.text, r.value) for r in wrong), {(49, "", None)}, "redeem with a wrong token: alike as well")


def test_token():
    dn = demo.add_member("tom")
    address = "tom@acme.example"
    session = demo.session()
    exops.request_reset(session, dn)
    token = demo.token(address)
    tap.ok(re.match(r"mr1-[A-Za-z0-9_-]{43}$", token or ""), "a token of 256 bits alone on a line")
    tap.is_(session.bind(dn, token).code, 49, "it is no password")
    tap.is_(demo.pam("tom", [token, "x", "x"]).returncode, 1, "of PAM neither")
    tap.is_(exops.redeem(session, demo["CAROL_DN"], token, SAFETY_PW).code, 49, "nor is it good for somebody else")
    tap.is_(exops.redeem(session, dn, token, "short").code, 19, "a refused password")
    exops.request_reset(session, dn)
    flipped = [token[:i] + ("A" if token[i] != "A" else "B") + token[i + 1:] for i in range(4, 46, 5)]
    tap.is_({exops.redeem(session, dn, t, SAFETY_PW).code for t in flipped + [token[:-1], token + "A", "", token.upper()]}, {49},
            "a token that is not quite right")
    tap.is_(exops.redeem(session, dn, token, SAFETY_PW).code, 0, "the token is still good")
    tap.is_(exops.redeem(session, dn, token, "Again-1pass").code, 49, "once")
    tap.ok(works(dn, SAFETY_PW), "the password is set")
    demo.secrets.update((SAFETY_PW, "Again-1pass"))


def fresh_token(login, dn):
    """Ask again until a token comes: a request that is claimed too early after the one before sends nothing."""
    had = len(demo.tokens(login + "@acme.example"))
    for _ in range(20):
        exops.request_reset(demo.session(), dn)
        if wait_for(lambda: len(demo.tokens(login + "@acme.example")) > had, 2):
            break
    return demo.tokens(login + "@acme.example")[had]


def mint_interval(seconds):
    """The least time between two tokens, set in cn=config by root over the local socket."""
    config = demo.session()
    config.connection.sasl_non_interactive_bind_s("EXTERNAL")
    found = config.search("cn=config", "(objectClass=olcMusterConfig)", ["1.1"]).entries
    result = config.modify(found[0][0], ("replace", "olcMusterMintInterval", seconds))
    if result.code:
        raise RuntimeError("olcMusterMintInterval: %d %s" % (result.code, result.text))


def test_tokens_die():
    dn = new_member("tim", SAFETY_PW)
    admin = demo.as_admin()
    mint_interval("1")
    try:
        older, newer = fresh_token("tim", dn), fresh_token("tim", dn)
        tap.is_(exops.redeem(demo.session(), dn, older, "Newer-1pass").code, 49, "a newer token kills the older")
        tap.is_(exops.change_password(demo.session(), dn, SAFETY_PW, "Fresh-2pass").code, 0, "a new password")
        tap.is_(exops.redeem(demo.session(), dn, newer, "Newer-1pass").code, 49, "kills the token")
        token = fresh_token("tim", dn)
        tap.is_(admin.modify(dn, ("replace", "mail", "tim2@acme.example")).code, 0, "another address")
        tap.is_(exops.redeem(demo.session(), dn, token, "Newer-1pass").code, 49, "kills the token")
        admin.modify(dn, ("replace", "mail", "tim@acme.example"))
        token = fresh_token("tim", dn)
        admin.modify(dn, ("replace", "musterStatus", "suspended"))
        tap.is_(exops.redeem(demo.session(), dn, token, "Newer-1pass").code, 49, "suspension kills the token")
        admin.modify(dn, ("replace", "musterStatus", "active"))
        tap.is_(exops.redeem(demo.session(), dn, token, "Newer-1pass").code, 49, "for good")
    finally:
        mint_interval("300")
    demo.secrets.update(("Newer-1pass", "Fresh-2pass"))
    tap.ok(works(dn, "Fresh-2pass"), "the password is what it was")


@tap.fault(2)
def test_parallel_redeem_and_second_factor():
    dn = new_member("pat", SAFETY_PW)
    seed = give_factor(dn)
    token = fresh_token("pat", dn)
    passwords = ["Paral-%02dx" % n for n in range(50)]
    demo.secrets.update(passwords)
    results = at_once([lambda p=p, s=demo.session(): exops.redeem(s, dn, token, p).code for p in passwords])
    tap.is_(results.count(0), 1, "50 redeems of one token at once: one")
    winner = passwords[results.index(0)]
    clear_failures(dn)
    tap.is_(demo.session().bind(dn, winner).code, 49, "the second factor is still asked for")
    tap.ok(works(dn, winner, seed), "and good")


# --- second factors --------------------------------------------------------------------------------------------------


def test_recovery_codes_and_revocation():
    dn = new_member("rae", SAFETY_PW)
    seed = totp.new_secret()
    session = demo.session()
    result, codes = exops.enrol_totp(session, dn, SAFETY_PW, seed, totp.wrong_code(seed))
    tap.is_((result.code, codes), (49, []), "no enrolment with a wrong code")
    tap.ok(works(dn, SAFETY_PW), "nothing is enrolled")
    result, codes = exops.enrol_totp(session, dn, SAFETY_PW, seed, demo.code(seed, -1))
    demo.secrets.update(codes + [totp.base32(seed)])
    tap.is_(result.code, 0, "enrolment with a right code")
    tap.ok(len(codes) >= 8 and len(set(codes)) == len(codes), "gives recovery codes", codes)
    tap.is_(session.bind(dn, SAFETY_PW).code, 49, "the password alone is no longer enough")
    tap.is_([session.bind_factor(dn, SAFETY_PW, codes[0]).code for _ in range(2)], [0, 49], "a recovery code is good once")
    clear_failures(dn)
    results = at_once([lambda s=demo.session(): s.bind_factor(dn, SAFETY_PW, codes[1]).code for _ in range(20)])
    tap.is_(results.count(0), 1, "20 times at once: once")
    clear_failures(dn)
    tap.ok(works(dn, SAFETY_PW, seed), "the app's code is good")
    tap.is_(demo.as_admin().modify(dn, ("delete", "oathSecret", None)).code, 0, "an admin revokes the factor")
    tap.ok(not works(dn, SAFETY_PW, seed), "the next login with a code is refused")
    tap.is_(session.bind_factor(dn, SAFETY_PW, codes[2]).code, 49, "so are its recovery codes")
    clear_failures(dn)
    tap.ok(works(dn, SAFETY_PW), "the password alone is enough")
    return [seed]


def test_sealed():
    """What the rootdn sees, and may damage."""
    root = demo.as_root()
    entries = {who: root.entry(dn_pw(who)[0]) for who in ("t10", "t11")}
    sealed = {who: entry["oathSecret"][0] for who, entry in entries.items()}
    tap.ok(all(demo.seed(w) not in s and totp.base32(demo.seed(w)).encode() not in s for w, s in sealed.items()),
           "seeds are sealed")
    hashed = entries["t10"]["userPassword"][0].decode()
    cost = re.match(r"\{MUSTER\}\$argon2id\$v=19\$m=(\d+),t=(\d+),p=1\$", hashed)
    tap.ok(cost and int(cost[1]) >= 19456 and int(cost[2]) >= 2, "passwords are Argon2id with its cost", hashed[:40])

    def put(who, value):
        return root.modify(dn_pw(who)[0], ("replace", "oathSecret", value), controls=[RELAX])

    for what, value in (("swapped", sealed["t11"]), ("changed", sealed["t10"][:-6] + b"AAAAAA"),
                        ("unknown key", re.sub(rb"^\{SEALED\}\w+", b"{SEALED}none", sealed["t10"])), ("cut", sealed["t10"][:30])):
        result = put("t10", value)
        tap.ok(result.code in (0, 19, 53), "a sealed seed, %s" % what, result)
        for seed in ("t10", "t11"):
            tap.ok(result.code != 0 or not works(*dn_pw("t10"), demo.seed(seed)), "%s: no login with the code of %s" % (what, seed))
        tap.ok(result.code != 0 or demo.session().bind(*dn_pw("t10")).code != 0, "%s: nor without" % what)
        clear_failures(dn_pw("t10")[0])
    tap.is_(put("t10", sealed["t10"]).code, 0, "put back as it was")
    tap.ok(alive(), "slapd is alive")
    tap.ok(wait_for(lambda: works(*dn_pw("t10"), demo.seed("t10")), 45), "and t10 logs in")


# --- the courier ---------------------------------------------------------------------------------------------------------


def test_courier_rights():
    courier = "cn=courier,ou=programs," + demo["BASE"]
    password = demo.courier_password()
    demo.secrets.add(password)
    me = demo.bound(courier, password)
    seen = {}
    for dn, attributes in me.search(demo["BASE"], attributes=["*", "+"]).entries:
        for name in attributes:
            seen.setdefault(name, dn)
    people = me.search(demo["BOB_DN"].split(",", 1)[1], attributes=["*", "+"]).entries
    tap.is_({name for _, attributes in people for name in attributes} - {
        "objectClass", "entryUUID", "musterOutbox", "musterLease"}, set(), "of members it sees what it follows and nothing more")
    tap.ok(not {"userPassword", "pwdHistory", "oathSecret", "musterChallenge", "musterRecoveryCode"} & set(seen),
           "no hash, not even its own", seen)
    probes = ["(userPassword=*)", "(oathSecret=*)", "(mail=bob*)", "(musterChallenge=*)", "(pwdHistory=*)", "(uid=bob)"]
    tap.is_([len(me.search(demo["BASE"], p, ["1.1"]).entries) for p in probes], [0] * len(probes), "nor by searching for it")
    bob = demo["BOB_DN"]
    refusals = {
        "password": me.modify(bob, ("replace", "userPassword", "Stolen-1pw")), "passwd": me.passwd(bob, None, "Stolen-1pw"),
        "challenge": me.modify(bob, ("add", "musterChallenge", "reset q-x 1 9999999999 0 AAAA AAAA"), controls=[RELAX]),
        "outbox": me.modify(bob, ("add", "musterOutbox", "m-x reset 1"), controls=[RELAX]),
        "seed": me.modify(bob, ("add", "oathSecret", totp.new_secret())),
        "mail": me.modify(bob, ("replace", "mail", "me@evil.example")),
        "status": me.modify(bob, ("replace", "musterStatus", "suspended")), "delete": me.delete(bob),
        "add": me.add("cn=x,ou=queue," + demo["BASE"], {"objectClass": ["organizationalRole"], "cn": "x"}),
        "compare": me.compare(bob, "userPassword", demo["BOB_PW"]), "rename": me.rename(bob, "uid=rob"),
    }
    tap.is_({n: r.code for n, r in refusals.items() if r.code not in (32, 50, 19, 53, 16, 17)}, {}, "nothing else is for it")
    for record in ("q-" + "A" * 22, "m-x", "", "x" * 5000, "m-00000000-0000-0000-0000-000000000000-AAAAAAAAAAA", "*"):
        tap.ok(exops.claim(me, record)[0].code in (2, 32), "claim of %r: no such record" % record[:20])
    for who, session in (("nobody", demo.session()), ("a member", demo.bound(*dn_pw("bob")))):
        tap.is_({exops.claim(session, "q-" + "A" * 22)[0].code, exops.done(session, "q-" + "A" * 22).code}, {50},
                "%s may not claim" % who)


# --- malformed requests ------------------------------------------------------------------------------------------------


def mutate(chance, value):
    data = bytearray(value)
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        at = chance.randrange(len(data)) if data else 0
        kind = chance.randrange(6)
        if kind == 0 and data:
            del data[at:]
        elif kind == 1 and data:
            data[at] = chance.randrange(256)
        elif kind == 2 and data:
            data[at] ^= 1 << chance.randrange(8)
        elif kind == 3:
            data[at:at] = chance.randbytes(chance.randrange(1, 9))
        elif kind == 4 and data:
            del data[at : at + chance.randrange(1, 9)]
        elif data:
            data[at] = chance.choice((0, 0x7F, 0x80, 0x81, 0x84, 0x88, 0xFF))
    return bytes(data)


def shoot(number, count, originals, courier):
    """Send mutated values and whole mutated messages; how many were answered."""
    chance = random.Random(number)
    wire, answered = Wire(demo), 0
    for _ in range(count):
        if wire.socket is None:
            wire.connect()
            if courier:
                wire.ask(courier)
        kind, value = chance.choice(originals)
        mutant = mutate(chance, value)
        controls = [served.control(FACTOR_CONTROL, mutant, chance.choice((None, True, False)))] if kind == "bind" else ()
        operation = served.simple_bind("uid=ghost," + demo["BASE"], "x") if kind == "bind" else served.extended(kind, mutant)
        if chance.randrange(10):
            answered += bool(wire.ask(operation, controls))
        else:
            wire.send(mutate(chance, wire.message(operation, controls)))
            wire.close()
    wire.close()
    return answered


@tap.fault(23)
def test_mutations():
    """10,000 malformed values of the control and of every operation."""
    target = exops.target_login("ghost", "acme")
    token = ber.octets("mr1-" + "A" * 43)
    pw = ber.octets(SAFETY_PW)
    anonymous = [("bind", factor_request("123456", "sshd", "192.0.2.7")[2]), (exops.REQUEST_RESET, ber.sequence(target)),
                 (exops.REDEEM, ber.sequence(target, token, pw)),
                 (exops.CHANGE_PASSWORD, ber.sequence(target, pw, ber.octets("123456", 0x80), pw)),
                 (exops.ENROL_TOTP, ber.sequence(target, pw, ber.octets(b"s" * 20), ber.octets("123456")))]
    record = ber.octets("q-" + "A" * 22)
    of_courier = [(exops.CLAIM, ber.sequence(record)), (exops.DONE, ber.sequence(record, ber.enumerated(0)))]
    bind = served.simple_bind("cn=courier,ou=programs," + demo["BASE"], demo.courier_password())
    answered = at_once([lambda n=n: shoot(n, 1250, anonymous, None) for n in range(6)] +
                       [lambda n=n: shoot(n, 1250, of_courier, bind) for n in (6, 7)])
    tap.ok(all(isinstance(n, int) and n > 300 for n in answered), "10,000 malformed requests are answered", answered)
    tap.ok(alive(), "slapd and musterd are alive")
    tap.ok(works(*dn_pw("bob")), "the next login works")
    tap.is_(demo.pam("bob", [dn_pw("bob")[1]]).returncode, 0, "through PAM as well")


# --- what is kept in files -----------------------------------------------------------------------------------------------


def test_text_of_mails():
    """Names and addresses that want to be a header, a recipient or a format."""
    people = demo["BOB_DN"].split(",", 1)[1]
    entry = {"objectClass": ["inetOrgPerson", "musterMember"], "sn": "X", "preferredLanguage": "en\r\nX-Evil: 1",
             "cn": "N %n%s\r\nBcc: evil@evil.example\r\n\r\nbody", "displayName": "D\nBcc: evil@evil.example"}
    admin = demo.as_admin()
    for login, mail in (("inj1", "inj1@acme.example"), ("inj2", "inj2@acme.example\r\nBcc: evil@evil.example"),
                        ("inj3", "inj3@acme.example>\r\nRCPT TO:<evil@evil.example"), ("inj4", "-oQ/tmp@acme.example")):
        result = admin.add("uid=%s,%s" % (login, people), dict(entry, uid=login, mail=mail))
        tap.ok(result.code in (0, 19, 21), "%s is added or refused" % login, result)
        exops.request_reset(demo.session(), demo.dn(login))
    tap.ok(demo.token("inj1@acme.example"), "a name with line breaks: the mail comes")
    exops.request_reset(demo.session(), demo.dn("olive"))
    tap.ok(demo.token("olive@acme.example"), "and those after it")
    evil = [m for m in demo.mails("") if "evil" in str(m.items()).lower()]
    tap.is_([m.items() for m in evil], [], "no header and no recipient comes from a name")


def files_below(folder):
    return [p for p in glob.glob(os.path.join(folder, "**"), recursive=True) if os.path.isfile(p) and not os.path.islink(p)]


@tap.fault(11)
def test_files():
    """Who may read what: everything that holds a secret is for its owner alone."""
    inside = files_below(demo.site)
    secret = [p for p in inside if re.search(r"\.pw$|\.key$|/muster\.keys$|/db/|/slapd\.d/.*\.ldif$|/etc/.*\.ldif$", p)]
    secret += [os.path.join(demo.folder, "env")]
    tap.ok(len(secret) > 8, "there are files with secrets")
    tap.is_([p for p in secret if stat.S_IMODE(os.stat(p).st_mode) & 0o077], [], "readable by their owners alone")
    tap.is_([stat.S_IMODE(os.stat(demo[d]).st_mode) & 0o077 for d in ("MAIL_DIR", "SMS_DIR")], [0, 0], "so are the mails")
    tap.is_([p for p in inside if stat.S_IMODE(os.stat(p).st_mode) & 0o022], [], "nothing can be written by others")
    if os.geteuid() == 0:
        ids = {}
        for pid in children(int(demo["MUSTERD_PID"])):
            with open("/proc/%d/status" % pid) as f:
                ids[pid] = set(re.search(r"^Uid:\s+(.*)$", f.read(), re.M)[1].split())
        tap.ok(len(ids) == 2 and all(len(u) == 1 for u in ids.values()) and len(set.union(*ids.values())) == 2 and
               "0" not in set.union(*ids.values()), "gate and courier are two users, none of them root", ids)
        slapd = os.stat("/proc/%s" % demo["SLAPD_PID"]).st_uid
        keys = [p for p in inside if p.endswith("muster.keys")]
        tap.is_([os.stat(p).st_uid for p in keys], [os.stat(demo.site + "/db").st_uid], "the sealing key is slapd's")
        tap.ok(slapd is not None and not any(str(os.stat(p).st_uid) in u for p in keys for u in ids.values()), "not theirs")
    for pid in [int(demo["MUSTERD_PID"])] + children(int(demo["MUSTERD_PID"])):
        with open("/proc/%d/limits" % pid) as f:
            tap.ok(re.search(r"^Max core file size\s+0\s+0\s", f.read(), re.M), "musterd leaves no core files")


def children(pid):
    with open("/proc/%d/task/%d/children" % (pid, pid)) as f:
        return [int(text) for text in f.read().split()]


def found_in(paths, words):
    """Which words are in which files, as words of their own; digits behind a point are a time."""
    pattern = re.compile(rb"(?<![0-9A-Za-z.])(?:" + b"|".join(map(re.escape, sorted(words, reverse=True))) + rb")(?![0-9A-Za-z])")
    found = {}
    for path in paths:
        with open(path, "rb") as f:
            for match in pattern.finditer(f.read()):
                found.setdefault(os.path.relpath(path, demo.site), set()).add(match[0])
    return found


def test_no_secret_is_kept():
    """Every password, code, token and seed of this run, looked for in the database and in the logs."""
    words = {s.encode() for s in demo.secrets if len(s) >= 6}
    seeds = [demo.seed(who) for who in members + ["alice"]]
    words |= {base64.b64encode(s) for s in seeds} | {s.hex().encode() for s in seeds}
    tap.ok(len(words) > 200, "%d secrets were used" % len(words))
    mails = files_below(demo["MAIL_DIR"])
    tap.ok(len(found_in(mails, words)) > 5, "what is there is found: tokens in mails")
    database = glob.glob(demo.site + "/db/*")
    logs = glob.glob(demo.site + "/log/*") + [demo.output]
    tap.is_(found_in(database, words), {}, "none is in the database")
    tap.is_([p for p in database for s in seeds if s in open(p, "rb").read()], [], "nor a seed as it is")
    tap.is_(found_in(logs, words), {}, "none is in a log")
    tap.is_(found_in(files_below(demo.site + "/slapd.d"), words), {}, "none is in slapd's configuration")
    with open(demo.site + "/log/slapd.log", errors="replace") as f:
        log = f.read()
    for outcome in ("accepted", "refused"):
        tap.ok(re.search(r' muster: outcome=%s operation=bind dn="uid=t01,' % outcome, log), "slapd's log has logins: %s" % outcome)
    with open(demo.site + "/log/musterd.log", errors="replace") as f:
        lines = f.read().splitlines()
    tap.is_([x for x in lines if not re.match(r"musterd: (\w+: )?\w+: ", x)], [], "no name makes a line of musterd's log")
    tap.is_([x for x in lines if re.search(r"[\x00-\x1f\x7f]", x)], [], "or a control character")


# --- servers that are gone, hung or others -----------------------------------------------------------------------------


def service(name, socket):
    """A folder of PAM services whose pam_muster.so talks to another socket."""
    with open(os.path.join(demo["PAM_CONFDIR"], "muster")) as f:
        text = f.read()
    folder = os.path.join(demo.folder, "pam-" + name)
    os.mkdir(folder)
    with open(os.path.join(folder, "muster"), "w") as f:
        f.write(text.replace(demo["SOCKET"], socket))
    return folder


def denied(what, services=None, answers=None):
    """bob's right password, denied while what is wrong goes on."""
    done = demo.pam("bob", answers or [dn_pw("bob")[1]] * 4, services)
    tap.ok(done is not None and done.returncode == 1, "%s: PAM says no" % what, done)


def test_gate_hung():
    pids = children(int(demo["MUSTERD_PID"])) + [int(demo["MUSTERD_PID"])]
    for pid in pids:
        os.kill(pid, 19)
    try:
        denied("musterd hangs")
    finally:
        for pid in pids:
            os.kill(pid, 18)
    tap.is_(demo.pam("bob", [dn_pw("bob")[1]]).returncode, 0, "it goes on: bob is in")


def test_directory_hung():
    os.kill(int(demo["SLAPD_PID"]), 19)
    try:
        denied("slapd hangs")
    finally:
        os.kill(int(demo["SLAPD_PID"]), 18)
    tap.ok(wait_for(lambda: demo.pam("bob", [dn_pw("bob")[1]]).returncode == 0), "it goes on: bob is in")


def test_gate_gone():
    denied("no socket", service("none", os.path.join(demo.folder, "none.sock")))
    chance = random.Random(1)

    def junk(connection):
        connection.sendall(chance.randbytes(100000))

    def zeros(connection):
        while connection.recv(4096):
            connection.sendall(bytes(4096))

    def ones(connection):
        connection.sendall(b"\0\0\0\1\1" * 1000)
        connection.recv(4096)

    def echo(connection):
        while (data := connection.recv(4096)):
            connection.sendall(data)

    def drip(connection):
        connection.sendall(b"\0")
        while True:
            time.sleep(0.5)
            connection.sendall(b"\0")

    def silent(connection):
        while connection.recv(4096):
            pass

    for behave in (junk, zeros, ones, echo, drip, silent, lambda connection: None):
        name = behave.__name__.strip("<>")
        path = os.path.join(demo.folder, name + ".sock")
        other = impostor.Socket(path, behave)
        denied("a socket that is no gate (%s)" % name, service(name, path))
        other.close()


def gate_for(uri, ca):
    """musterd's gate alone, asking another directory: (process, folder of PAM services)."""
    name = "gate-" + uri.rsplit(":", 1)[1]
    config = os.path.join(demo.folder, name + ".conf")
    socket = os.path.join(demo.folder, name, "gate.sock")
    with open(demo["CONFIG"]) as f:
        template = re.search(r"^dn_template.*$", f.read(), re.M)[0]
    with open(config, "w") as f:
        f.write("[directory]\nuris = %s\nca_file = %s\nbase = %s\n[gate]\nsocket = %s\n%s\n[courier]\nenabled = no\n" % (
            uri, ca, demo["BASE"], socket, template))
    process = subprocess.Popen([os.path.join(served.BUILD, "musterd"), "-f", "-c", config], stdin=subprocess.DEVNULL,
                               stderr=open(os.path.join(demo.folder, name + ".log"), "wb"))
    if not wait_for(lambda: os.path.exists(socket)):
        raise RuntimeError("musterd does not start")
    return process, service(name, socket)


def test_directory_without_muster():
    """Others that say yes to every bind: without the overlay's own answer nobody gets in."""
    cert, key = impostor.certificate(demo.folder)
    for what, result, ca in (("success to everything", 0, cert), ("critical control unknown", 12, cert), ("no answer", None, cert),
                             ("a certificate of somebody else", 0, demo["CACERT"])):
        server = impostor.Directory(result, (cert, key))
        process, services = gate_for("ldaps://127.0.0.1:%d" % server.port, ca)
        try:
            denied("a directory with %s" % what, services, [dn_pw("bob")[1], "123456", "123456"])
            if ca != cert:
                tap.is_(server.received, b"", "and it learns nothing")
        finally:
            process.terminate()
            process.wait(30)
            server.close()


def test_no_password_in_clear():
    for result in (0, 2, 53):
        server = impostor.Directory(result)
        done = demo.muster("-H", "ldap://127.0.0.1:%d" % server.port, "-D", demo["ADMIN_DN"], "org", "list",
                           answers=[demo["ADMIN_PW"]])
        server.close()
        tap.is_(done.returncode, 7, "ldap:// without StartTLS (%d): exit 7" % result)
        tap.ok(demo["ADMIN_PW"].encode() not in server.received and b"cn=admin" not in server.received, "nothing in clear")


@tap.fault(28)
def test_killed():
    """SIGKILL: what was spent stays spent, and everything comes back."""
    dn, password = dn_pw("t15")
    used = password + demo.code(demo.seed("t15"))
    tap.is_(demo.session().bind(dn, used).code, 0, "t15 logs in")
    before = dict(demo.env)
    os.kill(int(demo["SLAPD_PID"]), 9)
    tap.ok(wait_for(lambda: demo.read_env()["SLAPD_PID"] != before["SLAPD_PID"]), "slapd comes back")
    demo.env = demo.read_env()
    tap.is_(demo.session().bind(dn, used).code, 49, "the code is spent")
    old = children(int(demo["MUSTERD_PID"]))
    os.kill(int(demo["MUSTERD_PID"]), 9)
    tap.ok(wait_for(lambda: demo.read_env()["MUSTERD_PID"] != before["MUSTERD_PID"]), "musterd comes back")
    tap.ok(wait_for(lambda: not any(os.path.exists("/proc/%d" % pid) for pid in old)), "its processes went with it")
    demo.env = demo.read_env()
    tap.ok(wait_for(lambda: demo.pam("bob", [dn_pw("bob")[1]]).returncode == 0), "bob logs in")

tap.main(globals())
