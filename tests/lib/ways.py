"""Every way in which a password is taken, one function each, and what each of them can tell.

    way(site, member, password, code)      try it; one of the outcomes below
    way.tells(verdict)                     what that way shows of a verdict

A verdict is what the rules of doc/ARCHITECTURE.md make of a member and what was sent: IN, CODE (the password was right, a
code is missing), ENROL, CHANGE, EXPIRED (to be done first), REFUSED, UNUSABLE (nobody can judge). An outcome is the part of it
that a way shows, or CLOSED for a way that no member comes in by, whatever is sent.
"""

import base64
import os
import subprocess

from . import exops, gate as gates, session, totp

IN, CODE, ENROL, CHANGE, EXPIRED, REFUSED, UNUSABLE, CLOSED = (
    "in", "code", "enrol", "change", "expired", "refused", "unusable", "closed")
LEADS_ON = (CODE, ENROL, CHANGE, EXPIRED)  # the password was right and more is needed
BUILD = os.path.abspath(os.environ.get("top_builddir", "."))
LIMIT_SEC = 120
PAM_IGNORE = 25

SUCCESS, COMPARE_TRUE, STRONGER, IN_PROGRESS, CREDENTIALS, ACCESS, UNWILLING = 0, 6, 8, 14, 49, 50, 53


class Site:
    """A World, and for each organization a gate in front of it."""

    def __init__(self, world):
        self.world, self.gates, self._root = world, {}, None

    def gate_of(self, member):
        people = member.dn.split(",", 1)[1]
        if people not in self.gates:
            gate = gates.Gate(self.world, "uid=%u," + people)
            gate.service("together", "prompt=together")
            self.gates[people] = gate
        return self.gates[people]

    @property
    def root(self):
        self._root = self._root or self.world.session("root")
        return self._root

    def forget_connections(self):
        """After a restart of slapd."""
        self._root = None

    def new_password(self):
        return "New#" + base64.b32encode(os.urandom(5)).decode() + "a1"


def way(name, *told):
    """Register a way. told: the verdicts it tells from a refusal, or pairs (verdict, outcome)."""
    pairs = {one if isinstance(one, str) else one[0]: one if isinstance(one, str) else one[1] for one in told}

    def register(function):
        function.name = name
        function.tells = lambda verdict: CLOSED if CLOSED in pairs else pairs.get(verdict, REFUSED)
        WAYS.append(function)
        return function
    return register


WAYS = []


def nobody(one, outcome):
    """The outcome, when the connection has no identity; else it is one that no table expects."""
    who = one.whoami()
    return outcome if who == "" else "%s, and is %s" % (outcome, who)


def of_code(code, **more):
    """The outcome of a result code."""
    names = {SUCCESS: IN, CREDENTIALS: REFUSED, UNWILLING: UNUSABLE}
    names.update(more.get("also", {}))
    return names.get(code, "result %d" % code)


# --- LDAP ---------------------------------------------------------------------------------------------


@way("simple bind", IN, UNUSABLE)
def simple_bind(site, member, password, code):
    with site.world.use() as one:
        outcome = of_code(one.bind(member.dn, password + (code or "")).code)
        if outcome == IN:
            return IN if one.whoami() == "dn:" + member.dn else "in, as %s" % one.whoami()
        return nobody(one, outcome)


STATES = {session.OK: IN, session.CODE_REQUIRED: CODE, session.ENROL_REQUIRED: ENROL, session.CHANGE_REQUIRED: CHANGE,
          session.EXPIRED: EXPIRED}


def of_state(one, member, result):
    """The outcome of a bind with the control."""
    if result.code == STRONGER:
        return nobody(one, STATES[result.state])
    if result.code == SUCCESS:
        return STATES[result.state] if one.whoami() == "dn:" + member.dn else "in, as %s" % one.whoami()
    return nobody(one, of_code(result.code))


@way("bind with the control", IN, UNUSABLE, *LEADS_ON)
def bind_with_control(site, member, password, code):
    with site.world.use() as one:
        return of_state(one, member, one.bind_factor(member.dn, password, code))


@way("password, then code, on one connection", IN, UNUSABLE, *LEADS_ON)
def two_steps(site, member, password, code):
    with site.world.use() as one:
        result = one.bind_factor(member.dn, password)
        if code:
            result = one.bind_factor(member.dn, password, code)  # whether or not it was asked for
        return of_state(one, member, result)


def sasl(mechanism):
    @way("SASL " + mechanism, CLOSED)
    def attempt(site, member, password, code):
        """First messages that carry a password, or make the server begin: nothing may come of any."""
        seen = set()
        for first in ("\0%s\0%s" % (member.uid, password + (code or "")),
                      "%s\0%s\0%s" % (member.dn, member.dn, password + (code or "")),
                      "dn:%s\0dn:%s\0%s" % (member.dn, member.dn, password), "n,,n=%s,r=abcdefgh" % member.uid, member.dn, "", None):
            with site.world.use() as one:
                result = one.sasl(mechanism, first)
                seen.add((result.code, one.whoami()))
        return CLOSED if all(code not in (SUCCESS, IN_PROGRESS) and who == "" for code, who in seen) else repr(seen)
    return attempt


for _mechanism in ("PLAIN", "LOGIN", "CRAM-MD5", "DIGEST-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256", "NTLM", "OTP", "ANONYMOUS"):
    sasl(_mechanism)


@way("SASL EXTERNAL in the member's name", CLOSED)
def external(site, member, password, code):
    with site.world.use() as one:
        result = one.sasl("EXTERNAL", "dn:" + member.dn)
        return CLOSED if result.code != SUCCESS and one.whoami() == "" else "%d, %s" % (result.code, one.whoami())


def compare(attribute, values):
    @way("Compare on " + attribute, CLOSED)
    def attempt(site, member, password, code):
        """As nobody and as the directory's root: not even root learns by asking."""
        seen = set()
        with site.world.use() as one:
            for who in (one, site.root):
                seen |= {who.compare(member.dn, attribute, value).code for value in values(member, password, code)}
        return CLOSED if COMPARE_TRUE not in seen else "true"
    return attempt


compare("userPassword", lambda m, password, code: [password, password + (code or "")])
compare("oathSecret", lambda m, password, code: [v for v in (m.secret, m.secret and totp.base32(m.secret), code, password) if v])


# --- changes of the password --------------------------------------------------------------------------


@way("Password Modify after a bind", IN)
def password_modify(site, member, password, code):
    """RFC 3062 on a connection of the member's own, or on one that the bind left anonymous, to which slapd itself says 8."""
    with site.world.use() as one:
        one.bind(member.dn, password + (code or ""))
        return of_code(one.passwd(member.dn, password, site.new_password()).code, also={ACCESS: REFUSED, STRONGER: REFUSED})


@way("modify of userPassword after a bind", IN)
def modify(site, member, password, code):
    with site.world.use() as one:
        one.bind(member.dn, password + (code or ""))
        result = one.modify(member.dn, ("delete", "userPassword", password), ("add", "userPassword", site.new_password()))
        return of_code(result.code, also={ACCESS: REFUSED, STRONGER: REFUSED})


@way("changePassword", IN, CODE, UNUSABLE, (ENROL, IN), (CHANGE, IN), (EXPIRED, IN))
def change_password(site, member, password, code):
    with site.world.use() as one:
        result = exops.change_password(one, member.dn, password, site.new_password(), code)
        return nobody(one, of_code(result.code, also={STRONGER: CODE}))


# --- changes of factors and of app passwords ----------------------------------------------------------

# What would weaken a login is refused (53) while something else has to be done first.
FIRST = tuple((verdict, UNUSABLE) for verdict in (ENROL, CHANGE, EXPIRED))


@way("removeTotp", IN, CODE, UNUSABLE, *FIRST)
def remove_totp(site, member, password, code):
    with site.world.use() as one:
        result = exops.remove_totp(one, member.dn, password, code or "")
        return nobody(one, of_code(result.code, also={STRONGER: CODE}))


@way("newRecoveryCodes", IN, CODE, UNUSABLE, *FIRST)
def new_recovery_codes(site, member, password, code):
    with site.world.use() as one:
        result, codes = exops.new_recovery_codes(one, member.dn, password, code or "")
        if (result.code == SUCCESS) != (len(codes) == 10):
            return "result %d with %d recovery codes" % (result.code, len(codes))
        return nobody(one, of_code(result.code, also={STRONGER: CODE}))


@way("enrolTotp", IN, UNUSABLE, (ENROL, IN), (CHANGE, UNUSABLE), (EXPIRED, UNUSABLE))
def enrol_totp(site, member, password, code):
    """The operation has a place for the new seed's code alone: one of the present seed can only be put behind the password."""
    seed = totp.new_secret()
    with site.world.use() as one:
        result, codes = exops.enrol_totp(one, member.dn, password + (code or ""), seed, totp.totp(seed))
        if (result.code == SUCCESS) != (len(codes) == 10):
            return "result %d with %d recovery codes" % (result.code, len(codes))
        return nobody(one, of_code(result.code))


@way("newAppPassword", IN, CODE, UNUSABLE, *FIRST)
def new_app_password(site, member, password, code):
    with site.world.use() as one:
        result, _, made = exops.new_app_password(one, member.dn, password, "a program", code=code)
        if (result.code == SUCCESS) != bool(made):
            return "result %d with %r" % (result.code, made)
        return nobody(one, of_code(result.code, also={STRONGER: CODE}))


# --- PAM ----------------------------------------------------------------------------------------------


def pam_outcome(results, said):
    if not results:
        return "the application ended without a result"
    if PAM_IGNORE in results.values():
        return "PAM_IGNORE"
    if all(value == gates.PAM_SUCCESS for value in results.values()):
        return IN
    return "success in part %r" % results if results.get("auth") == gates.PAM_SUCCESS else said


@way("PAM, code asked for", IN, CODE)
def pam(site, member, password, code):
    seen = site.gate_of(member).login(member.uid, [password] + ([code] if code else []))
    asked = "One-time code: " in seen.said("prompt")
    return pam_outcome(seen.results, CODE if asked and code is None else REFUSED)


@way("PAM, password and code together", IN, CODE)
def pam_together(site, member, password, code):
    seen = site.gate_of(member).login(member.uid, [password + (code or "")], service="together")
    return pam_outcome(seen.results, CODE if "One-time code: " in seen.said("prompt") else REFUSED)


@way("PAM chauthtok", IN, CODE, (ENROL, IN), (CHANGE, IN), (EXPIRED, IN))
def pam_chauthtok(site, member, password, code):
    new = site.new_password()
    seen = site.gate_of(member).run(member.uid, [password, new, new] + ([code] if code else []), "change")
    asked = "One-time code: " in seen.said("prompt")
    return pam_outcome(seen.results, CODE if asked and code is None else REFUSED)


# --- the command --------------------------------------------------------------------------------------


@way("muster", IN, CODE)
def command(site, member, password, code):
    typed = b"".join(line.encode() + b"\n" for line in [password] + ([code] if code else []))
    done = subprocess.run([os.path.join(BUILD, "muster"), "-H", site.world.uri_ldapi, "-D", member.dn, "member", "show", member.dn],
                          input=typed, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=LIMIT_SEC)
    if done.returncode == 0:
        return IN
    return CODE if code is None and b"code" in done.stderr.lower() else REFUSED
