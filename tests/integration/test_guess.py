#!/usr/bin/python3
"""Guessing: budgets by source and by day, the owner who gets in all the while, locks, and what outlives a crash."""

import os
import selectors
import signal
import socket
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from lib import ber, exops, failures, parallel, people, session, tap, totp
from lib.people import PASSWORD
from lib.relay import Relay
from lib.session import Session
from lib.world import World

SUCCESS, STRONGER, CREDENTIALS, RIGHTS, BUSY = 0, 8, 49, 50, 51
WRONG, NEW, THIRD = "Wrong#12345", "Autumn#2026", "Spring#2027"
DAY = 86400
LONG = {"pwdMinDelay": "600", "pwdMaxDelay": "900"}

world = World(faketime=True, config=("olcMusterMinSSF: 0", "olcMusterArgon2: m=8192 t=1"))
root = world.session("root")
courier = world.session("courier")
anyone = world.session()
slow = people.organization(world, "slow", policy=dict(LONG, pwdMaxFailure="3"), root=root)
relays = {}
clock = 0


def at(source):
    """A connection that slapd sees coming from there: 127.0.0.<source>, not bound."""
    if source not in relays:
        relays[source] = Relay("127.0.0.%d" % source, world.port)
    return Session(relays[source].uri(), timeout=60)


def bind(source, dn, password, **control):
    one = at(source)
    result = one.bind_factor(dn, password, **control) if control else one.bind(dn, password)
    one.close()
    return result.code


def pass_time(seconds):
    global clock
    clock += seconds
    world.move_clock(clock)


def stored(member):
    return root.entry(member.dn)


def of(member):
    return failures.of(root, member.dn)


def counted(member, passwords, what):
    tap.eventually(lambda: of(member).day_passwords == passwords, what)


def wait_out_a_step():
    while (time.time() + clock) % totp.PERIOD > totp.PERIOD - 6:
        time.sleep(0.2)


def code(member, steps=0):
    return totp.totp(member.secret, time.time() + clock + steps * totp.PERIOD)


def rules():
    """How often each rule refused a bind, from the log."""
    found = {}
    for line in world.log().splitlines():
        if "operation=bind" in line and " rule=" in line:
            rule = line.split(" rule=")[1].split(" ")[0]
            found[rule] = found.get(rule, 0) + 1
    return found


# --- sources -----------------------------------------------------------------------------------------


def test_a_source_holds_up_itself_only():
    member = people.member(slow, password=PASSWORD, root=root)
    for _ in range(3):
        bind(2, member.dn, WRONG)
    tap.is_(bind(2, member.dn, PASSWORD), CREDENTIALS, "after three failures the source waits, right or wrong")
    tap.is_(bind(3, member.dn, PASSWORD), SUCCESS, "another address does not")
    with world.use() as one:
        tap.is_(one.bind(member.dn, PASSWORD).code, SUCCESS, "nor does a local socket")
    counted(member, 3, "three failures of the day are kept")
    tap.is_([s.passwords for s in of(member).sources.values()], [3], "and those of the source that did not log in")
    tap.is_(bind(2, member.dn, PASSWORD), CREDENTIALS, "which waits still")
    pass_time(601)
    tap.is_(bind(2, member.dn, PASSWORD), SUCCESS, "until its delay is over")
    tap.is_((of(member).sources, of(member).day_passwords), ({}, 3), "its login clears its failures, not the day's")


@tap.fault(20)
def test_what_a_login_host_says():
    member = people.member(slow, password=PASSWORD, root=root)
    for rhost in ("203.0.113.7", "::ffff:203.0.113.7", "203.0.113.7"):
        bind(2, member.dn, WRONG, rhost=rhost)
    tap.is_(bind(2, member.dn, PASSWORD, rhost="203.0.113.7"), CREDENTIALS, "one address however it is written")
    tap.is_(bind(2, member.dn, PASSWORD, rhost="203.0.113.8"), SUCCESS, "others behind the same login host get in")
    for rhost in ("2001:db8:1:2::1", "2001:DB8:1:2:ffff::9", "2001:db8:1:2:0:0:0:77"):
        bind(2, member.dn, WRONG, rhost=rhost)
    tap.is_(bind(2, member.dn, PASSWORD, rhost="2001:db8:1:2::abcd"), CREDENTIALS, "an IPv6 network of 64 bits is one source")
    tap.is_(bind(2, member.dn, PASSWORD, rhost="2001:db8:1:3::1"), SUCCESS, "the one beside it is another")
    for rhost in ("Desk.example", "desk.EXAMPLE", "desk.example"):
        bind(2, member.dn, WRONG, rhost=rhost)
    tap.is_(bind(2, member.dn, PASSWORD, rhost="DESK.example"), CREDENTIALS, "names in any case")
    tap.is_(bind(2, member.dn, PASSWORD), SUCCESS, "the login host itself is not held up by them")
    tap.is_(bind(3, member.dn, PASSWORD, rhost="203.0.113.7"), SUCCESS, "nor another one")


def test_known_sources():
    member = people.member(slow, password=PASSWORD, root=root)
    tap.ok("musterKnownSource" not in stored(member), "nobody knows where a new member logs in")
    bind(2, member.dn, PASSWORD)
    first = stored(member)["musterKnownSource"]
    tap.ok(len(first) == 1 and first[0].startswith(b"k1$") and b"127" not in first[0], "a login is remembered, not by its address", first)
    bind(2, member.dn, PASSWORD)
    tap.is_(stored(member)["musterKnownSource"], first, "once a day")
    pass_time(DAY)
    bind(2, member.dn, PASSWORD)
    again = stored(member)["musterKnownSource"]
    tap.ok(len(again) == 1 and again != first and again[0].split()[0] == first[0].split()[0], "the next day is written over it", again)
    for source in range(3, 13):
        bind(source, member.dn, PASSWORD)
        pass_time(DAY)
    known = stored(member)["musterKnownSource"]
    tap.is_(len(known), 8, "at most eight are kept")
    tap.ok(first[0].split()[0] not in [k.split()[0] for k in known], "the oldest is forgotten")
    other = people.member(slow, password=PASSWORD, root=root)
    bind(12, other.dn, PASSWORD)
    tap.ok(stored(other)["musterKnownSource"][0].split()[0] not in [k.split()[0] for k in known],
           "two members at one address cannot be seen to be")
    pass_time(91 * DAY)
    bind(2, member.dn, PASSWORD)
    tap.is_(len(stored(member)["musterKnownSource"]), 1, "after 90 days a source is not known any more")
    for who in (anyone, world.session("courier"), world.session(member.dn, PASSWORD)):
        tap.ok("musterKnownSource" not in who.entry(member.dn), "nobody reads it")


def test_strangers_share_a_day():
    org = people.organization(world, "shared", policy={"musterDailyPasswordFailures": "10", "pwdMaxFailure": "2"}, root=root)
    member = people.member(org, password=PASSWORD, root=root)
    bind(2, member.dn, PASSWORD)
    for source in range(20, 35):
        bind(source, member.dn, WRONG)
    counted(member, 10, "ten failures from fifteen addresses, then no more is looked at")
    tap.is_(bind(40, member.dn, PASSWORD), CREDENTIALS, "an address nobody knows waits, right or wrong")
    tap.is_(bind(2, member.dn, PASSWORD), SUCCESS, "one the member logged in from does not")
    pass_time(901)
    bind(41, member.dn, WRONG)
    counted(member, 11, "one try after the longest delay")
    tap.is_(bind(42, member.dn, PASSWORD), CREDENTIALS, "for all of them together")
    for _ in range(3):
        bind(2, member.dn, WRONG)
    tap.is_(bind(2, member.dn, PASSWORD), CREDENTIALS, "a known source has its own delays")
    pass_time(901)
    tap.is_(bind(42, member.dn, PASSWORD), SUCCESS, "the right password is let in when it is its turn")
    pass_time(25 * 3600)
    tap.is_([bind(50, member.dn, WRONG), bind(51, member.dn, PASSWORD)], [CREDENTIALS, SUCCESS], "a day later all is as before")


# --- codes -------------------------------------------------------------------------------------------


def test_codes_of_a_day():
    org = people.organization(world, "codes", policy={"pwdMaxDelay": "60"}, root=root)
    member = people.member(org, password=PASSWORD, secret=totp.new_secret(), root=root)
    before = rules().get("code", 0)
    for n in range(70):
        bind(2 + n % 4, member.dn, PASSWORD + totp.wrong_code(member.secret, time.time() + clock))
        pass_time(61)
    tap.is_(rules()["code"] - before, 50, "of 70 wrong codes 50 are looked at")
    wait_out_a_step()
    tap.is_(bind(9, member.dn, PASSWORD + code(member)), CREDENTIALS, "the right one waits, from wherever")
    tap.is_(bind(9, member.dn, PASSWORD, service="login"), STRONGER, "the password is told right")
    tap.eventually(lambda: of(member).day_codes == 50, "they are stored")
    world.restart()
    renew_sessions()
    tap.is_(bind(9, member.dn, PASSWORD + code(member)), CREDENTIALS, "a restart changes nothing")
    pass_time(25 * 3600)
    wait_out_a_step()
    tap.is_(bind(9, member.dn, PASSWORD + code(member)), SUCCESS, "it is over in a day")


def renew_sessions():
    global root, courier, anyone
    root, courier, anyone = world.session("root"), world.session("courier"), world.session()


# --- many at once ------------------------------------------------------------------------------------


def flood(dns):
    """A process that binds without pause on 50 connections from 127.0.0.1; its process id."""
    pid = os.fork()
    if pid:
        return pid
    try:
        waiting = selectors.DefaultSelector()
        for number in range(50):
            one = socket.create_connection(("127.0.0.1", world.port))
            bind = ber.sequence(ber.integer(3), ber.octets(dns[number % len(dns)]), ber.octets(WRONG, ber.context(0)), tag=0x60)
            request = ber.sequence(ber.integer(1), bind)
            one.sendall(request)
            waiting.register(one, selectors.EVENT_READ, request)
        while True:
            for key, _ in waiting.select():
                key.fileobj.recv(4096)
                key.fileobj.sendall(key.data)
    finally:
        os._exit(1)


@tap.fault(25)
def test_the_owner_gets_in_under_attack():
    member = people.member(slow, password=PASSWORD, root=root)
    stranger = people.member(slow, password=PASSWORD, root=root)
    bind(3, member.dn, PASSWORD)
    attacker = flood([member.dn, stranger.dn])
    tap.eventually(lambda: rules().get("throttled", 0) > 100, "the attack is under way")
    for who, source, what in ((member, 3, "an address that is known"), (member, 4, "one that is not"),
                              (stranger, 5, "the first of all")):
        begun = time.monotonic()
        tap.is_(bind(source, who.dn, PASSWORD), SUCCESS, "the owner gets in from %s" % what)
        tap.note("in %.2f s" % (time.monotonic() - begun))
        with world.use(uri=world.uri) as one:
            tap.in_(one.bind(who.dn, PASSWORD).code, (CREDENTIALS, BUSY), "who has the attacker's address does not")
    tap.is_(os.waitpid(attacker, os.WNOHANG), (0, 0), "the attack goes on")
    os.kill(attacker, signal.SIGKILL)
    os.waitpid(attacker, 0)
    tap.note("%d tries were turned away" % rules()["throttled"])
    counted(member, 3, "three of them were looked at")
    counted(stranger, 3, "and three of the others")


@tap.fault(4)
def test_a_burst():
    """The right one is among 50 at once, not among the first ten: it is never looked at."""
    sessions = [world.session(uri=world.uri) for _ in range(50)]  # a relay would mix them up
    for one in sessions:
        one.root_dse()
    for number in range(10):
        member = people.member(slow, password=PASSWORD, root=root)
        sent = [one.low.simple_bind(member.dn, WRONG if n < 10 or n % 3 else PASSWORD, [], None)
                for n, one in enumerate(sessions)]
        codes = [one._result(lambda m=message: m).code for one, message in zip(sessions, sent)]
        tap.ok(set(codes) <= {CREDENTIALS, BUSY}, "burst %d: no guess gets through" % number, codes)
        counted(member, 3, "burst %d: three were looked at" % number)
    for one in sessions:
        one.close()
        world.sessions.remove(one)


def test_a_program_with_many_connections():
    """Ten at once with the right password: some may be told to come again, none that it is wrong."""
    member = people.member(slow, password=PASSWORD, root=root)
    results = parallel.at_once([lambda: bind(2, member.dn, PASSWORD) for _ in range(10)])
    tap.ok(SUCCESS in results and set(results) <= {SUCCESS, BUSY}, "ten logins of one member at once", results)


@tap.fault(5)
def test_nobody_is_like_somebody():
    """Delays are kept for who is not there, too: a missing entry is not told by its answers under load."""
    real = people.member(slow, password=PASSWORD, root=root)
    for dn, rule in ((real.dn, "credentials"), ("uid=nobody-here," + slow.people, "no-member")):
        for _ in range(3):
            bind(2, dn, WRONG)
        before = rules()
        sessions = [at(2) for _ in range(30)]
        codes = parallel.bind_at_once(sessions, dn, WRONG)
        tap.ok(set(codes) <= {CREDENTIALS, BUSY}, "%s: thirty at once during a delay" % dn.split(",")[0], codes)
        tap.ok(rules().get("throttled", 0) > before.get("throttled", 0) and rules()[rule] == before[rule], "none is looked at")
        for one in sessions:
            one.close()


# --- locks -------------------------------------------------------------------------------------------

locking = people.organization(world, "locking", policy={"pwdLockout": "TRUE", "pwdMaxFailure": "3"}, root=root)
passing = people.organization(world, "passing", policy={"pwdLockout": "TRUE", "pwdMaxFailure": "3", "pwdLockoutDuration": "600"},
                              root=root)


def lock(member):
    for source in (20, 21, 22):
        bind(source, member.dn, WRONG)
    tap.eventually(lambda: "pwdAccountLockedTime" in stored(member), "three failures from three addresses lock")


def owed(member):
    return [v.split(b" ")[1].decode() for v in stored(member).get("musterOutbox", [])]


def test_a_lock():
    member = people.member(locking, password=PASSWORD, root=root)
    bind(2, member.dn, PASSWORD)
    lock(member)
    tap.is_(owed(member).count("locked"), 1, "the member is told")
    tap.is_(bind(2, member.dn, PASSWORD), CREDENTIALS, "a known source is locked out as well")
    tap.is_(exops.change_password(anyone, member.dn, PASSWORD, NEW).code, CREDENTIALS, "no change of the password")
    world.kill()
    world.start()
    renew_sessions()
    pass_time(40 * DAY)
    tap.is_(bind(2, member.dn, PASSWORD), CREDENTIALS, "for good, over a crash")
    with world.use() as one:
        result = one.bind(member.dn, PASSWORD, [session.PPOLICY])
        tap.is_((result.code, result.text, result.ppolicy_error), (CREDENTIALS, "", None), "nothing tells that it is locked")
    tap.is_(owed(member).count("locked"), 1, "told once")
    notice = next(v for v in stored(member)["musterOutbox"] if v.split(b" ")[1] == b"locked")
    tap.is_(exops.claim(courier, notice.split(b" ")[0].decode())[1]["kind"], "locked", "by the courier")


def test_who_unlocks():
    member = people.member(locking, password=PASSWORD, root=root)
    people.give_password(world, locking.owner, PASSWORD, root)
    lock(member)
    other = people.member(locking, password=PASSWORD, root=root)
    with world.use(other.dn, PASSWORD) as fellow:
        tap.is_(fellow.modify(member.dn, ("replace", "pwdAccountLockedTime", None)).code, RIGHTS, "not another member")
    with world.use(other.dn, PASSWORD) as own:
        tap.is_(own.modify(other.dn, ("replace", "pwdAccountLockedTime", None)).code, RIGHTS, "nobody for itself")
    with world.use(locking.owner.dn, PASSWORD) as owner:
        tap.is_(owner.modify(member.dn, ("replace", "pwdAccountLockedTime", None)).code, SUCCESS, "an OWNER")
        tap.is_(owner.modify(member.dn, ("replace", "pwdAccountLockedTime", None)).code, SUCCESS, "who need not know whether there is a lock")
    tap.is_([n for n in ("pwdAccountLockedTime", "musterLoginState") if n in stored(member)], [], "all failures are gone")
    tap.is_(bind(2, member.dn, PASSWORD), SUCCESS, "and the member is in")
    lock(member)
    people.must(root.modify(member.dn, ("replace", "userPassword", NEW)), "a new password")
    people.must(root.modify(member.dn, ("delete", "pwdReset", None)), "no need to change it")
    tap.is_([n for n in ("pwdAccountLockedTime", "musterLoginState") if n in stored(member)], [], "an administrator's password unlocks")
    tap.is_(bind(2, member.dn, NEW), SUCCESS, "and is good")
    delayed = people.member(slow, password=PASSWORD, root=root)
    for _ in range(4):
        bind(20, delayed.dn, WRONG)
    people.must(root.modify(delayed.dn, ("replace", "pwdAccountLockedTime", None)), "unlock")
    tap.is_(bind(20, delayed.dn, PASSWORD), SUCCESS, "unlocking ends delays too, at once")


def token_of(member):
    """A token as the courier gets it."""
    people.must(root.modify(member.dn, ("replace", "musterVerifiedMail", member.mail), controls=[session.RELAX]), "a proved address")
    exops.request_reset(anyone, member.dn)
    for _, entry in root.search("ou=queue," + world.base, "(musterRequestTarget=*)", ["cn"]).entries:
        record = entry["cn"][0].decode()
        _, claimed = exops.claim(courier, record)
        exops.done(courier, record)
        if claimed and claimed["secret"]:
            return claimed["secret"]
    raise RuntimeError("no token for " + member.dn)


def test_a_token_unlocks():
    member = people.member(locking, password=PASSWORD, root=root)
    lock(member)
    tap.is_(exops.redeem(anyone, member.dn, token_of(member), NEW).code, SUCCESS, "a token is good for who is locked")
    tap.is_(bind(20, member.dn, NEW), SUCCESS, "and unlocks")
    people.must(root.modify(member.dn, ("replace", "pwdAccountLockedTime", "000001010000Z")), "locked by hand")
    tap.is_(bind(2, member.dn, NEW), CREDENTIALS, "an administrator's lock holds")
    pass_time(400)
    tap.is_(exops.redeem(anyone, member.dn, token_of(member), THIRD).code, SUCCESS, "a token still sets a password")
    tap.is_(bind(2, member.dn, THIRD), CREDENTIALS, "but does not undo that lock")


def test_a_lock_that_ends():
    member = people.member(passing, password=PASSWORD, root=root)
    lock(member)
    pass_time(590)
    tap.is_(bind(2, member.dn, PASSWORD), CREDENTIALS, "within its time")
    pass_time(20)
    tap.is_(bind(2, member.dn, PASSWORD), SUCCESS, "after its time")
    tap.ok("pwdAccountLockedTime" not in stored(member), "a login takes the mark away")
    lock(member)
    pass_time(610)
    for source in (20, 21):
        bind(source, member.dn, WRONG)
    tap.is_(bind(2, member.dn, PASSWORD), SUCCESS, "after a lock there are as many tries as before")


def test_a_lock_at_the_moment_of_a_login():
    """A login that finds a lock that is over takes that one away, not what an administrator writes meanwhile."""
    member = people.member(passing, password=PASSWORD, root=root)
    lost = 0
    for i in range(40):
        people.must(root.modify(member.dn, ("replace", "pwdAccountLockedTime", "20200101000000Z")), "a lock that is over")

        def lock_for_good(pause=i % 20 / 1000):
            time.sleep(pause)
            return root.modify(member.dn, ("replace", "pwdAccountLockedTime", "000001010000Z")).code

        _, code_of_lock = parallel.at_once([lambda: bind(2, member.dn, PASSWORD), lock_for_good])
        lost += code_of_lock != SUCCESS or stored(member).get("pwdAccountLockedTime") != [b"000001010000Z"]
    tap.is_(lost, 0, "none of 40 locks is lost")


# --- what is stored ----------------------------------------------------------------------------------


def test_after_a_crash():
    member = people.member(slow, password=PASSWORD, root=root)
    for _ in range(3):
        bind(2, member.dn, WRONG)
    counted(member, 3, "what is written")
    world.kill()
    world.start()
    renew_sessions()
    tap.is_(bind(2, member.dn, PASSWORD), CREDENTIALS, "is there after a crash")
    for _ in range(20):
        other = people.member(slow, password=PASSWORD, root=root)
        for _ in range(3):
            bind(2, other.dn, WRONG)
    world.restart()
    renew_sessions()
    tap.is_(of(other).passwords, 3, "an orderly end writes everything")


def test_a_state_nobody_can_read():
    member = people.member(slow, password=PASSWORD, secret=totp.new_secret(), root=root)
    plain = people.member(slow, password=PASSWORD, root=root)
    for one in (member, plain):
        wait_out_a_step()
        tap.is_(bind(2, one.dn, PASSWORD + (code(one) if one.secret else "")), SUCCESS, "a login")
        people.must(root.modify(one.dn, ("replace", "musterLoginState", "p=1 pt=1 c=0 ct=0"), controls=[session.RELAX]), "nonsense")
    tap.is_(bind(3, plain.dn, PASSWORD), CREDENTIALS, "it opens no door to who is not known")
    tap.is_(bind(2, plain.dn, PASSWORD), SUCCESS, "a known source with a password alone is let in")
    pass_time(60)
    wait_out_a_step()
    tap.is_(bind(2, member.dn, PASSWORD + code(member)), CREDENTIALS, "codes wait")
    tap.eventually(lambda: stored(member)["musterLoginState"][0].startswith(b"1 ") and of(member).day_codes == 1000,
                   "what is meant by it is written down")
    pass_time(901)
    tap.is_(bind(3, plain.dn, PASSWORD), SUCCESS, "after the longest delay others may try")
    pass_time(25 * 3600)
    wait_out_a_step()
    tap.is_(bind(3, member.dn, PASSWORD + code(member)), SUCCESS, "and in a day all is over")


if __name__ == "__main__":
    tap.main(globals())
