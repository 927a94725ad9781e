#!/usr/bin/python3
"""musterd itself: its configuration, its processes, who they run as, and what happens when one ends. No slapd is needed."""

import os
import pwd
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from lib import tap  # noqa: E402
from lib.daemon import MUSTERD, USERS, Daemon, wait_for  # noqa: E402
from lib.tap import in_, is_, ok  # noqa: E402


class NoWorld:
    """What a Daemon takes from a World, with a directory that is not there."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="muster-", dir="/tmp")
        self.base = "dc=example,dc=com"
        self.courier_dn, self.courier_password = "cn=courier,ou=programs," + self.base, "courier-secret"
        self.ldapi_path = os.path.join(self.folder, "ldapi")
        self.uri_ldapi = "ldapi://" + self.ldapi_path.replace("/", "%2F")
        open(self.ldapi_path, "w").close()


world = NoWorld()
daemon = Daemon(world)
daemon.configure({"gate": {"enabled": "yes"}, "courier": {"enabled": "yes"}})
AS_ROOT = daemon.as_root


def test_check_says_where_it_is_wrong():
    is_(daemon.run("-t").returncode, 0, "a right configuration")
    good = open(daemon.path).read()
    cases = [("[gate]\nenabeld = no\n", 2, "enabeld"), ("[gaet]\n", 1, "gaet"), ("[gate]\nworkers = 0\n", 2, "1 to 256"),
             ("[gate]\nworkers = 4294967297\n", 2, "1 to 256"), ("[gate]\nuser = a\nuser = b\n", 3, "line 2"),
             ("[log]\nlevel = loud\n", 2, "error notice info debug"), ("nonsense\n", 1, "key = value"),
             ("[courier]\nfrom = a@b\nservice_name = \x1b[31m\n", 3, "control")]
    for text, line, says in cases:
        daemon.write(text)
        for options in (["-t"], ["-T"], ["-f"]):
            done = daemon.run(*options)
            ok(done.returncode == 1 and done.stdout == "" and says in done.stderr
               and done.stderr.startswith("musterd: %s:%d: " % (daemon.path, line)), "%r with %s" % (text, options[0]), done.stderr)
    daemon.write(good)


def test_check_knows_what_belongs_together():
    for section, option, value, says in (("courier", "from", "", "from"), ("courier", "bind_dn", "", "bind_dn"),
                                         ("directory", "uris", "ldap://a ldap://b", None),
                                         ("courier", "smtp_user", "me", "smtp_password_file"),
                                         ("gate", "dn_template", "", "dn_template")):
        before = daemon.settings[section].get(option)
        daemon.configure({section: {option: value}})
        done = daemon.run("-t")
        ok((done.returncode == 0) == (says is None) and (says or "") in done.stderr, "%s = %s" % (option, value), done.stderr)
        if before is None:
            del daemon.settings[section][option]
        daemon.configure({section: {} if before is None else {option: before}})
    is_(daemon.run("-t").returncode, 0, "right again")


@tap.fault(11)
def test_check_looks_at_secrets():
    path = daemon.settings["courier"]["bind_password_file"]
    for mode in (0o644, 0o604, 0o620, 0o660):
        os.chmod(path, mode)
        done = daemon.run("-t")
        ok(done.returncode == 1 and path in done.stderr, "a secret with mode %o" % mode, done.stderr)
    os.chmod(path, 0o600)
    if AS_ROOT:
        os.chown(path, 0, 0)
        done = daemon.run("-t")
        ok(done.returncode == 1 and "cannot read" in done.stderr, "a secret that the courier cannot read", done.stderr)
        user = pwd.getpwnam(USERS["courier"])
        os.chown(path, 0, user.pw_gid)
        os.chmod(path, 0o640)
        is_(daemon.run("-t").returncode, 0, "a secret of root that the courier's group may read")
        os.chown(path, user.pw_uid, user.pw_gid)
        os.chmod(path, 0o600)
    is_(daemon.run("-t").returncode, 0, "right again")


def test_check_looks_at_users():
    if not AS_ROOT:
        is_(daemon.run("-t").returncode, 0, "without root nobody else is needed")
        return
    for user, says in (("_muster-nobody-at-all", "useradd"), ("root", "root")):
        daemon.configure({"gate": {"user": user}})
        done = daemon.run("-t")
        ok(done.returncode == 1 and says in done.stderr and user in done.stderr, "gate as " + user, done.stderr)
    daemon.configure({"gate": {"user": USERS["gate"]}})


def test_print_reads_back():
    first = daemon.run("-T")
    is_(first.returncode, 0, "-T prints")
    in_("\nfrom = muster@example.com\n", first.stdout, "what is set")
    in_("\nworkers = 16\n", first.stdout, "and what is not")
    ok(world.courier_password not in first.stdout, "no secret is in it")
    good = open(daemon.path).read()
    daemon.write(first.stdout)
    second = daemon.run("-T")
    is_(second.stdout, first.stdout, "the print-out read back gives no difference")
    daemon.write(good)


def test_sample():
    made = subprocess.run([MUSTERD, "-S"], stdout=subprocess.PIPE, text=True, check=True).stdout
    with open(os.path.join(os.environ.get("top_srcdir", "."), "contrib", "muster.conf")) as file:
        is_(file.read(), made, "contrib/muster.conf is what musterd -S prints")


def test_manual_page():
    with open(os.path.join(os.environ.get("top_srcdir", "."), "doc", "man", "muster.conf.5")) as file:
        page = file.read()
    for line in daemon.run("-T").stdout.splitlines():
        if line.startswith("["):
            section = line
            ok('.SH "SECTION %s"' % section in page, "muster.conf(5) has section %s" % section)
            part = page.split('.SH "SECTION %s"' % section)[-1].split(".SH ")[0]
        elif line:
            key = line.split(" ")[0]
            ok(".B %s\n" % key in part or ".BR %s " % key in part, "muster.conf(5) has %s %s" % (section, key))


def test_usage():
    for arguments in (["-x"], ["extra"], ["--role"], ["--role=parent", "--parent=1"], ["--role=gate"]):
        done = daemon.run(*arguments)
        ok(done.returncode == 2 and "usage:" in done.stderr, "musterd %s" % " ".join(arguments), done.stderr)


@tap.fault(12)
def test_socket():
    old = os.umask(0o077)
    daemon.start()
    os.umask(old)
    run = os.stat(os.path.dirname(daemon.socket))
    is_(stat.S_IMODE(run.st_mode), 0o755, "the socket's folder was made with the right mode, whatever the umask")
    here = os.stat(daemon.socket)
    is_((stat.S_IMODE(here.st_mode), here.st_uid), (0o666, os.geteuid()), "everybody may connect, the parent owns it")
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(daemon.socket)
    done = daemon.run("-f")
    ok(done.returncode == 1 and "listens" in done.stderr, "a second musterd is refused", done.stderr)
    ok(os.path.exists(daemon.socket), "and leaves the socket alone")


def status(pid, field):
    with open("/proc/%d/status" % pid) as file:
        return next(line.split(":", 1)[1].split() for line in file if line.startswith(field + ":"))


def descriptors(pid):
    """What a process has open: it opens and closes some meanwhile."""
    found = []
    for name in os.listdir("/proc/%d/fd" % pid):
        try:
            found.append(os.readlink("/proc/%d/fd/%s" % (pid, name)))
        except FileNotFoundError:
            pass
    return found


def core_limit(pid):
    with open("/proc/%d/limits" % pid) as file:
        return next(line.split()[4:6] for line in file if line.startswith("Max core file size"))


def test_processes_are_confined():
    parent = daemon.process.pid
    for role, user in USERS.items():
        pid = daemon.role_pid(role)
        wait_for("%s is confined" % role, lambda p=pid: status(p, "NoNewPrivs") == ["1"])
        # A process that is not dumpable belongs to root in /proc, and its own user cannot look into it.
        wait_for("%s is not dumpable" % role, lambda p=pid: os.stat("/proc/%d/mem" % p).st_uid == 0)
        if AS_ROOT:
            entry = pwd.getpwnam(user)
            wait_for("%s has its user" % role, lambda p=pid, e=entry: status(p, "Uid") == [str(e.pw_uid)] * 4)
            is_(status(pid, "Gid"), [str(entry.pw_gid)] * 4, "%s: all four group ids" % role)
            is_(status(pid, "Groups"), [], "%s: no other groups" % role)
            for which in ("CapPrm", "CapEff", "CapInh", "CapAmb"):
                is_(int(status(pid, which)[0], 16), 0, "%s: no capabilities (%s)" % (role, which))
            peek = subprocess.run(["setpriv", "--reuid", user, "--regid", str(entry.pw_gid), "--clear-groups",
                                   "cat", "/proc/%d/environ" % pid], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            ok(peek.returncode != 0 and not peek.stdout, "%s: its own user cannot trace it" % role)
        is_(core_limit(pid), ["0", "0"], "%s: no core dumps" % role)
        if not AS_ROOT:
            ok(not os.access("/proc/%d/environ" % pid, os.R_OK), "%s: its own user cannot look into it" % role)
            continue
        with open("/proc/%d/environ" % pid) as file:
            names = {entry.split("=")[0] for entry in file.read().split("\0") if entry}
        ok("LDAPNOINIT" in names and "HOME" not in names, "%s: an environment of its own" % role, names)
        links = descriptors(pid)
        ok(not any("memfd" in link or "signalfd" in link for link in links), "%s: holds nothing of the parent" % role, links)
    is_(core_limit(parent), ["0", "0"], "parent: no core dumps")
    if not AS_ROOT:
        return
    with open("/proc/net/unix") as file:
        listens = ["socket:[%s]" % line.split()[6] for line in file if line.split()[7:] == [daemon.socket]]
    for role, has in (("gate", True), ("courier", False)):
        links = descriptors(daemon.role_pid(role))
        is_(any(link in listens for link in links), has, "the %s has %s socket of the gate" % (role, "the" if has else "no"))


def test_says_that_it_is_not_root():
    in_("without root", daemon.log(), "it is said") if not AS_ROOT else ok("without root" not in daemon.log(), "it is root")
    if not AS_ROOT:
        is_(daemon.log().count("without root"), 1, "once")


def test_a_role_that_dies_is_started_again():
    for role in USERS:
        pid = daemon.role_pid(role)
        os.kill(pid, signal.SIGKILL)
        new = wait_for("%s again" % role, lambda r=role, p=pid: daemon.children().get(r) not in (None, p))
        ok(new != pid, "%s was started again" % role)
        in_("%s: pid %d ended by signal 9" % (role, pid), daemon.log(), "and it was logged")


def test_reload():
    before = dict(daemon.children())
    good = open(daemon.path).read()
    daemon.write("[gate]\nfoo = bar\n")
    daemon.reload()
    wait_for("the error is logged", lambda: "%s:2: foo" % daemon.path in daemon.log())
    is_(dict(daemon.children()), before, "a configuration with an error changes nothing")
    daemon.write(good)
    daemon.configure({"courier": {"enabled": "no"}})
    daemon.reload()
    in_("read again", daemon.log(), "it was read")
    daemon.role_pid("gate")
    is_(set(daemon.children()), {"gate"}, "a role that is switched off is gone")
    ok(os.path.exists(daemon.socket), "the socket stayed")
    other = daemon.socket + "2"
    daemon.configure({"courier": {"enabled": "yes"}, "gate": {"socket": other}})
    daemon.reload()
    wait_for("the new socket", lambda: os.path.exists(other))
    daemon.role_pid("courier")
    ok(not os.path.exists(daemon.socket), "the old socket is gone")
    daemon.configure({"gate": {"socket": daemon.socket}})


def test_children_end_with_a_killed_parent():
    pids = [daemon.role_pid(role) for role in USERS]
    daemon.kill()
    wait_for("the children are gone", lambda: not any(alive(pid) for pid in pids))
    ok(True, "the roles ended with the parent")
    ok(os.path.exists(daemon.socket + "2"), "a stale socket is left")
    daemon.configure({"gate": {"socket": daemon.socket + "2"}})
    daemon.log_path += "2"
    daemon.start()
    ok(daemon.role_pid("gate"), "and does not keep the next one from starting")
    is_(daemon.stop(), 0, "SIGTERM")
    ok(not os.path.exists(daemon.socket + "2"), "the socket is removed at the end")


def alive(pid):
    try:
        return status(pid, "State")[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@tap.fault(9)
def test_folder_that_others_can_write():
    folder = os.path.join(daemon.folder, "open")
    os.mkdir(folder)
    os.chmod(folder, 0o777)
    daemon.configure({"gate": {"socket": os.path.join(folder, "gate.sock")}})
    done = daemon.run("-f")
    ok(done.returncode == 1 and folder in done.stderr, "the socket is not put there", done.stderr)
    daemon.configure({"gate": {"socket": os.path.join(daemon.folder, "x" * 120)}})
    is_(daemon.run("-f").returncode, 1, "a path that is too long")
    taken = os.path.join(daemon.folder, "run", "file")
    open(taken, "w").close()
    daemon.configure({"gate": {"socket": taken}})
    is_(daemon.run("-f").returncode, 1, "a name that is taken")
    ok(os.path.exists(taken), "what had the name is still there")
    daemon.configure({"gate": {"socket": daemon.socket}})


def test_detached():
    done = daemon.run()
    is_(done.returncode, 0, "without -f it leaves the terminal")
    # A child that is about to execute its role looks like the parent for a moment.
    found = wait_for("one process in the background", lambda: len(ours()) == 1 and ours())
    ok(os.path.exists(daemon.socket), "and goes on in the background")
    for pid in found:
        os.kill(pid, signal.SIGTERM)
    wait_for("it ended", lambda: not any(alive(pid) for pid in found))
    ok(not os.path.exists(daemon.socket), "SIGTERM ends it")


def ours():
    return [int(name) for name in os.listdir("/proc") if name.isdigit() and is_ours(int(name))]


def is_ours(pid):
    try:
        with open("/proc/%d/cmdline" % pid) as file:
            return daemon.path in file.read().split("\0")
    except (FileNotFoundError, ProcessLookupError):
        return False


def teardown():
    if not tap.failures():
        shutil.rmtree(world.folder, ignore_errors=True)


tap.main(globals())
