"""What doc/ARCHITECTURE.md says of the applications of one platform member, as a model in memory, like tests/lib/model.py of passwords.

An application is filed, then approved or rejected, once and for all, or withdrawn before that. Its documents come and go while it
is filed. Applications and documents are told by numbers, which whoever makes a request gives them.
"""

import collections
import copy

from .model import ABSENT, CONSTRAINT, CREDENTIALS, FRESH_SEC, MORE, NO_VALUE, OK, RIGHTS, UNWILLING, later_than

OPEN_MAX, DOCUMENTS_MAX = 5, 5
TYPE, BUSINESS_NAME, REGISTRATION, COUNTRY = "musterMemberType", "o", "musterRegistrationNumber", "c"
FIELDS = ("cn", "sn", "givenName", BUSINESS_NAME, COUNTRY, TYPE, REGISTRATION)
OF_BUSINESS = (BUSINESS_NAME, REGISTRATION, TYPE, COUNTRY)
FILED, APPROVED, REJECTED = "filed", "approved", "rejected"


class Impossible(Exception):
    """What is asked for does not fit what the member is."""


class Application:
    def __init__(self, changes, before):
        self.changes, self.before = changes, before
        self.state, self.reason, self.by, self.when = FILED, None, None, None
        self.documents = {}  # number to whether the content is there


class State:
    def __init__(self, dn, facts, proved=None):
        self.dn, self.facts = dn, dict(facts)
        self.proved = proved  # when its business was, None: it is not
        self.status = "active"
        self.applications = {}
        self.owed = collections.Counter()  # (kind, number of the application or None)
        self.bound = None

    def copy(self):
        return copy.deepcopy(self)

    def stale(self, now):
        return later_than(now - self.bound, FRESH_SEC)

    def waiting(self):
        return [one for one in self.applications.values() if one.state == FILED]


def applied(facts, changes):
    """The facts with the changes."""
    after = dict(facts, **changes)
    if after.get(TYPE) == "business":
        if BUSINESS_NAME not in after or REGISTRATION not in after:
            raise Impossible
    elif BUSINESS_NAME in changes or REGISTRATION in changes:
        raise Impossible
    elif TYPE in changes:
        after = {name: value for name, value in after.items() if name not in (BUSINESS_NAME, REGISTRATION)}
    return after


# --- by the member itself ------------------------------------------------------------------------------------


def judge_file(state, now, number, changes, good):
    """good: each of the values is one that the attribute may have"""
    if state.stale(now):
        return MORE
    if not good:
        return CONSTRAINT
    try:
        applied(state.facts, changes)
    except Impossible:
        return CONSTRAINT
    waiting = state.waiting()
    if len(waiting) >= OPEN_MAX or any(set(changes) & set(one.changes) for one in waiting):
        return UNWILLING
    before = {name: state.facts[name] for name in changes if name in state.facts}
    state.applications[number] = Application(changes, before)
    if not any(kind == "application-filed" for kind, _ in +state.owed):
        state.owed["application-filed", None] += 1
    return OK


def own(state, now, number):
    """Whether the member may touch it still."""
    if number not in state.applications:
        return ABSENT
    if state.applications[number].state != FILED:
        return UNWILLING
    return MORE if state.stale(now) else OK


def judge_withdraw(state, now, number):
    result = own(state, now, number)
    if result == OK:
        del state.applications[number]
    return result


def judge_document(state, now, number, document, good):
    if not good:
        return CONSTRAINT
    result = own(state, now, number)
    if result == OK and len(state.applications[number].documents) >= DOCUMENTS_MAX:
        return UNWILLING
    if result == OK:
        state.applications[number].documents[document] = True
    return result


def judge_take_back(state, now, number, document):
    if number not in state.applications or document not in state.applications[number].documents:
        return ABSENT
    result = own(state, now, number)
    if result == OK:
        del state.applications[number].documents[document]
    return result


# --- by an operator or an administrator ------------------------------------------------------------------------


def approved_facts(state, now, one):
    """(facts, when the business was proved) that an approval leaves."""
    after = applied(state.facts, one.changes)
    changed = [name for name in one.changes if state.facts.get(name) != after.get(name)]
    business = after.get(TYPE) == "business"
    if business and one.documents and set(one.changes) & set(OF_BUSINESS):
        return after, now
    if not business or set(changed) & set(OF_BUSINESS):
        return after, None
    return after, state.proved


def judge_decide(state, now, number, verdict, reason, by):
    if verdict == REJECTED and reason is None:
        return CONSTRAINT if number in state.applications else ABSENT
    if number not in state.applications:
        return ABSENT
    one = state.applications[number]
    if one.state != FILED:
        return UNWILLING
    if verdict == APPROVED:
        if state.status == "closed":
            return UNWILLING
        try:
            state.facts, state.proved = approved_facts(state, now, one)
        except Impossible:
            return UNWILLING
    one.state, one.reason, one.by, one.when = verdict, reason, by, now
    state.owed["application-" + verdict, number] += 1
    return OK


def judge_rewrite(state, now, number, result):
    """Anything else of an application, whoever asks."""
    return result if number in state.applications else ABSENT


def judge_purge(state, now, number, document):
    one = state.applications.get(number)
    if one is None or document not in one.documents:
        return ABSENT
    if one.state == FILED:
        return UNWILLING
    if not one.documents[document]:
        return NO_VALUE
    one.documents[document] = False
    return OK


# --- by an administrator, about the member --------------------------------------------------------------------


def judge_status(state, now, status):
    state.status = status
    if status != "active":
        state.bound = None
    return OK


def judge_rename(state, now, dn):
    state.dn, state.bound = dn, None
    return OK


def judge_fact(state, now, name, value):
    state.facts[name] = value
    return OK


def judge_bind(state, now):
    if state.status != "active":
        return CREDENTIALS
    state.bound = now
    return OK


def judge_stranger(state, now, number):
    return RIGHTS if number in state.applications else ABSENT


def judge_courier(state, now, kind, number):
    state.owed[kind, number] -= 1
    return OK


def judge_delete(state, now, name):
    """The member goes: what waits goes along, what is decided says whose it was. name: that nobody can have"""
    state.applications = {number: one for number, one in state.applications.items() if one.state != FILED}
    state.dn, state.facts, state.proved, state.status, state.bound = name, None, None, None, None
    state.owed.clear()
    return OK
