"""A folder in which the scripts of OpenLDAP's own test suite find the installed slapd where they look for a built one.

    shim = Shim(source, folder, muster=False)       as the suite is: the baseline
    shim = Shim(source, folder, muster="/.../muster.so")
    shim.run("test003-search")                      (exit status, output)

The scripts are run where they lie, in the unpacked source package, and nothing is written there. What they are told to
use instead of their own: slapd, its modules and the client tools as installed; the suite's helper programs, compiled
here; their configuration templates, copied, and for a slapd with muster with lines for it added.
"""

import glob
import os
import re
import shutil
import socket
import subprocess

SLAPD, MODULES, SCHEMA, CLIENTS = "/usr/sbin/slapd", "/usr/lib/ldap", "/etc/ldap/schema", "/usr/bin"
BACKENDS = ("mdb", "ldap", "meta", "asyncmeta", "relay", "null", "perl", "sql")
# Names of the suite for overlays whose module is called otherwise
MODULE_OF = {"PROXYCACHE": "pcache", "WT": "back_wt"}
SCHEMAS = ("core", "cosine", "inetorgperson")  # what muster's own schema is built on
PORTS = 10  # a script takes that many from SLAPD_BASEPORT on
TIMEOUT_SEC = 1200

HERE = os.path.dirname(os.path.abspath(__file__))


def port_ranges():
    """Ports after each of which PORTS more are free when it is asked for. Never two that overlap."""
    # below what the kernel gives to connections (32768), and elsewhere for each run
    for base in range(21000 + os.getpid() % 250 * 20, 32000, PORTS + 2):
        held = []
        try:
            for port in range(base, base + PORTS):
                held.append(socket.socket())
                held[-1].bind(("127.0.0.1", port))
        except OSError:
            continue
        finally:
            for one in held:
                one.close()
        yield base
    raise RuntimeError("no %d free ports in a row" % PORTS)


def with_muster(template, key_file, module):
    """A slapd.conf template of the suite with muster on top of every stack of its own databases (back-mdb).

    Overlays are run from the last to the first, so muster's lines end the section of a database. It writes the state of
    logins in the name of the rootdn; the few databases without one get one that cannot log in.
    """
    sections = re.split(r"^(?=database[ \t])", template, flags=re.M)
    # ppolicy's module twice is an error; the template that has it loads it before
    out = [sections[0]]
    out += ["include @SCHEMADIR@/%s.schema\n" % name for name in SCHEMAS if name + ".schema" not in template]
    out += ["" if "ppolicy.la" in template else "moduleload %s/ppolicy.la\n" % MODULES, "moduleload %s\n" % module]
    for section in sections[1:]:
        out.append(section)
        # a database with the empty suffix is none for muster, which says so when slapd starts
        if re.match(r"database[ \t]+@BACKEND@", section) and not re.search(r'^suffix[ \t]+""', section, re.M):
            out.append("" if section.endswith("\n") else "\n")
            if not re.search(r"^rootdn[ \t]", section, re.M):
                out.append('rootdn "cn=muster"\n')
            out.append("overlay muster\nmuster-key-file %s\n" % key_file)
    return "".join(out)


class Shim:
    def __init__(self, source, folder, muster=None):
        self.source, self.folder, self.muster = source, folder, muster
        self.tests = os.path.join(folder, "tests")
        self.key_file = os.path.join(folder, "keys")
        os.makedirs(self.tests)
        self._servers()
        self._clients()
        self._programs()
        self._schema()
        self._data()
        self._run_script()

    # --- what the scripts look for -----------------------------------------------------------------------

    def _servers(self):
        """A copy of slapd, which AppArmor's profile for the installed path does not hold; its modules by link."""
        slapd = os.path.join(self.folder, "servers", "slapd")
        os.makedirs(slapd)
        self.slapd = os.path.join(slapd, "slapd.installed" if self.muster else "slapd")
        shutil.copy(SLAPD, self.slapd)
        if self.muster:
            os.symlink(os.path.join(HERE, "slapd.py"), os.path.join(slapd, "slapd"))
        for name in ["overlays", "pwmods"] + ["back-" + b for b in BACKENDS]:
            os.mkdir(os.path.join(slapd, name))
        for path in glob.glob(os.path.join(MODULES, "*")):
            for name in ("overlays", "pwmods"):
                os.symlink(path, os.path.join(slapd, name, os.path.basename(path)))
        for backend in BACKENDS:
            for path in glob.glob(os.path.join(MODULES, "back_%s[.-]*" % backend)):
                os.symlink(path, os.path.join(slapd, "back-" + backend, os.path.basename(path)))
        if self.muster:
            with open(os.open(self.key_file, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
                file.write("k1 %s\n" % os.urandom(32).hex())

    def _clients(self):
        folder = os.path.join(self.folder, "clients", "tools")
        os.makedirs(folder)
        for path in glob.glob(os.path.join(CLIENTS, "ldap*")):
            name = os.path.basename(path)
            if self.muster and name in ("ldapmodify", "ldapadd"):
                path = os.path.join(HERE, "ldapmodify.py")
            os.symlink(path, os.path.join(folder, name))

    def _programs(self):
        """tests/progs, linked with the installed libraries; the tree's own are not built."""
        progs = os.path.join(self.tests, "progs")
        os.mkdir(progs)
        lutil = [os.path.join(self.source, "libraries", "liblutil", n + ".c") for n in ("utils", "passfile", "getpass", "signal")]
        common = os.path.join(self.source, "tests", "progs", "slapd-common.c")
        for path in glob.glob(os.path.join(self.source, "tests", "progs", "*.c")):
            name = os.path.basename(path)[:-2]
            if name in ("slapd-common", "slapd-auth"):  # slapd-auth is not part of the suite either
                continue
            subprocess.run(["cc", "-O1", "-w", "-I", os.path.join(self.source, "include"), "-o", os.path.join(progs, name),
                            path, *([] if name == "ldif-filter" else [common]), *lutil, "-lldap", "-llber", "-lpthread"],
                           check=True)

    def _schema(self):
        folder = os.path.join(self.tests, "schema")
        os.mkdir(folder)
        for where in (SCHEMA, os.path.join(self.source, "servers", "slapd", "schema")):
            for path in glob.glob(os.path.join(where, "*")):
                target = os.path.join(folder, os.path.basename(path))
                if not os.path.exists(target):
                    os.symlink(path, target)

    def _data(self):
        self.plain = os.path.join(self.source, "tests", "data")
        data = os.path.join(self.tests, "testdata")
        shutil.copytree(self.plain, data, symlinks=True)
        if not self.muster:
            return
        for path in glob.glob(os.path.join(data, "**", "*.conf"), recursive=True):
            with open(path) as file:
                text = file.read()
            if re.search(r"^database\s+@BACKEND@", text, re.M):
                with open(path, "w") as file:
                    file.write(with_muster(text, self.key_file, self.muster))

    def _run_script(self):
        """The suite's "run", which configure would have made: what is built is what is installed."""
        with open(os.path.join(self.source, "tests", "run.in")) as file:
            text = file.read()
        fixed = {"srcdir": os.path.join(self.source, "tests"), "top_srcdir": self.source, "LN_S": "ln -s", "EGREP": "grep -E",
                 "WITH_SASL": "yes", "WITH_TLS": "yes", "TLS_TYPE": "gnutls", "WITH_MODULES_ENABLED": "yes",
                 "WITH_ACI_ENABLED": "no", "BUILD_LIBS_DYNAMIC": "yes", "BUILD_BALANCER": "no"}
        self.run_path = os.path.join(self.tests, "run")
        with open(self.run_path, "w") as file:
            file.write(re.sub(r"@(\w+)@", lambda m: fixed.get(m[1]) or self._built(m[1].replace("BUILD_", "")), text))
        os.chmod(self.run_path, 0o755)

    @staticmethod
    def _built(name):
        if name == "PW_ARGON2":  # a module as well, but the script asks for "yes"
            return "yes" if os.path.exists(os.path.join(MODULES, "argon2.la")) else "no"
        module = MODULE_OF.get(name, name.lower())
        if any(os.path.exists(os.path.join(MODULES, prefix + module + ".la")) for prefix in ("", "back_")):
            return "mod"
        return "no"

    # --- running -----------------------------------------------------------------------------------------

    def work(self, script):
        """The folder a script is run in; its servers' logs are in tests/testrun."""
        return os.path.join(self.folder, "run-" + script)

    def run(self, script, base_port, late=False):
        """(exit status, output) of one script. Scripts may run side by side: each has a folder and ports of its own.

        late: muster comes into the running slapd (ldapmodify.py), after a module that the script loads.
        """
        work = os.path.join(self.work(script), "tests")
        os.makedirs(self.work(script))
        shutil.copytree(self.tests, work, symlinks=True)
        for name in ("servers", "clients"):
            os.symlink(os.path.join(self.folder, name), os.path.join(self.work(script), name))
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("AC_", "MAKE", "MFLAGS", "SLAPD", "LDAP"))}
        environment.update(SLAPD_BASEPORT=str(base_port), PATH="/usr/bin:/bin:/usr/sbin:/sbin", PYTHONDONTWRITEBYTECODE="1",
                           MUSTER_YARDSTICK_SLAPD=self.slapd, MUSTER_YARDSTICK_MODULE=self.muster or "",
                           MUSTER_YARDSTICK_KEYS=self.key_file)
        if late:
            environment["USER_DATADIR"] = self.plain
        with open(os.path.join(self.work(script), "output"), "wb") as out:
            process = subprocess.Popen(["./run", "-b", "mdb", script], cwd=work, env=environment, stdin=subprocess.DEVNULL,
                                       stdout=out, stderr=out, start_new_session=True)
            try:
                status = process.wait(TIMEOUT_SEC)
            except subprocess.TimeoutExpired:
                status = "no end after %d s" % TIMEOUT_SEC
            finally:
                self._end_group(process)
        with open(os.path.join(self.work(script), "output"), errors="replace") as file:
            return status, file.read()

    def had_muster(self, script):
        """Whether a server of the script was configured with the overlay: else it proves nothing about muster."""
        for path in glob.glob(os.path.join(self.work(script), "tests", "testrun", "**"), recursive=True):
            if os.path.isfile(path) and path.endswith((".conf", ".ldif")):
                with open(path, "rb") as file:
                    if re.search(rb"^(overlay muster|objectClass: olcMusterConfig)$", file.read(), re.M):
                        return True
        return False

    @staticmethod
    def _end_group(process):
        """Servers that a failed script left behind: they are of the session that was made for it."""
        try:
            os.killpg(process.pid, 9)
        except ProcessLookupError:
            pass
        process.wait()
