#!/usr/bin/python3
"""What slapd knows once muster.so is loaded is what schema/muster.schema says, and schema/README.md lists every OID."""

import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

import ldap
from ldap.schema.models import AttributeType, ObjectClass

from lib import tap
from lib.world import SOURCE, World

ROOT = "2.25.154254282437691369581785512569447189437"

world = World()


def definitions():
    """(kind, text with numeric OIDs) of every definition in muster.schema."""
    with open(os.path.join(SOURCE, "schema", "muster.schema")) as file:
        lines = [line for line in file.read().splitlines() if not line.startswith("#")]
    text = re.sub(r"\n[ \t]+", " ", "\n".join(lines))
    names = dict(re.findall(r"^objectIdentifier (\S+) (\S+)$", text, re.M))

    def number(oid):
        name, _, rest = oid.partition(":")
        name = number(names[name]) if name in names else name
        return name + ("." + rest if rest else "")

    for kind, oid, rest in re.findall(r"^(attributetype|objectclass) \( (\S+) (.*)$", text, re.M | re.I):
        yield kind.lower(), "( %s %s" % (number(oid), rest)


def subschema():
    found = world.session("root").search(
        "cn=Subschema", attributes=["attributeTypes", "objectClasses"], scope=ldap.SCOPE_BASE
    ).entries[0][1]
    attributes = {a.oid: a for a in (AttributeType(v.decode()) for v in found["attributeTypes"])}
    classes = {c.oid: c for c in (ObjectClass(v.decode()) for v in found["objectClasses"])}
    return attributes, classes


def test_definitions_are_those_of_the_file():
    attributes, classes = subschema()
    for kind, text in definitions():
        if kind == "attributetype":
            want, have = AttributeType(text), attributes
            facts = ("names", "desc", "equality", "ordering", "substr", "syntax", "single_value",
                     "no_user_mod", "usage", "sup")
        else:
            want, have = ObjectClass(text), classes
            facts = ("names", "desc", "kind", "sup")
        got = have.get(want.oid)
        if got is None:
            tap.fail("%s is known to slapd" % want.names[0])
            continue
        tap.is_({f: getattr(got, f) for f in facts}, {f: getattr(want, f) for f in facts}, want.names[0])
        if kind == "objectclass":
            tap.is_((sorted(got.must), sorted(got.may)), (sorted(want.must), sorted(want.may)),
                    want.names[0] + ": MUST and MAY")


def test_nothing_of_ours_is_missing_in_the_file():
    attributes, classes = subschema()
    in_file = {text.split()[1] for _, text in definitions()}
    ours = {oid for oid in list(attributes) + list(classes) if re.match(re.escape(ROOT) + r"\.[12]\.", oid)}
    tap.is_(sorted(ours - in_file), [], "slapd knows nothing of ours that the file does not have")


def test_the_readme_lists_every_oid():
    with open(os.path.join(SOURCE, "schema", "README.md")) as file:
        listed = dict(re.findall(r"^\| `(\.\d+\.\d+)` \| `?([A-Za-z0-9]+)`? ", file.read(), re.M))
    attributes, classes = subschema()
    dse = world.session("root").root_dse()
    known = {oid[len(ROOT):]: found.names[0] for oid, found in list(attributes.items()) + list(classes.items())
             if oid.startswith(ROOT + ".")}
    offered = [v.decode() for name in ("supportedControl", "supportedExtension") for v in dse.get(name, [])]
    for end in sorted(known):
        tap.is_(listed.get(end), known[end], "README lists %s as %s" % (end, known[end]))
    for oid in offered:
        if oid.startswith(ROOT + "."):
            tap.ok(oid[len(ROOT):] in listed, "README lists %s" % oid[len(ROOT):])
    gone = [end for end in listed if end not in known and ROOT + end not in offered]
    tap.is_(gone, [], "README lists nothing that slapd does not know")


def test_the_definitions_survive_a_restart():
    before = [str(sorted(map(str, part.values()))) for part in subschema()]
    tap.is_(world.stop(), 0, "slapd ends in an orderly way")
    world.start()
    tap.is_([str(sorted(map(str, part.values()))) for part in subschema()], before, "the same schema after a restart")


def test_templates_are_there_and_in_range():
    root = world.session("root")
    expected = {
        "console-15": ("8", "15", "2", {"letter", "digit", "special"}),
        "console-16": ("8", "16", "2", {"letter", "digit", "special"}),
        "modern": ("15", "256", "0", {"none"}),
    }
    for name, (least, most, history, require) in expected.items():
        entry = root.entry("cn=%s,ou=policies,%s" % (name, world.base))
        text = {key: {v.decode() for v in values} for key, values in entry.items()}
        tap.is_((text.get("pwdMinLength"), text.get("pwdMaxLength"), text.get("pwdInHistory"),
                 text.get("musterPwdRequire"), text.get("pwdMaxAge")),
                ({least}, {most}, {history}, require, {"0"}), name)


def test_applying_the_templates_twice_is_refused_not_harmful():
    root = world.session("root")
    try:
        root.apply(world.template("policies/modern.ldif"))
        tap.fail("a second template of the same name is refused")
    except RuntimeError as error:
        tap.in_(": 68", str(error), "a second template of the same name is refused")
    tap.ok(world.alive(), "slapd is alive")


tap.main(globals())
