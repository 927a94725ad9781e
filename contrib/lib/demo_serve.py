"""`contrib/demo --serve DIR`: the demo's installation with sample data, kept running until SIGTERM.

DIR/env and the names in it are an interface: scripts of others source it.
"""

import base64
import os
import secrets
import signal
import time

from demo_site import ADMIN_DN, BASE, ROOT_DN, wait_until
from demo_story import Story, dn_of

WITH_FACTOR = ["alice"] + ["t%02d" % n for n in range(1, 21)]


def quote(text):
    return "'" + text.replace("'", "'\\''") + "'"


class Sample:
    """The members of acme and what a script needs to log in as them."""

    def __init__(self, site):
        self.site = site
        self.story = Story(site, say=lambda text: None)
        self.passwords = {}
        self.setup_keys = {}

    def make(self):
        site = self.site
        site.admin("org", "add", "acme", "--domain", "acme", "--policy", "console-16", "--owner-id", "olive",
                   "--owner-name", "Olive Owner", "--owner-mail", "olive@acme.example")
        for login in WITH_FACTOR + ["bob", "carol"]:
            site.admin("member", "add", "acme", login, "--name", login.capitalize(), "--mail", login + "@acme.example",
                       "--language", "en")
        for login in WITH_FACTOR + ["bob"]:
            self.set_password(login)
        for login in WITH_FACTOR:
            self.activate_factor(login)
        wait_until("the notices of all this", lambda: not site.owes())
        for path in site.mails():
            os.unlink(path)

    def set_password(self, login):
        self.passwords[login] = "Demo-%s-7x" % login
        out = self.story.redeem(login, self.story.reset(login).token, self.passwords[login])
        self.story.must(out)

    def activate_factor(self, login):
        """As a manager does it: the seed is active at once and no code has been spent yet."""
        seed = secrets.token_bytes(20)
        self.setup_keys[login] = base64.b32encode(seed).decode()
        ldif = "dn: %s\nchangetype: modify\nadd: oathSecret\noathSecret:: %s\n" % (
            dn_of(login), base64.b64encode(seed).decode())
        self.site.ldap_admin("ldapmodify", stdin=ldif)

    def variables(self):
        site = self.site
        values = {
            "URI": site.uri, "CACERT": site.path("tls/ca.crt"), "LDAPI": site.ldapi, "BASE": BASE,
            "ADMIN_DN": ADMIN_DN, "ADMIN_PW": site.admin_pw, "ROOT_DN": ROOT_DN, "ROOT_PW": site.root_pw,
            "CONFIG": site.config, "SOCKET": site.socket, "PAM_CONFDIR": site.path("pam.d"),
            "MAIL_DIR": site.path("mail"), "SMS_DIR": site.path("sms"),
            "SLAPD_PID": str(site.pid("slapd")), "MUSTERD_PID": str(site.pid("musterd")),
            "BOB_DN": dn_of("bob"), "BOB_PW": self.passwords["bob"], "CAROL_DN": dn_of("carol"),
        }
        for login in WITH_FACTOR:
            values[login.upper() + "_DN"] = dn_of(login)
            values[login.upper() + "_PW"] = self.passwords[login]
            values[login.upper() + "_TOTP"] = self.setup_keys[login]
        return values


def write_env(directory, sample):
    text = "".join("MUSTER_%s=%s\n" % (name, quote(value)) for name, value in sample.variables().items())
    part = os.path.join(directory, ".env.new")
    fd = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(fd, "w") as f:
        f.write(text)
    os.rename(part, os.path.join(directory, "env"))


def serve(site, directory):
    ended = []
    signal.signal(signal.SIGTERM, lambda *_: ended.append(True))
    signal.signal(signal.SIGINT, lambda *_: ended.append(True))
    os.makedirs(os.path.join(directory, "bin"), exist_ok=True)
    env = os.path.join(directory, "env")
    if os.path.exists(env):
        os.unlink(env)
    print("setting up a private slapd, musterd and an SMTP server below " + site.dir, flush=True)
    site.set_up()
    sample = Sample(site)
    sample.make()
    command = os.path.join(directory, "bin/muster")
    if os.path.lexists(command):
        os.unlink(command)
    os.symlink(site.path("bin/muster"), command)
    write_env(directory, sample)
    print("ready: %s. SIGTERM ends it." % env, flush=True)
    while not ended:
        for name, start in (("slapd", site.start_slapd), ("musterd", site.start_musterd), ("smtp", site.start_smtp)):
            if not ended and not site.alive(name):
                print("%s ended; starting it again" % name, flush=True)
                start()
                write_env(directory, sample)
        time.sleep(0.2)
    os.unlink(env)
