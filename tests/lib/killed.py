"""slapd ends by SIGKILL while approvals are under way; afterwards each is there as a whole or not at all."""

import time

from . import applications, people
from .parallel import at_once
from .people import PASSWORD, must

AT_ONCE = 4


def _prepare(world, number):
    """A few applications of as many members, each with a document."""
    root, made = world.session("root"), []
    for index in range(AT_ONCE):
        member = people.account(world, "k%d-%d@example.com" % (number, index), PASSWORD, root=root)
        with world.use(member.dn, PASSWORD) as own:
            changes = {"cn": "Changed", "musterMemberType": "business", "o": "Inc.", "musterRegistrationNumber": "12345"}
            result, dn = applications.file(world, own, changes)
            must(result, dn)
            must(applications.document(own, dn)[0], "document")
        made.append((member, dn))
    root.close()
    world.sessions.remove(root)
    return made


def _half(world, member, dn, answered):
    """What is half-written, "" for nothing. answered: the client was told of success"""
    with world.use("root") as root:
        application, entry = root.entry(dn), root.entry(member.dn)
    approved = application.get("musterApplicationState") == [b"approved"]
    signs = {
        "cn": entry["cn"] == [b"Changed"], "o": entry.get("o") == [b"Inc."], "type": entry.get("musterMemberType") == [b"business"],
        "proof": "musterBusinessProved" in entry,
        "notice": any(b" application-approved " in value for value in entry.get("musterOutbox", [])),
        "by": "musterApplicationDecidedBy" in application, "time": "musterApplicationDecided" in application,
    }
    wrong = [name for name, there in signs.items() if there != approved]
    if answered and not approved:
        wrong.append("lost")
    return "%s: %s" % (dn, " ".join(wrong)) if wrong else ""


def approvals(world, rounds, chance, seen=None):
    """The approvals that are half-written after so many SIGKILLs. seen: counts outcomes when given"""
    broken = []
    for number in range(rounds):
        made = _prepare(world, number)
        admins = [world.session("admin") for _ in made]
        delay = chance.random() * 0.012

        def kill():
            time.sleep(delay)
            world.kill()

        outcomes = at_once([lambda s=s, dn=dn: applications.approve(s, dn).code for s, (_, dn) in zip(admins, made)] + [kill])
        for one in list(world.sessions):
            one.close()
        world.sessions.clear()
        world.start()
        for (member, dn), code in zip(made, outcomes):
            half = _half(world, member, dn, code == 0)
            broken += [half] if half else []
            if seen is not None:
                with world.use("root") as root:
                    seen[root.entry(dn)["musterApplicationState"][0].decode()] += 1
    return broken
