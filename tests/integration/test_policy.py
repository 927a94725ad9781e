#!/usr/bin/python3
"""Each organization's own policy, and every rule on every way that a password arrives."""

import hashlib
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from lib import exops, gate as gates, parallel, people, tap, totp
from lib.gate import BUILD, Gate
from lib.session import CHANGE_REQUIRED, OK as STATE_OK, PPOLICY, RELAX
from lib.tap import in_, is_, ok
from lib.world import SOURCE, World

OK, STRONG_AUTH, RULES, NO_OBJECT, INVALID, NO_ACCESS, UNWILLING = 0, 8, 19, 32, 49, 50, 53
MUST_SUPPLY_OLD, QUALITY, TOO_SHORT, IN_HISTORY, TOO_LONG = 4, 5, 6, 8, 9
FIRST, SECOND, THIRD, FOURTH, FIFTH = "Spring#2026", "Summer#2026", "Autumn#2026", "Winter#2027", "Fifth!8642"
LEAKED = "Tr0ub4dor&3 x"

world = World(config=("olcMusterArgon2: m=8192 t=1",))
root = world.session("root")
admin = world.session("admin")
anyone = world.session()
courier = world.session("courier")


def policy_of(name, **more):
    """A template's attributes, with others in place of some."""
    found = root.entry("cn=%s,ou=policies,%s" % (name, world.base), ["*"])
    rules = {key: [value.decode() for value in values] for key, values in found.items() if key not in ("cn", "objectClass")}
    rules.update(more)
    return rules


def organization(name, template="console-16", **more):
    return people.organization(world, name, policy=policy_of(template, **more), root=root)


# Every rule can be broken here.
strict = organization("rainbow", musterPwdBlocklist="TRUE", pwdMinLength="10")
gate = Gate(world, "uid=%u," + strict.people)


def config(*changes):
    """Change the overlay's configuration; the Result."""
    with world.use("config") as one:
        dn = one.search("cn=config", "(objectClass=olcMusterConfig)", ["1.1"]).entries[0][0]
        return one.modify(dn, *changes)


def file(name, content):
    path = os.path.join(world.folder, name)
    with open(path + ".new", "wb") as out:
        out.write(content if isinstance(content, bytes) else content.encode())
    os.rename(path + ".new", path)
    return path


def sha1(*passwords):
    return "".join("%s:%d\n" % (line, n) for n, line in enumerate(sorted(
        hashlib.sha1(p if isinstance(p, bytes) else p.encode()).hexdigest().upper() for p in passwords)))


def token(who):
    """What the courier would mail to a member that has a proved address."""
    people.must(root.modify(who.dn, ("replace", "musterVerifiedMail", who.mail), controls=[RELAX]), "address")
    people.must(exops.request_reset(anyone, who.dn), "requestReset")
    found = root.search("ou=queue," + world.base, "(objectClass=musterRequest)", ["cn"]).entries
    record = found[0][1]["cn"][0].decode()
    result, told = exops.claim(courier, record)
    people.must(result, "claim")
    people.must(exops.done(courier, record), "done")
    return told["secret"]


def can_login(dn, password):
    with world.use() as one:
        return one.bind(dn, password).code == OK


def entry(dn):
    return root.entry(dn, ["*", "+"])


def notices(dn):
    return [value.decode().split(" ")[1] for value in entry(dn).get("musterOutbox", [])]


# --- every way, every rule -------------------------------------------------------------------------------

WORDS = {  # rule: (what slapd says, what the command says, what PAM says)
    "min": ("min-length=10", "at least 10", "too short: at least 10"),
    "max": ("max-length=16", "at most 16", "too long: at most 16"),
    "letter": ("letter", "needs a letter", "needs a letter"),
    "digit": ("digit", "needs a digit", "needs a digit"),
    "special": ("special", "needs a special", "needs a special"),
    "history": ("history=3", "3 most recent", "one of the 3 you used last"),
    "blocklist": ("blocklist", "many people use", "many people use"),
    "context": ("context", "mostly a name", "mostly your name"),
    "bytes": ("bytes=1000", "longer than 1000 octets", "longer than 1000 octets"),
    "encoding": ("encoding", "not UTF-8 or has a control", "cannot be used"),
}
LISTED = "Dr4gon!7Dr4gon!7"
BAD = [  # password, the rules it breaks, all of them
    ("Ab3!x", {"min"}), ("Abcdefgh12345!!??", {"max"}), ("1357-9246-80", {"letter"}), ("uvwabc-xyzm!", {"digit"}),
    ("zq7uvw3abcx", {"special"}), (FIRST, {"history"}), (LISTED, {"blocklist"}), (LEAKED, {"blocklist"}),
    ("Rainbow#2026", {"context"}), ("hopper99!Zq", {"context"}), ("S.k.y.l.a.r.k12!", {"context"}),
    ("MUSTER?9muster", {"context"}), ("rainbow", {"min", "digit", "special", "context", "blocklist"}),
    ("a1!" * 334, {"bytes"}), ("Abcd\t1234!", {"encoding"}),
]
NO_HISTORY = [(p, rules) for p, rules in BAD if "history" not in rules]


class Way:
    """One way for a password to arrive: try_(password) gives (accepted, text)."""

    def __init__(self, name, try_, texts=0, cases=BAD, who=None):
        self.name, self.try_, self.texts, self.cases, self.who = name, try_, texts, cases, who


def answer(result):
    return result.code == OK, result.text if result.code != OK else ""


def ldap_ways():
    made = {name: people.member(strict, "w-" + name, FIRST, root=root, givenName="Grace", sn="Hopper")
            for name in ("change", "redeem", "passwd", "modify", "admin", "adminpasswd", "pam", "cli")}

    def as_self(who, call):
        with world.use(who.dn, who.password) as one:
            return answer(call(one))

    change, passwd, modify, mailed = made["change"], made["passwd"], made["modify"], made["redeem"]
    secret = token(mailed)
    added = iter(range(1000))

    def add(password):
        uid = "added%d" % next(added)
        return answer(admin.add("uid=%s,%s" % (uid, strict.people), {
            "objectClass": ["inetOrgPerson", "musterMember"], "uid": uid, "cn": "Grace Hopper", "sn": "Hopper",
            "mail": uid + "@rainbow.example", "userPassword": password}))

    def command(password):
        who = made["cli"]
        done = subprocess.run([os.path.join(BUILD, "muster"), "-H", world.uri_ldapi, "password", "change", who.dn],
                              input="\n".join((who.password, password, password, "")).encode(), stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE)
        return done.returncode == 0, done.stderr.decode(errors="replace")

    def pam(password):
        who = made["pam"]
        seen = gate.run(who.uid, [who.password, password, password], "change")
        return seen.results["change"] == gates.PAM_SUCCESS, seen.text

    return [
        Way("changePassword", lambda p: answer(exops.change_password(anyone, change.dn, change.password, p)), who=change),
        Way("redeem", lambda p: answer(exops.redeem(anyone, mailed.dn, secret, p)), who=mailed),
        Way("Password Modify by the member", lambda p: as_self(passwd, lambda s: s.passwd(passwd.dn, passwd.password, p)),
            who=passwd),
        Way("modify by the member", lambda p: as_self(modify, lambda s: s.modify(
            modify.dn, ("delete", "userPassword", modify.password), ("add", "userPassword", p))), who=modify),
        Way("Password Modify by an administrator", lambda p: answer(admin.passwd(made["adminpasswd"].dn, None, p)),
            who=made["adminpasswd"]),
        Way("modify by an administrator", lambda p: answer(admin.modify(made["admin"].dn, ("replace", "userPassword", p))),
            who=made["admin"]),
        Way("add by an administrator", add, cases=NO_HISTORY),
        Way("PAM", pam, 2, BAD, made["pam"]),
        Way("muster password change", command, 1, BAD, made["cli"]),
    ]


def said(text, column):
    """The rules that a refusal names."""
    if column:
        return {rule for rule, words in WORDS.items() if words[column] in text}
    named = text[len("password refused: "):].split(" ") if text.startswith("password refused: ") else []
    known = {words[0]: rule for rule, words in WORDS.items()}
    return {known.get(word, word) for word in named}


def test_every_way_every_rule():
    is_(config(("add", "olcMusterBlocklist", file("words", "dr4gon!7\n")),
               ("add", "olcMusterBreached", file("breached", sha1(LEAKED, "other", "third"))),
               ("add", "olcMusterContextWord", "Skylark Mail")).code, OK, "word list, breached hashes and a product")
    for way in ldap_ways():
        for password, rules in way.cases:
            accepted, text = way.try_(password)
            is_((accepted, said(text, way.texts)), (False, rules), "%s: %r breaks %s" % (way.name, password[:20],
                                                                                    " ".join(sorted(rules))))
        if way.who:
            ok("userPassword" in entry(way.who.dn), "%s: the password is as it was" % way.name)
        accepted, text = way.try_(SECOND)
        ok(accepted, "%s: a good one is taken" % way.name, text)


def test_the_control_names_the_kind():
    who = people.member(strict, "kinds", FIRST, root=root)
    expected = {"Ab3!x": TOO_SHORT, "Abcdefgh12345!!??": TOO_LONG, LISTED: QUALITY, "Rainbow#2026": QUALITY,
                FIRST: IN_HISTORY, "uvwabc-xyzm!": QUALITY}
    for password, error in expected.items():
        with world.use(who.dn, FIRST) as one:
            is_(one.passwd(who.dn, FIRST, password, controls=[PPOLICY]).ppolicy_error, error,
                "Password Modify: %r is error %d" % (password, error))
            is_(one.modify(who.dn, ("delete", "userPassword", FIRST), ("add", "userPassword", password),
                           controls=[PPOLICY]).ppolicy_error, error, "modify: the same")
    with world.use(who.dn, FIRST) as one:
        for call in (lambda: one.passwd(who.dn, None, SECOND, controls=[PPOLICY]),
                     lambda: one.modify(who.dn, ("replace", "userPassword", SECOND), controls=[PPOLICY]),
                     lambda: one.modify(who.dn, ("add", "userPassword", SECOND), controls=[PPOLICY]),
                     lambda: one.modify(who.dn, ("delete", "userPassword", None), ("add", "userPassword", SECOND),
                                        controls=[PPOLICY])):
            result = call()
            is_((result.code, result.ppolicy_error), (NO_ACCESS, MUST_SUPPLY_OLD), "oneself needs the old password")
    ok(can_login(who.dn, FIRST), "it is what it was")


def test_administrators_set_must_change_and_a_notice():
    acme = organization("handed")
    calls = {
        "modify": lambda who: admin.modify(who.dn, ("replace", "userPassword", SECOND)),
        "modify, delete and add": lambda who: admin.modify(who.dn, ("delete", "userPassword", None),
                                                           ("add", "userPassword", SECOND)),
        "Password Modify": lambda who: admin.passwd(who.dn, None, SECOND),
    }
    for name, call in calls.items():
        who = people.member(acme, None, FIRST, root=root)
        is_(call(who).code, OK, name + " by an administrator")
        is_((entry(who.dn).get("pwdReset"), notices(who.dn)[-1:]), ([b"TRUE"], ["password-set-by-admin"]),
            "must be changed, and a notice is owed")
        with world.use() as one:
            is_(one.bind_factor(who.dn, SECOND).state, CHANGE_REQUIRED, "no login before")
    dn = "uid=new," + acme.people
    is_(admin.add(dn, {"objectClass": ["inetOrgPerson", "musterMember"], "uid": "new", "cn": "New", "sn": "One",
                       "mail": "new@handed.example", "userPassword": SECOND}).code, OK, "add by an administrator")
    is_((entry(dn).get("pwdReset"), notices(dn)), ([b"TRUE"], ["password-set-by-admin"]),
        "must be changed, and a notice is owed")


# --- history ----------------------------------------------------------------------------------------------------


def change(who, new):
    """As the member, the old password known; whether it was taken."""
    result = exops.change_password(anyone, who.dn, who.password, new)
    if result.code == OK:
        who.password = new
    return result.code


def test_the_three_most_recent():
    who = people.member(organization("memory"), None, FIRST, root=root)
    for password in (SECOND, THIRD):
        is_(change(who, password), OK, "another one")
    for password in (FIRST, SECOND, THIRD):
        is_(change(who, password), RULES, "one of the three most recent")
    is_(change(who, FOURTH), OK, "a fourth")
    is_(change(who, SECOND), RULES, "the third most recent still")
    is_(change(who, FIRST), OK, "the fourth most recent is free again")


def test_a_password_that_is_taken_away_is_remembered():
    for name, call in (("all values", lambda dn: admin.modify(dn, ("delete", "userPassword", None))),
                       ("replaced by none", lambda dn: admin.modify(dn, ("replace", "userPassword", [])))):
        who = people.member(organization("taken" + name[:1]), None, FIRST, root=root)
        is_([change(who, p) for p in (SECOND, THIRD)], [OK, OK], "three passwords")
        is_(call(who.dn).code, OK, "the present one is taken away: " + name)
        ok(not can_login(who.dn, THIRD), "no login with it")
        is_([admin.modify(who.dn, ("replace", "userPassword", p)).code for p in (FIRST, SECOND, THIRD)], [RULES] * 3,
            "each of the three is refused")
        is_(admin.modify(who.dn, ("replace", "userPassword", FOURTH)).code, OK, "a fourth is taken")
        is_([admin.modify(who.dn, ("replace", "userPassword", p)).code for p in (SECOND, THIRD, FOURTH, FIRST)],
            [RULES] * 3 + [OK], "and the oldest is free")
    who = people.member(organization("hashed"), None, FIRST, root=root)
    is_(root.modify(who.dn, ("replace", "userPassword", world.hash(SECOND))).code, OK, "a hash is restored in its place")
    is_(admin.modify(who.dn, ("replace", "userPassword", FIRST)).code, RULES, "the one before is remembered")


# --- modern ------------------------------------------------------------------------------------------------------

modern = organization("modern", "modern")
PHRASE = "four green snails"


def set_(who, password):
    return answer(admin.modify(who.dn, ("replace", "userPassword", password)))


def test_modern_lengths():
    who = people.member(modern, root=root)
    for password, good in (("x" * 14 + "y", False), ("rivers of slate", True), ("rivers of slat", False), ("qv" * 127 + "xz", True),
                           ("qv" * 127 + "xzy", False), ("가나다라마바사아자차카타파하거", True), ("가나다라마바사아자차카타파하", False),
                           ("🔒🔑🔓🗝" * 61 + "가나다라마바", True), ("\u1100\u1161x" * 7 + "z", True)):
        accepted, text = set_(who, password)
        if password.startswith("x"):
            good = True  # any characters do
        is_(accepted, good, "%d code points, %d octets" % (len(password), len(password.encode())))
    is_(set_(who, "🔒" * 250 + "x")[1], "password refused: bytes=1000", "1001 octets are refused, never cut")
    accepted, text = set_(who, "🔒🔑" * 125)
    is_((accepted, text), (False, "password refused: blocklist"), "1000 octets are looked at")


def test_modern_has_no_composition_and_no_history():
    who = people.member(modern, root=root)
    for password in ("onlylettersherein", "3141592653589793", "!?!?%%&&//(())=", PHRASE, PHRASE, PHRASE):
        ok(set_(who, password)[0], "any kind, again and again")
    is_("pwdHistory" in entry(who.dn), False, "nothing is remembered")


def test_modern_with_a_factor():
    secret = totp.new_secret()
    who = people.member(modern, None, PHRASE, root=root)
    is_(set_(who, "slate742"), (False, "password refused: min-length=15"), "8 characters without a factor")
    people.give_factor(world, who, secret, root)
    is_(set_(who, "slate74"), (False, "password refused: min-length=8"), "7 with one")
    people.give_password(world, who, "slate742", root)
    with world.use() as one:
        is_(one.bind_factor(who.dn, "slate742", who.code()).state, STATE_OK, "8 with one: a login")
    is_(admin.modify(who.dn, ("delete", "oathSecret", None)).code, OK, "an administrator takes the factor away")
    with world.use() as one:
        result = one.bind_factor(who.dn, "slate742")
        is_((result.code, result.state), (STRONG_AUTH, CHANGE_REQUIRED), "the short password must be changed")
        is_(one.whoami(), "", "and is no login")
    tap.eventually(lambda: entry(who.dn).get("pwdReset") == [b"TRUE"], "that is written down")
    with world.use() as one:
        is_(one.bind(who.dn, "slate742").code, INVALID, "nor without the control")
    is_(exops.change_password(anyone, who.dn, "slate742", "slate743").text, "password refused: min-length=15",
        "another short one is refused")
    is_(exops.change_password(anyone, who.dn, "slate742", PHRASE).code, OK, "a long one is taken")
    is_("pwdReset" in entry(who.dn), False, "the mark is gone")
    ok(can_login(who.dn, PHRASE), "a login")


def test_a_factor_that_is_switched_off_is_none():
    org = organization("off", "modern", musterSecondFactor="off")
    who = people.member(org, None, PHRASE, totp.new_secret(), root=root)
    is_(set_(who, "slate742"), (False, "password refused: min-length=15"), "a seed counts for nothing where factors are off")
    dn = "uid=both," + modern.people
    both = {"objectClass": ["inetOrgPerson", "musterMember"], "uid": "both", "cn": "Both", "sn": "Both",
            "mail": "both@modern.example", "userPassword": "slate742", "oathSecret": totp.new_secret()}
    is_(admin.add(dn, both).code, OK, "password and factor together in an add: the factor counts")
    who = people.member(organization("long", "console-16", pwdMinLength="12"), root=root)
    people.must(root.modify(who.dn, ("replace", "userPassword", "Lichen#74216")), "12 characters")
    people.must(root.modify(who.dn, ("delete", "pwdReset", None)), "no mark")
    people.must(root.modify("cn=policy,o=long,ou=organizations," + world.base, ("replace", "pwdMinLength", "14")), "longer")
    ok(can_login(who.dn, "Lichen#74216"), "a policy without a length for factors asks nobody to change")


def test_three_thousand_common_ones():
    with open(os.path.join(SOURCE, "src", "core", "common-passwords.txt")) as words:
        common = [w for w in words.read().splitlines() if not w.startswith("#!comment:")]
    org = organization("common", "modern", pwdMinLength="1", musterPwdMinLengthFactor="1")
    who = people.member(org, root=root)
    step = len(common) // 3000
    picked = [w.title() if n % 2 else w for n, w in enumerate(common[::step])]
    ok(len(picked) >= 3000, "%d of %d" % (len(picked), len(common)))
    taken = [w for w in picked if "blocklist" not in said(set_(who, w)[1], 0)]
    is_(taken, [], "none is taken by modify")
    taken = [w for w in picked[::3] if admin.passwd(who.dn, None, w).code != RULES]
    is_(taken, [], "none is taken by Password Modify")


# --- whose policy -------------------------------------------------------------------------------------------------


def try_password(dn, password):
    return said(admin.modify(dn, ("replace", "userPassword", password)).text, 0)


def test_an_organization_made_by_ldapadd():
    dn = "o=plain,ou=organizations," + world.base
    people.must(admin.add(dn, {"objectClass": ["organization", "musterOrganization"], "o": "plain", "musterDomain": "plain-corp",
                               "owner": "uid=kim,ou=people," + dn}), dn)
    people.must(admin.add("ou=people," + dn, {"objectClass": "organizationalUnit", "ou": "people"}), "people")
    kim = "uid=kim,ou=people," + dn
    people.must(admin.add(kim, {"objectClass": ["inetOrgPerson", "musterMember"], "uid": "kim", "cn": "Kim", "sn": "Kim",
                                "mail": "kim@plain.example"}), kim)
    is_(try_password(kim, "x!"), {"min-length=8", "letter", "digit"} - {"letter"}, "console-16 until it has one of its own")
    rules = policy_of("modern")
    rules.update({"objectClass": ["organizationalRole", "pwdPolicy", "musterPolicy"], "cn": "policy"})
    people.must(admin.add("cn=policy," + dn, rules), "policy")
    is_(try_password(kim, "x!"), {"min-length=15"}, "its own at once")
    is_(admin.modify("cn=policy," + dn, ("replace", "pwdMinLength", "20")).code, OK, "the organization changes it")
    is_(try_password(kim, "x!"), {"min-length=20"}, "and lives under it")
    lee = "uid=lee,ou=people," + dn
    result = admin.add(lee, {"objectClass": ["inetOrgPerson", "musterMember"], "uid": "lee", "cn": "Lee", "sn": "Lee",
                             "mail": "lee@plain.example", "userPassword": "rivers of slate"})
    is_((result.code, result.text), (RULES, "password refused: min-length=20"), "a new member, too")
    is_(admin.modify(dn, ("add", "musterPolicyEntry", "cn=console-15,ou=policies," + world.base)).code, OK, "a template is named")
    is_(try_password(kim, "a long one without digits!"), {"max-length=15", "digit"}, "and holds")


def test_numbers_that_do_not_go_together():
    org = organization("numbers", "modern")
    refused = {
        (("replace", "pwdMinLength", "257"),): "pwdMinLength: allowed is 1 to 256",
        (("replace", "pwdMaxLength", "14"),): "pwdMinLength is more than pwdMaxLength",
        (("replace", "pwdMinLength", "7"),): "musterPwdMinLengthFactor is more than pwdMinLength",
        (("delete", "pwdMinLength", None),): None,  # 8 when absent: as short as with a factor
        (("delete", "pwdMaxLength", None), ("replace", "pwdMinLength", "17")): "pwdMinLength is more than pwdMaxLength",
        (("replace", "musterPwdMinLengthFactor", "16"),): "musterPwdMinLengthFactor is more than pwdMinLength",
        (("replace", "pwdMinDelay", "901"),): "pwdMinDelay is more than pwdMaxDelay",
        (("delete", "pwdMaxDelay", None), ("add", "pwdMaxDelay", "1"), ("replace", "pwdMinDelay", "2")):
            "pwdMinDelay is more than pwdMaxDelay",
        (("delete", "pwdMinLength", "15"), ("add", "pwdMinLength", "300")): "pwdMinLength: allowed is 1 to 256",
    }
    for changes, text in refused.items():
        before = entry(org.policy)
        result = admin.modify(org.policy, *changes)
        if text is None:
            is_(result.code, OK, "%s is taken" % (changes,))
            people.must(admin.modify(org.policy, ("add", "pwdMinLength", "15")), "back")
            continue
        is_(result.code, RULES, "%s is refused" % (changes,))
        in_(text, result.text, "and told why")
        is_(entry(org.policy), before, "nothing changed")
    is_(admin.modify(org.policy, ("replace", "pwdMinLength", "30"), ("replace", "pwdMaxLength", "40")).code, OK,
        "two that go together only together")
    base = {"objectClass": ["organizationalRole", "pwdPolicy", "musterPolicy"], "cn": "odd", "pwdAttribute": "userPassword"}
    for more, text in (({"pwdMinLength": "20"}, "pwdMinLength is more than"), ({"pwdMaxLength": "7"}, "pwdMinLength is more than"),
                       ({"musterPwdMinLengthFactor": "9"}, "musterPwdMinLengthFactor is more than"),
                       ({"pwdMaxDelay": "5", "pwdMinDelay": "6"}, "pwdMinDelay is more than")):
        result = admin.add("cn=odd,ou=policies," + world.base, dict(base, **more))
        is_(result.code, RULES, "add with %s is refused" % more)
        in_(text, result.text, "and told why")
    people.must(root.add("cn=odd,ou=policies," + world.base, {"objectClass": ["organizationalRole", "pwdPolicy"], "cn": "odd",
                                                              "pwdAttribute": "userPassword", "pwdMinLength": "50"}), "a plain one")
    result = admin.modify("cn=odd,ou=policies," + world.base, ("add", "objectClass", "musterPolicy"))
    is_(result.code, RULES, "an entry whose numbers cannot be used does not become a policy of ours")
    with world.use(people.member(org, None, PHRASE * 2, root=root).dn, PHRASE * 2) as one:
        result = one.modify(org.policy, ("replace", "pwdMinLength", "41"))
        is_(result.code, NO_ACCESS, "who may not write it learns nothing of its numbers")


NUMBERS = ["pwdMinLength", "pwdMaxLength", "pwdInHistory", "pwdMaxAge", "pwdMaxFailure", "pwdMinDelay", "pwdMaxDelay",
           "pwdLockoutDuration", "musterDailyPasswordFailures", "musterDailyCodeFailures", "musterCodeWindow",
           "musterPwdMinLengthFactor", "musterMaxAppPasswords", "musterTokenLifetime"]


@tap.fault(3)
def test_every_number_has_limits():
    org = organization("limits")
    for name in NUMBERS:
        for value in ("-1", str(2 ** 31), str(2 ** 63), str(2 ** 64), "9" * 1000, "1" * 10 ** 6, ""):
            ok(admin.modify(org.policy, ("replace", name, value)).code in (RULES, 21), "%s: %s is refused" % (name, value[:20]))
        ok(admin.modify(org.policy, ("add", name + ";x-one", "5")).code != OK, "%s: no options" % name)
    for name, value in (("musterSecondFactor", "maybe"), ("musterPwdRequire", "upper"), ("musterPwdBlocklist", "perhaps"),
                        ("pwdLockout", "1"), ("pwdMustChange", "yes")):
        ok(admin.modify(org.policy, ("replace", name, value)).code in (RULES, 21), "%s: %s is refused" % (name, value))
    ok(world.alive(), "slapd is alive")


def test_a_policy_that_members_live_under_stays():
    org = organization("stays")
    who = people.member(org, None, FIRST, root=root)
    for result in (admin.delete(org.policy), root.delete(org.policy), admin.rename(org.policy, "cn=other")):
        is_(result.code, UNWILLING, "it is neither deleted nor renamed")
        in_("members live under this policy", result.text, "and told why")
    ok(can_login(who.dn, FIRST), "logins go on")
    template = "cn=own,ou=policies," + world.base
    rules = policy_of("console-16")
    rules.update({"objectClass": ["organizationalRole", "pwdPolicy", "musterPolicy"], "cn": "own"})
    people.must(admin.add(template, rules), "a template")
    for name in ("cn=nowhere,ou=policies," + world.base, "cn=x,dc=elsewhere", who.dn, "ou=policies," + world.base, modern.policy,
                 "cn=policy,o=nowhere,ou=organizations," + world.base):
        result = admin.modify(org.dn, ("replace", "musterPolicyEntry", name))
        is_(result.code, RULES, "musterPolicyEntry %s is refused" % name)
    is_(admin.modify(org.dn, ("replace", "musterPolicyEntry", template)).code, OK, "another policy is named")
    is_(admin.delete(template).code, UNWILLING, "which stays in turn")
    is_(admin.delete(org.policy).code, OK, "the one nobody lives under can go")
    is_(admin.modify(org.dn, ("delete", "musterPolicyEntry", None)).code, OK, "none is named")
    is_(admin.delete(template).code, OK, "now the other can go, too")
    rules.update({"cn": "policy"})
    people.must(admin.add(org.policy, rules), "cn=policy below the organization")
    is_(admin.delete(org.policy).code, UNWILLING, "one that is found by its place stays as well")
    with world.use(who.dn, FIRST) as one:
        is_(one.delete(org.policy).code, NO_ACCESS, "who may not delete it is told just that")
    people.must(admin.add("ou=folder," + world.base, {"objectClass": "organizationalUnit", "ou": "folder"}), "a folder")
    people.must(admin.add("cn=policy,ou=folder," + world.base, rules), "with a template")
    is_(admin.rename("ou=folder," + world.base, "ou=rules").code, OK, "which nobody names, is renamed")
    template = "cn=policy,ou=rules," + world.base
    people.must(admin.modify(org.dn, ("add", "musterPolicyEntry", template)), "the template is named")
    for result in (admin.rename("ou=rules," + world.base, "ou=folder"), admin.rename("ou=organizations," + world.base, "ou=orgs"),
                   root.rename("ou=rules," + world.base, "ou=folder")):
        is_((result.code, result.text.split(":")[0]), (UNWILLING, "members live under this policy"), "what a policy lies below stays")
    is_(admin.rename("ou=groups," + org.dn, "ou=teams").code, OK, "other folders are renamed")
    result = admin.rename("ou=policies," + world.base, "ou=rulebook")
    is_((result.code, result.text.split(":")[0]), (UNWILLING, "olcMusterPolicy names this policy"), "the server's default stays")
    empty = organization("empty")
    is_(admin.delete(empty.owner.dn, controls=[RELAX]).code, OK, "an organization without members")
    is_(admin.delete(empty.policy).code, OK, "gives its policy up")


@tap.fault(28)
def test_policies_are_changed_by_two():
    """Two changes that are right by themselves and wrong together, and a policy that goes while it is named: one of both is refused."""
    two, found = [world.session("admin") for _ in range(2)], []
    org = organization("twice", pwdMinLength="8", pwdMaxLength="64")
    other = "cn=other,ou=policies," + world.base
    for number in range(30):
        people.must(root.modify(org.policy, ("replace", "pwdMinLength", "8"), ("replace", "pwdMaxLength", "64")), "policy")
        results = parallel.at_once([lambda: two[0].modify(org.policy, ("replace", "pwdMinLength", "20")).code,
                                    lambda: two[1].modify(org.policy, ("replace", "pwdMaxLength", "12")).code])
        if sorted(results) != [OK, RULES]:
            found.append(("lengths", number, results))
        people.must(root.modify(org.dn, ("replace", "musterPolicyEntry", org.policy)), "own policy")
        root.delete(other)
        people.must(root.add(other, dict(policy_of("console-16"), objectClass=["organizationalRole", "pwdPolicy", "musterPolicy"],
                                         cn="other")), "other")
        results = parallel.at_once([lambda: two[0].modify(org.dn, ("replace", "musterPolicyEntry", other)).code,
                                    lambda: two[1].delete(other).code])
        if sorted(results) not in ([OK, RULES], [OK, UNWILLING]):
            found.append(("policy", number, results))
    is_(found, [], "of two changes that contradict each other one is refused")


def test_an_organization_is_renamed():
    org = organization("before", "modern")
    who = people.member(org, None, PHRASE, root=root)
    renamed = "o=after,ou=organizations," + world.base
    is_(admin.rename(org.dn, "o=after").code, OK, "an organization with its policy below it is renamed")
    is_(entry(renamed)["musterPolicyEntry"], [("cn=policy," + renamed).encode()], "it names its policy still")
    dn = who.dn.replace("o=before", "o=after")
    ok(can_login(dn, PHRASE), "its members log in")
    is_(try_password(dn, "x!"), {"min-length=15"}, "under its own policy")


def restored(change):
    """The database loaded anew by slapadd, which asks nobody, from what change makes of its LDIF."""
    world.stop()
    text = change(world.slapcat().decode())
    for name in os.listdir(os.path.join(world.folder, "db")):
        os.unlink(os.path.join(world.folder, "db", name))
    world.tool("slapadd", "-n", "1", input=text.encode())
    world.start()
    reconnect()


@tap.fault(3)
def test_what_got_in_all_the_same_lets_nobody_in():
    gone = organization("gone")
    bad = [("pwdMinLength", "0"), ("pwdMaxLength", str(2 ** 31)), ("pwdMinDelay", "0"), ("musterCodeWindow", str(2 ** 62)),
           ("pwdMaxFailure", "0"), ("musterTokenLifetime", "-1"), ("musterSecondFactor", "perhaps"), ("pwdMinLength", "17")]
    orgs = {"o%d" % n: organization("o%d" % n) for n in range(len(bad))}
    who = people.member(gone, None, FIRST, root=root)
    others = [people.member(orgs["o%d" % n], None, FIRST, root=root) for n in range(len(bad))]
    people.must(root.modify(gone.dn, ("delete", "musterPolicyEntry", None)), "nothing named")

    def spoil(text):
        blocks = [block for block in text.split("\n\n") if not block.startswith("dn: " + gone.policy)]
        for n, (name, value) in enumerate(bad):
            at = next(i for i, block in enumerate(blocks) if block.startswith("dn: " + orgs["o%d" % n].policy))
            lines = [line for line in blocks[at].split("\n") if not line.startswith(name + ":")]
            blocks[at] = "\n".join(lines + ["%s: %s" % (name, value)])
        return "\n\n".join(blocks).replace("dn: %s\n" % gone.dn, "dn: %s\nmusterPolicyEntry: %s\n" % (gone.dn, gone.policy), 1)

    restored(spoil)
    for one, what in [(who, "a policy that is gone")] + [(o, "%s: %s" % b) for o, b in zip(others, bad)]:
        with world.use() as session:
            is_(session.bind(one.dn, FIRST).code, UNWILLING, what + ": its members are refused")
        result = admin.modify(one.dn, ("replace", "userPassword", SECOND))
        is_(result.code, UNWILLING, "nor is a password set without rules")
    in_("nobody under it can log in", world.log(), "slapd's log says why")
    ok(world.alive(), "slapd is alive")


@tap.fault(21)
def test_long_passwords():
    who = people.member(strict, None, FIRST, root=root)
    long = "Aa1!" * (1 << 18)
    with world.use(who.dn, FIRST) as one:
        results = [exops.change_password(one, who.dn, FIRST, long), exops.redeem(one, who.dn, "mr1-" + "A" * 43, long),
                   one.passwd(who.dn, FIRST, long), admin.passwd(who.dn, None, long),
                   one.modify(who.dn, ("delete", "userPassword", FIRST), ("add", "userPassword", long)),
                   admin.modify(who.dn, ("replace", "userPassword", long)),
                   admin.add("uid=long," + strict.people, {"objectClass": ["inetOrgPerson", "musterMember"], "uid": "long", "cn": "L",
                                                           "sn": "L", "userPassword": long})]
    is_([r.code for r in results], [2, 2] + [RULES] * 5, "a mebibyte is refused on every way")
    is_({r.text for r in results[2:]}, {"password refused: bytes=1000"}, "and told why")
    ok(can_login(who.dn, FIRST), "the password is as it was")


def reconnect():
    global root, admin, anyone, courier
    root, admin, anyone, courier = (world.session(who) for who in ("root", "admin", None, "courier"))


# --- the command ------------------------------------------------------------------------------------------------


def muster(*arguments):
    """The command as the administrator: exit code, standard output, standard error."""
    done = subprocess.run([os.path.join(BUILD, "muster"), "-H", world.uri_ldapi, "-D", world.admin_dn, *arguments],
                          input=world.admin_password.encode() + b"\n", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def shown(name):
    return json.loads(muster("policy", "show", name, "--json")[1])


def test_muster_policy():
    org = organization("shown")
    code, out, _ = muster("policy", "show", "shown")
    is_(code, 0, "policy show")
    for line in ("min-length              8", "min-length-factor       8", "require                 letter, digit, special",
                 "blocklist               no", "max-delay               900", "daily-code-failures     50",
                 "second-factor           optional", "token-lifetime          3600", "app-passwords           10"):
        in_(line, out, "shows: " + " ".join(line.split()))
    facts = shown("shown-corp")
    is_((facts["policy"], facts["pwdMinLength"], facts["musterDailyPasswordFailures"], facts["musterPwdRequire"],
         facts["musterNetwork"], facts["pwdLockout"]),
        (org.policy, 8, 100, ["letter", "digit", "special"], [], False), "as JSON, with what holds when absent")
    everything = json.loads(muster("org", "show", "shown", "--json")[1])
    is_({k: everything.get(k) for k in facts if k != "organization"}, {k: v for k, v in facts.items() if k != "organization"},
        "org show shows all of them")
    code, out, err = muster("policy", "set", "shown", "min-length=12", "max-length=64", "require=letter,digit", "blocklist=on",
                            "MUSTERSECONDFACTOR=required", "network=10.0.0.0/8,::1", "pwdMaxFailure=7")
    is_((code, out), (0, "the rules of shown are changed, for all its members at once\n"), "policy set")
    facts = shown("shown")
    is_([facts[k] for k in ("pwdMinLength", "pwdMaxLength", "musterPwdRequire", "musterPwdBlocklist", "musterSecondFactor",
                            "musterNetwork", "pwdMaxFailure")],
        [12, 64, ["letter", "digit"], True, "required", ["10.0.0.0/8", "::1"], 7], "all of it")
    is_(muster("policy", "set", "shown", "network=", "min-length=")[0], 0, "back to what holds when absent")
    is_((shown("shown")["musterNetwork"], shown("shown")["pwdMinLength"]), ([], 8), "so it is")
    for words, exit_code, text in ((("min-length=65",), 2, "pwdMinLength is more than pwdMaxLength"),
                                   (("min-length=0",), 2, "pwdMinLength: allowed is 1 to 256"),
                                   (("second-factor=maybe",), 2, "allowed is off, optional or required"),
                                   (("blocklist=perhaps",), 2, "blocklist is TRUE or FALSE"),
                                   (("min-lenght=9",), 2, "did you mean min-length?"), (("colour=blue",), 2, "unknown rule colour"),
                                   (("min-length",), 2, "say what it is to be"), (("=9",), 2, "unknown rule"),
                                   (("min-length=9", "pwdMinLength=9"), 2, "given twice")):
        before = entry(org.policy)
        code, _, err = muster("policy", "set", "shown", *words)
        is_(code, exit_code, "policy set %s is refused" % " ".join(words))
        in_(text, err, "and told why")
        is_(entry(org.policy), before, "nothing changed")
    is_(muster("policy", "show", "nowhere")[0], 4, "an organization that is not there")
    names = [row["name"] for row in json.loads(muster("policy", "list", "--json")[1])]
    ok({"console-15", "console-16", "modern"} <= set(names), "policy list")
    in_("8 with a second factor", muster("policy", "list")[1], "tells what they are")


def test_muster_policy_use():
    org = organization("used", pwdMaxAge="86400", pwdLockout="TRUE")
    who = people.member(org, root=root)
    is_(muster("policy", "use", "used", "modern")[0], 0, "a template for an organization that has a policy")
    facts, template = shown("used"), policy_of("modern")
    is_({k: facts[k] for k in ("pwdMaxAge", "pwdLockout", "pwdMinLength", "pwdMaxLength", "musterPwdMinLengthFactor",
                               "musterPwdBlocklist", "musterPwdRequire")},
        {"pwdMaxAge": 0, "pwdLockout": False, "pwdMinLength": 15, "pwdMaxLength": 256, "musterPwdMinLengthFactor": 8,
         "musterPwdBlocklist": True, "musterPwdRequire": ["none"]}, "the rules of the template, nothing of the others")
    is_(entry(org.policy)["description"], [template["description"][0].encode()], "its description")
    is_(try_password(who.dn, "x!"), {"min-length=15"}, "its members live under it")
    dn = "o=bare,ou=organizations," + world.base
    people.must(admin.add(dn, {"objectClass": ["organization", "musterOrganization"], "o": "bare", "musterDomain": "bare-corp",
                               "owner": "uid=kim,ou=people," + dn}), dn)
    code, out, err = muster("policy", "show", "bare")
    is_(code, 0, "an organization without a policy")
    in_("it has no policy of its own", err, "is told so")
    code, _, err = muster("policy", "set", "bare", "min-length=9")
    is_(code, 4, "there is nothing to change")
    in_("muster policy use bare", err, "and told what to do")
    is_(muster("policy", "use", "bare", "console-15")[0], 0, "a template is used")
    is_((entry(dn)["musterPolicyEntry"], shown("bare")["pwdMaxLength"]), ([("cn=policy," + dn).encode()], 15), "as its own")
    is_(admin.modify(dn, ("replace", "musterPolicyEntry", "cn=console-16,ou=policies," + world.base)).code, OK,
        "one that lives under a template")
    code, _, err = muster("policy", "set", "bare", "min-length=9")
    is_(code, 4, "does not change it for everybody")
    in_("lives under cn=console-16", err, "and is told so")
    is_(muster("policy", "use", "bare", "modern")[0], 0, "until it has its own again")
    is_(entry(dn)["musterPolicyEntry"], [("cn=policy," + dn).encode()], "which it names")
    is_(muster("policy", "use", "bare", "missing")[0], 4, "a template that is not there")
    is_(muster("policy", "use", "bare", "a,b")[0], 4, "a name is a name")


# --- lists that are configured --------------------------------------------------------------------------------


def test_lists_that_cannot_be_used_are_refused():
    before = config_values()
    for name, value in (("olcMusterBlocklist", "/nowhere/words"), ("olcMusterBlocklist", "words"),
                        ("olcMusterBlocklist", world.folder), ("olcMusterBreached", "/nowhere/hashes"),
                        ("olcMusterBreached", "breached"), ("olcMusterBreached", "/dev/null"),
                        ("olcMusterBreached", file("empty", "")), ("olcMusterBreached", file("text", "password\n")),
                        ("olcMusterBreached", file("unsorted", "".join(reversed(sha1("a", "b", "c").splitlines(True))))),
                        ("olcMusterBreached", file("cut", sha1("a", "b", "c")[:-50]))):
        result = config(("replace", name, value))
        ok(result.code != OK, "%s: %s is refused" % (name, os.path.basename(value)))
        in_("muster: " + name if "/" in value[:1] else "whole path", result.text, "and told why")
    is_(config_values(), before, "the configuration is as it was")


def config_values():
    with world.use("config") as one:
        found = one.search("cn=config", "(objectClass=olcMusterConfig)", ["*"]).entries[0][1]
    return {name: sorted(values) for name, values in found.items()}


def test_a_list_that_is_gone_later_refuses_every_password():
    path = file("breached", sha1(LEAKED, "other", "third"))
    words = file("words", "dr4gon!7\n")
    is_(config(("replace", "olcMusterBreached", path), ("replace", "olcMusterBlocklist", [words])).code, OK, "lists")
    who = people.member(strict, "later", FIRST, root=root)
    plain = people.member(organization("nolists"), None, FIRST, root=root)
    mailed = people.member(strict, "latermail", FIRST, root=root)
    secret = token(mailed)

    def each_refuses(what):
        with world.use(who.dn, FIRST) as one:
            results = [admin.modify(who.dn, ("replace", "userPassword", SECOND)), admin.passwd(who.dn, None, SECOND),
                       exops.change_password(anyone, who.dn, FIRST, SECOND), one.passwd(who.dn, FIRST, SECOND),
                       one.modify(who.dn, ("delete", "userPassword", FIRST), ("add", "userPassword", SECOND)),
                       exops.redeem(anyone, mailed.dn, secret, SECOND)]
        is_([r.code for r in results], [UNWILLING] * 6, what + ": no password is taken")
        ok(all("olcMusterBreached" in r.text for r in results), "each is told what to have checked", results)
        is_(admin.modify(plain.dn, ("replace", "userPassword", FIRST)).code, RULES, "policies without lists do not need them")
        ok(can_login(who.dn, FIRST), "nor do logins")

    os.rename(path, path + ".away")
    each_refuses("gone")
    with open(path, "w") as out:
        out.write("no hashes")
    each_refuses("something else")
    open(path, "w").close()
    each_refuses("empty")
    os.rename(path + ".away", path)
    is_(admin.modify(who.dn, ("replace", "userPassword", LEAKED)).code, RULES, "back again: a breached one is refused")
    file("breached", sha1(THIRD))
    is_(try_password(who.dn, THIRD), {"blocklist"}, "a newer list is found at once")
    file("breached", sha1("e\u0301tienne-74!"))
    is_(try_password(who.dn, "e\u0301tienne-74!"), {"blocklist"}, "as it was typed")
    file("breached", sha1("\u00e9tienne-74!"))
    is_(try_password(who.dn, "e\u0301tienne-74!"), {"blocklist"}, "and in the other spelling")

    os.rename(words, words + ".away")
    world.restart()
    reconnect()
    ok(can_login(who.dn, FIRST), "slapd starts without its word list, and members log in")
    each_refuses("a word list that is gone at the start")
    is_(config(("delete", "olcMusterBlocklist", words)).code, OK, "it is taken out of the configuration")
    is_(try_password(who.dn, "password"), {"min", "digit", "special", "blocklist"}, "the packaged list is always there")
    os.rename(words + ".away", words)
    spaced = file("more words", "#!comment: ours\nPapaya-Tree.99\n")
    is_(config(("add", "olcMusterBlocklist", [words, spaced])).code, OK, "two files, one with a blank in its name")
    is_(try_password(who.dn, "papaya-tree.99"), {"blocklist"}, "the words of both")
    is_(try_password(who.dn, LISTED), {"blocklist"}, "are refused")
    is_(config(("delete", "olcMusterBlocklist", spaced)).code, OK, "one is taken out")
    is_(try_password(who.dn, LISTED), {"blocklist"}, "the other stays")
    is_(admin.modify(who.dn, ("replace", "userPassword", "papaya-tree.99")).code, OK, "its words are free")
    is_(config(("delete", "olcMusterBreached", None), ("delete", "olcMusterBlocklist", None)).code, OK, "all are taken out")


def test_context_words_are_configured():
    who = people.member(strict, "words", root=root)
    is_(config(("replace", "olcMusterContextWord", ["Skylark Mail", "Tern"])).code, OK, "two products")
    is_([try_password(who.dn, p) for p in ("Skylark#1234", "tern-TERN.12", "skymail!9917")], [{"context"}, {"context"}, set()],
        "names of either")
    is_(config(("delete", "olcMusterContextWord", "Tern")).code, OK, "one is taken out")
    is_([try_password(who.dn, p) for p in ("Skylark#1234", "tern-TERN.13")], [{"context"}, set()], "the other stays")
    is_(config(("delete", "olcMusterContextWord", None)).code, OK, "none")
    is_([try_password(who.dn, p) for p in ("Skylark#1234", "Muster#12345")], [set(), {"context"}], "muster's own name always")


def test_context_of_platform_members():
    who = people.account(world, "papaya.tree@skylark.example", root=root, displayName="Dr Quill", givenName="Émile")
    for password, broken in (("Papaya#1", set()), ("papaya12!", {"context"}), ("Skylark#12", set()), ("quill!99", {"context"}),
                             ("E\u0301MILE-123", {"context"}), ("tree-papaya-1", {"context"})):
        result = admin.modify(who.dn, ("replace", "userPassword", password))
        if password == "Papaya#1":
            broken = {"context"}
        is_(said(result.text, 0), broken, "%r" % password)


tap.main(globals())
