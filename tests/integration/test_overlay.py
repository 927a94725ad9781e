#!/usr/bin/python3
"""The overlay in cn=config, its key file, its place in the stack, SASL, and other modules beside it."""

import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

import ldap

from lib import people, session, tap, totp
from lib.people import PASSWORD
from lib.world import DATABASE, World

SUCCESS, METHOD, CREDENTIALS, UNWILLING = 0, 7, 49, 53

world = World()
root = world.session("root")
acme = people.organization(world, "acme", root=root)


def overlay_dn(one=None):
    with world.use("config") as config:
        return (one or config).search(DATABASE, "(objectClass=olcMusterConfig)", ["dn"]).entries[0][0]


def in_use(member):
    """A member can log in."""
    with world.use() as one:
        return one.bind(member.dn, member.password).code


# --- attributes --------------------------------------------------------------------------------------


def test_ranges():
    for name, bad, good in (
        ("olcMusterMinSSF", ("-1", "257", "2147483648", "x", ""), "0"),
        ("olcMusterLease", ("0", "3601", "-5", "99999999999999999999"), "60"),
        ("olcMusterMintInterval", ("0", "86401", "-1"), "1"),
        ("olcMusterArgon2", ("m=1 t=1", "m=8192", "t=1", "m=8192 t=0", "m=8192 t=11", "m=1048577 t=1", "m=-1 t=1", "x y"),
         "m=8192 t=1"),
        ("olcMusterBase", ("dc=elsewhere", "not a name"), "ou=organizations," + world.base),
        ("olcMusterQueue", ("ou=queue,dc=elsewhere",), "ou=queue," + world.base),
        ("olcMusterPolicy", ("cn=policy,dc=elsewhere",), "cn=modern,ou=policies," + world.base),
    ):
        for value in bad:
            result = world.configure_overlay(("replace", name, value))
            tap.ok(result.code not in (0, -1), "%s: %r is refused" % (name, value), result)
        tap.is_(world.configure_overlay(("replace", name, good)).code, SUCCESS, "%s: %s is taken" % (name, good))
    with world.use("config") as config:
        entry = config.entry(overlay_dn())
        tap.is_(entry["olcMusterArgon2"], [b"m=8192 t=1"], "what was taken is shown")
    tap.ok(world.alive(), "slapd is alive")


def test_messages():
    for name, value, words in (("olcMusterLease", "0", "allowed is 1 to 3600"), ("olcMusterMinSSF", "300", "0 to 256"),
                               ("olcMusterArgon2", "m=1 t=1", "8192"), ("olcMusterBase", "dc=elsewhere", "below " + world.base)):
        tap.in_(words, world.configure_overlay(("replace", name, value)).text, "%s: says what is allowed" % name)


def test_at_run_time():
    member = people.member(acme, password=PASSWORD, root=root)
    with world.use(uri=world.uri) as one:
        tap.is_(one.bind(member.dn, PASSWORD).code, SUCCESS, "olcMusterMinSSF 0 takes passwords on a clear connection")
        tap.is_(world.configure_overlay(("delete", "olcMusterMinSSF", None)).code, SUCCESS, "deleted")
        tap.is_(one.bind(member.dn, PASSWORD).code, 13, "the default does not")
    for name in ("olcMusterLease", "olcMusterMintInterval", "olcMusterArgon2", "olcMusterBase", "olcMusterQueue",
                 "olcMusterPolicy"):
        tap.is_(world.configure_overlay(("delete", name, None)).code, SUCCESS, name + " can be deleted")
    courier = "cn=second,ou=programs," + world.base
    tap.is_(world.configure_overlay(("add", "olcMusterCourier", courier)).code, SUCCESS, "a second courier")
    tap.is_(world.configure_overlay(("delete", "olcMusterCourier", courier)).code, SUCCESS, "and gone")
    world.restart()
    tap.is_(in_use(member), SUCCESS, "all of it survives a restart")


# --- key file ----------------------------------------------------------------------------------------


def key_file(name, text, mode=0o600):
    path = os.path.join(world.folder, name)
    with open(path, "w") as file:
        file.write(text)
    os.chmod(path, mode)
    return path


@tap.fault(9, 11)
def test_key_files():
    member = people.member(acme, password=PASSWORD, secret=totp.new_secret(), root=world.session("root"))
    good = open(world.key_path).read()
    new = "k2 %s\n" % os.urandom(32).hex()
    link = os.path.join(world.folder, "link")
    os.symlink(world.key_path, link)
    fifo = os.path.join(world.folder, "fifo")
    os.mkfifo(fifo, 0o600)
    for path, words in (
        (os.path.join(world.folder, "nowhere"), "is it there"),
        (link, "symbolic link"),
        (fifo, "no regular file"),
        (world.folder, "no regular file"),
        (key_file("open", good, 0o644), "chmod 0600"),
        (key_file("group", good, 0o660), "chmod 0600"),
        (key_file("empty", ""), "line"),
        (key_file("short", "k1 abcd\n"), "line 1"),
        (key_file("twice", good + good), "line 2"),
        (key_file("long", "#" * 5000), "too long"),
    ):
        result = world.configure_overlay(("replace", "olcMusterKeyFile", path))
        tap.ok(result.code != 0, "key file %s is refused" % os.path.basename(path), result)
        tap.in_(words, result.text, "key file %s: says why" % os.path.basename(path))
    if os.geteuid() == 0:
        foreign = key_file("foreign", good)
        os.chown(foreign, 12345, -1)
        tap.in_("belongs to", world.configure_overlay(("replace", "olcMusterKeyFile", foreign)).text, "somebody else's file")
    with world.use() as one:
        tap.is_(one.bind(member.dn, member.credential()).code, SUCCESS, "the old keys are still in use")
    tap.is_(world.configure_overlay(("replace", "olcMusterKeyFile", key_file("both", new + good))).code, SUCCESS,
            "a new key before the old one")
    with world.use("root") as chief:
        before = chief.entry(member.dn, ["oathSecret"])["oathSecret"][0]
        tap.ok(before.startswith(b"{SEALED}k1$"), "a seal of the old key stays")
        people.give_factor(world, member, root=chief)
        tap.ok(chief.entry(member.dn, ["oathSecret"])["oathSecret"][0].startswith(b"{SEALED}k2$"), "the new key seals")
    tap.is_(world.configure_overlay(("replace", "olcMusterKeyFile", key_file("new", new))).code, SUCCESS, "the old key goes")
    with world.use() as one:
        tap.is_(one.bind(member.dn, member.credential()).code, SUCCESS, "and is not missed")
    key_file("new", "k3 %s\n" % os.urandom(32).hex() + new)
    tap.is_(world.configure_overlay(("replace", "olcMusterKeyFile", os.path.join(world.folder, "new"))).code, SUCCESS,
            "the same path again")
    with world.use("root") as chief:
        people.give_factor(world, member, root=chief)
        tap.ok(chief.entry(member.dn, ["oathSecret"])["oathSecret"][0].startswith(b"{SEALED}k3$"), "is read again")


def test_missing_key_file():
    with open(os.path.join(world.folder, "new")) as file:
        path = key_file("going", file.read())
    tap.is_(world.configure_overlay(("replace", "olcMusterKeyFile", path)).code, SUCCESS, "another path")
    world.stop()
    os.rename(path, path + ".away")
    out = world.tool("slapcat", "-n", "1")
    tap.in_(b"dn: " + world.base.encode(), out, "slapcat needs no key file")
    world.tool("slaptest")
    tap.ok(True, "nor does slaptest")
    try:
        world.start()
        tap.fail("slapd starts without the key file")
    except RuntimeError as error:
        tap.in_("key file %s cannot be opened" % path, str(error), "slapd refuses to start and names the file")
    world.process = None
    os.rename(path + ".away", path)
    world.start()
    tap.ok(world.alive(), "with the file it starts")


# --- stack -------------------------------------------------------------------------------------------


def test_order():
    with world.use("config") as config:
        above = {"objectClass": ["olcOverlayConfig", "olcPPolicyConfig"], "olcOverlay": "ppolicy"}
        tap.is_(config.add("olcOverlay=ppolicy," + DATABASE, above).code, SUCCESS, "slapd itself puts ppolicy on top of all")
    member = people.member(acme, password=PASSWORD, root=world.session("root"))
    tap.is_(in_use(member), UNWILLING, "with ppolicy above muster no member gets in")
    tap.in_("ppolicy must be below muster", world.log(), "the log says why")
    world.stop()
    try:
        world.start()
        tap.fail("slapd starts with ppolicy above muster")
    except RuntimeError as error:
        tap.in_("ppolicy must be below muster", str(error), "slapd refuses to start like that")


def test_ppolicy_is_needed():
    other = World(start=False)
    other.tool("slapmodify", "-n", "0", input=other.fill(
        "dn: cn=module{0},cn=config\nchangetype: modify\nadd: olcModuleLoad\nolcModuleLoad: @MODULE@\n").encode())
    other.start()
    with other.use("config") as config:
        result = config.add("olcOverlay=muster," + DATABASE, {"objectClass": ["olcOverlayConfig", "olcMusterConfig"],
                                                              "olcOverlay": "muster", "olcMusterKeyFile": other.key_path})
        tap.ok(result.code != 0, "without ppolicy's module the overlay does not open")
        tap.in_("load ppolicy.so", result.text, "and says what to do")
        config.add("cn=module,cn=config", {"objectClass": "olcModuleList", "cn": "module", "olcModuleLoad": "ppolicy.la",
                                           "olcModulePath": "/usr/lib/ldap"})
        result = config.add("olcOverlay=muster," + DATABASE, {"objectClass": ["olcOverlayConfig", "olcMusterConfig"],
                                                              "olcOverlay": "muster"})
        tap.in_("olcMusterKeyFile is missing", result.text, "without a key file it does not either")
        result = config.add("olcOverlay=muster," + DATABASE, {"objectClass": ["olcOverlayConfig", "olcMusterConfig"],
                                                              "olcOverlay": "muster", "olcMusterKeyFile": other.key_path})
        tap.is_(result.code, SUCCESS, "with both it opens in a slapd that runs")
        tap.ok(config.add("olcOverlay=muster," + DATABASE, {"objectClass": ["olcOverlayConfig", "olcMusterConfig"],
                                                            "olcOverlay": "muster", "olcMusterKeyFile": other.key_path}).code != 0,
               "once")
    tap.ok(other.alive(), "slapd is alive")
    other.cleanup()


def test_beside_otp():
    """otp.so registers the OATH schema itself; loaded before muster.so both get along."""
    other = World(start=False)
    other.tool("slapmodify", "-n", "0", input=other.fill(
        "dn: cn=module{0},cn=config\nchangetype: modify\nadd: olcModuleLoad\nolcModuleLoad: otp\n").encode())
    other.start()
    other.configure()
    org = people.organization(other, "acme")
    member = people.member(org, password=PASSWORD, secret=totp.new_secret())
    other.restart()
    with other.use() as one:
        tap.is_(one.bind(member.dn, member.credential()).code, SUCCESS, "a login beside otp.so")
    with other.use("root") as chief:
        dn = "cn=token,ou=programs," + other.base
        tap.is_(chief.add(dn, {"objectClass": ["device", "oathTOTPToken"], "cn": "token", "oathSecret": b"s" * 20,
                               "oathTOTPLastTimeStep": "1", "oathTokenSerialNumber": "7"}).code, SUCCESS,
                "a token of slapo-otp is accepted beside it")
    other.cleanup()
    with world_again().use("root") as chief:
        dn = "cn=token,ou=programs," + world.base
        tap.is_(chief.add(dn, {"objectClass": ["device", "oathTOTPToken"], "cn": "token", "oathSecret": b"s" * 20,
                               "oathTOTPTimeStepDrift": "0", "oathTokenSerialNumber": "7"}).code, SUCCESS,
                "and without it")


def world_again():
    """The first world without the ppolicy that test_order put above muster."""
    if world.process is None or world.process.poll() is not None:
        folder = os.path.join(world.folder, "config", "cn=config", "olcDatabase={1}mdb")
        for name in os.listdir(folder):
            if "ppolicy" in name:
                os.unlink(os.path.join(folder, name))
        world.process = None
        world.start()
    return world


# --- SASL --------------------------------------------------------------------------------------------


def sasl(one, mechanism, credential=b""):
    """A SASL bind in one step: (result code, text)."""
    try:
        one.low.sasl_bind_s("", mechanism, credential, [], None)
        return SUCCESS, ""
    except ldap.LDAPError as error:
        facts = error.args[0]
        return facts.get("result", -1), facts.get("info", "")


def test_mechanisms():
    member = people.member(acme, password=PASSWORD, root=world_again().session("root"))
    authcid = member.uid.encode()
    for mechanism in ("PLAIN", "LOGIN", "DIGEST-MD5", "CRAM-MD5", "SCRAM-SHA-256", "GSS-SPNEGO", "plain", "NTLM", "X"):
        with world.use() as one:
            code, text = sasl(one, mechanism, b"\0" + authcid + b"\0" + PASSWORD.encode())
            tap.is_(code, METHOD, mechanism + " is refused")
            tap.in_("EXTERNAL and GSSAPI only", text, mechanism + ": says what may be used")
            tap.is_(one.whoami(), "", mechanism + ": anonymous")
            tap.is_(one.bind(member.dn, PASSWORD).code, SUCCESS, mechanism + ": a simple bind goes on afterwards")


def test_external():
    peer = "gidNumber=%d+uidNumber=%d,cn=peercred,cn=external,cn=auth" % (os.getegid(), os.geteuid())
    with world_again().use() as one:
        tap.is_(sasl(one, "EXTERNAL")[0], SUCCESS, "EXTERNAL over ldapi")
        tap.is_(one.whoami(), "dn:" + peer, "as the peer of the socket")
    chief = world.session("root")
    member = people.member(acme, password=PASSWORD, root=chief)
    with world.use("config") as config:
        people.must(config.modify("cn=config", ("replace", "olcAuthzRegexp", '"^%s$" "%s"' % (peer.replace("+", "\\+"), member.dn))),
                    "map")
    with world.use() as one:
        tap.is_(sasl(one, "EXTERNAL")[0], SUCCESS, "an identity that maps to a member")
        tap.is_(one.whoami(), "dn:" + member.dn, "is that member")
        for status in ("suspended", "closed"):
            people.must(chief.modify(member.dn, ("replace", "musterStatus", status)), status)
            with world.use() as again:
                tap.is_(sasl(again, "EXTERNAL")[0], CREDENTIALS, "a member that is %s is refused" % status)
                tap.is_(again.whoami(), "", "and anonymous")
        people.must(chief.modify(member.dn, ("replace", "musterStatus", "active")), "active")
    with world.use() as one:
        tap.is_(sasl(one, "EXTERNAL")[0], SUCCESS, "active again")
        tap.is_(one.whoami(), "dn:" + member.dn, "and in")
    with world.use("config") as config:
        people.must(config.modify("cn=config", ("delete", "olcAuthzRegexp", None)), "map gone")


def test_conversion():
    """A slapd.conf with every option, converted by slaptest: nothing is lost."""
    words, hashes = os.path.join(world.folder, "words"), os.path.join(world.folder, "hashes")
    for name, text in ((words, "correct horse\n"), (hashes, "0" * 40 + ":1\n")):
        with open(name, "w") as file:
            file.write(text)
    options = {"olcMusterKeyFile": world.key_path, "olcMusterPolicy": "cn=p,dc=example,dc=com",
               "olcMusterBase": "dc=example,dc=com", "olcMusterQueue": "ou=q,dc=example,dc=com",
               "olcMusterCourier": "cn=c,dc=example,dc=com", "olcMusterMinSSF": "56", "olcMusterLease": "60",
               "olcMusterMintInterval": "61", "olcMusterArgon2": '"m=8192 t=1"',
               "olcMusterBlocklist": words, "olcMusterBreached": hashes, "olcMusterContextWord": "fjord"}
    folder = os.path.join(world.folder, "converted")
    os.mkdir(folder)
    path = os.path.join(world.folder, "slapd.conf")
    lines = ["include /etc/ldap/schema/%s.schema" % name for name in ("core", "cosine", "inetorgperson")]
    lines += ["modulepath /usr/lib/ldap", "moduleload back_mdb", "moduleload ppolicy", "moduleload " + world.places["MODULE"],
              "database mdb", 'suffix "dc=example,dc=com"', 'rootdn "cn=root,dc=example,dc=com"', "directory " + folder,
              "overlay muster"]
    lines += ["muster-" + re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name[len("olcMuster"):]).lower() + " " + value
              for name, value in options.items()]
    with open(path, "w") as file:
        file.write("\n".join(lines) + "\n")
    world.tool("slaptest", "-n", "0", "-f", path, "-F", folder)
    with open(os.path.join(folder, "cn=config", "olcDatabase={1}mdb", "olcOverlay={0}muster.ldif")) as file:
        converted = re.sub(r"\n ", "", file.read())
    for name, value in options.items():
        tap.in_("\n%s: %s\n" % (name, value.strip('"')), converted, "slaptest keeps %s" % name)


def test_load_check():
    """muster.so in something that is no slapd, or another one, is not loaded."""
    found = subprocess.run([sys.executable, "-c", "import ctypes, sys; ctypes.CDLL(sys.argv[1])", world.places["MODULE"]],
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    tap.ok(found.returncode != 0, "muster.so needs slapd's symbols")


if __name__ == "__main__":
    tap.main(globals())
