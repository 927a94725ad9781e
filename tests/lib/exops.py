"""Muster's extended operations, as a client sends them."""

from . import ber, logs

ARC = "2.25.154254282437691369581785512569447189437.4"
REQUEST_RESET = ARC + ".1"
REDEEM = ARC + ".2"
CHANGE_PASSWORD = ARC + ".3"
ENROL_TOTP = ARC + ".4"
CLAIM = ARC + ".5"
DONE = ARC + ".6"
REMOVE_TOTP = ARC + ".7"
NEW_RECOVERY_CODES = ARC + ".10"
NEW_APP_PASSWORD = ARC + ".8"
CHECK_ACCOUNT = ARC + ".9"
SIGN_UP = ARC + ".11"
NEW_ORGANIZATION = ARC + ".12"
SETTLE = ARC + ".13"

SENT, FAILED = 0, 1
REFUSED = 5  # a state of checkAccount, beside those of the control


def target_dn(dn):
    return ber.octets(dn, ber.context(0))


def target_login(login, organization=None):
    return ber.sequence(
        None if organization is None else ber.octets(organization, ber.context(0)),
        ber.octets(login),
        tag=ber.context(1, constructed=True),
    )


def _target(target):
    """A DN as text, or what target_dn() and target_login() made."""
    return target_dn(target) if isinstance(target, str) else target


def request_reset(session, target):
    return session.extended(REQUEST_RESET, ber.sequence(_target(target)))


def redeem(session, target, token, new):
    logs.secret(token, new)
    return session.extended(REDEEM, ber.sequence(_target(target), ber.octets(token), ber.octets(new)))


def change_password(session, target, old, new, code=None):
    logs.secret(old, new, code)
    value = ber.sequence(
        _target(target),
        ber.octets(old),
        None if code is None else ber.octets(code, ber.context(0)),
        ber.octets(new),
    )
    return session.extended(CHANGE_PASSWORD, value)


def enrol_totp(session, target, password, secret, code):
    """(result, recovery codes)"""
    logs.secret(password, secret, code)
    value = ber.sequence(_target(target), ber.octets(password), ber.octets(secret), ber.octets(code))
    result = session.extended(ENROL_TOTP, value)
    codes = [text.decode() for _, text in ber.read_sequence(result.value)] if result.value else []
    logs.secret(*codes)
    return result, codes


def remove_totp(session, target, password, code):
    logs.secret(password, code)
    return session.extended(REMOVE_TOTP, ber.sequence(_target(target), ber.octets(password), ber.octets(code)))


def new_recovery_codes(session, target, password, code):
    """(result, recovery codes)"""
    result = session.extended(NEW_RECOVERY_CODES, ber.sequence(_target(target), ber.octets(password), ber.octets(code)))
    codes = [text.decode() for _, text in ber.read_sequence(result.value)] if result.value else []
    logs.secret(password, code, *codes)
    return result, codes


def claim(session, record):
    """(result, what is to be sent as a dict, None when the claim was refused)"""
    result = session.extended(CLAIM, ber.sequence(ber.octets(record)))
    if result.code or not result.value:
        return result, None
    parts = ber.read_sequence(result.value)
    found = dict(zip(("kind", "address", "language"), (content.decode() for _, content in parts[:3])))
    found["secret"] = None
    found["facts"] = {}
    for tag, content in parts[3:]:
        if tag == ber.context(0):
            found["secret"] = content.decode()
            logs.secret(content)
        elif tag == ber.SEQUENCE:
            for _, pair in ber.read(content):
                (_, name), (_, value) = ber.read(pair)
                found["facts"][name.decode()] = value.decode()
    return result, found


def done(session, record, outcome=SENT):
    return session.extended(DONE, ber.sequence(ber.octets(record), ber.enumerated(outcome)))


def new_app_password(session, target, password, label, networks=(), code=None):
    """(result, id, app password)"""
    logs.secret(password, code)
    value = ber.sequence(
        _target(target),
        ber.octets(password),
        None if code is None else ber.octets(code, ber.context(0)),
        ber.octets(label),
        ber.sequence(*[ber.octets(network) for network in networks]),
    )
    result = session.extended(NEW_APP_PASSWORD, value)
    parts = [content.decode() for _, content in ber.read_sequence(result.value)] if result.value else [None, None]
    logs.secret(parts[1])
    return result, parts[0], parts[1]


def check_account(session, target, rhost="", service="sshd"):
    """(result, state as of the SecondFactor control, REFUSED or None)"""
    value = ber.sequence(_target(target), ber.octets(service), ber.octets(rhost))
    result = session.extended(CHECK_ACCOUNT, value)
    return result, ber.read(result.value)[0][1][0] if result.value else None


def sign_up(session, mail, name="Ana Kim", country="KR", kind="individual", terms="2026-11", language="", business=None,
            number=None):
    value = ber.sequence(
        *[ber.octets(text) for text in (mail, name, country, kind, terms, language)],
        None if business is None else ber.octets(business, ber.context(0)),
        None if number is None else ber.octets(number, ber.context(1)),
    )
    return session.extended(SIGN_UP, value)


def new_organization_value(name, domain, owner_id="owner", owner_name="Olive Owner", owner_mail=None, template="", language="",
                           service="", title=""):
    texts = (name, domain, template, owner_id, owner_name, owner_mail or owner_id + "@" + domain + ".example", language, service, title)
    return ber.sequence(*[ber.octets(text) for text in texts])


def new_organization(session, *texts, **more):
    """(result, organization DN, owner DN, access URL); the texts are those of new_organization_value()"""
    result = session.extended(NEW_ORGANIZATION, new_organization_value(*texts, **more))
    made = [content.decode() for _, content in ber.read_sequence(result.value)] if result.value else [None] * 3
    return (result, *made)


def settle(session, record, **facts):
    """What a payment provider said, as the courier passes it on."""
    pairs = [ber.sequence(ber.octets(name), ber.octets(value)) for name, value in facts.items()]
    return session.extended(SETTLE, ber.sequence(ber.octets(record), ber.sequence(*pairs)))
