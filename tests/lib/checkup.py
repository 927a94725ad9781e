"""A directory that "muster doctor" finds nothing wrong with, to be broken one thing at a time.

    place = Checkup()              slapd set up by `muster init` as the person who runs this, over ldapi EXTERNAL
    place.doctor("data")           run it; .code, .ids ("part/id" of errors and warnings), .find("data/plain-seed")
"""

import json
import os
import subprocess

from . import people
from .world import BASE_ENTRIES, DATABASE, World

LIMIT = 120  # seconds; valgrind, and machines with much else to do
PEER = "gidNumber=%d+uidNumber=%d,cn=peercred,cn=external,cn=auth" % (os.getegid(), os.geteuid())


def command(name):
    path = os.path.join(os.environ.get("top_builddir", os.getcwd()), name)
    if not os.path.exists(path):
        raise RuntimeError("%s is not built: run make" % path)
    return path


def runs_slapacl(arguments):
    """Whether these arguments of muster make it look at the part access."""
    parts = {"slapd", "data", "musterd", "pam", "clock", "member"}
    return "doctor" in arguments and ("access" in arguments or not parts & set(arguments))


class Report:
    def __init__(self, done):
        self.code, self.out, self.err = done.returncode, done.stdout.decode(), done.stderr.decode()
        if done.returncode < 0:
            raise RuntimeError("muster ended by signal %d\n%s" % (-done.returncode, self.err))
        try:
            self.facts = json.loads(self.out)
        except ValueError:
            self.facts = {}
        self.findings = self.facts.get("findings", [])
        self.ids = sorted({"%s/%s" % (f["part"], f["id"]) for f in self.findings if f["severity"] != "note"})
        self.unseen = [u["text"] for u in self.facts.get("unseen", [])]

    def find(self, name):
        """The findings of that part/id."""
        return [f for f in self.findings if "%s/%s" % (f["part"], f["id"]) == name]

    def text(self):
        return self.out + self.err


class Checkup:
    def __init__(self, **options):
        self.world = world = World(start=False, nosync=False, **options)
        world.start()
        world.session("root").apply(world.fill(BASE_ENTRIES))
        with world.use("config") as config:
            people.must(config.modify("olcDatabase={0}config,cn=config", ("add", "olcAccess",
                                      "to * by dn.exact=%s manage by * break" % PEER)), "rule for who runs this")
            # What slapd is configured with by hand: passwords as hashes.
            for dn, password in (("olcDatabase={0}config,cn=config", world.config_password),
                                 ("olcDatabase={2}monitor,cn=config", world.config_password),
                                 (DATABASE, world.root_password)):
                people.must(config.modify(dn, ("replace", "olcRootPW", world.hash(password))), "olcRootPW")
        self.pam = os.path.join(world.folder, "pam.d")
        self.sshd_config = os.path.join(world.folder, "sshd_config")
        os.mkdir(self.pam)
        done = self.muster("init", "--base", world.base, "--module", world.places["MODULE"], "--key-file", world.key_path,
                           "--courier-password-file", world.folder + "/courier.password")
        if done.returncode:
            raise RuntimeError(done.stderr.decode())

    def muster(self, *arguments, answers=(), uri=None, login=None):
        """Run the command, as whoever runs this or as a DN whose password is the first answer."""
        who = ["-D", login] if login else ["--external"]
        typed = b"".join(a.encode() + b"\n" for a in answers)
        environment = dict(os.environ)
        if environment.get("MUSTER_PRELOAD") and runs_slapacl(arguments):
            # slapd's tool loads our module, and leaks what is its own to leak (see sanitized.sh).
            environment["LD_PRELOAD"] = environment["MUSTER_PRELOAD"]
            environment["ASAN_OPTIONS"] = "verify_asan_link_order=0:detect_leaks=0"
        return subprocess.run([command("muster"), "-H", uri or self.world.uri_ldapi, *who, *arguments], input=typed,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=LIMIT, env=environment)

    def doctor(self, *parts, **more):
        return Report(self.muster("--json", "doctor", *parts, **more))

    def doctor_pam(self, files, sshd=None):
        """The part pam on files of its own: {service: text}."""
        for name in os.listdir(self.pam):
            os.unlink(os.path.join(self.pam, name))
        for name, text in files.items():
            with open(os.path.join(self.pam, name), "w") as file:
                file.write(text)
        with open(self.sshd_config, "w") as file:
            file.write(sshd or "UsePAM yes\nPubkeyAuthentication no\n")
        return self.doctor("pam", "--pam-dir", self.pam, "--sshd-config", self.sshd_config)
