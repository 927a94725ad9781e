#!/usr/bin/python3
"""musterd's gate by its socket: who may ask what, wrong octets, many clients, servers that hang, are gone or foreign."""

import os
import pwd
import re
import random
import resource
import socket
import struct
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from lib import people, proto, session, tap, totp  # noqa: E402
from lib.gate import Gate, USER  # noqa: E402
from lib.world import World  # noqa: E402

world = World()
org = people.organization(world)
gate = Gate(world, "uid=%u," + org.people)
bob = people.member(org, "bob", people.PASSWORD)
RIGHT = proto.login("bob", people.PASSWORD)
HANG_UP = None


def client(**more):
    return proto.Client(gate.socket, **more)


def login_works(where=None):
    with proto.Client((where or gate).socket) as one:
        return one.status(RIGHT) == (proto.OK, 0)


def as_user(program):
    """Run a piece of Python that talks to the gate as a user who is not root; what it printed."""
    with open(proto.__file__) as file:  # its text, since the user may have no way into our folder
        code = "import types\nproto = types.ModuleType('proto')\nexec(%r, proto.__dict__)\nPATH = %r\n%s" % (
            file.read(), gate.socket, program)
    command = [sys.executable, "-c", code]
    if os.geteuid() == 0:
        entry = pwd.getpwnam(USER)
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, user=entry.pw_uid, group=entry.pw_gid,
                              extra_groups=[])
    else:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.stdout.decode().split()


def test_hello():
    with client() as one:
        tap.is_(one.greeting, (0x0201, struct.pack(">IB", 1, proto.OK)), "hello is answered with version and status")
        tap.is_(one.ask(proto.hello()), HANG_UP, "a second hello ends the connection")
    with client(greet=False) as one:
        tap.is_(one.ask(RIGHT), HANG_UP, "a request before hello ends the connection")
    with client(greet=False) as one:
        tap.is_(one.ask(proto.hello(version=2)), (0x0201, struct.pack(">IB", 1, proto.BAD_REQUEST)), "another version is refused")
        tap.is_(one.ask(RIGHT), HANG_UP, "and nothing can be asked")


@tap.fault(12)
def test_junk():
    right = RIGHT
    bad = [b"\0\0\0\0", b"\0\0\0\1\1", b"\xff\xff\xff\xff", b"\0\0\x10\1" + b"x" * 4097, b"GET / HTTP/1.0\r\n\r\n",
           proto.frame(0x0108), proto.frame(0x0202, b"\x4f\0" + b"\0" * 8), right[:4] + right[4:6] + b"\0\3a\0b" + right[11:],
           proto.frame(proto.LOGIN, b"\0\1\xff", b"\0\1p", b"\0", b"\0"), proto.frame(proto.ACCOUNT, b"\0\1a", b"x"),
           proto.frame(proto.ACCOUNT, b"\1\1" + b"a" * 257), proto.login("bob", "p", together=2)]
    for number, octets in enumerate(bad):
        with client() as one:
            tap.is_(one.ask(octets), HANG_UP, "octets %d that are no request end the connection" % number)
    people.member(org, "mallory", people.PASSWORD)
    wrong = proto.login("mallory", "Winter#2025")
    ended = 0
    generator = random.Random(20261121)
    for _ in range(300):
        octets = bytearray(wrong)
        for _ in range(generator.randint(1, 4)):
            octets[generator.randrange(4, len(octets))] = generator.randrange(256)
        with client() as one:
            answer = one.ask(bytes(octets))
            ended += answer is HANG_UP or answer[1][0] != proto.OK
    tap.is_(ended, 300, "mutated requests are refused or end the connection")
    for cut in range(1, len(right)):
        with client() as one:
            one.send(right[:cut])
    tap.ok(login_works(), "others are served")


def test_one_request_after_the_other():
    with client() as one:
        one.send(RIGHT * 3)
        answers = [one.read() for _ in range(3)]
        tap.is_([a and a[1][0] for a in answers], [proto.OK] * 3, "three requests at once get their answers in turn")
    with client() as one:
        for octet in RIGHT:
            one.send(bytes([octet]))
        tap.is_(one.read()[1][0], proto.OK, "a request may come octet by octet")


@tap.fault(22)
def test_together_and_empty():
    with client() as one:
        for octets, what in ((proto.login("bob", ""), "an empty password"),
                             (proto.login("bob", "123456", together=1), "a code alone"),
                             (proto.login("bob", "", together=1), "nothing at all"),
                             (proto.login("bob", people.PASSWORD, code="123456", together=1), "a code twice"),
                             (proto.login("", people.PASSWORD), "an empty name"),
                             (proto.login("bob\n", people.PASSWORD), "a name with a line break"),
                             (proto.login("bob\x7f", people.PASSWORD), "a name with a control character"),
                             (proto.change("bob", "", "Summer#2027"), "a change without the old password")):
            tap.is_(one.status(octets)[0], proto.DENIED, "%s is denied" % what)


def test_code_over_the_same_connection():
    one = people.member(org, "carol", people.PASSWORD, totp.new_secret())
    other = people.member(org, "dave", people.PASSWORD, totp.new_secret())
    with client() as talk:
        tap.is_(talk.status(proto.login("carol", people.PASSWORD)), (proto.MORE, proto.CODE_REQUIRED), "the code is asked for")
        tap.is_(talk.status(proto.login("dave", people.PASSWORD, other.code()))[0], proto.OK,
                "another member may be asked about in between")
        tap.is_(talk.status(proto.login("carol", people.PASSWORD, one.code()))[0], proto.OK, "the first is let in after it")
        tap.is_(talk.status(proto.login("carol", people.PASSWORD, one.code()))[0], proto.DENIED, "once")
        tap.is_(talk.status(proto.login("carol", "wrong", one.code()))[0], proto.DENIED, "a right password is not remembered for a wrong one")


def test_identity_does_not_stay():
    """A pooled connection is anonymous for the next request."""
    with client() as one:
        tap.is_(one.status(RIGHT)[0], proto.OK, "bob is let in")
    tap.eventually(lambda: _last_binds(), "the connection to the directory is bound anonymously afterwards")


def _last_binds():
    binds = [line for line in world.log().splitlines() if " BIND " in line and " dn=\"" in line and "method=128" in line]
    return bool(binds) and ' dn=""' in binds[-1]


@tap.fault(12)
def test_not_root():
    printed = as_user("with proto.Client(PATH) as c: print(c.status(proto.login('bob', %r))[0], c.status(proto.account('bob'))[0], "
                      "c.status(proto.change('bob', %r, 'wrong'))[0])" % (people.PASSWORD, "wrong"))
    if os.geteuid() == 0:
        tap.is_(printed, [str(proto.NOT_ALLOWED)] * 3, "who is not root may not ask about others")
    else:
        tap.is_(printed[0], str(proto.OK), "who started musterd without root may ask about others")
    own = USER if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    people.member(org, own, people.PASSWORD)
    printed = as_user("with proto.Client(PATH) as c: print(c.status(proto.login(%r, %r))[0])" % (own, people.PASSWORD))
    tap.is_(printed, [str(proto.OK)], "but about himself")
    printed = as_user("c = proto.Client(PATH, greet=False); c.ask(proto.hello(service='sshd', rhost='evil.example')); "
                      "print(c.status(proto.login(%r, 'wrong'))[0])" % own)
    if os.geteuid() == 0:
        tap.ok("evil.example" not in gate.log() and "evil.example" not in world.log(), "service and rhost are believed from root only")
    with proto.Client(gate.socket, greet=False) as one:
        one.ask(proto.hello(service="sshd", rhost="there.example"))
        one.status(RIGHT)
    tap.eventually(lambda: re.search(r"outcome=accepted operation=login user=\S+ uid=\d+ service=sshd rhost=there.example", gate.log()), "root's are logged")
    tap.in_('rhost="there.example"', world.log(), "and sent to the directory")
    printed = as_user("cs = []\nfor i in range(100):\n  cs.append(proto.Client(PATH))\nprint(sum(c.greeting is not None for c in cs))")
    if os.geteuid() == 0:
        tap.is_(printed, ["32"], "one user has 32 connections at most")
    tap.ok(login_works(), "others are served")


@tap.fault(10)
def test_a_thousand_hung_clients():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))
    hung = []
    for number in range(1000):
        one = proto.Client(gate.socket, greet=False)
        one.send((b"", b"\0", proto.hello()[:7], RIGHT[:20])[number % 4])
        hung.append(one)
    tap.ok(login_works(), "1,000 clients that hang stop nobody")
    tap.eventually(lambda: all(one.read() is HANG_UP for one in hung), "and are hung up on after their deadline")
    tap.ok(login_works(), "others are served")


def test_many_at_once():
    members = [people.member(org, None, people.PASSWORD) for _ in range(5)]
    results = []

    def work(number):
        with proto.Client(gate.socket) as one:
            for _ in range(5):
                results.append(one.status(proto.login(members[number % 5].uid, people.PASSWORD))[0])

    threads = [threading.Thread(target=work, args=(n,)) for n in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    tap.is_(len(results), 200, "200 logins of 40 clients are answered")
    tap.ok(set(results) <= {proto.OK, proto.BUSY}, "with yes or busy", set(results))


def host_identity(name, where=None):
    """Configuration of a gate with an identity of its own, and the entry with that."""
    dn = "cn=%s,ou=hosts,%s" % (name, (where or world).base)
    password = os.path.join(gate.folder, name + ".pw")
    with open(os.open(password, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
        file.write("host-secret\n")
    if os.geteuid() == 0:
        os.chown(password, pwd.getpwnam(USER).pw_uid, -1)
    with (where or world).use("root") as root:
        people.must(root.add(dn, {"objectClass": ["applicationProcess", "simpleSecurityObject"], "cn": name,
                                  "userPassword": (where or world).hash("host-secret")}), dn)
    return dn, "bind_dn = %s\nbind_password_file = %s\n" % (dn, password)


def test_search_and_host_identity():
    host, identity = host_identity("host1")
    searching = Gate(world, None, gate="search_base = ou=organizations,%s\n%s" % (world.base, identity))
    fixed = Gate(world, "uid=%u," + org.people, gate=identity)
    gone = people.member(org, "gone", people.PASSWORD)
    with world.use("root") as root:
        people.must(root.modify(gone.dn, ("replace", "musterStatus", "suspended")), "suspend")
    for kind, name in ((searching, "search"), (fixed, "template")):
        with proto.Client(kind.socket) as one:
            tap.is_(one.status(RIGHT), (proto.OK, 0), "%s: a login is found" % name)
            tap.is_(one.status(proto.login("bob", "wrong"))[0], proto.DENIED, "%s: a wrong password is refused" % name)
            tap.is_(one.status(proto.login("nobody-here", people.PASSWORD))[0], proto.DENIED, "%s: so is an unknown login" % name)
            for user in ("*", "bob)(uid=*", "b*", "bob,ou=people", "\\2a"):
                tap.is_(one.status(proto.login(user, people.PASSWORD))[0], proto.DENIED, "%s: %r finds nobody" % (name, user))
                tap.is_(one.status(proto.account(user))[0], proto.DENIED, "%s: nor by account" % name)
            tap.is_(one.status(proto.account("bob"))[0], proto.OK, "%s: an active member may come in by a key" % name)
            tap.is_(one.status(proto.account("gone"))[0], proto.DENIED, "%s: a suspended one may not" % name)
            tap.is_(one.status(proto.account("nobody-here"))[0], proto.DENIED, "%s: an unknown one may not" % name)
    people.organization(world, "other")
    with proto.Client(searching.socket) as one:
        tap.is_(one.status(proto.login("owner", people.PASSWORD))[0], proto.DENIED, "a login that two members have is nobody's")
        tap.is_(one.status(proto.account("owner"))[0], proto.DENIED, "nor by account")
    with proto.Client(gate.socket) as one:
        tap.is_(one.status(proto.account("bob"))[0], proto.DENIED, "without an identity of the host, keys are refused")
    allowing = Gate(world, "uid=%u," + org.people, gate="account_without_password = allow\n")
    with proto.Client(allowing.socket) as one:
        tap.is_(one.status(proto.account("bob"))[0], proto.OK, "unless configured otherwise")
    with world.use("root") as root:
        people.must(root.modify(host, ("replace", "userPassword", world.hash("another"))), host)
    fixed.stop()
    fixed.start()
    with proto.Client(fixed.socket) as one:
        tap.is_(one.status(proto.account("bob"))[0], proto.UNAVAILABLE, "a host that is refused lets nobody in")
        tap.is_(one.status(RIGHT), (proto.OK, 0), "logins by template need no host")
    with proto.Client(searching.socket) as one:
        tap.is_(one.status(RIGHT)[0], proto.UNAVAILABLE, "logins by search do")
    for one in (searching, fixed, allowing):
        one.stop()


def test_an_account_is_judged_by_the_directory():
    office = people.organization(world, "office", policy={"musterNetwork": ["192.0.2.0/24", "127.0.0.1"], "pwdMaxAge": "86400"})
    _, identity = host_identity("host2")
    other = Gate(world, "uid=%u," + office.people, gate=identity)
    with world.use("root") as root:
        who = people.member(office, "who", people.PASSWORD, root=root)

        def answer(rhost="", change=None):
            if change:
                people.must(root.modify(who.dn, change, controls=[session.RELAX]), "change")
            with proto.Client(other.socket, greet=False) as one:
                one.ask(proto.hello(service="sshd", rhost=rhost))
                return one.status(proto.account("who"))

        tap.is_(answer(), (proto.OK, 0), "on the console")
        tap.is_(answer("192.0.2.7"), (proto.OK, 0), "from the policy's network")
        tap.is_(answer("::ffff:192.0.2.7"), (proto.OK, 0), "the same mapped")
        for rhost in ("192.0.3.7", "::1", "host.example", "192.0.2.7 or so"):
            tap.is_(answer(rhost), (proto.DENIED, 0), "from %r" % rhost)
        for rhost, status in (("192.0.2.7", proto.OK), ("192.0.3.7", proto.DENIED), ("host.example", proto.DENIED), ("", proto.OK)):
            with proto.Client(other.socket, greet=False) as one:
                one.ask(proto.hello(service="sshd", rhost=rhost))
                tap.is_(one.status(proto.login("who", people.PASSWORD)), (status, 0), "a login with a password from %r" % rhost)
        tap.is_(answer("", ("replace", "pwdReset", "TRUE")), (proto.MORE, 3), "the password must be changed")
        tap.is_(answer("192.0.3.7"), (proto.DENIED, 0), "from elsewhere not even that is told")
        tap.is_(answer("", ("delete", "pwdReset", None)), (proto.OK, 0), "changed")
        tap.is_(answer("", ("replace", "pwdChangedTime", "20200101000000Z")), (proto.MORE, 4), "expired")
        tap.is_(answer("", ("replace", "musterStatus", "suspended")), (proto.DENIED, 0), "suspended")
        people.must(root.modify(who.dn, ("replace", "musterStatus", "active"), ("delete", "pwdChangedTime", None),
                                controls=[session.RELAX]), "active")
        people.must(root.modify(office.policy, ("replace", "musterSecondFactor", "required")), "policy")
        tap.is_(answer(), (proto.MORE, 2), "a second factor is required and there is none")
        tap.is_(other.log().count("could not be carried out"), 0, "each is an answer")
    other.stop()


def test_server_without_overlay():
    foreign = World(muster=False)
    with foreign.use("root") as root:
        people.must(root.add("uid=bob," + foreign.base, {"objectClass": "inetOrgPerson", "cn": "Bob", "sn": "Bob", "uid": "bob",
                                                         "userPassword": foreign.hash(people.PASSWORD)}), "bob")
        with foreign.use("uid=bob," + foreign.base, people.PASSWORD):
            tap.ok(True, "the foreign server itself takes the password")
    other = Gate(foreign, "uid=%u," + foreign.base)
    with proto.Client(other.socket) as one:
        tap.is_(one.status(RIGHT)[0], proto.UNAVAILABLE, "a server without the overlay lets nobody in")
        tap.is_(one.status(proto.change("bob", people.PASSWORD, "Summer#2027"))[0], proto.UNAVAILABLE, "nor change a password")
    other.stop()
    _, identity = host_identity("host3", foreign)
    other = Gate(foreign, "uid=%u," + foreign.base, gate=identity)
    with proto.Client(other.socket) as one:
        tap.is_(one.status(proto.account("bob")), (proto.DENIED, 0), "and one that cannot judge accounts: nobody by a key")
    other.stop()
    foreign.stop()


@tap.fault(8)
def test_entry_that_is_no_member():
    with world.use("root") as root:
        people.must(root.add("cn=robot," + world.base, {"objectClass": ["applicationProcess", "simpleSecurityObject"],
                                                        "cn": "robot", "userPassword": world.hash(people.PASSWORD)}), "robot")
    other = Gate(world, "cn=%u," + world.base)
    with proto.Client(other.socket) as one:
        tap.ok(one.status(proto.login("robot", people.PASSWORD))[0] in (proto.UNAVAILABLE, proto.DENIED),
               "an entry that is no member cannot log in")
        tap.ok(one.status(proto.login("admin", world.admin_password))[0] in (proto.UNAVAILABLE, proto.DENIED),
               "the administrator neither")
        tap.ok(one.status(proto.login("root", world.root_password))[0] in (proto.UNAVAILABLE, proto.DENIED), "nor rootdn")
    other.stop()


def silent_server():
    """A port that takes connections and says nothing."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(200)
    return listener


def test_servers_that_hang_or_are_gone():
    hung = silent_server()
    port = hung.getsockname()[1]
    closed = socket.socket()
    closed.bind(("127.0.0.1", 0))
    uris = "uris = ldaps://127.0.0.1:%d ldaps://127.0.0.1:%d %s\nca_file = %s\ntimeout_ms = 15000\n" % (
        closed.getsockname()[1], port, world.uri_tls, world.cacert)
    other = Gate(world, "uid=%u," + org.people, directory=uris)
    with proto.Client(other.socket) as one:
        tap.is_(one.status(RIGHT), (proto.OK, 0), "the third server answers for one that is gone and one that hangs")
        begun = time.monotonic()
        tap.is_([one.status(RIGHT)[0] for _ in range(20)], [proto.OK] * 20, "and goes on to")
        tap.note("20 logins in %.1f s" % (time.monotonic() - begun))
    other.stop()
    alone = Gate(world, "uid=%u," + org.people,
                 directory="uris = ldaps://127.0.0.1:%d\nca_file = %s\ntimeout_ms = 1000\n" % (port, world.cacert))
    clients = [proto.Client(alone.socket) for _ in range(100)]
    for one in clients:
        one.send(RIGHT)
    answers = [one.read() for one in clients]
    statuses = {answer and answer[1][0] for answer in answers}
    tap.ok(statuses <= {proto.UNAVAILABLE, proto.BUSY}, "100 logins on a server that hangs are all answered no", statuses)
    alone.stop()
    hung.close()


def test_wrong_certificate():
    uris = "uris = %s\nca_file = /etc/ssl/certs/ca-certificates.crt\n" % world.uri_tls
    other = Gate(world, "uid=%u," + org.people, directory=uris)
    with proto.Client(other.socket) as one:
        tap.is_(one.status(RIGHT)[0], proto.UNAVAILABLE, "a server whose certificate is not of our authority gets no password")
    other.stop()


def test_server_restarts():
    with client() as one:
        tap.is_(one.status(RIGHT)[0], proto.OK, "in")
        world.restart()
        tap.is_(one.status(RIGHT)[0], proto.OK, "slapd was restarted: pooled connections are replaced")


def test_end():
    with client() as one:
        tap.is_(one.status(RIGHT)[0], proto.OK, "in")
        tap.is_(gate.stop(), 0, "SIGTERM ends musterd in an orderly way")
        tap.is_(one.read(), HANG_UP, "clients are hung up on")
    tap.ok(not os.path.exists(gate.socket), "the socket is gone")
    secrets = (people.PASSWORD, "host-secret", "Summer#2027")
    tap.ok(not any(secret in gate.log() for secret in secrets), "no password is in the log")


def teardown():
    gate.stop()
    world.stop()


if __name__ == "__main__":
    tap.main(globals())
