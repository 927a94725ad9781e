#!/usr/bin/python3
"""The command muster on a plain slapd: init twice, every command, and what people do wrong."""

import base64
import difflib
import json
import os
import pty
import re
import select
import signal
import socket
import stat
import subprocess
import sys
import termios
import threading
import time
from concurrent.futures import ThreadPoolExecutor

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from lib import exops, logs, people, session, tap, totp
from lib.tap import in_, is_, ok
from lib.world import BASE_ENTRIES, DATABASE, SOURCE, World

DONE, FAILED, USAGE, REFUSED, NOT_FOUND, IN_USE, RULES, UNREACHABLE, NO_MUSTER = range(9)
FIRST, SECOND, THIRD, FOURTH = "Spring#2026", "Summer#2026", "Autumn#2026", "Winter#2027"
LIMIT = 120  # seconds; valgrind, and machines with much else to do

world = World(start=False, faketime=True)
world.start()
world.session("root").apply(world.fill(BASE_ENTRIES))
courier_file = os.path.join(world.folder, "courier.password")
key_file = os.path.join(world.folder, "cli.keys")
AS_CONFIG = ["-D", world.config_dn]
AS_ADMIN = ["-D", world.admin_dn]


def find_command():
    build = os.environ.get("top_builddir", os.getcwd())
    path = os.path.join(build, "muster")
    if not os.path.exists(path):
        raise RuntimeError("%s is not built: run make" % path)
    return path


MUSTER = find_command()


class Ran:
    def __init__(self, done):
        self.code, self.out, self.err = done.returncode, done.stdout.decode(), done.stderr.decode()
        self.text = self.out + self.err


def muster(*arguments, answers=(), uri=None):
    """Run the command; answers are what it asks for, one a line."""
    command = [MUSTER, "-H", uri or world.uri_ldapi, *arguments]
    typed = b"".join((a if isinstance(a, bytes) else a.encode()) + b"\n" for a in answers)
    logs.secret(*answers)
    done = subprocess.run(command, input=typed, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=LIMIT)
    if done.returncode < 0:
        raise RuntimeError("%s ended by signal %d" % (command, -done.returncode))
    return Ran(done)


def admin(*arguments, answers=(), **more):
    return muster(*AS_ADMIN, *arguments, answers=(world.admin_password, *answers), **more)


def init(*arguments, who=AS_CONFIG, answers=(world.config_password,)):
    return muster(*who, "init", "--base", world.base, "--module", world.places["MODULE"], "--key-file", key_file,
                  "--courier-password-file", courier_file, *arguments, answers=answers)


def snapshot():
    """Everything in the configuration and the data, without what a bind may change."""
    text = world.tool("slapcat", "-n", "0", "-o", "ldif-wrap=no") + world.slapcat()
    text = re.sub(rb"(?m)^(modifyTimestamp|entryCSN|contextCSN|modifiersName): .*\n", b"", text)
    # The order of an entry's attributes is no part of what it says.
    return b"\n\n".join(b"\n".join(sorted(entry.split(b"\n"))) for entry in text.split(b"\n\n"))


def unchanged(before, what):
    """The snapshot of now is that of before; only the lines that differ are shown."""
    lines = difflib.unified_diff(before.decode().splitlines(), snapshot().decode().splitlines(), lineterm="", n=0)
    different = [line[:200] for line in lines][:30]
    ok(not different, what, "\n".join(different))


def dn_of(login, organization="acme"):
    return "uid=%s,ou=people,o=%s,ou=organizations,%s" % (login, organization, world.base)


def token_for(word):
    """Ask for a reset as a person does, and take the token from the courier's hands."""
    with world.use(world.courier_dn, courier_password()) as courier:
        before = {row[1]["cn"][0] for row in queue(courier)}
        is_(muster("password", "reset", word).code, DONE, "a reset is asked for %s" % word)
        record = ({row[1]["cn"][0] for row in queue(courier)} - before).pop().decode()
        _, claimed = exops.claim(courier, record)
        exops.done(courier, record)
        return claimed["secret"]


def queue(courier):
    return courier.search("ou=queue," + world.base, "(objectClass=musterRequest)", ["cn"]).entries


def courier_password():
    with open(courier_file) as file:
        return file.readline().strip()


# --- init ----------------------------------------------------------------------------------------------


def test_01_dry_run_changes_nothing():
    before = snapshot()
    ran = init("--dry-run")
    is_(ran.code, DONE, "init --dry-run on a plain slapd")
    unchanged(before, "it changes nothing in the directory")
    ok(not os.path.exists(key_file) and not os.path.exists(courier_file), "it makes no file")
    records = session.changes(ran.out)
    ok(any(dn == "olcOverlay=muster," + DATABASE for dn, _, _ in records), "its LDIF adds the overlay")
    ok(any(dn == "cn=courier,ou=programs," + world.base for dn, _, _ in records), "and the courier")


def test_02_init():
    ran = init()
    is_(ran.code, DONE, "init on a plain slapd")
    tap.note(ran.text)
    ok(world.alive(), "slapd is alive")
    for path in (key_file, courier_file):
        is_(stat.S_IMODE(os.stat(path).st_mode), 0o600, "mode of %s" % os.path.basename(path))
    with world.use("root") as root:
        ok(root.entry("cn=console-16,ou=policies," + world.base), "the templates are there")
        stored = root.entry("cn=courier,ou=programs," + world.base)["userPassword"]
    ok(stored[0].startswith(b"{SSHA}"), "the courier's password is stored as a hash")
    ok(courier_password().encode() not in world.slapcat(), "and not in the clear")
    with world.use() as one:
        is_(one.bind(world.courier_dn, courier_password()).code, 0, "the courier logs in with its file")


def test_03_init_again():
    before = snapshot()
    ran = init()
    is_(ran.code, DONE, "init a second time")
    in_("nothing to change", ran.out, "it says that nothing is to be changed")
    unchanged(before, "nothing is changed")
    is_(init("--dry-run").out.count("dn:"), 0, "and --dry-run prints no change")
    world.restart()
    ok(world.alive(), "slapd starts with that configuration")
    is_(json.loads(init("--json").out)["changes"], 0, "init --json counts no change")


def test_04_init_goes_on_where_something_is_missing():
    with world.use("root") as root:
        root.delete("ou=hosts," + world.base)
    os.unlink(courier_file)
    ran = init()
    is_(ran.code, DONE, "init with an entry and a file gone")
    in_("ou=hosts," + world.base, ran.out, "the entry is made again")
    with world.use() as one:
        is_(one.bind(world.courier_dn, courier_password()).code, 0, "the courier has a new password that works")


def test_05_init_refusals():
    before = snapshot()
    ran = init(answers=("wrong",))
    is_(ran.code, REFUSED, "init with a wrong password")
    ran = muster(*AS_ADMIN, "init", answers=(world.admin_password,))
    is_(ran.code, REFUSED, "init by somebody who may not see cn=config")
    in_("cn=config", ran.err, "it says what cannot be seen")
    ran = muster(*AS_CONFIG, "init", "--base", "dc=elsewhere", answers=(world.config_password,))
    is_(ran.code, NOT_FOUND, "init for a suffix that no database has")
    ran = muster(*AS_CONFIG, "init", "--base", world.base, "--admin", 'cn="x"\ny', answers=(world.config_password,))
    is_(ran.code, USAGE, "init with an admin DN that would break access rules")
    ran = muster(*AS_CONFIG, "init", "--key-file", "relative", answers=(world.config_password,))
    is_(ran.code, USAGE, "init with a relative path")
    unchanged(before, "nothing is changed")


def test_06_existing_access_rules_stay():
    other = World(start=False)
    other.start()
    other.session("root").apply(other.fill(BASE_ENTRIES))
    theirs = ["to attrs=userPassword by self write by anonymous auth by * none",
              "to attrs=description by self write by * read", "to * by * read"]
    with other.use("config") as config:
        people.must(config.modify(DATABASE, ("add", "olcAccess", theirs),
                                  ("add", "olcDbIndex", ["uid,mail pres", "cn eq"])), "rules and indexes")
    peer = "gidNumber=%d+uidNumber=%d,cn=peercred,cn=external,cn=auth" % (os.getegid(), os.geteuid())
    with other.use("config") as config:
        config.modify("olcDatabase={0}config,cn=config",
                      ("add", "olcAccess", "to * by dn.exact=%s manage by * break" % peer))
    arguments = ["--external", "init", "--module", other.places["MODULE"], "--key-file", other.folder + "/cli.keys",
                 "--courier-password-file", other.folder + "/cp"]
    ran = muster(*arguments, uri=other.uri_ldapi)
    is_(ran.code, DONE, "init by EXTERNAL on a slapd with rules and indexes of its own")
    tap.note(ran.err)
    with other.use("config") as config:
        entry = config.entry(DATABASE)
    rules = [value.decode().split("}", 1)[1] for value in entry["olcAccess"]]
    is_(rules[-3:], theirs, "the rules that were there come last, in order")
    indexes = {value.decode() for value in entry["olcDbIndex"]}
    ok({"uid,mail pres,eq", "cn eq", "musterDomain eq"} <= indexes, "an index gets the type it lacks", str(indexes))
    ran = muster(*arguments, uri=other.uri_ldapi)
    in_("nothing to change", ran.out, "the second time nothing is changed")
    ran = muster("--external", "org", "add", "local", "--domain", "local", "--owner-id", "olive", "--owner-name", "O",
                 "--owner-mail", "o@local.example", uri=other.uri_ldapi)
    is_(ran.code, DONE, "and who ran it adds an organization by EXTERNAL")
    ran = muster("org", "list", "--json", uri=other.uri_ldapi)
    is_(json.loads(ran.out)[0]["domain"], "local", "ldapi:// without -D is EXTERNAL")
    with other.use() as anyone:
        anyone.bind("", "")
        is_(anyone.entry("uid=olive,ou=people,o=local,ou=organizations," + other.base), {},
            "a rule for everybody does not open members to strangers")
    other.cleanup()


# --- organizations --------------------------------------------------------------------------------------


OWNER = ("--owner-id", "olive", "--owner-name", "Olive Owner", "--owner-mail", "olive@acme.example")


def test_10_org_add():
    ran = admin("org", "add", "acme", "--domain", "acme-corp", *OWNER, "--json")
    is_(ran.code, DONE, "org add")
    facts = json.loads(ran.out)
    is_((facts["domain"], facts["owner"]), ("acme-corp", "olive"), "it prints domain and OWNER")
    with world.use("root") as root:
        org = root.entry("o=acme,ou=organizations," + world.base)
        is_(org["owner"], [dn_of("olive").encode()], "the OWNER is named")
        policy = root.entry(org["musterPolicyEntry"][0].decode())
        is_((policy["pwdMaxLength"], policy["cn"]), ([b"16"], [b"policy"]), "with a policy of its own, console-16")
        for folder in ("people", "groups", "services"):
            ok(root.entry("ou=%s,o=acme,ou=organizations,%s" % (folder, world.base)), "folder " + folder)
        ok("userPassword" not in root.entry(dn_of("olive")), "the OWNER has no password")


def test_11_org_add_policy():
    ran = admin("org", "add", "모던 주식회사", "--domain", "modern", "--policy", "modern", *OWNER)
    is_(ran.code, DONE, "org add with another policy and a Korean name")
    shown = json.loads(admin("org", "show", "modern", "--json").out)
    is_((shown["name"], shown["pwdMaxLength"]), ("모던 주식회사", 256), "org show by its domain")
    in_("modern", admin("org", "show", "모던 주식회사").out, "org show by its name")


def test_12_org_duplicates():
    before = snapshot()
    ran = admin("org", "add", "ACME", "--domain", "other", *OWNER)
    is_(ran.code, IN_USE, "the name in other letters is in use")
    in_("already in use", ran.err, "it says so")
    ran = admin("org", "add", "other", "--domain", "acme-corp", *OWNER)
    is_(ran.code, IN_USE, "the domain is in use")
    in_("--domain", ran.err, "it says how to go on")
    unchanged(before, "nothing is changed")


def test_13_org_bad_names():
    before = snapshot()
    good = ("--domain", "fine", *OWNER)
    for name in ("*()\\", "a*b", "a,b", "a=b", "", " a", "line\nbreak", "x" * 4096, b"bad\xff", "a/b", "tab\there"):
        ran = admin("org", "add", name, *good)
        is_(ran.code, USAGE, "organization %r is refused" % (name[:12],))
        ok(ran.err.startswith("muster: ") and len(ran.err) < 400, "with one clear line")
    for domain in ("ab", "-ab", "Acme", "a_b", "a.b", "x" * 41, "", "a*b", "ä-b"):
        is_(admin("org", "add", "fine", "--domain", domain, *OWNER).code, USAGE, "domain %r is refused" % domain)
    for option, value in (("--owner-id", "a*"), ("--owner-mail", "nobody"), ("--owner-mail", "a@b\nBcc: c@d"),
                          ("--owner-name", "a\nb"), ("--policy", "missing"), ("--policy", "*")):
        arguments = dict(zip(OWNER[::2], OWNER[1::2]), **{option: value})
        ran = admin("org", "add", "fine", "--domain", "fine", *[x for pair in arguments.items() for x in pair])
        ok(ran.code in (USAGE, NOT_FOUND), "%s %r is refused" % (option, value), ran.text)
    unchanged(before, "nothing is changed")


def test_14_org_add_all_or_nothing():
    """The last step is refused by a rule that is only about members: everything before is taken back."""
    before = snapshot()
    with world.use("config") as config:
        rules = [value.decode() for value in config.entry(DATABASE)["olcAccess"]]
        stop = 'to dn.regex="^uid=stopped,ou=people,o=half" by * none'
        with_stop = [stop] + [rule.split("}", 1)[1] for rule in sorted(rules, key=lambda r: int(r[1:r.index("}")]))]
        config.modify(DATABASE, ("replace", "olcAccess", with_stop))
        ran = admin("org", "add", "half", "--domain", "half", "--owner-id", "stopped", "--owner-name", "S",
                    "--owner-mail", "s@half.example")
        config.modify(DATABASE, ("replace", "olcAccess", with_stop[1:]))
    is_(ran.code, REFUSED, "an organization whose OWNER may not be written")
    unchanged(before, "leaves nothing behind")


def test_15_org_list():
    listed = json.loads(admin("org", "list", "--json").out)
    is_(sorted(row["domain"] for row in listed), ["acme-corp", "modern"], "org list --json")
    in_("acme-corp", admin("org", "list").out, "org list")
    is_(admin("org", "show", "missing").code, NOT_FOUND, "org show of a missing one")
    is_(admin("org", "show", "*").code, NOT_FOUND, "org show * is a name, not a pattern")


# --- members --------------------------------------------------------------------------------------------


def test_20_member_add():
    ran = admin("member", "add", "acme", "alice", "--name", "김 알리스", "--mail", "alice@acme.example",
                "--language", "ko", "--mobile", "+82 10 1234 5678", "--nickname", "앨리", "--json")
    is_(ran.code, DONE, "member add")
    is_(json.loads(ran.out)["dn"], dn_of("alice"), "it prints the DN")
    is_(admin("member", "add", "acme-corp", "bob", "--name", "Bob", "--mail", "bob@acme.example").code, DONE,
        "member add by the organization's domain")
    ran = admin("member", "add", "acme", "Alice", "--name", "A", "--mail", "a@acme.example")
    is_(ran.code, IN_USE, "an ID in other letters is in use")
    in_("already in use", ran.err, "it says so")
    ran = admin("member", "add", "bob2", "--name", "Bob", "--mail", "bob@acme.example")
    is_(ran.code, USAGE, "several organizations, none named")
    in_("say which", ran.err, "it asks which one")
    is_(admin("member", "add", "missing", "x", "--name", "X", "--mail", "x@x.example").code, NOT_FOUND,
        "a missing organization")
    is_(admin("member", "add", "acme", "x", "--name", "X").code, USAGE, "no mail address")


def test_21_member_owner():
    is_(admin("member", "add", "acme", "oscar", "--owner", "--name", "Oscar", "--mail", "o@acme.example").code, DONE,
        "member add --owner")
    owners = json.loads(admin("org", "show", "acme", "--json").out)["owners"]
    is_(sorted(owners), ["olive", "oscar"], "the organization has two OWNERs")


def test_22_member_bad_names():
    before = snapshot()
    for bad in ("*()\\", "a b", "-x", ".x", "", "a\nb", "x" * 4096, b"\xff", "a/b", "a,b", "ü"):
        words = ("acme", "--", bad) if bad == "-x" else ("acme", bad)
        ran = admin("member", "add", "--name", "X", "--mail", "x@x.example", *words)
        is_(ran.code, USAGE, "ID %r is refused" % (bad[:12],))
    for option, value in (("--name", "a\nb"), ("--name", ""), ("--name", "x" * 4096), ("--name", b"\xff"),
                          ("--mail", "x"), ("--mail", "a@b c"), ("--mail", "x" * 4096 + "@b"),
                          ("--language", "../ko"), ("--mobile", "call me"), ("--nickname", "a\rb")):
        arguments = dict({"--name": "X", "--mail": "x@x.example"}, **{option: value})
        ran = admin("member", "add", "acme", "fine", *[x for pair in arguments.items() for x in pair])
        is_(ran.code, USAGE, "%s %r is refused" % (option, value[:12]))
    unchanged(before, "nothing is changed")


def test_23_member_list_show():
    listed = {row["id"]: row for row in json.loads(admin("member", "list", "acme", "--json").out)}
    is_(sorted(listed), ["alice", "bob", "olive", "oscar"], "member list --json")
    is_([listed[i]["owner"] for i in ("olive", "bob")], [True, False], "OWNERs are marked")
    lines = admin("member", "list", "acme").out.splitlines()
    is_(len(lines), 5, "member list prints a line for each")
    shown = json.loads(admin("member", "show", "acme/alice", "--json").out)
    is_((shown["name"], shown["nickname"], shown["language"], shown["status"], shown["last_login"]),
        ("김 알리스", "앨리", "ko", "active", None), "member show --json")
    ok(re.match(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$", shown["registered"]), "with the time of registration")
    for words in (("acme", "alice"), (dn_of("alice"),)):
        in_("김 알리스", admin("member", "show", *words).out, "member show %s" % " ".join(words))
    for words in (("acme/nobody",), ("acme/*",), ("missing/alice",), (dn_of("nobody"),)):
        is_(admin("member", "show", *words).code, NOT_FOUND, "member show %s" % words)
    for word in ("", "a/b/c", "/a", "a/", "a\nb", b"\xff", "x" * 4096):
        is_(admin("member", "show", word).code, USAGE, "member show %r" % (word[:12],))


def test_24_member_suspend_resume():
    is_(admin("member", "suspend", "acme/bob").code, DONE, "member suspend")
    is_(json.loads(admin("member", "show", "acme/bob", "--json").out)["status"], "suspended", "the member is suspended")
    is_(admin("member", "resume", "acme", "bob").code, DONE, "member resume")
    is_(json.loads(admin("member", "show", "acme/bob", "--json").out)["status"], "active", "the member is active")
    is_(admin("member", "suspend", "acme/nobody").code, NOT_FOUND, "member suspend of a missing one")


def test_24a_member_unlock():
    root = world.session("root")
    lock = root.modify(dn_of("bob"), ("replace", "pwdAccountLockedTime", "000001010000Z"))
    is_(lock.code, 0, "a lock by hand")
    is_(admin("member", "unlock", "acme/bob").code, DONE, "member unlock")
    tap.ok("pwdAccountLockedTime" not in root.entry(dn_of("bob")), "the lock is gone")
    is_(admin("member", "unlock", "acme", "bob").code, DONE, "who is not locked is unlocked all the same")
    is_(admin("member", "unlock", "acme/nobody").code, NOT_FOUND, "member unlock of a missing one")


# --- passwords ------------------------------------------------------------------------------------------


def test_30_password_reset_tells_nothing():
    texts = {muster("password", "reset", who).text.replace(who, "") for who in ("acme/alice", "acme/nobody", "x/y", "z")}
    is_(len(texts), 1, "existing or not, the answer is the same")
    for bad in ("", "a/b/c", "a\nb", b"\xff", "x" * 4096):
        is_(muster("password", "reset", bad).code, USAGE, "reset for %r is refused" % (bad[:12],))


def test_31_password_redeem():
    token = token_for("acme/bob")
    for new, word in (("Ab1!", "at least 8"), ("Abcdefgh-12345678", "at most 16"), ("1234-5678", "letter"),
                      ("Abcd-efgh", "digit"), ("Abcd1234", "special")):
        ran = muster("password", "redeem", "acme/bob", answers=(token, new, new))
        is_(ran.code, RULES, "%s breaks a rule" % new)
        in_(word, ran.err, "which is named")
    is_(muster("password", "redeem", "acme/bob", answers=(token, FIRST, SECOND)).code, USAGE, "two that differ")
    is_(muster("password", "redeem", "acme/bob", answers=(token, FIRST)).code, USAGE, "an answer is missing")
    is_(muster("password", "redeem", "acme/bob", answers=(token, "", "")).code, USAGE, "an empty password")
    is_(muster("password", "redeem", "acme/bob", answers=("x" * 1000000, FIRST, FIRST)).code, USAGE, "a 1 MB token")
    is_(muster("password", "redeem", "acme/bob", answers=("mr1-" + "A" * 43, FIRST, FIRST)).code, REFUSED, "a wrong token")
    ran = muster("password", "redeem", dn_of("bob"), answers=(token, FIRST, FIRST))
    is_(ran.code, DONE, "the token is good by DN as by name: all those refusals did not spend it")
    ran = muster("password", "redeem", "acme/bob", answers=(token, SECOND, SECOND))
    is_(ran.code, REFUSED, "and it is good once")
    ok(FIRST not in ran.text and token not in ran.text, "neither token nor password is printed")


def test_32_password_change():
    is_(muster("password", "change", "acme/bob", answers=("wrong", SECOND, SECOND)).code, REFUSED, "a wrong password")
    ran = muster("password", "change", "acme/bob", answers=(FIRST, FIRST, FIRST))
    is_(ran.code, RULES, "the password in use")
    in_("most recent", ran.err, "it says that it was used")
    is_(muster("password", "change", "acme/bob", answers=(FIRST, SECOND, SECOND), uri=world.uri_ldapi).code, DONE,
        "password change")
    is_(muster("-D", dn_of("bob"), "password", "change", answers=(SECOND, THIRD, THIRD)).code, DONE,
        "-D says who when no word does")
    is_(muster("password", "change").code, USAGE, "nobody named")


# --- second factor ----------------------------------------------------------------------------------------


class Terminal:
    """The command on a terminal of its own, as a person has it."""

    def __init__(self, *arguments):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            signal.signal(signal.SIGINT, signal.SIG_DFL)  # a shell ignores it for what runs in the background
            os.execv(MUSTER, [MUSTER, "-H", world.uri_ldapi, *arguments])
        self.seen = b""

    def until(self, text):
        """Read on until text was shown; what was shown so far."""
        end = time.monotonic() + LIMIT
        while text.encode() not in self.seen:
            ready, _, _ = select.select([self.fd], [], [], max(0, end - time.monotonic()))
            if not ready or not self._read():
                raise RuntimeError("%r was not shown: %r" % (text, self.seen[-500:]))
        return self.seen.decode()

    def _read(self):
        try:
            octets = os.read(self.fd, 65536)
        except OSError:  # the other side is closed
            octets = b""
        self.seen += octets
        return octets

    def type(self, text):
        os.write(self.fd, text.encode() + b"\n")

    def end(self):
        """The exit code, after everything was read."""
        while self._read():
            pass
        os.close(self.fd)
        status = os.waitpid(self.pid, 0)[1]
        return os.waitstatus_to_exitcode(status)


bob = {"ahead": 0}


def test_40_otp_enrol_on_a_terminal():
    terminal = Terminal("otp", "enrol", "acme/bob")
    terminal.until("Password: ")
    terminal.type(THIRD)
    shown = terminal.until("Code that the app shows: ")
    key = re.search(r"setup key\s+([A-Z2-7]{32})\s", shown).group(1)
    in_("secret=" + key, shown, "the otpauth URI carries the setup key")
    ok("\u2580" in shown and "\u2584" in shown and "\u2588" in shown, "a QR code in half blocks is shown")
    bob["secret"] = base64.b32decode(key)
    bob["step"] = totp.step(time.time() + bob["ahead"])
    terminal.type(totp.code_of_step(bob["secret"], bob["step"]))
    is_(terminal.end(), DONE, "enrolment with a right code")
    shown = terminal.seen.decode()
    ok(THIRD not in shown, "the password is not echoed")
    bob["recovery"] = re.findall(r"(?m)^  ([0-9A-Za-z-]+)\r?$", shown.split("Recovery codes")[-1])
    ok(len(bob["recovery"]) >= 5, "recovery codes are shown")


def test_41_a_signal_leaves_the_terminal_as_it_was():
    terminal = Terminal("password", "change", "acme/bob")
    terminal.until("Current password: ")
    ok(not termios.tcgetattr(terminal.fd)[3] & termios.ECHO, "no echo while a password is typed")
    os.kill(terminal.pid, signal.SIGINT)
    end = time.monotonic() + LIMIT
    while not termios.tcgetattr(terminal.fd)[3] & termios.ECHO and time.monotonic() < end:
        time.sleep(0.02)
    ok(termios.tcgetattr(terminal.fd)[3] & termios.ECHO, "echo is back after an interrupt")
    is_(terminal.end(), -signal.SIGINT, "and the command ended by it")


def test_42_otp_status():
    shown = json.loads(admin("otp", "status", "acme/bob", "--json").out)
    is_(shown["registered"], True, "otp status of a member with an authenticator")
    in_("no", admin("otp", "status", "acme/alice").out, "otp status of one without")
    is_(admin("otp", "status", "acme/nobody").code, NOT_FOUND, "otp status of a missing one")


def next_code():
    """A code of a step that is not spent: slapd's clock is moved there."""
    # To the beginning of the next step: of two codes that are made one after the other the first is good still.
    bob["ahead"] += totp.PERIOD - int(time.time() + bob["ahead"]) % totp.PERIOD
    world.move_clock(bob["ahead"])
    bob["step"] = totp.step(time.time() + bob["ahead"])
    return totp.code_of_step(bob["secret"], bob["step"])


def test_43_a_bind_asks_for_the_code():
    ran = muster("-D", dn_of("bob"), "member", "show", dn_of("bob"), "--json", answers=(THIRD, next_code()))
    is_(ran.code, DONE, "a member logs in with password and code")
    is_(json.loads(ran.out)["id"], "bob", "and sees its own entry")
    ran = muster("-D", dn_of("bob"), "member", "show", dn_of("bob"),
                 answers=(THIRD, totp.code_of_step(bob["secret"], bob["step"])))
    is_(ran.code, REFUSED, "the same code again is refused")
    is_(muster("-D", dn_of("bob"), "member", "show", dn_of("bob"), answers=(THIRD,)).code, USAGE, "no code")


def test_44_password_change_with_a_code():
    ran = muster("password", "change", "acme/bob", answers=(THIRD, FOURTH, FOURTH, next_code()))
    is_(ran.code, DONE, "the code is asked for when it is needed")


def test_45_otp_recovery_and_removal_by_the_member():
    ran = muster("otp", "recovery", "acme", "bob", "--json", answers=(FOURTH, next_code()))
    is_(ran.code, DONE, "otp recovery")
    new = json.loads(ran.out)["recovery_codes"]
    is_((len(new), set(new) & set(bob["recovery"])), (10, set()), "makes ten new codes")
    ran = muster("otp", "recovery", "acme/bob", answers=(FOURTH, new[0]))
    is_((ran.code, len(re.findall(r"(?m)^  [a-z2-7]{5}-[a-z2-7]{5}$", ran.out))), (DONE, 10), "one of them makes ten others")
    in_("replace all older ones", ran.out, "which it says")
    is_(muster("otp", "recovery", "acme/bob", answers=(FOURTH, new[1])).code, REFUSED, "the set before is void")
    is_(muster("otp", "remove", "acme/bob", answers=(FOURTH, totp.wrong_code(bob["secret"], time.time() + bob["ahead"]))).code, REFUSED,
        "otp remove with a wrong code")
    terminal = Terminal("otp", "remove", "acme/bob")
    terminal.until("Password: ")
    terminal.type(FOURTH)
    terminal.until("One-time code, or a recovery code: ")
    terminal.type(next_code())
    is_(terminal.end(), DONE, "otp remove by the member with one code")
    is_(json.loads(admin("otp", "status", "acme", "bob", "--json").out)["registered"], False, "it is gone")
    is_(admin("otp", "remove", "acme/bob").code, NOT_FOUND, "there is nothing to remove twice")
    in_("no second factor", muster("otp", "remove", "acme/bob", answers=(FOURTH, "123456")).err, "which the member is told as well")


def test_46_otp_enrol_from_a_pipe_and_remove_by_the_admin():
    child = subprocess.Popen([MUSTER, "-H", world.uri_ldapi, "otp", "enrol", "--json", dn_of("bob")],
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    child.stdin.write(FOURTH + "\n")
    child.stdin.flush()
    bob["secret"] = base64.b32decode(json.loads(child.stdout.readline())["setup_key"])
    bob["step"] = totp.step(time.time() + bob["ahead"])
    out, err = child.communicate(totp.code_of_step(bob["secret"], bob["step"]) + "\n", timeout=LIMIT)
    is_(child.returncode, DONE, "enrolment from a pipe")
    ok(json.loads(out)["recovery_codes"], "recovery codes as JSON", err)
    is_(muster("-D", dn_of("bob"), "otp", "remove", "acme/bob", answers=(FOURTH, next_code(), next_code())).code, DONE,
        "otp remove by the member that is logged in takes the next code")
    child = subprocess.Popen([MUSTER, "-H", world.uri_ldapi, "otp", "enrol", "--json", "acme", "bob"],
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    child.stdin.write(FOURTH + "\n")
    child.stdin.flush()
    shown = json.loads(child.stdout.readline())
    in_("issuer=acme", shown["uri"], "the app shows the organization")
    bob["secret"] = base64.b32decode(shown["setup_key"])
    child.communicate(totp.code_of_step(bob["secret"], totp.step(time.time() + bob["ahead"])) + "\n", timeout=LIMIT)
    is_(child.returncode, DONE, "and enrolment with organization and id as two words")
    is_(admin("otp", "remove", "acme/bob").code, DONE, "otp remove by the administrator needs no code")


def test_47_otp_enrol_refusals():
    before = snapshot()
    ran = muster("otp", "enrol", "acme/bob", answers=(FOURTH, "12345"))
    is_(ran.code, REFUSED, "a code that is none")
    is_(json.loads(admin("otp", "status", "acme/bob", "--json").out)["registered"], False, "registers nothing")
    is_(muster("otp", "enrol", "acme/nobody", answers=(FOURTH, "123456")).code, REFUSED, "nobody cannot enrol")
    is_(muster("otp", "enrol").code, USAGE, "nobody named")
    ok(before.count(b"\ndn: ") == snapshot().count(b"\ndn: "), "no entry came or went")


# --- what people do wrong -----------------------------------------------------------------------------------


def test_48_what_members_and_owners_see():
    many = people.organization(world, "many")
    with world.use("root") as root:
        people.give_password(world, many.owner, FIRST, root)
        for n in range(510):
            dn = "uid=n%03d,%s" % (n, many.people)
            people.must(root.add(dn, {"objectClass": ["inetOrgPerson", "musterMember"], "uid": "n%03d" % n, "cn": "N", "sn": "N",
                                      "mail": "n%03d@many.example" % n}), dn)
        one = people.Member("uid=n001," + many.people, "n001", "")
        people.give_password(world, one, SECOND, root)
    ran = muster("-D", many.owner.dn, "member", "list", "--json", answers=(FIRST,))
    is_((ran.code, len(json.loads(ran.out))), (DONE, 511), "an OWNER lists more members than one answer of the server holds")
    ran = muster("-D", one.dn, "member", "list", answers=(SECOND,))
    is_(ran.code, REFUSED, "a member does not")
    in_("only OWNERs and administrators may list the members of many", ran.err, "and is told who may")
    shown = json.loads(muster("-D", one.dn, "member", "show", "many", "n001", "--json", answers=(SECOND,)).out)
    is_((shown["password"], shown["second_factor"], shown["must_change"]), (True, False, False), "a member sees its own entry")
    shown = json.loads(muster("-D", many.owner.dn, "member", "show", "many/n002", "--json", answers=(FIRST,)).out)
    is_((shown["password"], shown["second_factor"], shown["password_set"]), (False, False, None),
        "an OWNER sees that a member has neither password nor authenticator")
    is_(muster("password", "reset", "many", "n001").code, DONE, "ORG ID as two words")
    ran = muster("--json", "-D", one.dn, "member", "show", "many", "n002", answers=(SECOND,))
    in_("no member", json.loads(ran.err)["error"], "with --json what goes wrong is an object, too")


def test_49_app_passwords():
    who = "acme/lena"
    ran = admin("member", "add", "acme", "lena", "--name", "Lena", "--mail", "lena@acme.example")
    is_(ran.code, DONE, "a member")
    token = token_for(who)
    is_(muster("password", "redeem", who, answers=[token, FIRST, FIRST]).code, DONE, "with a password")
    me = ["-D", dn_of("lena")]
    ran = muster("app-password", "add", "Mail on my phone", who, "--network", "192.0.2.0/24", "--network=2001:db8::/32",
                 answers=[FIRST])
    is_(ran.code, DONE, "add, by name")
    made = re.findall(r"(?m)^  (ma-[a-z2-7]{26})$", ran.out)
    is_(len(made), 1, "the app password stands alone on a line")
    ran = muster(*me, "--json", "app-password", "add", "Wiki", answers=[FIRST])
    wiki = json.loads(ran.out)
    ok(wiki["app_password"].startswith("ma-") and wiki["app_password"] != made[0], "add as JSON, by -D")
    listed = json.loads(muster(*me, "--json", "app-password", "list", answers=[FIRST]).out)
    is_([(p["label"], p["networks"], p["last_used"]) for p in listed],
        [("Mail on my phone", ["192.0.2.0/24", "2001:db8::/32"], None), ("Wiki", [], None)], "list as JSON")
    with world.use() as one:
        is_(one.bind(dn_of("lena"), wiki["app_password"]).code, 0, "the program is let in")
    ran = muster(*me, "app-password", "list", answers=[FIRST])
    in_("everywhere", ran.out, "list as text")
    ok(re.search(r"Wiki .* 2\d\d\d-\d\d-\d\dT", ran.out), "says when it was used", ran.text)
    ok(made[0] not in ran.text and wiki["app_password"] not in ran.text, "and does not show it again")
    is_(admin("app-password", "list", "acme", "lena").code, DONE, "an administrator lists")
    is_(muster(*me, "app-password", "revoke", "abcdefgh", answers=[FIRST]).code, NOT_FOUND, "an ID that is not there")
    is_(muster(*me, "app-password", "revoke", wiki["id"], answers=[FIRST]).code, DONE, "revoke, by the member")
    with world.use() as one:
        is_(one.bind(dn_of("lena"), wiki["app_password"]).code, 49, "it is good for nothing")
    is_(admin("app-password", "revoke", listed[0]["id"], who).code, DONE, "revoke, by an administrator")
    is_(json.loads(muster(*me, "--json", "app-password", "list", answers=[FIRST]).out), [], "none is left")
    for words, status in ((["add", ""], USAGE), (["add", " Mail"], USAGE), (["add", "Mail", "--network", "192.0.2.1/24"], USAGE),
                          (["add", "Mail", "--network", "any"], USAGE), (["add"], USAGE), (["revoke"], USAGE),
                          (["add", "Mail", *["--network=192.0.2.%d" % i for i in range(17)]], USAGE)):
        ran = muster(*me, "app-password", *words, answers=[FIRST])
        ok(ran.code == status and ran.err, "%s: said what is wrong" % " ".join(words), ran.text)
    is_(muster("app-password", "add", "Mail").code, USAGE, "nobody named")
    is_(muster(*me, "app-password", "add", "Mail", answers=[SECOND]).code, REFUSED, "a wrong password")
    ran = muster(*me, "--json", "app-password", "add", "Mail", answers=[FIRST])
    ran = muster(*me, "app-password", "list", answers=[json.loads(ran.out)["app_password"]])
    is_(ran.code, REFUSED, "the command itself takes no app password")
    secret = totp.new_secret()
    member = people.Member(dn_of("lena"), "lena", "lena@acme.example", FIRST)
    people.give_factor(world, member, secret)
    ran = muster(*me, "app-password", "add", "With a code", answers=[FIRST, member.code(time.time() + bob["ahead"])])
    is_(ran.code, DONE, "with a second factor the code is asked for")
    is_(muster(*me, "app-password", "add", "Again", answers=[FIRST, totp.wrong_code(secret, time.time() + bob["ahead"])]).code, REFUSED,
        "a wrong one")


def test_50_typos():
    for words, text in ((("orgg", "list"), 'did you mean "muster org"'), (("org", "lst"), '"muster org list"'),
                        (("member", "suspned", "x"), '"muster member suspend"'), (("xyzzy",), "--help"),
                        (("org", "list", "--jsno"), "--json"), (("org",), "add, list, show"),
                        (("org", "add", "x", "--domian", "y"), "--domain"), (("org", "list", "-x"), "unknown option"),
                        (("org", "add"), "muster org add NAME"), (("org", "list", "extra"), "too many"),
                        (("org", "list", "--base"), "needs a value"), (("org", "list", "--json=yes"), "takes no value"),
                        (("org", "list", "-D", "a=b", "-D", "c=d"), "twice"), (("org", "list", "-D", "nonsense"), "not a DN"),
                        (("org", "list", "-Y", "PLAIN"), "EXTERNAL"), (("org", "list", "-D", "a=b", "--external"), "exclude")):
        ran = muster(*words)
        is_(ran.code, USAGE, " ".join(words))
        in_(text, ran.err, "it says what to do")
    for words in (("--help",), ("org", "add", "--help"), ("--version",)):
        is_(muster(*words).code, DONE, " ".join(words))
    is_(subprocess.run([MUSTER], capture_output=True).returncode, USAGE, "no command at all")


def test_51_wrong_credentials():
    ran = muster(*AS_ADMIN, "org", "list", answers=("wrong",))
    is_(ran.code, REFUSED, "a wrong password")
    ok("wrong password" in ran.err and "Traceback" not in ran.err, "it says so")
    is_(muster("-D", "cn=nobody," + world.base, "org", "list", answers=("x",)).code, REFUSED, "nobody")
    is_(muster(*AS_ADMIN, "org", "list").code, USAGE, "no password on standard input")
    is_(muster(*AS_ADMIN, "org", "list", answers=("",)).code, USAGE, "an empty password is not sent")
    is_(muster(*AS_ADMIN, "org", "list", answers=("x" * 1048576,)).code, USAGE, "a 1 MB password is not sent")
    ran = muster("--ca-file", world.cacert, "org", "list", uri=world.uri_tls)
    is_(ran.code, USAGE, "nobody says who they are")
    ok(muster("--external", "org", "add", "x", "--domain", "xyz", *OWNER).code in (REFUSED, NOT_FOUND),
       "EXTERNAL without rights adds nothing")


def test_52_tls():
    is_(admin("--ca-file", world.cacert, "org", "list", uri=world.uri_tls).code, DONE, "ldaps:// with the right authority")
    is_(admin("--ca-file", world.cacert, "org", "list", uri=world.uri).code, DONE, "ldap:// is upgraded")
    for uri in (world.uri_tls, world.uri):
        ran = admin("org", "list", uri=uri)
        is_(ran.code, UNREACHABLE, "an authority that is not known: %s" % uri.split(":")[0])
        in_("--ca-file", ran.err, "it says what to do")
    ran = admin("--ca-file", world.cacert, "org", "list", uri=world.uri_tls.replace("127.0.0.1", "localhost.localdomain"))
    ok(ran.code == UNREACHABLE, "a certificate for another name, or a name that is none")
    is_(admin("--ca-file", "/nonexistent", "org", "list", uri=world.uri_tls).code, USAGE, "no such file")
    for uri in ("http://x", "nonsense", ""):
        is_(admin("org", "list", uri=uri).code if uri else muster("-H", "x", "org", "list").code, USAGE, "URI %r" % uri)
    is_(admin("org", "list", uri="ldap://127.0.0.1:1").code, UNREACHABLE, "nobody listens")
    is_(admin("--ca-file", world.cacert, "org", "list", uri="ldap://127.0.0.1:1 " + world.uri_tls).code, DONE,
        "the second URI is tried when the first does not answer")


def silent_server(speak):
    """A server that takes connections and then does what speak does with them; its port."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            speak(connection)

    threading.Thread(target=serve, daemon=True).start()
    return listener


def test_53_servers_that_hang_or_babble():
    held = []
    silent = silent_server(held.append)
    babble = silent_server(lambda c: (c.sendall(os.urandom(4096)), c.close()))
    partial = silent_server(lambda c: (c.sendall(b"\x30\x84\x00\x00\x10\x00"), held.append(c)))
    cases = [(name, scheme, listener) for scheme in ("ldaps", "ldap") for name, listener in
             (("silent", silent), ("babbling", babble), ("half a message", partial))]
    with ThreadPoolExecutor(len(cases)) as pool:
        runs = list(pool.map(lambda c: admin("org", "list", uri="%s://127.0.0.1:%d" % (c[1], c[2].getsockname()[1])),
                             cases))
    for (name, scheme, _), ran in zip(cases, runs):
        is_(ran.code, UNREACHABLE, "%s server by %s://" % (name, scheme))
    for listener in (silent, babble, partial):
        listener.close()


def test_54_server_without_muster():
    plain = World(start=False)
    plain.start()
    plain.session("root").apply(plain.fill(BASE_ENTRIES))
    ran = muster("password", "reset", "acme/alice", uri=plain.uri_ldapi)
    is_(ran.code, NO_MUSTER, "an operation that the server does not know")
    in_("muster init", ran.err, "it says what to do")
    ran = muster("-D", plain.admin_dn, "--base", plain.base, "org", "add", "x", "--domain", "xyz", *OWNER,
                 answers=(plain.admin_password,), uri=plain.uri_ldapi)
    ok(ran.code in (NOT_FOUND, REFUSED), "no tree to write to", ran.text)
    plain.cleanup()


def test_55_configuration():
    path = os.path.join(world.folder, "cli.conf")
    with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
        file.write("[directory]\nuris = %s\nca_file = %s\nbase = %s\n" % (world.uri_tls, world.cacert, world.base))
    done = subprocess.run([MUSTER, "-c", path, *AS_ADMIN, "org", "list", "--json"], capture_output=True,
                          input=(world.admin_password + "\n").encode())
    is_(done.returncode, DONE, "server, authority and base from muster.conf")
    with open(path, "a") as file:
        file.write("bsae = dc=x\n")
    done = subprocess.run([MUSTER, "-c", path, *AS_ADMIN, "org", "list"], capture_output=True, input=b"x\n")
    is_(done.returncode, USAGE, "an unknown key")
    in_(path + ":5", done.stderr.decode(), "is named with file and line")
    is_(subprocess.run([MUSTER, "-c", "/nonexistent", "org", "list"], capture_output=True).returncode, USAGE, "no file")


def test_56_output_that_cannot_be_written():
    with open("/dev/full", "w") as full:
        done = subprocess.run([MUSTER, "-H", world.uri_ldapi, *AS_ADMIN, "org", "list"], stdout=full,
                              stderr=subprocess.PIPE, input=(world.admin_password + "\n").encode())
    is_(done.returncode, FAILED, "a full disk is an error")


def test_57_completion_and_page_know_every_command():
    shown = muster("--help").out
    commands = re.findall(r"(?m)^  ([a-z-]+(?: [a-z]+)?)(?= |$)", shown.split("Options of")[0])
    ok(len(commands) >= 15, "commands are listed in help", str(commands))
    with open(os.path.join(SOURCE, "contrib/bash-completion/muster")) as file:
        completion = file.read()
    with open(os.path.join(SOURCE, "doc/man/muster.1")) as file:
        page = re.sub(r"\\f[BIPR]", "", file.read()).replace("\\-", "-")
    options = set()
    for command in commands:
        options.update(re.findall(r"--([a-z-]+)", muster(*command.split(), "--help").out))
    for command in commands:
        ok(all(word in completion for word in command.split()), "completion knows %s" % command)
        ok(command in page, "muster(1) knows %s" % command)
    is_(sorted(o for o in options if "--" + o not in completion), [], "completion knows every option")
    is_(sorted(o for o in options if "--" + o not in page), [], "muster(1) knows every option")


def test_99_alive():
    ok(world.alive(), "slapd is alive")


tap.main(globals())
