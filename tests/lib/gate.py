"""musterd's gate in front of a World, and PAM applications that log in through it.

    gate = Gate(world, "uid=%u,ou=people,o=acme,ou=organizations,dc=example,dc=com")
    gate.login("alice", [password, code]).results     {"auth": 0, "account": 0}
    gate.stop(), pause(), resume(), log()
"""

import atexit
import os
import shutil
import signal
import subprocess
import tempfile
import time
from typing import NamedTuple

from . import logs, tap

BUILD = os.environ.get("top_builddir", os.getcwd())
MODULE = os.environ.get("PAM_MUSTER_SO", os.path.join(BUILD, ".libs", "pam_muster.so"))
START_SEC = 60

# Results of PAM calls (security/_pam_types.h)
PAM_SUCCESS, PAM_SYSTEM_ERR, PAM_SERVICE_ERR, PAM_PERM_DENIED, PAM_AUTH_ERR = 0, 4, 3, 6, 7
PAM_AUTHINFO_UNAVAIL, PAM_NEW_AUTHTOK_REQD, PAM_CRED_UNAVAIL, PAM_CONV_ERR, PAM_AUTHTOK_ERR = 9, 12, 15, 19, 20


class Dialogue(NamedTuple):
    """What an application saw: lines as pam-login prints them, and the result of each call."""

    lines: list
    results: dict

    def said(self, kind):
        return [line[len(kind) + 2 :] for line in self.lines if line.startswith(kind + ": ")]

    @property
    def text(self):
        return "\n".join(self.lines)


class Gate:
    """musterd with the gate alone, as the user who runs the test."""

    def __init__(self, world, dn_template=None, directory="", gate="", start=True):
        self.folder = tempfile.mkdtemp(prefix="muster-gate-", dir="/tmp")
        os.chmod(self.folder, 0o755)
        atexit.register(self.cleanup)
        self.world, self.process = world, None
        self.socket = os.path.join(self.folder, "run", "gate.sock")
        self.config = os.path.join(self.folder, "muster.conf")
        self.log_path = os.path.join(self.folder, "musterd.log")
        logs.watch(self.log_path)
        self.services = os.path.join(self.folder, "pam.d")
        os.mkdir(self.services)
        template = "dn_template = %s\n" % dn_template if dn_template else ""
        uris = "" if "uris" in directory else "uris = %s\nca_file = %s\n" % (world.uri_tls, world.cacert)
        user = "user = %s\n" % (USER if os.geteuid() == 0 else "nobody")
        with open(os.open(self.config, os.O_WRONLY | os.O_CREAT, 0o644), "w") as file:
            file.write("[directory]\n%s%s\n[gate]\nsocket = %s\n%s%s%s\n[courier]\nenabled = no\n[log]\nlevel = debug\n"
                       % (uris, directory, self.socket, user, template, gate))
        os.chmod(os.path.dirname(world.cacert), 0o755)
        os.chmod(world.folder, 0o755)
        self.service("muster")
        if start:
            self.start()

    def service(self, name, options="", groups=("auth", "account", "password", "session"), before=""):
        """A PAM service in which pam_muster.so alone decides."""
        with open(os.path.join(self.services, name), "w") as file:
            file.write(before)
            for group in groups:
                file.write("%s required %s socket=%s %s\n" % (group, MODULE, self.socket, options))

    def start(self):
        before = len(self.log())
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen([os.path.join(BUILD, "musterd"), "-f", "-c", self.config],
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        end = time.monotonic() + START_SEC
        while "gate: info: ready" not in self.log()[before:]:
            if self.process.poll() is not None or time.monotonic() > end:
                raise RuntimeError("musterd does not start:\n" + self.log())
            time.sleep(0.02)

    def log(self):
        try:
            with open(self.log_path, errors="replace") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def children(self):
        with open("/proc/%d/task/%d/children" % (self.process.pid, self.process.pid)) as file:
            return [int(pid) for pid in file.read().split()]

    def pause(self):
        """The gate hangs: clients connect, nobody answers."""
        for pid in self.children():
            os.kill(pid, signal.SIGSTOP)

    def resume(self):
        for pid in self.children():
            os.kill(pid, signal.SIGCONT)

    def stop(self):
        """End musterd in an orderly way; its exit status."""
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.resume()
            self.process.terminate()
        status = self.process.wait(START_SEC)
        self.process = None
        return status

    def begin(self, user, *calls, service="muster", environment=None):
        """An application whose conversation the test holds itself."""
        return subprocess.Popen([os.path.join(BUILD, "pam-login"), self.services, service, user, *calls],
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                start_new_session=True,  # the terminal of whoever runs the test is not the person's
                                env=dict(os.environ, **(environment or {})))

    def run(self, user, answers, *calls, service="muster", environment=None):
        """Carry out PAM calls with the answers a person would type."""
        logs.secret(*answers)
        process = self.begin(user, *calls, service=service, environment=environment)
        typed = b"".join(a if isinstance(a, bytes) else a.encode() for line in answers for a in (line, "\n"))
        out = process.communicate(typed)[0].decode(errors="replace")
        if process.returncode not in (0, 1):
            raise RuntimeError("pam-login: %s" % out)
        lines = out.splitlines()
        results = {}
        for line in lines:
            name, _, number = line.partition("=")
            if name.isalpha() and number.lstrip("-").isdigit():
                results[name] = int(number)
        return Dialogue(lines, results)

    def login(self, user, answers, service="muster", environment=None):
        return self.run(user, answers, "auth", "account", service=service, environment=environment)

    def cleanup(self):
        logs.unwatch(self.log_path)
        try:
            self.stop()
        except subprocess.TimeoutExpired:
            self.process.kill()
        if tap.failures() or os.environ.get("MUSTER_KEEP"):
            print("# kept: %s" % self.folder, flush=True)
        else:
            shutil.rmtree(self.folder, ignore_errors=True)


# Somebody who is neither root nor the owner of anything.
USER = "nobody"
