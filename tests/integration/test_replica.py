#!/usr/bin/python3
"""A consumer takes a provider's writes as they are, and writes of its own go to the provider."""

import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from lib import exops, people, session, tap, totp
from lib.people import PASSWORD
from lib.world import World

REFERRAL, UNWILLING = 10, 53
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


def test_what_ends_connections_on_the_provider_does_here():
    def login(member, password=None):
        return consumer.session(member.dn, password or PASSWORD)

    def ends(member, what, change):
        one, bystander = login(member), login(other)
        people.must(change(), what)
        tap.eventually(lambda: one.whoami() is None, what + ": the member's connection to the consumer is closed")
        tap.is_(bystander.whoami(), "dn:" + other.dn, what + ": nobody else's")

    def relaxed(*changes):
        return root.modify(member.dn, *changes, controls=[session.RELAX])

    other = people.member(acme, password=PASSWORD, root=root)
    member = people.member(acme, password=PASSWORD, root=root)
    tap.eventually(lambda: same(member) and same(other), "two members")
    stays = login(member)
    people.must(root.modify(member.dn, ("replace", "mobile", "+82 10 1111 1111")), "a mobile number")
    with provider.use() as one:
        people.must(one.bind(member.dn, PASSWORD), "a login on the provider")
    tap.eventually(lambda: there.entry(member.dn).get("mobile") == [b"+821011111111"], "another change arrives")
    tap.is_(stays.whoami(), "dn:" + member.dn, "and ends nothing, nor does a login elsewhere")
    # A class that is added moves objectClass to the end of the consumer's entry: from then on it is replaced as a whole.
    people.must(root.modify(member.dn, ("add", "objectClass", "uidObject")), "a class")
    tap.eventually(lambda: same(member), "arrives")
    with provider.use() as one:
        people.must(one.bind(member.dn, PASSWORD), "a login on the provider")
    people.must(root.modify(member.dn, ("replace", "mobile", "+82 10 1111 2222")), "another number")
    tap.eventually(lambda: there.entry(member.dn).get("mobile") == [b"+821011112222"], "all of the entry is written again")
    tap.is_(stays.whoami(), "dn:" + member.dn, "which ends nothing either")
    ends(member, "another password", lambda: relaxed(("replace", "userPassword", "Summer+2027"), ("replace", "pwdReset", "FALSE")))
    tap.eventually(lambda: same(member), "it arrives")
    people.must(relaxed(("replace", "userPassword", provider.hash(PASSWORD))), "a hash of old")
    tap.eventually(lambda: same(member), "arrives")
    waits = login(member)
    # It is told from another password by the time of the login, in seconds.
    last = root.entry(member.dn, ["pwdLastSuccess"])["pwdLastSuccess"][0].decode()
    while time.strftime("%Y%m%d%H%M%SZ", time.gmtime()) <= last:
        time.sleep(0.1)
    with provider.use() as one:
        people.must(one.bind(member.dn, PASSWORD), "a login hashes it again")
    tap.eventually(lambda: same(member) and root.entry(member.dn)["userPassword"][0].startswith(b"{MUSTER}"), "which arrives")
    tap.is_(waits.whoami(), "dn:" + member.dn, "and ends nothing")
    ends(member, "a factor", lambda: root.modify(member.dn, ("replace", "oathSecret", totp.new_secret())))
    people.must(root.modify(member.dn, ("delete", "oathSecret", None)), "none")
    tap.eventually(lambda: same(member), "gone")
    ends(member, "suspended", lambda: root.modify(member.dn, ("replace", "musterStatus", "suspended")))
    people.must(root.modify(member.dn, ("replace", "musterStatus", "active")), "active")
    tap.eventually(lambda: same(member), "active again")
    ends(member, "renamed", lambda: root.rename(member.dn, "uid=renamed"))
    member.dn = "uid=renamed," + acme.people
    tap.eventually(lambda: same(member), "renamed there")
    ends(member, "deleted", lambda: root.delete(member.dn))


def with_otp(replica_of=None):
    """A server that knows what slapo-otp names second factors with."""
    made = World(start=False, replica_of=replica_of)
    made.tool("slapmodify", "-n", "0", input=b"dn: cn=module{0},cn=config\nchangetype: modify\nadd: olcModuleLoad\nolcModuleLoad: otp\n")
    made.start()
    made.configure(replica_of=replica_of)
    return made


def test_a_factor_of_slapo_otp_that_goes():
    one = with_otp()
    two = with_otp(replica_of=one)
    chief, copy = one.session("root"), two.session("root")
    member = people.member(people.organization(one, "acme", root=chief), password=PASSWORD, root=chief)
    # No other attribute goes with the token.
    people.must(chief.modify(member.dn, ("add", "objectClass", "extensibleObject")), "class")
    tap.eventually(lambda: copy.entry(member.dn, ["entryCSN"]) == chief.entry(member.dn, ["entryCSN"]), "a member")
    here, there_too = one.session(member.dn, PASSWORD), two.session(member.dn, PASSWORD)
    people.must(chief.modify(member.dn, ("add", "oathTOTPToken", "cn=token,ou=programs," + one.base)), "a token")
    tap.eventually(lambda: "oathTOTPToken" in copy.entry(member.dn), "gets a token")
    tap.is_((here.whoami(), there_too.whoami()), ("dn:" + member.dn,) * 2, "and stays logged in")
    people.must(chief.modify(member.dn, ("delete", "oathTOTPToken", None)), "none")
    tap.eventually(lambda: here.whoami() is None, "when it goes, other connections end")
    tap.eventually(lambda: there_too.whoami() is None, "on the consumer as well")
    tap.ok(any(b" factor-removed " in value for value in copy.entry(member.dn)["musterOutbox"]), "where the notice is, too")
    tap.ok(one.alive() and two.alive(), "both are alive")


def test_programs_on_a_consumer():
    member = people.member(acme, password=PASSWORD, root=root)
    result, ident, text = exops.new_app_password(provider.session(), member.dn, PASSWORD, "Mail")
    people.must(result, "newAppPassword")

    def arrived():
        return root.entry(member.dn).get("musterAppPassword") == there.entry(member.dn).get("musterAppPassword")

    tap.eventually(lambda: "musterAppPassword" in there.entry(member.dn) and same(member), "an app password arrives")
    state = there.entry(member.dn)
    one = consumer.session(member.dn, text)
    tap.is_(one.whoami(), "dn:" + member.dn, "and is good there")
    tap.is_(there.entry(member.dn), state, "nothing is written")
    tap.is_(exops.new_app_password(consumer.session(), member.dn, PASSWORD, "More")[0].code, UNWILLING, "none is made there")
    with consumer.use("admin") as host:
        tap.is_(exops.check_account(host, member.dn), (session.Result(0, "", {}, b"\n\x01\x00", []), session.OK),
                "a login host may ask there")
    people.must(root.modify(member.dn, ("delete", "musterAppPassword", None)), "revoked")
    tap.eventually(arrived, "which arrives")
    tap.eventually(lambda: one.whoami() is None, "its connections end")
    with consumer.use() as again:
        tap.is_(again.bind(member.dn, text).code, 49, "it is good for nothing")


def test_a_consumer_takes_no_operation():
    """What spends, counts or sets belongs to the provider."""
    member = people.member(acme, root=root)
    courier, anyone = provider.session("courier"), provider.session()
    people.must(exops.request_reset(anyone, member.dn), "reset asked for")
    record = root.search("ou=queue," + provider.base, "(objectClass=musterRequest)", ["cn"]).entries[0][1]["cn"][0].decode()
    people.must(exops.claim(courier, record)[0], "claimed once")
    token = "mr1-" + "A" * 43
    tap.eventually(lambda: same(member), "all of it arrives")
    state = there.entry(member.dn)
    with consumer.use() as stranger:
        for what, result in (
            ("requestReset", exops.request_reset(stranger, member.dn)),
            ("redeem", exops.redeem(stranger, member.dn, token, "Summer+2027")),
            ("changePassword", exops.change_password(stranger, before.dn, PASSWORD, "Summer+2027", before.code())),
            ("enrolTotp", exops.enrol_totp(stranger, member.dn, PASSWORD, b"s" * 20, "123456")[0]),
        ):
            tap.ok(result.code in (REFERRAL, UNWILLING), "%s on a consumer" % what, str(result))
    with consumer.use("courier") as one:
        for what, result in (("claim", exops.claim(one, record)[0]), ("done", exops.done(one, record))):
            tap.ok(result.code in (REFERRAL, UNWILLING), "%s on a consumer" % what, str(result))
    tap.ok(there.passwd(member.dn, None, "Summer+2027").code in (REFERRAL, UNWILLING), "Password Modify on a consumer")
    tap.is_(there.entry(member.dn), state, "nothing has changed")
    with consumer.use() as one:
        tap.is_(one.bind(before.dn, before.credential()).code, UNWILLING, "no code is spent there")
        tap.is_(one.whoami(), "", "anonymous")


tap.main(globals())
