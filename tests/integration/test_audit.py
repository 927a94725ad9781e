#!/usr/bin/python3
"""The audit line: exactly one for each outcome, its fields in one order, one line whatever a stranger sends, no secret at all.

slapd logs everything here except packets: at the levels "packets" and "BER" stock slapd itself prints what it receives, passwords
included (doc/OPERATIONS.md).
"""

import base64
import glob
import os
import re
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from lib import exops, people, session, tap, totp
from lib.tap import in_, is_, ok
from lib.world import SOURCE, World

PACKETS, BER = 2, 16
EVERYTHING = str(0xffff & ~(PACKETS | BER))
LINE = re.compile(
    r'muster: outcome=(?P<outcome>accepted|refused) operation=(?P<operation>[A-Za-z-]+) dn="(?P<dn>[^"]*)" by="(?P<by>[^"]*)" '
    r'from="(?P<source>[^"]*)" service="(?P<service>[^"]*)" rhost="(?P<rhost>[^"]*)" factor=(?P<factor>[a-z+-]+) '
    r'rule=(?P<rule>[a-z-]+) result=(?P<result>\d+) text="(?P<text>[^"]*)"$')
PASSWORD, NEXT, WRONG = people.PASSWORD, "Summer#2026", "Wrong#2026aa"

world = World(debug=EVERYTHING, faketime=True)
acme = people.organization(world, policy={"pwdMaxFailure": "50"})
root = world.session("root")
plain = people.member(acme, password=PASSWORD, root=root)
strong = people.member(acme, password=PASSWORD, secret=totp.new_secret(), root=root)
suspended = people.member(acme, password=PASSWORD, root=root)
people.must(root.modify(suspended.dn, ("replace", "musterStatus", "suspended")), "suspend")
changing = people.member(acme, root=root)
people.must(root.modify(changing.dn, ("replace", "userPassword", PASSWORD)), "must change")
tap.eventually(lambda: 'operation=set-password dn="%s"' % changing.dn in world.log(), "ready")
secrets = {PASSWORD, NEXT, WRONG}


def lines():
    return [line for line in world.log().splitlines() if "muster: outcome=" in line]


def one(act, what, **expected):
    """Exactly one line comes of it, with these fields."""
    before = len(lines())
    act()
    # A write's line comes after its answer.
    end = time.monotonic() + 60
    while len(lines()) == before and time.monotonic() < end:
        time.sleep(0.01)
    new = lines()[before:]
    if len(new) != 1:
        is_(new, ["one line"], what)
        return {}
    found = LINE.search(new[0])
    if not found:
        ok(False, "%s: the line has its shape" % what, new[0])
        return {}
    fields = found.groupdict()
    is_({k: fields[k] for k in expected}, expected, what)
    return fields


def bind(who, password, code=None, control=True):
    """A bind on a connection of its own, as an action."""
    secrets.add(password)
    if code:
        secrets.add(code)

    def act():
        with world.use() as someone:
            if control:
                someone.bind_factor(who if isinstance(who, str) else who.dn, password, code, "sshd", "192.0.2.7")
            else:
                someone.bind(who if isinstance(who, str) else who.dn, password + (code or ""))
    return act


def code(ahead=0):
    world.move_clock(ahead)
    return strong.code(time.time() + ahead)


# --- logins --------------------------------------------------------------------------------------------------------------


def test_logins():
    fields = one(bind(plain, PASSWORD), "a login", outcome="accepted", operation="bind", dn=plain.dn, by="-", factor="password",
                 rule="-", result="0", service="sshd", rhost="192.0.2.7", text="-")
    ok(fields.get("source", "").startswith("PATH="), "from where", str(fields))
    one(bind(plain, PASSWORD, control=False), "without the control", outcome="accepted", factor="password", service="-", rhost="-")
    spent = code(60)
    one(bind(strong, PASSWORD, spent), "with a code", outcome="accepted", factor="password+code")
    one(bind(strong, PASSWORD, spent), "the same code again", outcome="refused",
        factor="password", rule="code-spent", result="49")
    one(bind(strong, PASSWORD), "no code", outcome="refused", factor="password", rule="code-missing", result="8")
    one(bind(strong, PASSWORD, control=False), "nor here", outcome="refused", factor="password", rule="code-missing", result="49")
    one(bind(strong, PASSWORD, "000000"), "a wrong code", outcome="refused", factor="password", rule="code")
    one(bind(plain, WRONG), "a wrong password", outcome="refused", factor="none", rule="credentials", result="49")
    one(bind(suspended, PASSWORD), "suspended", outcome="refused", factor="password", rule="suspended", result="49")
    one(bind(changing, PASSWORD), "to be changed", outcome="refused", factor="password", rule="change-required", result="8")
    one(bind("uid=nobody," + acme.people, WRONG), "nobody", outcome="refused", factor="none", rule="no-member", result="49")
    with world.use(uri=world.uri) as weak:
        one(lambda: weak.bind(plain.dn, PASSWORD), "a weak connection", outcome="refused", rule="connection", result="13")


def test_others_are_none_of_ours():
    before = len(lines())
    with world.use("admin"):
        pass
    is_(len(lines()), before, "the bind of an entry that is no member has slapd's own line only")


# --- extended operations ---------------------------------------------------------------------------------------------------


def test_operations():
    with world.use() as someone:
        one(lambda: exops.change_password(someone, plain.dn, WRONG, NEXT), "changePassword, wrong", outcome="refused",
            operation="changePassword", dn=plain.dn, factor="none", rule="credentials")
        one(lambda: exops.change_password(someone, plain.dn, PASSWORD, "short"), "changePassword, a rule", outcome="refused",
            factor="password", rule="password-rules", result="19")
        one(lambda: exops.change_password(someone, plain.dn, PASSWORD, NEXT), "changePassword", outcome="accepted", factor="password")
        seed = totp.new_secret()
        secrets.add(seed)
        one(lambda: exops.enrol_totp(someone, plain.dn, NEXT, seed, "123456"), "enrolTotp, wrong code", outcome="refused",
            operation="enrolTotp", factor="password", rule="credentials")
        one(lambda: exops.redeem(someone, plain.dn, "mr1-" + "A" * 43, NEXT), "redeem, wrong token", outcome="refused",
            operation="redeem", dn=plain.dn, factor="none", rule="token")
        one(lambda: exops.redeem(someone, "uid=nobody," + acme.people, "mr1-" + "A" * 43, NEXT), "redeem, nobody",
            outcome="refused", rule="no-member")
        one(lambda: exops.request_reset(someone, changing.dn), "requestReset", outcome="accepted", operation="requestReset",
            dn="dn:" + changing.dn, factor="none")
        one(lambda: exops.sign_up(someone, "new@example.com"), "signUp without terms in force", outcome="refused", operation="signUp",
            factor="none", rule="sign-up", result="53")
        one(lambda: someone.extended(exops.REDEEM, b"garbage"), "garbage", outcome="refused", operation="redeem", rule="protocol",
            result="2")
        one(lambda: exops.claim(someone, "q-" + "A" * 22), "claim by a stranger", outcome="refused", operation="claim", rule="access",
            result="50")


def test_claims():
    with world.use("courier") as courier:
        name = courier.search("ou=queue," + world.base, "(objectClass=musterRequest)", ["cn"]).entries[0][1]["cn"][0].decode()
        fields = one(lambda: exops.claim(courier, name), "claim", outcome="accepted", operation="claim", by=world.courier_dn)
        ok(fields.get("text") not in (None, "-"), "says what for", str(fields))
        one(lambda: exops.claim(courier, "q-" + "A" * 22), "claim of nothing", outcome="refused", rule="not-there", result="32")


def test_password_modify():
    with world.use(plain.dn, NEXT) as me:
        one(lambda: me.passwd(plain.dn, WRONG, PASSWORD), "Password Modify, wrong", outcome="refused", operation="passwordModify",
            by="-", factor="none", rule="credentials")
        one(lambda: me.passwd(plain.dn, NEXT, "Autumn#2026"), "Password Modify", outcome="accepted", factor="password", rule="-")
    secrets.add("Autumn#2026")


# --- writes ----------------------------------------------------------------------------------------------------------------


def test_writes():
    dn = "uid=written," + acme.people
    entry = {"objectClass": ["inetOrgPerson", "musterMember"], "uid": "written", "cn": "W", "sn": "W"}
    with world.use("admin") as admin, world.use(plain.dn, "Autumn#2026") as me:
        one(lambda: me.add(dn, entry), "add, no right", outcome="refused", operation="add-member", dn=dn, by=plain.dn, rule="access")
        one(lambda: admin.add(dn, entry), "add", outcome="accepted", operation="add-member", dn=dn, by=world.admin_dn)
        one(lambda: admin.add(dn, entry), "add again", outcome="refused", rule="directory", result="68")
        fields = one(lambda: admin.modify(dn, ("replace", "description", "secret words"), ("replace", "cn", "X")), "modify",
                     outcome="accepted", operation="modify-member", by=world.admin_dn)
        is_(fields.get("text"), "description cn", "names of attributes, no values")
        one(lambda: admin.modify(dn, ("replace", "userPassword", "short")), "a password that breaks rules", outcome="refused",
            operation="set-password", rule="password-rules", result="19")
        one(lambda: admin.modify(dn, ("replace", "userPassword", PASSWORD)), "a password", outcome="accepted",
            operation="set-password")
        one(lambda: admin.modify(dn, ("replace", "musterStatus", "suspended")), "status", outcome="accepted", operation="status")
        one(lambda: me.modify(dn, ("replace", "cn", "Y")), "modify, no right", outcome="refused", by=plain.dn, result="50")
        one(lambda: me.modify(plain.dn, ("replace", "displayName", "Me")), "one's own", outcome="accepted", by="-")
        one(lambda: admin.modify(acme.policy, ("replace", "pwdMinLength", "900")), "a policy, out of range", outcome="refused",
            operation="modify-policy", rule="constraint")
        one(lambda: admin.modify(acme.policy, ("replace", "pwdMinLength", "9")), "a policy", outcome="accepted",
            operation="modify-policy", text="pwdMinLength")
        one(lambda: admin.modify(acme.dn, ("replace", "description", "x")), "an organization", outcome="accepted",
            operation="modify-organization")
        one(lambda: admin.rename(dn, "uid=renamed"), "rename", outcome="accepted", operation="rename-member", dn=dn)
        renamed = "uid=renamed," + acme.people
        one(lambda: me.delete(renamed), "delete, no right", outcome="refused", operation="delete-member", result="50")
        one(lambda: admin.delete(renamed), "delete", outcome="accepted", operation="delete-member", dn=renamed)
        before = len(lines())
        admin.modify("ou=hosts," + world.base, ("replace", "description", "x"))
        is_(len(lines()), before, "an entry that is none of ours has slapd's own line only")


# --- what strangers send -----------------------------------------------------------------------------------------------------


def test_names_that_would_be_lines():
    forged = '\n1 2 conn=1 op=0 muster: outcome=accepted operation=bind dn="uid=boss"'
    escaped = "".join("\\%02X" % c if c < 0x20 or c in b'",+=\\' else chr(c) for c in forged.encode())
    with world.use() as someone:
        one(lambda: someone.bind("uid=x%s,%s" % (escaped, acme.people), WRONG), "a name with a line end", outcome="refused",
            rule="no-member")
        one(lambda: someone.bind_factor(plain.dn, WRONG, None, "ss\r\nhd" + forged, "a\x00b\x1b[2J" + forged), "service and rhost",
            outcome="refused", rule="credentials")
        one(lambda: exops.request_reset(someone, exops.target_login("x" + "y" * 200, "acme")), "a long name", outcome="accepted")
        one(lambda: someone.bind("uid=%s,%s" % ("z" * 3000, acme.people), WRONG), "a very long name", outcome="refused")
    for line in world.log().splitlines():
        if "muster: outcome=" in line and not LINE.search(line):
            ok(False, "every line has the shape", line)
    is_([line for line in lines() if re.search(r"[\x00-\x1f\x7f]", line)], [], "no control character is in any of them")
    is_([line for line in lines() if 'operation=bind dn="uid=boss"' in line], [], "nobody can write a line of his own")


def test_every_word_is_documented():
    with open(os.path.join(SOURCE, "doc/OPERATIONS.md")) as file:
        page = file.read()
    words = set()
    for path in glob.glob(os.path.join(SOURCE, "src/slapd/*.c")):
        with open(path) as file:
            text = file.read()
        words.update(re.findall(r'(?:rule|factor) = "([a-z+-]+)"', text))
        words.update(re.findall(r'refused\(\w+, VERIFY_\w+, "([a-z-]+)"\)', text))
        words.update(re.findall(r'(?:operation|what) = "([A-Za-z-]+)"', text))
        words.update(re.findall(r'BER_BVC\(MUSTER_EXOP_ARC "[.0-9]+"\), EXOP_\w+, "(\w+)"', text))
    ok(len(words) > 30, "words of audit lines are found in the sources", str(sorted(words)))
    is_(sorted(word for word in words if "`%s`" % word not in page), [], "OPERATIONS.md knows each of them")


def test_no_secret_at_any_level_but_packets():
    spellings = set()
    for secret in secrets | {strong.secret}:
        octets = secret if isinstance(secret, bytes) else secret.encode()
        spellings |= {octets, base64.b64encode(octets), octets.hex().encode()}
    with open(world.log_path, "rb") as file:
        log = file.read()
    ok(len(log) > 1000000 or log.count(b"\n") > 5000, "slapd logs a lot", "%d octets" % len(log))
    # "000000" and the like are in any log; codes of six digits are looked for as words
    found = [s for s in spellings if (re.search(rb"(?<![0-9a-f.])" + re.escape(s) + rb"(?![0-9a-f])", log) if s.isdigit()
                                      else s in log) and s not in (b"000000", b"123456")]
    is_(found, [], "none of %d spellings of secrets is in it" % len(spellings))


def teardown():
    world.stop()


if __name__ == "__main__":
    tap.main(globals())
