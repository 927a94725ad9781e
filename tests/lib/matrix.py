"""Who may do what: a directory with an entry of every kind that holds a value of every attribute, everybody bound, and each
cell of tests/lib/roles.py tried for real.

    site = Matrix()
    for cell in site.reading(kind): ...     Cell(kind, who, what, seen): the letters of roles.py that were possible
"""

import base64
import collections
import re
import zlib

import ldap

from . import people, roles, session, totp
from .session import RELAX
from .world import SOURCE, World

PASSWORD = people.PASSWORD
MANAGE_DSA_IT = ("2.16.840.1.113730.3.4.2", True, None)
PERMISSIVE = ("1.2.840.113556.1.4.1413", True, None)
ABSENT, RIGHTS = (16, 32), 50
# What the directory says about a modification that access rules and the overlay let pass: done, or the schema does not take it.
TAKEN = {0, 16, 20, 64, 65, 67, 69}
SINGLE = ("cannot have multiple values", "one value: replace it")
COMPARED = {5, 6}

# An attribute by another name, a control that makes a difference elsewhere
DISGUISES = {
    "plain": (lambda name, oids: name, None),
    "by OID": (lambda name, oids: oids.get(name, name), None),
    "in capitals": (lambda name, oids: name.upper(), None),
    "with an option": (lambda name, oids: name + ";lang-ko", None),
    "with Relax": (lambda name, oids: name, RELAX),
    "with ManageDSAit": (lambda name, oids: name, MANAGE_DSA_IT),
    "with permissive modify": (lambda name, oids: name, PERMISSIVE),
}

Cell = collections.namedtuple("Cell", "kind who what seen")


# --- the schema ---------------------------------------------------------------------------------------------


def schema():
    """(name to syntax, names of classes) of muster.schema"""
    with open("%s/schema/muster.schema" % SOURCE) as file:
        text = file.read()
    syntaxes, above = {}, {}
    for found in re.finditer(r"attributetype \( \S+ NAME '(\w+)'(.*?)\n\n", text + "\n\n", re.S):
        syntax, sup = re.search(r"SYNTAX ([\d.]+)", found[2]), re.search(r"SUP (\w+)", found[2])
        syntaxes[found[1]] = syntax[1] if syntax else None
        above[found[1]] = sup[1] if sup else None
    for name in syntaxes:
        up = name
        while syntaxes.get(up) is None and above.get(up) in syntaxes:
            up = above[up]
        syntaxes[name] = syntaxes[up] or "1.3.6.1.4.1.1466.115.121.1.12"  # SUP distinguishedName
    return syntaxes, re.findall(r"objectclass \( \S+ NAME '(\w+)'", text)


SYNTAXES, CLASSES = schema()


def values(name, base):
    """(as it is stored, as it is written) of an attribute"""
    if name in roles.VALUES:
        return tuple(value.replace("@BASE@", base) for value in roles.VALUES[name])
    syntax = SYNTAXES.get(name, "1.3.6.1.4.1.1466.115.121.1.15").rsplit(".", 1)[1]
    return {"12": ("cn=nobody," + base, "cn=somebody," + base), "27": ("3", "4"), "7": ("TRUE", "FALSE"),
            "24": ("20400101000000Z", "20410101000000Z"), "40": ("stored-octets", "written-octets"),
            "50": ("+821000000001", "+821000000002")}.get(syntax, ("stored-value", "written-value"))


# --- the table ----------------------------------------------------------------------------------------------

EVERYBODY = ("anonymous", "self", "fellow", "owner", "holder", "stranger", "rival", "account", "operator", "admin", "courier", "host")


def rows(kind):
    """(names, who to letters) in order"""
    found, names = [], []
    for line in roles.RIGHTS[kind].strip("\n").split("\n"):
        parts = re.split(r"\s{2,}(?=\w+: )", line.strip(), maxsplit=1)
        for word in parts[0].split():
            names += getattr(roles, word) if word.isupper() else [word]
        if len(parts) == 1 and line.strip().split()[-1] not in ("SECRET",):
            continue  # goes on in the next line
        rights = dict(pair.split(": ") for pair in parts[1].split(", ")) if len(parts) > 1 else {}
        found.append((names, rights))
        names = []
    return found


class Table:
    def __init__(self, kind, unwritable):
        self.rows, self.unwritable = rows(kind), unwritable

    def letters(self, who, name):
        for names, rights in self.rows:
            if name in names or "*" in names:
                break
        else:
            return ""
        given = rights.get(who)
        if given is None and who == "holder":
            given = rights.get("owner")
        if given is None and who != "anonymous":
            given = rights.get("users")
        given = roles.LETTERS.get(given, given or "")
        if name in self.unwritable:
            given = re.sub("[-+=]", "", given)
        return given.replace("c", "") if name in roles.NOT_COMPARED else given


# --- the directory ------------------------------------------------------------------------------------------


class Matrix:
    def __init__(self):
        self.world = World(config=("olcMusterArgon2: m=8192 t=1",))
        self.base = self.world.base
        self.root = self.world.session("root")
        self.oids, self.unwritable = self.known()
        self.seeds = {}
        self.entries, self.sessions, self.selves, self.planted = {}, {}, {}, []
        self.build()
        self.fill()
        self.stored = {}
        self.bind()

    def known(self):
        """(name to OID, names with NO-USER-MODIFICATION) of all attributes"""
        oids, unwritable = dict(roles.HIDDEN), set(roles.STATE)
        for text in self.root.entry("cn=Subschema", ["attributeTypes"])["attributeTypes"]:
            words = re.match(rb"\( ([\d.]+) NAME (?:'(\w+)'|\( ((?:'\w+' ?)+)\))", text)
            names = [name.decode() for name in ([words[2]] if words[2] else re.findall(rb"'(\w+)'", words[3]))]
            oids.update((name, words[1].decode()) for name in names)
            if b"NO-USER-MODIFICATION" in text:
                unwritable.update(names)
        return oids, unwritable

    def table(self, kind):
        return Table(kind, self.unwritable)

    def add(self, dn, classes, **attributes):
        name, value = dn.split(",")[0].split("=", 1)
        attributes = {key: item for key, item in attributes.items() if item is not None}
        people.must(self.root.add(dn, dict({name: value, "objectClass": classes}, **attributes)), dn)
        return dn

    def plant(self, dn, classes, **attributes):
        """An entry that goes in by slapadd, past every rule."""
        name, value = dn.split(",")[0].split("=", 1)
        lines = ["dn: " + dn] + ["objectClass: " + one for one in classes] + ["%s: %s" % (name, value)]
        self.planted.append("\n".join(lines + ["%s: %s" % pair for pair in attributes.items()]) + "\n")
        return dn

    def build(self):
        """Two entries of every kind: one that others try, and one whose own identity tries it. (kind, "self") and (kind, "other")"""
        root, base = self.root, self.base
        self.acme, self.globex = (people.organization(self.world, name, root=root) for name in ("acme", "globex"))
        self.open = people.organization(self.world, "open", root=root)
        people.must(root.modify(self.open.dn, ("replace", "musterMembersSee", "members")), "musterMembersSee")
        entries = self.entries
        for kind, org in (("member", self.acme), ("member seen by fellows", self.open)):
            for which in ("self", "other"):
                one = people.member(org, which + "-member", password=PASSWORD, root=root)
                entries[kind, which] = one.dn
            people.member(org, "fellow", password=PASSWORD, root=root)
            people.give_password(self.world, org.owner, PASSWORD, root)
        people.member(self.globex, "stranger", password=PASSWORD, root=root)
        people.give_password(self.world, self.globex.owner, PASSWORD, root)
        for login in ("self", "other", "account", "holder", "operator"):
            people.account(self.world, login + "@accounts.example", password=PASSWORD, root=root)
        holder = "uid=holder@accounts.example,ou=accounts," + base
        for org in (self.acme, self.open):
            people.must(root.modify(org.dn, ("add", "owner", holder)), "owner")
        operator = "uid=operator@accounts.example,ou=accounts," + base
        people.must(root.modify("cn=operators,ou=programs," + base, ("add", "roleOccupant", operator)), "operator")
        for which in ("self", "other"):
            account = "uid=%s@accounts.example,ou=accounts,%s" % (which, base)
            entries["account", which] = account
            entries["payment method", which] = self.plant("cn=pay," + account, ["applicationProcess", "musterPaymentMethod"],
                                                        musterPaymentKind="card")
            application = self.plant("cn=app-%s,ou=applications,%s" % (which, base), ["applicationProcess", "musterApplication"],
                                   musterApplicant=account, musterApplicationState="filed", musterApplicationChange="sn: Kim")
            entries["application", which] = application
            entries["document", which] = self.plant("documentIdentifier=1," + application, ["document", "musterDocument"])
            entries["host", which] = self.add("cn=%s-host,ou=hosts,%s" % (which, base),
                                              ["organizationalRole", "simpleSecurityObject"], userPassword=self.world.hash("host-secret"))
        self.add("cn=gate,ou=hosts," + base, ["organizationalRole", "simpleSecurityObject"], userPassword=self.world.hash("host-secret"))
        entries["service", "other"] = self.plant("cn=mail,ou=services," + self.acme.dn, ["applicationProcess", "musterService"])
        entries["group", "other"] = self.add("cn=staff,ou=groups," + self.acme.dn, ["groupOfNames"], member=self.acme.owner.dn)
        entries["policy", "other"] = self.acme.policy
        entries["template", "other"] = "cn=console-15,ou=policies," + base
        entries["organization", "other"] = self.acme.dn
        entries["queue entry", "other"] = self.plant("cn=q-AAAAAAAAAAAAAAAAAAAAAA,ou=queue," + base, ["applicationProcess", "musterRequest"],
                                                   musterRequestKind="reset", musterRequestTarget="dn:cn=nobody")
        entries["program", "self"] = self.world.courier_dn
        entries["program", "other"] = self.add("cn=other,ou=programs," + base, ["organizationalRole", "simpleSecurityObject"],
                                               userPassword=self.world.hash("other-secret"))
        entries["operators", "other"] = "cn=operators,ou=programs," + base
        entries["administrator", "other"] = self.world.admin_dn
        entries["folder of an organization", "other"] = self.acme.people
        entries["folder", "other"] = "ou=applications," + base

    # --- a value of every attribute ---------------------------------------------------------------------

    def fill(self):
        """What the directory itself would not take goes in by way of slapcat and slapadd."""
        for (kind, _), dn in self.entries.items():
            if kind in roles.MEMBERS:
                self.seeds[dn] = totp.new_secret()
                people.must(self.root.modify(dn, ("replace", "oathSecret", self.seeds[dn])), "seed")
        self.world.stop()
        wanted = {dn.lower() for dn in self.entries.values()}
        blocks = self.world.slapcat().decode().split("\n\n") + self.planted
        self.world.slapadd("\n\n".join(self.filled(block, wanted) for block in blocks).encode())
        self.world.start()
        self.root = self.world.session("root")

    def filled(self, block, wanted):
        lines = block.strip("\n").split("\n")
        if not lines[0].startswith("dn"):
            return block
        dn = lines[0].split(": ", 1)[1] if not lines[0].startswith("dn::") else base64.b64decode(lines[0][5:]).decode()
        if dn.lower() not in wanted:
            return block
        have = {line.split(":")[0] for line in lines}
        if "objectClass: extensibleObject" not in lines:
            lines.insert(next(n for n, line in enumerate(lines) if line.startswith("objectClass:")), "objectClass: extensibleObject")
        for name in roles.ATTRIBUTES:
            if name not in have and name not in roles.COMPUTED and name not in roles.LATER:
                lines.append("%s: %s" % (name, values(name, self.base)[0]))
        return "\n".join(lines)

    # --- identities -------------------------------------------------------------------------------------

    def person(self, dn):
        """A member's session; the code of this moment may have been spent by an earlier one."""
        one, code = self.world.session(), ""
        if dn in self.seeds:
            self.root.modify(dn, ("delete", "oathTOTPLastTimeStep", None), controls=[RELAX])
            code = totp.totp(self.seeds[dn])
        people.must(one.bind(dn, PASSWORD + code), dn)
        return one

    def bind(self):
        base, world, person = self.base, self.world, self.person
        by_login = {login: person("uid=%s@accounts.example,ou=accounts,%s" % (login, base)) for login in ("account", "holder", "operator")}
        shared = {"anonymous": world.session(), "admin": world.session("admin"), "courier": world.session("courier"),
                  "host": world.session("cn=gate,ou=hosts," + base, "host-secret"),
                  "stranger": person("uid=stranger," + self.globex.people), "rival": person(self.globex.owner.dn), **by_login}
        for org in (self.acme, self.open):
            self.sessions[org.name] = dict(shared, fellow=person("uid=fellow," + org.people), owner=person(org.owner.dn))
        for (kind, which), dn in self.entries.items():
            if which == "self":
                self.selves[kind] = self.own(kind, dn)
        for dn in self.entries.values():
            for name in roles.LATER:
                people.must(self.root.modify(dn, ("replace", name, values(name, base)[0]), controls=[RELAX]), "%s of %s" % (name, dn))
            self.stored[dn] = self.root.entry(dn)

    def own(self, kind, dn):
        """A session of whose entry it is."""
        if kind in roles.MEMBERS:
            return self.person(dn)
        if kind == "host":
            return self.world.session(dn, "host-secret")
        if kind == "program":
            return self.world.session("courier")
        return self.person("uid=self@accounts.example,ou=accounts," + self.base)

    def kinds(self):
        """Trying the entry of an account comes last: putting right what was written there ends its connections."""
        return sorted({kind for kind, _ in self.entries}, key=lambda kind: (kind in roles.MEMBERS, kind))

    def whos(self, kind):
        """(who, session, dn) for each asker of a kind"""
        org = "open" if kind == "member seen by fellows" else "acme"
        found = [(who, one, self.entries[kind, "other"]) for who, one in self.sessions[org].items()]
        if kind in self.selves:
            found.append(("self", self.selves[kind], self.entries[kind, "self"]))
        return found

    # --- reading ----------------------------------------------------------------------------------------

    def reading(self, kind):
        """The letters r, s and c of every attribute, for everybody."""
        for who, one, dn in self.whos(kind):
            seen = {name.split(";")[0] for name in one.entry(dn)}
            hits = self.searched(one, dn)
            compared = self.compared(one, dn)
            for name in roles.ATTRIBUTES:
                yield Cell(kind, who, name, "r" * (name in seen) + "s" * (name in hits) + "c" * (name in compared))

    def forms(self, dn, name):
        """Filters that ask for an attribute in one way or another."""
        stored = "".join("\\%02x" % octet for octet in self.stored[dn].get(name, [b"none"])[0])
        oid = self.oids.get(name, name)
        return ["(%s=*)" % name, "(%s=%s)" % (name, stored), "(%s=*)" % oid, "(%s>=%s)" % (name, stored), "(%s~=%s)" % (name, stored),
                "(%s:=%s)" % (name, stored), "(%s=*%s*)" % (name, stored), "(%s=*)" % name.upper()]

    def searched(self, one, dn):
        """Attributes that a filter finds the entry by. Most are found by nothing: all at once, and only then one by one."""
        return self.halves(one, dn, roles.ATTRIBUTES)

    def halves(self, one, dn, names):
        where = "(|%s)" % "".join(form for name in names for form in self.forms(dn, name))
        if len(one.search(dn, where, ["1.1"], scope=ldap.SCOPE_BASE).entries) == 0:
            return set()
        if len(names) == 1:
            return set(names)
        middle = len(names) // 2
        return self.halves(one, dn, names[:middle]) | self.halves(one, dn, names[middle:])

    def compared(self, one, dn):
        return {name for name in roles.ATTRIBUTES if self.compares(one, dn, name)}

    def compares(self, one, dn, name):
        value = self.stored[dn].get(name, [b"none"])[0]
        return one.compare(dn, name, value).code in COMPARED

    # --- writing ----------------------------------------------------------------------------------------

    def writing(self, kind, forms="+-="):
        """The letters +, - and = of every attribute, for everybody."""
        for who, one, dn in self.whos(kind):
            for name in roles.ATTRIBUTES:
                yield Cell(kind, who, name, "".join(form for form in forms if self.writes(one, dn, name, form)))

    def tried(self, kind, full=False):
        """(who, attribute, form, how it was disguised, whether it is allowed, whether it was done) of every cell.

        What is allowed is tried plainly in each form. What is not is tried in all forms and disguises when full, else in one.
        """
        table = self.table(kind)
        for who, one, dn in self.whos(kind):
            for name in roles.ATTRIBUTES:
                allowed = table.letters(who, name)
                for form, disguise in self.attempts(who, name, allowed, full):
                    done = self.writes(one, dn, name, form, disguise)
                    yield who, name, form, disguise, form in allowed, done

    def attempts(self, who, name, allowed, full):
        refused = [(form, disguise) for form in "+-=" if form not in allowed for disguise in DISGUISES
                   if who != "admin" or DISGUISES[disguise][1] != RELAX]  # with the manage right Relax repairs
        if not full and refused:
            refused = [refused[zlib.crc32(("%s %s" % (who, name)).encode()) % len(refused)]]
        return [(form, "plain") for form in "+-=" if form in allowed] + refused

    def change(self, dn, name, form):
        new = values(name, self.base)[1]
        if form == "+":
            return ("add", name, new)
        if form == "=":
            return ("replace", name, new)
        return ("delete", name, self.stored[dn].get(name, [None])[0] if name in roles.BY_VALUE else None)

    def writes(self, one, dn, name, form, disguise="plain"):
        kind, _, value = self.change(dn, name, form)
        spell, control = DISGUISES[disguise]
        result = one.modify(dn, (kind, spell(name, self.oids), value), controls=[control] if control else [])
        if result.code == 0:
            self.restore(dn, name)
        return result.code in TAKEN or result.text.endswith(SINGLE)

    def restore(self, dn, name):
        """As it was before, and what the overlay wrote along with it."""
        now = self.root.entry(dn)
        changes = [("replace", key, self.stored[dn].get(key)) for key in set(now) | set(self.stored[dn])
                   if key not in roles.OPERATIONAL[1:] and now.get(key) != self.stored[dn].get(key)]
        people.must(self.root.modify(dn, *changes, controls=[RELAX]), "%s of %s again" % (name, dn))


