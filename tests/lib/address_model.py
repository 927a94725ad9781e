"""What doc/ARCHITECTURE.md says under "Verified addresses" of one member's mail address, mobile number and login ID, as a model in
memory, like tests/lib/model.py of passwords.

Records that are owed and codes that were sent are told by numbers, which whoever makes a request gives them. What waits is MAIL,
MOBILE or LOGIN; the first two take the code of that name, a login ID takes LOGIN_MAIL and LOGIN_MOBILE.
"""

import collections
import copy

from .model import ABSENT, BUSY, CREDENTIALS, FRESH_SEC, LEASE_SEC, MORE, NO_VALUE, OK, RIGHTS, UNWILLING, later_than

EXISTS = 68
MAIL, MOBILE, LOGIN = "mail", "mobile", "login"
PURPOSES = (MAIL, MOBILE)
LOGIN_MAIL, LOGIN_MOBILE = "login-mail", "login-mobile"
CODES = {MAIL: (MAIL,), MOBILE: (MOBILE,), LOGIN: (LOGIN_MAIL, LOGIN_MOBILE)}
WAITS = {code: purpose for purpose, found in CODES.items() for code in found}
BY_SMS = (MOBILE, LOGIN_MOBILE)
CODE_SEC, SMS_SEC, DAY_SEC = 600, 3600, 86400
TRIES = 5
SENT_MAX = 3  # what the walks configure

Code = collections.namedtuple("Code", "number record address minted")
Count = collections.namedtuple("Count", "since wrong sent")
NONE = Count(None, 0, 0)


class Record:
    """A message with a code that is owed. code: which one"""

    def __init__(self, code, address, made):
        self.code, self.address, self.made, self.lease_until = code, address, made, None


class State:
    """login: of a platform member, whose login ID can be another"""

    def __init__(self, mail, login=None):
        self.login, self.taken = login, set()  # taken: login IDs of others
        self.present = {MAIL: mail, MOBILE: None}
        self.proved = {MAIL: False, MOBILE: False}
        self.proved_last = None               # of mail addresses
        self.pending = dict.fromkeys(CODES)
        self.codes = dict.fromkeys(WAITS)
        self.counts = dict.fromkeys(CODES, NONE)  # as they are stored: a day may be over
        self.records = collections.OrderedDict()
        self.told = collections.Counter()     # notices that are owed: (kind, address)
        self.status = "active"
        self.bound = None

    def copy(self):
        return copy.deepcopy(self)

    def refusal(self, now):
        """Why the member is not heard on its connection, None when it is. Where that has ended, its name is nobody's."""
        if self.bound is None:
            return ABSENT
        return MORE if later_than(now - self.bound, FRESH_SEC) else None

    # --- codes --------------------------------------------------------------------------------------------

    def target(self, code):
        """What a code proves, None: nothing is to be proved."""
        waiting = self.pending[WAITS[code]]
        if code == LOGIN_MOBILE:
            return self.present[MOBILE] if waiting is not None and self.proved[MOBILE] else None
        if waiting is not None or code == LOGIN_MAIL:
            return waiting
        return None if self.proved[code] else self.present[code]

    def count(self, purpose, now):
        count = self.counts[purpose]
        return NONE if count.since is None or later_than(now - count.since, DAY_SEC) else count

    def count_more(self, purpose, now, wrong=0, sent=0):
        count = self.count(purpose, now)
        self.counts[purpose] = Count(now if count.since is None else count.since, count.wrong + wrong, count.sent + sent)

    def forget_wrong(self, purpose, now):
        count = self.count(purpose, now)
        self.counts[purpose] = Count(count.since, 0, count.sent) if count.sent else NONE

    def forget(self, purpose):
        """What is owed and what was sent for it is void."""
        self.void(*CODES[purpose])
        for number in [number for number, record in self.records.items() if record.code in CODES[purpose]]:
            del self.records[number]

    def void(self, *codes):
        self.codes.update(dict.fromkeys(codes))

    # --- who is told --------------------------------------------------------------------------------------

    def tell(self, kind, address):
        self.told[kind, address] += 1

    def tell_before(self, kind, but=None):
        """The mail address there is, and the one proved last where that is another."""
        for address in {self.present[MAIL], self.proved_last} - {None, but}:
            self.tell(kind, address)

    def tell_mobile(self):
        self.tell_before("mobile-changed")
        if self.proved[MOBILE]:
            self.tell("mobile-changed", self.present[MOBILE])


# --- by the member itself, or by an OWNER for it -------------------------------------------------------------------


def wish(state, now, purpose, value):
    """What a request for another address, number or login ID is answered."""
    if purpose == LOGIN:
        if value == state.login or not state.proved[MOBILE]:
            return UNWILLING
    elif state.proved[purpose] and state.present[purpose] == value:
        return UNWILLING
    count = state.count(purpose, now)
    return UNWILLING if count.wrong >= TRIES or count.sent >= SENT_MAX else OK


def request(state, now, numbers, purpose, value):
    """numbers: of the messages that are owed then, in the order of CODES"""
    answer = wish(state, now, purpose, value)
    if answer == OK:
        state.forget(purpose)
        state.pending[purpose] = value
        for number, code in zip(numbers, CODES[purpose]):
            state.records[number] = Record(code, state.target(code), now)
    return answer


def judge_request(state, now, numbers, purpose, value):
    refusal = state.refusal(now)
    return request(state, now, numbers, purpose, value) if refusal is None else refusal


def judge_cancel(state, now, purpose, value):
    """value: that is said to be there, None: it is not said"""
    refusal = state.refusal(now)
    if refusal is not None:
        return refusal
    if state.pending[purpose] is None or value not in (None, state.pending[purpose]):
        return NO_VALUE
    state.forget(purpose)
    state.pending[purpose] = None
    return OK


def meant(state, purpose):
    """What a code is given for, None when nobody can know."""
    if purpose is not None:
        return purpose
    waiting = [one for one in PURPOSES if state.pending[one] is not None or state.codes[one] is not None]
    return waiting[0] if len(waiting) == 1 else None


def accept_mail(state, address):
    before, state.pending[MAIL], state.codes[MAIL] = state.present[MAIL], None, None
    state.tell_before("mail-changed", address)
    if before != address:
        state.tell("mail-changed", address)
    state.present[MAIL], state.proved[MAIL], state.proved_last = address, True, address


def accept_mobile(state, number):
    state.pending[MOBILE], state.codes[MOBILE] = None, None
    if state.present[MOBILE] != number:
        state.tell_mobile()
        state.tell("mobile-changed", number)
    state.present[MOBILE], state.proved[MOBILE] = number, True


def judge_give(state, now, purpose, value, code):
    """purpose, value: what the request names, None: nothing; code: the number of the code, None for one that never was"""
    refusal = state.refusal(now)
    if refusal is not None:
        return refusal
    purpose = meant(state, purpose)
    if purpose is None:
        return UNWILLING
    if value is not None and value != state.pending[purpose]:
        return NO_VALUE
    target, answer = state.target(purpose), judge_codes(state, now, purpose, {purpose: code})
    if answer == OK:
        state.forget_wrong(purpose, now)
        (accept_mail if purpose == MAIL else accept_mobile)(state, target)
    return answer


def judge_codes(state, now, purpose, given):
    """given: code to its number, of all codes that it takes"""
    if state.count(purpose, now).wrong >= TRIES:
        return UNWILLING
    for code in given:
        sent = state.codes[code]
        if sent is None or sent.address != state.target(code) or later_than(now - sent.minted, CODE_SEC):
            return UNWILLING
    if any(state.codes[code].number != number for code, number in given.items()):
        state.count_more(purpose, now, wrong=1)
        return CREDENTIALS
    return OK


def judge_give_login(state, now, value, first, second):
    """Two codes, in any order, for the login ID that waits; value None: it is not said which."""
    refusal = state.refusal(now)
    if refusal is not None:
        return refusal
    waiting = state.pending[LOGIN]
    if waiting is None or value not in (None, waiting):
        return NO_VALUE
    mail = state.codes[LOGIN_MAIL]
    swapped = mail is not None and mail.number == second
    answer = judge_codes(state, now, LOGIN, dict(zip(CODES[LOGIN], (second, first) if swapped else (first, second))))
    if answer == OK and waiting in state.taken:
        return EXISTS
    if answer == OK:
        state.forget_wrong(LOGIN, now)
        accept_login(state, waiting)
    return answer


def judge_half(state, now, value):
    """One code for a login ID that waits, or, value being None, two without saying what for."""
    refusal = state.refusal(now)
    if refusal is not None:
        return refusal
    return NO_VALUE if value not in (None, state.pending[LOGIN]) else UNWILLING


def accept_login(state, new):
    for address in {state.login, new, state.present[MAIL], state.proved_last} - {None}:
        state.tell("login-changed", address)
    state.void(*CODES[LOGIN])
    if state.present[MAIL] == state.login:
        state.void(MAIL)
        state.present[MAIL], state.proved[MAIL], state.proved_last = new, True, new
    state.login, state.pending[LOGIN], state.bound = new, None, None


def judge_bind(state, now):
    if state.status != "active":
        return CREDENTIALS
    state.bound = now
    return OK


# --- the courier ---------------------------------------------------------------------------------------------------


def judge_claim(state, now, number, code):
    """(result, whether a code was made)"""
    record = state.records.get(number)
    if record is None:
        return ABSENT, False
    if record.lease_until is not None and not later_than(now, record.lease_until):
        return BUSY, False
    record.lease_until = now + LEASE_SEC
    which, sent = record.code, state.codes[record.code]
    void = state.status != "active" or state.target(which) != record.address
    void = void or (which in BY_SMS and later_than(now - record.made, SMS_SEC))
    count = state.count(WAITS[which], now)
    again = sent is not None and sent.record == number
    counts = not again and which != LOGIN_MAIL  # one of the two codes of a login ID does
    if void or count.wrong >= TRIES or (counts and count.sent >= SENT_MAX):
        del state.records[number]
        return OK, False
    if counts:
        state.count_more(WAITS[which], now, sent=1)
    state.codes[which] = Code(code, number, record.address, now)
    return OK, True


def judge_done(state, now, number):
    return OK if state.records.pop(number, None) is not None else ABSENT


def judge_notice(state, now, kind, address):
    state.told[kind, address] -= 1
    return OK


# --- by others -------------------------------------------------------------------------------------------------------


def judge_owner_request(state, now, numbers, purpose, value):
    return request(state, now, numbers, purpose, value)


def judge_write(state, now, number, purpose, value):
    """An administrator writes mail, or mobile; None: takes it away."""
    if state.present[purpose] == value:
        return OK if value is not None else NO_VALUE
    if purpose == MAIL:
        state.tell_before("mail-changed", value)
        state.void(*WAITS)
    elif state.present[MOBILE] is not None:
        state.tell_mobile()
    state.present[purpose], state.proved[purpose] = value, False
    if value is not None and state.status == "active":
        state.records[number] = Record(purpose, value, now)
    return OK


def judge_status(state, now, status):
    state.status = status
    if status != "active":
        state.void(*WAITS)
        state.bound = None
    return OK


def judge_taken(state, now, login):
    """Somebody else gets an account with a login ID."""
    if login == state.login or login in state.taken:
        return EXISTS
    state.taken.add(login)
    return OK


def judge_left(state, now, login):
    state.taken.discard(login)
    return OK


def judge_stranger(state, now):
    return RIGHTS


def judge_foreign_code(state, now):
    """An OWNER gives the member's code."""
    return UNWILLING
