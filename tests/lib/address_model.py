"""What doc/ARCHITECTURE.md says under "Verified addresses" of one member's mail address and mobile number, as a model in memory, like
tests/lib/model.py of passwords.

Records that are owed and codes that were sent are told by numbers, which whoever makes a request gives them. A code is what it is
for: "mail" or "mobile".
"""

import collections
import copy

from .model import ABSENT, BUSY, CREDENTIALS, FRESH_SEC, LEASE_SEC, MORE, NO_VALUE, OK, RIGHTS, UNWILLING, later_than

MAIL, MOBILE = "mail", "mobile"
PURPOSES = (MAIL, MOBILE)
CODE_SEC, SMS_SEC, DAY_SEC = 600, 3600, 86400
TRIES = 5
SENT_MAX = 3  # what the walks configure

Code = collections.namedtuple("Code", "number record address minted")
Count = collections.namedtuple("Count", "since wrong sent")
NONE = Count(None, 0, 0)


class Record:
    """A message with a code that is owed."""

    def __init__(self, purpose, address, made):
        self.purpose, self.address, self.made, self.lease_until = purpose, address, made, None


class State:
    def __init__(self, mail):
        self.present = {MAIL: mail, MOBILE: None}
        self.proved = {MAIL: False, MOBILE: False}
        self.proved_last = None               # of mail addresses
        self.pending = {MAIL: None, MOBILE: None}
        self.codes = {MAIL: None, MOBILE: None}
        self.counts = {MAIL: NONE, MOBILE: NONE}  # as they are stored: a day may be over
        self.records = collections.OrderedDict()
        self.told = collections.Counter()     # notices that are owed: (kind, address)
        self.status = "active"
        self.bound = None

    def copy(self):
        return copy.deepcopy(self)

    def stale(self, now):
        return later_than(now - self.bound, FRESH_SEC)

    # --- codes --------------------------------------------------------------------------------------------

    def target(self, purpose):
        """What a code of that purpose proves, None: nothing is to be proved."""
        if self.pending[purpose] is not None:
            return self.pending[purpose]
        return None if self.proved[purpose] else self.present[purpose]

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
        self.codes[purpose] = None
        for number in [number for number, record in self.records.items() if record.purpose == purpose]:
            del self.records[number]

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


def request(state, now, number, purpose, value):
    if state.proved[purpose] and state.present[purpose] == value:
        return UNWILLING
    count = state.count(purpose, now)
    if count.wrong >= TRIES or count.sent >= SENT_MAX:
        return UNWILLING
    state.forget(purpose)
    state.pending[purpose] = value
    state.records[number] = Record(purpose, value, now)
    return OK


def judge_request(state, now, number, purpose, value):
    return MORE if state.stale(now) else request(state, now, number, purpose, value)


def judge_cancel(state, now, purpose, value):
    """value: that is said to be there, None: it is not said"""
    if state.stale(now):
        return MORE
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
    if state.stale(now):
        return MORE
    purpose = meant(state, purpose)
    if purpose is None:
        return UNWILLING
    if value is not None and value != state.pending[purpose]:
        return NO_VALUE
    if state.count(purpose, now).wrong >= TRIES:
        return UNWILLING
    sent, target = state.codes[purpose], state.target(purpose)
    if sent is None or sent.address != target or later_than(now - sent.minted, CODE_SEC):
        return UNWILLING
    if sent.number != code:
        state.count_more(purpose, now, wrong=1)
        return CREDENTIALS
    state.forget_wrong(purpose, now)
    (accept_mail if purpose == MAIL else accept_mobile)(state, target)
    return OK


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
    purpose, sent = record.purpose, state.codes[record.purpose]
    void = state.status != "active" or state.target(purpose) != record.address
    void = void or (purpose == MOBILE and later_than(now - record.made, SMS_SEC))
    count = state.count(purpose, now)
    again = sent is not None and sent.record == number
    if void or count.wrong >= TRIES or (not again and count.sent >= SENT_MAX):
        del state.records[number]
        return OK, False
    if not again:
        state.count_more(purpose, now, sent=1)
    state.codes[purpose] = Code(code, number, record.address, now)
    return OK, True


def judge_done(state, now, number):
    return OK if state.records.pop(number, None) is not None else ABSENT


def judge_notice(state, now, kind, address):
    state.told[kind, address] -= 1
    return OK


# --- by others -------------------------------------------------------------------------------------------------------


def judge_owner_request(state, now, number, purpose, value):
    return request(state, now, number, purpose, value)


def judge_write(state, now, number, purpose, value):
    """An administrator writes mail, or mobile; None: takes it away."""
    if state.present[purpose] == value:
        return OK if value is not None else NO_VALUE
    if purpose == MAIL:
        state.tell_before("mail-changed", value)
        state.codes = {MAIL: None, MOBILE: None}
    elif state.present[MOBILE] is not None:
        state.tell_mobile()
    state.present[purpose], state.proved[purpose] = value, False
    if value is not None and state.status == "active":
        state.records[number] = Record(purpose, value, now)
    return OK


def judge_status(state, now, status):
    state.status = status
    if status != "active":
        state.codes = {MAIL: None, MOBILE: None}
        state.bound = None
    return OK


def judge_stranger(state, now):
    return RIGHTS


def judge_foreign_code(state, now):
    """An OWNER gives the member's code."""
    return UNWILLING
