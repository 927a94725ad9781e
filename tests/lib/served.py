"""The installation of `contrib/demo --serve`, used as a stranger uses it: through DIR/env and nothing else.

    demo = Served()
    demo["BOB_DN"], demo.seed("T01"), demo.session(), demo.as_admin(), demo.pam("alice", [password, code])
    Wire(demo).ask(operation)      LDAP messages put together by hand, malformed ones too
"""

import atexit
import base64
import email
import email.policy
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from . import ber, totp
from .session import Session
from .world import SOURCE

BUILD = os.path.abspath(os.environ.get("top_builddir", "."))
START_SEC = 120
ANSWER_SEC = 60
TOKEN = re.compile(r"^(mr1-[A-Za-z0-9_-]{43})\r?$", re.M)
CODE = re.compile(r"\b[0-9]{6}\b")


def wait_for(condition, seconds=30):
    """Whether condition() becomes true in time; its value."""
    end = time.monotonic() + seconds
    value = condition()
    while not value and time.monotonic() < end:
        time.sleep(0.05)
        value = condition()
    return value


class Served:
    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="mt-served-", dir="/tmp")
        os.chmod(self.folder, 0o755)
        self.secrets = set()  # whatever a person typed or was given: nothing of it may be found in a log
        atexit.register(self.stop)
        self.output = os.path.join(self.folder, "output")
        with open(self.output, "wb") as out:
            self.process = subprocess.Popen(
                ["/usr/bin/python3", "-B", os.path.join(SOURCE, "contrib/lib/demo.py"), "--build", BUILD,
                 "--source", SOURCE, "--serve", self.folder], stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        path = os.path.join(self.folder, "env")
        wait_for(lambda: os.path.exists(path) or self.process.poll() is not None, START_SEC)
        self.env = self.read_env()
        self.site = os.path.dirname(os.path.dirname(self["CONFIG"]))
        for name, value in self.env.items():
            if name.endswith(("_PW", "_TOTP")):
                self.secrets.add(value)

    def read_env(self):
        """DIR/env as a shell reads it."""
        path = os.path.join(self.folder, "env")
        if not os.path.exists(path):
            with open(self.output) as f:
                raise RuntimeError("contrib/demo --serve did not get ready:\n" + f.read()[-3000:])
        shell = subprocess.run(["sh", "-c", ". \"$1\"; set", "sh", path], capture_output=True, text=True, check=True)
        return dict(re.findall(r"^MUSTER_([A-Z0-9_]+)='(.*)'$", shell.stdout, re.M))

    def __getitem__(self, name):
        return self.env[name]

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def dn(self, login):
        return self["BOB_DN"].replace("uid=bob", "uid=" + login)

    # --- codes ---------------------------------------------------------------------------------------

    def seed(self, who):
        return base64.b32decode(self[who.upper() + "_TOTP"])

    def code(self, seed, steps=0):
        """The code of a step that has some seconds left, so that it is good when it arrives."""
        left = totp.PERIOD - time.time() % totp.PERIOD
        if left < 4:
            time.sleep(left + 0.1)
        text = totp.code_of_step(seed, totp.step() + steps)
        self.secrets.add(text)
        return text

    # --- connections ---------------------------------------------------------------------------------

    def session(self, tls=False):
        return Session(self["URI"], self["CACERT"]) if tls else Session(self["LDAPI"])

    def bound(self, dn, password):
        session = self.session()
        result = session.bind(dn, password)
        if result.code:
            raise RuntimeError("%s does not get in: %d %s" % (dn, result.code, result.text))
        return session

    def as_admin(self):
        return self.bound(self["ADMIN_DN"], self["ADMIN_PW"])

    def as_root(self):
        return self.bound(self["ROOT_DN"], self["ROOT_PW"])

    def courier_password(self):
        with open(os.path.join(os.path.dirname(self["CONFIG"]), "courier.pw")) as f:
            return f.readline().rstrip("\n")

    # --- programs --------------------------------------------------------------------------------------

    def muster(self, *argv, answers=()):
        return subprocess.run([os.path.join(self.folder, "bin/muster"), *argv], capture_output=True,
                              input=b"".join(_octets(a) + b"\n" for a in answers), timeout=ANSWER_SEC)

    def admin(self, *argv):
        return self.muster("-D", self["ADMIN_DN"], *argv, answers=[self["ADMIN_PW"]])

    def add_member(self, login, *more):
        done = self.admin("member", "add", "acme", login, "--name", login.capitalize(), "--mail",
                          login + "@acme.example", *more)
        if done.returncode:
            raise RuntimeError(done.stderr.decode(errors="replace"))
        return self.dn(login)

    def pam(self, user, answers, services=None):
        """What login(1) does; None when it did not come to an end."""
        try:
            return subprocess.run([os.path.join(BUILD, "pam-login"), services or self["PAM_CONFDIR"], "muster", user],
                                  input=b"".join(_octets(a) + b"\n" for a in answers), capture_output=True,
                                  timeout=ANSWER_SEC)
        except subprocess.TimeoutExpired:
            return None

    # --- mail --------------------------------------------------------------------------------------------

    def mails(self, address):
        """Texts of the messages to an address, oldest first."""
        found = []
        for name in sorted(os.listdir(self["MAIL_DIR"])):
            if name.startswith(".") or not name.endswith(".eml"):  # a message under way
                continue
            with open(os.path.join(self["MAIL_DIR"], name), "rb") as f:
                message = email.message_from_binary_file(f, policy=email.policy.default)
            if address in str(message["To"]):
                found.append(message)
        return found

    def texts(self, number):
        """The text messages to a number, oldest first."""
        found = []
        for name in sorted(os.listdir(self["SMS_DIR"])):
            if name.startswith("."):
                continue
            with open(os.path.join(self["SMS_DIR"], name)) as f:
                text = f.read()
            if text.startswith("To: %s\n" % number):
                found.append(text)
        return found

    def codes(self, address):
        """Codes that were mailed to an address, or sent to a number."""
        sent = self.texts(address) if address.startswith("+") else [m.get_content() for m in self.mails(address)]
        codes = [CODE.search(text.partition("\n")[2] if address.startswith("+") else text) for text in sent]
        codes = [m.group(0) for m in codes if m]
        self.secrets.update(codes)
        return codes

    def sent_code(self, address, after=0):
        """The next code that is sent there, after so many; None when none comes."""
        return (wait_for(lambda: self.codes(address)[after:]) or [None])[0]

    def tokens(self, address):
        found = [TOKEN.search(m.get_content()) for m in self.mails(address)]
        tokens = [m.group(1) for m in found if m]
        self.secrets.update(tokens)
        return tokens

    def token(self, address, after=0):
        """The next token mailed to an address that has got `after` of them; None when none comes."""
        return (wait_for(lambda: self.tokens(address)[after:]) or [None])[0]


def _octets(value):
    return value.encode() if isinstance(value, str) else value


class Wire:
    """LDAP messages made by hand, over the local socket of a directory."""

    def __init__(self, demo):
        self.path = demo["LDAPI"][len("ldapi://"):].replace("%2F", "/")
        self.socket = None
        self.id = 0

    def connect(self):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(ANSWER_SEC)
        self.socket.connect(self.path)
        self.id = 0

    def close(self):
        if self.socket:
            self.socket.close()
        self.socket = None

    def message(self, operation, controls=()):
        self.id += 1
        return ber.sequence(ber.integer(self.id), operation,
                            ber.sequence(*controls, tag=0xA0) if controls else None)

    def send(self, octets):
        """Send what may be no message at all; False when the server has hung up."""
        if self.socket is None:
            self.connect()
        try:
            self.socket.sendall(octets)
            return True
        except OSError:
            self.close()
            return False

    def ask(self, operation, controls=()):
        """The answer's octets, b"" when the server hangs up."""
        if self.socket is None:
            self.connect()
        answer = self.receive() if self.send(self.message(operation, controls)) else b""
        if not answer:
            self.close()
        return answer

    def receive(self):
        head = self._exactly(2)
        if len(head) < 2:
            return b""
        size = head[1]
        if size & 0x80:
            more = self._exactly(size & 0x7F)
            head, size = head + more, int.from_bytes(more, "big")
        return head + self._exactly(size)

    def _exactly(self, count):
        data = b""
        while len(data) < count:
            try:
                more = self.socket.recv(count - len(data))
            except ConnectionError:
                more = b""
            if not more:
                return b""
            data += more
        return data


def result_code(answer):
    """The result in an answer's octets; None without an answer."""
    if not answer:
        return None
    operation = ber.read_sequence(answer)[1]
    return int.from_bytes(ber.read(operation[1])[0][1], "big")


def simple_bind(dn, password):
    return ber.sequence(ber.integer(3), ber.octets(dn), ber.octets(password, ber.context(0)), tag=0x60)


def extended(oid, value=None):
    return ber.sequence(ber.octets(oid, ber.context(0)), None if value is None else ber.octets(value, ber.context(1)),
                        tag=0x77)


def control(oid, value=None, critical=None):
    return ber.sequence(ber.octets(oid), None if critical is None else ber.element(0x01, b"\xff" if critical else b"\0"),
                        None if value is None else ber.octets(value))
