#!/usr/bin/python3
"""A member logs in through libpam, pam_muster.so, musterd and slapd: every dialogue, on real parts."""

import base64
import os
import re
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from lib import exops, gate as gates, people, tap, totp  # noqa: E402
from lib.gate import Gate  # noqa: E402
from lib.session import RELAX  # noqa: E402
from lib.world import World  # noqa: E402

world = World()
org = people.organization(world)
gate = Gate(world, "uid=%u," + org.people)
NEW = "Summer#2027"
IN = {"auth": gates.PAM_SUCCESS, "account": gates.PAM_SUCCESS}
OUT = {"auth": gates.PAM_AUTH_ERR, "account": gates.PAM_PERM_DENIED}


def two_codes(secret):
    """Codes of two steps that can be used one after the other now: the one before, which is still accepted, and this one."""
    while time.time() % totp.PERIOD > totp.PERIOD - 12:
        time.sleep(0.2)
    return totp.code_of_step(secret, totp.step() - 1), totp.totp(secret)


def member(password=people.PASSWORD, factor=False, organization=org, **more):
    return people.member(organization, None, password, totp.new_secret() if factor else None, **more)


def set_by_admin(one, password):
    """A password that its owner has to change."""
    with world.use("root") as root:
        people.must(root.modify(one.dn, ("replace", "userPassword", password)), "password")


def mailed_token(one):
    """What the courier would mail to a member that has no password yet: to others it writes to proved addresses only."""
    folder = "ou=queue," + world.base
    with world.use() as anyone, world.use("root") as root, world.use("courier") as courier:
        people.must(exops.request_reset(anyone, one.dn), "requestReset")
        entries = root.search(folder, "(objectClass=musterRequest)", ["cn"]).entries
        record = entries[0][1]["cn"][0].decode()
        result, found = exops.claim(courier, record)
        people.must(result, "claim")
        people.must(exops.done(courier, record), "done")
    return found["secret"]


def test_password():
    one = member()
    tap.is_(gate.login(one.uid, [one.password]).results, IN, "the right password is let in")
    seen = gate.login(one.uid, ["wrong"])
    tap.is_(seen.results, OUT, "a wrong password is refused")
    tap.is_(gate.login(one.uid, [""]).results, OUT, "an empty password is refused")
    tap.is_(gate.login(one.uid, [one.password[:-1]]).results, OUT, "a password without its last character is refused")
    tap.is_(gate.login(one.uid, [one.password + " "]).results, OUT, "a password with a blank behind it is refused")
    tap.is_(gate.login(one.uid, ["x" * (1 << 20)]).results, OUT, "a password of 1 MiB is refused")
    tap.is_(gate.login(one.uid, [b"\xff\xfe"]).results, OUT, "a password that is not UTF-8 is refused")
    tap.is_(gate.login(one.uid, []).results["auth"], gates.PAM_CONV_ERR, "a conversation that fails is no login")


@tap.fault(5)
def test_unknown_user_looks_alike():
    one = member(factor=True)
    known, unknown = gate.login(one.uid, ["wrong"]), gate.login("nobody-at-all", ["wrong"])
    tap.is_(unknown.lines, known.lines, "an unknown user sees what a wrong password sees")


@tap.fault(8, 13)
def test_strange_names():
    for name in ("*", "*)(uid=*", "a,ou=x", "\\00", "-x", " ", "#1", "a\nb", "x" * 300, "x" * 4096, "\u202ealice"):
        results = gate.login(name, ["wrong"]).results
        tap.ok(results["auth"] not in (gates.PAM_SUCCESS, 25) and results["account"] not in (gates.PAM_SUCCESS, 25),
               "name %r is refused" % name[:20], results)
    tap.ok(world.alive(), "slapd is alive")


def test_code():
    one = member(factor=True)
    first, second = two_codes(one.secret)
    seen = gate.login(one.uid, [one.password, first])
    tap.is_(seen.results, IN, "password and code are let in")
    tap.is_(seen.said("prompt"), ["Password: ", "One-time code: "], "the code is asked for after the password")
    tap.is_(gate.login(one.uid, [one.password, first]).results, OUT, "the same code again is refused")
    tap.is_(gate.login(one.uid, [one.password, totp.wrong_code(one.secret)]).results, OUT, "a wrong code is refused")
    tap.is_(gate.login(one.uid, [one.password, ""]).results, OUT, "no code is refused")
    seen = gate.login(one.uid, ["wrong", second])
    tap.is_(seen.said("prompt"), ["Password: "], "a wrong password is not asked for its code")
    tap.is_(gate.login(one.uid, [one.password, second]).results, IN, "the next code is let in")


def test_prompt_together():
    gate.service("together", "prompt=together")
    one, plain = member(factor=True), member()
    first, second = two_codes(one.secret)
    tap.is_(gate.login(one.uid, [one.password + first], service="together").results, IN, "password and code in one line")
    tap.is_(gate.login(one.uid, [first], service="together").results, OUT, "the code alone is refused")
    tap.is_(gate.login(one.uid, [one.password + first], service="together").results, OUT, "a spent code in one line is refused")
    seen = gate.login(one.uid, [one.password, second], service="together")
    tap.is_(seen.results, IN, "without the code it is asked for")
    tap.is_(gate.login(plain.uid, [plain.password], service="together").results, IN, "a member without a factor has no code")
    digits = member(password="Winter#123456")
    tap.is_(gate.login(digits.uid, [digits.password], service="together").results, IN,
            "six digits at the end of a password are part of it")


def test_prompt_always():
    gate.service("always", "prompt=always")
    one, plain = member(factor=True), member()
    code = two_codes(one.secret)[0]
    seen = gate.login(one.uid, [one.password, code], service="always")
    tap.is_(seen.results, IN, "password and code asked for at once")
    tap.is_(len(seen.said("prompt")), 2, "both were asked for")
    seen = gate.login(one.uid, ["wrong", code], service="always")
    tap.is_((seen.results, len(seen.said("prompt"))), (OUT, 2), "the code is asked for whatever the password is")
    tap.is_(gate.login(plain.uid, [plain.password, ""], service="always").results, IN, "a member without a factor leaves it empty")


def test_first_pass():
    one = member()
    for option in ("use_first_pass", "try_first_pass"):
        asks = "auth optional %s socket=%s\n" % (gates.MODULE, gate.socket)
        gate.service(option, option, before=asks)
        seen = gate.login(one.uid, [one.password], service=option)
        tap.is_((seen.results["auth"], seen.said("prompt")), (0, ["Password: "]), "%s takes the password from before" % option)
    seen = gate.login(one.uid, ["wrong", one.password], service="try_first_pass")
    tap.is_(seen.results["auth"], 0, "try_first_pass asks when that one was wrong")
    seen = gate.login(one.uid, ["wrong", one.password], service="use_first_pass")
    tap.is_((seen.results["auth"], len(seen.said("prompt"))), (gates.PAM_AUTH_ERR, 1), "use_first_pass does not ask")
    gate.service("use-alone", "use_first_pass")
    seen = gate.login(one.uid, [one.password], service="use-alone")
    tap.is_((seen.results["auth"], seen.lines[:-2]), (gates.PAM_AUTH_ERR, []), "use_first_pass without one is refused")


def test_suspended():
    one = member()
    tap.is_(gate.login(one.uid, [one.password]).results, IN, "an active member is let in")
    with world.use("root") as root:
        people.must(root.modify(one.dn, ("replace", "musterStatus", "suspended")), "suspend")
    tap.is_(gate.login(one.uid, [one.password]).results, OUT, "a suspended one is refused")
    with world.use("root") as root:
        people.must(root.modify(one.dn, ("replace", "musterStatus", "active")), "resume")
    tap.is_(gate.login(one.uid, [one.password]).results, IN, "resumed, it is let in again")


def test_setcred_and_session():
    one = member()
    seen = gate.run(one.uid, [one.password], "auth", "setcred", "open", "close")
    tap.is_(seen.results, {"setcred": 0, "auth": 0, "open": 0, "close": 0}, "after a login all calls succeed")
    seen = gate.run(one.uid, ["wrong"], "auth", "setcred", "open")
    tap.is_((seen.results["setcred"], seen.said("info")), (gates.PAM_CRED_UNAVAIL, []), "after one that was refused there are no "
            "credentials")
    seen = gate.run(one.uid, [], "setcred")
    tap.is_(seen.results, {"setcred": 0}, "without any (cron, su by root) there is nothing to refuse")
    tap.is_(seen.said("info"), [], "a first login has none before it")
    seen = gate.run(one.uid, [one.password], "auth", "open")
    tap.ok(any(re.fullmatch(r"Previous login: \d{4}-\d\d-\d\d .*", line) for line in seen.said("info")),
           "the previous login is told", seen.text)
    seen = gate.run(one.uid, [one.password], "silent", "auth", "open")
    tap.is_((seen.results["open"], seen.said("info")), (0, []), "PAM_SILENT is respected")


def test_change_by_admin():
    one = member(factor=True)
    set_by_admin(one, "Given#2026")
    first, second = two_codes(one.secret)
    seen = gate.login(one.uid, ["Given#2026", first, NEW, NEW, second])
    tap.is_(seen.results, IN, "a password set by an administrator is changed inside the login")
    tap.in_("You must choose a new password.", seen.said("info"), "the reason is told")
    tap.is_(gate.login(one.uid, ["Given#2026"]).results, OUT, "the old password is dead")


def test_change_dialogue_faults():
    one = member()
    set_by_admin(one, "Given#2020")
    seen = gate.login(one.uid, ["Given#2020", NEW, NEW + "x", NEW, NEW])
    tap.is_(seen.results, IN, "a mistyped repetition is asked for again")
    tap.in_("The two are not the same.", seen.said("error"), "and told")
    set_by_admin(one, "Given#2021")
    seen = gate.login(one.uid, ["Given#2021", "abc", "abc", "x" * 2000, "x" * 2000, "Autumn#2028", "Autumn#2028"])
    tap.is_(seen.results, IN, "a password that breaks rules is asked for again")
    for part in ("too short: at least 8", "needs a digit", "needs a special", "longer than 1000"):
        tap.in_(part, "\n".join(seen.said("error")), "the rule is named: %s" % part)
    set_by_admin(one, "Given#2022")
    seen = gate.login(one.uid, ["Given#2022"] + ["short"] * 8)
    tap.ok(seen.results["auth"] != 0, "after three it is refused", seen.results)
    tap.is_(len(seen.said("prompt")), 7, "three tries are given")
    seen = gate.login(one.uid, ["Given#2022", "", ""])
    tap.ok(seen.results["auth"] != 0, "an empty new password ends the login", seen.results)
    seen = gate.login(one.uid, ["Given#2022"])
    tap.ok(seen.results["auth"] != 0, "without a new password there is no login", seen.results)


def test_change_together():
    gate.service("together", "prompt=together")
    one = member(factor=True)
    set_by_admin(one, "Given#2026")
    first, second = two_codes(one.secret)
    seen = gate.login(one.uid, ["Given#2026" + first, NEW, NEW, second], service="together")
    tap.is_(seen.results, IN, "change inside a login with password and code in one line")


def test_expired():
    old = people.organization(world, "old", policy={"pwdMaxAge": "86400"})
    other = Gate(world, "uid=%u," + old.people)
    one = member(organization=old)
    with world.use("root") as root:
        people.must(root.modify(one.dn, ("replace", "pwdChangedTime", "20200101000000Z"), controls=[RELAX]), "long ago")
    seen = other.login(one.uid, [one.password, NEW, NEW])
    tap.is_(seen.results, IN, "an expired password is changed inside the login")
    tap.in_("Your password has expired. Choose a new one.", seen.said("info"), "the reason is told")
    other.stop()


def test_enrolment():
    strict = people.organization(world, "strict", policy={"musterSecondFactor": "required"})
    other = Gate(world, "uid=%u," + strict.people)
    one = member(organization=strict)
    two_codes(b"0" * 20)
    process = other.begin(one.uid, "auth", "account")
    key, lines = None, []

    def type_in(text):
        process.stdin.write(text.encode() + b"\n")
        process.stdin.flush()

    type_in(one.password)
    while not (lines and (lines[-1] == "" or "6-digit code" in lines[-1])):
        lines.append(process.stdout.readline().decode())
        found = re.search(r"setup key into it: ([A-Z2-7]+)", lines[-1])
        key = found.group(1) if found else key
    secret = base64.b32decode(key + "=" * (-len(key) % 8))
    tap.is_(len(secret), 20, "the setup key is a seed of 160 bits")
    tap.ok(sum("\u2588" in line for line in lines) >= 20, "a QR code is drawn")
    type_in("000000" if totp.totp(secret) != "000000" else "111111")
    type_in(totp.code_of_step(secret, totp.step() - 1))
    type_in(totp.totp(secret))
    rest = process.communicate()[0].decode()
    tap.in_("This code is wrong.", rest, "a wrong confirming code is asked for again")
    tap.in_("auth=0\naccount=0", rest, "after enrolment the login goes on with the next code")
    codes = re.findall(r"^info: ([a-z0-9-]{8,})$", rest, re.M)
    tap.ok(len(codes) >= 5, "recovery codes are shown", rest)
    seen = other.login(one.uid, [one.password, codes[0]] if codes else [])
    tap.is_(seen.results, IN, "a recovery code is let in")
    seen = other.login(one.uid, [one.password, codes[0]] if codes else [])
    tap.is_(seen.results, OUT, "once")
    plain = member(organization=strict)
    seen = other.run(plain.uid, [plain.password], "silent", "auth")
    tap.ok(seen.results["auth"] != 0, "an application that wants silence cannot enrol", seen.results)
    other.stop()


def test_token():
    one = member(password=None, factor=True)
    token = mailed_token(one)
    first, second = two_codes(one.secret)
    seen = gate.login(one.uid, [token, NEW, NEW])
    tap.ok(seen.results["auth"] != 0, "a token and a new password are no login of a member with a factor", seen.results)
    tap.is_(gate.login(one.uid, [NEW, first]).results, IN, "the new password is, with a code")
    tap.is_(gate.login(one.uid, [token, "Third#2029", "Third#2029"]).results["auth"], gates.PAM_AUTH_ERR, "a token works once")
    plain = member(password=None)
    token = mailed_token(plain)
    seen = gate.login(plain.uid, [token, "short", "short", NEW, NEW])
    tap.is_(seen.results, IN, "a first password is chosen with a token, and a normal login follows")
    tap.in_("Your password has been changed.", seen.said("info"), "and told")
    wrong = "mr1-" + "A" * 43
    tap.is_(gate.login(plain.uid, [wrong, NEW, NEW]).results["auth"], gates.PAM_AUTH_ERR, "a made-up token is refused")


def test_chauthtok():
    one = member()
    with world.use("root") as root:
        before = root.entry(one.dn, ["pwdLastSuccess"])
        seen = gate.run(one.uid, [one.password, NEW, NEW], "change")
        tap.is_(seen.results, {"change": 0}, "passwd: old, new, new again")
        tap.is_(root.entry(one.dn, ["pwdLastSuccess"]), before, "which is no login")
    tap.is_(gate.login(one.uid, [NEW]).results, IN, "the new one is let in")
    tap.is_(gate.login(one.uid, [one.password]).results, OUT, "the old one is refused")
    seen = gate.run(one.uid, ["wrong", NEW, NEW], "change")
    tap.ok(seen.results["change"] != 0, "a wrong old password changes nothing", seen.results)
    seen = gate.run(one.uid, [NEW, one.password, one.password, "Third#2029", "Third#2029"], "change")
    tap.is_(seen.results, {"change": 0}, "one of the last is refused, another accepted")
    tap.in_("one of the 3 you used last", "\n".join(seen.said("error")), "the rule is named")
    two = member(factor=True)
    first, second = two_codes(two.secret)
    seen = gate.run(two.uid, [two.password, NEW, NEW, first], "change")
    tap.is_(seen.results, {"change": 0}, "a member with a factor is asked for a code")
    tap.is_(gate.login(two.uid, [NEW, first]).results, OUT, "that code is spent")
    tap.is_(gate.login(two.uid, [NEW, second]).results, IN, "the next is good")
    fresh = member(password=None)
    seen = gate.run(fresh.uid, [mailed_token(fresh), NEW, NEW], "change")
    tap.is_(seen.results, {"change": 0}, "a token in place of the old password")
    seen = gate.run(one.uid, [], "change")
    tap.ok(seen.results["change"] != 0, "a conversation that fails changes nothing", seen.results)


def test_korean():
    one = member()
    korean = {"LANG": "ko_KR.UTF-8", "LANGUAGE": ""}
    seen = gate.login(one.uid, [one.password], environment=korean)
    tap.is_(seen.results, IN, "another language changes no result")


@tap.fault(7)
def test_options():
    one = member()
    for option in ("debug", "timeout", "timeout=", "timeout=0", "timeout=121", "timeout=5s", "timeout=-1", "timeout=05",
                   "prompt=never", "prompt", "use_first_pass=yes", "socket=relative", "owner=no-such-user-here", "minimum_uid", "minimum_uid=-1", "minimum_uid=x",
                   "try_first_pass use_first_pass", "nullok", "TIMEOUT=5"):
        gate.service("options", option)
        seen = gate.run(one.uid, [one.password] * 4, "auth", "setcred", "account", "open", "close", "change", service="options")
        tap.ok(all(r not in (gates.PAM_SUCCESS, 25) for r in seen.results.values()) and len(seen.results) == 6,
               "%s is an error in every call" % option, seen.results)


@tap.fault(6)
def test_directory_gone():
    one = member()
    world.pause()
    begun = time.monotonic()
    seen = gate.login(one.uid, [one.password])
    tap.ok(seen.results["auth"] == gates.PAM_AUTHINFO_UNAVAIL, "slapd hangs: unavailable", seen.results)
    tap.note("%.1f s" % (time.monotonic() - begun))
    world.resume()
    tap.eventually(lambda: gate.login(one.uid, [one.password]).results == IN, "slapd goes on: in")
    world.stop()
    tap.is_(gate.login(one.uid, [one.password]).results["auth"], gates.PAM_AUTHINFO_UNAVAIL, "slapd is gone: unavailable")
    world.start()
    tap.eventually(lambda: gate.login(one.uid, [one.password]).results == IN, "slapd is back: in")


@tap.fault(6)
def test_gate_gone_and_hung():
    one = member(factor=True)
    gate.service("short", "timeout=1")
    code = two_codes(one.secret)[1]
    gate.pause()
    seen = gate.login(one.uid, [one.password, code], service="short")
    tap.ok(seen.results["auth"] not in (0, 25) and seen.results["account"] not in (0, 25), "the gate hangs: no", seen.results)
    gate.resume()
    process = gate.begin(one.uid, "auth")
    process.stdin.write(one.password.encode() + b"\n")
    process.stdin.flush()
    lines = b""
    while b"code" not in lines:
        lines += process.stdout.read1(100)
    gate.stop()
    gate.start()
    rest = process.communicate(code.encode() + b"\n")[0]
    tap.in_(b"auth=0", rest, "musterd is restarted between password and code: the login goes on")
    gate.stop()
    seen = gate.login(one.uid, [one.password, code])
    tap.is_(seen.results, {"auth": gates.PAM_AUTHINFO_UNAVAIL, "account": gates.PAM_AUTHINFO_UNAVAIL}, "the gate is gone: no")
    gate.start()


def test_log_has_no_secret():
    log = gate.log()
    for secret in (people.PASSWORD, NEW, "Given#2026", "mr1-"):
        tap.ok(secret not in log, "%s... is in no line of musterd's log" % secret[:3])
    tap.ok(re.search(r"outcome=accepted operation=login user=\S+ uid=\d+ service=muster rhost=- tty=- rule=- id=\d+\.\d+ ms=\d+", log),
           "each request has its line")
    tap.ok(all(line.startswith("musterd: ") for line in log.splitlines()), "a line break in a name makes no second line")


def teardown():
    gate.stop()
    world.stop()


if __name__ == "__main__":
    tap.main(globals())
