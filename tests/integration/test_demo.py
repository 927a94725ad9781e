#!/usr/bin/python3
"""contrib/demo: the story goes to its end, a broken step ends it, and --serve keeps its contract."""

import base64
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from lib import tap
from lib.totp import totp
from lib.world import SOURCE

sys.path.insert(0, os.path.join(SOURCE, "contrib/lib"))
from demo_account import AccountStory  # noqa: E402
from demo_site import Site, SiteError  # noqa: E402

BUILD = os.path.abspath(os.environ.get("top_builddir", "."))
DEMO = [sys.executable, "-B", os.path.join(SOURCE, "contrib/lib/demo.py"), "--build", BUILD, "--source", SOURCE]
# Every chapter by its title, and what is to be seen in it
STORY = {
    "organization acme, its OWNER and two members": (r"^ +organization acme with domain acme", r"olive .* yes", r"bob +Bob Builder"),
    "nobody has a password, so nobody gets in": (r"PAM login of olive: ", r"PAM login of alice: ", r"PAM login of bob: "),
    "find password: a mail with a token, in each member's language": (r"비밀번호", r"Subject: Example: choose your first password", r"^ +mr1-"),
    "the password rules of console-16, one after the other": (
        r"^ +Ab1! .*at least 8 characters", r"^ +Abcdefgh-12345678 .*at most 16 characters", r"^ +1234-5678 .*a letter", r"^ +Abcd-efgh .*a digit",
        r"^ +Abcd1234 .*a special character"),
    "the token is spent": (r"^ +muster: the token is wrong, spent or expired",),
    "the three most recent passwords are refused": (
        r"Autumn-3c -> Spring-1a: muster: .*one of the 3 most recent passwords", r"Autumn-3c -> Winter-4d: changed"),
    "alice registers an authenticator: QR code or setup key, then a confirming code": (r"[█▀▄]{4}", r"otpauth://totp/"),
    "PAM login of alice with password and code": (r"^ +prompt: One-time code: \n +-> in$",),
    "the same code again": (r"^ +Authentication failure$",),
    "the password alone": (r"^ +Authentication failure$",),
    "an application that binds: password and code in one field (after the next code is there)": (
        r"^ +dn:uid=alice,ou=people,o=acme,", r"again: ldap_bind: Invalid credentials \(49\)"),
    "an administrator suspends bob with ldapmodify": (
        r"^ +musterStatus: suspended", r"ldap_bind: Invalid credentials \(49\)", r"^ +prompt: Password: \n +Authentication failure$"),
    "root says which terms are in force and which service there is, with ldapmodify over ldapi:///": (
        r"^ +olcMusterTerms: 2026-11", r'^ +modifying entry "olcOverlay=\{2\}muster,olcDatabase=\{1\}mdb,cn=config"'),
    "Kim signs up as a platform member: the mail proves the address, its token sets the first password": (
        r"^ +anybody\$ muster account sign-up --mail kim@example.com ", r"^ +a mail to kim@example.com is on its way",
        r"^ +Subject: Example: complete your sign-up", r"^ +mr1-",
        r"^ +anybody\$ muster password redeem kim@example.com\n +the password is set"),
    "somebody signs up with Kim's address: the answer is the same, Kim is told": (
        r"^ +a mail to kim@example.com is on its way", r"^ +Subject: Example: you have an account already"),
    "Kim has no payment method yet, so there is no organization": (
        r"^ +kim\$ muster org add nova ", r"^ +muster: .*an organization takes a payment method"),
    "a number of a card is not taken, a debit card is refused, a credit card counts": (
        r"^ +muster: this looks like the full number of a card", r"^ +payment method \S+ is being checked",
        r"^ +reason +debit and check cards are not taken", r"payment method refused$", r"^ +last four +4242$", r"payment method confirmed$",
        r"card +active +Visa +4242 +2099-12"),
    "Kim makes an organization with a service: its domain makes the access URL": (
        r"^ +organization nova with domain nova, https://nova.wiki.example.com/; OWNER olga", r"organization created$",
        r'^ +muster: the domain "nova" is already in use', r"^ +wiki +.*https://nova.wiki.example.com/"),
    "members from a spreadsheet: one row is wrong, so nobody is registered": (
        r"^ +admin\$ muster member import nova ", r"^ +muster: row 4 \(sora\)", r"none was; mend them", r"^ +olga "),
    "the row is put right: everybody is registered and invited": (
        r"^ +3 members are registered in nova", r"^ +hana +한하나", r"^ +jun .* yes", r"^ +sora "),
    "hana takes up the invitation, and sees her own organization only": (
        r"^ +mail to hana@nova.example: Example: choose your first password", r"^ +the password is set", r"^ +nova +nova ",
        r'^ +muster: no organization "acme"'),
    "Kim's mobile number is proved with a code that comes as a text message": (
        r"^ +To: \+821012345678\n", r"Example: code [0-9]{6} confirms your number", r"^ +muster: the code was not accepted",
        r"^ +\+821012345678 is the mobile number now"),
    "hana's contact mail: a code to the new address, a notice to the old one": (
        r"^ +To: hana@home.example\n", r"^ +[0-9]{6}$", r"^ +hana@home.example is the mail address now",
        r"^ +mail to hana@nova.example: Example: your mail address was changed", r"^ +mail verified +20"),
    "Opal signs up and the administrator makes her an operator": (
        r"^ +Subject: Example: complete your sign-up", r"^ +roleOccupant: uid=opal@example.com,", r'^ +modifying entry "cn=operators,'),
    "Kim's name is required information: an application with a document, and an operator who decides": (
        r"^ +muster: .*muster application file", r"^ +application \S+ is filed, with 1 document", r"application received$",
        r"^ +asks for +cn: Kim Min-ji", r"^ +instead of +cn: Kim Minji", r"image/png, passport.png, SHA-256 [0-9a-f]{64}",
        r"^ +application \S+ is approved", r"application approved$", r"^ +name +Kim Min-ji", r"^ +mobile verified +20"),
    "Kim's new login ID: one code to the mobile number, one to the new address, then a rename": (
        r"Example: code [0-9]{6} changes your login ID", r"^ +Subject: Example: confirm your new login ID",
        r"^ +kim.minji@example.com is the login ID now", r"^ +mail to kim@example.com: Example: your login ID was changed"),
    "the old login ID is nobody's, the organization names the new one": (
        r"^ +muster: wrong password, or no such identity", r"^ +nova .*kim.minji@example.com"),
    "what is there now, and nothing is owed to anybody": (r"^ +acme +acme +olive", r"^ +[0-9]+ mails and 3 text messages were sent"),
    "the end": (),
}
folder = tempfile.mkdtemp(prefix="mt-demo-")


def teardown():
    shutil.rmtree(folder, ignore_errors=True)


def chapters_of(text):
    """[(title, what was shown)]"""
    parts = re.split(r"^== (.*)\n", text, flags=re.M)[1:]
    return list(zip(parts[::2], parts[1::2]))


def test_story():
    done = subprocess.run(DEMO, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    tap.is_(done.returncode, 0, "the story goes to its end")
    if done.returncode != 0:
        tap.note(done.stdout[-3000:] + done.stderr)
    told = chapters_of(done.stdout)
    tap.is_([title for title, _ in told][1:], list(STORY), "every chapter is told, in order")
    for title, shown in told[1:]:
        for line in STORY.get(title, ()):
            tap.ok(re.search(line, shown, re.M), "%s: %s" % (title, line), shown)
    tap.ok(not re.search(r"tok_|Traceback", done.stdout + done.stderr), "nothing of what pays is shown, and no traceback")


def broken_build(name, *instead):
    """The build, with something else in the place of a program: a link to it, or a script."""
    build = tempfile.mkdtemp(dir=folder)
    for entry in os.listdir(BUILD):
        if entry != name:
            os.symlink(os.path.join(BUILD, entry), os.path.join(build, entry))
    with open(os.path.join(build, name), "w") as file:
        file.write("#!/bin/sh\n" + "\n".join(instead) + "\n")
    os.chmod(os.path.join(build, name), 0o755)
    return build


def test_broken_step_is_named():
    """Logins that always succeed: the step that expects a refusal fails, by name."""
    build = broken_build("pam-login", "exit 0")
    done = subprocess.run(DEMO[:4] + [build] + DEMO[5:], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    tap.ok(done.returncode not in (0, None), "a broken step is an exit status that is not 0")
    tap.in_("nobody has a password, so nobody gets in", done.stderr, "and is named")


def ends_with(build):
    """How the story of an account ends on a build, without the chapters before it: they take their time."""
    site = Site(build, SOURCE)
    try:
        site.set_up()
        story = AccountStory(site, say=lambda text: None)
        chapters = story.chapters()
        for chapter in (story.organization, *chapters[chapters.index(story.settings):]):
            story.tell(chapter)
        return "the end"
    except (SiteError, OSError) as error:
        return str(error)
    finally:
        site.close()


def test_command_that_does_nothing():
    """A command that does nothing and says that all is well is noticed in the chapter it is used in."""
    for command, title in (("payment add", "a number of a card is not taken"), ("org add nova", "Kim has no payment method yet"),
                           ("member import", "members from a spreadsheet"), ("account verify mobile", "Kim's mobile number"),
                           ("account set", "Kim's name is required information"), ("account show", "hana's contact mail")):
        build = broken_build("muster", 'case "$*" in *"%s"*) exit 0 ;; esac' % command, "exec '%s' \"$@\"" % os.path.join(BUILD, "muster"))
        end = ends_with(build)
        tap.ok(end.startswith(title), "muster %s that does nothing ends the story" % command, end)


def read_env(path):
    """The file as a shell reads it."""
    out = subprocess.run(["sh", "-c", ". \"$1\"; set", "sh", path], capture_output=True, text=True, check=True).stdout
    return dict(re.findall(r"^(MUSTER_[A-Z0-9_]+)='(.*)'$", out, re.M))


def wait_for(condition, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.1)
    return False


def whoami(env, dn, password):
    with tempfile.NamedTemporaryFile("w", dir=folder) as f:
        f.write(password)
        f.flush()
        return subprocess.run(["ldapwhoami", "-x", "-H", env["MUSTER_URI"], "-D", dn, "-y", f.name],
                              env=dict(os.environ, LDAPTLS_CACERT=env["MUSTER_CACERT"]), capture_output=True,
                              text=True).returncode


def code(env, who):
    if time.time() % 30 > 25:
        time.sleep(30 - time.time() % 30)
    return totp(base64.b32decode(env["MUSTER_%s_TOTP" % who]))


def check_names(env):
    names = ["URI", "CACERT", "LDAPI", "BASE", "ADMIN_DN", "ADMIN_PW", "ROOT_DN", "ROOT_PW", "CONFIG", "SOCKET",
             "PAM_CONFDIR", "MAIL_DIR", "SMS_DIR", "SLAPD_PID", "MUSTERD_PID", "ALICE_DN", "ALICE_PW", "ALICE_TOTP",
             "BOB_DN", "BOB_PW", "CAROL_DN"]
    for n in range(1, 21):
        names += ["T%02d_%s" % (n, what) for what in ("DN", "PW", "TOTP")]
    tap.is_(sorted(set("MUSTER_" + n for n in names) - set(env)), [], "DIR/env has every name of the contract")


def check_members(env):
    tap.is_(whoami(env, env["MUSTER_ADMIN_DN"], env["MUSTER_ADMIN_PW"]), 0, "the admin binds")
    tap.is_(whoami(env, env["MUSTER_ROOT_DN"], env["MUSTER_ROOT_PW"]), 0, "the rootdn binds")
    tap.is_(whoami(env, env["MUSTER_BOB_DN"], env["MUSTER_BOB_PW"]), 0, "bob binds with his password")
    tap.is_(whoami(env, env["MUSTER_CAROL_DN"], env["MUSTER_BOB_PW"]), 49, "carol has none")
    tap.is_(whoami(env, env["MUSTER_T07_DN"], env["MUSTER_T07_PW"]), 49, "t07 needs a code")
    used = code(env, "T07")
    tap.is_(whoami(env, env["MUSTER_T07_DN"], env["MUSTER_T07_PW"] + used), 0, "t07 binds with password and code")
    tap.is_(whoami(env, env["MUSTER_T07_DN"], env["MUSTER_T07_PW"] + used), 49, "once")


def check_pam(env):
    answers = "%s\n%s\n" % (env["MUSTER_ALICE_PW"], code(env, "ALICE"))
    argv = [os.path.join(BUILD, "pam-login"), env["MUSTER_PAM_CONFDIR"], "muster", "alice"]
    done = subprocess.run(argv, input=answers, capture_output=True, text=True)
    tap.is_(done.returncode, 0, "alice logs in through PAM")
    done = subprocess.run(argv, input=answers, capture_output=True, text=True)
    tap.is_(done.returncode, 1, "not again with the same code")
    with open(os.path.join(env["MUSTER_PAM_CONFDIR"], "muster")) as f:
        lines = [line.split() for line in f.read().splitlines()]
    tap.is_([line[0] for line in lines], ["auth", "account", "password", "session"], "the service has all four groups")


def check_doctor(env, directory):
    """Nothing but what the installation is: console rules without a required factor, and this machine's clock."""
    done = subprocess.run([os.path.join(directory, "bin/muster"), "-H", env["MUSTER_LDAPI"], "--external", "--json", "doctor",
                           "--pam-dir", env["MUSTER_PAM_CONFDIR"], "--sshd-config", "/dev/null"],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True)
    report = json.loads(done.stdout)
    found = {f["id"] for f in report["findings"] if f["severity"] != "note"}
    tap.is_(found - {"unsynchronised"}, {"short-alone"}, "muster doctor finds the short passwords and nothing else")
    tap.is_(report["unseen"], [], "and could look at everything")


def check_restart(env, env_path):
    os.kill(int(env["MUSTER_SLAPD_PID"]), signal.SIGKILL)
    tap.ok(wait_for(lambda: read_env(env_path)["MUSTER_SLAPD_PID"] != env["MUSTER_SLAPD_PID"], 30),
           "slapd that dies is started again")
    tap.ok(wait_for(lambda: whoami(env, env["MUSTER_BOB_DN"], env["MUSTER_BOB_PW"]) == 0, 30), "and serves")


def test_serve():
    directory = os.path.join(folder, "served")
    env_path = os.path.join(directory, "env")
    demo = subprocess.Popen(DEMO + ["--serve", directory], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True)
    try:
        ready = wait_for(lambda: os.path.exists(env_path) or demo.poll() is not None, 120)
        if not tap.ok(ready and demo.poll() is None, "--serve writes DIR/env when it is ready"):
            demo.kill()
            tap.note(demo.communicate()[0][-3000:])
            return
        env = read_env(env_path)
        check_names(env)
        check_members(env)
        check_pam(env)
        done = subprocess.run([os.path.join(directory, "bin/muster"), "password", "reset", env["MUSTER_CAROL_DN"]],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True)
        tap.is_(done.returncode, 0, "DIR/bin/muster is ready to use")
        tap.ok(wait_for(lambda: any(n.endswith(".eml") for n in os.listdir(env["MUSTER_MAIL_DIR"])), 30),
               "one file per message in MUSTER_MAIL_DIR")
        check_doctor(env, directory)
        check_restart(env, env_path)
        pids = [int(read_env(env_path)[n]) for n in ("MUSTER_SLAPD_PID", "MUSTER_MUSTERD_PID")]
    finally:
        demo.send_signal(signal.SIGTERM)
        demo.communicate()
    tap.is_(demo.returncode, 0, "SIGTERM ends it")
    tap.ok(not any(os.path.exists("/proc/%d" % pid) for pid in pids), "and what it started")
    tap.ok(not os.path.exists(env_path), "DIR/env is gone")


tap.main(globals())
