#!/usr/bin/python3
"""Allowed networks: by the client's address on every way in, by rhost, written and read; and a refusal looks like a wrong password."""

import os
import statistics
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

import ldap

from lib import exops, people, tap
from lib.people import PASSWORD
from lib.relay import Relay
from lib.session import RELAX, Session
from lib.world import World

SUCCESS, CONSTRAINT, CREDENTIALS, UNWILLING = 0, 19, 49, 53
NEW = "Autumn#2026"
WRONG = "Wrong#12345"

world = World(ipv6=True)
root = world.session("root")
office = people.organization(world, "office", policy={"pwdMaxFailure": "100", "musterNetwork": "127.0.0.8/29"}, root=root)
relays = {}


def policy_is(org, *networks):
    people.must(root.modify(org.policy, ("replace", "musterNetwork", list(networks) or None)), "musterNetwork")


def session(source):
    """A connection with TLS that slapd sees coming from there."""
    if source not in relays:
        server, port = ("::1", world.port_ipv6) if ":" in source else ("127.0.0.1", world.port_tls)
        relays[source] = Relay(source, port, server)
    one = Session(relays[source].uri("ldaps"), cacert=world.cacert)
    world.sessions.append(one)
    return one


def bind(source, dn, password, **control):
    one = session(source)
    result = one.bind_factor(dn, password, **control) if control else one.bind(dn, password)
    who = one.whoami()
    one.close()
    world.sessions.remove(one)
    if result.code:
        tap.is_(who, "", "refused from %s: anonymous" % source)
    return result.code


def test_by_the_clients_address():
    who = people.member(office, password=PASSWORD, root=root)
    tap.is_(bind("127.0.0.8", who.dn, PASSWORD), SUCCESS, "the first address of the network")
    tap.is_(bind("127.0.0.15", who.dn, PASSWORD), SUCCESS, "the last one")
    tap.is_(bind("127.0.0.7", who.dn, PASSWORD), CREDENTIALS, "the one before")
    tap.is_(bind("127.0.0.16", who.dn, PASSWORD), CREDENTIALS, "the one behind")
    tap.is_(bind("::1", who.dn, PASSWORD), CREDENTIALS, "IPv6 is not in a network of IPv4")
    with world.use() as one:
        tap.is_(one.bind(who.dn, PASSWORD).code, SUCCESS, "a local socket is on the machine itself")


def test_several_and_ipv6():
    who = people.member(office, password=PASSWORD, root=root)
    policy_is(office, "127.0.0.8/29", "::1/128")
    tap.is_(bind("::1", who.dn, PASSWORD), SUCCESS, "IPv6")
    tap.is_(bind("127.0.0.9", who.dn, PASSWORD), SUCCESS, "and IPv4")
    policy_is(office, "::ffff:127.0.0.8/125", "2001:db8::/32")
    tap.is_(bind("127.0.0.9", who.dn, PASSWORD), SUCCESS, "a network written as mapped IPv4")
    tap.is_(bind("127.0.0.16", who.dn, PASSWORD), CREDENTIALS, "not behind it")
    tap.is_(bind("::1", who.dn, PASSWORD), CREDENTIALS, "another network of IPv6")
    policy_is(office, "::/0")
    tap.is_(bind("127.0.0.9", who.dn, PASSWORD), CREDENTIALS, "all of IPv6 has no IPv4 in it")
    policy_is(office)
    tap.is_(bind("127.0.0.16", who.dn, PASSWORD), SUCCESS, "without networks: from everywhere")
    policy_is(office, "127.0.0.8/29")


def test_by_rhost():
    who = people.member(office, password=PASSWORD, root=root)
    for rhost in ("127.0.0.9", "::ffff:127.0.0.9"):
        tap.is_(bind("127.0.0.8", who.dn, PASSWORD, service="sshd", rhost=rhost), SUCCESS, "rhost %s" % rhost)
    tap.is_(bind("127.0.0.8", who.dn, PASSWORD, service="login"), SUCCESS, "no rhost: somebody sits there")
    tap.is_(bind("127.0.0.8", who.dn, PASSWORD, service="login", rhost=""), SUCCESS, "an empty one says the same")
    for rhost in ("192.0.2.1", "::1", "office.example", "127.0.0.9 ", "127.0.0.9/32", "127.0.0.9\0", "fe80::1%eth0", "\xff"):
        tap.is_(bind("127.0.0.8", who.dn, PASSWORD, rhost=rhost), CREDENTIALS, "rhost %r" % rhost)
    tap.is_(bind("127.0.0.16", who.dn, PASSWORD, rhost="127.0.0.9"), CREDENTIALS, "a good rhost from elsewhere")
    with world.use() as one:
        tap.is_(one.bind_factor(who.dn, PASSWORD, rhost="127.0.0.9").code, SUCCESS, "a local gate with a good rhost")
        tap.is_(one.bind_factor(who.dn, PASSWORD, rhost="192.0.2.1").code, CREDENTIALS, "and with another")


def test_every_other_way():
    who = people.member(office, password=PASSWORD, root=root)
    outside, inside = session("127.0.0.16"), session("127.0.0.9")
    tap.is_(exops.change_password(outside, who.dn, PASSWORD, NEW).code, CREDENTIALS, "changePassword")
    result, _ = exops.enrol_totp(outside, who.dn, PASSWORD, b"s" * 20, "000000")
    tap.is_(result.code, CREDENTIALS, "enrolTotp")
    people.must(inside.bind(who.dn, PASSWORD), "bind")
    policy_is(office, "192.0.2.0/24")
    tap.is_(inside.passwd(who.dn, PASSWORD, NEW).code, CREDENTIALS, "Password Modify, on a connection of before")
    policy_is(office, "127.0.0.8/29")
    people.must(inside.bind(who.dn, PASSWORD), "bind")
    tap.is_(inside.passwd(who.dn, PASSWORD, NEW).code, SUCCESS, "from inside it changes")


def test_a_token_is_redeemed_from_inside():
    who = people.member(office, root=root)
    courier = world.session("courier")
    people.must(exops.request_reset(session("127.0.0.16"), who.dn), "requestReset, which tells nothing")
    queued = root.search("ou=queue," + world.base, "(objectClass=musterRequest)", ["cn"]).entries
    _, claimed = exops.claim(courier, queued[0][1]["cn"][0].decode())
    tap.is_(exops.redeem(session("127.0.0.16"), who.dn, claimed["secret"], NEW).code, CREDENTIALS, "not from outside")
    tap.is_(exops.redeem(session("127.0.0.9"), who.dn, claimed["secret"], NEW).code, SUCCESS, "and it is not spent by that")
    tap.is_(bind("127.0.0.9", who.dn, NEW), SUCCESS, "the new password")


def external(source):
    """A bind by certificate."""
    one = session(source)
    for option, name in ((ldap.OPT_X_TLS_CERTFILE, "server.crt"), (ldap.OPT_X_TLS_KEYFILE, "server.key")):
        one.connection.set_option(option, os.path.join(world.folder, "tls", name))
    one.connection.set_option(ldap.OPT_X_TLS_NEWCTX, 0)
    try:
        one.low.sasl_bind_s("", "EXTERNAL", b"", [], None)
        code = SUCCESS
    except ldap.LDAPError as error:
        code = error.args[0].get("result", -1)
    return code, one.whoami()


def test_by_certificate():
    who = people.member(office, password=PASSWORD, root=root)
    with world.use("config") as config:
        people.must(config.modify("cn=config", ("replace", "olcTLSVerifyClient", "try"),
                                  ("replace", "olcAuthzRegexp", '"^cn=localhost$" "%s"' % who.dn)), "certificates")
    tap.is_(external("127.0.0.9"), (SUCCESS, "dn:" + who.dn), "from inside")
    tap.is_(external("127.0.0.16"), (CREDENTIALS, ""), "from outside")
    people.must(root.modify(who.dn, ("replace", "pwdAccountLockedTime", "000001010000Z"), controls=[RELAX]), "lock")
    tap.is_(external("127.0.0.9"), (CREDENTIALS, ""), "a locked one is in nowhere")


def test_what_is_no_network_is_not_written():
    for wrong in ("", "any", "*", "192.0.2.1/24", "192.0.2.0/33", "192.0.2.0/024", "192.0.2.0/255.255.255.0",
                  "2001:db8::/129", "2001:db8::1/64", "fe80::1%eth0", "192.0.2.0/24,192.0.3.0/24"):
        result = root.modify(office.policy, ("add", "musterNetwork", wrong))
        tap.ok(result.code in (CONSTRAINT, 21), "musterNetwork %r" % wrong, result)
    tap.in_("192.0.2.0/24", root.modify(office.policy, ("add", "musterNetwork", "x")).text, "the text says how")
    for wrong in ("30", "30 ", "0 192.0.2.1/32", "61 192.0.2.1/32", "-1 192.0.2.1/32", "x 192.0.2.1/32", "030 192.0.2.1/32",
                  "30 192.0.2.1/24", "30 any", "192.0.2.1/32 30", "30 192.0.2.1/32 x"):
        tap.is_(root.modify(office.policy, ("add", "musterCodeGrace", wrong)).code, CONSTRAINT, "musterCodeGrace %r" % wrong)
    many = ["127.1.%d.0/24" % i for i in range(65)]
    tap.is_(root.modify(office.policy, ("replace", "musterNetwork", many)).code, CONSTRAINT, "more than can be read")
    policy_is(office, *many[:64])
    tap.is_(root.modify(office.policy, ("add", "musterNetwork", many[64])).code, CONSTRAINT, "one by one, too")
    tap.is_(root.modify(office.policy, ("delete", "musterNetwork", many[0]), ("add", "musterNetwork", many[64])).code,
            SUCCESS, "one for another")
    policy_is(office, "127.0.0.8/29")


def test_what_cannot_be_read_lets_nobody_in():
    who = people.member(office, password=PASSWORD, root=root)
    broken = people.organization(world, "broken", root=root)
    other = people.member(broken, password=PASSWORD, root=root)
    world.stop()
    text = world.slapcat().decode()
    before = "musterSecondFactor: optional"
    at = text.index("dn: cn=policy,o=broken")
    at = text.index(before, at)
    text = text[:at] + "musterNetwork: everywhere\n" + text[at:]
    for name in ("data.mdb", "lock.mdb"):
        os.unlink(os.path.join(world.folder, "db", name))
    world.tool("slapadd", "-n", "1", input=text.encode())
    world.start()
    global root_again
    root_again = world.session("root")
    with world.use() as one:
        tap.is_(one.bind(who.dn, PASSWORD).code, SUCCESS, "members under a policy that can be read")
        tap.is_(one.bind(other.dn, PASSWORD).code, UNWILLING, "nobody under one that cannot, not even locally")
        tap.is_(one.bind(other.dn, WRONG).code, CREDENTIALS, "a wrong password is one still")


def test_looks_like_a_wrong_password():
    org = people.organization(world, "quiet", policy={"pwdMaxFailure": "100", "musterNetwork": "192.0.2.0/24"}, root=root_again)
    who = people.member(org, password=PASSWORD, root=root_again)
    one = session("127.0.0.16")
    right, wrong, times = None, None, {PASSWORD: [], WRONG: []}
    for _ in range(15):
        for password in (PASSWORD, WRONG):
            begun = time.perf_counter()
            result = one.bind(who.dn, password)
            times[password].append(time.perf_counter() - begun)
            right, wrong = (result, wrong) if password == PASSWORD else (right, result)
    tap.is_(right, wrong, "the same answer")
    tap.note("medians: right from outside %.2f ms, wrong %.2f ms" % tuple(
        1000 * statistics.median(times[p]) for p in (PASSWORD, WRONG)))


tap.main(globals())
