"""Secrets that a test used, and the logs in which nothing of them may be.

    logs.secret(value)     a password, code, seed or token has been used: text or octets
    logs.watch(path)       a log that grows
    logs.unwatch(path)     look through it now, because its folder is about to go
    logs.findings()        look through all that are still watched
    logs.inside(octets)    which of the secrets so far are in something else

Sessions, gates and people call these themselves; tap.main() ends with a check of the findings.
"""

import base64
import os
import re
import subprocess
import tempfile

CODE = re.compile(rb"\d{6}")
# A number of six digits by itself: not in a longer word, not a part of seconds or of an address
ALONE = re.compile(rb"(?<![\w.:#=+/-])\d{6}(?![\w.:#+/-])")
SHORTEST = 8
SHOWN = 20

_secrets = set()
_codes = set()
_paths = []
_found = []
_read = 0


def secret(*values):
    """Strings that are too short or too plain to be told from what a log says anyway are passed over."""
    for value in values:
        octets = value.encode(errors="surrogateescape") if isinstance(value, str) else bytes(value or b"")
        if CODE.fullmatch(octets[-6:]):
            _codes.add(octets[-6:])  # a code, or a password with one at its end
        if len(octets) >= SHORTEST and len(set(octets)) >= 5 and not re.fullmatch(rb"[a-z ,=.]*", octets):
            _secrets.add(octets)


def watch(path):
    if path not in _paths:
        _paths.append(path)


def unwatch(path):
    if path in _paths:
        _paths.remove(path)
        _look_through(path)


def forms(octets):
    """How a secret may look in a log."""
    found = {octets, octets.hex().encode(), octets.hex(" ").encode(), base64.b64encode(octets), base64.b32encode(octets).rstrip(b"=")}
    # in the middle of something longer that was encoded as a whole: the part that does not depend on what is around it
    for shift in (1, 2):
        found.add(base64.b64encode(b"\0" * shift + octets)[4:-4])
    return {form for form in found if len(form) >= SHORTEST}


def inside(octets):
    """Those of the secrets so far that are in a message or the like, in any form, and the codes."""
    found = {one for one in _secrets for form in forms(one) if form in octets}
    return sorted(found | {code for code in _codes if code in octets})


def _look_through(path):
    global _read
    if not os.path.exists(path):
        return
    _read += os.path.getsize(path)
    wanted = {form: octets for octets in _secrets for form in forms(octets) if b"\n" not in form and b"\0" not in form}
    for form in _grep(sorted(wanted), path):
        if form in wanted:
            _found.append("%s: %r as %r" % (path, wanted[form], form))
    if _codes:
        with open(path, "rb") as file:
            text = file.read()
        for hit in re.finditer(ALONE, text):
            if hit[0] in _codes:
                begin = text.rfind(b"\n", 0, hit.start()) + 1
                _found.append("%s: code %r, in %r" % (path, hit[0], text[max(begin, hit.start() - 200):hit.end() + 100]))


def _grep(forms_wanted, path):
    """Those of the strings that are in a file. grep looks for thousands in one pass."""
    with tempfile.NamedTemporaryFile() as patterns:
        patterns.write(b"\n".join(forms_wanted))
        patterns.flush()
        if not forms_wanted:
            return []
        done = subprocess.run(["grep", "-a", "-o", "-F", "-f", patterns.name, path], stdout=subprocess.PIPE,
                              env=dict(os.environ, LC_ALL="C"))
    return sorted(set(done.stdout.split(b"\n")))


def findings():
    """(how many secrets, how many octets of logs, what was found as text)"""
    for path in list(_paths):
        unwatch(path)
    more = ["and %d more" % (len(_found) - SHOWN)] if len(_found) > SHOWN else []
    return len(_secrets) + len(_codes), _read, "\n".join(_found[:SHOWN] + more)
