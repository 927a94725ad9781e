#!/usr/bin/python3
"""The bind of a member: what gets in, what is refused and how alike refusals look, and what a login costs."""

import os
import random
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from lib import ber, failures, parallel, people, session, tap, totp
from lib.people import PASSWORD
from lib.world import World

SUCCESS, PROTOCOL, STRONGER, CONFIDENTIAL, CREDENTIALS, BUSY, UNWILLING = 0, 2, 8, 13, 49, 51, 53
WRONG = "Wrong#12345"
MEMBERS, AT_ONCE = 20, 50

world = World(debug="stats,trace")
root = world.session("root")
acme = people.organization(world, "acme", root=root)
# Failures are the subject of a test of its own; elsewhere nobody has to wait.
calm = people.organization(world, "calm", policy={"pwdMaxFailure": "100"}, root=root)
strict = people.organization(world, "strict", policy={"musterSecondFactor": "required", "pwdMaxFailure": "100"}, root=root)
ageing = people.organization(world, "ageing", policy={"pwdMaxAge": "1", "pwdMaxFailure": "100"}, root=root)


def refused(result, one, what, code=CREDENTIALS):
    tap.is_(result.code, code, what + ": refused")
    tap.is_(one.whoami(), "", what + ": anonymous")


def attempt(member_dn, password, controls=()):
    """A bind on a connection of its own: (result, who the connection is then)."""
    with world.use() as one:
        return one.bind(member_dn, password, controls), one.whoami()


def in_the_middle_of_a_step():
    """Wait until a code has at least five seconds to live."""
    while time.time() % totp.PERIOD > totp.PERIOD - 5:
        time.sleep(0.2)


def forget(member):
    """The administrator's repair: failures and the last step are gone."""
    for name in ("musterLoginState", "oathTOTPLastTimeStep"):
        root.modify(member.dn, ("delete", name, None), controls=[session.RELAX])


# --- the two ways in ---------------------------------------------------------------------------------


def test_password_alone():
    member = people.member(calm, password=PASSWORD, root=root)
    with world.use() as one:
        tap.is_(one.bind(member.dn, PASSWORD).code, SUCCESS, "a member without a factor logs in with the password")
        tap.is_(one.whoami(), "dn:" + member.dn, "and is who it says")
        refused(one.bind(member.dn, WRONG), one, "a wrong password on the same connection")
        refused(one.bind(member.dn, PASSWORD[:-1]), one, "a password cut short")
        refused(one.bind(member.dn, PASSWORD + "1"), one, "a password with one octet more")
        refused(one.bind(member.dn, PASSWORD.swapcase()), one, "a password in the other case")
        refused(one.bind(member.dn, "x" * 200000), one, "a password of 200000 octets")
        tap.is_(one.bind(member.dn.upper(), PASSWORD).code, SUCCESS, "the name may be spelled otherwise")
    with world.use() as one:
        tap.is_(one.bind(member.dn, "x" * 1048576).code, -1, "slapd hangs up on a password of 1 MiB")
    tap.ok(world.alive(), "and is alive")


def test_password_and_code():
    member = people.member(calm, password=PASSWORD, secret=totp.new_secret(), root=root)
    in_the_middle_of_a_step()
    with world.use() as one:
        refused(one.bind(member.dn, PASSWORD), one, "the password alone")
        refused(one.bind(member.dn, member.code()), one, "the code alone")
        refused(one.bind(member.dn, PASSWORD + totp.wrong_code(member.secret)), one, "a wrong code")
        refused(one.bind(member.dn, WRONG + member.code()), one, "a wrong password with the right code")
        spent = member.credential()
        tap.is_(one.bind(member.dn, spent).code, SUCCESS, "password and code get in")
        tap.is_(one.whoami(), "dn:" + member.dn, "as the member")
        refused(one.bind(member.dn, spent), one, "the same code again")
        earlier = totp.code_of_step(member.secret, totp.step() - 1)
        refused(one.bind(member.dn, PASSWORD + earlier), one, "an older code after a newer one")
    tap.is_(failures.of(root, member.dn).codes, 0, "spent codes are refused, not counted")


def test_the_steps_that_are_accepted():
    for back, code in ((1, SUCCESS), (2, CREDENTIALS), (-1, CREDENTIALS)):
        member = people.member(calm, password=PASSWORD, secret=totp.new_secret(), root=root)
        in_the_middle_of_a_step()
        made = totp.code_of_step(member.secret, totp.step() - back)
        tap.is_(attempt(member.dn, PASSWORD + made)[0].code, code, "the code of %d steps ago" % back)
        # Written after the answer: the next test counts what is written.
        tap.eventually(lambda: failures.of(root, member.dn).codes == (code != SUCCESS), "which is counted when it is refused")


def test_the_control():
    member = people.member(calm, password=PASSWORD, secret=totp.new_secret(), root=root)
    in_the_middle_of_a_step()
    with world.use() as one:
        before, written = world.argon2_runs(), world.transactions()
        result = one.bind_factor(member.dn, PASSWORD, service="sshd", rhost="192.0.2.1")
        refused(result, one, "the password with the control", STRONGER)
        tap.is_(result.factor, (session.CODE_REQUIRED, None), "the response asks for the code")
        result = one.bind_factor(member.dn, PASSWORD, member.code())
        tap.is_((result.code, result.state), (SUCCESS, session.OK), "then password and code get in")
        tap.is_(one.whoami(), "dn:" + member.dn, "as the member")
        tap.is_(world.argon2_runs() - before, 1, "password, then code: one Argon2 run")
        tap.is_(world.transactions() - written, 1, "password, then code: one write transaction")
        result = one.bind_factor(member.dn, PASSWORD, member.code())
        refused(result, one, "the code again")
        tap.is_(result.factor, None, "without a response: nobody learns that the password was right")
        result = one.bind_factor(member.dn, WRONG)
        refused(result, one, "a wrong password with the control")
        tap.is_(result.factor, None, "has no response either")
    tap.in_('service="sshd" rhost="192.0.2.1"', world.log(), "service and host are in the log")


def test_what_is_remembered():
    member = people.member(calm, password=PASSWORD, secret=totp.new_secret(), root=root)
    in_the_middle_of_a_step()
    with world.use() as one, world.use() as other:
        tap.is_(one.bind_factor(member.dn, PASSWORD).code, STRONGER, "a password is remembered")
        before = world.argon2_runs()
        refused(other.bind_factor(member.dn, PASSWORD, totp.wrong_code(member.secret)), other, "not on another connection")
        tap.is_(world.argon2_runs() - before, 1, "where Argon2 runs again")
        refused(one.bind_factor(member.dn, WRONG, member.code()), one, "not for another password")
        before = world.argon2_runs()
        refused(one.bind_factor(member.dn, PASSWORD, totp.wrong_code(member.secret)), one, "a wrong code uses it up")
        tap.is_(world.argon2_runs() - before, 0, "without another run")
        refused(one.bind_factor(member.dn, PASSWORD, totp.wrong_code(member.secret)), one, "the next one")
        tap.is_(world.argon2_runs() - before, 1, "runs again")
        tap.is_(one.bind_factor(member.dn, PASSWORD).code, STRONGER, "remembered once more")
        people.give_password(world, member, "Other#2026x", root)
        refused(one.bind_factor(member.dn, PASSWORD, member.code()), one, "a password changed meanwhile")


def test_previous_login():
    member = people.member(calm, password=PASSWORD, root=root)
    with world.use() as one:
        first = one.bind_factor(member.dn, PASSWORD)
        tap.is_(first.factor, (session.OK, None), "the first login has no previous one")
        when = root.entry(member.dn, ["pwdLastSuccess"])["pwdLastSuccess"][0].decode()
        tap.is_(one.bind_factor(member.dn, PASSWORD).factor, (session.OK, when), "the next one names it")


def test_a_code_without_a_factor():
    member = people.member(calm, password="Winter#123456", root=root)
    with world.use() as one:
        tap.is_(one.bind_factor(member.dn, "Winter#", "123456").code, SUCCESS,
                "without a factor the code is the end of the password")
        refused(one.bind_factor(member.dn, "Winter#", "123457"), one, "another end")
        refused(one.bind_factor(member.dn, "Winter#"), one, "no end")


# --- what a member has to do first -------------------------------------------------------------------


def test_states():
    must_change = people.member(calm, root=root)
    root.modify(must_change.dn, ("replace", "userPassword", PASSWORD))
    unenrolled = people.member(strict, password=PASSWORD, root=root)
    expired = people.member(ageing, password=PASSWORD, root=root)
    time.sleep(2.1)
    for member, state, error, what in (
        (must_change, session.CHANGE_REQUIRED, 2, "a password somebody else set"),
        (unenrolled, session.ENROL_REQUIRED, None, "a factor that is required and missing"),
        (expired, session.EXPIRED, 0, "an expired password"),
    ):
        with world.use() as one:
            refused(one.bind(member.dn, PASSWORD), one, what)
            result = one.bind(member.dn, PASSWORD, [session.PPOLICY])
            refused(result, one, what + " with the ppolicy control")
            tap.is_(result.ppolicy_error, error, what + ": its error")
            result = one.bind_factor(member.dn, PASSWORD)
            refused(result, one, what + " with the control", STRONGER)
            tap.is_(result.state, state, what + ": its state")
            result = one.bind_factor(member.dn, WRONG)
            refused(result, one, what + ", wrong password")
            tap.is_(result.factor, None, what + ", wrong password: no state")


def test_factor_off():
    off = people.organization(world, "off", policy={"musterSecondFactor": "off"}, root=root)
    member = people.member(off, password=PASSWORD, secret=totp.new_secret(), root=root)
    tap.is_(attempt(member.dn, PASSWORD)[0].code, SUCCESS, "where the factor is off a seed does not matter")


def test_ppolicy_control():
    member = people.member(calm, password=PASSWORD, root=root)
    critical = (session.PPOLICY_CONTROL, True, None)
    with world.use() as one:
        for dn, password, code in ((member.dn, PASSWORD, SUCCESS), (member.dn, WRONG, CREDENTIALS),
                                   ("uid=nobody," + calm.people, WRONG, CREDENTIALS)):
            result = one.bind(dn, password, [critical])
            tap.is_(result.code, code, "the ppolicy control may be critical: %d" % code)
            tap.is_(result.controls.get(session.PPOLICY_CONTROL), b"\x30\x00", "and is answered: nothing to say")
        both = one.bind(member.dn, PASSWORD, [critical, session.factor_request()])
        tap.is_((both.state, both.ppolicy_error), (session.OK, None), "both controls at once")


# --- refusals look alike -----------------------------------------------------------------------------


@tap.fault(5)
def test_refusals_are_alike():
    people_refused = {"missing": "uid=nobody," + calm.people}
    for status in ("suspended", "closed"):
        member = people.member(calm, password=PASSWORD, root=root)
        people.must(root.modify(member.dn, ("replace", "musterStatus", status)), status)
        people_refused[status] = member.dn
    people_refused["without a password"] = people.member(calm, root=root).dn
    expected = None
    for control in ([], [session.factor_request()], [session.PPOLICY]):
        wrong = attempt(people.member(calm, password=PASSWORD, root=root).dn, WRONG, control)
        for name, dn in people_refused.items():
            before = world.argon2_runs()
            got = attempt(dn, PASSWORD, control)
            tap.is_(got, wrong, "%s looks like a wrong password" % name)
            tap.is_(world.argon2_runs() - before, 1, "%s: one Argon2 run" % name)
        expected = wrong
    tap.is_(expected[0].text, "", "no text with 49")


@tap.fault(5)
def test_runs():
    member = people.member(calm, password=PASSWORD, secret=totp.new_secret(), root=root)
    in_the_middle_of_a_step()
    for credential, what in ((PASSWORD + member.code(), "a login"), (PASSWORD + member.code(), "a replay"), (WRONG, "no digits"),
                             (WRONG + "123456", "a wrong password"), ("123456", "a code alone")):
        before = world.argon2_runs()
        attempt(member.dn, credential)
        tap.is_(world.argon2_runs() - before, 1, "%s: one Argon2 run" % what)


def test_an_access_rule_counts():
    member = people.member(calm, password=PASSWORD, root=root)
    with world.use("config") as config:
        rule = '{0}to dn.exact="%s" attrs=userPassword by * none' % member.dn
        people.must(config.modify("olcDatabase={1}mdb,cn=config", ("add", "olcAccess", rule)), "rule")
        refused_by_rule = attempt(member.dn, PASSWORD)
        people.must(config.modify("olcDatabase={1}mdb,cn=config", ("delete", "olcAccess", "{0}")), "rule gone")
    tap.is_((refused_by_rule[0].code, refused_by_rule[1]), (CREDENTIALS, ""), "a rule that denies auth keeps a member out")
    tap.is_(attempt(member.dn, PASSWORD)[0].code, SUCCESS, "and lets in when it is gone")


def test_weak_connection():
    member = people.member(calm, password=PASSWORD, root=root)
    with world.use(uri=world.uri) as one:
        looks = set()
        for dn in (member.dn, "uid=nobody," + calm.people):
            result = one.bind(dn, PASSWORD)
            refused(result, one, "a clear connection, " + dn.split(",")[0], CONFIDENTIAL)
            looks.add(result.text)
        tap.is_(len(looks), 1, "a missing entry looks like a member there too")
        tap.is_(one.bind(*world.credential("admin")).code, SUCCESS, "who is no member is bound as ever")
    with world.use(uri=world.uri_tls) as one:
        tap.is_(one.bind(member.dn, PASSWORD).code, SUCCESS, "TLS is strong enough")


# --- others ------------------------------------------------------------------------------------------


def test_no_members():
    for who in ("root", "admin", "courier"):
        dn, password = world.credential(who)
        result, name = attempt(dn, password)
        tap.is_((result.code, name), (SUCCESS, "dn:" + dn), who + " is no member and logs in as ever")
        result, name = attempt(dn, WRONG)
        tap.is_((result.code, name), (CREDENTIALS, ""), who + " with a wrong password")
        result, name = attempt(dn, password, [session.factor_request()])
        tap.is_((result.code, result.factor), (SUCCESS, None), who + " with the control: no response")


def test_expired_below_us():
    """slapo-ppolicy refuses an expired password only after slapd has given the connection the name."""
    other = World(ppolicy=True)
    with other.use("root") as chief, other.use("config") as config:
        policy = "cn=others,ou=policies," + other.base
        people.must(chief.add(policy, {"objectClass": ["organizationalRole", "pwdPolicy"], "cn": "others",
                                       "pwdAttribute": "userPassword", "pwdMaxAge": "1"}), policy)
        overlay = config.search("olcDatabase={1}mdb,cn=config", "(objectClass=olcPPolicyConfig)", ["dn"]).entries[0][0]
        people.must(config.modify(overlay, ("replace", "olcPPolicyDefault", policy)), "default")
        dn = "cn=printer,ou=programs," + other.base
        people.must(chief.add(dn, {"objectClass": ["organizationalRole", "simpleSecurityObject"], "cn": "printer",
                                   "userPassword": other.hash(PASSWORD)}), dn)
        org = people.organization(other, "acme", root=chief)
        member = people.member(org, password=PASSWORD, root=chief)
        people.must(chief.modify(dn, ("replace", "userPassword", PASSWORD)), "a password with a date")
    time.sleep(2.1)
    with other.use() as one:
        refused(one.bind(dn, PASSWORD), one, "an expired password of somebody who is no member")
        refused(one.bind(dn, PASSWORD, [session.PPOLICY]), one, "the same with the control")
        tap.is_(one.bind(member.dn, PASSWORD).code, SUCCESS, "members are judged by muster alone")
    with other.use("root") as chief:
        tap.ok("pwdFailureTime" not in chief.entry(member.dn), "ppolicy left no mark on the member")
    other.cleanup()


# --- parallel ----------------------------------------------------------------------------------------


@tap.fault(1)
def test_one_code_many_binds():
    for number in range(MEMBERS):
        member = people.member(calm, password=PASSWORD, secret=totp.new_secret(), root=root)
        sessions = [world.session() for _ in range(AT_ONCE)]
        in_the_middle_of_a_step()
        codes = parallel.bind_at_once(sessions, member.dn, member.credential())
        tap.is_(codes.count(SUCCESS), 1, "member %d: one of %d binds with one code gets in" % (number, AT_ONCE))
        tap.ok(set(codes) <= {SUCCESS, CREDENTIALS, BUSY}, "member %d: the others get 49 or 51" % number, codes)
        names = [one.whoami() for one in sessions]
        tap.is_([n != "" for n in names], [c == SUCCESS for c in codes], "member %d: and are anonymous" % number)
        for one in sessions:
            one.close()
            world.sessions.remove(one)


def test_one_write_a_login():
    member = people.member(calm, password=PASSWORD, secret=totp.new_secret(), root=root)
    in_the_middle_of_a_step()
    before = world.transactions()
    tap.is_(attempt(member.dn, member.credential())[0].code, SUCCESS, "a login")
    tap.is_(world.transactions() - before, 1, "is one write transaction")
    before = world.transactions()
    attempt(member.dn, member.credential())
    tap.is_(world.transactions() - before, 0, "a replay writes nothing")
    attempt("uid=nobody," + calm.people, WRONG)
    tap.is_(world.transactions() - before, 0, "nor does a login of nobody")
    attempt(member.dn, WRONG)
    tap.eventually(lambda: world.transactions() - before == 1, "a failure is one, by and by")
    entry = root.entry(member.dn)
    with world.use("config") as config:
        people.must(config.modify("olcDatabase={1}mdb,cn=config", ("replace", "olcLastBind", "TRUE")), "olcLastBind")
        forget(member)
        before = world.transactions()
        tap.is_(attempt(member.dn, member.credential())[0].code, SUCCESS, "a login with olcLastBind")
        tap.is_(world.transactions() - before, 1, "is one write transaction as well")
        people.must(config.modify("olcDatabase={1}mdb,cn=config", ("delete", "olcLastBind", None)), "olcLastBind")
    entry = root.entry(member.dn)
    tap.in_("entryCSN", entry, "the entry has a change number")
    tap.ok(entry["modifyTimestamp"][0] >= entry["pwdLastSuccess"][0], "of the login: it is replicated")


# --- guessing ----------------------------------------------------------------------------------------


def test_delays():
    global root
    hard = people.organization(world, "hard", policy={"pwdMaxFailure": "3", "pwdMinDelay": "600"}, root=root)
    member = people.member(hard, password=PASSWORD, secret=totp.new_secret(), root=root)
    in_the_middle_of_a_step()
    for _ in range(3):
        attempt(member.dn, WRONG + "123456")
    tap.eventually(lambda: failures.of(root, member.dn).passwords == 3, "three failures are counted")
    before = world.transactions()
    result, name = attempt(member.dn, member.credential())
    tap.is_((result.code, name), (CREDENTIALS, ""), "then the right password and code have to wait")
    tap.is_(attempt(member.dn, member.credential())[0], attempt("uid=nobody," + hard.people, WRONG)[0],
            "which looks like a wrong password")
    attempt(member.dn, WRONG)
    tap.is_(world.transactions() - before, 0, "tries during a delay are not counted: nobody is kept out for ever")
    world.restart()
    tap.is_(attempt(member.dn, member.credential())[0].code, CREDENTIALS, "a restart does not end the delay")
    root = world.session("root")
    people.must(root.modify(member.dn, ("delete", "musterLoginState", None), controls=[session.RELAX]), "unlock")
    tap.is_(attempt(member.dn, member.credential())[0].code, SUCCESS, "an administrator unlocks by deleting the state")
    tap.is_(failures.of(root, member.dn).sources, {}, "a login leaves no failures of its source")


def test_delays_double():
    other = World(faketime=True)
    with other.use("root") as chief:
        short = people.organization(other, "short", root=chief,
                                    policy={"pwdMaxFailure": "2", "pwdMinDelay": "60", "pwdMaxDelay": "150"})
        member = people.member(short, password=PASSWORD, root=chief)

    def at(seconds, password):
        other.move_clock(seconds)
        with other.use() as one:
            return one.bind(member.dn, password).code

    at(0, WRONG)
    tap.is_(at(0, PASSWORD), SUCCESS, "below the threshold nobody waits")
    at(0, WRONG)
    at(0, WRONG)
    for since, delay in ((0, 60), (100, 120), (300, 150), (600, 150)):
        tap.is_(at(since + delay - 20, PASSWORD), CREDENTIALS, "within %d seconds" % delay)
        at(since + {0: 100, 100: 200, 300: 300, 600: 300}[since], WRONG)
    at(1060, PASSWORD)
    tap.is_(at(1060, PASSWORD), SUCCESS, "after the delay, which is never longer than pwdMaxDelay")
    at(1060, WRONG)
    at(1060, WRONG)
    tap.is_(at(0, PASSWORD), SUCCESS, "a clock that was set back keeps nobody out until it has caught up")
    other.cleanup()


@tap.fault(25)
def test_codes_have_a_budget_of_their_own():
    hard = people.organization(world, "codes", policy={"pwdMaxFailure": "3", "pwdMinDelay": "600"}, root=root)
    member = people.member(hard, password=PASSWORD, secret=totp.new_secret(), root=root)
    in_the_middle_of_a_step()
    wrong = totp.wrong_code(member.secret)
    for _ in range(2):
        attempt(member.dn, WRONG + wrong)
    tap.eventually(lambda: failures.of(root, member.dn).passwords == 2, "two wrong passwords are counted")
    tap.is_(failures.of(root, member.dn).codes, 0, "a wrong code counts only after a right password")
    for _ in range(3):
        attempt(member.dn, PASSWORD + wrong)
    tap.eventually(lambda: failures.of(root, member.dn).codes == 3, "three wrong codes are counted")
    tap.is_(failures.of(root, member.dn).passwords, 2, "apart from passwords")
    tap.is_(attempt(member.dn, member.credential())[0].code, CREDENTIALS, "after three wrong codes the right one waits")
    tap.is_(attempt(member.dn, PASSWORD, [session.factor_request()])[0].code, STRONGER, "the password is not affected")


@tap.fault(4)
def test_a_burst_of_guesses():
    hard = people.organization(world, "burst", policy={"pwdMaxFailure": "3", "pwdMinDelay": "600"}, root=root)
    for number in range(5):
        member = people.member(hard, password=PASSWORD, root=root)
        sessions = [world.session() for _ in range(AT_ONCE)]
        for one in sessions:
            one.root_dse()
        guesses = [PASSWORD if n >= 10 else WRONG for n in range(AT_ONCE)]
        for guess in guesses[:3]:
            attempt(member.dn, guess)
        results = parallel.at_once([lambda s=s, g=g: s.bind(member.dn, g).code for s, g in zip(sessions, guesses)])
        tap.is_(results.count(SUCCESS), 0, "burst %d: after the threshold no guess gets through" % number)
        again = people.member(hard, password=PASSWORD, root=root)
        parallel.at_once([lambda s=s: s.bind(again.dn, WRONG).code for s in sessions])
        tap.eventually(lambda: failures.of(root, again.dn).passwords == 3, "burst %d: exactly three guesses are judged" % number)
        for one in sessions:
            one.close()
            world.sessions.remove(one)


# --- stored values -----------------------------------------------------------------------------------


def test_other_hashes():
    member = people.member(calm, root=root)
    people.must(root.modify(member.dn, ("replace", "userPassword", world.hash(PASSWORD)), controls=[session.RELAX]),
                "hash")
    root.modify(member.dn, ("delete", "pwdReset", None))
    before = world.argon2_runs()
    tap.is_(attempt(member.dn, WRONG)[0].code, CREDENTIALS, "{SSHA}: a wrong password")
    tap.is_(world.argon2_runs() - before, 1, "{SSHA}: costs one Argon2 run")
    tap.eventually(lambda: failures.of(root, member.dn).passwords == 1, "{SSHA}: which is written down after the answer")
    tap.ok(root.entry(member.dn)["userPassword"][0].startswith(b"{SSHA}"), "{SSHA}: nothing is renewed by it")
    before, written = world.argon2_runs(), world.transactions()
    tap.is_(attempt(member.dn, PASSWORD)[0].code, SUCCESS, "{SSHA}: the right one")
    tap.is_((world.argon2_runs() - before, world.transactions() - written), (1, 1), "{SSHA}: one run, one write")
    hashes = root.entry(member.dn)["userPassword"]
    tap.ok(len(hashes) == 1 and hashes[0].startswith(b"{MUSTER}$argon2id$v=19$m=19456,t=2,p=1$"), "the hash is renewed", hashes)
    tap.is_(attempt(member.dn, PASSWORD)[0].code, SUCCESS, "and good")
    world.configure_overlay(("replace", "olcMusterArgon2", "m=8192 t=1"))
    tap.is_(attempt(member.dn, PASSWORD)[0].code, SUCCESS, "the cost was changed")
    tap.ok(root.entry(member.dn)["userPassword"][0].startswith(b"{MUSTER}$argon2id$v=19$m=8192,t=1,p=1$"),
           "a hash of another cost is renewed as well")
    tap.is_(attempt(member.dn, PASSWORD)[0].code, SUCCESS, "and good too")
    world.configure_overlay(("delete", "olcMusterArgon2", None))


def edit_database(change):
    """slapcat, change the LDIF text, slapadd: what reaches the file without passing the overlay."""
    text = change(world.slapcat().decode())
    world.stop()
    for name in ("data.mdb", "lock.mdb"):
        os.unlink(os.path.join(world.folder, "db", name))
    world.tool("slapadd", "-q", "-n", "1", input=text.encode())
    world.start()


def seal_line(text, member):
    block = next(b for b in text.split("\n\n") if b.startswith("dn: %s\n" % member.dn))
    return next(line for line in block.split("\n") if line.startswith("oathSecret:"))


def test_seals():
    one, two, bad, plain = (people.member(calm, password=PASSWORD, secret=totp.new_secret(), root=root)
                            for _ in range(4))

    def change(text):
        first, second, third, fourth = (seal_line(text, m) for m in (one, two, bad, plain))
        text = text.replace(first, "\0").replace(second, first).replace("\0", second)
        middle = len(third) - 20
        text = text.replace(third, third[:middle] + ("A" if third[middle] != "A" else "B") + third[middle + 1:])
        return text.replace(fourth, "oathSecret: " + "s" * 20)

    edit_database(change)
    for member, secrets, what in ((one, (one.secret, two.secret), "a seal of somebody else"),
                                  (bad, (bad.secret,), "a seal with one octet changed"),
                                  (plain, (b"s" * 20,), "a seed that is not sealed")):
        for secret in secrets:
            result, name = attempt(member.dn, PASSWORD + totp.totp(secret))
            stored = world.session("root").entry(member.dn, ["oathSecret"])["oathSecret"][0]
            sealed = member is plain and stored.startswith(b"{SEALED}")
            # slapd seals what slapadd brought: from then on the code is good, until then nobody gets in.
            tap.ok((result.code, name) == (UNWILLING, "") or (sealed and result.code == SUCCESS),
                   what + ": refused, right code or not", "%d %s" % (result.code, name))
        tap.is_(attempt(member.dn, PASSWORD)[0].code, CREDENTIALS, what + ": the password alone is not enough either")
        tap.is_(attempt(member.dn, WRONG + "123456")[0].code, CREDENTIALS, what + ": a wrong password learns nothing")
    tap.ok(world.alive(), "slapd is alive")


@tap.fault(3)
def test_policy_out_of_range():
    """What slapadd brought in past our checks keeps people out instead of meaning something."""
    member = people.member(acme, password=PASSWORD)
    for line in ("pwdMaxFailure: 0", "pwdMinDelay: -1", "pwdMaxDelay: 2147483648", "pwdMinLength: 9223372036854775808",
                 "musterSecondFactor: sometimes"):
        name = line.split(":")[0]

        def change(text):
            blocks = text.split("\n\n")
            for i, block in enumerate(blocks):
                if block.startswith("dn: cn=policy,o=acme,"):
                    rows = [r for r in block.split("\n") if not r.startswith(name + ":")]
                    blocks[i] = "\n".join(rows + [line])
            return "\n\n".join(blocks)

        edit_database(change)
        tap.is_(attempt(member.dn, PASSWORD)[0].code, UNWILLING, line + ": nobody under it gets in")
        tap.is_(attempt(member.dn, WRONG)[0].code, CREDENTIALS, line + ": a wrong password learns nothing")
        tap.ok(world.alive(), line + ": slapd is alive")


def test_without_the_overlay():
    member = people.member(calm, password=PASSWORD)
    stored = world.slapcat()
    bare = World(muster=False)
    bare.stop()
    for name in ("data.mdb", "lock.mdb"):
        os.unlink(os.path.join(bare.folder, "db", name))
    # -s: our classes get the attributes of other schemas with the overlay, which is not there.
    bare.tool("slapadd", "-q", "-s", "-n", "1", input=stored)
    bare.start()
    with bare.use() as one:
        refused(one.bind(member.dn, PASSWORD), one, "a slapd with the same data and no overlay")
        tap.is_(one.bind(*bare.credential("root")).code, SUCCESS, "which is there otherwise")
        kept = one.entry(member.dn)["userPassword"][0]
        refused(one.bind(member.dn, kept), one, "the hash as a password")
    bare.cleanup()


def test_on_a_consumer():
    """A copy of the directory must not spend codes: the provider would not know."""
    with_factor = people.member(calm, password=PASSWORD, secret=totp.new_secret())
    without = people.member(calm, password=PASSWORD)
    stored = world.slapcat()
    copy = World()
    copy.stop()
    for name in ("data.mdb", "lock.mdb"):
        os.unlink(os.path.join(copy.folder, "db", name))
    copy.tool("slapadd", "-q", "-n", "1", input=stored)
    with open(world.key_path) as source, open(copy.key_path, "w") as target:
        target.write(source.read())
    copy.start()
    with copy.use("config") as config:
        people.must(config.modify("olcDatabase={1}mdb,cn=config", (
            "add", "olcSyncrepl", 'rid=001 provider=ldap://127.0.0.1:1 searchbase="%s" bindmethod=simple '
            'type=refreshAndPersist retry="3600 +"' % copy.base)), "consumer")
    with copy.use() as one:
        refused(one.bind(with_factor.dn, with_factor.credential()), one, "password and code on a consumer", UNWILLING)
        refused(one.bind(with_factor.dn, PASSWORD), one, "the password alone on a consumer")
        tap.is_(one.bind(without.dn, PASSWORD).code, SUCCESS, "a member without a factor has nothing to spend")
        for _ in range(100):
            one.bind(without.dn, WRONG)
        refused(one.bind(without.dn, PASSWORD), one, "failures count there too, in memory")
    copy.cleanup()


# --- bad input ---------------------------------------------------------------------------------------


@tap.fault(23)
def test_control_values():
    member = people.member(calm, password=PASSWORD)
    good = session.factor_request("123456", "sshd", "host")[2]
    rng = random.Random(1)
    values = [None, b"", b"\x00", b"\x30", b"\x30\x80\x00\x00", b"\x31\x00", good + b"\x00", good[:-1] + b"\xff\xff",
              ber.sequence(ber.octets("a", 0x81), ber.octets("b", 0x80)), ber.sequence(ber.octets("a", 0x80), ber.octets("b", 0x80)),
              ber.sequence(ber.octets("x" * 300, 0x80)), ber.sequence(ber.octets("x", 0x83)), b"\x30\x84\xff\xff\xff\xff",
              b"\x30\x82\x00\x02\x80\x84"]
    values += [good[:n] for n in range(len(good))]
    with world.use() as one:
        for value in values:
            result = one.bind(member.dn, PASSWORD, [(session.FACTOR_CONTROL, True, value)])
            tap.is_((result.code, one.whoami()), (PROTOCOL, ""), "malformed request %r" % (value and value[:12],))
        wrong = 0
        for _ in range(2000):
            value = bytearray(good)
            for _ in range(rng.randint(1, 4)):
                value[rng.randrange(len(value))] = rng.randrange(256)
            result = one.bind("uid=nobody," + world.base, "x", [(session.FACTOR_CONTROL, True, bytes(value))])
            wrong += result.code not in (PROTOCOL, CREDENTIALS, BUSY)
        tap.is_(wrong, 0, "mutated requests are refused one way or the other")
        twice = one.bind(member.dn, PASSWORD, [session.factor_request(), session.factor_request()])
        tap.is_(twice.code, PROTOCOL, "the control twice")
        long_form = b"\x30\x82\x00\x06\x81\x81\x03ssh"
        tap.is_(one.bind(member.dn, PASSWORD, [(session.FACTOR_CONTROL, True, long_form)]).code, SUCCESS,
                "lengths in long form are taken")
    result, _ = attempt(member.dn, PASSWORD, [session.factor_request(service="a\nb\"c\x00d", rhost="\\")])
    tap.is_(result.code, SUCCESS, "odd text in service and rhost")
    tap.in_('service="a\\0ab\\22c\\00d" rhost="\\5c"', world.log(), "is escaped in the log")
    tap.ok(world.alive(), "slapd is alive")


def test_odd_names():
    for dn in ("uid=a*()\\5c," + calm.people, "uid=a\\0ab," + calm.people, "uid=%s,%s" % ("x" * 4096, calm.people),
               "uid=," + calm.people):
        result, name = attempt(dn, PASSWORD)
        tap.ok(result.code in (CREDENTIALS, 34) and name == "", "name %r" % dn[:30], result)
    for password in (b"\x00", b"Winter#2026\x00", b"\xff\xfe\xfd", b"Winter#2026\n"):
        member = people.member(calm, password=PASSWORD)
        result, name = attempt(member.dn, password)
        tap.is_((result.code, name), (CREDENTIALS, ""), "password %r" % password)
    result, name = attempt(member.dn, "")
    tap.is_((result.code, name), (UNWILLING, ""), "no password at all")


def test_no_secret_in_the_log():
    text = world.log()
    for secret in (PASSWORD, WRONG):
        tap.ok(secret not in text, "%s is not in slapd's log at level trace" % secret)


if __name__ == "__main__":
    tap.main(globals())
