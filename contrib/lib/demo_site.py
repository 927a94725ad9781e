"""A private installation below one folder: slapd, musterd, an SMTP server, a folder that text messages go to, and what
clients need.

The demo plays its story on it, and `contrib/demo --serve` keeps one running. slapd starts as a plain
Debian slapd would; Muster is brought into it with `muster init`, as an administrator does it.
"""

import fcntl
import os
import pwd
import secrets
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

BASE = "dc=example,dc=com"
ADMIN_DN = "cn=admin," + BASE
ROOT_DN = "cn=manager," + BASE
USERS = ("_muster-gate", "_muster-courier")


class SiteError(Exception):
    """A step of the installation failed; the text says which and what was printed."""


held_ports = []


def free_port():
    """A port that the kernel gives to nobody else meanwhile; a server that sets SO_REUSEADDR listens there all the same."""
    s = socket.socket()
    s.bind(("127.0.0.1", 0))
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held_ports.append(s)
    return s.getsockname()[1]


def wait_until(what, condition, seconds=30):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.05)
    raise SiteError("%s: not within %d seconds" % (what, seconds))


def run(argv, stdin="", check=True, env=None):
    """Run a command with text on standard input; no secret goes on a command line."""
    done = subprocess.run(argv, input=stdin, text=True, capture_output=True, env=env)
    if check and done.returncode != 0:
        raise SiteError("%s: exit %d\n%s%s" % (" ".join(argv), done.returncode, done.stdout, done.stderr))
    return done


class Site:
    def __init__(self, builddir, srcdir):
        self.builddir = os.path.abspath(builddir)
        self.srcdir = os.path.abspath(srcdir)
        self.dir = tempfile.mkdtemp(prefix="muster-", dir="/tmp")
        os.chmod(self.dir, 0o755)
        self.children = {}
        self.ldaps_port = free_port()
        self.smtp_port = free_port()
        self.uri = "ldaps://127.0.0.1:%d" % self.ldaps_port
        self.ldapi_path = self.path("ldap/ldapi")
        self.ldapi = "ldapi://" + self.ldapi_path.replace("/", "%2F")
        self.socket = self.path("run/gate.sock")
        self.config = self.path("etc/muster.conf")
        self.admin_pw = secrets.token_urlsafe(15)
        self.root_pw = secrets.token_urlsafe(15)
        self.smtp_pw = secrets.token_urlsafe(15)
        self.as_root = os.geteuid() == 0
        for name in ("etc", "run", "ldap", "db", "slapd.d", "tls", "mail", "sms", "payments", "bin", "lib", "pam.d", "log"):
            os.mkdir(self.path(name), 0o700 if name in ("mail", "sms") else 0o755)

    def path(self, name):
        return os.path.join(self.dir, name)

    # --- files -------------------------------------------------------------------------------------

    def install(self):
        """Copy what was built: the daemons' users may not be able to look into the folder it was built in."""
        for built, name in (("src/slapd/.libs/muster.so", "lib/muster.so"), (".libs/pam_muster.so", "lib/pam_muster.so"),
                            ("musterd", "bin/musterd")):
            self.copy(os.path.join(self.builddir, built), name)
        self.copy(os.path.join(self.srcdir, "contrib/sms/sms-to-folder"), "bin/sms-to-folder")
        self.copy(os.path.join(self.srcdir, "contrib/payments/payments-from-folder"), "bin/payments-from-folder")
        for reference, answer in PROVIDER.items():
            self.write("payments/" + reference, answer)
        shutil.copytree(os.path.join(self.builddir, "locale"), self.path("locale"))

    def copy(self, path, name):
        shutil.copyfile(path, self.path(name))
        os.chmod(self.path(name), 0o755)

    def write(self, name, text, mode=0o644, owner=None):
        path = self.path(name)
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(fd, "w") as f:
            f.write(text)
        self.give(path, mode, owner)
        return path

    def give(self, path, mode, owner=None):
        os.chmod(path, mode)
        if owner and self.as_root:
            entry = pwd.getpwnam(owner)
            os.chown(path, entry.pw_uid, entry.pw_gid)

    def create_users(self):
        """The daemons' users; a package would create them. Without root everything runs as the caller. One demo after the other."""
        if not self.as_root:
            return
        lock = os.open("/etc", os.O_RDONLY)
        fcntl.flock(lock, fcntl.LOCK_EX)
        for user in USERS:
            try:
                pwd.getpwnam(user)
            except KeyError:
                run(["useradd", "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent",
                     "--shell", "/usr/sbin/nologin", user])
        os.close(lock)

    def make_certificates(self):
        key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc"]
        run(["openssl", "req", "-x509", "-subj", "/CN=Muster demo CA", "-days", "30", *key,
             "-keyout", self.path("tls/ca.key"), "-out", self.path("tls/ca.crt")])
        run(["openssl", "req", "-x509", "-subj", "/CN=localhost", "-days", "30", *key,
             "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-addext", "basicConstraints=critical,CA:FALSE",
             "-CA", self.path("tls/ca.crt"), "-CAkey", self.path("tls/ca.key"),
             "-keyout", self.path("tls/server.key"), "-out", self.path("tls/server.crt")])
        os.unlink(self.path("tls/ca.key"))
        self.give(self.path("tls/server.key"), 0o600, "openldap")

    # --- processes ---------------------------------------------------------------------------------

    def start(self, name, argv, **environment):
        log = open(self.path("log/%s.log" % name), "ab")
        self.children[name] = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                               env=dict(os.environ, **environment), start_new_session=True)
        log.close()

    def alive(self, name):
        return name in self.children and self.children[name].poll() is None

    def pid(self, name):
        return self.children[name].pid

    def stop(self, name):
        child = self.children.pop(name, None)
        if child is None or child.poll() is not None:
            return
        child.send_signal(signal.SIGTERM)
        try:
            child.wait(10)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()

    def close(self):
        for name in reversed(list(self.children)):
            self.stop(name)
        shutil.rmtree(self.dir, ignore_errors=True)

    # --- slapd -------------------------------------------------------------------------------------

    def configure_slapd(self):
        """What an administrator has before Muster: one mdb database, TLS, a rootdn, an admin entry."""
        peer = "gidNumber=%d+uidNumber=%d,cn=peercred,cn=external,cn=auth" % (os.getegid(), os.geteuid())
        root_hash = run(["slappasswd", "-T", self.write("etc/root.pw", self.root_pw, 0o600)]).stdout.strip()
        text = SLAPD_CONFIG.format(dir=self.dir, base=BASE, root_dn=ROOT_DN, root_hash=root_hash, peer=peer)
        os.unlink(self.path("etc/root.pw"))
        for schema in ("core", "cosine", "inetorgperson", "nis"):
            text = text.replace("# schema\n", "include: file:///etc/ldap/schema/%s.ldif\n# schema\n" % schema)
        config = self.write("etc/slapd.ldif", text.replace("# schema\n", ""), 0o600)
        run(["slapadd", "-n", "0", "-F", self.path("slapd.d"), "-l", config])
        admin_hash = run(["slappasswd", "-T", self.write("etc/admin.pw", self.admin_pw, 0o600)]).stdout.strip()
        os.unlink(self.path("etc/admin.pw"))
        data = self.write("etc/data.ldif", SLAPD_DATA.format(base=BASE, admin_dn=ADMIN_DN, admin_hash=admin_hash), 0o600)
        run(["slapadd", "-n", "1", "-F", self.path("slapd.d"), "-l", data])
        if self.as_root:
            for name in ("slapd.d", "db", "ldap"):
                run(["chown", "-R", "openldap:openldap", self.path(name)])

    def start_slapd(self):
        argv = shlex.split(os.environ.get("MUSTER_SLAPD_WRAPPER", ""))  # of make check, see tests/local.mk
        argv += ["slapd", "-F", self.path("slapd.d"), "-d", "stats",
                 "-h", "%s %s" % (self.uri, self.ldapi)]
        if self.as_root:
            argv += ["-u", "openldap", "-g", "openldap"]
        if os.path.exists(self.ldapi_path):
            os.unlink(self.ldapi_path)
        self.start("slapd", argv)
        wait_until("slapd", lambda: self.answers(self.ldapi_path), 30)

    def answers(self, path):
        self.must_live("slapd")
        try:
            with socket.socket(socket.AF_UNIX) as s:
                s.connect(path)
            return True
        except OSError:
            return False

    def init_muster(self):
        """Bring Muster into the slapd that runs, with the command an administrator uses."""
        return self.muster(*self.init_arguments())

    def init_arguments(self):
        return ["-H", self.ldapi, "--external", "init", "--base", BASE,
                "--module", self.path("lib/muster.so"),
                "--key-file", self.path("slapd.d/muster.keys"),
                "--courier-password-file", self.path("etc/courier.pw")]

    # --- Muster ------------------------------------------------------------------------------------

    def muster(self, *argv, stdin="", check=True):
        """Run the command. Its secrets come on standard input, in the order it would ask for them."""
        return run([os.path.join(self.builddir, "muster"), "-c", self.config, *argv], stdin, check)

    def admin(self, *argv, stdin="", check=True):
        return self.muster("-D", ADMIN_DN, *argv, stdin=self.admin_pw + "\n" + stdin, check=check)

    def ldap_admin(self, command, *arguments, stdin=""):
        """What a command of OpenLDAP prints for the administrator."""
        path = self.write("etc/admin.pw", self.admin_pw, 0o600)
        try:
            return run([command, "-x", "-H", self.uri, "-D", ADMIN_DN, "-y", path, *arguments], stdin,
                       env=dict(os.environ, LDAPTLS_CACERT=self.path("tls/ca.crt"))).stdout
        finally:
            os.unlink(path)

    def owes(self):
        """Whether a message or a question to the payment provider still waits for the courier."""
        return "dn:" in self.ldap_admin("ldapsearch", "-LLL", "-b", BASE, "(musterOutbox=*)", "1.1")

    def write_config(self):
        self.write("etc/smtp.pw", self.smtp_pw + "\n", 0o600, USERS[1])
        self.write("etc/muster.conf", MUSTER_CONF.format(
            uri=self.uri, dir=self.dir, base=BASE, socket=self.socket, smtp_port=self.smtp_port))

    def start_smtp(self):
        self.write("etc/smtp-server.pw", self.smtp_pw + "\n", 0o600)
        self.start("smtp", [sys.executable, os.path.join(self.srcdir, "contrib/lib/smtp_server.py"),
                            "--port", str(self.smtp_port), "--directory", self.path("mail"),
                            "--certificate", self.path("tls/server.crt"), "--key", self.path("tls/server.key"),
                            "--user", "muster", "--password-file", self.path("etc/smtp-server.pw")])
        wait_until("SMTP server", lambda: self.tcp_answers("smtp", self.smtp_port))

    def must_live(self, name):
        if not self.alive(name):
            with open(self.path("log/%s.log" % name)) as f:
                raise SiteError("%s ended:\n%s" % (name, f.read()[-2000:]))

    def tcp_answers(self, name, port):
        self.must_live(name)
        try:
            with socket.create_connection(("127.0.0.1", port), 1):
                return True
        except OSError:
            return False

    def start_musterd(self):
        self.give(self.path("etc/courier.pw"), 0o600, USERS[1])
        self.give(self.path("sms"), 0o700, USERS[1])
        self.start("musterd", [self.path("bin/musterd"), "-f", "-c", self.config],
                   MUSTER_LOCALEDIR=self.path("locale"))
        wait_until("musterd's socket", self.gate_listens)

    def gate_listens(self):
        self.must_live("musterd")
        return os.path.exists(self.socket)

    def write_pam(self):
        line = "{0} required %s socket=%s owner=%s\n" % (
            self.path("lib/pam_muster.so"), self.socket, "root" if self.as_root else pwd.getpwuid(os.geteuid()).pw_name)
        self.write("pam.d/muster", "".join(line.format(group) for group in
                                           ("auth", "account", "password", "session")))

    def write_command(self):
        self.write("bin/muster", "#!/bin/sh\nexec '%s' -c '%s' \"$@\"\n" % (
            os.path.join(self.builddir, "muster"), self.config), 0o755)

    def set_up(self, say=lambda text: None):
        self.create_users()
        self.install()
        self.make_certificates()
        say("a plain slapd starts")
        self.configure_slapd()
        self.start_slapd()
        self.write_config()
        say("muster init brings the overlay into it")
        out = self.init_muster().stdout
        self.start_smtp()
        self.start_musterd()
        self.write_pam()
        self.write_command()
        return out

    # --- mail and text messages --------------------------------------------------------------------

    def mails(self):
        return self.messages("mail", ".eml")

    def texts(self):
        return self.messages("sms", ".sms")

    def messages(self, folder, ending):
        return sorted(os.path.join(self.path(folder), name) for name in os.listdir(self.path(folder))
                      if name.endswith(ending) and not name.startswith("."))


SLAPD_CONFIG = """dn: cn=config
objectClass: olcGlobal
cn: config
olcPidFile: {dir}/ldap/slapd.pid
olcTLSCertificateFile: {dir}/tls/server.crt
olcTLSCertificateKeyFile: {dir}/tls/server.key
olcTLSCACertificateFile: {dir}/tls/ca.crt

dn: cn=module{{0}},cn=config
objectClass: olcModuleList
cn: module{{0}}
olcModulePath: /usr/lib/ldap
olcModuleLoad: back_mdb.la

dn: cn=schema,cn=config
objectClass: olcSchemaConfig
cn: schema

# schema
dn: olcDatabase={{-1}}frontend,cn=config
objectClass: olcDatabaseConfig
objectClass: olcFrontendConfig
olcDatabase: {{-1}}frontend
olcAccess: {{0}}to * by dn.exact={peer} manage by * break
olcAccess: {{1}}to dn.base="" by * read
olcAccess: {{2}}to dn.base="cn=Subschema" by * read

dn: olcDatabase={{0}}config,cn=config
objectClass: olcDatabaseConfig
olcDatabase: {{0}}config
olcAccess: {{0}}to * by dn.exact={peer} manage by * none

dn: olcDatabase={{1}}mdb,cn=config
objectClass: olcDatabaseConfig
objectClass: olcMdbConfig
olcDatabase: {{1}}mdb
olcDbDirectory: {dir}/db
olcSuffix: {base}
olcRootDN: {root_dn}
olcRootPW: {root_hash}
olcDbMaxSize: 1073741824
olcDbIndex: objectClass eq
olcLastMod: TRUE
"""

SLAPD_DATA = """dn: {base}
objectClass: dcObject
objectClass: organization
dc: example
o: Example

dn: {admin_dn}
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: admin
description: people and organizations
userPassword: {admin_hash}
"""

MUSTER_CONF = """[directory]
uris = {uri}
ca_file = {dir}/tls/ca.crt
base = {base}

[gate]
socket = {socket}
dn_template = uid=%u,ou=people,o=acme,ou=organizations,{base}

[courier]
bind_dn = cn=courier,ou=programs,{base}
bind_password_file = {dir}/etc/courier.pw
from = accounts@example.com
smtp_url = smtp://localhost:{smtp_port}
smtp_tls = required
smtp_user = muster
smtp_password_file = {dir}/etc/smtp.pw
smtp_ca_file = {dir}/tls/ca.crt
service_name = Example

[sms]
command = {dir}/bin/sms-to-folder {dir}/sms

[payments]
command = {dir}/bin/payments-from-folder {dir}/payments
"""

# What the payment provider of the demo answers, by the reference that its page would give
PROVIDER = {
    "good-card": "state=active\nkind=card\ntoken=tok_demo\nbrand=Visa\nlast_four=4242\nexpiry=2099-12\n",
    "check-card": "state=active\nkind=debit\ntoken=tok_check\nbrand=Maestro\nlast_four=0005\nexpiry=2099-12\n",
    "bank-account": "state=authenticate\nkind=bank-transfer\nurl=https://pay.example.com/authenticate?id=7\n",
}
