#!/usr/bin/python3
"""A consumer takes a provider's writes as they are, and writes of its own go to the provider."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from lib import people, tap, totp
from lib.people import PASSWORD
from lib.world import World

REFERRAL = 10
KEPT = ("userPassword", "oathSecret", "musterOutbox", "musterLease", "pwdChangedTime", "pwdHistory", "entryUUID", "entryCSN",
        "musterStatus", "pwdReset")

provider = World()
root = provider.session("root")
acme = people.organization(provider, "acme", root=root)
before = people.member(acme, password=PASSWORD, secret=totp.new_secret(), root=root)
consumer = World(replica_of=provider)
there = consumer.session("root")


def same(member):
    """The consumer has the member's entry octet by octet."""
    ours, theirs = root.entry(member.dn), there.entry(member.dn)
    return {n: sorted(ours.get(n, [])) for n in KEPT} == {n: sorted(theirs.get(n, [])) for n in KEPT}


def test_refresh_and_persist():
    tap.eventually(lambda: same(before), "what was there before")
    after = people.member(acme, password=PASSWORD, secret=totp.new_secret(), root=root)
    tap.eventually(lambda: same(after), "what is added, hashed and sealed once")
    tap.is_(root.modify(after.dn, ("replace", "userPassword", "Summer+2027")).code, 0, "a new password")
    tap.eventually(lambda: same(after), "arrives with its history")
    tap.is_(root.modify(after.dn, ("delete", "oathSecret", None)).code, 0, "a factor is removed")
    tap.eventually(lambda: same(after), "there as well")
    tap.is_(root.modify(acme.dn, ("replace", "musterDomain", "Other-Name")).code, 0, "a domain")
    tap.eventually(lambda: there.entry(acme.dn).get("musterDomain") == [b"other-name"], "arrives in lower case")


def test_a_consumer_refuses_to_write():
    result = there.modify(before.dn, ("replace", "userPassword", "Summer+2027"))
    tap.is_(result.code, REFERRAL, "a password written to the consumer is referred to the provider")
    tap.ok(same(before), "nothing has changed")


def test_suspended_on_the_provider():
    member = people.member(acme, password=PASSWORD, root=root)
    tap.eventually(lambda: same(member), "a member")
    tap.is_(root.modify(member.dn, ("replace", "musterStatus", "suspended")).code, 0, "is suspended")
    tap.eventually(lambda: same(member), "which arrives")
    with consumer.use() as one:
        tap.ok(one.bind(member.dn, PASSWORD).code != 0, "no login on the consumer")
    tap.ok(consumer.alive() and provider.alive(), "both are alive")


tap.main(globals())
