#!/usr/bin/python3
"""OpenLDAP's own test suite on the installed slapd with muster in the stack of every database: entries that are not
members behave as ever.

    openldap.py [--baseline] [SCRIPT...]

--baseline runs the same without muster, which is how a failure is told from one of the suite or of this machine.
scripts.txt says which scripts are run; one of the suite that it does not name fails, and so does a script that skips
itself. Environment: OPENLDAP_SOURCE (the unpacked source package; contrib/slapd-headers prints it), MUSTER_SO,
MUSTER_YARDSTICK_JOBS (scripts at a time, 4 without it: they wait more than they work), MUSTER_KEEP=1.
"""

import concurrent.futures
import itertools
import os
import re
import shutil
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, ".."))
sys.path.insert(0, HERE)

import shim
from lib import tap
from lib.world import find_module

SKIPPED = re.compile(r"test skipped|skipping test|skipping GSSAPI|, skipping$|currently disabled", re.I | re.M)
LIST = os.path.join(HERE, "scripts.txt")


def read_list():
    """(scripts to run: name to how, scripts not to run) of scripts.txt; a script not run has a reason."""
    run, left_out = {}, []
    with open(LIST) as file:
        for line in file:
            words = line.split()
            if not words or words[0].startswith("#"):
                continue
            if words[0] in ("run", "late") and len(words) == 2:
                run[words[1]] = words[0]
            elif words[0] == "not" and len(words) > 2:
                left_out.append(words[1])
            else:
                raise RuntimeError("%s: what is %r?" % (LIST, line))
    return run, left_out


def scripts_of(source):
    """The scripts that the suite runs itself ("all": test and three digits)."""
    names = os.listdir(os.path.join(source, "tests", "scripts"))
    return sorted(name for name in names if re.fullmatch(r"test\d\d\d-[^.~]+", name))


class Runner:
    def __init__(self, source, folder, muster):
        self.shim = shim.Shim(source, os.path.join(folder, "shim"), muster)
        self.lock = threading.Lock()
        self.ports = shim.port_ranges()

    def one(self, name, how):
        """Run a script; (whether it passed, TAP's line for it, what to show when it did not)."""
        begun = time.monotonic()
        with self.lock:
            port = next(self.ports)
        status, output = self.shim.run(name, port, late=how == "late")
        skipped = SKIPPED.search(output)
        without = self.shim.muster and not self.shim.had_muster(name)
        what = "%s (%.1f s)" % (name, time.monotonic() - begun)
        if status == 0 and not skipped and not without:
            shutil.rmtree(self.shim.work(name))
            return True, what, ""
        why = "exit status %s" % status
        if status == 0:
            why = "skipped itself" if skipped else "none of its servers had muster"
        return False, what, "%s, in %s\n%s" % (why, self.shim.work(name), "\n".join(output.splitlines()[-12:]))


def main():
    wanted = sys.argv[1:]
    baseline = "--baseline" in wanted
    wanted = [name for name in wanted if name != "--baseline"]
    source = os.environ.get("OPENLDAP_SOURCE")
    if not source or not os.path.isdir(os.path.join(source, "tests", "scripts")):
        sys.exit("OPENLDAP_SOURCE is not the source of slapd: contrib/slapd-headers prints its folder")
    run, left_out = read_list()
    folder = tempfile.mkdtemp(prefix="muster-suite-", dir="/tmp")
    count = itertools.count(1)
    failed = 0
    if not wanted:
        unknown = sorted(set(scripts_of(source)) - set(run) - set(left_out))
        failed += bool(unknown)
        print("%s %d - every script of the suite is in scripts.txt" % ("not ok" if unknown else "ok", next(count)))
        tap.note(" ".join(unknown))
    runner = Runner(source, folder, None if baseline else find_module())
    with concurrent.futures.ThreadPoolExecutor(int(os.environ.get("MUSTER_YARDSTICK_JOBS", "4"))) as pool:
        for done in concurrent.futures.as_completed([pool.submit(runner.one, n, run.get(n, "run")) for n in wanted or run]):
            passed, what, why = done.result()
            failed += not passed
            print("%s %d - %s" % ("ok" if passed else "not ok", next(count), what), flush=True)
            tap.note(why)
    total = next(count) - 1
    print("1..%d" % total)
    tap.note("%d passed, %d failed" % (total - failed, failed))
    if failed or os.environ.get("MUSTER_KEEP"):
        tap.note("kept: " + folder)
    else:
        shutil.rmtree(folder)
    sys.exit(1 if failed else 0)


main()
