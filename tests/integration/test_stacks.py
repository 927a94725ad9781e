#!/usr/bin/python3
"""Whole PAM stacks: Debian's sshd, login, su, sudo and passwd with contrib/pam, users from nslcd, in a private root."""

import base64
import concurrent.futures
import gettext
import os
import re
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from lib import exops, people, tap, totp  # noqa: E402
from lib.gate import BUILD  # noqa: E402
from lib.host import multiarch  # noqa: E402
from lib.session import RELAX  # noqa: E402
from lib.site import AGAIN, CODE, LOCAL, LOCAL_PASSWORD, NEW, PASSWORD, ROOT_PASSWORD, Site  # noqa: E402

site = Site()
site.start_nslcd()
GIVEN, CHOSEN, THIRD = "Given#2026", "Summer#2027", "Autumn#2028"
SUDO = re.compile(r"\[sudo\] password for \S+: ")
OLD = "Current password (or the token from a mail): "
TYPED, ASKED = re.compile("Password[^:]*: "), re.compile("One-time code[^:]*: ")
KEY_AND_CODE = "AuthenticationMethods publickey,keyboard-interactive"
PROGRAMS = {"su": (site.su, PASSWORD), "login": (site.login, PASSWORD), "sudo": (site.sudo, SUDO), "ssh": (site.ssh, PASSWORD)}
site.secrets.update((GIVEN, CHOSEN, THIRD))
one_line, local_passwords = threading.Lock(), threading.Lock()


def two_codes(one):
    """Codes of two steps that can be used one after the other now."""
    while time.time() % totp.PERIOD > totp.PERIOD - 12:
        time.sleep(0.2)
    codes = totp.code_of_step(one.secret, totp.step() - 1), totp.totp(one.secret)
    site.secrets.update(codes)
    return codes


def one_code(one):
    """A code that is good for half a minute at least."""
    code = one.code()
    site.secrets.add(code)
    return code


def is_in(seen, what, told=""):
    with one_line:
        tap.ok(seen.is_in and told in seen.text, what, seen.text)


def is_out(seen, what, prompts=None):
    with one_line:
        tap.ok(not seen.is_in and "IN:" not in seen.text and prompts in (None, seen.prompts), what,
               "%d prompts\n%s" % (seen.prompts, seen.text))


def at_once(calls):
    """Carry out (function, argument, ...) all at the same time: failed logins are slow on purpose."""
    # A slapd under valgrind or with sanitizers is too slow for that: pam_muster would not wait for it.
    workers = 1 if os.environ.get("MUSTER_SLAPD_WRAPPER") else 16
    with concurrent.futures.ThreadPoolExecutor(max_workers=workers) as pool:
        for done in [pool.submit(*call) for call in calls]:
            done.result()


def each_program(function, which):
    """function(which, name, program, prompt) for each program."""
    at_once([(function, which, name, *how) for name, how in PROGRAMS.items()])


def set_by_admin(one, password):
    site.modify(one, ("replace", "userPassword", password))


def mailed_token(one):
    """What the courier would mail to a member without a password."""
    world = site.world
    with world.use() as anyone, world.use("root") as root, world.use("courier") as courier:
        people.must(exops.request_reset(anyone, one.dn), "requestReset")
        entries = root.search("ou=queue," + world.base, "(objectClass=musterRequest)", ["cn"]).entries
        record = entries[0][1]["cn"][0].decode()
        result, found = exops.claim(courier, record)
        people.must(result, "claim")
        people.must(exops.done(courier, record), "done")
    token = found["secret"].decode() if isinstance(found["secret"], bytes) else found["secret"]
    site.secrets.add(token)
    return token


class Policy:
    """The organization's policy, different for a while."""

    def __init__(self, name, value):
        self.name, self.value = name, value

    def _set(self, value):
        with site.world.use("root") as root:
            people.must(root.modify(site.org.policy, ("replace", self.name, value)), "policy")

    def __enter__(self):
        with site.world.use("root") as root:
            self.before = root.entry(site.org.policy, [self.name]).get(self.name)
        self._set(self.value)

    def __exit__(self, *_):
        self._set(self.before)


class Stack:
    """/etc/pam.d/su with an auth part of the test's for a while."""

    def __init__(self, *lines):
        self.text = "".join("auth %s\n" % line for line in lines) + (
            "account required pam_muster.so\npassword required pam_muster.so\nsession required pam_permit.so\n")

    def __enter__(self):
        for name in ("su", "su-l"):
            site.host.write("/etc/pam.d/" + name, self.text)

    def __exit__(self, *_):
        site.host.write("/etc/pam.d/su-l", "@include su\n")
        site.use_pam("files")


def one_program(which, name, program, prompt):
    """Password alone, with a code, wrong ones, suspended."""
    name = "%s (%s)" % (name, which)
    plain, one = site.member(), site.member(factor=True)
    is_in(program(plain.uid, (prompt, plain.password)), "%s: the right password is let in" % name)
    is_out(program(plain.uid, (prompt, "wrong")), "%s: a wrong one is not" % name, 1)
    is_out(program(one.uid, (prompt, one.password), (CODE, totp.wrong_code(one.secret))), "%s: a wrong code is not" % name, 2)
    first = one_code(one)
    is_in(program(one.uid, (prompt, one.password), (CODE, first)), "%s: password and code are" % name)
    is_out(program(one.uid, (prompt, one.password), (CODE, first)), "%s: a spent code is not" % name, 2)
    site.modify(plain, ("replace", "musterStatus", "suspended"))
    is_out(program(plain.uid, (prompt, plain.password)), "%s: a suspended member is not" % name, 1)


def logins(which):
    each_program(one_program, which)


def local_accounts(which):
    with local_passwords:
        is_in(site.su(LOCAL, (PASSWORD, LOCAL_PASSWORD), by="nslcd"), "%s: a local account is let in by its password" % which)
        is_in(site.sudo(LOCAL, (SUDO, LOCAL_PASSWORD)), "%s: sudo of a local account" % which)
    with site.host.terminal("login", "root") as t:
        t.answer((PASSWORD, ROOT_PASSWORD))
        t.expect("# ")
        t.type("echo IN:$(id -un)")
        tap.is_(t.expect("IN:root\n"), 0, "%s: root logs in at the console" % which)


def nobody_to_ask(which):
    """The module or musterd is gone: members are refused, local accounts are not."""
    one = site.member()
    module = site.host.path(multiarch(site.host) + "/pam_muster.so")
    os.rename(module, module + ".gone")

    def refused(why, name, program, prompt):
        is_out(program(one.uid, (prompt, one.password)), "%s: no %s" % (why, name))

    each_program(refused, which + ", no module")
    tap.ok(not site.passwd(one.uid, (OLD, one.password)).is_in, "%s, no module: no passwd" % which)
    site.trust_key(one.uid)
    is_out(site.ssh(one.uid, methods="publickey"), "%s, no module: no login by key" % which)
    local_accounts(which + ", no module")
    os.rename(module + ".gone", module)
    site.gate.stop()
    each_program(refused, which + ", no musterd")
    is_out(site.ssh(one.uid, methods="publickey"), "%s, no musterd: no login by key" % which)
    is_out(site.su(one.uid, by="root"), "%s, no musterd: no su by root" % which)
    local_accounts(which + ", no musterd")
    site.gate.start()
    is_in(site.su(one.uid, (PASSWORD, one.password)), "%s: with both the member is in" % which)


def keys(which):
    one, plain = site.member(factor=True), site.member()
    for each in (one, plain):
        site.trust_key(each.uid)
    seen = site.ssh(one.uid, (PASSWORD, one.password), (CODE, one_code(one)), config=KEY_AND_CODE, methods="publickey,keyboard-interactive")
    is_in(seen, "%s: key and code" % which)
    seen = site.ssh(one.uid, (PASSWORD, one.password), (CODE, totp.wrong_code(one.secret)), config=KEY_AND_CODE,
                    methods="publickey,keyboard-interactive")
    is_out(seen, "%s: key and a wrong code" % which, 2)
    is_out(site.ssh(one.uid, config=KEY_AND_CODE, methods="publickey"), "%s: the key alone where both are wanted" % which)
    is_out(site.ssh(one.uid, (PASSWORD, one.password), (CODE, ""), config=KEY_AND_CODE), "%s: the code alone" % which, 0)
    is_in(site.ssh(plain.uid, methods="publickey"), "%s: a key is let in when the member is active" % which)
    is_in(site.su(plain.uid, by="root"), "%s: su by root, no password asked" % which)
    site.modify(plain, ("replace", "musterStatus", "suspended"))
    is_out(site.ssh(plain.uid, methods="publickey"), "%s: a suspended member's key is not" % which)
    is_out(site.su(plain.uid, by="root"), "%s: neither is su by root to it" % which)
    site.modify(plain, ("replace", "musterStatus", "active"))
    set_by_admin(plain, GIVEN)
    seen = site.ssh(plain.uid, (OLD, GIVEN), (NEW, CHOSEN), (AGAIN, CHOSEN), methods="publickey")
    is_out(seen, "%s: nor one who must change the password first: passwd is what sshd runs" % which, 3)
    is_in(site.ssh(plain.uid, methods="publickey"), "%s: afterwards the key is let in" % which)


def must_change(which, name, program, prompt):
    one = site.member()
    set_by_admin(one, GIVEN)
    is_out(program(one.uid, (prompt, GIVEN), (NEW, "")), "%s, %s: must change, and does not" % (which, name), 2)
    is_in(program(one.uid, (prompt, GIVEN), (NEW, CHOSEN), (AGAIN, CHOSEN)), "%s, %s: must change, is told, and does" % (which, name),
          "You must choose a new password.")


def changes(which):
    """Must change, expired, token: to the change dialogue, never in without it."""
    each_program(must_change, which)
    old = site.member()
    site.modify(old, ("replace", "pwdChangedTime", "20200101000000Z"), controls=[RELAX])
    with Policy("pwdMaxAge", "86400"):
        is_out(site.ssh(old.uid, (PASSWORD, old.password), (NEW, "")), "%s: expired, and does not change" % which, 2)
        seen = site.ssh(old.uid, (PASSWORD, old.password), (NEW, CHOSEN), (AGAIN, CHOSEN))
        is_in(seen, "%s: expired, is told, and changes" % which, "Your password has expired.")
    fresh = site.member(password=None, factor=True)
    token = mailed_token(fresh)
    is_out(site.ssh(fresh.uid, (PASSWORD, token), (NEW, CHOSEN), (AGAIN, CHOSEN), (CODE, totp.wrong_code(fresh.secret))),
           "%s: a token leads to a new password, which needs its code" % which, 4)
    is_in(site.login(fresh.uid, (PASSWORD, CHOSEN), (CODE, one_code(fresh))), "%s: a normal login with it" % which)
    is_out(site.login(fresh.uid, (PASSWORD, token), (NEW, THIRD), (AGAIN, THIRD)), "%s: the token is spent" % which)


def passwd(which):
    one, two = site.member(), site.member(factor=True)
    seen = site.passwd(one.uid, (OLD, one.password), (NEW, CHOSEN), (AGAIN, CHOSEN))
    tap.ok(seen.is_in, "%s: passwd" % which, seen.text)
    is_in(site.su(one.uid, (PASSWORD, CHOSEN)), "%s: the new password is let in" % which)
    is_out(site.su(one.uid, (PASSWORD, one.password)), "%s: the old one is not" % which)
    seen = site.passwd(one.uid, (OLD, "wrong"), (NEW, THIRD), (AGAIN, THIRD))
    tap.ok(not seen.is_in, "%s: passwd with a wrong old one fails" % which, seen.text)
    is_in(site.su(one.uid, (PASSWORD, CHOSEN)), "%s: and changes nothing" % which)
    seen = site.passwd(two.uid, (OLD, two.password), (NEW, CHOSEN), (AGAIN, CHOSEN), (CODE, one_code(two)))
    tap.ok(seen.is_in, "%s: passwd of a member with a second factor asks for its code" % which, seen.text)
    korean = {"LANG": "ko_KR.UTF-8"}
    say = gettext.translation("muster", os.path.join(BUILD, "locale"), ["ko"]).gettext
    seen = site.passwd(one.uid, (say(OLD), CHOSEN), (say(NEW), "abc"), (say(AGAIN), "abc"), (say(NEW), THIRD), (say(AGAIN), THIRD),
                       environment=korean)
    tap.ok(seen.is_in, "%s: passwd in Korean" % which, seen.text)
    for text in (say("The new password is too short: at least %u characters.").replace("%u", "8"),
                 say("The new password needs a digit.")):
        tap.in_(text, seen.text, "%s: the rule is told in Korean" % which)
    with local_passwords:
        seen = site.passwd(LOCAL, ("urrent password: ", LOCAL_PASSWORD), (NEW, "Local-Secret-2"), ("Retype new password: ",
                                                                                                 "Local-Secret-2"))
        tap.ok(seen.is_in, "%s: passwd of a local account" % which, seen.text)
        site.set_local_password(LOCAL_PASSWORD)


def doctor(which):
    """muster doctor finds nothing wrong with the files we recommend."""
    config = os.path.join(site.host.folder, "sshd_config")
    with open(config, "w") as file:
        file.write("UsePAM yes\nPasswordAuthentication no\nKbdInteractiveAuthentication yes\n%s\n" % KEY_AND_CODE)
    done = subprocess.run([os.path.join(BUILD, "muster"), "-c", site.gate.config, "doctor", "--pam-dir", site.host.path("/etc/pam.d"),
                           "--sshd-config", config, "pam"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    found = re.findall("^(?:error|warning).*", done.stdout, re.M)
    # That pam_unix has nullok is Debian's and no matter of members.
    tap.is_([line for line in found if "pam/nullok" not in line], [], "%s: muster doctor agrees" % which)
    tap.in_("warning" if found else "nothing", done.stdout, "... having looked")


def both(which):
    site.use_pam(which)
    doctor(which)
    is_out(site.su(LOCAL, (PASSWORD, "wrong"), by="nslcd"), "%s: a local account is not let in by a wrong password" % which)
    at_once([(part, which) for part in (logins, local_accounts, keys, changes, passwd)])
    nobody_to_ask(which)


def test_files():
    both("files")


def test_profile():
    both("profile")


def test_profile_with_pwquality():
    """A module before ours asks for the new password (use_authtok), ours for the old one."""
    site.use_pam("profile")
    site.host.write("/etc/security/pwquality.conf", "minlen = 12\ndictcheck = 0\n")
    site.use_profile("--enable", "pwquality")
    again = "Retype new password: "
    one, two = site.member(), site.member(factor=True)
    seen = site.passwd(one.uid, (OLD, one.password), (NEW, "Longer#Than12"), (again, "Longer#Than12"))
    tap.ok(seen.is_in, "pwquality before: passwd", seen.text)
    is_in(site.su(one.uid, (PASSWORD, "Longer#Than12")), "pwquality before: the new password is let in")
    seen = site.passwd(one.uid, (OLD, "Longer#Than12"), (NEW, "Long-er-Than-Sixteen#16"), (again, "Long-er-Than-Sixteen#16"))
    tap.ok(not seen.is_in and "too long: at most 16" in seen.text, "pwquality before: the directory's rules hold", seen.text)
    seen = site.passwd(two.uid, (OLD, two.password), (NEW, "Longer#Than12"), (again, "Longer#Than12"), (CODE, one_code(two)))
    tap.ok(seen.is_in, "pwquality before: passwd with a code", seen.text)
    seen = site.passwd(LOCAL, ("urrent password: ", LOCAL_PASSWORD), (NEW, "Local-Secret-3"), (again, "Local-Secret-3"))
    tap.ok(seen.is_in, "pwquality before: passwd of a local account", seen.text)
    site.set_local_password(LOCAL_PASSWORD)
    site.use_profile("--disable", "pwquality")


@tap.fault(7)
def test_controls_cannot_skip_the_code():
    site.use_pam("files")
    one = site.member(factor=True)
    stacks = (("sufficient pam_unix.so", "required pam_muster.so use_first_pass"),
              ("sufficient pam_unix.so", "sufficient pam_muster.so try_first_pass", "required pam_deny.so"),
              ("[success=1 default=ignore] pam_muster.so", "requisite pam_deny.so", "required pam_permit.so"),
              ("required pam_muster.so", "sufficient pam_permit.so"),
              ("sufficient pam_muster.so prompt=always", "required pam_deny.so"),
              ("requisite pam_muster.so prompt=together", "optional pam_permit.so"))
    for lines in stacks:
        with Stack(*lines):
            what = " / ".join(lines)
            wrong = totp.wrong_code(one.secret)
            typed = (TYPED, one.password + (wrong if "together" in what else ""))
            is_out(site.su(one.uid, typed, (ASKED, wrong)), "%s: a wrong code is not let in" % what)
            empty = [(ASKED, "")] * (2 if "always" in what else 1)
            is_out(site.su(one.uid, (TYPED, one.password), *empty), "%s: no code is not let in" % what)
            fresh = site.member(factor=True)
            code = one_code(fresh)
            typed = [(TYPED, fresh.password + code)] if "together" in what else [(TYPED, fresh.password), (ASKED, code)]
            is_in(site.su(fresh.uid, *typed), "%s: the right one is" % what)


def test_prompts():
    site.use_pam("files")
    for prompt in ("together", "always"):
        with Stack("required pam_muster.so prompt=" + prompt):
            one, plain = site.member(factor=True), site.member()
            first, second = two_codes(one)
            if prompt == "together":
                is_in(site.su(one.uid, ("Password and one-time code: ", one.password + first)), "together: both in one line")
                is_out(site.su(one.uid, ("Password and one-time code: ", one.password + first)), "together: once")
                is_in(site.su(plain.uid, ("Password and one-time code: ", plain.password)), "together: a member without a factor")
            else:
                asked = "One-time code (empty if you have none): "
                is_in(site.su(one.uid, (PASSWORD, one.password), (asked, first)), "always: both are asked for")
                is_out(site.su(one.uid, (PASSWORD, "wrong"), (asked, second)), "always: whatever the password is", 2)
                is_in(site.su(plain.uid, (PASSWORD, plain.password), (asked, "")), "always: a member without a factor")
    one = site.member(factor=True)
    first, second = two_codes(one)
    with Stack("optional pam_unix.so", "required pam_muster.so use_first_pass"):
        is_in(site.su(one.uid, (PASSWORD, one.password), (CODE, first)), "use_first_pass: asked once, by the module before")
        is_out(site.su(one.uid, (PASSWORD, "wrong"), (PASSWORD, one.password)), "use_first_pass: a wrong one is not asked for again", 1)
    with Stack("optional pam_unix.so", "required pam_muster.so try_first_pass"):
        is_in(site.su(one.uid, (PASSWORD, "wrong"), (PASSWORD, one.password), (CODE, second)), "try_first_pass: it is asked for again")


def test_account_judges_keys():
    """A key that nobody asked the directory about: the account step does, with the address that sshd says."""
    site.use_pam("files")
    one, old = site.member(), site.member()
    for each in (one, old):
        site.trust_key(each.uid)
    site.modify(old, ("replace", "pwdChangedTime", "20200101000000Z"), controls=[RELAX])
    is_in(site.ssh(one.uid, methods="publickey"), "an active member's key")
    for status in ("suspended", "closed"):
        site.modify(one, ("replace", "musterStatus", status))
        is_out(site.ssh(one.uid, methods="publickey"), "a key of a member who is %s" % status)
        site.modify(one, ("replace", "musterStatus", "active"))
    with Policy("pwdMaxAge", "86400"):
        is_out(site.ssh(old.uid, (OLD, "wrong"), (NEW, CHOSEN), (AGAIN, CHOSEN), methods="publickey"),
               "a key when the password has expired: passwd is what sshd runs", 3)
    with Policy("musterSecondFactor", "required"):
        is_out(site.ssh(one.uid, methods="publickey"), "a key of a member who has yet to register an authenticator")
    with Policy("musterNetwork", "192.0.2.0/24"):
        is_out(site.ssh(one.uid, methods="publickey"), "a key from outside of the organization's networks")
        is_out(site.ssh(one.uid, (PASSWORD, one.password)), "the right password from there", 1)
    with Policy("musterNetwork", "127.0.0.0/8"):
        is_in(site.ssh(one.uid, (PASSWORD, one.password)), "the right password from within")
    is_in(site.ssh(one.uid, methods="publickey"), "with none of that it is let in again")


def test_ssh_password_method():
    """sshd gives one answer to all prompts there: good with prompt=together only."""
    site.use_pam("files")
    one, config = site.member(factor=True), "PasswordAuthentication yes"
    typed = re.compile(r"\S+'s password: ")
    is_out(site.ssh(one.uid, (typed, one.password), config=config, methods="password"), "password method: the password is no code")
    text = site.host.read("/etc/pam.d/sshd")
    site.host.write("/etc/pam.d/sshd", re.sub(r"(auth .*pam_muster\.so)", r"\1 prompt=together", text))
    is_out(site.ssh(one.uid, (typed, one.password), config=config, methods="password"), "... together: nor is it enough")
    is_in(site.ssh(one.uid, (typed, one.password + one_code(one)), config=config, methods="password"), "... together: with the code it is")


def enrol(terminal_size, what):
    rows, columns = terminal_size
    one = site.member()
    with site.host.terminal(*site.as_user(LOCAL, "su", "-", one.uid), rows=rows, columns=columns) as t:
        t.answer((PASSWORD, one.password))
        t.expect("6-digit code that the app shows: ")
        key = re.search(r"setup key into it: ([A-Z2-7]{32})", t.text)
        tap.ok(key, "%s: the setup key is shown" % what, t.text)
        if not key:
            return ""
        site.secrets.add(key.group(1))
        secret = base64.b32decode(key.group(1))
        while time.time() % totp.PERIOD > totp.PERIOD - 12:
            time.sleep(0.2)
        t.type(totp.code_of_step(secret, totp.step() - 1))
        t.answer((CODE, totp.totp(secret)))
        tap.is_(t.expect("IN:%s\n" % one.uid), 0, "%s: enrolled, and in with the next code" % what)
        return t.text


def test_enrolment():
    site.use_pam("files")
    with Policy("musterSecondFactor", "required"):
        for size, what in (((24, 80), "80x24"), ((0, 0), "a terminal that does not know its size")):
            text = enrol(size, what)
            tap.ok("\u2588" in text and "otpauth:" not in text, "%s: the QR code is shown" % what, text)
        for size, what in (((16, 80), "80x16"), ((24, 30), "30x24")):
            text = enrol(size, what)
            tap.ok("\u2588" not in text and "otpauth://totp/" in text, "%s: the address in its place" % what, text)


def test_no_secret_in_any_log():
    logs = {"syslog of the host": site.host.log(), "sshd": site.host.output("sshd"), "nslcd": site.host.output("nslcd"),
            "musterd": site.gate.log(), "slapd": site.world.log()}
    for name, text in logs.items():
        tap.ok(text, "%s has logged" % name)
        found = [secret for secret in site.secrets if secret in text and not secret.isdigit()]
        # Six digits by chance are part of times and ports: a code counts as found where it stands by itself.
        found += [secret for secret in site.secrets if secret.isdigit() and re.search(r"(?<![\d.])%s(?![\d.])" % secret, text)]
        tap.is_(found, [], "no password, code or token in the log of %s" % name)


def teardown():
    site.stop()


if __name__ == "__main__":
    tap.main(globals())
