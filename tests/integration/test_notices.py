#!/usr/bin/python3
"""Every kind of message of ARCHITECTURE.md's section "Notices": caused, carried by musterd, and looked at where it arrives.

The table there is read by this program, and so are the kinds that the source knows. A case is a function that is marked with its
kind: what it does before its first yield prepares, what it does after that causes the message, and the second yield says what has to
come of it. A kind may have several.
"""

import collections
import email
import email.policy
import gettext
import glob
import os
import re
import shutil
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from lib import applications, codes, exops, logs, mail, people, tap, totp
from lib.daemon import Daemon, wait_for
from lib.people import PASSWORD, must
from lib.session import RELAX
from lib.tap import in_, is_, ok
from lib.world import SOURCE, World

OK, CONSTRAINT, RIGHTS, CLASS = 0, 19, 50, 65
NEW_PASSWORD = "Autumn#2026"
SERVICE = "Acme ID"
LOGIN = ("muster", "relay-secret")
CARD = {"state": "active", "kind": "card", "token": "tok_8ZqPw31", "brand": "Visa", "last_four": "4242", "expiry": "2099-12"}

# --- what is written about notices ----------------------------------------------------------------------------


def text_of(*path):
    with open(os.path.join(SOURCE, *path)) as file:
        return file.read()


def section(name):
    return text_of("doc", "ARCHITECTURE.md").split("\n### %s\n" % name)[1].split("\n### ")[0]


def table():
    """Kind to (switch or None, where it goes as the table says it)."""
    found = {}
    rows = [line.strip("|").split("|") for line in section("Notices").splitlines() if line.startswith("|")]
    for kinds, switch, goes in rows[2:]:
        for kind in re.findall(r"`([a-z-]+)`", kinds):
            found[kind] = (None if switch.strip() == "none" else switch.strip(), goes.strip())
    return found


Text = collections.namedtuple("Text", "secret stranger subject begin sms")


def texts():
    """Kind to what src/musterd/message_kind.c says of it."""
    found = {}
    for block in text_of("src", "musterd", "message_kind.c").split("{ .name = \"")[1:]:
        fields = {name: "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', value))
                  for name, value in re.findall(r'\.(subject|begin|sms) = N_\(((?:\s*"(?:[^"\\]|\\.)*")+)\)', block)}
        secret = re.search(r"\.secret = SECRET_(\w+)", block)
        found[block.split('"')[0]] = Text(secret and secret[1], ".stranger = 1" in block,
                                          *[fields.get(name) for name in ("subject", "begin", "sms")])
    return found


TABLE, TEXTS = table(), texts()
SWITCHES = list(dict.fromkeys(switch for switch, _ in TABLE.values() if switch))
CASES = []


def case(kind):
    def mark(function):
        CASES.append((kind, function))
        return function
    return mark


# --- slapd, musterd, a relay, a gateway for text messages, a payment provider -----------------------------------

world = World(faketime=True, config=("olcMusterTerms: 2026-11",))
root, admin = world.session("root"), world.session("admin")
anyone = world.session()
acme = people.organization(world, policy={"pwdLockout": "TRUE", "pwdMaxFailure": "3"}, root=root)
people.give_password(world, acme.owner, PASSWORD, root)
owner = world.session(acme.owner.dn, PASSWORD)
PLATFORM_POLICY = "cn=console-16,ou=policies," + world.base
HASH = root.entry(acme.owner.dn, ["userPassword"])["userPassword"]

server = mail.MailServer(os.path.join(world.folder, "mail"), certificate=(world.places["CERT"], world.places["KEY"]), login=LOGIN)
daemon = Daemon(world)
SMS, PROVIDER = os.path.join(daemon.folder, "sms"), os.path.join(daemon.folder, "provider")


def folder_program(source, folder, mode):
    """A program of contrib with a folder, and how it is called. The courier's user may have no way into the source."""
    program = os.path.join(daemon.folder, os.path.basename(source))
    shutil.copy(os.path.join(SOURCE, "contrib", source), program)
    os.chmod(program, 0o755)
    os.mkdir(folder)
    os.chmod(folder, mode)
    return "%s %s" % (program, folder)


daemon.configure({
    "courier": {"enabled": "yes", "smtp_url": "smtp://127.0.0.1:%d" % server.port, "smtp_user": LOGIN[0], "service_name": SERVICE,
                "smtp_password_file": daemon.secret("smtp.pw", LOGIN[1], "courier"), "smtp_ca_file": world.cacert},
    "sms": {"command": folder_program("sms/sms-to-folder", SMS, 0o777)},
    "payments": {"command": folder_program("payments/payments-from-folder", PROVIDER, 0o755)}})
daemon.start()
COURIER = daemon.role_pid("courier")
CATALOGUES = {"en": gettext.NullTranslations(), "ko": gettext.translation("muster", daemon.locales, ["ko"])}


def provider_says(reference, **said):
    with open(os.path.join(PROVIDER, reference), "w") as file:
        file.write("".join("%s=%s\n" % pair for pair in said.items()))


Arrived = collections.namedtuple("Arrived", "to subject text language")


_arrived = {}


def arrived():
    """All that came by mail and by text message, in the order it was seen. A text message has neither subject nor language."""
    for path in sorted(glob.glob(os.path.join(server.folder, "*.eml")) + glob.glob(os.path.join(SMS, "*.sms"))):
        if path in _arrived:
            continue
        with open(path, "rb") as file:
            if path.endswith(".sms"):
                head, _, text = file.read().decode().partition("\n\n")
                _arrived[path] = Arrived(head.partition(": ")[2], None, text.rstrip("\n"), None)
            else:
                m = email.message_from_binary_file(file, policy=email.policy.default)
                _arrived[path] = Arrived(m["X-Envelope-To"], m["Subject"], m.get_body(("plain",)).get_content(), m["Content-Language"])
    return list(_arrived.values())


def secret_of(text):
    """The token or code in the text of a message."""
    found = re.findall(r"mr1-[\w-]{43}|(?<!\d)\d{6}(?!\d)", text)
    logs.secret(*found)
    return found[0] if len(set(found)) == 1 else None


def sent_secret(to):
    """What a message with a secret brings to an address."""
    return secret_of(wait_for("a message to " + to, lambda: [m for m in arrived() if m.to == to])[0].text)


def nothing_owed():
    wait_for("nothing is owed", lambda: not root.search(world.base, "(|(musterOutbox=*)(objectClass=musterRequest))", ["dn"]).entries)


def pause_courier():
    os.kill(COURIER, signal.SIGSTOP)
    wait_for("the courier stands still", lambda: "T" == _state())


def _state():
    with open("/proc/%d/stat" % COURIER) as file:
        return file.read().rpartition(")")[2].split()[0]


def switch_off(switches):
    """By those whose it is: the OWNER of the organization, and an administrator for the platform."""
    must(owner.modify(acme.policy, ("replace", "musterNoticeOff", list(switches) or None)), "musterNoticeOff by an OWNER")
    must(admin.modify(PLATFORM_POLICY, ("replace", "musterNoticeOff", list(switches) or None)), "musterNoticeOff by an administrator")


# --- people ---------------------------------------------------------------------------------------------------------

_numbers = iter(range(1, 10000))


class Someone(people.Member):
    """A member whose mail is not the address that it proved last."""

    def __init__(self, dn, uid, number):
        super().__init__(dn, uid, "n%d@now.example" % number, PASSWORD)
        self.proved, self.mobile = "n%d@proved.example" % number, "+8210%08d" % number
        self.both = [self.mail, self.proved]

    def session(self, code=None):
        one = world.session()
        must(one.bind_factor(self.dn, self.password, code) if code else one.bind(self.dn, self.password), "bind as " + self.dn)
        return one


class Place:
    """Where the cases of a round get their people from. language: that of whoever is told"""

    def __init__(self, language):
        self.language, self.others_language = language, "en" if language == "ko" else "ko"

    def _make(self, kind, rdn, below, more, one_address=False):
        number = next(_numbers)
        one = Someone("uid=%s,%s" % (rdn % number, below), rdn % number, number)
        attributes = {
            "objectClass": ["inetOrgPerson", kind], "uid": one.uid, "cn": "Chosen Name", "sn": "Name", "displayName": "Chosen Name",
            "mail": one.mail, "musterVerifiedMail": one.proved, "mobile": one.mobile, "musterMobileVerified": "20260101000000Z",
            "userPassword": HASH, "preferredLanguage": {"en": None, "ko": "ko-KR"}[self.language]}
        if one_address:
            attributes["musterVerifiedMail"] = one.mail
        attributes.update(more)
        must(root.add(one.dn, {k: v for k, v in attributes.items() if v is not None}, controls=[RELAX]), one.dn)
        return one

    def member(self, one_address=False, **more):
        return self._make("musterMember", "n%d", acme.people, more, one_address)

    def account(self, **more):
        return self._make("musterAccount", "n%d@login.example", "ou=accounts," + world.base, more)

    def with_factor(self):
        """A member, and its recovery codes."""
        one = self.member()
        one.secret = totp.new_secret()
        result, recovery = exops.enrol_totp(anyone, one.dn, one.password, one.secret, one.code())
        must(result, "enrolTotp")
        return one, recovery


class Told:
    """What has to come of a case.

    dn      whose outbox it is
    to      addresses that the kind goes to
    also    other kinds that come with it, whatever is switched off: (kind, address), or (kind, address, language)
    later   it is owed by what the courier does, not by what was done here
    """

    def __init__(self, dn, to, also=(), later=False):
        self.dn, self.to, self.also, self.later = dn, to, also, later


def new_address():
    return "n%d@new.example" % next(_numbers)


def new_number():
    return "+8211%08d" % next(_numbers)


def reset_token(one):
    must(exops.request_reset(anyone, one.dn), "requestReset")
    return sent_secret(one.proved)


# --- cases: passwords and tokens -------------------------------------------------------------------------------------


@case("password-changed")
def change_password(place):
    one = place.member()
    yield
    must(exops.change_password(anyone, one.dn, PASSWORD, NEW_PASSWORD), "changePassword")
    yield Told(one.dn, one.both)


@case("password-changed")
def password_of_one_address(place):
    one = place.member(one_address=True)
    yield
    must(exops.change_password(anyone, one.dn, PASSWORD, NEW_PASSWORD), "changePassword")
    yield Told(one.dn, [one.mail])


@case("password-changed")
def password_by_ldapmodify(place):
    one = place.member()
    me = one.session()
    yield
    must(me.modify(one.dn, ("delete", "userPassword", PASSWORD), ("add", "userPassword", NEW_PASSWORD)), "userPassword")
    yield Told(one.dn, one.both)


@case("password-changed")
def password_with_a_token(place):
    one = place.member()
    token = reset_token(one)
    yield
    must(exops.redeem(anyone, one.dn, token, NEW_PASSWORD), "redeem")
    yield Told(one.dn, one.both)


@case("password-set-by-admin")
def password_by_an_administrator(place):
    one = place.member()
    yield
    must(admin.modify(one.dn, ("replace", "userPassword", NEW_PASSWORD)), "userPassword")
    yield Told(one.dn, one.both)


@case("password-set-by-admin")
def password_by_an_owner(place):
    one = place.member()
    yield
    must(owner.passwd(one.dn, None, NEW_PASSWORD), "Password Modify")
    yield Told(one.dn, one.both)


@case("reset-asked")
def reset_to_another_address(place):
    one = place.member()
    yield
    must(exops.request_reset(anyone, one.dn), "requestReset")
    yield Told(one.dn, [one.mail], [("reset", one.proved)], later=True)


@case("reset")
def reset(place):
    one = place.member(one_address=True)
    yield
    must(exops.request_reset(anyone, one.dn), "requestReset")
    yield Told(one.dn, [one.mail], later=True)


@case("first-password")
def first_password(place):
    one = place.member(musterVerifiedMail=None, userPassword=None)
    yield
    must(exops.request_reset(anyone, one.dn), "requestReset")
    yield Told(one.dn, [one.mail], later=True)


# --- cases: the second factor ------------------------------------------------------------------------------------------


@case("factor-added")
def enrol(place):
    one, seed = place.member(), totp.new_secret()
    yield
    must(exops.enrol_totp(anyone, one.dn, PASSWORD, seed, totp.totp(seed))[0], "enrolTotp")
    yield Told(one.dn, one.both)


@case("factor-added")
def factor_by_ldapmodify(place):
    one, seed = place.member(), totp.new_secret()
    me = one.session()
    yield
    must(me.modify(one.dn, ("add", "oathSecret", seed), ("add", "musterCode", totp.totp(seed))), "oathSecret")
    yield Told(one.dn, one.both)


@case("factor-added")
def factor_by_an_administrator(place):
    one = place.member()
    yield
    must(admin.modify(one.dn, ("add", "oathSecret", totp.new_secret())), "oathSecret")
    yield Told(one.dn, one.both)


@case("factor-removed")
def remove_factor(place):
    one, recovery = place.with_factor()
    yield
    must(exops.remove_totp(anyone, one.dn, PASSWORD, recovery[0]), "removeTotp")
    yield Told(one.dn, one.both)


@case("factor-removed")
def no_factor_by_ldapmodify(place):
    one, recovery = place.with_factor()
    me = one.session(recovery[0])
    yield
    must(me.modify(one.dn, ("delete", "oathSecret", None), ("add", "musterCode", recovery[1])), "oathSecret")
    yield Told(one.dn, one.both)


@case("factor-removed")
def no_factor_by_an_administrator(place):
    one, _ = place.with_factor()
    yield
    must(admin.modify(one.dn, ("delete", "oathSecret", None)), "oathSecret")
    yield Told(one.dn, one.both)


@case("recovery-code-used")
def recovery_code(place):
    one, recovery = place.with_factor()
    yield
    one.session(recovery[0])
    yield Told(one.dn, one.both)


@case("recovery-codes-new")
def recovery_codes(place):
    one, recovery = place.with_factor()
    yield
    must(exops.new_recovery_codes(anyone, one.dn, PASSWORD, recovery[0])[0], "newRecoveryCodes")
    yield Told(one.dn, one.both)


# --- cases: addresses --------------------------------------------------------------------------------------------------


@case("mail-changed")
def mail_by_itself(place):
    one, new = place.member(), new_address()
    me = one.session()
    must(me.modify(one.dn, ("replace", "musterPendingMail", new)), "musterPendingMail")
    code = sent_secret(new)
    yield
    must(me.modify(one.dn, ("add", "musterCode", code)), "musterCode")
    yield Told(one.dn, [*one.both, new])


@case("mail-changed")
def mail_by_an_owner(place):
    one, new = place.member(), new_address()
    yield
    must(owner.modify(one.dn, ("replace", "mail", new)), "mail")
    yield Told(one.dn, one.both, [("verify-mail", new)])


@case("mobile-changed")
def mobile_by_itself(place):
    one, new = place.member(), new_number()
    me = one.session()
    must(me.modify(one.dn, ("replace", "musterPendingMobile", new)), "musterPendingMobile")
    code = sent_secret(new)
    yield
    must(me.modify(one.dn, ("add", "musterCode", code)), "musterCode")
    yield Told(one.dn, [*one.both, one.mobile, new])


@case("mobile-changed")
def mobile_by_an_owner(place):
    one, new = place.member(), new_number()
    yield
    must(owner.modify(one.dn, ("replace", "mobile", new)), "mobile")
    yield Told(one.dn, [*one.both, one.mobile], [("verify-mobile", new)])


@case("mobile-changed")
def mobile_that_was_not_proved(place):
    one, new = place.member(musterMobileVerified=None), new_number()
    yield
    must(owner.modify(one.dn, ("replace", "mobile", new)), "mobile")
    yield Told(one.dn, one.both, [("verify-mobile", new)])


def ask_for_login(place):
    """A platform member that wrote another login ID: (who, its session, the new ID)"""
    one, new = place.account(), new_address()
    me = one.session()
    must(me.modify(one.dn, ("replace", "musterPendingLogin", new)), "musterPendingLogin")
    return one, me, new


@case("login-changed")
def login(place):
    one, me, new = ask_for_login(place)
    both = [sent_secret(one.mobile), sent_secret(new)]
    yield
    must(me.modify(one.dn, ("delete", "musterPendingLogin", new), *[("add", "musterCode", code) for code in both]), "musterCode")
    yield Told("uid=%s,ou=accounts,%s" % (new, world.base), [*one.both, one.uid, new])


@case("verify-mail")
def verify_mail(place):
    one, new = place.member(), new_address()
    me = one.session()
    yield
    must(me.modify(one.dn, ("replace", "musterPendingMail", new)), "musterPendingMail")
    yield Told(one.dn, [new])


@case("verify-mobile")
def verify_mobile(place):
    one, new = place.member(), new_number()
    me = one.session()
    yield
    must(me.modify(one.dn, ("replace", "musterPendingMobile", new)), "musterPendingMobile")
    yield Told(one.dn, [new])


@case("login-mail")
def login_by_mail(place):
    yield
    one, _, new = ask_for_login(place)
    yield Told(one.dn, [new], [("login-mobile", one.mobile)])


@case("login-mobile")
def login_by_mobile(place):
    yield
    one, _, new = ask_for_login(place)
    yield Told(one.dn, [one.mobile], [("login-mail", new)])


@case("login-known")
def login_of_another(place):
    """It is the other one's language that counts."""
    other, one = place.account(), Place(place.others_language).account()
    me = one.session()
    yield
    must(me.modify(one.dn, ("replace", "musterPendingLogin", other.uid)), "musterPendingLogin")
    yield Told(other.dn, [other.uid], [("login-mobile", one.mobile, place.others_language)], later=True)


# --- cases: app passwords, locks --------------------------------------------------------------------------------------


@case("app-password-added")
def app_password(place):
    one = place.member()
    yield
    must(exops.new_app_password(anyone, one.dn, PASSWORD, "Mail")[0], "newAppPassword")
    yield Told(one.dn, one.both)


@case("app-password-revoked")
def no_app_password(place):
    one = place.member()
    must(exops.new_app_password(anyone, one.dn, PASSWORD, "Mail")[0], "newAppPassword")
    me = one.session()
    yield
    must(me.modify(one.dn, ("delete", "musterAppPassword", None)), "musterAppPassword")
    yield Told(one.dn, one.both)


@case("app-password-revoked")
def no_app_password_by_an_owner(place):
    one = place.member()
    must(exops.new_app_password(anyone, one.dn, PASSWORD, "Mail")[0], "newAppPassword")
    yield
    must(owner.modify(one.dn, ("delete", "musterAppPassword", None)), "musterAppPassword")
    yield Told(one.dn, one.both)


@case("locked")
def locked(place):
    one = place.member()
    yield
    for n in range(3):
        with world.use() as stranger:
            stranger.bind(one.dn, "Wrong#2026-%d" % n)
    wait_for("the lock", lambda: root.entry(one.dn, ["pwdAccountLockedTime"]))
    yield Told(one.dn, one.both)


# --- cases: platform members -----------------------------------------------------------------------------------------


def filed(place):
    one = place.account()
    result, dn = applications.file(world, one.session(), {"cn": "Another Name"})
    must(result, dn)
    return one, dn


@case("application-filed")
def application(place):
    yield
    one, _ = filed(place)
    yield Told(one.dn, one.both)


@case("application-approved")
def application_approved(place):
    one, dn = filed(place)
    yield
    must(applications.approve(admin, dn), "approved")
    yield Told(one.dn, one.both)


@case("application-rejected")
def application_rejected(place):
    one, dn = filed(place)
    yield
    must(applications.reject(admin, dn), "rejected")
    yield Told(one.dn, one.both)


@case("organization-created")
def organization(place):
    one, name = place.account(), "org%d" % next(_numbers)
    must(root.add("cn=card," + one.dn, {
        "objectClass": ["applicationProcess", "musterPaymentMethod"], "cn": "card", "musterPaymentKind": "card", "musterPaymentState": "active",
        "musterPaymentExpiry": "2099-12", "musterPaymentToken": CARD["token"]}, controls=[RELAX]), "payment method")
    me = one.session()
    yield
    must(exops.new_organization(me, name, name)[0], "newOrganization")
    yield Told(one.dn, one.both)


def add_card(place, **said):
    one = place.account()
    reference = "reference-%d-Xq7" % next(_numbers)
    logs.secret(reference, CARD["token"])
    provider_says(reference, **said)
    must(one.session().add("cn=card," + one.dn, {
        "objectClass": ["applicationProcess", "musterPaymentMethod"], "cn": "card", "musterPaymentKind": "card",
        "musterPaymentReference": reference}), "payment method")
    return one


@case("payment-active")
def payment(place):
    yield
    one = add_card(place, **CARD)
    yield Told(one.dn, one.both, later=True)


@case("payment-refused")
def payment_refused(place):
    yield
    one = add_card(place, state="refused", reason="the card is not valid")
    yield Told(one.dn, one.both, later=True)


@case("sign-up")
def sign_up(place):
    new = new_address()
    yield
    must(exops.sign_up(anyone, new, name="Chosen Name", language={"en": "", "ko": "ko"}[place.language]), "signUp")
    yield Told("uid=%s,ou=accounts,%s" % (new, world.base), [new], later=True)


@case("sign-up-known")
def sign_up_of_another(place):
    """It goes to the address that is proved, in the language of the account."""
    one = place.account()
    yield
    must(exops.sign_up(anyone, one.uid, name="Other Name", language=place.others_language), "signUp")
    yield Told(one.dn, [one.proved], later=True)


# --- rounds of cases ----------------------------------------------------------------------------------------------------


def translated(text, language, code=None):
    """A text as it has to read: the service's name in the first place, a code in the second."""
    return CATALOGUES[language].gettext(text).replace("%s", SERVICE, 1).replace("%s", code or "%s")


def sent_by(log):
    """(kind, address) of all that the courier sent."""
    return re.findall(r" kind=([a-z-]+) to=(\S+) sent$", log, re.M)


def check_message(kind, language, message, what):
    """One that arrived: it reads as it has to, and has no secret but its own."""
    text, secret = TEXTS[kind], None
    if text.secret:
        secret = secret_of(message.text)
        ok(secret, what + ": has one " + text.secret.lower(), message.text)
    if message.subject is None:
        is_(message.text, translated(text.sms, language, secret), what + ": reads as it has to, in language " + language)
    else:
        begin = CATALOGUES[language].gettext(text.begin).split("%s")
        is_((message.subject, message.language, [part for part in begin if part not in message.text]),
            (translated(text.subject, language), language, []), what + ": reads as it has to, in language " + language)
    rest = (message.subject or "") + "\n" + message.text.replace(secret or "\0", "")
    like_one = re.findall(r"\d{6}|m[ra]\d?-|[2-9a-z]{5}-[2-9a-z]{5}", rest)
    is_((logs.inside(rest.encode()), like_one), ([], []), what + ": has no %ssecret" % ("other " if secret else ""))
    if text.stranger:
        ok("Chosen Name" not in rest, what + ": has nothing of a member's choice", rest)
    elif message.subject is not None:
        in_("Chosen Name", message.text, what + ": calls the member by name")


def check_case(name, kind, language, told, owed, messages, sent, silent):
    to = [] if silent else told.to
    expected = sorted([(kind, address) for address in to] + [(one[0], one[1]) for one in told.also])
    if not told.later:
        is_(owed, sorted(to), "%s, %s: %s" % (kind, name, "nothing is owed" if silent else "owed in the modification"))
    concerned = [*told.to, *[one[1] for one in told.also]]
    is_(sorted((one, address) for one, address in sent if address in concerned), expected,
        "%s, %s: %s" % (kind, name, "nothing of it is sent" if silent else "sent to whom it has to go to"))
    languages = {one[1]: one[2] for one in told.also if len(one) == 3}
    for one, address in expected:
        for message in [m for m in messages if m.to == address]:
            check_message(one, languages.get(address, language), message, "%s, %s, to %s" % (one, name, address))
    is_(sorted(m.to for m in messages if m.to in concerned), sorted(address for _, address in expected),
        "%s, %s: %s" % (kind, name, "nothing of it arrives" if silent else "each arrives once"))
    return len(expected)


def mails(dn):
    """mail of an entry, and the address that it proved last."""
    entry = root.entry(dn, ["mail", "musterVerifiedMail"])
    return [entry[name][0].decode() for name in ("mail", "musterVerifiedMail") if name in entry]


def run(cases, off, language):
    """Cases with switches off: what has one of them is not sent, all others are."""
    place = Place(language)
    switch_off(SWITCHES)  # so that nothing is told of what only prepares
    under_way = [(kind, function.__name__, function(place)) for kind, function in cases]
    for _, _, steps in under_way:
        next(steps)
    nothing_owed()
    switch_off(off)
    before, log_before = len(arrived()), len(daemon.log())
    pause_courier()
    found = []
    try:
        for kind, name, steps in under_way:
            told = next(steps)
            owed = sorted(address or mails(told.dn)[0] for _, one, address in codes.owed(root, told.dn) if one == kind)
            if TABLE[kind][1] in ("as password", TABLE["password-changed"][1]):
                is_(sorted(told.to), sorted(set(mails(told.dn))), "%s, %s: goes to mail and the address proved last" % (kind, name))
            found.append((name, kind, told, owed, TABLE[kind][0] in off))
    finally:
        os.kill(COURIER, signal.SIGCONT)
    nothing_owed()
    messages, sent = arrived()[before:], sent_by(daemon.log()[log_before:])
    count = sum(check_case(name, kind, language, told, owed, messages, sent, silent) for name, kind, told, owed, silent in found)
    is_((len(messages), len(sent)), (count, count), "nothing else is sent")


def cases_of(*switches):
    return [(kind, function) for kind, function in CASES if kind in TABLE and TABLE[kind][0] in switches]


# --- what is written --------------------------------------------------------------------------------------------------


def test_every_kind_has_a_case():
    ok(len(TABLE) > 20, "the table of ARCHITECTURE.md is read", TABLE)
    is_(sorted({kind for kind, _ in CASES}), sorted(TABLE), "kinds with a case here, and those of the table")


def test_the_table_is_that_of_the_source():
    is_(sorted(TEXTS), sorted(TABLE), "kinds that musterd has a text for")
    c = text_of("src", "core", "notice.c")
    is_(dict(re.findall(r'\{ "([a-z-]+)", "([a-z-]+)" \},', c)), {kind: switch for kind, (switch, _) in TABLE.items() if switch},
        "kinds that have a switch, and which")
    is_(sorted(re.search(r'notice_names\[\] = "(.*)"', c)[1].split()), sorted(SWITCHES), "the switches that people are told of")
    row = next(line for line in section("Policies").splitlines() if line.startswith("| `musterNoticeOff`")).split("|")[2]
    is_(sorted(re.findall(r"`([a-z-]+)`", row)), sorted(SWITCHES), "the switches in the table of policies")
    strangers = re.search(r"waits for its proof \((.*?)\)", section("Notices"))[1]
    is_(sorted(re.findall(r"`([a-z-]+)`", strangers)), sorted(kind for kind, text in TEXTS.items() if text.stranger),
        "kinds for addresses that wait for their proof")
    overlay = "".join(text_of("src", "slapd", name) for name in sorted(os.listdir(os.path.join(SOURCE, "src", "slapd"))) if name.endswith(".c"))
    owes = re.findall(r"\b(?:outbox_owe\w*|tell_before)\(([^;{]*?)\);", overlay)
    owed = {kind for call in owes for kind in re.findall(r'"([a-z-]+)"', call)}
    ok(len(owed) > 15, "what slapd owes is read", owed)
    is_(sorted(owed - set(TABLE)), [], "slapd owes nothing else")
    is_([kind for kind in TABLE if '"%s"' % kind not in overlay], [], "and knows all of it")
    claimed = set(re.findall(r'^\t\{ "([a-z-]+)", [01], \w+ \},$', text_of("src", "slapd", "courier.c"), re.M))
    is_(sorted(claimed - set(TABLE)), ["payment-check"], "all that the courier claims is a message, but what it asks the payment provider")
    is_([kind for kind, text in TEXTS.items() for words in (text.subject, text.begin, text.sms)
         if words and CATALOGUES["ko"].gettext(words) == words], [], "each text is there in Korean")


# --- what arrives -------------------------------------------------------------------------------------------------------


def test_nothing_is_switched_off():
    run(CASES, [], "ko")


def test_each_switch():
    """And something else, that arrives."""
    for number, switch in enumerate(SWITCHES):
        run(cases_of(switch) + cases_of(SWITCHES[number - 1])[:1], [switch], "ko")


def test_all_other_switches():
    for switch in SWITCHES:
        run(list({kind: (kind, function) for kind, function in cases_of(switch)}.values()), [one for one in SWITCHES if one != switch], "en")


def test_what_has_no_switch():
    run(cases_of(None), SWITCHES, "en")


def test_there_is_no_switch_for_these():
    for kind in [kind for kind in TABLE if kind not in SWITCHES] + ["all", "none"]:
        result = owner.modify(acme.policy, ("replace", "musterNoticeOff", [kind]))
        is_((result.code, sorted(result.text.rpartition("allowed is ")[2].split())), (CONSTRAINT, sorted(SWITCHES)),
            "musterNoticeOff: %s is refused, with a text that says what there is" % kind)
    is_(root.entry(acme.policy, ["musterNoticeOff"])["musterNoticeOff"], [one.encode() for one in SWITCHES], "what was there stays")


def test_who_may():
    """An OWNER and an administrator, which run() does, long after their bind as well; nobody else."""
    one, platform = Place("en").member(), Place("en").account()
    other = people.organization(world, "other", root=root)
    result, _, program = exops.new_app_password(anyone, acme.owner.dn, PASSWORD, "Mail")
    must(result, "newAppPassword")
    me, platforms = one.session(), platform.session()
    for what, who, dn, codes_ in (
            ("a member, of its own entry", me, one.dn, (RIGHTS, CLASS)), ("a member, of its policy", me, acme.policy, (RIGHTS,)),
            ("an OWNER, of a member", owner, one.dn, (RIGHTS, CLASS)), ("an OWNER, of another organization", owner, other.policy, (RIGHTS,)),
            ("an OWNER, of a template", owner, PLATFORM_POLICY, (RIGHTS,)),
            ("an OWNER's app password", world.session(acme.owner.dn, program), acme.policy, (RIGHTS,)),
            ("a platform member, of its own entry", platforms, platform.dn, (RIGHTS, CLASS)),
            ("a platform member, of its policy", platforms, PLATFORM_POLICY, (RIGHTS,)),
            ("the courier", world.session("courier"), acme.policy, (RIGHTS,)), ("nobody", anyone, acme.policy, (8, RIGHTS))):
        before = root.entry(dn, ["*"])
        in_(who.modify(dn, ("replace", "musterNoticeOff", "locked")).code, codes_, what + ": refused")
        is_(root.entry(dn, ["*"]), before, what + ": nothing is changed")
    world.move_clock(0, uptime=301)
    try:
        is_(owner.modify(acme.policy, ("replace", "musterNoticeOff", "locked")).code, OK, "an OWNER, five minutes after its bind")
    finally:
        world.move_clock(0)


def test_all_of_it_was_understood():
    log = daemon.log()
    for words in ("given up", "refused for good", "nothing to send", "cannot be put into words", "not sent"):
        ok(words not in log, "no message was: %s" % words)


def teardown():
    daemon.stop()
    server.stop()


if __name__ == "__main__":
    tap.main(globals())
