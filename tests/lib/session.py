"""A connection to a directory whose every operation gives back a Result instead of raising."""

import io
from typing import NamedTuple

import ldap
import ldif

from . import ber, logs

FACTOR_CONTROL = "2.25.154254282437691369581785512569447189437.3.1"
PPOLICY_CONTROL = "1.3.6.1.4.1.42.2.27.8.5.1"
RELAX_CONTROL = "1.3.6.1.4.1.4203.666.5.12"
WHOAMI = "1.3.6.1.4.1.4203.1.11.3"

RELAX = (RELAX_CONTROL, True, None)
PPOLICY = (PPOLICY_CONTROL, False, None)

SECRET_ATTRIBUTES = ("userpassword", "oathsecret", "mustercode")

# States of the SecondFactor response
OK, CODE_REQUIRED, ENROL_REQUIRED, CHANGE_REQUIRED, EXPIRED = range(5)


class Result(NamedTuple):
    """What the server answered. controls: OID to value."""

    code: int
    text: str = ""
    controls: dict = {}
    value: bytes = None
    entries: list = []

    @property
    def factor(self):
        """(state, previous login or None) of the SecondFactor response, None without one."""
        raw = self.controls.get(FACTOR_CONTROL)
        if raw is None:
            return None
        parts = ber.read_sequence(raw)
        previous = [content.decode() for tag, content in parts[1:] if tag == ber.context(0)]
        return int.from_bytes(parts[0][1], "big"), previous[0] if previous else None

    @property
    def state(self):
        return self.factor[0] if self.factor else None

    @property
    def ppolicy_error(self):
        """The error of the ppolicy response control, None without one."""
        raw = self.controls.get(PPOLICY_CONTROL)
        if raw is None:
            return None
        errors = [content[0] for tag, content in ber.read_sequence(raw) if tag == ber.context(1)]
        return errors[0] if errors else None


def factor_request(code=None, service=None, rhost=None, critical=True):
    """The SecondFactor control of a bind."""
    value = ber.sequence(
        None if code is None else ber.octets(code, ber.context(0)),
        None if service is None else ber.octets(service, ber.context(1)),
        None if rhost is None else ber.octets(rhost, ber.context(2)),
    )
    return (FACTOR_CONTROL, critical, value)


def _values(value):
    """Octet strings from text, octets or a list of them; None stays."""
    if value is None:
        return None
    if isinstance(value, (str, bytes)):
        value = [value]
    return [v.encode() if isinstance(v, str) else bytes(v) for v in value]


def _note_secrets(rows):
    """Values of attributes that hold a secret in the clear when they are written."""
    for name, values in rows:
        if name.lower() in SECRET_ATTRIBUTES:
            logs.secret(*[value for value in values or [] if not value.startswith(b"{")])


def _failure(error):
    """The Result in an exception of python-ldap; code -1 when the server gave none."""
    facts = error.args[0] if error.args and isinstance(error.args[0], dict) else {}
    controls = {oid: raw for oid, _, raw in facts.get("ctrls", []) or []}
    return Result(facts.get("result", -1), facts.get("info", ""), controls)


class Session:
    """One LDAP connection.

    uri      of the server
    cacert   file of the authority, for ldaps or StartTLS
    timeout  seconds after which a missing answer is an error of the test
    """

    def __init__(self, uri, cacert=None, starttls=False, timeout=60):
        self.uri = uri
        self.connection = ldap.initialize(uri)
        self.connection.set_option(ldap.OPT_REFERRALS, 0)
        self.connection.set_option(ldap.OPT_NETWORK_TIMEOUT, timeout)
        self.connection.set_option(ldap.OPT_PROTOCOL_VERSION, 3)
        if cacert:
            self.connection.set_option(ldap.OPT_X_TLS_CACERTFILE, cacert)
            self.connection.set_option(ldap.OPT_X_TLS_REQUIRE_CERT, ldap.OPT_X_TLS_HARD)
            self.connection.set_option(ldap.OPT_X_TLS_NEWCTX, 0)
        if starttls:
            self.connection.start_tls_s()
        self.timeout = timeout
        self.low = self.connection._l

    def _result(self, start):
        """Start an operation and wait for its answer. A server that is gone gives code -1."""
        try:
            msgid = start()
            kind, data, _, controls, _, value = self.low.result4(msgid, 1, self.timeout, 0, 0, 1)
        except ldap.LDAPError as error:
            return _failure(error)
        return Result(0, "", {oid: raw for oid, _, raw in controls or []}, value, data or [])

    def bind(self, dn, password, controls=()):
        logs.secret(password)
        return self._result(lambda: self.low.simple_bind(dn, password, list(controls), None))

    def bind_factor(self, dn, password, code=None, service=None, rhost=None, also=()):
        """Bind with the SecondFactor control, the code in it when given."""
        logs.secret(code)
        return self.bind(dn, password, [factor_request(code, service, rhost)] + list(also))

    def sasl(self, mechanism, credentials=None):
        """A SASL bind with one message of the client; 14 asks for another one."""
        octets = credentials.encode() if isinstance(credentials, str) else credentials
        try:
            self.low.sasl_bind_s("", mechanism, octets, None, None)
        except ldap.LDAPError as error:
            return _failure(error)
        return Result(0)

    def whoami(self):
        """The authorization identity as the server sees it, "" for anonymous; None when it does not answer."""
        result = self.extended(WHOAMI, None)
        return (result.value or b"").decode() if result.code == 0 else None

    def extended(self, oid, value, controls=()):
        return self._result(lambda: self.low.extop(oid, value, list(controls), None))

    def passwd(self, dn=None, old=None, new=None, controls=()):
        """Password Modify, RFC 3062."""
        logs.secret(old, new)
        return self._result(lambda: self.low.passwd(dn, old, new, list(controls), None))

    def add(self, dn, attributes, controls=()):
        rows = [(name, _values(value)) for name, value in attributes.items()]
        _note_secrets(rows)
        return self._result(lambda: self.low.add_ext(dn, rows, list(controls), None))

    def modify(self, dn, *changes, controls=()):
        """changes: ("add" | "delete" | "replace", attribute, value, list of values or None)"""
        kinds = {"add": ldap.MOD_ADD, "delete": ldap.MOD_DELETE, "replace": ldap.MOD_REPLACE}
        rows = [(kinds[kind], name, _values(value)) for kind, name, value in changes]
        _note_secrets(row[1:] for row in rows)
        return self._result(lambda: self.low.modify_ext(dn, rows, list(controls), None))

    def delete(self, dn, controls=()):
        return self._result(lambda: self.low.delete_ext(dn, list(controls), None))

    def rename(self, dn, rdn, superior=None, delete_old=True, controls=()):
        return self._result(lambda: self.low.rename(dn, rdn, superior, int(delete_old), list(controls), None))

    def compare(self, dn, attribute, value, controls=()):
        return self._result(lambda: self.low.compare_ext(dn, attribute, _values(value)[0], list(controls), None))

    def search(self, base, where="(objectClass=*)", attributes=None, scope=ldap.SCOPE_SUBTREE, controls=()):
        return self._result(
            lambda: self.low.search_ext(base, scope, where, attributes, 0, list(controls), None, -1, 0)
        )

    def entry(self, dn, attributes=("*", "+")):
        """The attributes of one entry, name to list of octet strings; {} when it cannot be seen."""
        found = self.search(dn, attributes=list(attributes), scope=ldap.SCOPE_BASE).entries
        return found[0][1] if found else {}

    def root_dse(self):
        return self.entry("", ["supportedExtension", "supportedControl", "namingContexts"])

    def apply(self, text):
        """Carry out LDIF change records (changetype add, modify or delete) one by one; the first failure is raised."""
        for dn, kind, content in changes(text):
            if kind == "add":
                result = self._result(lambda: self.low.add_ext(dn, content, [], None))
            elif kind == "delete":
                result = self.delete(dn)
            else:
                result = self._result(lambda: self.low.modify_ext(dn, content, [], None))
            if result.code:
                raise RuntimeError("%s %s: %d %s" % (kind, dn, result.code, result.text))

    def close(self):
        try:
            self.connection.unbind_ext_s()
        except ldap.LDAPError:
            pass


def changes(text):
    """(dn, kind, rows for python-ldap) of each change record in LDIF text."""
    found = []
    for block in _blocks(text):
        if "\nchangetype: modify" in block:
            parser = ldif.LDIFRecordList(io.BytesIO(block.encode()))
            parser.parse_change_records()
            found += [(dn, "modify", rows) for dn, rows, _ in parser.all_modify_changes]
        elif "\nchangetype: delete" in block:
            found.append((block.split("\n")[0].partition(": ")[2], "delete", []))
        else:
            parser = ldif.LDIFRecordList(io.BytesIO(block.encode()), ignored_attr_types=["changetype"])
            parser.parse_entry_records()
            found += [(dn, "add", list(entry.items())) for dn, entry in parser.all_records]
    return found


def _blocks(text):
    """The records of LDIF text without comment lines."""
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return [b.strip("\n") + "\n" for b in "\n".join(lines).split("\n\n") if b.strip()]
