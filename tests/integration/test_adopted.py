#!/usr/bin/python3
"""An organization that was adopted: a folder whose members lie in it directly, with the commands that look for it from a member."""

import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from lib import logs, people, tap  # noqa: E402
from lib.adoption import Place, ssha  # noqa: E402
from lib.checkup import LIMIT, command  # noqa: E402
from lib.tap import in_, is_, ok  # noqa: E402
from lib.world import DATABASE  # noqa: E402

DONE, FAILED, USAGE, REFUSED, NOT_FOUND = range(5)
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
    ok("oathSecret" not in place.root.entry(place.dn("cat")), "nothing was registered")


tap.main(globals())
