"""Test functions and their results in TAP: a module of tests ends with tap.main(globals()).

Every function named test_* is run in the order of the file. Checks are ok(), is_(), in_(), eventually() and fail(); an
exception is a failed check and the next function goes on. The program's exit status is 0 only when a plan was printed and
every check was right.
"""

import sys
import time
import traceback

from . import logs

_count = 0
_failed = 0
_prefix = ""


def fault(*numbers):
    """A test function against a fault that other systems had (doc/CONTRIBUTING.md, "Faults"): its checks carry the number."""
    def mark(function):
        function.faults = "".join("F%02d " % number for number in numbers)
        return function
    return mark


def _line(right, what):
    global _count, _failed
    _count += 1
    if not right:
        _failed += 1
    print("%s %d - %s" % ("ok" if right else "not ok", _count, (_prefix + what).replace("#", "no.").replace("\n", " ")), flush=True)
    return right


def note(text):
    for line in str(text).splitlines():
        print("# " + line, flush=True)


def ok(condition, what, why=""):
    right = _line(bool(condition), what)
    if not right and why:
        note(why)
    return right


def is_(got, expected, what):
    """got equals expected; both are shown when they differ."""
    right = _line(got == expected, what)
    if not right:
        note("got      %r" % (got,))
        note("expected %r" % (expected,))
    return right


def in_(part, whole, what):
    right = _line(whole is not None and part in whole, what)
    if not right:
        note("%r is not in %r" % (part, whole))
    return right


def eventually(condition, what, limit_sec=60):
    """condition() becomes true: for what is written after an answer."""
    end = time.monotonic() + limit_sec
    right = condition()
    while not right and time.monotonic() < end:
        time.sleep(0.02)
        right = condition()
    return _line(right, what)


def fail(what):
    return _line(False, what)


def failures():
    return _failed


def main(names):
    """Run the test functions among names; those named on the command line when there are any."""
    global _prefix
    wanted = sys.argv[1:]
    tests = [(n, f) for n, f in names.items() if n.startswith("test_") and callable(f)]
    unknown = set(wanted) - {n for n, _ in tests}
    if unknown:
        sys.exit("no such test: %s" % " ".join(sorted(unknown)))
    for name, function in tests:
        if wanted and name not in wanted:
            continue
        note(name)
        _prefix = getattr(function, "faults", "")
        try:
            function()
        except BaseException:  # a crash, whatever it is, must not look like a pass
            fail("%s ended by an exception" % name)
            note(traceback.format_exc())
        _prefix = ""
    if _count == 0:
        fail("no check was run")
    secrets, read, found = logs.findings()
    if read:
        ok(not found, "F19 none of %d passwords, codes, seeds and tokens in %d KiB of logs" % (secrets, read // 1024), found)
    print("1..%d" % _count, flush=True)
    sys.stdout.flush()
    finish = names.get("teardown")
    if finish:
        finish()
    sys.exit(1 if _failed else 0)
