"""Codes that prove addresses, without a courier: what is owed to a member is claimed as the courier does, and said to be sent."""

import base64

from . import exops
from .session import RELAX

LIFETIME_SEC = 600
DAY_SEC = 86400


def owed(root, dn):
    """What a member is owed: (record id, kind, address or None) in the order it is stored."""
    found = []
    for value in root.entry(dn, ["musterOutbox"]).get("musterOutbox", []):
        words = value.decode().split(" ")
        found.append((words[0], words[1], base64.b64decode(words[3]).decode() if len(words) > 3 else None))
    return found


def owed_to(root, dn, kind):
    """Addresses that a kind of message is owed to, sorted; "" is the mail on the entry."""
    return sorted(address or "" for _, what, address in owed(root, dn) if what == kind)


def records(root, dn, kind):
    return [record for record, what, _ in owed(root, dn) if what == kind]


def take(world, root, dn, kind, done=True):
    """Claim the one message of a kind that is owed to a member: what it says, as exops.claim() gives it."""
    found = records(root, dn, kind)
    if len(found) != 1:
        raise RuntimeError("%d messages %s are owed to %s: %r" % (len(found), kind, dn, owed(root, dn)))
    with world.use("courier") as courier:
        result, claim = exops.claim(courier, found[0])
        if result.code:
            raise RuntimeError("claim of %s: %d %s" % (kind, result.code, result.text))
        if done and claim["kind"] != "void":
            result = exops.done(courier, found[0])
            if result.code:
                raise RuntimeError("done of %s: %d %s" % (kind, result.code, result.text))
    return claim


def code(world, root, dn, kind):
    """The code of such a message."""
    return take(world, root, dn, kind)["secret"]


def queued(world, root, dn):
    """The record of the reset that waits in the queue for a member."""
    found = root.search("ou=queue," + world.base, "(objectClass=musterRequest)", ["cn", "musterRequestTarget"]).entries
    return next(e["cn"][0].decode() for _, e in found if e["musterRequestTarget"][0].decode().lower() == "dn:" + dn.lower())


def other(*right):
    """A code that is none of these."""
    return next(text for text in ("%06d" % n for n in range(1000)) if text not in right)


def forget(root, dn):
    """Nothing is owed to a member any more: before a test looks at what comes."""
    entry = root.entry(dn, ["musterOutbox", "musterLease"])
    changes = [("delete", name, None) for name in ("musterOutbox", "musterLease") if name in entry]
    if changes:
        result = root.modify(dn, *changes, controls=[RELAX])
        if result.code:
            raise RuntimeError("forget: %d %s" % (result.code, result.text))
