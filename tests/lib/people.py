"""Organizations and members for tests.

Everything is written as the directory's root, past its access rules but not past Muster's own, except where a
test brings a session of its own.
"""

import itertools
import re
import time

from . import exops, totp
from .session import RELAX

PASSWORD = "Winter#2026"

_numbers = itertools.count(1)


class Member:
    """A member as the test knows it: what was written, not what the directory holds."""

    def __init__(self, dn, uid, mail, password=None, secret=None):
        self.dn, self.uid, self.mail, self.password, self.secret = dn, uid, mail, password, secret

    def code(self, now=None):
        return totp.totp(self.secret, now)

    def credential(self, now=None):
        """What is typed where there is one field: password and code."""
        return self.password + (self.code(now) if self.secret else "")


class Organization:
    def __init__(self, world, dn, name, owner):
        self.world, self.dn, self.name, self.owner = world, dn, name, owner
        self.people = "ou=people," + dn
        self.policy = "cn=policy," + dn


def must(result, what):
    if result.code:
        raise RuntimeError("%s: %d %s" % (what, result.code, result.text))
    return result


def organization(world, name="acme", domain=None, policy=None, root=None):
    """An organization with its folders, a policy of its own and an owner "owner" without a password.

    policy: attributes that differ from console-16
    """
    root = root or world.session("root")
    dn = "o=%s,ou=organizations,%s" % (name, world.base)
    owner_dn = "uid=owner,ou=people," + dn
    must(root.add(dn, {"objectClass": ["organization", "musterOrganization"], "o": name,
                       "musterDomain": domain or name + "-corp", "owner": owner_dn,
                       "musterPolicyEntry": "cn=policy," + dn}), dn)
    for folder in ("people", "groups", "services"):
        must(root.add("ou=%s,%s" % (folder, dn), {"objectClass": "organizationalUnit", "ou": folder}), folder)
    rules = {"objectClass": ["organizationalRole", "pwdPolicy", "musterPolicy"], "cn": "policy",
             "pwdAttribute": "userPassword", "pwdMinLength": "8", "pwdMaxLength": "16",
             "musterPwdRequire": ["letter", "digit", "special"], "pwdInHistory": "2", "pwdMaxFailure": "5",
             "pwdMinDelay": "1", "pwdMaxDelay": "900", "pwdMustChange": "TRUE", "musterSecondFactor": "optional"}
    rules.update(policy or {})
    must(root.add("cn=policy," + dn, rules), "policy")
    made = Organization(world, dn, name, None)
    made.owner = member(made, "owner", root=root)
    return made


def member(org, uid=None, password=None, secret=None, root=None, mail=None, **more):
    """A member of an organization; with a password it can log in at once, with a secret it has a second factor."""
    uid = uid or "m%d" % next(_numbers)
    mail = mail or "%s@%s.example" % (uid, org.name)
    dn = "uid=%s,%s" % (uid, org.people)
    return _make(org.world, dn, uid, mail, "musterMember", password, secret, root, more)


def restored(org, password, root, _hashes={}):
    """A member as from a backup, in one operation: its password is hashed already, and the same hash as that of others."""
    if (org.world, password) not in _hashes:
        source = member(org, password=password, root=root)
        _hashes[org.world, password] = root.entry(source.dn, ["userPassword"])["userPassword"]
    uid = "m%d" % next(_numbers)
    made = Member("uid=%s,%s" % (uid, org.people), uid, "%s@%s.example" % (uid, org.name), password)
    must(root.add(made.dn, {"objectClass": ["inetOrgPerson", "musterMember"], "uid": uid, "cn": uid, "sn": "Test",
                            "mail": made.mail, "userPassword": _hashes[org.world, password]}, controls=[RELAX]), made.dn)
    return made


def account(world, login, password=None, secret=None, root=None, **more):
    """A platform member, whose login is its mail address."""
    dn = "uid=%s,ou=accounts,%s" % (login, world.base)
    return _make(world, dn, login, login, "musterAccount", password, secret, root, more)


def _make(world, dn, uid, mail, kind, password, secret, root, more):
    own = root is None
    root = root or world.session("root")
    attributes = {"objectClass": ["inetOrgPerson", kind], "uid": uid, "cn": uid.split("@")[0].capitalize(),
                  "sn": "Test", "mail": mail}
    attributes.update(more)
    # An account of a login host: a number of the test's choice need not be one that the server would give.
    must(root.add(dn, attributes, controls=[RELAX] if "uidNumber" in more else []), dn)
    made = Member(dn, uid, mail)
    if password:
        give_password(world, made, password, root)
    if secret:
        give_factor(world, made, secret, root)
    if own:
        root.close()
        world.sessions.remove(root)
    return made


def give_password(world, made, password, root=None):
    """A password that its owner need not change. Others' passwords ask for a change; root takes that mark away."""
    root = root or world.session("root")
    must(root.modify(made.dn, ("replace", "userPassword", password)), "password of " + made.dn)
    if "pwdReset" in root.entry(made.dn, ["pwdReset"]):
        must(root.modify(made.dn, ("delete", "pwdReset", None)), "pwdReset of " + made.dn)
    made.password = password


def give_factor(world, made, secret=None, root=None):
    """A second factor, active at once."""
    root = root or world.session("root")
    secret = secret or totp.new_secret()
    must(root.modify(made.dn, ("replace", "oathSecret", secret)), "factor of " + made.dn)
    made.secret = secret


def enrol_halfway(world, made):
    """What is left of an enrolment whose confirming code was wrong: nothing, but the seed on a device."""
    seed = totp.new_secret()
    with world.use() as one:
        result, codes = exops.enrol_totp(one, made.dn, made.password, seed, totp.wrong_code(seed))
    if result.code == 0 or codes:
        raise RuntimeError("an enrolment with a wrong code was accepted")
    made.secret = seed


def damage_seeds(world, members):
    """The seeds of these members become ones that nobody can open: each gets that of the next one. slapd is started anew."""
    with world.use("root") as root:
        seeds = [root.entry(one.dn, ["oathSecret"])["oathSecret"][0] for one in members]
    other = dict(zip(seeds, seeds[1:] + seeds[:1]))
    world.stop()
    # slapmodify of slapd 2.5 gives an entry a new entryUUID, so all of the database is written anew
    ldif = re.sub(rb"(?m)^(oathSecret: )(.*)$", lambda found: found[1] + other.get(found[2], found[2]), world.slapcat())
    world.slapadd(ldif)
    world.start()


def next_code(made):
    """A code of a step that has not begun when called, waiting for it: for tests that spend several codes."""
    begun = totp.step()
    while totp.step() == begun:
        time.sleep(0.1)
    time.sleep(0.1)  # slapd reads a coarser clock, which may be in the step before still
    return made.code()
