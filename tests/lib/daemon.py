"""musterd in a private folder, beside the slapd of a World.

    daemon = Daemon(world, {"courier": {...}})     write muster.conf; nothing runs yet
    daemon.start(), stop(), role_pid("courier"), log()

Environment: top_builddir (where musterd is built; the working directory without it).
"""

import atexit
import fcntl
import os
import pwd
import shutil
import signal
import subprocess
import time

from . import logs, tap

BUILD = os.path.abspath(os.environ.get("top_builddir", "."))
MUSTERD = os.path.join(BUILD, "musterd")
LOCALES = os.path.join(BUILD, "locale")
USERS = {"gate": "_muster-gate", "courier": "_muster-courier"}
WAIT_SEC = 60


def wait_for(what, condition, limit_sec=WAIT_SEC):
    """Until condition() is true; its value."""
    end = time.monotonic() + limit_sec
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise RuntimeError("waited %d s for: %s" % (limit_sec, what))
        time.sleep(0.02)


def have_user(name):
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


class Daemon:
    """One musterd. settings: section to option to value, on top of what a world needs."""

    def __init__(self, world, settings=None):
        self.world = world
        self.folder = os.path.join(world.folder, "musterd")
        os.mkdir(self.folder, 0o755)
        os.chmod(world.folder, 0o755)
        self.path = os.path.join(self.folder, "muster.conf")
        self.socket = os.path.join(self.folder, "run", "gate.sock")
        self.log_path = os.path.join(self.folder, "log")
        logs.watch(self.log_path)
        # The courier's user may have no way into the folder of the build.
        self.locales = os.path.join(self.folder, "locale")
        shutil.copytree(LOCALES, self.locales)
        self.process = None
        self.as_root = os.geteuid() == 0
        self.settings = {
            "directory": {"uris": world.uri_ldapi, "base": world.base},
            "gate": {"enabled": "no", "socket": self.socket,
                     "dn_template": "uid=%u,ou=people,o=acme,ou=organizations," + world.base},
            "courier": {"enabled": "no", "bind_dn": world.courier_dn, "from": "muster@example.com",
                        "bind_password_file": self.secret("courier.pw", world.courier_password, "courier")},
            "log": {"level": "debug"},
        }
        if self.as_root:
            # The courier's user must get through to slapd's socket.
            os.chmod(world.ldapi_path, 0o777)
            for role, user in USERS.items():
                self.create_user(user)
        self.configure(settings or {})
        atexit.register(self.kill)

    @staticmethod
    def create_user(user):
        """One after the other: tests that run at the same time, and contrib/demo, want the same ones."""
        lock = os.open("/etc", os.O_RDONLY)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not have_user(user):
                subprocess.run(["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", user], check=True)
        finally:
            os.close(lock)

    def secret(self, name, text, role):
        """A password file that the role's user can read."""
        path = os.path.join(self.folder, name)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(text + "\n")
        if self.as_root:
            self.create_user(USERS[role])
            user = pwd.getpwnam(USERS[role])
            os.chown(path, user.pw_uid, user.pw_gid)
        return path

    def configure(self, settings):
        """Change settings and write the file; a running musterd learns of it by reload()."""
        for section, options in settings.items():
            self.settings.setdefault(section, {}).update(options)
        self.write("".join("[%s]\n%s\n" % (section, "".join("%s = %s\n" % pair for pair in options.items()))
                           for section, options in self.settings.items()))

    def write(self, text):
        with open(self.path, "w") as file:
            file.write(text)
        os.chmod(self.path, 0o644)

    def run(self, *arguments, **more):
        """musterd with other options, to its end."""
        return subprocess.run([MUSTERD, "-c", self.path, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              stdin=subprocess.DEVNULL, text=True, timeout=WAIT_SEC, **more)

    def start(self):
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen([MUSTERD, "-f", "-c", self.path], stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log, env=dict(os.environ, MUSTER_LOCALEDIR=self.locales))
        wait_for("musterd ready", lambda: "ready" in self.log() or self.process.poll() is not None)
        if self.process.poll() is not None:
            raise RuntimeError("musterd ended at once:\n" + self.log())

    def stop(self):
        """End musterd by SIGTERM; its exit status."""
        if self.process is None:
            return None
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(WAIT_SEC)
        self.process = None
        return status

    def kill(self):
        """At the end of a test, whatever happened: the children end with their parent."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait(WAIT_SEC)
        self.process = None
        if tap.failures() and os.path.exists(self.log_path):
            tap.note("musterd's log ends:\n" + self.log()[-6000:])

    def reload(self):
        """Have the configuration read, and wait until it was, or was refused: until then the old one is gone by."""
        def told():
            log = self.log()
            return log.count("read again") + log.count("the configuration stays as it was")
        before = told()
        self.process.send_signal(signal.SIGHUP)
        wait_for("the configuration is read", lambda: told() > before)

    def log(self):
        if not os.path.exists(self.log_path):
            return ""
        with open(self.log_path, errors="replace") as file:
            return file.read()

    def children(self):
        """Processes of the roles: role to pid, as the kernel knows them."""
        found = {}
        with open("/proc/%d/task/%d/children" % (self.process.pid, self.process.pid)) as file:
            pids = [int(word) for word in file.read().split()]
        for pid in pids:
            try:
                with open("/proc/%d/cmdline" % pid) as file:
                    words = file.read().split("\0")
            except (FileNotFoundError, ProcessLookupError):
                continue
            for role in USERS:
                if "--role=" + role in words:
                    found[role] = pid
        return found

    def role_pid(self, role):
        return wait_for(role + " runs", lambda: self.children().get(role))
