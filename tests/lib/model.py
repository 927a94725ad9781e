"""What doc/ARCHITECTURE.md says of one member's password, tokens, second factor, app passwords and notices, as a model in memory.

A State knows what the directory must hold; every judge_NAME() says with which result a request ends and changes the state
accordingly. Nothing here looks at the directory or at Muster's code. tests/lib/walk.py carries the same requests out.

Tokens, codes and seeds are told by numbers, passwords by their text. A request whose outcome hangs on some seconds more or
less raises Unsure: it is not made.
"""

import collections
import copy

OK, MORE, NO_VALUE, CONSTRAINT, ABSENT, CREDENTIALS, RIGHTS, BUSY, UNWILLING = 0, 8, 16, 19, 32, 49, 50, 51, 53
NO_ANSWER = -1  # of a connection that another request ended

MINT_SEC, LEASE_SEC, TOKEN_SEC, FRESH_SEC = 300, 120, 3600, 300
HISTORY = 3  # the most recent passwords, the present one among them
RECOVERY_CODES = 10
APP_PASSWORDS = 4  # what the walks' policy allows
MARGIN_SEC = 20

Challenge = collections.namedtuple("Challenge", "token address minted record")


class Unsure(Exception):
    pass


def later_than(elapsed, limit):
    """elapsed > limit, where that is certain."""
    if abs(elapsed - limit) < MARGIN_SEC:
        raise Unsure
    return elapsed > limit


class Record:
    """A request in the queue."""

    def __init__(self):
        self.lease_until = None


class Connection:
    """One that the member bound itself."""

    def __init__(self, now, with_factor):
        self.bound, self.with_factor = now, with_factor


class State:
    def __init__(self, mail, password=None):
        self.password, self.version, self.older = password, 0, []
        self.must_change = False
        self.status = "active"
        self.mail, self.mail_verified, self.verified_mail = mail, False, None
        self.challenge = None
        self.seed = None          # number of the seed
        self.last_step = None
        self.recovery = set()     # numbers of unused codes
        self.app_passwords = set()  # labels
        self.outbox = collections.Counter()
        self.queue = collections.OrderedDict()  # number to Record; one at most waits
        self.connection = None
        self.fresh_numbers = 0    # tokens, seeds and recovery codes made so far

    def copy(self):
        return copy.deepcopy(self)

    def number(self):
        self.fresh_numbers += 1
        return self.fresh_numbers

    # --- what goes along with a change ------------------------------------------------------------------

    def owe(self, kind):
        self.outbox[kind, None] += 1
        if self.verified_mail and self.verified_mail != self.mail:
            self.outbox[kind, self.verified_mail] += 1

    def tell_before(self, kind, mail):
        """The address before this change to mail, and the one that was proved last, where it is another."""
        for address in {self.mail, self.verified_mail} - {mail, None}:
            self.outbox[kind, address] += 1

    def set_password(self, text, kind):
        if self.password is not None:
            self.older.insert(0, self.password)
        self.password = text
        self.version += 1
        self.challenge = None
        self.owe(kind)

    def set_factor(self, seed, last_step, recovery):
        self.seed, self.last_step = seed, last_step
        self.recovery = {self.number() for _ in range(recovery)}
        self.owe("factor-added" if seed is not None else "factor-removed")

    def forget_connection(self, own=False):
        if not own:
            self.connection = None

    # --- rules ------------------------------------------------------------------------------------------

    def broken_rules(self, new):
        recent = [text for text in [self.password] if text is not None]
        recent += self.older[:HISTORY - len(recent)]
        return new.bad or new.text in recent

    def code_good(self, code, at_enrolment_of=None):
        """code: ("step", seed, step) with a step that is now or the one before, ("recovery", number), or ("wrong",)"""
        if code[0] == "step":
            return code[1] == self.seed and (self.last_step is None or code[2] > self.last_step)
        return code[0] == "recovery" and code[1] in self.recovery

    def spend(self, code):
        if code[0] == "step":
            self.last_step = code[2]
        else:
            self.recovery.discard(code[1])
            self.owe("recovery-code-used")

    def credentials(self, password, code):
        """How a password, and a code that is apart, are judged: OK, MORE (a code is missing), "change", or CREDENTIALS."""
        if self.status != "active" or self.password is None or password != self.password:
            return CREDENTIALS
        if self.seed is not None:
            if code is None:
                return MORE
            if not self.code_good(code):
                return CREDENTIALS
        return "change" if self.must_change else OK

    def refusal(self, now):
        """Why the member is not heard on its connection, None when it is."""
        if self.connection is None:
            return NO_ANSWER
        stale = later_than(now - self.connection.bound, FRESH_SEC)
        return MORE if stale or (self.seed is not None and not self.connection.with_factor) else None


# --- a forgotten password -----------------------------------------------------------------------------------


def judge_reset(state, now):
    if not state.queue:
        state.queue[state.number()] = Record()
    return OK


def reset_address(state):
    if state.verified_mail:
        return state.verified_mail
    return state.mail if state.password is None else None


def judge_claim(state, now, record):
    """(result, number of the token that is in the answer or None)"""
    waiting = state.queue.get(record)
    if waiting is None:
        return ABSENT, None
    if waiting.lease_until is not None and not later_than(now, waiting.lease_until):
        return BUSY, None
    address = reset_address(state)
    old = state.challenge
    recent = old is not None and old.record != record and not later_than(now - old.minted, MINT_SEC)
    if state.status != "active" or address is None or recent:
        del state.queue[record]
        return OK, None
    waiting.lease_until = now + LEASE_SEC
    if address != state.mail and not (old is not None and old.record == record):
        state.outbox["reset-asked", state.mail] += 1
    state.challenge = Challenge(state.number(), address, now, record)
    return OK, state.challenge.token


def judge_done(state, now, record):
    return OK if state.queue.pop(record, None) is not None else ABSENT


def judge_redeem(state, now, token, new):
    found = state.challenge
    if found is None or found.token != token or state.status != "active" or later_than(now - found.minted, TOKEN_SEC):
        return CREDENTIALS
    if state.broken_rules(new):
        return CONSTRAINT
    state.set_password(new.text, "password-changed")
    state.must_change = False
    state.app_passwords = set()
    if found.address == state.mail:
        state.mail_verified, state.verified_mail = True, state.mail
    state.forget_connection()
    return OK


# --- logging in, and changes with credentials ---------------------------------------------------------------


def judge_bind(state, now, password, code):
    outcome = state.credentials(password, code)
    if outcome == "change":
        return MORE
    if outcome == OK:
        if state.seed is not None:
            state.spend(code)
        state.connection = Connection(now, state.seed is not None)
    return outcome


def judge_change_password(state, now, password, code, new):
    outcome = state.credentials(password, code)
    if outcome not in (OK, "change"):
        return outcome
    if state.broken_rules(new):
        return CONSTRAINT
    if state.seed is not None:
        state.spend(code)
    state.set_password(new.text, "password-changed")
    state.must_change = False
    state.forget_connection()
    return OK


def judge_enrol(state, now, password, seed, code_right):
    outcome = state.credentials(password, None)
    if outcome == CREDENTIALS:
        return CREDENTIALS
    if outcome in (MORE, "change"):
        return UNWILLING
    if code_right is None:
        return CREDENTIALS
    state.set_factor(seed, code_right, RECOVERY_CODES)
    state.forget_connection()
    return OK


def judge_remove(state, now, password, code):
    if state.seed is None:
        return CREDENTIALS if state.credentials(password, None) == CREDENTIALS else UNWILLING
    outcome = state.credentials(password, code)
    if outcome == "change":
        return UNWILLING
    if outcome == OK:
        state.set_factor(None, None, 0)  # the code goes with it; one notice tells of both
        state.forget_connection()
    return outcome


def judge_recovery(state, now, password, code):
    if state.seed is None:
        return CREDENTIALS if state.credentials(password, None) == CREDENTIALS else UNWILLING
    outcome = state.credentials(password, code)
    if outcome == "change":
        return UNWILLING
    if outcome == OK:
        if code[0] == "step":
            state.spend(code)
        state.recovery = {state.number() for _ in range(RECOVERY_CODES)}
        state.owe("recovery-codes-new")
    return outcome


def judge_app_password(state, now, password, code, label):
    outcome = state.credentials(password, code)
    if outcome not in (OK, "change"):
        return outcome
    if outcome == "change" or label in state.app_passwords or len(state.app_passwords) >= APP_PASSWORDS:
        return UNWILLING
    if state.seed is not None:
        state.spend(code)
    state.app_passwords.add(label)
    state.owe("app-password-added")
    return OK


# --- the member's own modifications, on the connection it has ------------------------------------------------


def judge_self_enrol(state, now, seed, code_right):
    refusal = state.refusal(now)
    if refusal is not None:
        return refusal
    if state.seed is not None:
        return UNWILLING
    if code_right is None:
        return CREDENTIALS
    state.set_factor(seed, code_right, 0)
    return OK


def judge_self_remove(state, now, code):
    refusal = state.refusal(now)
    if refusal is not None:
        return refusal
    if state.seed is None:
        return 16
    if not state.code_good(code):
        return CREDENTIALS
    state.set_factor(None, None, 0)
    return OK


def judge_self_password(state, now, password, new):
    refusal = state.refusal(now)
    if refusal is not None:
        return refusal
    if password != state.password:
        return CREDENTIALS
    if state.broken_rules(new):
        return CONSTRAINT
    state.set_password(new.text, "password-changed")
    return OK


# --- by an owner ---------------------------------------------------------------------------------------------


def judge_owner_password(state, now, new):
    if state.broken_rules(new):
        return CONSTRAINT
    state.set_password(new.text, "password-set-by-admin")
    state.must_change, state.app_passwords = True, set()
    state.forget_connection()
    return OK


def judge_owner_status(state, now, status):
    state.status = status
    if status != "active":
        state.challenge = None
        state.forget_connection()
    return OK


def judge_owner_mail(state, now, mail):
    if mail == state.mail:
        return OK
    state.tell_before("mail-changed", mail)
    if state.password is not None and state.status == "active":
        state.outbox["verify-mail", mail] += 1
    state.mail, state.mail_verified, state.challenge = mail, False, None
    return OK


def judge_owner_factor(state, now, seed):
    if seed is None and state.seed is None:
        return 16
    state.set_factor(seed, None, 0)
    state.forget_connection()
    return OK


# --- by somebody else -----------------------------------------------------------------------------------------


def judge_stranger(state, now, is_state):
    """is_state: what only the server writes, whoever asks"""
    return CONSTRAINT if is_state else RIGHTS


def judge_courier(state, now, kind, address):
    """Claim an owed notice, and say done."""
    state.outbox[kind, address] -= 1
    return OK
