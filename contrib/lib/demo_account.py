"""The rest of the demo's story, the life of an account: from the sign-up of a platform member to another login ID."""

import base64
import json
import os
import re
import shlex

from demo_site import BASE, run, wait_until
from demo_story import Story

TERMS = "2026-11"
PASSWORD = "Meadow-5e"
KIM, KIM_LATER, OPAL = "kim@example.com", "kim.minji@example.com", "opal@example.com"
NAME_LATER = "Kim Min-ji"
HANA, HANA_LATER = "hana@nova.example", "hana@home.example"
MOBILE = "+821012345678"
SETTINGS = """dn: olcOverlay={2}muster,olcDatabase={1}mdb,cn=config
changetype: modify
replace: olcMusterTerms
olcMusterTerms: %s
-
replace: olcMusterService
olcMusterService: wiki wiki.example.com
""" % TERMS
OPERATOR = """dn: cn=operators,ou=programs,%s
changetype: modify
add: roleOccupant
roleOccupant: uid=%s,ou=accounts,%s
""" % (BASE, OPAL, BASE)
NEW_ORGANIZATION = ("--domain", "nova", "--owner-id", "olga", "--owner-name", "Olga Oh", "--owner-mail", "olga@nova.example")
MEMBERS = """id,name,mail,owner
hana,한하나,hana@nova.example,
jun,Jun Jung,jun@nova.example,yes
sora,Sora Seo,sora at nova,
"""
PNG = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGP4DwABAQEAsTj2FAAAAABJRU5ErkJggg==")


def account(address):
    return "uid=%s,ou=accounts,%s" % (address, BASE)


class AccountStory(Story):
    """The whole story: that of Story, then this one. Kim and Opal are platform members, hana is of Kim's organization."""

    def __init__(self, site, say=print):
        super().__init__(site, say)
        self.dns = {"kim": account(KIM), "opal": account(OPAL), "hana": "uid=hana,ou=people,o=nova,ou=organizations," + BASE}

    def chapters(self):
        return super().chapters() + (
            self.settings, self.sign_up, self.payment, self.new_organization, self.bulk, self.invitation, self.mobile,
            self.mail_address, self.required_information, self.login_id, self.what_is_there)

    # --- what people type ----------------------------------------------------------------------------

    def types(self, who, *words, answers=()):
        """A command, shown as it is typed; the password of who logs in and the answers to what it asks are not."""
        self.show("%s$ muster %s" % (who, shlex.join(words)))
        if who == "admin":
            return self.site.admin(*words, stdin="".join(line + "\n" for line in answers), check=False)
        login = ["-D", self.dns[who]] if who in self.dns else []
        lines = [PASSWORD] if login else []
        return self.site.muster(*login, *words, stdin="".join(line + "\n" for line in [*lines, *answers]), check=False)

    def does(self, who, *words, answers=()):
        """One that has to succeed; what it prints."""
        printed = self.must(self.types(who, *words, answers=answers))
        self.show(printed)
        return printed

    def refused(self, status, saying, who, *words, answers=()):
        """One that has to be refused, with this exit status and in these words."""
        out = self.types(who, *words, answers=answers)
        self.show(out.stdout + out.stderr)
        self.expect(out.returncode == status and saying in out.stderr, "this is not refused with exit %d and \"%s\": %s: exit %d" % (
            status, saying, shlex.join(words), out.returncode))

    def text_for(self, number, since):
        """The first text message to a number after so many."""
        def found():
            return [text for text in map(read, self.site.texts()[since:]) if text.startswith("To: %s\n" % number)]
        wait_until("a text message for %s" % number, found, 30)
        self.show(found()[0])
        return found()[0]

    def told(self, address, since, subject):
        """Of a notice the subject is enough."""
        mail = self.mail_for(address, since, subject)
        self.show("mail to %s: %s" % (mail.to, mail.subject))
        return mail

    def code_in(self, text):
        found = re.search(r"\b[0-9]{6}\b", text)
        self.expect(found, "no code in: " + text)
        return found.group(0)

    # --- the chapters --------------------------------------------------------------------------------

    def settings(self):
        self.begin("root says which terms are in force and which service there is, with ldapmodify over ldapi:///")
        self.show(SETTINGS + run(["ldapmodify", "-Q", "-Y", "EXTERNAL", "-H", self.site.ldapi], SETTINGS).stdout)

    def sign_up(self):
        self.begin("Kim signs up as a platform member: the mail proves the address, its token sets the first password")
        asked = ("--name", "Kim Minji", "--country", "KR", "--type", "individual", "--terms", TERMS)
        first = self.signs_up(KIM, *asked)
        self.begin("somebody signs up with Kim's address: the answer is the same, Kim is told")
        since = len(self.site.mails())
        again = self.does("anybody", "account", "sign-up", "--mail", KIM, *asked)
        self.expect(again == first, "the answer says that the account is there")
        mail = self.mail_for(KIM, since, "you have an account already")
        self.show_mail(mail)
        self.expect(mail.token is None, "the mail carries a token")

    def signs_up(self, address, *asked):
        """What the sign-up answers; after it the account has PASSWORD."""
        since = len(self.site.mails())
        answer = self.does("anybody", "account", "sign-up", "--mail", address, *asked)
        mail = self.mail_for(address, since, "complete your sign-up")
        self.show_mail(mail)
        self.expect(mail.token, "the mail carries no token on a line of its own")
        self.does("anybody", "password", "redeem", address, answers=(mail.token, PASSWORD, PASSWORD))
        return answer

    def payment(self):
        self.begin("Kim has no payment method yet, so there is no organization")
        self.refused(1, "payment method", "kim", "org", "add", "nova", *NEW_ORGANIZATION)
        self.begin("a number of a card is not taken, a debit card is refused, a credit card counts")
        self.refused(2, "number of a card", "kim", "payment", "add", answers=("4111 1111 1111 1111",))
        self.expect("debit" in self.adds_method("check-card", "refused"), "the reason is not shown")
        self.expect("4242" in self.adds_method("good-card", "confirmed"), "the last four digits are not shown")
        listed = self.does("kim", "payment", "list")
        self.expect(re.search(r"\brefused\b", listed) and re.search(r"\bactive\b", listed), "the two are not listed with their states")
        self.expect("tok_" not in listed, "the provider's token is shown")

    def adds_method(self, reference, end):
        """A payment method by what the provider's page gave; how it is shown once the provider was asked."""
        since = len(self.site.mails())
        added = re.search(r"payment method (\S+) is being checked", self.does("kim", "payment", "add", answers=(reference,)))
        self.expect(added, "no ID of the payment method was printed")

        def judged():
            out = self.site.muster("-D", self.dns["kim"], "--json", "payment", "show", added[1], stdin=PASSWORD + "\n")
            return json.loads(out.stdout)["state"] != "pending"
        wait_until("what the payment provider says", judged, 30)
        shown = self.does("kim", "payment", "show", added[1])
        self.told(KIM, since, "payment method " + end)
        return shown

    def new_organization(self):
        self.begin("Kim makes an organization with a service: its domain makes the access URL")
        since = len(self.site.mails())
        printed = self.does("kim", "org", "add", "nova", *NEW_ORGANIZATION, "--service", "wiki")
        self.expect("https://nova.wiki.example.com/" in printed, "the access URL is not shown")
        self.told(KIM, since, "organization created")
        self.refused(5, "choose another", "kim", "org", "add", "supernova", *NEW_ORGANIZATION)
        self.does("kim", "service", "list", "nova")

    def bulk(self):
        self.begin("members from a spreadsheet: one row is wrong, so nobody is registered")
        self.show(MEMBERS)
        table = self.site.write("members.csv", MEMBERS)
        words = ("member", "import", "nova", table, "--invite", "--journal", self.site.path("journal"))
        self.refused(2, "row 4", "admin", *words)
        self.expect("hana" not in self.does("admin", "member", "list", "nova"), "a part of the table was imported")
        self.begin("the row is put right: everybody is registered and invited")
        self.site.write("members.csv", MEMBERS.replace("sora at nova", "sora@nova.example"))
        self.invited_since = len(self.site.mails())
        self.does("admin", *words)
        listed = self.does("admin", "member", "list", "nova")
        self.expect(all(login in listed for login in ("hana", "jun", "sora", "olga")), "not everybody is there")

    def invitation(self):
        self.begin("hana takes up the invitation, and sees her own organization only")
        invitation = self.told(HANA, self.invited_since, "choose your first password")
        self.expect(invitation.token, "the invitation carries no token")
        self.does("anybody", "password", "redeem", "nova/hana", answers=(invitation.token, PASSWORD, PASSWORD))
        listed = self.does("hana", "org", "list")
        self.expect("nova" in listed and "acme" not in listed, "these are not hana's organizations")
        self.refused(4, "acme", "hana", "member", "show", "acme/alice")

    def mobile(self):
        self.begin("Kim's mobile number is proved with a code that comes as a text message")
        since = len(self.site.texts())
        self.does("kim", "account", "mobile", "+82 10-1234-5678")
        code = self.code_in(self.text_for(MOBILE, since))
        wrong = "%06d" % ((int(code) + 1) % 10 ** 6)
        self.refused(3, "code", "kim", "account", "verify", "mobile", answers=(wrong,))
        self.does("kim", "account", "verify", "mobile", answers=(code,))

    def mail_address(self):
        self.begin("hana's contact mail: a code to the new address, a notice to the old one")
        since = len(self.site.mails())
        self.does("hana", "account", "mail", HANA_LATER)
        mail = self.mail_for(HANA_LATER, since, "confirm this mail address")
        self.show_mail(mail)
        self.does("hana", "account", "verify", "mail", answers=(self.code_in(mail.text),))
        self.told(HANA, since, "your mail address was changed")
        shown = self.does("hana", "account", "show")
        self.expect(HANA_LATER in shown and HANA not in shown, "the new address is not shown")

    def required_information(self):
        self.begin("Opal signs up and the administrator makes her an operator")
        self.signs_up(OPAL, "--name", "Opal Oh", "--country", "KR", "--type", "individual", "--terms", TERMS)
        self.show(OPERATOR + self.site.ldap_admin("ldapmodify", stdin=OPERATOR))
        self.begin("Kim's name is required information: an application with a document, and an operator who decides")
        self.refused(3, "application", "kim", "account", "set", "--name", NAME_LATER)
        passport, saved = self.site.path("passport.png"), self.site.path("saved.png")
        with open(passport, "wb") as file:
            file.write(PNG)
        since = len(self.site.mails())
        printed = self.does("kim", "application", "file", "--name", NAME_LATER, "--document", passport)
        filed = re.search(r"application (\S+) is filed", printed)
        self.expect(filed, "no ID of the application was printed")
        self.told(KIM, since, "application received")
        self.does("opal", "application", "show", filed[1])
        self.does("opal", "application", "document", filed[1], "--output", saved)
        with open(saved, "rb") as file:
            self.expect(file.read() == PNG, "the operator does not get the document that was filed")
        self.does("opal", "application", "approve", filed[1], "--reason", "the passport says so")
        self.told(KIM, since, "application approved")
        self.expect(NAME_LATER in self.does("kim", "account", "show"), "what was approved is not changed")

    def login_id(self):
        self.begin("Kim's new login ID: one code to the mobile number, one to the new address, then a rename")
        mails, texts = len(self.site.mails()), len(self.site.texts())
        self.does("kim", "account", "login-id", KIM_LATER)
        codes = [self.code_in(self.text_for(MOBILE, texts))]
        mail = self.mail_for(KIM_LATER, mails, "confirm your new login ID")
        self.show_mail(mail)
        codes.append(self.code_in(mail.text))
        self.does("kim", "account", "verify", "login", answers=codes)
        self.told(KIM, mails, "your login ID was changed")
        self.begin("the old login ID is nobody's, the organization names the new one")
        self.refused(3, "no such identity", "kim", "account", "show")
        self.dns["kim"] = account(KIM_LATER)
        self.expect(KIM_LATER in self.does("kim", "org", "list"), "the organization does not name its owner")

    def what_is_there(self):
        self.begin("what is there now, and nothing is owed to anybody")
        wait_until("the last messages", lambda: not self.site.owes(), 30)
        listed = self.does("admin", "org", "list")
        self.expect("acme" in listed and "nova" in listed, "an organization is missing")
        self.show("%d mails and %d text messages were sent" % (len(self.site.mails()), len(self.site.texts())))


def read(path):
    with open(path) as file:
        return file.read()
