#!/usr/bin/python3
"""An organization that was adopted: a folder whose members lie in it directly, and members whose second factor slapo-otp still has."""

import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from lib import exops, logs, people, tap, totp  # noqa: E402
from lib.adoption import Place, Ran, ssha  # noqa: E402
from lib.checkup import LIMIT, command  # noqa: E402
from lib.session import RELAX  # noqa: E402
from lib.tap import in_, is_, ok  # noqa: E402
from lib.world import DATABASE, SOURCE  # noqa: E402

DONE, FAILED, USAGE, REFUSED, NOT_FOUND = range(5)
SUCCESS, NO_ATTRIBUTE, CREDENTIALS, UNWILLING = 0, 16, 49, 53
PASSWORD = "Old-Spring#2026"
logs.secret(PASSWORD)

place = Place()
world = place.world


def as_(uid, *arguments):
    return place.muster(*arguments, login=place.dn(uid), answers=(PASSWORD,))


def owners():
    return sorted(value.decode() for value in place.root.entry(place.top, ["owner"])["owner"])


# --- the organization of a member --------------------------------------------------------------------------------


def test_01_owners():
    for uid in ("ann", "bob", "cat"):
        place.person(uid, userPassword=ssha(PASSWORD))
    place.init()
    is_(place.adopt("--domain", "acme", "--organization", "Acme", "--owner-id", "ann").code, DONE, "adopt")
    is_([as_("ann", "member", "show", "acme/" + uid, "--json").facts["owner"] for uid in ("ann", "bob")], [True, False],
        "member show says who is an OWNER")
    is_(as_("ann", "account", "show", "--json").code, DONE, "account show")
    ran = as_("ann", "member", "promote", "acme/bob", "--json")
    is_((ran.code, ran.text and ran.facts), (DONE, {"dn": place.dn("bob"), "owner": True}), "member promote")
    is_(owners(), [place.dn("ann"), place.dn("bob")], "the directory has both")
    is_(as_("bob", "member", "show", "acme/bob", "--json").facts["owner"], True, "who is one now sees it")
    is_(as_("bob", "member", "demote", place.dn("ann")).code, DONE, "member demote by DN")
    is_(owners(), [place.dn("bob")], "one is left")
    is_(as_("cat", "member", "promote", "acme/cat").code, REFUSED, "nobody promotes itself")
    is_(as_("bob", "member", "promote", "acme/nobody").code, NOT_FOUND, "nor who is not there")
    out = place.person("out", below="ou=tokens," + world.base)
    ran = place.muster("member", "promote", out)
    is_(ran.code, USAGE, "who lies in no organization becomes no OWNER")
    in_("no organization", ran.err, "it is said why")
    is_(owners(), [place.dn("bob")], "and nothing is written")
    is_(as_("bob", "member", "promote", "acme/ann").code, DONE, "ann is one again")


def test_02_doctor():
    facts = place.muster("--json", "doctor", "member", "acme/cat").facts
    is_((facts["organization"], facts["domain"], facts["policy"]), ("Acme", "acme", "cn=policy," + place.top),
        "doctor member knows the organization and its policy")


def issuer(dn):
    """What the app would show; nothing is registered."""
    done = subprocess.run([command("muster"), "-H", world.uri_ldapi, "otp", "enrol", "--json", dn], input=(PASSWORD + "\n12345\n").encode(),
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=LIMIT)
    text = done.stdout.decode()
    return text[text.index("issuer=") + 7:].split("&")[0].split('"')[0] if "issuer=" in text else done.stderr.decode()


def test_03_issuer():
    is_(issuer(place.dn("cat")), "Muster", "without a login the directory does not tell the name, and none is made up")
    outer = place.add("o=outer," + world.base, objectClass="organization", o="outer")
    inner = place.add("ou=people," + outer, objectClass="organizationalUnit", ou="people")
    place.person("eve", below=inner, userPassword=ssha(PASSWORD))
    is_(place.muster("adopt", inner, "--domain", "inner", "--organization", "Inner", "--owner-id", "eve").code, DONE, "a folder in o=outer")
    is_(issuer("uid=eve," + inner), "Muster", "is not called outer")
    with world.use("config") as config:
        people.must(config.modify(DATABASE, ("add", "olcAccess", "{0}to filter=(objectClass=musterOrganization) attrs=entry,objectClass,o "
                                                                 "by anonymous read by * break")), "access")
    is_([issuer(place.dn("cat")), issuer("uid=eve," + inner)], ["Acme", "Inner"], "where it does, that is the name")
    with world.use("config") as config:
        people.must(config.modify(DATABASE, ("delete", "olcAccess", "{0}")), "access")
    ok("oathSecret" not in place.root.entry(place.dn("cat")), "nothing was registered")


# --- second factors that slapo-otp still has ----------------------------------------------------------------------


def person(uid, hotp=False, member=True):
    """A member made by hand, whose second factor was not taken over."""
    place.person(uid, userPassword=ssha(PASSWORD))
    if hotp:
        people.must(place.root.modify(place.dn(uid), ("add", "objectClass", "oathHOTPUser"),
                                      ("add", "oathHOTPToken", "cn=%s,%s" % (uid, place.tokens))), uid)
    else:
        place.factor(uid)
    if member:
        people.must(place.root.modify(place.dn(uid), ("add", "objectClass", "musterMember"), controls=[RELAX]), uid)
    return place.dn(uid)


def owed(uid):
    """The notices about a second factor that are owed to a member."""
    values = place.root.entry(place.dn(uid), ["musterOutbox"]).get("musterOutbox", [])
    return sorted(kind for kind in (value.decode().split()[1] for value in values) if kind.startswith("factor-"))


GONE = [("delete", "oathTOTPToken", None), ("delete", "objectClass", "oathTOTPUser")]


def test_04_is_told():
    dan = person("dan")
    person("hal", hotp=True)
    is_(place.bind("dan", PASSWORD), CREDENTIALS, "whose second factor was not taken over does not get in with the password")
    is_(place.bind("dan", PASSWORD + totp.totp(place.seeds["dan"])), UNWILLING, "nor with a code")
    in_(dan + ": the second factor is one of slapo-otp", world.log(), "slapd's log says why")
    for who, run in (("the administrator", place.muster), ("an OWNER", lambda *words: as_("ann", *words))):
        for uid in ("dan", "hal"):
            ran = run("otp", "status", "acme/" + uid, "--json")
            is_((ran.code, ran.facts["registered"]), (DONE, True), "%s: otp status of %s" % (who, uid))
            in_("slapo-otp, not taken over", ran.facts["note"], "says what it is")
        in_("muster adopt", run("otp", "status", "acme/dan").out, "and what to do")
        is_(run("member", "show", "acme/dan", "--json").facts["second_factor"], True, "member show")
        ran = run("otp", "remove", "acme/dan")
        ok(ran.code != DONE, "otp remove does not remove it", ran.text)
        in_("delete oathTOTPToken", ran.err, "and says how")
    ran = as_("ann", "otp", "status", "acme/cat", "--json")
    is_(ran.facts, {"dn": place.dn("cat"), "registered": False}, "who has none has none")
    is_(as_("ann", "otp", "status", "acme/nobody").code, NOT_FOUND, "nor has nobody")
    ran = place.muster("--json", "doctor", "member", "acme/dan")
    is_((ran.code, ran.facts["can_log_in"], ran.facts["factor"]), (1, False, True), "doctor member says that nobody gets in")
    in_("slapo-otp", ran.facts["stops"][0]["why"], "why")
    in_("muster adopt", ran.facts["stops"][0]["do"], "and what to do")
    is_(ran.facts["second_factor"], "of slapo-otp, not taken over", "and does not call it none")


def test_05_is_not_removed():
    """oathSecret is not there to be deleted, and no code fits: the answers say what is."""
    dan = place.dn("dan")
    with world.use(place.dn("ann"), PASSWORD) as owner:
        ran = owner.modify(dan, ("delete", "oathSecret", None))
        is_(ran.code, UNWILLING, "an OWNER deletes oathSecret")
        in_("delete oathTOTPToken and the class oathTOTPUser", ran.text, "and is told what to delete")
        is_(owner.modify(place.dn("cat"), ("delete", "oathSecret", None)).code, NO_ATTRIBUTE, "where there is no factor that is said")
    code = totp.totp(place.seeds["dan"])
    with world.use() as one:
        ran = exops.remove_totp(one, dan, PASSWORD, code)
        is_(ran.code, UNWILLING, "removeTotp")
        in_("slapo-otp", ran.text, "tells the member why")
        ran = exops.remove_totp(one, dan, PASSWORD + "x", code)
        is_((ran.code, ran.text), (CREDENTIALS, ""), "and nobody else")
        in_("slapo-otp", exops.new_recovery_codes(one, dan, PASSWORD, code)[0].text, "newRecoveryCodes likewise")
        secret = totp.new_secret()
        ran = exops.enrol_totp(one, dan, PASSWORD, secret, totp.totp(secret))[0]
        is_(ran.code, UNWILLING, "another is not enrolled beside it")
        in_("slapo-otp", ran.text, "the member is told why")
    is_(owed("dan"), [], "nobody is told of a factor that stays")


def test_06_goes():
    """A second factor that goes is told to the member, whoever had it."""
    dan, root = place.dn("dan"), place.root
    people.must(root.modify(dan, ("add", "oathTOTPLastTimeStep", "1"), controls=[RELAX]), "a step that was spent")
    with world.use(place.dn("ann"), PASSWORD) as owner:
        is_(owner.modify(dan, ("replace", "oathTOTPToken", "cn=other," + place.tokens)).code, SUCCESS, "another token")
        is_(owed("dan"), [], "is still a second factor")
        is_(owner.modify(dan, ("delete", "oathTOTPToken", "cn=none," + place.tokens), *GONE[1:]).code, NO_ATTRIBUTE, "a token that is not there")
        is_(owed("dan"), [], "does not go")
        is_(owner.modify(dan, *GONE).code, SUCCESS, "an OWNER takes it away")
        is_(owed("dan"), ["factor-removed"], "and the member is told")
        ok("oathTOTPLastTimeStep" not in root.entry(dan), "what was spent is not kept for the next one")
        in_('operation=remove-factor dn="%s"' % dan, world.log(), "the log says what it was")
        is_(place.bind("dan", PASSWORD), SUCCESS, "the password alone is good then")
        is_(owner.modify(place.dn("hal"), ("replace", "oathHOTPToken", None), ("delete", "objectClass", "oathHOTPUser")).code, SUCCESS, "HOTP")
        is_(owed("hal"), ["factor-removed"], "likewise")
        is_(owner.modify(dan, ("add", "objectClass", "oathTOTPUser"), ("add", "oathTOTPToken", "cn=other," + place.tokens)).code, SUCCESS,
            "a token is given")
        is_(owed("dan"), ["factor-removed"], "and is nothing that goes")


def test_07_both_kinds():
    kit, root = person("kit"), place.root
    people.must(root.modify(kit, ("add", "objectClass", "oathHOTPUser"), ("add", "oathHOTPToken", "cn=kit," + place.tokens)), "HOTP as well")
    is_(root.modify(kit, ("delete", "oathHOTPToken", None), ("delete", "objectClass", "oathHOTPUser")).code, SUCCESS, "one of two")
    is_(owed("kit"), [], "is not all of it")
    with world.use(place.dn("ann"), PASSWORD) as owner:
        ran = owner.modify(kit, ("add", "musterPendingMail", "kit@new.example"), *GONE)
    is_((ran.code, owed("kit")), (UNWILLING, []), "it does not go along with an address that waits for its proof")
    in_("one after the other", ran.text, "which is said")
    is_(root.modify(kit, *GONE).code, SUCCESS, "the other")
    is_(owed("kit"), ["factor-removed"], "is")


def test_08_a_seed_comes():
    root, seed = place.root, totp.new_secret()
    logs.secret(seed)
    lea, max_ = person("lea"), person("max")
    is_(root.modify(lea, ("add", "oathSecret", place.seeds["lea"]), *GONE).code, SUCCESS, "taken over")
    is_(owed("lea"), [], "there is nothing new, and nothing goes")
    is_(place.bind("lea", PASSWORD + totp.totp(place.seeds["lea"])), SUCCESS, "the codes are good")
    with world.use(place.dn("ann"), PASSWORD) as owner:
        is_(owner.modify(max_, ("add", "oathSecret", seed), *GONE).code, SUCCESS, "an OWNER gives another")
    is_(owed("max"), ["factor-added"], "which is told once")
    person("ned", member=False)
    is_(root.modify(place.dn("ned"), *GONE).code, SUCCESS, "who is no member")
    is_(root.entry(place.dn("ned"), ["*", "+"]).get("musterOutbox"), None, "is told nothing")


# --- a directory without Muster, where slapo-otp goes on to ask for what was not taken over -----------------------


def uninstall(*arguments):
    return Ran(subprocess.run([command("muster"), "uninstall", "--slapd-config", world.folder + "/config", "--slapd", world.slapd, *arguments],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=LIMIT))


def test_09_uninstall_says_what_is_lost():
    person("oto")
    person("own")
    people.must(place.root.modify(place.dn("own"), ("add", "oathSecret", totp.new_secret())), "a seed of its own beside the token")
    person("uri", hotp=True)
    people.must(place.root.modify(place.dn("uri"), ("replace", "musterStatus", "suspended")), "suspended")
    facts = uninstall("--dry-run", "--json").facts
    is_((facts["second_factors_kept"], facts["second_factors"]), (3, 3), "of dan, oto and uri; of lea, max and own")
    with world.use("config") as config:
        overlay = [dn for dn, _ in config.search(DATABASE, "(objectClass=olcOverlayConfig)", ["olcOverlay"]).entries if "}otp," in dn][0]
        people.must(config.modify(overlay, ("replace", "olcDisabled", "TRUE")), "otp")
        facts = uninstall("--dry-run", "--json").facts
        is_((facts["second_factors_kept"], facts["second_factors"]), (0, 6), "where its overlay is switched off all are lost")
        people.must(config.modify(overlay, ("replace", "olcDisabled", "FALSE")), "otp")
    out = uninstall("--dry-run").out
    in_("3 second factors of slapo-otp that were not taken over, for its overlay to ask for", out, "as text")
    in_("3 SECOND FACTORS: a password alone", out, "and what is lost")


def test_10_uninstalled():
    to = world.folder + "/plain"
    world.stop()
    ran = uninstall("--to", to)
    is_(ran.code, DONE, "muster uninstall")
    for name in ("config", "db"):
        os.rename(world.folder + "/" + name, world.folder + "/%s.muster" % name)
    os.rename(to + "/slapd.d", world.folder + "/config")
    os.rename(to + "/db", world.folder + "/db")
    world.start()
    with world.use("root") as root:
        oto = root.entry(place.dn("oto"))
        is_((oto["oathTOTPToken"], b"oathTOTPUser" in oto["objectClass"]), ([("cn=of-oto," + place.tokens).encode()], True),
            "what names the token is kept, with its class")
        for uid in ("own", "lea", "ann"):
            entry = root.entry(place.dn(uid))
            is_([name for name in list(entry) + [name.decode() for name in entry["objectClass"]] if name.lower().startswith(("oath", "muster"))],
                [], "nothing of Muster is left of %s, nor what would refer to nothing" % uid)
        uri = root.entry(place.dn("uri"))
        ok("oathHOTPToken" in uri and uri["userPassword"][0].startswith(b"{SUSPENDED}"), "who was suspended has both")
        is_(root.entry("cn=of-oto," + place.tokens)["oathSecret"], [place.seeds["oto"]], "the token is as it was")
    is_(place.bind("oto", PASSWORD), CREDENTIALS, "slapo-otp asks for the code")
    is_(place.bind("oto", PASSWORD + place.code("oto")), SUCCESS, "and takes it")
    is_(place.bind("lea", PASSWORD), SUCCESS, "whose factor was taken over gets in with the password alone")
    is_(place.bind("uri", PASSWORD), CREDENTIALS, "who was suspended does not")


# --- login hosts -------------------------------------------------------------------------------------------------


def test_11_hosts():
    """The rules of contrib/nss hold for an adopted organization as for others, in a folder and in the usual layout."""
    host = {"secret": "host-secret-1"}
    logs.secret(host["secret"])
    for top in ("ou=people", "o=west"):
        site = Place(top)
        site.account("ann", 2001, userPassword=ssha(PASSWORD))
        groups = site.add("ou=groups," + site.top, objectClass="organizationalUnit", ou="groups")
        site.add("cn=wheel," + groups, objectClass="posixGroup", cn="wheel", gidNumber="100", memberUid="ann")
        site.init()
        with site.world.use("config") as config, open(os.path.join(SOURCE, "contrib", "nss", "access.ldif")) as rules:
            config.apply(site.world.fill(rules.read()))
        web = site.add("cn=web,ou=hosts," + site.world.base, objectClass=["organizationalRole", "simpleSecurityObject"], cn="web",
                       userPassword=ssha(host["secret"]))

        def seen(base, wanted):
            with site.world.use(web, host["secret"]) as session:
                return dict(session.search(base, wanted, ["*"]).entries)

        ok("mail" in seen(site.top, "(uidNumber=2001)")[site.dn("ann")], "%s: by rules of before, a login host reads all of a person" % top)
        is_(site.adopt("--domain", "acme", "--organization", top.split("=")[1], "--owner-id", "ann").code, DONE, "adopt")
        is_(set(seen(site.top, "(uidNumber=2001)").get(site.dn("ann"), ())),
            {"objectClass", "uid", "cn", "uidNumber", "gidNumber", "homeDirectory", "musterStatus"} &
            set(site.root.entry(site.dn("ann"))), "then what NSS wants to know of a member, and nothing else")
        is_(seen(site.top, "(memberUid=ann)").get("cn=wheel," + groups, {}).get("memberUid"), [b"ann"], "and of a group")
        is_(site.adopt("--json").facts["changes"], [], "and a second time there is nothing to do")


tap.main(globals())
