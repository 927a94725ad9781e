#!/usr/bin/python3
"""muster adopt: a directory that was there before becomes an organization in place, with the second factors that slapo-otp had."""

import base64
import os
import random
import signal
import subprocess
import sys
import textwrap
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from lib import exops, logs, people, tap, totp  # noqa: E402
from lib.adoption import Place, ssha  # noqa: E402
from lib.checkup import LIMIT, command  # noqa: E402
from lib.session import RELAX  # noqa: E402
from lib.tap import in_, is_, ok  # noqa: E402
from lib.world import DATABASE, SOURCE  # noqa: E402

DONE, FAILED, USAGE, REFUSED, NOT_FOUND = range(5)
SUCCESS, CREDENTIALS, ACCESS, UNWILLING = 0, 49, 50, 53
PASSWORD, CLEAR = "Old-Spring#2026", "Old-clear#2026"
ADOPT = ("--domain", "acme", "--organization", "Acme", "--owner-id", "ann")
logs.secret(PASSWORD, CLEAR)

place = Place()
world = place.world


def fill():
    """ann, an account who becomes OWNER; bob and cat with second factors; dan without a mail address; eve in the clear."""
    place.account("ann", 2001, userPassword=ssha(PASSWORD))
    place.account("bob", 2002, userPassword=ssha(PASSWORD))
    place.person("cat", userPassword=ssha(PASSWORD))
    place.add(place.dn("dan"), objectClass=["account", "posixAccount"], uid="dan", cn="Dan", uidNumber="2004", gidNumber="100",
              homeDirectory="/home/dan", userPassword=ssha(PASSWORD))
    place.person("eve", userPassword=CLEAR)
    place.factor("bob")
    place.factor("cat", own_entry=True)
    place.add("ou=groups," + world.base, objectClass="organizationalUnit", ou="groups")
    place.add("cn=wheel," + place.people, objectClass="posixGroup", cn="wheel", gidNumber="100", memberUid=["BOB", "nobody"])
    place.add("cn=staff," + place.people, objectClass="groupOfNames", cn="staff",
              member=[place.dn("ann"), place.dn("gone"), place.dn("bob")])


def next_code(uid):
    """Of a step that was not used yet."""
    used = world.session("root").entry(place.dn(uid)).get("oathTOTPLastTimeStep", [b"0"])[0]
    while totp.step() <= int(used):
        time.sleep(0.5)
    return totp.totp(place.seeds[uid])


def test_01_as_it_was():
    fill()
    is_(place.bind("ann", PASSWORD), SUCCESS, "a password of old")
    is_(place.bind("bob", PASSWORD), CREDENTIALS, "who has a second factor of slapo-otp needs it")
    place.spent = place.code("bob")
    is_(place.bind("bob", PASSWORD + place.spent), SUCCESS, "and gets in with it")
    place.init()
    is_(place.bind("ann", PASSWORD), SUCCESS, "muster init changes nothing for them")


def test_02_words():
    for arguments, text, code in ((("adopt", "nonsense", *ADOPT), "is not a DN", USAGE),
                                  (("adopt", "ou=none," + world.base, *ADOPT), "is not there", NOT_FOUND),
                                  (("adopt", world.base, *ADOPT), "cannot be one organization", USAGE),
                                  (("adopt", "dc=else", *ADOPT), "cannot be one organization", USAGE),
                                  (("adopt", place.top, "--domain", "acme", "--organization", "Acme"), "--owner-id", USAGE),
                                  (("adopt", place.top, "--organization", "Acme", "--owner-id", "ann"), "--domain", USAGE),
                                  (("adopt", place.top, "--domain", "acme", "--owner-id", "ann"), "--organization", USAGE),
                                  (("adopt", place.top, *ADOPT, "--policy", "none"), "no policy \"none\"", NOT_FOUND)):
        ran = place.muster(*arguments)
        is_(ran.code, code, " ".join(arguments[:2]))
        in_(text, ran.err, "says what is wrong")


def test_03_dry_run():
    before = place.snapshot()
    ran = place.adopt(*ADOPT, "--dry-run")
    is_((ran.code, ran.err), (DONE, ""), "a dry run")
    for line in ("change: %s: becomes the organization Acme with domain acme and OWNER ann" % place.top,
                 "change: %s: becomes a member" % place.dn("ann"),
                 "change: %s: its second factor of slapo-otp is taken over: the seed is sealed and goes from cn=of-bob,%s" % (
                     place.dn("bob"), place.tokens),
                 "change: %s: its second factor of slapo-otp is taken over: the seed is sealed\n" % place.dn("cat"),
                 "note: %s: has no mail address" % place.dn("dan"),
                 "note: %s: its password is stored in the clear" % place.dn("eve"),
                 "note: cn=staff,%s: names %s, which is not there" % (place.people, place.dn("gone")),
                 "note: cn=wheel,%s: names the uid nobody, which nobody in it has" % place.people,
                 "access rules more (olcAccess)", "by other access rules does not any more",
                 "5 persons, 0 of them members already, 2 second factors of slapo-otp: 0 conflicts, 5 notes; nothing was changed"):
        in_(line, ran.out, "says: " + line)
    facts = place.adopt(*ADOPT, "--dry-run", "--json").facts
    is_((facts["persons"], facts["factors"], facts["conflicts"], facts["done"]), (5, 2, [], False), "as facts")
    ok("the uid BOB" not in str(facts["notes"]), "a uid in a group is somebody's in whatever case")
    ok(place.snapshot() == before, "and changes nothing")


def test_04_a_member_by_hand():
    """Who is made a member before its second factor is taken over does not lose it."""
    dn = place.dn("bob")
    people.must(place.root.modify(dn, ("add", "objectClass", "musterMember"), controls=[RELAX]), "by hand")
    is_(place.bind("bob", PASSWORD), CREDENTIALS, "the password alone is not enough")
    is_(place.bind("bob", PASSWORD + totp.totp(place.seeds["bob"])), UNWILLING, "nor is a code that nobody can check")
    with world.use() as one:
        is_(one.bind_factor(dn, PASSWORD).code != SUCCESS, True, "nor with the control")


def test_05_adopt():
    place.group = place.root.entry("cn=staff," + place.people)
    place.uuids = {uid: place.root.entry(place.dn(uid))["entryUUID"] for uid in ("ann", "bob", "cat", "dan", "eve")}
    ran = place.adopt(*ADOPT)
    is_((ran.code, ran.err), (DONE, ""), "adopt")
    in_("is the organization Acme now, with 5 members; 2 second factors of slapo-otp were taken over", ran.out, "says what was done")
    org = place.root.entry(place.top)
    is_((org["o"], org["musterDomain"], org["owner"], org["musterPolicyEntry"]),
        ([b"Acme"], [b"acme"], [place.dn("ann").encode()], [("cn=policy," + place.top).encode()]), "the organization, in place")
    ok(all(b"musterMember" in place.root.entry(place.dn(uid))["objectClass"] for uid in place.uuids), "all persons are members")
    is_({uid: place.root.entry(place.dn(uid))["entryUUID"] for uid in place.uuids}, place.uuids, "and the entries they were")
    is_(place.root.entry("cn=staff," + place.people), place.group, "a group is as it was")


def test_06_factors():
    stored = world.slapcat()
    for uid in ("bob", "cat"):
        entry = place.root.entry(place.dn(uid))
        ok(not {"oathTOTPToken", "oathTOTPParams"} & set(entry), "%s: slapo-otp has none any more" % uid, str(sorted(entry)))
        ok(not {b"oathtotpuser", b"oathtotptoken"} & {name.lower() for name in entry["objectClass"]}, "nor a class")
        ok(base64.b64encode(place.seeds[uid]) not in stored and place.seeds[uid] not in stored, "the seed is sealed")
        ok("musterOutbox" not in entry, "and nobody is told that a factor is new")
    is_(place.root.entry("cn=of-bob," + place.tokens), {}, "the token with the seed in the clear is gone")
    is_(place.bind("bob", PASSWORD), CREDENTIALS, "the password alone does not do")
    is_(place.bind("bob", PASSWORD + place.spent), CREDENTIALS, "a code that was spent with slapo-otp is spent")
    for uid in ("bob", "cat"):
        credential = PASSWORD + next_code(uid)
        is_(place.bind(uid, credential), SUCCESS, "%s logs in with the seed of old" % uid)
        is_(place.bind(uid, credential), CREDENTIALS, "once with a code")


def test_07_passwords():
    is_(place.bind("ann", PASSWORD), SUCCESS, "the password of old")
    ok(place.root.entry(place.dn("ann"))["userPassword"][0].startswith(b"{MUSTER}"), "is hashed as Muster does it from then on")
    is_(place.bind("dan", PASSWORD), SUCCESS, "of an account that is no inetOrgPerson")
    for _ in range(600):
        if place.bind("eve", CLEAR) == SUCCESS:
            break
        time.sleep(0.2)
    ok(not place.root.entry(place.dn("eve"))["userPassword"][0].startswith(CLEAR.encode()), "one in the clear is hashed")


def test_08_rights():
    with world.use(place.dn("ann"), PASSWORD) as owner, world.use(place.dn("dan"), PASSWORD) as member:
        is_(owner.modify(place.dn("dan"), ("replace", "musterStatus", "suspended")).code, SUCCESS, "the OWNER suspends a member")
        is_(owner.modify(place.dn("dan"), ("replace", "musterStatus", "active")).code, SUCCESS, "and lets it in again")
        is_(owner.modify("cn=policy," + place.top, ("replace", "musterSecondFactor", "required")).code, SUCCESS, "sets the rules")
        is_(owner.modify("cn=policy," + place.top, ("replace", "musterSecondFactor", "optional")).code, SUCCESS, "and back")
    with world.use(place.dn("dan"), PASSWORD) as member:
        is_(member.modify(place.dn("eve"), ("replace", "cn", "x")).code, ACCESS, "a member writes nothing of another's")
        seen = member.entry(place.dn("ann"), ["*", "+"])
        is_(seen, {}, "and sees nothing of it")
        own = member.entry(place.dn("dan"), ["userPassword", "musterStatus", "uid"])
        ok("userPassword" not in own and own["uid"] == [b"dan"], "but its own entry without its password")
        is_(member.entry("cn=policy," + place.top)["musterSecondFactor"], [b"optional"], "and the rules it lives under")


def test_09_commands():
    ran = place.muster("org", "show", "acme", "--json")
    is_((ran.facts["name"], ran.facts["owners"]), ("Acme", ["ann"]), "org show")
    ran = place.muster("member", "list", "acme", "--json")
    is_(sorted(row["id"] for row in ran.facts), ["ann", "bob", "cat", "dan", "eve"], "member list")
    is_(place.muster("member", "add", "acme", "fay", "--name", "Fay", "--mail", "fay@old.example").code, DONE, "member add")
    ok(place.root.entry(place.dn("fay")), "it lies where the others do")
    is_(place.muster("member", "suspend", "acme/fay").code, DONE, "member suspend ORG/ID")
    ok(place.root.entry("ou=services," + place.top), "there is a place for services")
    with world.use() as one:
        is_(exops.change_password(one, exops.target_login("dan", "acme"), PASSWORD, "New-Autumn#2026").code, SUCCESS,
            "a login by organization and ID")
    ran = place.muster("--json", "doctor", "access")
    is_([f for f in ran.facts["findings"] if f["severity"] == "error"], [], "the doctor finds nothing wrong with the access rules")


def test_10_again():
    before = place.snapshot()
    ran = place.adopt("--json")
    is_((ran.code, ran.facts["conflicts"], ran.facts["changes"]), (DONE, [], []), "a second time there is nothing to do")
    ok(place.snapshot() == before, "and nothing is changed")
    place.init()
    ok(place.snapshot() == before, "nor by muster init")
    ran = place.adopt("--owner-id", "eve", "--json")
    in_("has its OWNERs", str(ran.conflicts().get(place.top)), "another OWNER is not made by the way")
    is_(place.adopt("--owner-id", "ann", "--dry-run").code, DONE, "the one that it has may be named again")
    place.person("gus", userPassword=ssha(PASSWORD))
    is_(place.adopt().code, DONE, "who was added as people were before")
    is_(place.bind("gus", PASSWORD), SUCCESS, "is brought in by a further run")


# --- what stands in the way --------------------------------------------------------------------------------------

west = Place("o=west")


def test_11_conflicts():
    west.account("ann", 3001, userPassword=ssha(PASSWORD))
    west.account("twin", 3001)
    west.account("late", 3002)
    west.add("cn=robot," + west.world.base, objectClass=["device", "posixAccount"], cn="robot", uid="robot", uidNumber="3002", gidNumber="1",
             homeDirectory="/")
    west.add("cn=nameless," + west.people, objectClass="inetOrgPerson", cn="nameless", sn="N")
    sub = west.add("ou=sub," + west.people, objectClass="organizationalUnit", ou="sub")
    west.person("dup")
    west.person("DUP", below=sub)
    outside = west.add("ou=sales," + west.top, objectClass="organizationalUnit", ou="sales")
    west.person("out", below=outside)
    for uid, params in (("eight", dict(length="8")), ("slow", dict(period="60")), ("sha", dict(algorithm="1.2.840.113549.2.9"))):
        west.person(uid)
        west.params(uid, **params)
        west.factor(uid, params=uid)
    for uid in ("short", "counts", "lost", "shared1", "shared2", "parent", "borrows", "lends", "bare"):
        west.person(uid)
    west.factor("short", octets=10)
    west.factor("lost", token="cn=none," + west.tokens)
    shared = west.factor("shared1")
    west.factor("shared2", token=shared)
    west.add("cn=child," + west.factor("parent"), objectClass="device", cn="child")
    west.factor("lends", own_entry=True)
    west.factor("borrows", token=west.dn("lends"))
    west.factor("bare", params="none")
    people.must(west.root.modify(west.dn("counts"), ("add", "objectClass", "oathHOTPUser"),
                                 ("add", "oathHOTPToken", "cn=counts," + west.tokens)), "HOTP")
    west.add("cn=spare," + west.top, objectClass=["device", "oathTOTPToken"], cn="spare", oathSecret=totp.new_secret())
    people.must(west.root.modify(west.dn("ann"), ("add", "userPassword", "{SASL}ann@old.example")), "password")
    west.init()
    west.muster("org", "add", "East", "--domain", "east", "--owner-id", "o", "--owner-name", "O", "--owner-mail", "o@east.example")
    west.add("uid=platform@x.example," + west.top, objectClass=["account", "musterAccount"], uid="platform@x.example")
    words = ("--domain", "east", "--owner-id", "nobody")
    before = west.snapshot()
    ran = west.adopt(*words, "--json")
    is_(ran.code, FAILED, "adopt with conflicts")
    in_("solve them", ran.err, "says what to do")
    ok(west.snapshot() == before, "and changes nothing")
    found = ran.conflicts()
    for dn, text in ((west.dn("ann"), "uidNumber 3001 is that of %s" % west.dn("twin")), (west.dn("late"), "uidNumber 3002 is that of cn=robot"),
                     ("cn=nameless," + west.people, "no uid"), ("uid=DUP," + sub, "uid DUP is that of %s as well" % west.dn("dup")),
                     ("uid=out," + outside, "lies outside of " + west.people), (west.dn("eight"), "oathOTPLength 8, not 6"),
                     (west.dn("slow"), "oathTOTPTimeStepPeriod 60"), (west.dn("sha"), "oathHMACAlgorithm"), (west.dn("short"), "10 octets"),
                     (west.dn("counts"), "HOTP"), (west.dn("lost"), "is not there"), (west.dn("shared2"), "shares its second factor"),
                     (west.dn("parent"), "has entries below it"), (west.dn("bare"), "oathTOTPParams"),
                     ("uid=platform@x.example," + west.top, "a platform member lies in it"), (west.top, "nobody in it has the uid nobody"),
                     ("o=East,ou=organizations," + west.world.base, "choose another")):
        both = found.get(dn, []) + (found.get(west.dn("twin"), []) if dn == west.dn("ann") else [])
        ok(any(text in one or text.replace(west.dn("twin"), west.dn("ann")) in one for one in both), "%s: %s" % (dn, text), str(both))
    ok(any("more than a token" in text or "shares" in text for uid in ("borrows", "lends") for text in found.get(west.dn(uid), [])),
       "a token that is another person's entry", str(found.get(west.dn("borrows"))))
    expected = {"ann", "twin", "late", "DUP", "out", "eight", "slow", "sha", "short", "counts", "lost", "shared1", "shared2", "parent", "bare", "borrows",
                "lends", "platform@x.example"}
    ok({dn.split(",")[0][4:] for dn in found if dn.startswith("uid=")} <= expected, "and nobody else's", str(sorted(found)))
    notes = {row["dn"]: row["text"] for row in ran.facts["notes"]}
    in_("a seed of slapo-otp that nobody names", notes["cn=spare," + west.top], "a seed that nobody names is told")
    in_("not by ORG/ID", notes["uid=DUP," + sub], "who lies deeper is told")
    ok("{SASL}" in str(ran.facts["notes"]), "a password that is elsewhere is told")
    in_("conflict: ", west.adopt(*words).out, "without --json as well")


def test_12_solved():
    """What the texts say, done; then it is adopted, in the usual layout but elsewhere."""
    root = west.root
    gone = [west.dn(uid) for uid in ("twin", "late", "sha", "counts", "lost", "shared2", "borrows", "eight", "slow", "short", "bare")]
    for dn in gone + ["cn=nameless," + west.people, "uid=DUP,ou=sub," + west.people, "uid=platform@x.example," + west.top,
                      "cn=child,cn=of-parent," + west.tokens, "cn=spare," + west.top]:
        people.must(root.delete(dn), dn)
    people.must(root.rename("uid=out,ou=sales," + west.top, "uid=out", superior=west.people), "moved")
    people.must(root.modify(west.dn("ann"), ("delete", "userPassword", "{SASL}ann@old.example")), "password")
    ran = west.adopt("--domain", "west", "--owner-id", "ann", "--policy", "modern")
    is_((ran.code, ran.err), (DONE, ""), "adopt")
    is_(west.root.entry(west.top)["o"], [b"west"], "it is called what it was called")
    rules = west.root.entry("cn=policy," + west.top)
    is_(rules["pwdMinLength"], west.root.entry("cn=modern,ou=policies," + west.world.base)["pwdMinLength"], "with the rules that were chosen")
    with west.world.use(west.dn("ann"), PASSWORD) as owner:
        is_(owner.modify(west.dn("out"), ("replace", "musterStatus", "suspended")).code, SUCCESS, "its OWNER manages members")
        is_(owner.modify("cn=policy,ou=x," + west.world.base, ("replace", "pwdMinLength", "8")).code != SUCCESS, True, "and nothing else")
    is_(west.muster("member", "add", "west", "new", "--name", "New", "--mail", "new@west.example").code, DONE, "and members are added")
    is_([f for f in west.muster("--json", "doctor", "access").facts["findings"] if f["severity"] == "error"], [],
        "the doctor finds nothing wrong with the access rules")
    ran = west.muster("adopt", west.people, "--domain", "inner", "--owner-id", "ann", "--organization", "Inner", "--json")
    in_("organizations do not nest", str(ran.conflicts().get(west.people)), "what lies in an organization is not adopted")


def test_13_rights():
    """An administrator who does not see cn=config adopts what lies where organizations do, and nothing else."""
    base = west.world.base
    usual, other = "o=usual,ou=organizations," + base, "o=other," + base
    for top in (usual, other):
        west.add(top, objectClass="organization", o=top[2:7])
        west.add("ou=people," + top, objectClass="organizationalUnit", ou="people")
        west.person("kim", below="ou=people," + top, userPassword=ssha(PASSWORD))
    admin = dict(login=west.world.admin_dn, answers=(west.world.admin_password,))
    before = west.snapshot()
    ran = west.muster("adopt", other, "--domain", "other", "--owner-id", "kim", "--json", **admin)
    in_("be root on the server", str(ran.conflicts()), "elsewhere access rules are to be written")
    ok(west.snapshot() == before, "and nothing was")
    is_(west.muster("adopt", usual, "--domain", "usual", "--owner-id", "kim", **admin).code, DONE, "below ou=organizations they are there")
    with west.world.use("uid=kim,ou=people," + usual, PASSWORD) as owner:
        is_(owner.modify(usual, ("replace", "musterDomain", "usual-2")).code, SUCCESS, "and hold")
    ran = west.muster("adopt", other, "--domain", "other", "--owner-id", "kim", login=west.dn("ann"), answers=(PASSWORD,))
    ok(ran.code != DONE, "an OWNER of another organization adopts nothing", ran.text)
    is_("musterDomain" in west.root.entry(other), False, "really")


# --- interrupted ---------------------------------------------------------------------------------------------------

MANY = 40


def test_14_killed():
    """Killed at any moment, it goes on; at no moment does somebody get in with a password alone who needed a code."""
    south = Place("ou=south")
    for i in range(MANY):
        south.person("p%d" % i, userPassword=ssha(PASSWORD))
        if i % 2:
            south.factor("p%d" % i, own_entry=i % 4 == 1)
    south.init()
    chance = random.Random(os.getpid())
    words = [command("muster"), "-H", south.world.uri_ldapi, "--base", south.world.base, "--external", "adopt", south.top, "--domain", "south",
             "--organization", "South", "--owner-id", "p0"]
    killed = written = 0
    while True:
        process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            process.communicate(timeout=0.01 * 1.07 ** killed * chance.uniform(0.7, 1.3))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.communicate()
            killed += 1
            written += "musterOrganization" in str(south.root.entry(south.top, ["objectClass"]))
            uid = "p%d" % chance.randrange(1, MANY, 2)
            if south.bind(uid, PASSWORD) == SUCCESS:
                ok(False, "%s got in with its password alone" % uid)
            continue
        if process.returncode == DONE:
            break
        ok(False, "a further run goes on", str(process.returncode))
        break
    tap.note("killed %d times, %d of them when it had begun to write" % (killed, written))
    facts = south.adopt("--json").facts
    is_((facts["persons"], facts["members_already"], facts["conflicts"], facts["changes"]), (MANY, MANY, [], []), "all of it is done in the end")
    is_([south.bind("p%d" % i, PASSWORD) for i in range(MANY) if i % 2], [CREDENTIALS] * (MANY // 2), "nobody lost a second factor")
    is_([south.bind("p%d" % i, PASSWORD + totp.totp(south.seeds["p%d" % i])) for i in range(MANY) if i % 2], [SUCCESS] * (MANY // 2),
        "each gets in with the one it had")
    left = {row["dn"] for row in facts["notes"] if "seed of slapo-otp" in row["text"]}
    for dn in left:
        people.must(south.root.delete(dn), dn)
    stored = south.world.slapcat()
    ok(not any(base64.b64encode(seed) in stored for seed in south.seeds.values()), "and no seed is left in the clear but those that are told")


# --- what somebody could have prepared, and names that access rules read otherwise ---------------------------------

def conflicts_of(at, *arguments, top=None):
    ran = at.muster("adopt", top or at.top, "--domain", "dept", "--organization", "Dept", "--owner-id", "ann", *arguments, "--json")
    return str(ran.conflicts()) + str(ran.code)


def test_16_traps():
    """Each of these is a conflict; without it the adoption would give somebody what is another's. The folder's name is Hangul."""
    dept = Place("ou=부서")
    root, base = dept.root, dept.world.base
    other = dept.add("ou=other," + base, objectClass="organizationalUnit", ou="other")
    for uid in ("ann", "mal", "ünal", "sysadm"):
        dept.person(uid, userPassword=ssha(PASSWORD), mail="x@old.example")
    boss = dept.person("boss", below=other)
    people.must(root.modify(boss, ("add", "objectClass", ["oathTOTPUser", "oathTOTPToken"]), ("add", "oathTOTPToken", boss),
                            ("add", "oathSecret", totp.new_secret()), ("add", "oathTOTPParams", "cn=params," + dept.tokens)), "boss")
    before_boss = root.entry(boss)
    dept.init()

    def trap(what, text, *changes, undo=(), arguments=()):
        for dn, change in changes:
            people.must(root.modify(dn, *change), what)
        before = dept.snapshot()
        found = conflicts_of(dept, *arguments)
        in_(text, found, what)
        ok(dept.snapshot() == before, "and nothing was changed")
        for dn, change in undo:
            people.must(root.modify(dn, *change), what)

    names_boss = [("add", "objectClass", "oathTOTPUser"), ("add", "oathTOTPToken", boss)]
    forget = [("delete", "objectClass", "oathTOTPUser"), ("delete", "oathTOTPToken", None)]
    trap("a token that is somebody's entry elsewhere", "more than a token", (dept.dn("mal"), names_boss), undo=[(dept.dn("mal"), forget)])
    token = dept.factor("mal")
    chef = dept.person("chef", below=other)
    trap("a token that somebody elsewhere shares", "with " + chef,
         (chef, [("add", "objectClass", "oathTOTPUser"), ("add", "oathTOTPToken", token)]), undo=[(chef, forget)])
    is_(root.entry(boss), before_boss, "nobody elsewhere lost anything")
    people.must(root.modify("cn=modern,ou=policies," + base, ("replace", "musterSecondFactor", "off")), "a template")
    trap("rules that switch second factors off", "switch second factors off", arguments=("--policy", "modern"))
    people.must(root.add("uid=Ünal2," + dept.people, {"objectClass": "inetOrgPerson", "uid": ["Ünal2", "ÜNAL"], "cn": "x", "sn": "x"}), "Ünal")
    trap("a uid that is the same to the server", "the uid")
    people.must(root.delete("uid=Ünal2," + dept.people), "Ünal")
    with dept.world.use("config") as config:
        def rules():
            return [value.decode().split("}", 1)[1] for value in config.entry(DATABASE)["olcAccess"]]
        there = rules()
        named = "to dn.base=\"%s\" by dn.exact=\"%s\" manage by * break" % (base, dept.dn("sysadm"))
        people.must(config.modify(DATABASE, ("add", "olcAccess", "{0}" + named)), "rule")
        trap("somebody in it whom a rule gives more", "names somebody in it")
        people.must(config.modify(DATABASE, ("delete", "olcAccess", "{0}")), "rule")
        lost = next(i for i, rule in enumerate(there) if "ou=people" in rule and "musterAppPassword" in rule)
        people.must(config.modify(DATABASE, ("delete", "olcAccess", "{%d}" % lost)), "rule")
        trap("a rule of muster init that is not there", 'run "muster init" again')
        dept.init()
        is_(rules(), there, "which muster init puts back in its place")
        for name in ("Über", "Old  People", "ｆｕｌｌ", "a(b"):
            top = dept.add("ou=%s,%s" % (name, base), objectClass="organizationalUnit", ou=name)
            dept.person("ann", below=top)
            in_("access rules cannot be written for this name", conflicts_of(dept, top=top), "ou=" + name)
        ran = dept.muster("adopt", dept.top, "--domain", "dept", "--organization", "Dept", "--owner-id", "ann")
        is_((ran.code, ran.err), (DONE, ""), "without them it is adopted")
        adopted = rules()
        with dept.world.use(dept.dn("ann"), PASSWORD) as owner:
            is_(owner.modify(dept.dn("mal"), ("replace", "cn", "M")).code, SUCCESS, "the rules hold for a name in Hangul")
        people.must(config.modify(DATABASE, ("delete", "olcAccess", "{%d}" % next(
            i for i, rule in enumerate(adopted) if rule.startswith("to attrs=musterOutbox")))), "rule")
        dept.init()
        is_(rules(), adopted, "muster init keeps the copies behind what they are copies of")
        moved = [rule for rule in adopted if "부서" not in rule] + [rule for rule in adopted if "부서" in rule]
        people.must(config.modify(DATABASE, ("replace", "olcAccess", ["{%d}%s" % pair for pair in enumerate(moved)])), "rules")
        is_(dept.muster("adopt", dept.top).code, DONE, "adopt again")
        is_(rules(), adopted, "puts copies that stand elsewhere into their places")
    ran = dept.muster("adopt", dept.top, "--domain", "another")
    is_(ran.code, USAGE, "another domain is not taken for the one it has")
    # A second factor that an OWNER points elsewhere does not take that away.
    people.must(root.modify(dept.dn("sysadm"), *names_boss), "mal")
    in_("more than a token", conflicts_of(dept), "nor later, for who is a member already")


def test_17_neighbours():
    """A dot in a name is a dot; what lies below a member is as closed as the member; names in groups elsewhere are told."""
    near = Place("ou=a.b")
    root, base = near.root, near.world.base
    sibling = near.add("ou=axb," + base, objectClass="organizationalUnit", ou="axb")
    near.person("ann", userPassword=ssha(PASSWORD))
    near.person("bob", userPassword=ssha(PASSWORD))
    near.person("sib", below=sibling, userPassword=ssha(PASSWORD))
    near.add("cn=child," + near.dn("bob"), objectClass="device", cn="child")
    near.add("ou=groups," + base, objectClass="organizationalUnit", ou="groups")
    near.add("cn=admins,ou=groups," + base, objectClass="groupOfNames", cn="admins", member=near.dn("gone"))
    near.init()
    ran = near.muster("adopt", near.top, "--domain", "near", "--organization", "Near", "--owner-id", "ann", "--json")
    is_(ran.code, DONE, "adopt")
    ok(any(row["dn"].startswith("cn=admins") and "not there" in row["text"] for row in ran.facts["notes"]),
       "a free name in a group elsewhere is told")
    with near.world.use("uid=sib," + sibling, PASSWORD) as sib:
        is_(sib.entry(near.dn("bob")), {}, "who is outside sees no member")
        is_(sib.entry("cn=child," + near.dn("bob")), {}, "nor what lies below one")
        is_(sib.entry("uid=sib," + sibling)["uid"], [b"sib"], "itself as before")
    with near.world.use(near.dn("bob"), PASSWORD) as bob:
        is_(bob.entry("uid=sib," + sibling).get("uid"), [b"sib"], "and others of its folder are seen as before")


# --- by hand -------------------------------------------------------------------------------------------------------

def test_15_by_hand():
    """The LDIF of doc/OPERATIONS.md, as it stands there."""
    with open(os.path.join(SOURCE, "doc", "OPERATIONS.md")) as file:
        block = file.read().split("ldapmodify -H ldapi:/// -Y EXTERNAL -e relax <<END\n")[1].split("    END\n")[0]
    hand = Place()
    hand.person("ann", userPassword=ssha(PASSWORD))
    hand.init()
    done = subprocess.run(["ldapmodify", "-Q", "-H", hand.world.uri_ldapi, "-Y", "EXTERNAL", "-e", "relax"], input=textwrap.dedent(block).encode(),
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=LIMIT)
    is_(done.returncode, 0, "ldapmodify")
    is_(hand.root.entry(hand.top)["owner"], [hand.dn("ann").encode()], "an organization with its OWNER")
    is_(hand.bind("ann", PASSWORD), SUCCESS, "who logs in")
    hand.person("out", below="ou=tokens," + hand.world.base)
    ran = hand.root.modify("ou=tokens," + hand.world.base, ("add", "objectClass", "musterOrganization"), ("add", "musterDomain", "other"),
                           ("add", "owner", "uid=out,ou=tokens," + hand.world.base))
    is_(ran.code, 19, "who is no member becomes no OWNER")
    ran = hand.root.modify("ou=tokens," + hand.world.base, ("add", "objectClass", "musterOrganization"), ("add", "musterDomain", "other"),
                           ("add", "owner", hand.dn("ann")))
    is_(ran.code, 19, "nor a member of another organization")


tap.main(globals())
