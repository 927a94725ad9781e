"""A directory with members who are users of a login host (nis schema, NSS), musterd's gate, and that host.

    site = Site()
    site.member(factor=True)            can log in; has uidNumber, home and a shell that says IN:<name>
    site.use_pam("files" | "profile")   which of our PAM files the host has
    site.su(one, (prompt, answer), ...) and sudo, login, ssh, passwd: Seen(is_in, text, prompts)
"""

import glob
import itertools
import os
import re
import shutil
import socket
import subprocess
import threading
from typing import NamedTuple

from . import people, totp
from .gate import BUILD, Gate, MODULE
from .host import Host, multiarch, wait_for
from .world import SOURCE, World, free_port

CONTRIB = os.path.join(SOURCE, "contrib")
SHELL = "/usr/local/bin/in"
LOCAL, LOCAL_PASSWORD = "localuser", "Local-Secret-1"
ROOT_PASSWORD = "Root-Secret-1"
HOST_PASSWORD = "host-secret-1"
PATIENCE_SEC = 60  # many log in at once here, which a busy machine does not do within the usual 5 seconds
PROGRAMS = ("sshd", "sudo", "su", "login", "passwd")
PASSWORD, CODE, NEW, AGAIN = "Password: ", "One-time code: ", "New password: ", "New password again: "

# Asked once more: the person was not let in
OVER = (re.compile(r"assword(?: for \S+)?: "), re.compile(r"^\S+ (?<!Previous )(?<!Last )login: ", re.M))

SSHD = """\
%(more)s
Port %(port)d
ListenAddress 127.0.0.1
HostKey /etc/ssh/key
PidFile /run/sshd.pid
UsePAM yes
PasswordAuthentication no
KbdInteractiveAuthentication yes
PubkeyAuthentication yes
AuthorizedKeysFile /etc/ssh/keys/%%u
PermitRootLogin yes
AcceptEnv LANG LC_*
LogLevel DEBUG3
"""


class Seen(NamedTuple):
    is_in: bool
    text: str
    prompts: int  # how many of the expected prompts came


class Site:
    def __init__(self):
        self.world = World()
        with self.world.use("config") as config:
            with open("/etc/ldap/schema/nis.ldif") as file:
                config.apply("\n" + file.read())
            with open(os.path.join(CONTRIB, "nss", "access.ldif")) as file:
                config.apply(self.world.fill(file.read()))
        self.numbers = itertools.count(20000)
        self.identity = "cn=web1,ou=hosts," + self.world.base
        with self.world.use("root") as root:
            people.must(root.add(self.identity, {"objectClass": ["organizationalRole", "simpleSecurityObject"], "cn": "web1",
                                                 "userPassword": HOST_PASSWORD}), "host")
        self.org = people.organization(self.world)
        self.secrets = {LOCAL_PASSWORD, ROOT_PASSWORD, HOST_PASSWORD, people.PASSWORD}
        self.gate = self._gate()
        self.host = Host({"/run/muster": os.path.dirname(self.gate.socket)})
        self._prepare()
        self.ports, self.starting = {}, threading.Lock()

    def _gate(self):
        gate = Gate(self.world, "uid=%u," + self.org.people, directory="timeout_ms = %d000" % (PATIENCE_SEC - 10), start=False)
        path = os.path.join(gate.folder, "host.pw")
        with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
            file.write(HOST_PASSWORD + "\n")
        shutil.chown(path, "nobody")
        with open(gate.config) as file:
            text = file.read()
        with open(gate.config, "w") as file:
            file.write(text.replace("[gate]\n", "[gate]\nbind_dn = %s\nbind_password_file = %s\n" % (self.identity, path)))
        gate.start()
        return gate

    # --- the host ------------------------------------------------------------------------------------

    def _prepare(self):
        host = self.host
        module = self._module()
        host.copy(module, multiarch(host) + "/pam_muster.so")
        host.copy(self.world.cacert, "/etc/ssl/muster-ca.crt")
        for name, number in (("sshd", 990), ("nslcd", 991)):
            host.append("/etc/passwd", "%s:x:%d:%d::/run:/usr/sbin/nologin" % (name, number, number))
            host.append("/etc/group", "%s:x:%d:" % (name, number))
        host.append("/etc/passwd", "%s:x:1999:1999::/tmp:%s" % (LOCAL, SHELL))
        host.append("/etc/group", "%s:x:1999:" % LOCAL)
        self._shadow({"root": ROOT_PASSWORD, LOCAL: LOCAL_PASSWORD})
        host.write("/etc/nsswitch.conf", "passwd: files ldap\ngroup: files ldap\nshadow: files\nhosts: files\n")
        host.write(SHELL, '#!/bin/sh\n[ $# -gt 0 ] && exec /bin/sh "$@"\necho "IN:$(id -un)"\n', 0o755)
        host.write("/etc/sudoers", "Defaults timestamp_timeout=0\nALL ALL=(ALL:ALL) ALL\n", 0o440)
        host.write("/etc/default/locale", "")
        host.must("install", "-d", "/run/sshd", "/etc/ssh/keys")
        for name in ("/etc/ssh/key", "/root/id"):
            host.must("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", name)
        with open(module, "rb") as file:
            locales = re.search(rb"/[^\0]*/locale\0", file.read()).group(0)[:-1].decode()
        shutil.copytree(os.path.join(BUILD, "locale"), host.path(locales), dirs_exist_ok=True)
        host.must("localedef", "-i", "ko_KR", "-f", "UTF-8", "ko_KR.UTF-8")

    def _module(self):
        """The built module. Debian's programs have no sanitizers in them and some are setuid: there it is one without."""
        if not os.environ.get("SANITIZERS"):
            return MODULE
        path, script = (os.path.join(self.host.folder, name) for name in ("pam_muster.so", "exports"))
        with open(os.path.join(SOURCE, "pam_module", "exports.sym")) as names, open(script, "w") as file:
            file.write("{ global: %s; local: *; };\n" % "; ".join(names.read().split()))
        source = os.path.join(SOURCE, "src")
        parts = glob.glob(os.path.join(SOURCE, "pam_module", "*.c")) + glob.glob(os.path.join(source, "common", "*.c"))
        parts += [os.path.join(source, "client", "client.c"), os.path.join(source, "proto", "proto.c")]
        subprocess.run([os.environ.get("CC", "cc"), "-std=gnu11", "-O2", "-fPIC", "-shared", "-D_GNU_SOURCE", "-I" + source,
                        '-DLOCALEDIR="/usr/share/locale"', "-o", path, "-Wl,--version-script=" + script,
                        *(part for part in parts if not os.path.basename(part).startswith("conf")), "-lpam"], check=True)
        return path

    def _shadow(self, passwords):
        lines = [line for line in self.host.read("/etc/shadow").splitlines() if line.split(":")[0] not in passwords]
        for name, password in passwords.items():
            hashed = subprocess.run(["openssl", "passwd", "-6", "-stdin"], input=password.encode(), stdout=subprocess.PIPE,
                                    check=True).stdout.decode().strip()
            lines.append("%s:%s:19000:0:99999:7:::" % (name, hashed))
        self.host.write("/etc/shadow", "\n".join(lines) + "\n", 0o640)

    def set_local_password(self, password):
        self._shadow({LOCAL: password})

    def sample(self, name, **changes):
        """A sample of contrib/nss for this directory."""
        with open(os.path.join(CONTRIB, "nss", name)) as file:
            text = file.read()
        text = text.replace("ldaps://ldap.example.com/", self.world.uri_tls).replace("dc=example,dc=com", self.world.base)
        text = text.replace("/etc/ssl/certs/ca-certificates.crt", "/etc/ssl/muster-ca.crt")
        for old, new in changes.items():
            text = text.replace(old, new)
        return text

    def start_nslcd(self):
        self.host.write("/etc/nslcd.conf", self.sample("nslcd.conf", secret=HOST_PASSWORD), 0o600, (991, 991))
        self.host.must("install", "-d", "-o", "nslcd", "/run/nslcd")
        self.host.daemon("nslcd", "-d", log="nslcd")
        wait_for("nslcd answers", lambda: self.host.run("getent", "passwd", "owner").returncode in (0, 2)
                 and os.path.exists(self.host.path("/run/nslcd/socket")))

    def start_sssd(self):
        """SSSD for NSS and PAM, instead of nslcd."""
        self.host.write("/etc/sssd/sssd.conf", self.sample("sssd.conf", secret=HOST_PASSWORD), 0o600)
        self.host.write("/etc/nsswitch.conf", "passwd: files sss\ngroup: files sss\nshadow: files\nhosts: files\n")
        self.host.must("install", "-d", "/var/log/sssd")
        self.host.daemon("sssd", "-i", "-d", "0x0ff0", log="sssd")
        wait_for("SSSD answers", lambda: self.host.run("getent", "passwd", "owner").returncode in (0, 2)
                 and os.path.exists(self.host.path("/var/lib/sss/pipes/private/pam")))

    def use_pam(self, which):
        """which: "files", our five files; "profile", Debian's files and our profile by pam-auth-update."""
        host = self.host
        for name in PROGRAMS:
            target = host.path("/etc/pam.d/" + name)
            kept = target + ".debian"
            if not os.path.exists(kept):
                shutil.copy(target, kept)
            if which == "files":
                self._copy_pam(name, "/etc/pam.d/" + name)
            else:
                shutil.copy(kept, target)
        if which == "profile":
            for name in ("sss", "ldap"):
                if os.path.exists(host.path("/usr/share/pam-configs/" + name)):
                    os.unlink(host.path("/usr/share/pam-configs/" + name))
            self._copy_pam("pam-auth-update", "/usr/share/pam-configs/muster")
            self.use_profile("--disable", "pwquality")
            self.use_profile("--enable", "muster")

    def _copy_pam(self, name, to):
        """A file of contrib/pam, with more patience."""
        with open(os.path.join(CONTRIB, "pam", name)) as file:
            self.host.write(to, file.read().replace("pam_muster.so", "pam_muster.so timeout=%d" % PATIENCE_SEC), 0o644)

    def use_profile(self, *words):
        self.host.must("pam-auth-update", "--force", *words, environment={"DEBIAN_FRONTEND": "noninteractive"})

    # --- members -------------------------------------------------------------------------------------

    def member(self, password=people.PASSWORD, factor=False, organization=None, uid=None, **more):
        number = str(next(self.numbers))
        uid = uid or "u" + number
        extra = {"objectClass": ["inetOrgPerson", "musterMember", "posixAccount"], "uidNumber": number, "gidNumber": number,
                 "homeDirectory": "/home/" + uid, "loginShell": SHELL}
        extra.update(more)
        one = people.member(organization or self.org, uid, password, totp.new_secret() if factor else None, **extra)
        self.host.must("install", "-d", "-o", number, "-g", number, "/home/" + uid)
        return one

    def modify(self, one, *changes, controls=()):
        with self.world.use("root") as root:
            people.must(root.modify(one.dn, *changes, controls=list(controls)), one.dn)

    # --- programs ------------------------------------------------------------------------------------

    def _talk(self, terminal, name, pairs):
        """Answer the prompts; then either the person is in, or is asked again, or it is over."""
        with terminal as t:
            prompts = t.answer(*pairs, over=OVER)
            if prompts == len(pairs):
                t.expect("IN:%s\n" % name, *OVER)
            return Seen("IN:%s\n" % name in t.text, t.text, prompts)

    def as_user(self, name, *argv):
        return ("setpriv", "--reuid", name, "--regid", "100", "--clear-groups", "--", *argv)

    def su(self, one, *pairs, by=LOCAL, **more):
        argv = ("su", "-", one) if by == "root" else self.as_user(by, "su", "-", one)
        return self._talk(self.host.terminal(*argv, **more), one, pairs)

    def sudo(self, one, *pairs, **more):
        argv = self.as_user(one, "sudo", "-u", LOCAL, "--", SHELL)
        return self._talk(self.host.terminal(*argv, **more), LOCAL, pairs)

    def login(self, one, *pairs, **more):
        return self._talk(self.host.terminal("login", one, **more), one, pairs)

    def passwd(self, one, *pairs, **more):
        """is_in: the password is another now."""
        with self.host.terminal(*self.as_user(one, "passwd"), **more) as t:
            prompts = t.answer(*pairs, over=OVER)
            asked = prompts < len(pairs) or t.expect(*OVER, "code: ") >= 0
            return Seen(not asked and t.finish() == 0, t.text, prompts)

    def start_sshd(self, more=""):
        """sshd with more lines of sshd_config; its port."""
        with self.starting:
            if more not in self.ports:
                port = free_port()
                name = "/etc/ssh/sshd_config_%d" % port
                self.host.write(name, SSHD % {"port": port, "more": more})
                self.host.daemon("/usr/sbin/sshd", "-D", "-e", "-f", name, log="sshd")
                wait_for("sshd listens", lambda: _listens(port))
                self.ports[more] = port
            return self.ports[more]

    def trust_key(self, one):
        self.host.write("/etc/ssh/keys/" + one, self.host.read("/root/id.pub"))

    def ssh(self, one, *pairs, config="", methods="keyboard-interactive", environment=None):
        port = self.start_sshd(config)
        argv = ("ssh", "-p", str(port), "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR",
                "-o", "PreferredAuthentications=" + methods, "-o", "NumberOfPasswordPrompts=1", "-o", "SendEnv=LANG",
                "-i", "/root/id", "-o", "IdentitiesOnly=yes", one + "@127.0.0.1")
        return self._talk(self.host.terminal(*argv, environment=environment), one, pairs)

    def stop(self):
        self.host.stop()
        self.gate.stop()
        self.world.stop()


def _listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
