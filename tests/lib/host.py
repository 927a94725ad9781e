"""A login host for the tests: this machine's files and Debian's login programs, in namespaces of their own.

    host = Host({"/run/muster": gate_folder})
    host.write("/etc/pam.d/su", text, mode)       files of the host alone
    host.run("getent", "passwd", "alice")         a program to its end
    host.terminal("su", "-", "alice")             a program with somebody at its terminal
    host.daemon("nslcd", "-n")                    a program in the background
    host.log()                                    what its programs wrote to syslog

The root is an overlay: this machine's files below, a tmpfs above, Debian's packages unpacked into it (contrib/login-packages).
Whatever happens in it leaves nothing behind; all its processes end with it. It has the machine's network, so that servers on
loopback are reached. It needs root and the right to mount; without them the test fails.
"""

import atexit
import os
import re
import shutil
import socket
import subprocess
import tempfile
import threading
import time

from . import tap
from .terminal import Terminal
from .world import SOURCE

BUILD = os.path.abspath(os.environ.get("top_builddir", os.getcwd()))
START_SEC = 120

# Mounts the root and becomes the first process of its pid namespace. $1 folder, $2 file with one "source target" a line
BEGIN = r"""
set -e
folder=$1
mount -t tmpfs -o mode=755 muster "$folder"
cd "$folder"
mkdir upper work root
mount -t overlay -o "lowerdir=/,upperdir=$folder/upper,workdir=$folder/work" overlay root
while read -r package; do
	dpkg-deb --fsys-tarfile "$package" | tar -x -p --keep-directory-symlink -C root
done <"$3"
for empty in run tmp var/log root home; do
	mkdir -p "root/$empty"
	mount -t tmpfs -o mode=755 muster "root/$empty"
done
chmod 1777 root/tmp
mkdir root/run/lock
mount -t proc proc root/proc
mount -t tmpfs -o mode=755 muster root/dev
for node in null zero full random urandom tty; do
	touch "root/dev/$node"
	mount --bind "/dev/$node" "root/dev/$node"
done
mkdir root/dev/pts
mount --bind /dev/pts root/dev/pts
ln -s pts/ptmx root/dev/ptmx
ln -s /proc/self/fd root/dev/fd
while read -r source target; do
	mkdir -p "root$target"
	mount --bind "$source" "root$target"
done <"$2"
exec chroot root sh -c 'echo ready; exec sleep infinity'
"""


def packages():
    """Paths of the packages that the root needs besides this machine's."""
    done = subprocess.run([os.path.join(SOURCE, "contrib", "login-packages")], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if done.returncode:
        raise RuntimeError(done.stderr.decode(errors="replace"))
    return done.stdout.decode()


class Host:
    """binds: folder of the machine, by the place where the host has it."""

    def __init__(self, binds=None):
        if os.geteuid() != 0:
            raise RuntimeError("a login host in a private root needs root: run the tests as root")
        self.folder = tempfile.mkdtemp(prefix="muster-host-", dir="/tmp")
        self.daemons, self.lines = [], []
        self.process = None
        atexit.register(self.stop)
        self._begin(binds or {})
        self._syslog()

    def _begin(self, binds):
        with open(os.path.join(self.folder, "binds"), "w") as file:
            file.write("".join("%s %s\n" % (source, target) for target, source in binds.items()))
        with open(os.path.join(self.folder, "packages"), "w") as file:
            file.write(packages())
        os.mkdir(os.path.join(self.folder, "mount"))
        self.process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child",
             "sh", "-c", BEGIN, "sh", *(os.path.join(self.folder, name) for name in ("mount", "binds", "packages"))],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if self.process.stdout.readline() != b"ready\n":
            raise RuntimeError("no private root (mount namespaces and overlayfs are needed): "
                               + self.process.stderr.read().decode(errors="replace"))
        with open("/proc/%d/task/%d/children" % (self.process.pid, self.process.pid)) as file:
            self.pid = int(file.read())
        self.root = "/proc/%d/root" % self.pid
        if os.path.samefile(self.root, "/"):
            raise RuntimeError("the private root is this machine's own")

    def _syslog(self):
        """/dev/log. No thread of its own reads what a program that is done has sent: it is read when it is asked for."""
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.socket.bind(self.root + "/dev/log")
        os.chmod(self.root + "/dev/log", 0o666)
        threading.Thread(target=self._collect, daemon=True).start()

    def _collect(self):
        while True:
            try:
                self.lines.append(self.socket.recv(65536).decode(errors="replace"))
            except OSError:
                return

    def log(self):
        return "\n".join(self.lines)

    # --- files ---------------------------------------------------------------------------------------

    def path(self, name):
        """A file of the host, as the test reaches it."""
        return self.root + name

    def read(self, name):
        with open(self.path(name), errors="replace") as file:
            return file.read()

    def write(self, name, text, mode=0o644, owner=None):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if os.path.lexists(path):
            os.unlink(path)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w") as file:
            file.write(text)
        os.chmod(path, mode)
        if owner:
            os.chown(path, *owner)

    def copy(self, source, name, mode=0o644):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        shutil.copyfile(source, path)
        os.chmod(path, mode)

    def append(self, name, line):
        with open(self.path(name), "a") as file:
            file.write(line + "\n")

    # --- programs ------------------------------------------------------------------------------------

    def command(self, *argv):
        return ["nsenter", "--target", str(self.pid), "--mount", "--pid", "--root", "--wd", *argv]

    def environment(self, more=None):
        return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "TERM": "xterm", "LANG": "C.UTF-8", "HOME": "/root", **(more or {})}

    def run(self, *argv, input=b"", environment=None):
        return subprocess.run(self.command(*argv), input=input, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              env=self.environment(environment), timeout=START_SEC)

    def must(self, *argv, **more):
        done = self.run(*argv, **more)
        if done.returncode:
            raise RuntimeError("%s: %s" % (argv[0], done.stdout.decode(errors="replace")))
        return done.stdout.decode(errors="replace")

    def terminal(self, *argv, rows=50, columns=120, environment=None):
        return Terminal(self.command(*argv), rows, columns, self.environment(environment))

    def daemon(self, *argv, log="daemon"):
        """A program that stays; what it prints goes to a file of this name, see output()."""
        with open(os.path.join(self.folder, log), "ab") as file:
            one = subprocess.Popen(self.command(*argv), stdin=subprocess.DEVNULL, stdout=file, stderr=file,
                                   env=self.environment())
        self.daemons.append(one)
        return one

    def output(self, log):
        with open(os.path.join(self.folder, log), errors="replace") as file:
            return file.read()

    def stop(self):
        if self.process is None:
            return
        self.process.kill()  # and, by --kill-child, everything in the namespace; the mounts go with its last process
        self.process.wait()
        for one in self.daemons:
            one.wait(START_SEC)
        self.process = None
        if tap.failures():
            tap.note("the host's log ends:\n" + self.log()[-6000:])
        shutil.rmtree(self.folder, ignore_errors=True)


def multiarch(host):
    """Where libpam looks for modules."""
    return re.search(r"\S*/security/pam_unix\.so", host.must("sh", "-c", "ls /lib/*/security/pam_unix.so")).group(0).rsplit("/", 1)[0]


def wait_for(what, condition, limit_sec=START_SEC):
    end = time.monotonic() + limit_sec
    while not condition():
        if time.monotonic() > end:
            raise RuntimeError("waited %d s for: %s" % (limit_sec, what))
        time.sleep(0.05)
