#!/usr/bin/python3
"""contrib/demo: the story goes to its end, a broken step ends it, and --serve keeps its contract."""

import base64
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from lib import tap
from lib.totp import totp
from lib.world import SOURCE

BUILD = os.path.abspath(os.environ.get("top_builddir", "."))
DEMO = [sys.executable, "-B", os.path.join(SOURCE, "contrib/lib/demo.py"), "--build", BUILD, "--source", SOURCE]
folder = tempfile.mkdtemp(prefix="mt-demo-")


def teardown():
    shutil.rmtree(folder, ignore_errors=True)


def test_story():
    done = subprocess.run(DEMO, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    tap.is_(done.returncode, 0, "the story goes to its end")
    if done.returncode != 0:
        tap.note(done.stdout[-3000:] + done.stderr)
    tap.in_("== the end", done.stdout, "the last chapter is told")


def test_broken_step_is_named():
    """Logins that always succeed: the step that expects a refusal fails, by name."""
    build = os.path.join(folder, "broken")
    os.mkdir(build)
    for name in os.listdir(BUILD):
        os.symlink(os.path.join(BUILD, name) if name != "pam-login" else "/bin/true", os.path.join(build, name))
    done = subprocess.run(DEMO[:4] + [build] + DEMO[5:], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    tap.ok(done.returncode not in (0, None), "a broken step is an exit status that is not 0")
    tap.in_("nobody has a password, so nobody gets in", done.stderr, "and is named")


def read_env(path):
    """The file as a shell reads it."""
    out = subprocess.run(["sh", "-c", ". \"$1\"; set", "sh", path], capture_output=True, text=True, check=True).stdout
    return dict(re.findall(r"^(MUSTER_[A-Z0-9_]+)='(.*)'$", out, re.M))


def wait_for(condition, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.1)
    return False


def whoami(env, dn, password):
    with tempfile.NamedTemporaryFile("w", dir=folder) as f:
        f.write(password)
        f.flush()
        return subprocess.run(["ldapwhoami", "-x", "-H", env["MUSTER_URI"], "-D", dn, "-y", f.name],
                              env=dict(os.environ, LDAPTLS_CACERT=env["MUSTER_CACERT"]), capture_output=True,
                              text=True).returncode


def code(env, who):
    if time.time() % 30 > 25:
        time.sleep(30 - time.time() % 30)
    return totp(base64.b32decode(env["MUSTER_%s_TOTP" % who]))


def check_names(env):
    names = ["URI", "CACERT", "LDAPI", "BASE", "ADMIN_DN", "ADMIN_PW", "ROOT_DN", "ROOT_PW", "CONFIG", "SOCKET",
             "PAM_CONFDIR", "MAIL_DIR", "SMS_DIR", "SLAPD_PID", "MUSTERD_PID", "ALICE_DN", "ALICE_PW", "ALICE_TOTP",
             "BOB_DN", "BOB_PW", "CAROL_DN"]
    for n in range(1, 21):
        names += ["T%02d_%s" % (n, what) for what in ("DN", "PW", "TOTP")]
    tap.is_(sorted(set("MUSTER_" + n for n in names) - set(env)), [], "DIR/env has every name of the contract")


def check_members(env):
    tap.is_(whoami(env, env["MUSTER_ADMIN_DN"], env["MUSTER_ADMIN_PW"]), 0, "the admin binds")
    tap.is_(whoami(env, env["MUSTER_ROOT_DN"], env["MUSTER_ROOT_PW"]), 0, "the rootdn binds")
    tap.is_(whoami(env, env["MUSTER_BOB_DN"], env["MUSTER_BOB_PW"]), 0, "bob binds with his password")
    tap.is_(whoami(env, env["MUSTER_CAROL_DN"], env["MUSTER_BOB_PW"]), 49, "carol has none")
    tap.is_(whoami(env, env["MUSTER_T07_DN"], env["MUSTER_T07_PW"]), 49, "t07 needs a code")
    used = code(env, "T07")
    tap.is_(whoami(env, env["MUSTER_T07_DN"], env["MUSTER_T07_PW"] + used), 0, "t07 binds with password and code")
    tap.is_(whoami(env, env["MUSTER_T07_DN"], env["MUSTER_T07_PW"] + used), 49, "once")


def check_pam(env):
    answers = "%s\n%s\n" % (env["MUSTER_ALICE_PW"], code(env, "ALICE"))
    argv = [os.path.join(BUILD, "pam-login"), env["MUSTER_PAM_CONFDIR"], "muster", "alice"]
    done = subprocess.run(argv, input=answers, capture_output=True, text=True)
    tap.is_(done.returncode, 0, "alice logs in through PAM")
    done = subprocess.run(argv, input=answers, capture_output=True, text=True)
    tap.is_(done.returncode, 1, "not again with the same code")
    with open(os.path.join(env["MUSTER_PAM_CONFDIR"], "muster")) as f:
        lines = [line.split() for line in f.read().splitlines()]
    tap.is_([line[0] for line in lines], ["auth", "account", "password", "session"], "the service has all four groups")


def check_doctor(env, directory):
    """Nothing but what the installation is: console rules without a required factor, and this machine's clock."""
    done = subprocess.run([os.path.join(directory, "bin/muster"), "-H", env["MUSTER_LDAPI"], "--external", "--json", "doctor",
                           "--pam-dir", env["MUSTER_PAM_CONFDIR"], "--sshd-config", "/dev/null"],
                          stdin=subprocess.DEVNULL, capture_output=True, text=True)
    report = json.loads(done.stdout)
    found = {f["id"] for f in report["findings"] if f["severity"] != "note"}
    tap.is_(found - {"unsynchronised"}, {"short-alone"}, "muster doctor finds the short passwords and nothing else")
    tap.is_(report["unseen"], [], "and could look at everything")


def check_restart(env, env_path):
    os.kill(int(env["MUSTER_SLAPD_PID"]), signal.SIGKILL)
    tap.ok(wait_for(lambda: read_env(env_path)["MUSTER_SLAPD_PID"] != env["MUSTER_SLAPD_PID"], 30),
           "slapd that dies is started again")
    tap.ok(wait_for(lambda: whoami(env, env["MUSTER_BOB_DN"], env["MUSTER_BOB_PW"]) == 0, 30), "and serves")


def test_serve():
    directory = os.path.join(folder, "served")
    env_path = os.path.join(directory, "env")
    demo = subprocess.Popen(DEMO + ["--serve", directory], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True)
    try:
        ready = wait_for(lambda: os.path.exists(env_path) or demo.poll() is not None, 120)
        if not tap.ok(ready and demo.poll() is None, "--serve writes DIR/env when it is ready"):
            demo.kill()
            tap.note(demo.communicate()[0][-3000:])
            return
        env = read_env(env_path)
        check_names(env)
        check_members(env)
        check_pam(env)
        done = subprocess.run([os.path.join(directory, "bin/muster"), "password", "reset", env["MUSTER_CAROL_DN"]],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True)
        tap.is_(done.returncode, 0, "DIR/bin/muster is ready to use")
        tap.ok(wait_for(lambda: any(n.endswith(".eml") for n in os.listdir(env["MUSTER_MAIL_DIR"])), 30),
               "one file per message in MUSTER_MAIL_DIR")
        check_doctor(env, directory)
        check_restart(env, env_path)
        pids = [int(read_env(env_path)[n]) for n in ("MUSTER_SLAPD_PID", "MUSTER_MUSTERD_PID")]
    finally:
        demo.send_signal(signal.SIGTERM)
        demo.communicate()
    tap.is_(demo.returncode, 0, "SIGTERM ends it")
    tap.ok(not any(os.path.exists("/proc/%d" % pid) for pid in pids), "and what it started")
    tap.ok(not os.path.exists(env_path), "DIR/env is gone")


tap.main(globals())
