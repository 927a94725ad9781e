#!/usr/bin/python3
"""Organizations keep their names, their domain and an OWNER, whoever writes at the same moment."""

import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from lib import people, tap  # noqa: E402
from lib.parallel import at_once  # noqa: E402
from lib.session import RELAX  # noqa: E402
from lib.tap import in_, is_, ok  # noqa: E402
from lib.world import World  # noqa: E402

CONSTRAINT, NO_ACCESS, UNWILLING, CLASSES = 19, 50, 53, 65
MANY = 50

world = World()
root = world.session("root")
BELOW = ",ou=organizations," + world.base


def entry_of(name, domain, owner=None):
    dn = "o=" + name + BELOW
    return dn, {"objectClass": ["organization", "musterOrganization"], "o": name, "musterDomain": domain,
                "owner": owner or "uid=owner,ou=people," + dn}


def owners_of(org, session=root):
    return sorted(value.decode() for value in session.entry(org.dn, ["owner"]).get("owner", []))


def count(where):
    return len(root.search("ou=organizations," + world.base, where, ["dn"]).entries)


def active(name, also=1):
    """An organization with "owner" and as many more OWNERs, o1, o2, ..."""
    org = people.organization(world, name, root=root)
    more = [people.member(org, "o%d" % (i + 1), people.PASSWORD, root=root) for i in range(also)]
    if more:
        people.must(root.modify(org.dn, ("add", "owner", [one.dn for one in more])), "owners")
    return org, more


# --- names ------------------------------------------------------------------------------------------------


def test_many_at_once_want_one_domain():
    sessions = [world.session("admin") for _ in range(MANY)]
    results = at_once([lambda s=s, i=i: s.add(*entry_of("racer%d" % i, "Race-Domain")) for i, s in enumerate(sessions)])
    is_(sorted(r.code for r in results), [0] + [CONSTRAINT] * (MANY - 1), "of %d adds of one domain one is stored" % MANY)
    is_(count("(musterDomain=race-domain)"), 1, "and one has it")
    lost = next(r for r in results if r.code)
    in_("is taken", lost.text, "the others are told that it is taken")
    in_("choose another", lost.text, "and how to go on")
    in_("race-domain", lost.text, "and what")


def test_many_at_once_a_domain_that_is_a_name_of_another():
    sessions = [world.session("admin") for _ in range(MANY)]

    def add(session, i):
        # The name of half of them is the domain of the other half.
        name, domain = ("crossed", "other%d" % i) if i % 2 else ("other-name%d" % i, "crossed")
        return session.add(*entry_of(name, domain))

    results = at_once([lambda s=s, i=i: add(s, i) for i, s in enumerate(sessions)])
    is_([r.code for r in results].count(0), 1, "of %d adds of a name that is a domain elsewhere one is stored" % MANY)
    is_(count("(|(o=crossed)(musterDomain=crossed))"), 1, "and one has it")
    in_("is taken", " ".join(r.text for r in results), "others are told")


def test_many_at_once_change_to_one_domain():
    names = ["changer%d" % i for i in range(8)]
    for name in names:
        people.must(root.add(*entry_of(name, name)), name)
    sessions = [world.session("admin") for _ in names]
    dns = ["o=" + name + BELOW for name in names]
    results = at_once([lambda s=s, dn=dn, i=i: s.modify(dn, ("replace", "musterDomain", "changed")) if i % 2 else
                       s.rename(dn, "o=changed") for i, (s, dn) in enumerate(zip(sessions, dns))])
    is_([r.code for r in results].count(0), 1, "of 8 changes and renames to one name one is stored", )
    is_(count("(|(o=changed)(musterDomain=changed))"), 1, "and one has it")


def test_domain_syntax_and_case():
    people.must(root.add(*entry_of("upper", "UPPER-Corp")), "upper")
    is_(root.entry("o=upper" + BELOW, ["musterDomain"])["musterDomain"], [b"upper-corp"], "a domain is stored in lower case")
    for wrong in ("ab", "-abc", "a_b", "a.b", "a" * 41, "ä-corp"):
        is_(root.add(*entry_of("wrong", wrong)).code != 0, True, "domain %r is refused" % wrong)


# --- OWNERs -----------------------------------------------------------------------------------------------


def test_owner_values():
    org, (second,) = active("values")
    other = people.organization(world, "values-other", root=root)
    outside = people.member(other, "outside", root=root)
    account = people.account(world, "boss@values.example", root=root)
    group = "cn=staff,ou=groups," + org.dn
    people.must(root.add(group, {"objectClass": "groupOfNames", "cn": "staff", "member": second.dn}), "group")
    for who, what in ((outside.dn, "a member of another organization"), ("uid=nobody," + org.people, "nobody"),
                      (group, "a group"), (org.dn, "the organization"), ("cn=somebody,dc=elsewhere", "another directory")):
        result = root.modify(org.dn, ("add", "owner", who))
        is_(result.code, CONSTRAINT, "%s is made no OWNER" % what)
    in_("members of the organization, or platform members", result.text, "the text says who can be one")
    is_(root.modify(org.dn, ("add", "owner", account.dn)).code, 0, "a platform member is made one")
    is_(root.add(*entry_of("values-new", "values-new", outside.dn)).code, CONSTRAINT,
        "a new organization with an OWNER from another is refused")
    is_(root.add(*entry_of("values-new", "values-new", account.dn)).code, 0, "with a platform member it is made")


def test_the_last_one_stays():
    org, _ = active("last", 0)
    bob = people.member(org, "bob", people.PASSWORD, root=root)
    owner = org.owner
    for who in ("root", "admin"):
        with world.use(who) as one:
            for result, what in (
                    (one.modify(owner.dn, ("replace", "musterStatus", "suspended")), "suspended"),
                    (one.modify(owner.dn, ("replace", "musterStatus", "closed")), "closed"),
                    (one.delete(owner.dn), "deleted"),
                    (one.modify(org.dn, ("delete", "owner", None), ("add", "owner", "uid=x," + org.people)), "replaced by nobody"),
                    (one.modify(org.dn, ("delete", "owner", owner.dn)), "removed from owner")):
                ok(result.code in (UNWILLING, CONSTRAINT), "the last OWNER is not %s by %s" % (what, who), str(result))
            for result in (one.delete(owner.dn), one.modify(org.dn, ("delete", "owner", None))):
                in_("make another member one first", result.text, "the text says what to do")
    people.must(root.modify(bob.dn, ("replace", "musterStatus", "suspended")), "bob")
    people.must(root.modify(org.dn, ("add", "owner", bob.dn)), "bob is an OWNER")
    is_(root.modify(owner.dn, ("replace", "musterStatus", "suspended")).code, UNWILLING, "a suspended OWNER does not count")
    is_(root.modify(org.dn, ("delete", "owner", owner.dn)).code, UNWILLING, "nor when the active one is removed from owner")
    is_(root.modify(bob.dn, ("replace", "musterStatus", "active")).code, 0, "once the other one is active")
    is_(root.modify(owner.dn, ("replace", "musterStatus", "suspended")).code, 0, "the first one can be suspended")
    is_(root.delete(bob.dn).code, UNWILLING, "and now the other one is the last")
    is_(root.modify(bob.dn, ("replace", "description", "still here")).code, 0, "what is not about that is written")


def test_who_manages_may_override():
    org, _ = active("override", 0)
    with world.use("admin") as admin, world.use("root") as one:
        is_(admin.modify(org.owner.dn, ("replace", "musterStatus", "suspended"), controls=[RELAX]).code, 0,
            "an administrator suspends the last OWNER with Relax")
        is_(one.modify(org.owner.dn, ("replace", "musterStatus", "active")).code, 0, "and back")
        is_(admin.delete(org.owner.dn, controls=[RELAX]).code, 0, "and deletes it")
    org, _ = active("taken-down")
    done = subprocess.run(["ldapdelete", "-H", world.uri_ldapi, "-x", "-D", world.admin_dn, "-w", world.admin_password, "-r",
                           "-e", "relax", org.dn], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    is_((done.returncode, root.entry(org.dn)), (0, {}), "ldapdelete -r -e relax takes an organization down")
    tap.note(done.stdout.decode())
    org, (second,) = active("override-not")
    with world.use(second.dn, people.PASSWORD) as one:
        people.must(root.modify(org.dn, ("delete", "owner", org.owner.dn)), "one OWNER")
        is_(one.delete(second.dn, controls=[RELAX]).code != 0, True, "an OWNER does not, whatever it sends")


def test_platform_member_is_last_too():
    account = people.account(world, "only@platform.example", root=root)
    people.must(root.add(*entry_of("platform", "platform", account.dn)), "organization")
    is_(root.delete(account.dn).code, UNWILLING, "a platform member who is the only OWNER is not deleted")
    is_(root.modify(account.dn, ("replace", "musterStatus", "closed")).code, UNWILLING, "nor closed")


def test_two_owners_demote_each_other():
    for number in range(10):
        org, (second, third) = active("duel%d" % number, 2)
        people.must(root.modify(org.dn, ("delete", "owner", org.owner.dn)), "two are left")
        with world.use(second.dn, people.PASSWORD) as one, world.use(third.dn, people.PASSWORD) as other:
            results = at_once([lambda: one.modify(org.dn, ("delete", "owner", third.dn)),
                               lambda: other.modify(org.dn, ("delete", "owner", second.dn))])
        if [r.code for r in results].count(0) != 1 or len(owners_of(org)) != 1:
            tap.fail("two OWNERs who remove each other: %r, left %r" % (results, owners_of(org)))
            return
    ok(True, "two OWNERs remove each other at once, 10 times: one stays")


def test_many_at_once_leave_one():
    org, more = active("crowd", MANY - 1)
    everybody = [org.owner, *more]
    sessions = [world.session("admin") for _ in everybody]

    def leave(session, one, how):
        return (session.modify(one.dn, ("replace", "musterStatus", "suspended")) if how == 0 else
                session.delete(one.dn) if how == 1 else session.modify(org.dn, ("delete", "owner", one.dn)))

    results = at_once([lambda s=s, o=o, i=i: leave(s, o, i % 3) for i, (s, o) in enumerate(zip(sessions, everybody))])
    is_(sorted(r.code for r in results), [0] * (MANY - 1) + [UNWILLING],
        "%d OWNERs are suspended, deleted and demoted at once: all but one" % MANY)
    left = [dn for dn in owners_of(org) if root.entry(dn, ["musterStatus"]).get("musterStatus", [b"active"]) == [b"active"]
            and root.entry(dn, ["uid"])]
    is_(len(left), 1, "and one is an active OWNER still")


# --- another name ------------------------------------------------------------------------------------------


def test_owner_follows_a_rename():
    org, (second,) = active("renamed")
    is_(root.rename(second.dn, "uid=O1-New").code, 0, "an OWNER is renamed")
    is_(owners_of(org), sorted([org.owner.dn, "uid=O1-New," + org.people]), "the organization names the new name")
    account = people.account(world, "old@renamed.example", root=root)
    for name in (org.dn, people.organization(world, "renamed-too", root=root).dn):
        people.must(root.modify(name, ("add", "owner", account.dn)), "owner")
    is_(root.rename(account.dn, "uid=new@renamed.example").code, 0, "a platform member is renamed")
    is_(count("(owner=uid=new@renamed.example,ou=accounts,%s)" % world.base), 2, "both of its organizations name it")
    is_(count("(owner=%s)" % account.dn), 0, "and none the old name")
    is_(root.rename(org.people, "ou=staff").code, 0, "a folder with OWNERs is renamed")
    ok(all(dn.split(",", 1)[1].startswith("ou=staff," + org.dn) or "renamed.example" in dn for dn in owners_of(org)),
       "they are named", str(owners_of(org)))


def test_owners_follow_their_organization():
    org, (second,) = active("moving")
    is_(root.rename(org.dn, "o=Moved\\2C Inc", delete_old=True).code, 0, "an organization is renamed")
    org.dn = "o=moved\\2C inc" + BELOW
    names = [dn.lower() for dn in owners_of(org)]
    is_(names, ["uid=o1,ou=people,o=moved\\2c inc" + BELOW, "uid=owner,ou=people,o=moved\\2c inc" + BELOW],
        "it names its OWNERs by their new names")
    with world.use("uid=o1,ou=people," + org.dn, people.PASSWORD) as one:
        is_(one.modify(org.dn, ("replace", "musterDomain", "moved-on")).code, 0, "who go on owning it")


def test_a_refused_rename_changes_nothing():
    org, (second,) = active("refused")
    before = owners_of(org)
    people.member(org, "there", root=root)
    is_(root.rename(second.dn, "uid=there").code, 68, "a rename to a name that is there")
    is_(owners_of(org), before, "leaves the organization as it is")
    bob = people.member(org, "plain", people.PASSWORD, root=root)
    with world.use(bob.dn, people.PASSWORD) as one:
        is_(one.rename(second.dn, "uid=mine").code, NO_ACCESS, "a member renames nobody")
    is_(owners_of(org), before, "and the organization stays")


# --- another place -----------------------------------------------------------------------------------------


def test_moves():
    here, (boss,) = active("here")
    there, _ = active("there-too", 0)
    carol = people.member(here, "carol", people.PASSWORD, root=root)
    account = people.account(world, "move@here.example", root=root)
    folder = "ou=folder," + world.base
    people.must(root.add(folder, {"objectClass": "organizationalUnit", "ou": "folder"}), "folder")
    people.must(root.add(*("o=inner," + folder, {"objectClass": ["organization", "musterOrganization"], "o": "inner",
                                                 "musterDomain": "inner", "owner": account.dn})), "inner")
    for dn, superior, what in ((there.dn, here.dn, "an organization into another"),
                               (folder, "ou=groups," + here.dn, "a folder with an organization in it into an organization"),
                               (account.dn, here.people, "a platform member into an organization"),
                               (carol.dn, "ou=accounts," + world.base, "an IAM member out of all organizations")):
        result = root.rename(dn, dn.split(",")[0], superior)
        is_(result.code, CLASSES, "%s: refused" % what)
        ok(result.text, "with a text: %s" % result.text)
    with world.use(boss.dn, people.PASSWORD) as one:
        is_(one.rename(carol.dn, "uid=carol", there.people).code, NO_ACCESS, "an OWNER moves nobody to another organization")
        is_(one.rename("uid=owner," + there.people, "uid=taken", here.people).code in (NO_ACCESS, 32), True, "nor from one")
    is_(root.rename(boss.dn, "uid=o1", there.people).code, UNWILLING, "an OWNER does not leave the organization")
    account2 = people.account(world, "both@here.example", people.PASSWORD, root=root)
    for org in (here, there):
        people.must(root.modify(org.dn, ("add", "owner", account2.dn)), "owner of both")
    with world.use(account2.dn, people.PASSWORD) as one:
        is_(one.rename(carol.dn, "uid=carol", there.people).code, 0, "who owns both moves a member")
    is_(root.entry("uid=carol," + there.people)["uid"], [b"carol"], "and it is there")


# --- settings ----------------------------------------------------------------------------------------------


def test_settings():
    org, (boss,) = active("settings")
    dora = people.member(org, "dora", people.PASSWORD, root=root)
    emil = people.member(org, "emil", people.PASSWORD, root=root, displayName="Emi")
    with world.use(boss.dn, people.PASSWORD) as one, world.use(dora.dn, people.PASSWORD) as member:
        is_(member.entry(emil.dn), {}, "a member sees its own entry alone")
        is_(one.modify(org.dn, ("replace", "musterMembersSee", "everything")).code, CONSTRAINT, "musterMembersSee is a word")
        is_(one.modify(org.dn, ("replace", "musterMembersSee", "members")).code, 0, "an OWNER lets members see each other")
        seen = member.entry(emil.dn)
        is_(sorted(seen.keys() - {"objectClass"}), ["cn", "displayName", "mail", "uid"], "and they see who is there")
        is_(member.modify(org.dn, ("replace", "musterMembersSee", "self")).code, NO_ACCESS, "a member decides nothing")
        is_(one.modify(org.dn, ("replace", "musterNicknames", "FALSE")).code, 0, "an OWNER does without nicknames")
        result = member.modify(dora.dn, ("replace", "displayName", "Dodo"))
        is_(result.code, NO_ACCESS, "then a member writes none")
        in_("nicknames", result.text, "and is told why")
        is_(one.modify(dora.dn, ("replace", "displayName", "Dodo")).code, 0, "the OWNER may still")
        is_(one.modify(org.dn, ("delete", "musterNicknames", None)).code, 0, "nicknames come back")
        is_(member.modify(dora.dn, ("replace", "displayName", "Dorie")).code, 0, "and a member writes its own")


def test_nothing_across_organizations():
    mine, (boss,) = active("mine")
    theirs, _ = active("theirs", 0)
    victim = people.member(theirs, "victim", people.PASSWORD, root=root)
    before = world.slapcat().count(b"o=theirs")
    with world.use(boss.dn, people.PASSWORD) as one:
        is_(one.entry(victim.dn), {}, "an OWNER sees no member of another organization")
        is_(one.entry(theirs.dn), {}, "nor the organization")
        for result, what in ((one.modify(theirs.dn, ("add", "owner", boss.dn)), "becomes no OWNER of it"),
                             (one.modify(theirs.dn, ("replace", "musterDomain", "stolen")), "changes nothing of it"),
                             (one.delete(victim.dn), "deletes nobody there"),
                             (one.modify(victim.dn, ("replace", "mail", "x@evil.example")), "writes nobody there"),
                             (one.add("uid=spy," + theirs.people, {"objectClass": ["inetOrgPerson", "musterMember"], "uid": "spy",
                                                                   "cn": "Spy", "sn": "Spy"}), "adds nobody there")):
            ok(result.code in (NO_ACCESS, 32), "an OWNER %s" % what, str(result))
        ok(all("taken" not in r.text for r in (one.modify(theirs.dn, ("replace", "musterDomain", "mine-corp")),
                                               one.add(*entry_of("mine", "mine-corp")))),
           "and who may not write is told nothing of names")
    is_(world.slapcat().count(b"o=theirs"), before, "and nothing is there that was not")


tap.main(globals())
