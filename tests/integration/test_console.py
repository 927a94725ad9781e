#!/usr/bin/python3
"""doc/CONSOLE.md, block by block: P1 to P19 done with LDAP and looked at with muster, done with muster and looked at with LDAP,
and at a login through PAM where that is a way.
"""

import base64
import hashlib
import os
import re
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from lib import tap, totp
from lib.applications import PDF
from lib.console import Console
from lib.served import Served, wait_for

BASE = "dc=example,dc=com"
ACME = "o=acme,ou=organizations," + BASE
DORA = "uid=dora,ou=people," + ACME
GLOBEX, BOOKS = "o=Globex,ou=organizations," + BASE, "o=Kim Books,ou=organizations," + BASE
KIM = "uid=kim@example.com,ou=accounts," + BASE
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
    tap.is_((values(KIM, "c"), values(KIM, "cn"), values(KIM, "musterTermsVersion")), (["KR"], ["Kim Minji"], ["2026-11"]),
            "P1 the account, seen by LDAP")
    page.sh("P1", answers=[token, FIRST, FIRST])
    page.person("kim", KIM, FIRST)
    tap.ok(binds(KIM, FIRST), "P1 the first password, by LDAP")
    tap.is_(values(KIM, "musterUnprovedUntil"), [], "P1 and the account stays")


def first_password(who, address):
    """As of P8 to P10."""
    seen = len(demo.tokens(address))
    demo.muster("password", "reset", who)
    return demo.muster("password", "redeem", who, answers=[demo.token(address, seen), FIRST, FIRST]).returncode


def as_kim(*words):
    return demo.muster("-D", KIM, *words, answers=[FIRST])


def test_P02_payment_methods():
    poor = as_kim("org", "add", "Poor", "--domain", "poor", "--owner-id", "x", "--owner-name", "X", "--owner-mail", "x@x.example")
    tap.in_("payment method", poor.stderr.decode(), "P2 no organization without a payment method")
    ident = re.search(r"payment method (\S+) is being checked", page.sh("P2", answers=["good-card"]))[1]
    card = "cn=%s,%s" % (ident, KIM)
    tap.ok(wait_for(lambda: values(card, "musterPaymentState") == ["active"], 20), "P2 the provider was asked")
    tap.is_((values(card, "musterPaymentBrand"), values(card, "musterPaymentLastFour"), values(card, "musterPaymentExpiry")),
            (["Visa"], ["4242"], ["2099-12"]), "P2 added with muster, seen by LDAP")
    listed = page.sh("P2")
    tap.ok(ident in listed and "active" in listed and "4242" in listed, "P2 seen by muster", listed)
    tap.ok("tok_demo" not in listed and values(card, "musterPaymentToken") == [], "P2 the token is nobody's to read")
    done(page.ldif("P2"), "P2 added with ldapadd")
    tap.ok(wait_for(lambda: values("cn=check-card," + KIM, "musterPaymentState") == ["refused"], 20), "P2 a debit card is refused")
    shown = page.sh("P2")
    tap.ok("refused" in shown and "debit" in shown, "P2 seen by muster, with the reason", shown)
    page.sh("P2")
    tap.is_(demo.as_root().search("cn=check-card," + KIM, scope=0).code, 32, "P2 removed with muster, seen by LDAP")
    done(page.ldif("P2", ID=ident), "P2 described with ldapmodify")
    tap.in_("The blue one", as_kim("payment", "show", ident).stdout.decode(), "P2 seen by muster")
    number = as_kim("payment", "show", "4111111111111111")
    tap.ok(number.returncode == 4, "P2 no such method", number.stderr)


def test_P03_organizations():
    done(page.ldif("P3"), "P3 an organization with ldapadd")
    shown = page.sh("P3")
    tap.ok("globex" in shown and "hank" in shown, "P3 seen by muster", shown)
    asked = ("--owner-id", "x", "--owner-name", "X", "--owner-mail", "x@x.example")
    told = page.sh("P3")
    tap.ok("https://kim-books.wiki.example.com/" in told and "minji" in told, "P3, P4 access URL and OWNER are told", told)
    minji = "uid=minji,ou=people," + BOOKS
    tap.is_((values(BOOKS, "musterDomain"), sorted(values(BOOKS, "owner"))), (["kim-books"], sorted([minji, KIM])), "P3 with muster, seen by LDAP")
    tap.is_(values("cn=wiki,ou=services," + BOOKS, "displayName"), ["Books Wiki"], "P3 the name that is shown there")
    tap.is_(values("cn=policy," + BOOKS, "pwdMaxLength"), ["16"], "P3 the rules of the console")
    for name, domain in (("Kim Books", "other"), ("other", "globex"), ("GLOBEX", "other")):
        again = as_kim("org", "add", name, "--domain", domain, *asked)
        tap.ok(again.returncode == 5 and b"choose another" in again.stderr, "P3 %s, %s is taken" % (name, domain), again.stderr)
    taken = admin.modify(GLOBEX, ("replace", "musterDomain", "kim-books"))
    tap.ok(taken.code == 19 and "choose another" in taken.text, "P3 taken with ldapmodify, too", str(taken))


def test_P04_access_urls():
    git = "cn=git,ou=services,"
    done(page.ldif("P4"), "P4 a service with ldapadd")
    tap.is_(values(git + GLOBEX, "labeledURI"), ["https://globex.git.example.com/"], "P4 its access URL")
    shown = page.sh("P4")
    tap.ok("https://globex.git.example.com/" in shown and "Globex code" in shown, "P4 seen by muster", shown)
    tap.in_("https://kim-books.git.example.com/", page.sh("P4"), "P4 a service with muster: its access URL")
    tap.is_(values(git + BOOKS, "displayName"), ["Kim Books"], "P4 seen by LDAP, with the organization's name")
    page.sh("P4")
    tap.is_(values(git + BOOKS, "displayName"), ["Books code"], "P4 renamed with muster, seen by LDAP")
    page.sh("P4")
    tap.is_([values("cn=%s,ou=services,%s" % (name, BOOKS), "labeledURI") for name in ("wiki", "git")],
            [["https://kimbooks.wiki.example.com/"], ["https://kimbooks.git.example.com/"]], "P4 another domain with muster, seen by LDAP")
    done(page.ldif("P4"), "P4 and with ldapmodify")
    shown = page.sh("P4")
    tap.ok("https://kim-books.wiki.example.com/" in shown and "https://kim-books.git.example.com/" in shown, "P4 seen by muster", shown)
    page.sh("P4")
    tap.is_(admin.search("ou=services," + BOOKS, "(cn=git)", ["dn"]).entries, [], "P4 removed with muster, seen by LDAP")
    shown = page.sh("P4")
    tap.ok("https://kim-books.wiki.example.com/" in shown and ".git." not in shown, "P4 the list of services is up to date", shown)


def test_P05_they_stay_in_theirs():
    done(page.ldif("P5"), "P5 an owner adds a member with ldapadd")
    own = page.session("kim")
    tap.is_(own.search("ou=organizations," + BASE, "(objectClass=musterOrganization)", ["dn"]).entries[0][0], BOOKS, "P5 the owner finds its own")
    tap.is_([own.entry(dn) for dn in (ACME, GLOBEX, "uid=hank,ou=people," + GLOBEX)], [{}, {}, {}], "P5 and no other")
    tap.ok(own.modify(GLOBEX, ("replace", "musterNicknames", "FALSE")).code != 0, "P5 nor changes it")
    own.close()
    listed = page.sh("P5")
    tap.ok("kim-books" in listed and "acme" not in listed and "globex" not in listed, "P5 the same with muster", listed)
    listed = page.sh("P5")
    tap.ok("noh" in listed and "minji" in listed, "P5 the member is seen by muster", listed)
    minji, noh = ("uid=%s,ou=people,%s" % (who, BOOKS) for who in ("minji", "noh"))
    page.sh("P5")
    page.sh("P5")
    tap.is_(sorted(values(BOOKS, "owner")), sorted([KIM, noh]), "P5 another OWNER with muster, seen by LDAP")
    tap.is_(first_password("kim-books/minji", "minji@kim-books.example"), 0, "P5 a member of that organization gets a password")
    tap.ok(binds(minji, FIRST), "P5 and is let in by LDAP")
    page.person("minji", minji, FIRST)
    own = page.session("minji")
    found = [dn for dn, _ in own.search(BASE, "(objectClass=inetOrgPerson)", ["dn"]).entries]
    tap.is_(sorted(found), sorted([minji, noh]), "P5 it sees its fellows, as the organization allows, and nobody else")
    own.close()
    tap.ok(login("minji", FIRST) != 0, "P5 the login host of another organization does not know it")


def test_P06_members():
    done(page.ldif("P6"), "P6 a member with ldapadd")
    tap.in_("Dora Doe", page.sh("P6"), "P6 seen by muster")
    page.sh("P6")
    emil = "uid=emil,ou=people," + ACME
    tap.is_(values(emil, "mail"), ["emil@acme.example"], "P6 a member with muster, seen by LDAP")
    tap.ok(emil in values(ACME, "owner"), "P6 and marked OWNER")
    table = page.file("P6", "csv")
    tap.in_("2 rows can be imported", page.sh("P6", **{"members.csv": table}), "P6 the dry run of a table")
    page.sh("P6", **{"members.csv": table})
    tap.is_(values("uid=gil,ou=people," + ACME, "preferredLanguage"), ["ko"], "P6 members of a table with muster, seen by LDAP")
    tap.in_("faye,Faye Frost,faye@acme.example,", page.sh("P6"), "P6 and exported again")
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


def test_P15_contact_mail():
    old, new, third = "dora@acme.example", "dora@home.example", "dora.doe@acme.example"
    page.sh("P15")
    code = demo.sent_code(new)
    tap.is_(values(DORA, "mail"), [old], "P15 the address stays until the code is given")
    page.sh("P15", answers=[code])
    tap.is_((values(DORA, "mail"), values(DORA, "musterVerifiedMail")), ([new], [new]), "P15 with muster, seen by LDAP")
    tap.ok(wait_for(lambda: [m for m in demo.mails(old) if "changed" in m["Subject"]]), "P15 the old address is told")
    done(page.ldif("P15"), "P15 with ldapmodify")
    done(page.ldif("P15", CODE=demo.sent_code(old)), "P15 its code")
    shown = demo.muster("-D", DORA, "account", "show", answers=[THIRD]).stdout.decode()
    tap.ok(old in shown and new not in shown, "P15 seen by muster", shown)
    done(page.ldif("P15"), "P15 the administrator writes one")
    tap.is_((values(DORA, "mail"), values(DORA, "musterMailVerified")), ([third], []), "P15 it is not proved")
    page.sh("P15", answers=[demo.sent_code(third)])
    tap.is_((values(DORA, "musterVerifiedMail"), len(values(DORA, "musterMailVerified"))), ([third], 1), "P15 proved with muster, seen by LDAP")


def test_P16_mobile_number():
    first, second = "+821012345678", "+821099998888"
    page.sh("P16")
    page.sh("P16", answers=[demo.sent_code(first)])
    tap.is_((values(DORA, "mobile"), len(values(DORA, "musterMobileVerified"))), ([first], 1), "P16 with muster, seen by LDAP")
    done(page.ldif("P16"), "P16 with ldapmodify")
    done(page.ldif("P16", CODE=demo.sent_code(second)), "P16 its code")
    tap.in_(second, demo.muster("-D", DORA, "account", "show", answers=[THIRD]).stdout.decode(), "P16 seen by muster")
    tap.ok(wait_for(lambda: [text for text in demo.texts(first) if "changed" in text]), "P16 the number before is told")


def test_P12_login_id():
    new, mobile = "kim.minji@example.com", "+821055554444"
    renamed = KIM.replace("kim@example.com", new)
    page.sh("P12")
    page.sh("P12", answers=[demo.sent_code(mobile)])
    page.sh("P12")
    tap.ok(binds(KIM, FIRST), "P12 the old ID works until the codes are given")
    page.sh("P12", answers=[demo.sent_code(mobile, 1), demo.sent_code(new)])
    tap.ok(binds(renamed, FIRST) and not binds(KIM, FIRST), "P12 renamed with muster, seen by a bind")
    tap.in_(renamed, values(BOOKS, "owner"), "P12 its organization names it")
    page.person("kim", renamed, FIRST)
    seen = len(demo.codes("kim@example.com"))
    done(page.ldif("P12"), "P12 with ldapmodify")
    codes = {"MOBILECODE": demo.sent_code(mobile, 2), "MAILCODE": demo.sent_code("kim@example.com", seen)}
    done(page.ldif("P12", **codes), "P12 its codes")
    page.person("kim", KIM, FIRST)
    tap.in_("kim@example.com", as_kim("account", "show").stdout.decode(), "P12 seen by muster")
    tap.in_(KIM, values(BOOKS, "owner"), "P12 and its organization names it")


def test_P17_required_information():
    folder = "ou=applications," + BASE
    dns = {name: "uid=%s@example.com,ou=accounts,%s" % (name, BASE) for name in ("lee", "olga")}
    for name, dn in dns.items():
        done(admin.add(dn, {"objectClass": ["inetOrgPerson", "musterMember", "musterAccount"], "uid": name + "@example.com", "cn": name,
                            "sn": name, "mail": name + "@example.com"}), "P17 a platform member")
        demo.muster("password", "reset", name + "@example.com")
        token = demo.token(name + "@example.com")
        demo.muster("password", "redeem", name + "@example.com", answers=[token, FIRST, FIRST])
        page.person(name, dn, FIRST)
    done(page.ldif("P17"), "P17 an operator with ldapmodify")
    scan = os.path.join(demo.folder, "scan.pdf")
    with open(scan, "wb") as file:
        file.write(PDF)
    done(page.ldif("P17", SCAN=PDF), "P17 filed with ldapmodify")
    shown = page.sh("P17")
    tap.ok("o: Lee Inc." in shown and hashlib.sha256(PDF).hexdigest() in shown, "P17 seen by muster", shown)
    ident = re.search(r"application (\S+) is filed", page.sh("P17", SCAN=scan))[1]
    filed = "cn=%s,%s" % (ident, folder)
    tap.is_(sorted(values(filed, "musterApplicationChange")), ["c: KR", "cn: Lee Young"], "P17 filed with muster, seen by LDAP")
    tap.is_(values("documentIdentifier=1," + filed, "musterDocumentHash"), [hashlib.sha256(PDF).hexdigest()], "P17 and its document")
    listed = page.sh("P17")
    tap.ok("shop-1" in listed and ident in listed, "P17 an operator sees both", listed)
    page.sh("P17", FILE=os.path.join(demo.folder, "saved.pdf"))
    with open(os.path.join(demo.folder, "saved.pdf"), "rb") as file:
        tap.is_(file.read(), PDF, "P17 the document as it was sent")
    page.sh("P17")
    tap.is_((values(dns["lee"], "musterMemberType"), values(dns["lee"], "o")), (["business"], ["Lee Inc."]),
            "P17 approved with muster, the change seen by LDAP")
    done(page.ldif("P17", ID=ident), "P17 rejected with ldapmodify")
    shown = page.sh("P17")
    tap.ok("approved" in shown and "rejected" in shown, "P17 seen by muster", shown)
    tap.is_(values(dns["lee"], "cn"), ["lee"], "P17 what is rejected changes nothing")
    done(page.ldif("P17"), "P17 a document deleted with ldapmodify")
    tap.in_("1 document of 1 application deleted", page.sh("P17"), "P17 those that are left, with muster")
    tap.is_(admin.search(folder, "(musterDocumentContent=*)", ["1.1"]).entries, [], "P17 seen by LDAP")
    ident = re.search(r"application (\S+) is filed", page.sh("P17"))[1]
    page.sh("P17", ID=ident)
    tap.is_(admin.search("cn=%s,%s" % (ident, folder), scope=0).code, 32, "P17 withdrawn with muster, seen by LDAP")
    done(page.ldif("P17"), "P17 another")
    done(page.ldif("P17"), "P17 withdrawn with ldapmodify")
    tap.ok("shop-2" not in str(demo.admin("application", "list").stdout), "P17 seen by muster")


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


def test_every_block_was_run():
    tap.is_(page.unused(), [], "nothing on the page that was not run")


tap.main(globals())
