#!/usr/bin/python3
"""Codes by text message through smstools: slapd, musterd with contrib/sms/sms-to-smstools, smsd, and a modem at the end."""

import atexit
import glob
import grp
import os
import pwd
import re
import shutil
import signal
import stat
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from lib import codes, logs, mail, people, tap  # noqa: E402
from lib.daemon import USERS, WAIT_SEC, Daemon, wait_for  # noqa: E402
from lib.modem import Modem  # noqa: E402
from lib.tap import in_, is_, ok  # noqa: E402
from lib.world import SOURCE, World  # noqa: E402

SCRIPT = os.path.join(SOURCE, "contrib", "sms", "sms-to-smstools")
SERVICE = "Acme"
ENGLISH = "%s: code %s confirms your number. Good for 10 min. Keep it secret."
KOREAN = "%s: 휴대전화 인증번호 %s (10분간 유효). 다른 사람에게 알려 주지 마세요."
CODE = re.compile(r"\b\d{6}\b")
ELSEWHERE = "+15550001111"
LEASE_SEC = 2
codes_seen = set()


class Smsd:
    """smsd on a spool of its own. As root its folders, user and group are as in Debian and doc/OPERATIONS.md."""

    USER, GROUP = "smsd", "dialout"

    def __init__(self, folder, device):
        self.program = shutil.which("smsd", path="/usr/sbin:/sbin:" + os.environ["PATH"])
        if not self.program:
            raise RuntimeError("there is no smsd: apt-get install smstools")
        self.folder, self.process = folder, None
        self.outgoing = os.path.join(folder, "outgoing")
        self.log_path = os.path.join(folder, "run", "log")
        self.identity = []
        os.mkdir(folder, 0o755)
        for name in ("outgoing", "checked", "failed", "incoming", "run"):
            os.mkdir(os.path.join(folder, name))
        if os.geteuid() == 0:
            self._as_installed(device)
        self._configure(device)
        logs.watch(self.log_path)
        atexit.register(self.stop)
        self.process = subprocess.Popen([self.program, "-c" + self.conf, "-t", *self.identity], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)

    def _as_installed(self, device):
        user, group = pwd.getpwnam(self.USER), grp.getgrnam(self.GROUP)
        for name in ("checked", "failed", "incoming", "run"):
            path = os.path.join(self.folder, name)
            os.chown(path, user.pw_uid, user.pw_gid)
            os.chmod(path, 0o3775)
        os.chown(self.outgoing, pwd.getpwnam(USERS["courier"]).pw_uid, group.gr_gid)
        os.chmod(self.outgoing, 0o2770)
        os.chown(device, 0, group.gr_gid)
        os.chmod(device, 0o660)
        self.identity = ["-u" + self.USER, "-g" + self.GROUP]

    def _configure(self, device):
        self.conf = os.path.join(self.folder, "smsd.conf")
        options = {name: os.path.join(self.folder, name) for name in ("outgoing", "checked", "failed", "incoming")}
        options.update(devices="GSM1", logfile=self.log_path, loglevel="6", delaytime="1", errorsleeptime="1",
                       pidfile=os.path.join(self.folder, "run", "pid"), infofile=os.path.join(self.folder, "run", "working"))
        with open(self.conf, "w") as file:
            file.write("".join("%s = %s\n" % pair for pair in options.items()))
            file.write("[GSM1]\ndevice = %s\ninit = ATE0\nincoming = no\n" % device)

    def files(self):
        """Whatever is in its spool, by path: nothing of what was sent stays."""
        return [os.path.join(folder, name) for folder, _, names in os.walk(self.folder) for name in names
                if folder not in (self.folder, os.path.join(self.folder, "run"))]

    def log(self):
        if not os.path.exists(self.log_path):
            return ""
        with open(self.log_path, errors="replace") as file:
            return file.read()

    def stop(self):
        """smsd and its processes for modems, which are in a session of their own."""
        if self.process is None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(WAIT_SEC)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(WAIT_SEC)
        self.process = None
        if tap.failures():
            tap.note("smsd's log ends:\n" + self.log()[-3000:])


world = World(config=("olcMusterLease: %d" % LEASE_SEC,))
root = world.session("root")
acme = people.organization(world)
server = mail.MailServer(os.path.join(world.folder, "mail"))
daemon = Daemon(world)
modem = Modem()
smsd = Smsd(os.path.join(world.folder, "sms"), modem.device)
# The courier's user may have no way into the folder of the source.
script = shutil.copy(SCRIPT, daemon.folder)
daemon.configure({
    "courier": {"enabled": "yes", "smtp_url": "smtp://127.0.0.1:%d" % server.port, "smtp_tls": "none", "service_name": SERVICE},
    "sms": {"command": "%s %s" % (script, smsd.outgoing)}})
daemon.start()
numbers = ("+82102000%04d" % n for n in range(1, 10000))


def member(**more):
    return people.member(acme, password=people.PASSWORD, root=root, **more)


def first(one, name):
    return (root.entry(one.dn, [name]).get(name) or [b""])[0].decode()


def ask(me, one, number):
    is_(me.modify(one.dn, ("replace", "musterPendingMobile", number)).code, 0, "a new number is asked for")


def code_of(text):
    found = CODE.search(text)
    if not found:
        raise RuntimeError("no code in %r" % text)
    codes_seen.add(found[0])
    return found[0]


def prove(me, one, number):
    """The number's first message, and the member after its code was written."""
    message = modem.wait(1, number)[0]
    is_(me.modify(one.dn, ("add", "musterCode", code_of(message.text))).code, 0, "the code in it is good")
    is_(first(one, "mobile"), number, "the number is the member's")
    ok(first(one, "musterMobileVerified"), "and verified")
    return message


def give(text, number=ELSEWHERE, folder=None, **more):
    """The script alone; its exit status."""
    text = text if isinstance(text, bytes) else text.encode()
    return subprocess.run([script, folder or smsd.outgoing, number], input=text, stderr=subprocess.DEVNULL, timeout=WAIT_SEC,
                          **more).returncode


# --- with the courier ------------------------------------------------------------------------------------


def test_english():
    one, number = member(), next(numbers)
    me = world.session(one.dn, one.password)
    ask(me, one, number)
    message = prove(me, one, number)
    is_(message.text, ENGLISH % (SERVICE, code_of(message.text)), "the text is English")
    is_((message.alphabet, message.parts), ("gsm", 1), "in SMS's own alphabet, one SMS")
    new = next(numbers)
    ask(me, one, new)
    prove(me, one, new)
    notices = [modem.wait(2, old)[1].text for old in (number, new)]
    is_(notices, ["Acme: mobile number changed. Not you? Tell your administrator."] * 2, "the old and the new number are told")


def test_korean():
    one, number = member(preferredLanguage="ko-KR", displayName="김민지"), next(numbers)
    me = world.session(one.dn, one.password)
    ask(me, one, number)
    message = prove(me, one, number)
    is_(message.text, KOREAN % (SERVICE, code_of(message.text)), "the text is Korean")
    is_((message.alphabet, message.parts), ("ucs2", 1), "in UCS-2, one SMS")


def rename_service(name):
    daemon.configure({"courier": {"service_name": name}})
    daemon.reload()


def test_hostile_names():
    """What a member or the service is called makes no header and no receiver."""
    name = "A\\nTo: %s Flash: yes ê`😀" % ELSEWHERE[1:]
    rename_service(name)
    one = member(displayName="Eve\nTo: %s\nAlphabet: ISO\n\nhello" % ELSEWHERE[1:])
    number, me = next(numbers), world.session(one.dn, one.password)
    for more in ("\nTo: " + ELSEWHERE, "," + ELSEWHERE[1:], ";x", "\0"):
        ok(me.modify(one.dn, ("replace", "musterPendingMobile", number + more)).code != 0, "no number: %r" % more)
    ask(me, one, number)
    message = prove(me, one, number)
    begin = message.text.partition(": code")[0]
    ok(len(begin) > 1 and name.startswith(begin), "the name of the service is text", message.text)
    is_((message.alphabet, message.parts), ("gsm", 1), "without its other letters, for which there is no room: one SMS")
    is_(modem.messages(ELSEWHERE), [], "nothing went elsewhere")
    rename_service(SERVICE)


def test_a_spool_that_cannot_be_written():
    one, number = member(), next(numbers)
    me = world.session(one.dn, one.password)
    mode = stat.S_IMODE(os.stat(smsd.outgoing).st_mode)
    os.chmod(smsd.outgoing, mode & ~0o222)
    try:
        ask(me, one, number)
        wait_for("the failure is logged", lambda: "kind=verify-mobile to=%s not sent" % number in daemon.log())
        is_(codes.owed_to(root, one.dn, "verify-mobile"), [number], "the message is owed")
        is_(modem.messages(number), [], "and not sent")
    finally:
        os.chmod(smsd.outgoing, mode)
    prove(me, one, number)
    tap.eventually(lambda: not codes.owed_to(root, one.dn, "verify-mobile"), "it is sent later, and not owed any more")


# --- the script alone ------------------------------------------------------------------------------------


def test_the_file():
    folder = os.path.join(world.folder, "files")
    for text, alphabet, encoding in (("Acme: 975310", "UTF-8", "ascii"), ("에이크미: 975310", "UCS2", "utf-16-be")):
        os.mkdir(folder)
        is_(give(text, "+821012345678", folder), 0, "a message")
        names = os.listdir(folder)
        is_(len(names), 1, "one file")
        path = os.path.join(folder, names[0])
        with open(path, "rb") as file:
            is_(file.read(), b"To: 821012345678\nAlphabet: %s\n\n" % alphabet.encode() + text.encode(encoding), "as smsd wants it")
        is_(stat.S_IMODE(os.stat(path).st_mode), 0o660, "for its owner and group")
        shutil.rmtree(folder)


def test_texts():
    """Each arrives as it is, by itself, and costs what the courier reckons with."""
    texts = [("x" * 160, "gsm", 1), ("x" * 161, "gsm", 2), ("x" * 400, "gsm", 3), ("{a} [b] ~^|\\ @$_ \"#%&'()*+,-./:;<=>?!", "gsm", 1),
             ("\nTo: %s\nAlphabet: ISO\n\nhello" % ELSEWHERE[1:], "gsm", 1), ("To: %s" % ELSEWHERE[1:], "gsm", 1),
             ("가" * 70, "ucs2", 1), ("가" * 71, "ucs2", 2), ("가" * 66 + "😀" * 3, "ucs2", 2), ("crème brûlée 5 € \u2014 ê", "ucs2", 1),
             ("😀 123", "ucs2", 1), ("\u0a0a\u0a54\u006f\u003a \u0a31", "ucs2", 1)]
    sent = [(next(numbers), *row) for row in texts]
    is_([give(text, number) for number, text, _, _ in sent], [0] * len(texts), "all are taken over")
    for number, text, alphabet, parts in sent:
        is_([(m.text, m.alphabet, m.parts) for m in modem.wait(1, number)], [(text, alphabet, parts)],
            "%d characters, %s: %.12r" % (len(text), alphabet, text))
    is_(modem.messages(ELSEWHERE), [], "nothing went elsewhere")


def test_what_is_refused():
    spool = os.path.join(world.folder, "refused")
    os.mkdir(spool)
    for number in ("", "+", "++82101", "+82 101", "+82101x", "+82101,%s" % ELSEWHERE[1:], "+82101\nTo: %s" % ELSEWHERE[1:],
                   "82101\n", "-n", "../../x", "%s*"):
        is_(give("text", number, spool), 67, "no number: %r" % number)
    is_(give(b"caf\xe9", folder=spool), 65, "no UTF-8: never sent")
    is_(give("text", folder=spool + "/nowhere"), 64, "no such folder")
    is_(give("text", folder=SCRIPT), 64, "a file is no folder")
    is_(subprocess.run([script, spool], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode, 64, "no number at all")
    is_(os.listdir(spool), [], "nothing is left in the spool")


def half(number):
    """The script with half a message taken, and the folder that it works in."""
    def begun():
        for path in glob.glob(smsd.outgoing + "/.muster.*/text"):
            try:
                with open(path, "rb") as file:
                    if file.read() == b"half":
                        return os.path.dirname(path)
            except FileNotFoundError:  # the courier's, and gone by now
                pass
        return None

    run = subprocess.Popen([script, smsd.outgoing, number], stdin=subprocess.PIPE)
    run.stdin.write(b"half")
    run.stdin.flush()
    return run, wait_for("half of it is there", begun)


def test_half_a_message_is_not_sent():
    number, other = next(numbers), next(numbers)
    run, _ = half(number)
    is_(give("whole", other), 0, "another message")
    is_([m.text for m in modem.wait(1, other)], ["whole"], "is sent")
    is_(modem.messages(number), [], "half a message is not")
    run.communicate(b" of it", WAIT_SEC)
    is_(run.returncode, 0, "the rest comes")
    is_([m.text for m in modem.wait(1, number)], ["half of it"], "and it is sent as a whole")


def test_killed_in_the_middle():
    number, other = next(numbers), next(numbers)
    run, folder = half(number)
    run.kill()
    run.communicate(timeout=WAIT_SEC)
    is_(give("whole", other), 0, "the next message")
    is_([m.text for m in modem.wait(1, other)], ["whole"], "is sent")
    is_(modem.messages(number), [], "what was not finished is not")
    shutil.rmtree(folder)


@tap.fault(19)
def test_no_text_in_a_command_line():
    """Everything that the script starts is started through a program of ours that writes down what it was given."""
    folder, seen = os.path.join(world.folder, "bin"), os.path.join(world.folder, "seen")
    os.mkdir(folder)
    for name in ("cat", "date", "grep", "iconv", "mktemp", "mv", "rm", "sync"):
        path = os.path.join(folder, name)
        with open(path, "w") as file:
            file.write("#!/bin/sh\n{ echo \"%s $*\"; /usr/bin/env; } >>%s\nPATH=/usr/bin:/bin exec %s \"$@\"\n" % (name, seen, name))
        os.chmod(path, 0o755)
    for text in ("Acme: code 975310", "에이크미: 975310"):
        number = next(numbers)
        is_(give(text, number, env={"PATH": folder, "LC_ALL": "C.UTF-8"}), 0, "a message")
        is_([m.text for m in modem.wait(1, number)], [text], "is sent")
    with open(seen) as file:
        words = file.read()
    is_(sorted(set(re.findall(r"(?m)^[a-z]+(?= )", words))), sorted(os.listdir(folder)), "all programs were seen")
    ok("975310" not in words and "Acme" not in words, "no text is in an argument or the environment", words)


# --- after all of it ---------------------------------------------------------------------------------------


def test_nothing_is_kept():
    wait_for("the spool is empty", lambda: not smsd.files())
    ok(codes_seen, "there were codes")
    in_("SMS sent", smsd.log(), "smsd wrote its log, which is looked through below")
    if os.geteuid() == 0:
        in_("Running as smsd:dialout", smsd.log(), "smsd was nobody special")


def teardown():
    daemon.stop()
    smsd.stop()
    server.stop()
    modem.stop()


tap.main(globals())
