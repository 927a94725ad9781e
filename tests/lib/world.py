"""A directory of its own for a test: Debian's slapd with muster.so in a private folder, on free loopback ports.

    world = World()            start slapd, configure it over cn=config from schema/init and schema/policies
    world.session("root")      an LDAP connection, bound
    world.stop(), start(), kill(), pause(), resume(), slapcat(), log()

Environment: MUSTER_SO (path of muster.so), MUSTER_SLAPD_WRAPPER (for example "valgrind --log-file=/tmp/v.%p"),
MUSTER_SLAPD_DEBUG (what slapd logs, in place of what a test asks for; "highest": HIGHEST_DEBUG), MUSTER_KEEP=1 keeps the
folder. It is kept when a check failed as well, and its path printed.
"""

import atexit
import functools
import glob
import os
import shlex
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time

from . import certs, logs, session, tap

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SLAPD = "/usr/sbin/slapd"
MODULES = "/usr/lib/ldap"
DATABASE = "olcDatabase={1}mdb,cn=config"
# Everything slapd can log but what shows what clients send: packets (2) and BER (16) are their octets, and args (4) has the
# value of a Compare.
HIGHEST_DEBUG = str(0xFFFF & ~(2 | 4 | 16))
START_SEC = 120  # generous: valgrind, and machines with much else to do

BASE_CONFIG = """\
dn: cn=config
objectClass: olcGlobal
cn: config
olcPidFile: @DIR@/slapd.pid
olcTLSCACertificateFile: @CA@
olcTLSCertificateFile: @CERT@
olcTLSCertificateKeyFile: @KEY@
olcThreads: 8

dn: cn=schema,cn=config
objectClass: olcSchemaConfig
cn: schema

include: file:///etc/ldap/schema/core.ldif
include: file:///etc/ldap/schema/cosine.ldif
include: file:///etc/ldap/schema/inetorgperson.ldif

dn: cn=module{0},cn=config
objectClass: olcModuleList
cn: module{0}
olcModulePath: @MODULES@
olcModuleLoad: back_mdb
olcModuleLoad: back_monitor

dn: olcDatabase={-1}frontend,cn=config
objectClass: olcDatabaseConfig
objectClass: olcFrontendConfig
olcDatabase: {-1}frontend
olcSizeLimit: 500
olcAccess: to dn.exact="" by * read
olcAccess: to dn.base="cn=Subschema" by * read

dn: olcDatabase={0}config,cn=config
objectClass: olcDatabaseConfig
olcDatabase: {0}config
olcRootDN: cn=config
olcRootPW: @CONFIG_PASSWORD@

dn: @DATABASE@
objectClass: olcDatabaseConfig
objectClass: olcMdbConfig
olcDatabase: {1}mdb
olcDbDirectory: @DIR@/db
olcDbMaxSize: 1073741824
olcDbNoSync: @NOSYNC@
olcSuffix: @BASE@
olcRootDN: @ROOT@
olcRootPW: @ROOT_PASSWORD@

dn: olcDatabase={2}monitor,cn=config
objectClass: olcDatabaseConfig
olcDatabase: {2}monitor
olcRootDN: cn=monitor
olcRootPW: @CONFIG_PASSWORD@
"""

BASE_ENTRIES = """\
dn: @BASE@
changetype: add
objectClass: dcObject
objectClass: organization
dc: @DC@
o: @DC@

dn: @ADMIN@
changetype: add
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: admin
userPassword: @ADMIN_PASSWORD@
"""

PPOLICY_OVERLAY = """\
dn: olcOverlay=ppolicy,@DATABASE@
changetype: add
objectClass: olcOverlayConfig
objectClass: olcPPolicyConfig
olcOverlay: ppolicy
"""


_held = []


def free_port():
    """A port that the kernel gives to nobody else while this test runs: it is held. A server listens there all the same, since it sets
    SO_REUSEADDR, as servers do."""
    probe = socket.socket()
    probe.bind(("127.0.0.1", 0))
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    _held.append(probe)
    return probe.getsockname()[1]


def find_module():
    """The built muster.so: MUSTER_SO, else that of the build tree the test runs in, else the newest below the source."""
    named = os.environ.get("MUSTER_SO")
    if named:
        return os.path.abspath(named)
    here = os.path.join(os.getcwd(), "src", "slapd", ".libs", "muster.so")
    if os.path.exists(here):
        return here
    built = glob.glob(os.path.join(SOURCE, "*", "src", "slapd", ".libs", "muster.so"))
    built += glob.glob(os.path.join(SOURCE, "src", "slapd", ".libs", "muster.so"))
    if not built:
        raise RuntimeError("muster.so is not built: run make, or set MUSTER_SO")
    return max(built, key=os.path.getmtime)


class World:
    """One slapd.

    base        suffix of its database
    muster      False: a slapd that has the module's schema but neither overlay (what a foreign replica is)
    ppolicy     put slapo-ppolicy into the stack, below muster
    nosync      no fdatasync on commit; False for tests that count durable writes or kill the machine
    faketime    True: move_clock() works
    preload     more libraries for LD_PRELOAD (fault injection)
    config      extra "attribute: value" lines for the muster overlay's configuration
    access      False: leave out the access rules and limits
    replica_of  another World: replicate from it, with the same sealing keys
    debug       what slapd writes to its log, as -d takes it; "highest": HIGHEST_DEBUG
    ipv6        listen on ::1 too: port_ipv6, with TLS
    """

    def __init__(self, base="dc=example,dc=com", muster=True, ppolicy=False, nosync=True, faketime=False,
                 preload=(), config=(), access=True, environment=None, replica_of=None, start=True,
                 debug="stats", ipv6=False):
        self.base = base
        self.root_dn, self.root_password = "cn=root," + base, "root-secret"
        self.admin_dn, self.admin_password = "cn=admin," + base, "admin-secret"
        self.courier_dn, self.courier_password = "cn=courier,ou=programs," + base, "courier-secret"
        self.config_dn, self.config_password = "cn=config", "config-secret"
        self.folder = tempfile.mkdtemp(prefix="muster-", dir="/tmp")
        self.process = None
        self.log_path = os.path.join(self.folder, "slapd.log")
        logs.watch(self.log_path)
        self.ldapi_path = os.path.join(self.folder, "ldapi")
        self.key_path = os.path.join(self.folder, "keys")
        self.port, self.port_tls = free_port(), free_port()
        self.uri = "ldap://127.0.0.1:%d" % self.port
        self.uri_tls = "ldaps://127.0.0.1:%d" % self.port_tls
        self.port_ipv6 = free_port() if ipv6 else None
        self.uri_ldapi = "ldapi://" + self.ldapi_path.replace("/", "%2F")
        self.nosync, self.faketime, self.preload = nosync, faketime, list(preload)
        self.environment = dict(environment or {})
        self.debug = os.environ.get("MUSTER_SLAPD_DEBUG") or debug
        if self.debug == "highest":
            self.debug = HIGHEST_DEBUG
        self.clock_path = os.path.join(self.folder, "clock")
        self.sessions = []
        atexit.register(self.cleanup)
        self._prepare()
        if replica_of:
            shutil.copy(replica_of.key_path, self.key_path)
        if start:
            self.start()
            self.configure(muster, ppolicy, config, access, replica_of)

    # --- files ---------------------------------------------------------------------------------------

    def _prepare(self):
        # A copy: an AppArmor profile for slapd's own path would not let it use this folder.
        self.slapd = os.path.join(self.folder, "slapd")
        shutil.copy(SLAPD, self.slapd)
        self.cacert, cert, key = certs.make(os.path.join(self.folder, "tls"))
        self.places = {
            "DIR": self.folder, "CA": self.cacert, "CERT": cert, "KEY": key, "MODULES": MODULES,
            "MODULEPATH": MODULES, "MODULE": find_module(), "DATABASE": DATABASE, "BASE": self.base,
            "DC": self.base.split(",")[0].split("=")[1], "KEYFILE": self.key_path,
            "NOSYNC": "TRUE" if self.nosync else "FALSE",
            "ROOT": self.root_dn, "ROOT_PASSWORD": self.hash(self.root_password),
            "ADMIN": self.admin_dn, "ADMIN_PASSWORD": self.hash(self.admin_password),
            "COURIER_PASSWORD": self.hash(self.courier_password), "CONFIG_PASSWORD": self.hash(self.config_password),
        }
        os.mkdir(os.path.join(self.folder, "db"), 0o700)
        os.mkdir(os.path.join(self.folder, "config"), 0o700)
        with open(os.open(self.key_path, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
            file.write("k1 %s\n" % os.urandom(32).hex())
        self.tool("slapadd", "-n", "0", input=self.fill(BASE_CONFIG).encode())
        self.move_clock(0)

    def fill(self, text):
        """LDIF text with its @PLACES@ filled in."""
        for name, value in self.places.items():
            text = text.replace("@%s@" % name, value)
        return text

    def template(self, name):
        """A file below schema/, filled in."""
        with open(os.path.join(SOURCE, "schema", name)) as file:
            return self.fill(file.read())

    @staticmethod
    @functools.lru_cache(maxsize=None)
    def hash(password):
        """A hash as slappasswd prints it, for entries that are no members."""
        out = subprocess.run(["/usr/sbin/slappasswd", "-h", "{SSHA}", "-T", "/dev/stdin"],
                             input=password.encode(), stdout=subprocess.PIPE, check=True)
        return out.stdout.decode().strip()

    def tool(self, name, *arguments, input=None):
        """Run one of slapd's tools on this configuration while slapd is stopped (slapcat: at any time); its output."""
        path = os.path.join(self.folder, name)
        if not os.path.exists(path):
            os.symlink(self.slapd, path)
        wrapper = shlex.split(os.environ.get("MUSTER_SLAPD_WRAPPER", ""))
        done = subprocess.run([*wrapper, path, "-F", os.path.join(self.folder, "config"), *arguments],
                              input=input, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if done.returncode:
            raise RuntimeError("%s: %s" % (name, done.stderr.decode(errors="replace")))
        return done.stdout

    def slapcat(self):
        """All of the database as LDIF octets, lines not folded."""
        return self.tool("slapcat", "-n", "1", "-o", "ldif-wrap=no")

    def slapadd(self, ldif):
        """Put LDIF octets in the place of the whole database while slapd is stopped."""
        for name in os.listdir(os.path.join(self.folder, "db")):
            os.remove(os.path.join(self.folder, "db", name))
        self.tool("slapadd", "-q", "-n", "1", input=ldif)

    def log(self):
        with open(self.log_path, errors="replace") as file:
            return file.read()

    def argon2_runs(self):
        """How often slapd ran Argon2 for a verification, from its log."""
        return self.log().count("muster: argon2 run")

    def transactions(self):
        """The number of the last committed write transaction, from the two meta pages of the database file."""
        with open(os.path.join(self.folder, "db", "data.mdb"), "rb") as file:
            data = file.read(8192)
        return max(struct.unpack_from("=Q", data, page + 144)[0] for page in (0, 4096))

    # --- configuration over cn=config ---------------------------------------------------------------

    def configure(self, muster=True, ppolicy=False, config=(), access=True, replica_of=None):
        """Bring Muster into the slapd that runs, as `muster init` would."""
        with_config = self.session("config")
        with_config.apply(self.template("init/10-modules.ldif"))
        if not replica_of:
            self.session("root").apply(self.fill(BASE_ENTRIES))
        for part in session.changes(self.template("init/20-overlays.ldif")):
            dn, _, rows = part
            if dn.startswith("olcOverlay=muster") and not muster:
                continue
            if dn.startswith("olcOverlay=muster,"):
                if ppolicy:
                    with_config.apply(self.fill(PPOLICY_OVERLAY))
                rows = _with(rows, config)
            self._must(with_config.add(dn, dict(rows)), dn)
        with_config.apply(self.template("init/30-indexes.ldif"))
        if access:
            with_config.apply(self.template("init/40-access.ldif"))
        if replica_of:
            self.replicate_from(replica_of)
        else:
            self._fill_tree()

    def _fill_tree(self):
        root = self.session("root")
        root.apply(self.template("init/50-tree.ldif"))
        root.apply(self.template("init/60-courier.ldif"))
        for name in ("console-15", "console-16", "modern"):
            root.apply(self.template("policies/%s.ldif" % name))

    def replicate_from(self, provider):
        """Become a consumer of another World's database."""
        link = ('rid=001 provider=%s bindmethod=simple binddn="%s" credentials=%s searchbase="%s" '
                'type=refreshAndPersist retry="1 +"' % (
                    provider.uri_ldapi, provider.root_dn, provider.root_password, self.base))
        with self.use("config") as with_config:
            self._must(with_config.modify(DATABASE, ("add", "olcSyncrepl", link),
                                          ("add", "olcUpdateRef", provider.uri)), "syncrepl")

    def _must(self, result, what):
        if result.code:
            raise RuntimeError("%s: %d %s" % (what, result.code, result.text))

    def configure_overlay(self, *changes):
        """Change the muster overlay's configuration: ("replace", "olcMusterMinSSF", "0") and so on."""
        with self.use("config") as with_config:
            found = with_config.search(DATABASE, "(objectClass=olcMusterConfig)", ["dn"]).entries
            return with_config.modify(found[0][0], *changes)

    # --- life ----------------------------------------------------------------------------------------

    def start(self):
        """Start slapd and wait until it answers."""
        environment = dict(os.environ, **self.environment)
        preload = list(self.preload)
        if self.faketime:
            preload.append(self._clock_library())
            environment["MUSTER_CLOCK"] = self.clock_path
        if preload:
            environment["LD_PRELOAD"] = " ".join(preload)
        wrapper = shlex.split(os.environ.get("MUSTER_SLAPD_WRAPPER", ""))
        uris = [self.uri, self.uri_tls, self.uri_ldapi]
        if self.port_ipv6:
            uris.append("ldaps://[::1]:%d" % self.port_ipv6)
        command = wrapper + [self.slapd, "-h", " ".join(uris),
                             "-F", os.path.join(self.folder, "config"), "-d", self.debug]
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            env=environment, cwd=self.folder)
        self._wait_until_up()

    def _wait_until_up(self):
        end = time.monotonic() + START_SEC
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise RuntimeError("slapd ended at once (%s):\n%s" % (self.process.returncode, self.log()[-4000:]))
            probe = session.Session(self.uri_ldapi)
            up = probe.bind("", "").code == 0
            probe.close()
            if up:
                return
            time.sleep(0.05)
        raise RuntimeError("slapd does not answer:\n" + self.log()[-4000:])

    def alive(self):
        """slapd runs and answers a new connection."""
        if self.process is None or self.process.poll() is not None:
            return False
        with self.use(None) as probe:
            return probe.bind("", "").code == 0

    def stop(self):
        """End slapd in an orderly way; its exit status."""
        return self._end(signal.SIGTERM)

    def kill(self):
        return self._end(signal.SIGKILL)

    def _end(self, how):
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.send_signal(how)
        status = self.process.wait(START_SEC)
        self.process = None
        return status

    def restart(self):
        self.stop()
        self.start()

    def pause(self):
        """slapd hangs: connections are accepted by the kernel, nothing answers."""
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def move_clock(self, seconds, uptime=0):
        """slapd's clock, and the time since the machine was started, are this far from the real ones from now on (with
        faketime)."""
        self._set_clock(seconds, uptime, 0)

    def stop_clock(self, at):
        """slapd's clock stands still in this second, until move_clock(): for what has to happen right before something ends."""
        self._set_clock(0, 0, at)

    def _set_clock(self, *words):
        # In place: slapd has the file mapped.
        with open(os.open(self.clock_path, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
            file.write(struct.pack("=qqq", *words))

    def _clock_library(self):
        path = os.path.join(self.folder, "clock.so")
        if not os.path.exists(path):
            subprocess.run([os.environ.get("CC", "cc"), "-O2", "-shared", "-fPIC", "-o", path,
                            os.path.join(SOURCE, "tests", "lib", "clock.c")], check=True)
        return path

    def cleanup(self):
        """End slapd; remove the folder, or say where it is when a check failed."""
        for one in self.sessions:
            one.close()
        self.sessions = []
        try:
            self._end(signal.SIGTERM)
        except subprocess.TimeoutExpired:
            self._end(signal.SIGKILL)
        logs.unwatch(self.log_path)
        if not os.path.isdir(self.folder):
            return
        if tap.failures() or os.environ.get("MUSTER_KEEP"):
            print("# kept: %s" % self.folder, flush=True)
        else:
            shutil.rmtree(self.folder, ignore_errors=True)

    # --- connections ---------------------------------------------------------------------------------

    def credential(self, who):
        """(DN, password) of "root", "admin", "courier" or "config"."""
        return getattr(self, who + "_dn"), getattr(self, who + "_password")

    def session(self, who=None, password=None, uri=None):
        """A connection over ldapi unless said otherwise.

        who: None (anonymous, not bound), the name of a role, or a DN with its password; the bind must succeed.
        """
        uri = uri or self.uri_ldapi
        one = session.Session(uri, cacert=self.cacert if uri.startswith("ldaps") else None)
        self.sessions.append(one)
        if who is not None:
            dn, secret = (who, password) if password is not None else self.credential(who)
            self._must(one.bind(dn, secret), "bind as " + dn)
        return one

    def use(self, who=None, password=None, uri=None):
        """The same for "with": closed at the end."""
        return _Closing(self, self.session(who, password, uri))


class _Closing:
    def __init__(self, world, one):
        self.world, self.one = world, one

    def __enter__(self):
        return self.one

    def __exit__(self, *_):
        self.one.close()
        if self.one in self.world.sessions:
            self.world.sessions.remove(self.one)


def _with(rows, lines):
    """Attribute rows with "attribute: value" lines in place of those of the same name."""
    attributes = dict(rows)
    for line in lines:
        name, value = line.split(": ", 1)
        attributes[name] = [value.encode()]
    return list(attributes.items())
