#!/usr/bin/python3
"""doc/CONSOLE.md, block by block: P1 to P19 done with LDAP and looked at with muster, done with muster and looked at with LDAP,
and at a login through PAM where that is a way.
"""

import base64
import os
import re
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from lib import tap, totp
from lib.console import Console
from lib.served import Served, wait_for

BASE = "dc=example,dc=com"
ACME = "o=acme,ou=organizations," + BASE
DORA = "uid=dora,ou=people," + ACME
FIRST, SECOND, THIRD = "First-pw1", "Second-2b", "Third-pw3"

demo = Served()
page = Console(demo)
admin = demo.as_admin()
seeds = {}


def done(result, what):
    if not tap.is_(result.code, 0, what):
        tap.note(result.text)


def values(dn, attribute):
    return [v.decode() for v in admin.entry(dn, [attribute]).get(attribute, [])]


def login(user, *answers):
    """A login through PAM: 0 when it lets in."""
    return demo.pam(user, answers).returncode


def binds(dn, credential):
    session = demo.session()
    code = session.bind(dn, credential).code
    session.close()
    return code == 0


def code_of(who):
    return totp.code_of_step(seeds[who], totp.step())


def fresh_code(who):
    """A code of a step that was not spent yet."""
    begun = totp.step()
    wait_for(lambda: totp.step() > begun, 35)
    time.sleep(0.2)
    return code_of(who)


def test_P01_sign_up():
    done(page.ldif("Settings the examples need"), "settings with ldapmodify")
    page.sh("P1")
    token = demo.token("kim@example.com")
    tap.ok(token, "P1 the mail with the token")
    kim = "uid=kim@example.com,ou=accounts," + BASE
    tap.is_((values(kim, "c"), values(kim, "cn"), values(kim, "musterTermsVersion")), (["KR"], ["Kim Minji"], ["2026-11"]),
            "P1 the account, seen by LDAP")
    page.sh("P1", answers=[token, FIRST, FIRST])
    page.person("kim", kim, FIRST)
    tap.ok(binds(kim, FIRST), "P1 the first password, by LDAP")
    tap.is_(values(kim, "musterUnprovedUntil"), [], "P1 and the account stays")


def test_P05_P06_members():
    done(page.ldif("P6"), "P6 a member with ldapadd")
    tap.in_("Dora Doe", page.sh("P6"), "P6 seen by muster")
    page.sh("P6")
    emil = "uid=emil,ou=people," + ACME
    tap.is_(values(emil, "mail"), ["emil@acme.example"], "P6 a member with muster, seen by LDAP")
    tap.ok(emil in values(ACME, "owner"), "P6 and marked OWNER")
    done(page.ldif("P6"), "P6 an OWNER with ldapmodify")
    tap.in_("dora", str(demo.admin("org", "show", "acme").stdout), "P6 seen by muster")
    done(admin.modify(ACME, ("delete", "owner", DORA)), "P6 and no OWNER any more")


def test_P07_policy():
    done(page.ldif("P7"), "P7 settings with ldapmodify")
    shown = page.sh("P7")
    tap.ok("127.0.0.0/8" in shown, "P7 seen by muster", shown)
    page.sh("P7")
    policy = "cn=policy," + ACME
    tap.is_((values(policy, "musterNetwork"), values(policy, "pwdMaxFailure")), ([], ["5"]), "P7 settings with muster, seen by LDAP")


def test_P08_P09_P10_first_password():
    tap.ok(login("dora", FIRST) != 0, "P8 no password, no login through PAM")
    tap.ok(not binds(DORA, FIRST), "P8 nor by LDAP")
    page.sh("P9")
    token = demo.token("dora@acme.example")
    tap.ok(token, "P9 the mail with the token")
    weak = demo.muster("password", "redeem", "acme/dora", answers=[token, "abcdefgh", "abcdefgh"])
    tap.is_(weak.returncode, 6, "P10 a password that breaks rules")
    page.sh("P9", answers=[token, FIRST, FIRST])
    page.person("dora", DORA, FIRST)
    tap.ok(binds(DORA, FIRST), "P9 the first password, by LDAP")
    tap.is_(login("dora", FIRST), 0, "P9 and through PAM")


def test_P11_change():
    done(page.ldif("P11", OLD=FIRST, NEW=SECOND), "P11 with ldapmodify")
    tap.is_(login("dora", SECOND), 0, "P11 it lets in through PAM")
    page.sh("P11", answers=[SECOND, THIRD, THIRD])
    page.person("dora", DORA, THIRD)
    tap.ok(binds(DORA, THIRD), "P11 changed with muster, seen by a bind")


def test_P13_P14_account_page():
    shown = page.sh("P13")
    for fact in ("dora", values(DORA, "entryUUID")[0], "Dora Doe", "dora@acme.example", "acme", values(ACME, "entryUUID")[0]):
        tap.in_(fact, shown, "P13 %s, as LDAP has it" % fact)
    page.sh("P14")
    tap.is_((values(DORA, "preferredLanguage"), values(DORA, "musterServiceArea")), (["ko"], ["Seoul"]), "P14 with muster, seen by LDAP")
    done(page.ldif("P14"), "P14 with ldapmodify")
    shown = page.sh("P14")
    tap.ok("Dodo" in shown and "1 Main St, Springfield" in shown, "P14 seen by muster", shown)
    done(admin.modify(DORA, ("replace", "preferredLanguage", "en")), "P14 mails in English again")


def test_P18_P19_otp():
    seeds["dora"] = totp.new_secret()
    done(page.ldif("P18", SEED=seeds["dora"], CODE=code_of("dora")), "P18 with ldapmodify")
    shown = str(demo.muster("-D", demo["ADMIN_DN"], "otp", "status", "acme/dora", answers=[demo["ADMIN_PW"]]).stdout)
    tap.ok("yes" in shown, "P18 seen by muster", shown)
    tap.ok(not binds(DORA, THIRD), "P18 the password alone lets in nowhere")
    tap.is_(login("dora", THIRD, fresh_code("dora")), 0, "P18 password and code through PAM")
    page.sh("P19", answers=[THIRD, fresh_code("dora")])
    tap.is_(admin.search(DORA, "(oathSecret=*)", ["dn"]).entries, [], "P19 removed with muster, seen by LDAP")

    def answers(line):
        if line is None:
            return [THIRD]
        found = re.search(r"[?&]secret=([A-Z2-7]+)", line)
        if not found:
            return []
        seeds["dora"] = base64.b32decode(found[1] + "=" * (-len(found[1]) % 8))
        return [code_of("dora")]

    page.sh("P18", answers)
    tap.is_(len(admin.search(DORA, "(oathSecret=*)", ["dn"]).entries), 1, "P18 registered with muster, seen by LDAP")
    page.person("dora", DORA, THIRD, lambda: fresh_code("dora"))
    done(page.ldif("P19", CODE=lambda: fresh_code("dora")), "P19 with ldapmodify")
    page.person("dora", DORA, THIRD)
    tap.is_(login("dora", THIRD), 0, "P19 the password alone lets in through PAM again")


tap.main(globals())
