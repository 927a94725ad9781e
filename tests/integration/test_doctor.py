#!/usr/bin/python3
"""muster doctor: an installation that is right has no findings; each thing that is broken is found, by its name."""

import hashlib
import os
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from lib import people, tap, totp
from lib.checkup import Checkup
from lib.session import RELAX
from lib.tap import in_, is_, ok
from lib.world import DATABASE

HEALTHY, FINDINGS, UNSEEN = range(3)

place = Checkup()
world = place.world
# Policies that no standard objects to, so that what is found is what a test broke.
FAULTLESS = {"pwdMinLength": "15", "pwdMaxLength": "64", "musterPwdRequire": "none", "musterSecondFactor": "required",
             "musterPwdMinLengthFactor": "8", "musterPwdBlocklist": "TRUE", "musterMaxAppPasswords": "0"}
PASSWORD = "correct horse battery"
acme = people.organization(world, "acme", policy=FAULTLESS)
beta = people.organization(world, "beta", policy=FAULTLESS)
alice = people.member(acme, "alice", password=PASSWORD, secret=totp.new_secret())
bob = people.member(acme, "bob", password=PASSWORD)
people.member(beta, "ben", password=PASSWORD)
people.account(world, "pat@example.net", password="Spring#2026")
OVERLAY = "olcOverlay={2}muster," + DATABASE
FRONTEND = "olcDatabase={-1}frontend,cn=config"


def found(report, *names):
    """Exactly these findings, errors or warnings."""
    is_(report.ids, sorted(names), "found: " + (", ".join(names) or "nothing"))
    is_(report.code, FINDINGS if names else HEALTHY, "exit status")
    if report.ids != sorted(names):
        tap.note(report.text())


class Broken:
    """Change cn=config for the time of a with statement."""

    def __init__(self, dn, attribute, value, how="replace"):
        self.dn, self.attribute, self.value, self.how = dn, attribute, value, how

    def __enter__(self):
        with world.use("config") as config:
            self.before = config.entry(self.dn, [self.attribute]).get(self.attribute)
            people.must(config.modify(self.dn, (self.how, self.attribute, self.value)), self.attribute)

    def __exit__(self, *_):
        with world.use("config") as config:
            people.must(config.modify(self.dn, ("replace", self.attribute, self.before)), self.attribute)


def raw(dn, *changes):
    """Change an entry behind the overlay's back, as slapadd would."""
    world.stop()
    rows = "".join("dn: %s\nchangetype: modify\nreplace: %s\n%s: %s\n\n" % (dn, name, name, value)
                   for name, value in changes)
    world.tool("slapmodify", "-n", "1", input=rows.encode())
    world.start()


def wait_for(condition, seconds=60):
    end = time.monotonic() + seconds
    value = condition()
    while not value and time.monotonic() < end:
        time.sleep(0.2)
        value = condition()
    return value


def keep(dn, name):
    with world.use("root") as root:
        return root.entry(dn, [name])[name][0].decode()


BREACHED = os.path.join(world.folder, "breached")
with open(BREACHED, "w") as lines:
    lines.write("".join(sorted(hashlib.sha1(word.encode()).hexdigest().upper() + ":1\n" for word in ("password", "letmein"))))
with world.use("config") as with_config:
    people.must(with_config.modify(OVERLAY, ("add", "olcMusterBreached", BREACHED)), "list of breached passwords")


# --- healthy -------------------------------------------------------------------------------------------------


def test_healthy():
    report = place.doctor("slapd", "access", "data")
    found(report)
    is_(report.unseen, [], "everything could be looked at")
    is_([f for f in report.findings if f["severity"] == "note"], [], "no note either")
    done = place.muster("doctor", "slapd", "access", "data")
    is_(done.stdout, b"nothing found\n", "and it says so")
    report = place.doctor()
    ok(set(report.ids) <= {"clock/unsynchronised"}, "all parts: nothing but this machine's own clock", str(report.ids))


def test_usage():
    report = place.doctor("nonsense")
    is_(report.code, UNSEEN, "an unknown part")
    in_("slapd, access, data", report.err, "it lists the parts")
    is_(place.muster("doctor", "--help").returncode, 0, "doctor --help")
    in_(b"doctor member WHO", place.muster("doctor", "member", "--help").stdout, "doctor member --help is about that")


def test_not_everything_can_be_seen():
    report = place.doctor(login=world.admin_dn, answers=[world.admin_password])
    is_(report.code, UNSEEN, "an administrator: not everything can be seen")
    ok(any("cn=config" in text for text in report.unseen) and any("slapacl" in text for text in report.unseen),
       "it says what", str(report.unseen))
    report = place.doctor("data", login=world.admin_dn, answers=["wrong"])
    is_((report.code, report.ids), (UNSEEN, []), "a wrong password")
    report = place.doctor("data", uri="ldap://127.0.0.1:1", login=world.admin_dn, answers=["x"])
    is_(report.code, UNSEEN, "no server")


# --- slapd ---------------------------------------------------------------------------------------------------


def test_settings():
    for name, dn, attribute, value in (
            ("slapd/allows", "cn=config", "olcAllows", "bind_anon_dn bind_anon_cred"),
            ("slapd/min-ssf", OVERLAY, "olcMusterMinSSF", "0"),
            ("slapd/argon2-weak", OVERLAY, "olcMusterArgon2", "m=8192 t=1"),
            ("slapd/rootpw", DATABASE, "olcRootPW", world.root_password),
            ("slapd/rootpw", DATABASE, "olcRootPW", "{MD5}X03MO1qnZdYdgyfeuILPmQ=="),
            ("slapd/password-hash", FRONTEND, "olcPasswordHash", "{CLEARTEXT}"),
            ("slapd/nosync", DATABASE, "olcDbNoSync", "TRUE"),
            ("slapd/add-content", DATABASE, "olcAddContentAcl", "FALSE"),
            ("slapd/tls-old", "cn=config", "olcTLSProtocolMin", "3.1")):
        with Broken(dn, attribute, value):
            report = place.doctor("slapd")
            in_(name, report.ids, "%s: %s" % (attribute, value))
            is_(set(report.ids), {name}, "and nothing else")
    found(place.doctor("slapd"))


def test_files():
    for name, path in (("slapd/key-file", world.key_path), ("slapd/tls-key-file", world.places["KEY"])):
        os.chmod(path, 0o644)
        found(place.doctor("slapd"), name)
        os.chmod(path, 0o600)
    os.rename(world.key_path, world.key_path + ".away")
    found(place.doctor("slapd"), "slapd/key-file")
    os.rename(world.key_path + ".away", world.key_path)
    os.rename(BREACHED, BREACHED + ".away")
    found(place.doctor("slapd"), "slapd/list-file")
    os.rename(BREACHED + ".away", BREACHED)


def test_certificate():
    folder = os.path.join(world.folder, "old-tls")
    os.mkdir(folder)
    key, certificate = os.path.join(folder, "key"), os.path.join(folder, "crt")
    for days, name, severity in ((3, "expires", "warning"), (-1, "expired", "error")):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc",
                        "-subj", "/CN=localhost", "-days", "3", "-keyout", key, "-out", certificate], check=True,
                       capture_output=True, env=dict(os.environ))
        if days < 0:
            subprocess.run(["faketime", "-f", "-10d", "openssl", "req", "-x509", "-key", key, "-subj", "/CN=localhost",
                            "-days", "3", "-out", certificate], check=True, capture_output=True)
        shutil.copy(world.places["CERT"], folder + "/kept")
        shutil.copy(certificate, world.places["CERT"])
        report = place.doctor("slapd")
        found(report, "slapd/certificate")
        is_([f["severity"] for f in report.find("slapd/certificate")], [severity], "a certificate that " + name)
        shutil.copy(folder + "/kept", world.places["CERT"])


def test_overlays():
    with world.use("config") as config:
        people.must(config.modify("cn=module{0},cn=config", ("add", "olcModuleLoad", "refint")), "module")
        people.must(config.add("olcOverlay=refint," + DATABASE, {
            "objectClass": ["olcOverlayConfig", "olcRefintConfig"], "olcOverlay": "refint", "olcRefintAttribute": "owner"}),
                    "overlay")
    report = place.doctor("slapd")
    found(report, "slapd/overlay-order")
    in_("refint is above muster", report.find("slapd/overlay-order")[0]["text"], "it says which one")
    with world.use("config") as config:
        people.must(config.delete("olcOverlay={3}refint," + DATABASE), "overlay")
        people.must(config.delete("olcOverlay={0}mustersasl," + FRONTEND), "mustersasl")
    found(place.doctor("slapd"), "slapd/sasl-open")
    with world.use("config") as config:
        people.must(config.add("olcOverlay=mustersasl," + FRONTEND, {
            "objectClass": ["olcOverlayConfig", "olcMusterSaslConfig"], "olcOverlay": "mustersasl"}), "mustersasl")
    found(place.doctor("slapd"))


# --- access --------------------------------------------------------------------------------------------------


class Rules:
    """Access rules in front of the others for the time of a with statement."""

    def __init__(self, *rules, dn=DATABASE):
        self.changes = [Broken(dn, "olcAccess", "{0}" + rule, "add") for rule in reversed(rules)]

    def __enter__(self):
        for change in self.changes:
            change.__enter__()
        return place.doctor("access")

    def __exit__(self, *what):
        for change in reversed(self.changes):
            change.__exit__(*what)


def texts(report, name):
    return [f["text"] for f in report.find(name)]


def test_readable():
    with Rules("to attrs=userPassword by self read by anonymous auth by * none", "to attrs=oathSecret by * read",
               "to attrs=musterLoginState,pwdHistory by users read by * none",
               "to dn.subtree=\"ou=organizations,%s\" attrs=entry,mail,cn by * read" % world.base) as report:
        found(report, "access/member-readable", "access/secret-readable")
        for who, what in (("a member itself", "userPassword/read, oathSecret/read, pwdHistory/read, musterLoginState/read"),
                          ("anybody, without a login,", "oathSecret/read"),
                          ("an OWNER of another organization", "oathSecret/read, pwdHistory/read, musterLoginState/read")):
            in_("%s gets %s" % (who, what), texts(report, "access/secret-readable"), "%s: %s" % (who, what))
        in_("anybody, without a login, gets mail/read, mail/compare, cn/read", texts(report, "access/member-readable"), "and whom it is about")


def test_payments_and_applications():
    with world.use("root") as root:
        account = people.account(world, "pay@example.com", root=root)
    world.stop()
    world.slapadd(world.slapcat() + (
        "\n\ndn: cn=1,{0}\nobjectClass: applicationProcess\nobjectClass: musterPaymentMethod\ncn: 1\nmusterPaymentKind: card\n\n"
        "dn: cn=1,ou=applications,{1}\nobjectClass: applicationProcess\nobjectClass: musterApplication\ncn: 1\nmusterApplicant: {0}\n"
        "musterApplicationState: filed\nmusterApplicationChange: sn: Kim\n\n"
        "dn: documentIdentifier=1,cn=1,ou=applications,{1}\nobjectClass: document\nobjectClass: musterDocument\ndocumentIdentifier: 1\n"
        "musterDocumentType: image/png\n").format(account.dn, world.base).encode())
    world.start()
    found(place.doctor("access"))
    with Rules("to attrs=musterPaymentToken,musterDocumentContent,musterCodeCount by users read by * none",
               "to attrs=musterPaymentState by users write by * none", "to attrs=musterApplicationState by anonymous write by * none",
               "to dn.children=\"ou=accounts,%s\" attrs=mail,mobile,authzTo by users search by * none" % world.base) as report:
        found(report, "access/application-writable", "access/member-readable", "access/payment-writable", "access/secret-readable")
        in_("any platform member gets musterCodeCount/read", texts(report, "access/secret-readable"), "counts of codes")
        in_("any platform member gets mail/compare, mobile/search", texts(report, "access/member-readable"), "what can be guessed")


def test_readable_by_named():
    """A group, somebody below a DN, somebody whose connection is strong: whoever a rule lets in is found."""
    with world.use("root") as root:
        people.must(root.add("cn=staff," + world.base, {"objectClass": "groupOfNames", "cn": "staff",
                                                        "member": "cn=bo," + world.base}), "group")
    with Rules("to attrs=pwdHistory by group.exact=\"cn=staff,%(base)s\" read by dn.children=\"ou=robots,%(base)s\" read "
               "by dn.exact=\"cn=strong,%(base)s\" ssf=128 read by dn=\"cn=backup,%(base)s\" read by * none"
               % {"base": world.base}) as report:
        found(report, "access/secret-readable")
        is_({f["severity"] for f in report.findings}, {"warning"}, "that is a warning: it may be a replica")
        is_(sorted(text.split(",")[0] for text in texts(report, "access/secret-readable")),
            ["cn=backup", "cn=bo", "cn=muster-doctor", "cn=strong"], "each of them")
    with Rules("to attrs=olcRootPW by * read", "to * by users write by * break", dn="olcDatabase={0}config,cn=config") as report:
        found(report, "access/config-readable", "access/config-writable")


def test_writable():
    with Rules("to attrs=musterStatus by self write by * break",
               "to attrs=mail by users write by * none",
               "to dn.regex=\"^o=[^,]+,ou=organizations,%s$\" attrs=owner by users write by * none" % world.base,
               "to dn.regex=\"^cn=policy,\" by dn.subtree=\"%s\" write by * none" % world.base,
               "to * by dn.children=\"ou=hosts,%s\" manage by * break" % world.base) as report:
        in_("a member itself gets musterStatus/write", texts(report, "access/member-writable"), "the own status")
        in_("any platform member gets mail/write", texts(report, "access/member-writable"), "others' mail address")
        in_("another member of the organization gets owner/write", texts(report, "access/organization-writable"), "the OWNER")
        in_("access/policy-writable", report.ids, "the policy, by its members")
        in_("a login host gets entry/manage", texts(report, "access/manage"), "everything")


def test_needed():
    with Rules("to attrs=userPassword by self =wx by * none", "to attrs=musterOutbox by * none") as report:
        in_("access/login-impossible", report.ids, "nobody may authenticate")
        in_("access/courier-blind", report.ids, "the courier may not see what is owed")


# --- data ----------------------------------------------------------------------------------------------------


def test_seeds():
    sealed = keep(alice.dn, "oathSecret")
    raw(alice.dn, ("oathSecret", "too short"))  # or slapd would seal it
    found(place.doctor("data"), "data/plain-seed")
    raw(alice.dn, ("oathSecret", sealed.replace("{SEALED}k1$", "{SEALED}k9$")))
    report = place.doctor("data")
    found(report, "data/key-missing")
    is_(report.find("data/key-missing")[0]["names"], [alice.dn], "it names the member")
    member = place.doctor("member", alice.dn)
    is_((member.code, member.facts["can_log_in"]), (FINDINGS, False), "doctor member: cannot log in")
    in_("sealed with a key that is not there: k9", member.facts["verdict"], "because of that key")
    raw(alice.dn, ("oathSecret", sealed), ("musterRecoveryCode", "k9 " + "A" * 43 + "="))
    found(place.doctor("data"), "data/code-key-missing")
    raw(alice.dn, ("musterRecoveryCode", "k1 " + "A" * 43 + "="), ("oathTOTPLastTimeStep", str(totp.step() + 1000)))
    found(place.doctor("data"), "data/step-future")
    in_("a code of the future", place.doctor("member", alice.dn).facts["verdict"], "doctor member says so")
    raw(alice.dn, ("oathTOTPLastTimeStep", str(totp.step() - 1000)))
    found(place.doctor("data"))


def test_hashes():
    stored = keep(bob.dn, "userPassword")
    for value, name in (("{SSHA}7Sf6Ly1zmCMdhpbVsBQGVbbT2FCoVtTY", "data/foreign-hash"),
                        ("{CRYPT}$6$aaaaaaaa$bbbb", "data/foreign-hash"),
                        ("x" * 1001, "data/clear-password"),  # or slapd would hash it
                        (stored.replace("m=19456,t=2", "m=8192,t=1"), "data/low-cost")):
        raw(bob.dn, ("userPassword", value))
        found(place.doctor("data"), name)
    raw(bob.dn, ("userPassword", "{SSHA}7Sf6Ly1zmCMdhpbVsBQGVbbT2FCoVtTY"))
    in_("whether slapd knows the scheme", place.doctor("member", bob.dn).facts["verdict"], "doctor member says so")
    raw(bob.dn, ("userPassword", stored))


def test_organizations():
    raw(beta.dn, ("owner", "uid=ghost," + beta.people))
    found(place.doctor("data"), "data/no-owner", "data/owner-missing")
    raw(beta.dn, ("owner", beta.owner.dn))
    with world.use("root") as root:
        for status in ("suspended", "closed"):
            people.must(root.modify(beta.owner.dn, ("replace", "musterStatus", status), controls=[RELAX]), status)
            report = place.doctor("data")
            found(report, "data/no-active-owner")
            in_(beta.dn, str(report.find("data/no-active-owner")), "it names the organization")
        people.must(root.modify(beta.dn, ("add", "owner", "uid=ben," + beta.people)), "an active one beside")
        found(place.doctor("data"))
        people.must(root.modify(beta.owner.dn, ("replace", "musterStatus", "active")), "active")
        people.must(root.modify(beta.dn, ("delete", "owner", "uid=ben," + beta.people)), "as it was")
    raw(beta.dn, ("musterDomain", "acme-corp"))
    found(place.doctor("data"), "data/domain-twice")
    raw(beta.dn, ("musterDomain", "beta-corp"), ("musterPolicyEntry", "cn=nothing," + beta.dn))
    found(place.doctor("data"), "data/policy-missing")
    raw(beta.dn, ("musterPolicyEntry", beta.policy))
    raw(beta.policy, ("pwdMaxFailure", "1000"))
    report = place.doctor("data")
    found(report, "data/policy-unusable")
    in_("pwdMaxFailure is 1000, allowed is 1 to 100", report.find("data/policy-unusable")[0]["text"], "it says what")
    raw(beta.policy, ("pwdMaxFailure", "5"))


def test_standards():
    with world.use("root") as root:
        people.must(root.modify(beta.policy, ("replace", "pwdMinLength", "8"), ("replace", "pwdMaxLength", "16"),
                                ("replace", "musterSecondFactor", "optional"), ("replace", "pwdLockout", "TRUE"),
                                ("replace", "musterPwdRequire", ["letter", "digit"]), ("replace", "pwdMaxAge", "86400"),
                                ("replace", "musterMaxAppPasswords", None), ("replace", "musterCodeGrace", "60 10.0.0.0/8")),
                    "policy")
    report = place.doctor("data")
    found(report, "data/short-alone")
    note = report.find("data/standards")[0]
    is_((note["severity"], note["about"]), ("note", beta.dn), "what was chosen is a note, about its organization")
    for number in ("6.2.9", "6.2.5", "6.2.10", "6.3.3", "6.3.4", "6.5.1", "6.1.1"):
        in_(number, note["text"], number)
    with world.use("root") as root:
        people.must(root.modify(beta.policy, *[("replace", name, value) for name, value in FAULTLESS.items()],
                                ("delete", "pwdLockout", None), ("delete", "musterCodeGrace", None), ("replace", "pwdMaxAge", "0")),
                    "policy")
    found(place.doctor("data"))


def test_mail_that_waits():
    with world.use("root") as root:
        uuid = root.entry(alice.dn, ["entryUUID"])["entryUUID"][0].decode()
    raw(alice.dn, ("musterOutbox", "m-%s-AAAAAAAAAAA password-changed %d" % (uuid, time.time() - 800)))
    found(place.doctor("data"))
    raw(alice.dn, ("musterOutbox", "m-%s-AAAAAAAAAAA password-changed %d" % (uuid, time.time() - 7200)))
    report = place.doctor("data")
    found(report, "data/mail-waits")
    in_("the oldest for 120 minutes", report.find("data/mail-waits")[0]["text"], "it says since when")
    raw(alice.dn, ("musterOutbox", "m-%s-AAAAAAAAAAA password-changed %d" % (uuid, time.time())))
    is_(place.muster("password", "reset", "acme/bob").returncode, 0, "a reset is asked for")
    found(place.doctor("data"))


def test_payment_that_waits():
    with world.use("root") as root:
        payer = people.account(world, "payer@example.com", root=root)
        uuid = root.entry(payer.dn, ["entryUUID"])["entryUUID"][0].decode()
    raw(payer.dn, ("musterOutbox", "m-%s-AAAAAAAAAAA payment-check %d card" % (uuid, time.time() - 7200)))
    found(place.doctor("data"))
    card = "cn=card," + payer.dn
    made = time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() - 7200))
    world.stop()
    world.tool("slapadd", "-n", "1", input=("dn: %s\nobjectClass: applicationProcess\nobjectClass: musterPaymentMethod\ncn: card\n"
                                            "musterPaymentKind: card\nmusterPaymentState: pending\ncreateTimestamp: %s\n" % (card, made)).encode())
    world.start()
    report = place.doctor("data")
    found(report, "data/payments-wait")
    in_("the oldest for 120 minutes", report.find("data/payments-wait")[0]["text"], "it says since when")
    with world.use("root") as root:
        people.must(root.delete(card), "gone")
        people.must(root.delete(payer.dn), "gone")


# --- members -------------------------------------------------------------------------------------------------


def test_member():
    report = place.doctor("member", "acme/alice")
    is_((report.code, report.facts["verdict"]), (HEALTHY, "can log in with password and code"), "alice can log in")
    report = place.doctor("member", "acme/bob")
    is_(report.facts["verdict"], "can log in with password; must register an authenticator first", "bob has to enrol")
    report = place.doctor("member", "acme/owner")
    is_((report.code, report.facts["can_log_in"]), (FINDINGS, False), "who has no password cannot")
    in_("muster password reset", report.facts["verdict"], "it says what to do")
    in_("o***@acme.example", report.facts["reset"], "and where the mail goes, masked")
    is_(place.doctor("member", "acme/nobody").code, UNSEEN, "a member that is not there")
    in_("is no member", place.doctor("member", world.admin_dn).err, "an entry that is none")
    is_(place.muster("member", "suspend", "acme/bob").returncode, 0, "bob is suspended")
    in_("the member is suspended; do this: muster member resume", place.doctor("member", "acme/bob").facts["verdict"],
        "doctor member says so")
    place.muster("member", "resume", "acme/bob")
    with world.use("root") as root:
        people.must(root.modify(bob.dn, ("replace", "userPassword", "another long one")), "by an administrator")
    in_("must choose a new password first", place.doctor("member", "acme/bob").facts["verdict"], "set by somebody else")
    people.give_password(world, bob, "a third long one")
    screen = place.muster("doctor", "member", "acme/alice").stdout.decode()
    ok(len(screen.splitlines()) <= 24, "it fits on one screen")
    in_("=>               can log in with password and code", screen, "the verdict comes last")


def test_programs_and_networks():
    raw(bob.dn, ("musterAppPassword", "id=abcdefgh label=mail%%20program networks=10.0.0.0/8 created=1790000000 hash=k1$%s="
                 % ("A" * 43)), ("musterAppPasswordUsed", "abcdefgh 1795000000"))
    with world.use("root") as root:
        people.must(root.modify(acme.policy, ("replace", "musterNetwork", ["10.0.0.0/8", "2001:db8::/32"])), "networks")
    facts = place.doctor("member", "acme/bob").facts
    is_(facts.get("app_passwords"), ['abcdefgh "mail program" from 10.0.0.0/8, last used 2026-11-18 11:06 UTC'], "app passwords")
    is_(facts.get("networks"), ["10.0.0.0/8", "2001:db8::/32"], "networks that members log in from")
    with world.use("root") as root:
        people.must(root.modify(acme.policy, ("replace", "musterNetwork", None)), "networks")


def test_failures():
    with world.use("root") as root:
        people.must(root.modify(acme.policy, ("replace", "pwdMinDelay", "600"), ("replace", "pwdMaxDelay", "900")), "delays")
    dan = people.member(acme, "dan", password=PASSWORD)
    for _ in range(5):
        with world.use() as stranger:
            is_(stranger.bind(dan.dn, "wrong").code, 49, "a wrong password")
    # Written by a task of its own, after the answer.
    report = wait_for(lambda: (lambda r: r if r.facts.get("failures", "").startswith("5 wrong passwords") else None)(
        place.doctor("member", "acme/dan")))
    ok(report, "doctor member counts them")
    in_("not from 1 address with too many failures, until ", report.facts["verdict"], "and says that an address has to wait")
    is_(report.facts["can_log_in"], True, "others need not")
    is_(place.muster("member", "unlock", "acme/dan").returncode, 0, "it is unlocked")
    report = place.doctor("member", "acme/dan")
    ok("failures" not in report.facts and "not from" not in report.facts["verdict"], "and nothing of it is left", report.out)
    raw(dan.dn, ("pwdAccountLockedTime", "20250101000000Z"))
    in_("the member is locked; do this: muster member unlock", place.doctor("member", "acme/dan").facts["verdict"], "a lock")
    with world.use("root") as root:
        people.must(root.modify(acme.policy, ("replace", "pwdLockoutDuration", "60")), "duration")
    is_(place.doctor("member", "acme/dan").facts["can_log_in"], True, "a lock that is over")
    raw(dan.dn, ("pwdAccountLockedTime", "000001010000Z"))
    is_(place.doctor("member", "acme/dan").facts["can_log_in"], False, "one for good")
    raw(dan.dn, ("musterLoginState", "nonsense"))
    in_("cannot be read", place.doctor("member", "acme/dan").facts["failures"], "a state that nobody wrote")


def test_member_seen_by_others():
    report = place.doctor("member", "acme/alice", login=world.admin_dn, answers=[world.admin_password])
    is_((report.code, report.facts["can_log_in"]), (HEALTHY, True), "an administrator asks")
    is_(report.facts["unknown"], ["failed tries"], "and learns what cannot be seen")
    report = place.doctor("member", "acme/alice", login=bob.dn, answers=[bob.password])
    is_(report.code, UNSEEN, "another member asks")


# --- PAM -----------------------------------------------------------------------------------------------------

DEBIAN = {  # as Debian's pam-auth-update writes them, with pam_muster beside pam_unix
    "common-auth": "auth [success=2 default=ignore] pam_unix.so\nauth [success=1 default=ignore] pam_muster.so\n"
                   "auth requisite pam_deny.so\nauth required pam_permit.so\nauth optional pam_cap.so\n",
    "common-account": "account [success=1 default=ignore] pam_localuser.so\naccount requisite pam_muster.so\n"
                      "account required pam_unix.so\n",
    "common-password": "password [success=2 default=ignore] pam_unix.so obscure yescrypt\n"
                       "password [success=1 default=ignore] pam_muster.so\n"
                       "password requisite pam_deny.so\npassword required pam_permit.so\n",
    "other": "@include common-auth\n@include common-account\n@include common-password\n",
    "passwd": "@include common-password\n",
    "sshd": "@include common-auth\naccount required pam_nologin.so\n@include common-account\n",
    "su": "auth sufficient pam_rootok.so\n@include common-auth\n@include common-account\n",
    "su-l": "auth include su\naccount include su\n",
    "login": "auth optional pam_faildelay.so delay=3000000\nauth requisite pam_nologin.so\n"
             "@include common-auth\nauth optional pam_group.so\n@include common-account\n",
}
MUSTER = "auth required pam_muster.so\naccount required pam_muster.so\npassword required pam_muster.so\n"


def pam(name, auth=MUSTER, *names, sshd=None, **files):
    """Findings of one service."""
    report = place.doctor_pam({name: auth, **files}, sshd)
    found(report, *names)
    return report


def debian(changed, *names, sshd=None):
    """The same of Debian's files with some changed."""
    report = place.doctor_pam({**DEBIAN, **changed}, sshd)
    found(report, *names)
    return report


def test_pam_healthy():
    report = pam("muster")
    is_(report.unseen, [], "pam_muster alone")
    debian({})
    report = place.doctor_pam({"login": "auth required pam_unix.so\naccount required pam_unix.so\n"})
    is_([f["id"] for f in report.findings], ["not-used"], "a host that does not ask pam_muster: a note")
    folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "contrib", "pam")
    shipped = {}
    for name in os.listdir(folder):
        with open(os.path.join(folder, name), errors="replace") as file:
            text = file.read()
        if any(line.startswith(("auth", "account", "@include")) for line in text.splitlines()):
            shipped[name] = text
    for name, text in shipped.items():
        # Files that others include stand for a service of their own here.
        report = place.doctor_pam({**DEBIAN, **shipped, name.replace("common-", "c").replace(".", "-"): text})
        is_([f for f in report.findings if f["severity"] == "error"], [], "contrib/pam/%s has no error" % name)


def test_pam_bypass():
    for text, why in (
            ("auth sufficient pam_permit.so\n" + MUSTER, "pam_permit comes first"),
            ("auth optional pam_muster.so\nauth required pam_env.so\naccount required pam_muster.so\n", "optional"),
            ("auth sufficient pam_muster.so\nauth optional pam_permit.so\naccount required pam_muster.so\n",
             "sufficient, and pam_permit behind it"),
            ("auth sufficient pam_rootok.so\n" + MUSTER, "pam_rootok in a service that root runs"),
            ("auth [success=ok default=ignore] pam_muster.so\nauth required pam_permit.so\naccount required pam_muster.so\n",
             "brackets that pass over a refusal"),
            ("auth [default=1] pam_env.so\nauth required pam_muster.so\nauth required pam_permit.so\n"
             "account required pam_muster.so\n", "a jump over pam_muster"),
            ("auth sufficient pam_succeed_if.so uid >= 1000\n" + MUSTER, "pam_succeed_if lets people in"),
            ("-auth [success=done module_unknown=ignore default=die] pam_muster.so\nauth required pam_permit.so\n"
             "account required pam_muster.so\n", "a module that need not be installed")):
        report = pam("login", text, "pam/bypass")
        tap.note(why)
    report = pam("login", "auth required pam_muster.so\naccount sufficient pam_unix.so\naccount required pam_muster.so\n",
                 "pam/bypass")
    in_("account of service login", report.find("pam/bypass")[0]["text"], "account that pam_unix is enough for")
    in_("pam.d/login:2", report.find("pam/bypass")[0]["about"], "the line is named")
    pam("su", "auth sufficient pam_rootok.so\n" + MUSTER)
    pam("login", "auth [success=1 default=ignore] pam_succeed_if.so uid < 1000\n" + MUSTER)
    pam("login", "auth substack common-door\nauth required pam_env.so\naccount required pam_muster.so\n", "pam/bypass",
        **{"common-door": "auth [success=done default=ignore] pam_muster.so\n"})
    pam("login", "auth substack common-door\naccount required pam_muster.so\n", **{"common-door": "auth requisite pam_muster.so\n"})


def test_pam_other_door():
    pam("login", "auth sufficient pam_krb5.so\n" + MUSTER, "pam/other-door")
    pam("login", "auth required pam_krb5.so\n" + MUSTER)


def test_pam_places():
    pam("login", "auth sufficient pam_muster.so\nauth required pam_nologin.so\nauth required pam_deny.so\n"
        "account required pam_muster.so\n", "pam/skipped")
    report = debian({"common-auth": DEBIAN["common-auth"].replace("pam_unix.so", "pam_unix.so nullok")}, "pam/nullok")
    in_("common-auth:1", report.find("pam/nullok")[0]["about"], "the line is named, once")
    debian({"common-account": "account required pam_unix.so\n"}, "pam/account-missing")
    debian({"common-password": "password required pam_unix.so\n"}, "pam/password-missing")
    pam("login", "auth required pam_muster.so minimum_uid=0\naccount required pam_muster.so\n", "pam/minimum-uid")
    pam("login", "auth required pam_muster.so\nauth requisite pam_deny.so\naccount required pam_muster.so\n",
        "pam/no-way-in")
    for text in ("auth requird pam_muster.so\n", "auth required\n", "auth [success=two] pam_muster.so\n", "@include\n",
                 "@include gone\n", "auth include login\n"):
        pam("login", text, "pam/file")
    pam("login", "auth \\\n required \\\n pam_muster.so # comment\nACCOUNT [success=ok default=bad] /lib/x/pam_muster.so\n")
    is_(place.doctor("pam", "--pam-dir", world.folder + "/nothing").code, UNSEEN, "a folder that is not there")


def test_sshd():
    key = "PubkeyAuthentication yes\nUsePAM yes\n"
    report = debian({}, "pam/key-without-code", sshd=key)
    is_(report.find("pam/key-without-code")[0]["severity"], "error", "a policy requires the code: an error")
    debian({}, sshd=key + "AuthenticationMethods publickey,keyboard-interactive keyboard-interactive\n")
    debian({}, "pam/key-without-code", sshd=key + "AuthenticationMethods publickey,keyboard-interactive publickey\n")
    debian({}, "pam/key-without-code", sshd="UsePAM yes\nAuthenticationMethods publickey,keyboard-interactive\n"
           "Match Group staff\n AuthenticationMethods publickey\n")
    debian({}, "pam/no-pam", sshd="PubkeyAuthentication no\n")
    debian({}, "pam/empty-passwords", sshd="PubkeyAuthentication no\nUsePAM yes\nPermitEmptyPasswords yes\n")
    single = "PubkeyAuthentication no\nUsePAM yes\nKbdInteractiveAuthentication no\n"
    debian({}, "pam/one-answer", sshd=single)
    debian({"sshd": "auth required pam_muster.so prompt=together\naccount required pam_muster.so\n"}, sshd=single)
    os.mkdir(world.folder + "/sshd_config.d")
    with open(world.folder + "/sshd_config.d/10-local.conf", "w") as file:
        file.write("usepam no\nUsePAM yes\n")
    debian({}, "pam/no-pam", sshd="Include sshd_config.d/*.conf\nUsePAM yes\nPubkeyAuthentication no\n")


# --- musterd -------------------------------------------------------------------------------------------------


def conf(**changes):
    """A muster.conf for this directory, and the report of the part musterd on it."""
    values = {"uris": world.uri_tls, "ca_file": world.cacert, "socket": world.folder + "/run/gate.sock"}
    values.update(changes)
    path = os.path.join(world.folder, "muster.conf")
    with open(path, "w") as file:
        file.write("[directory]\nuris = %(uris)s\nca_file = %(ca_file)s\n[gate]\nsocket = %(socket)s\n"
                   "dn_template = uid=%%u,ou=people,o=acme\n[courier]\nenabled = no\n" % values)
    return place.doctor("musterd", "-c", path)


def test_musterd():
    report = place.doctor("musterd", "-c", world.folder + "/no.conf")
    found(report, "musterd/conf")
    report = conf()
    found(report, "musterd/gate")
    found(conf(ca_file="/etc/passwd"), "musterd/directory", "musterd/gate")
    found(conf(uris="ldaps://127.0.0.1:1"), "musterd/directory", "musterd/gate")
    found(conf(socket="relative"), "musterd/conf")


# --- clock ---------------------------------------------------------------------------------------------------


def test_clock():
    other = Checkup(faketime=True)
    ok("clock/difference" not in other.doctor("clock").ids, "clocks agree")
    other.world.move_clock(100)
    with other.world.use("root") as root:
        people.must(root.modify("ou=hosts," + other.world.base, ("replace", "description", "written ahead of time")), "write")
    in_("clock/difference", other.doctor("clock").ids, "the directory has written ahead of time")
    with other.world.use("config") as config:
        people.must(config.modify("olcDatabase={2}monitor,cn=config", ("add", "olcAccess", "to * by users read")), "access")
    report = other.doctor("clock")
    # It goes on between the two looks at a clock.
    ok(any("%d seconds ahead" % n in report.find("clock/difference")[0]["text"] for n in range(90, 101)),
       "with cn=monitor to read: how far it is ahead", report.text())
    other.world.move_clock(-100)
    in_("seconds behind", other.doctor("clock").find("clock/difference")[0]["text"], "or behind")
    other.world.cleanup()


tap.main(globals())
