"""The story of the demo: from a plain slapd to a login with password and code, every step on real parts."""

import base64
import codecs
import email
import email.policy
import hashlib
import hmac
import os
import pty
import re
import struct
import tempfile
import termios
import time

from demo_site import BASE, SiteError, run, wait_until

ORG_DN = "o=acme,ou=organizations," + BASE
PEOPLE = "ou=people," + ORG_DN
PASSWORDS = ["Spring-1a", "Summer-2b", "Autumn-3c", "Winter-4d"]


def dn_of(login):
    return "uid=%s,%s" % (login, PEOPLE)


def totp(setup_key, step):
    """RFC 6238 in a few lines, so that the codes do not come from the code under demonstration."""
    seed = base64.b32decode(setup_key + "=" * (-len(setup_key) % 8))
    digest = hmac.new(seed, struct.pack(">Q", step), hashlib.sha1).digest()
    offset = digest[-1] & 15
    return "%06d" % ((struct.unpack(">I", digest[offset:offset + 4])[0] & 0x7fffffff) % 10 ** 6)


def now_step():
    return int(time.time()) // 30


def settle():
    """Wait for a step that has at least ten seconds left, so that no code expires while it is used."""
    left = 30 - time.time() % 30
    if left < 10:
        time.sleep(left + 0.1)


class Terminal:
    """A command on a terminal of its own: it asks without echo and shows QR codes, as it does to a person."""

    def __init__(self, argv):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execve(argv[0], argv, dict(os.environ, TERM="xterm", LC_ALL="C.UTF-8", COLUMNS="100", LINES="60"))
        self.seen = ""
        self.status = None

    def read_until(self, pattern):
        """Read on until the text so far matches, or nothing more comes."""
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        while pattern is None or not pattern.search(self.seen):
            try:
                data = os.read(self.fd, 4096)
            except OSError:  # the other end is closed
                data = b""
            if not data:
                break
            self.seen += decoder.decode(data).replace("\r\n", "\n")
        return self.seen

    def answer(self, text):
        """Type when the echo is off, as a person waits for the prompt."""
        wait_until("a prompt", lambda: not termios.tcgetattr(self.fd)[3] & termios.ECHO or self.ended())
        os.write(self.fd, (text + "\n").encode())

    def ended(self):
        if self.status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = os.waitstatus_to_exitcode(status)
        return self.status is not None

    def finish(self):
        self.read_until(None)
        wait_until("the end of the command", self.ended)
        os.close(self.fd)
        return self.seen


class Mail:
    def __init__(self, path):
        with open(path, "rb") as f:
            self.message = email.message_from_binary_file(f, policy=email.policy.default)
        self.subject = str(self.message["Subject"])
        self.to = str(self.message["X-Envelope-To"]).strip("<>")
        self.text = self.message.get_content()
        found = re.search(r"^(mr1-[A-Za-z0-9_-]{43})\r?$", self.text, re.M)
        self.token = found.group(1) if found else None


class Story:
    def __init__(self, site, say=print):
        self.site = site
        self.say = say
        self.step = "start"

    # --- telling -----------------------------------------------------------------------------------

    def begin(self, title):
        self.step = title
        self.say("\n== " + title)

    def show(self, text):
        for line in text.rstrip("\n").splitlines():
            self.say("   " + line)

    def show_mail(self, mail):
        self.show("To: %s\nSubject: %s\n\n%s" % (mail.to, mail.subject, mail.text))

    def expect(self, condition, what):
        if not condition:
            raise SiteError(what)

    # --- what people and programs do ---------------------------------------------------------------

    def ldap_bind(self, login, password):
        """A simple bind as an application does it. The password goes through a file, not the command line."""
        with tempfile.NamedTemporaryFile("w", dir=self.site.dir) as f:
            f.write(password)
            f.flush()
            return run(["ldapwhoami", "-x", "-H", self.site.uri, "-D", dn_of(login), "-y", f.name],
                       check=False, env=dict(os.environ, LDAPTLS_CACERT=self.site.path("tls/ca.crt")))

    def pam_login(self, login, *answers):
        """pam_start, pam_authenticate, pam_acct_mgmt with the answers a person would type, one a line."""
        return run([os.path.join(self.site.builddir, "pam-login"), self.site.path("pam.d"), "muster", login],
                   "".join(answer + "\n" for answer in answers), check=False)

    def redeem(self, login, token, password):
        return self.site.muster("password", "redeem", dn_of(login), stdin="\n".join((token, password, password, "")),
                                check=False)

    def mail_for(self, address, since, subject=""):
        """The first message to an address after so many, with these words in its subject."""
        def found():
            return [m for m in map(Mail, self.site.mails()[since:]) if m.to == address and subject in m.subject]
        wait_until("mail for %s" % address, found, 30)
        return found()[0]

    def reset(self, login):
        since = len(self.site.mails())
        self.site.muster("password", "reset", dn_of(login))
        return self.mail_for(login + "@acme.example", since)

    # --- the story ---------------------------------------------------------------------------------

    def chapters(self):
        return (self.organization, self.no_password_yet, self.first_passwords, self.last_three, self.second_factor, self.pam,
                self.application, self.suspension)

    def tell(self, chapter):
        try:
            chapter()
        except SiteError as error:
            raise SiteError("%s: %s" % (self.step, error)) from error

    def play(self):
        for chapter in self.chapters():
            self.tell(chapter)
        self.begin("the end")

    def organization(self):
        self.begin("organization acme, its OWNER and two members")
        out = self.site.admin("org", "add", "acme", "--domain", "acme", "--owner-id", "olive",
                              "--owner-name", "Olive Owner", "--owner-mail", "olive@acme.example")
        self.show(out.stdout)
        for login, name, language in (("alice", "김 알리스", "ko"), ("bob", "Bob Builder", "en")):
            self.show(self.site.admin("member", "add", "acme", login, "--name", name, "--mail",
                                      login + "@acme.example", "--language", language).stdout)
        self.show(self.site.admin("member", "list", "acme").stdout)

    def no_password_yet(self):
        self.begin("nobody has a password, so nobody gets in")
        for login in ("olive", "alice", "bob"):
            pam = self.pam_login(login, "Muster-1a")
            self.expect(pam.returncode != 0, "%s got in through PAM without having a password" % login)
            self.show("PAM login of %s: %s" % (login, pam.stdout.strip().splitlines()[-1]))

    def first_passwords(self):
        self.begin("find password: a mail with a token, in each member's language")
        korean, english = self.reset("alice"), self.reset("bob")
        for mail in (korean, english):
            self.show_mail(mail)
            self.expect(mail.token, "the mail carries no token on a line of its own")
        self.expect("비밀번호" in korean.subject + korean.text, "alice's mail is not in Korean")
        self.begin("the password rules of console-16, one after the other")
        for password, rule in (("Ab1!", "min-length=8"), ("Abcdefgh-12345678", "max-length=16"),
                               ("1234-5678", "letter"), ("Abcd-efgh", "digit"), ("Abcd1234", "special")):
            out = self.redeem("alice", korean.token, password)
            self.expect(out.returncode != 0, "%s was accepted" % password)
            self.show("%-18s %s" % (password, out.stderr.strip()))
            self.expect(self.names_rule(out.stderr, rule), "the refusal does not name the rule " + rule)
        self.show(self.must(self.redeem("alice", korean.token, PASSWORDS[0])))
        self.show(self.must(self.redeem("bob", english.token, PASSWORDS[0])))
        self.begin("the token is spent")
        out = self.redeem("bob", english.token, PASSWORDS[1])
        self.expect(out.returncode != 0, "the token worked twice")
        self.show(out.stderr)

    @staticmethod
    def names_rule(text, rule):
        word = {"min-length=8": "8", "max-length=16": "16", "letter": "letter", "digit": "digit",
                "special": "special"}[rule]
        return word in text

    def must(self, out):
        self.expect(out.returncode == 0, out.stdout + out.stderr)
        return out.stdout

    def change(self, login, old, new):
        return self.site.muster("password", "change", dn_of(login), stdin="\n".join((old, new, new, "")), check=False)

    def last_three(self):
        self.begin("the three most recent passwords are refused")
        for old, new in zip(PASSWORDS[:2], PASSWORDS[1:3]):
            self.show("%s -> %s: %s" % (old, new, self.must(self.change("bob", old, new)).strip() or "changed"))
        for password in PASSWORDS[2::-1]:
            out = self.change("bob", PASSWORDS[2], password)
            self.expect(out.returncode != 0, "%s, one of the last three, was accepted" % password)
            self.show("%s -> %s: %s" % (PASSWORDS[2], password, out.stderr.strip()))
        self.must(self.change("bob", PASSWORDS[2], PASSWORDS[3]))
        self.show("%s -> %s: changed" % (PASSWORDS[2], PASSWORDS[3]))

    def second_factor(self):
        self.begin("alice registers an authenticator: QR code or setup key, then a confirming code")
        enrol = Terminal([os.path.join(self.site.builddir, "muster"), "-c", self.site.config, "otp", "enrol",
                          dn_of("alice")])
        enrol.answer(PASSWORDS[0])
        seen = enrol.read_until(re.compile(r"[?&]secret=([A-Z2-7]+)[^\n]*\n"))
        found = re.search(r"[?&]secret=([A-Z2-7]+)", seen)
        self.expect(found, "no setup key was shown:\n" + seen)
        self.setup_key = found.group(1)
        settle()
        enrol.answer(totp(self.setup_key, now_step() - 1))
        shown = enrol.finish()
        self.show(shown)
        self.expect(enrol.status == 0, "enrolment failed")
        self.expect("\u2588" in shown or "\u2580" in shown, "no QR code was shown on a terminal")

    def pam(self):
        self.begin("PAM login of alice with password and code")
        settle()
        self.code = totp(self.setup_key, now_step())
        out = self.pam_login("alice", PASSWORDS[0], self.code)
        self.show(out.stdout)
        self.expect(out.returncode == 0, "the login failed")
        self.begin("the same code again")
        out = self.pam_login("alice", PASSWORDS[0], self.code)
        self.show(out.stdout)
        self.expect(out.returncode != 0, "a code got in twice")
        self.begin("the password alone")
        out = self.pam_login("alice", PASSWORDS[0], "")
        self.show(out.stdout)
        self.expect(out.returncode != 0, "the password alone got in")

    def next_code(self):
        spent = now_step()
        wait_until("the next code", lambda: now_step() > spent, 31)
        return totp(self.setup_key, now_step())

    def application(self):
        self.begin("an application that binds: password and code in one field (after the next code is there)")
        code = self.next_code()
        out = self.ldap_bind("alice", PASSWORDS[0] + code)
        self.show(out.stdout + out.stderr)
        self.expect(out.returncode == 0, "the bind failed")
        out = self.ldap_bind("alice", PASSWORDS[0] + code)
        self.show("again: " + out.stderr.strip())
        self.expect(out.returncode == 49, "the same code was accepted twice, exit %d" % out.returncode)

    def suspension(self):
        self.begin("an administrator suspends bob with ldapmodify")
        self.expect(self.ldap_bind("bob", PASSWORDS[3]).returncode == 0, "bob cannot log in before")
        ldif = "dn: %s\nchangetype: modify\nreplace: musterStatus\nmusterStatus: suspended\n" % dn_of("bob")
        self.show(ldif + self.site.ldap_admin("ldapmodify", stdin=ldif))
        out = self.ldap_bind("bob", PASSWORDS[3])
        self.show(out.stderr)
        self.expect(out.returncode == 49, "a suspended member got in by LDAP")
        out = self.pam_login("bob", PASSWORDS[3])
        self.show(out.stdout)
        self.expect(out.returncode != 0, "a suspended member got in by PAM")
