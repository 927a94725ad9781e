"""A directory as it is before Muster comes: people, groups, and second factors of slapo-otp, which checks them itself.

    place = Place(); place.person("ann", password="..."); place.factor("ann")     entries below ou=people
    place.init(); place.adopt(place.people, "--domain", "acme", ...)               the commands, as who runs this over EXTERNAL
"""

import base64
import hashlib
import json
import os
import re
import subprocess
import time

from . import logs, people, totp
from .checkup import LIMIT, PEER, command
from .world import BASE_ENTRIES, DATABASE, World

SHA1 = "1.2.840.113549.2.7"
OLD_RULES = ["{0}to attrs=userPassword,oathSecret by self write by anonymous auth by * none", "{1}to * by self write by users read by * none"]
# What changes with time, or by who asks.
FLEETING = rb"(?m)^(modifyTimestamp|entryCSN|contextCSN|modifiersName): .*\n"


def ssha(password):
    salt = os.urandom(8)
    return "{SSHA}" + base64.b64encode(hashlib.sha1(password.encode() + salt).digest() + salt).decode()


class Ran:
    def __init__(self, done):
        self.code, self.out, self.err = done.returncode, done.stdout.decode(), done.stderr.decode()
        self.text = self.out + self.err
        if self.code < 0:
            raise RuntimeError("muster ended by signal %d\n%s" % (-self.code, self.err))

    @property
    def facts(self):
        return json.loads(self.out)

    def conflicts(self):
        """{DN: texts} of what stands in the way."""
        found = {}
        for row in self.facts["conflicts"]:
            found.setdefault(row["dn"], []).append(row["text"])
        return found


class Place:
    def __init__(self, root="ou=people", otp=True):
        self.world = world = World(start=False)
        self.otp = otp
        if otp:  # before muster.so: otherwise it cannot register what is registered already
            world.tool("slapmodify", "-n", "0", input=world.fill(
                "dn: cn=module{0},cn=config\nchangetype: modify\nadd: olcModuleLoad\nolcModuleLoad: otp\n").encode())
        world.start()
        world.session("root").apply(world.fill(BASE_ENTRIES))
        with world.use("config") as config, open("/etc/ldap/schema/nis.ldif") as nis:
            config.apply("\n" + nis.read())
            people.must(config.modify("olcDatabase={0}config,cn=config",
                                      ("add", "olcAccess", "to * by dn.exact=%s manage by * break" % PEER)), "who runs this")
            people.must(config.modify(DATABASE, ("add", "olcAccess", OLD_RULES)), "access rules")
            if otp:
                people.must(config.add("olcOverlay=otp," + DATABASE, {"objectClass": "olcOverlayConfig", "olcOverlay": "otp"}), "otp")
        self.root = world.session("root")
        self.top = root + "," + world.base
        kind, name = root.split("=")
        if kind == "ou":
            self.people = self.top
            self.add(self.top, objectClass="organizationalUnit", ou=name)
        else:
            self.people = "ou=people," + self.top
            self.add(self.top, objectClass="organization", o=name)
            self.add(self.people, objectClass="organizationalUnit", ou="people")
        self.tokens = "ou=tokens," + world.base
        self.add(self.tokens, objectClass="organizationalUnit", ou="tokens")
        self.seeds = {}
        if otp:
            self.params("params")

    def add(self, dn, **attributes):
        people.must(self.root.add(dn, attributes), dn)
        return dn

    def dn(self, uid):
        return "uid=%s,%s" % (uid, self.people)

    def person(self, uid, below=None, **more):
        entry = {"objectClass": ["inetOrgPerson"], "uid": uid, "cn": uid.title(), "sn": uid.title(), "mail": uid + "@old.example"}
        entry.update(more)
        return self.add("uid=%s,%s" % (uid, below or self.people), **{name: value for name, value in entry.items() if value is not None})

    def account(self, uid, number, **more):
        return self.person(uid, objectClass=["inetOrgPerson", "posixAccount"], uidNumber=str(number), gidNumber="100",
                           homeDirectory="/home/" + uid, **more)

    # --- slapo-otp ----------------------------------------------------------------------------------------

    def params(self, name, length="6", period="30", algorithm=SHA1):
        return self.add("cn=%s,%s" % (name, self.tokens), objectClass=["organizationalRole", "oathTOTPParams"], cn=name,
                        oathOTPLength=length, oathHMACAlgorithm=algorithm, oathTOTPTimeStepPeriod=period)

    def factor(self, uid, params="params", octets=20, own_entry=False, token=None, **more):
        """A second factor of slapo-otp for that person."""
        seed = self.seeds[uid] = totp.new_secret(octets)
        logs.secret(seed)
        facts = {"oathSecret": seed, "oathTOTPParams": "cn=%s,%s" % (params, self.tokens), **more}
        dn = self.dn(uid)
        if own_entry:
            people.must(self.root.modify(dn, ("add", "objectClass", ["oathTotpUser", "oathtotptoken"]), ("add", "oathTOTPToken", dn),
                                         *[("add", name, value) for name, value in facts.items()]), uid)
            return dn
        if token is None:
            token = self.add("cn=of-%s,%s" % (uid, self.tokens), objectClass=["device", "oathTOTPToken"], cn="of-" + uid, **facts)
        people.must(self.root.modify(dn, ("add", "objectClass", "oathTOTPUser"), ("add", "oathTOTPToken", token)), uid)
        return token

    def code(self, uid):
        """A code that slapo-otp takes: of this step, which has some seconds left."""
        while totp.clock() % totp.PERIOD > totp.PERIOD - 5:
            time.sleep(0.2)
        return totp.totp(self.seeds[uid])

    def bind(self, uid, credential):
        with self.world.use() as one:
            return one.bind(self.dn(uid), credential).code

    # --- commands -----------------------------------------------------------------------------------------

    def muster(self, *arguments, answers=(), login=None):
        who = ["-D", login] if login else ["--external"]
        typed = b"".join(answer.encode() + b"\n" for answer in answers)
        return Ran(subprocess.run([command("muster"), "-H", self.world.uri_ldapi, "--base", self.world.base, *who, *arguments],
                                  input=typed, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=LIMIT))

    def init(self):
        world = self.world
        ran = self.muster("init", "--module", world.places["MODULE"], "--key-file", world.key_path, "--courier-password-file",
                          world.folder + "/courier.password")
        if ran.code:
            raise RuntimeError(ran.text)

    def adopt(self, *arguments, **more):
        return self.muster("adopt", self.top, *arguments, **more)

    def snapshot(self):
        """Everything in the configuration and the data."""
        world = self.world
        return re.sub(FLEETING, b"", world.tool("slapcat", "-n", "0", "-o", "ldif-wrap=no") + world.slapcat())
