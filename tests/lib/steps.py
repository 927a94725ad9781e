"""A random walk of requests, carried out in a directory and in a model side by side: what every kind of walk has in common.

A kind of walk (tests/lib/walk.py, application_walk.py and others) says which requests there are, what is looked at after each of
them, and what the model wants to be seen there.
"""

import random

from . import model, totp
from .model import Unsure
from .parallel import at_once

STEPS = (5, 12)     # requests of a walk
PARALLEL = 6        # one request in so many is two at the same moment, as a rule


class Mismatch(Exception):
    pass


class Request:
    """text; judge(state) changes a state and says the result; send(place) gives the result, place being one of the walk's two;
    learn(state) takes over what the answer told. single: never one of two at once."""

    def __init__(self, text, judge, send, learn=lambda state: None, single=False):
        self.text, self.judge, self.send, self.learn, self.single = text, judge, send, learn, single


def fits(expected, got):
    return all(code in want if isinstance(want, tuple) else code == want for want, code in zip(expected, got))


def about(wanted, seen):
    """The time that is wanted, where the one that is seen is but seconds away."""
    near = None not in (wanted, seen) and abs(seen - wanted) < model.MARGIN_SEC
    return wanted if near else seen


class Steps:
    """Of one member.

    pairs                   names of requests that are made two at once
    steps                   how many requests, from and to
    parallel                one request in so many is two at once
    moves                   by how many seconds the clock goes on
    overtaken               results of a request whose entry another one changed while it was judged, or None: it is never overtaken
    requests(), entry(), wanted(), seen(entry), kept(entry), at_the_start(), at_the_end(), end(), make_NAME()
    """

    pairs, parallel, overtaken, steps = (), PARALLEL, None, STEPS

    def __init__(self, walks, name):
        self.walks, self.chance = walks, random.Random(name)
        self.world, self.root = walks.world, walks.root
        self.told = []
        self.state = None

    def drop(self, one):
        if one is not None:
            one.close()
            self.world.sessions.remove(one)

    def run(self):
        self.compare("at the beginning")
        self.at_the_start()
        steps = self.chance.randint(*self.steps)
        while len(self.told) < steps:
            if self.chance.randrange(self.parallel) == 0:
                self.two_at_once()
            else:
                self.one()
        self.at_the_end()

    def at_the_start(self):
        """What comes before all that is up to chance."""

    def places(self):
        """From where two requests come at once."""
        return self.walks.anyone

    def one(self):
        weights = self.requests()
        name = self.chance.choices(list(weights), list(weights.values()))[0]
        self.walks.moment = totp.clock()  # what is sure before it is sent is judged by that time afterwards, too
        try:
            request = self.sure(name)
            if request is not None:
                self.walks.counts[name] += 1
                self.carry_out(request)
        finally:
            self.walks.moment = None

    def sure(self, name):
        """A request whose outcome is sure; None when there is none."""
        try:
            request = getattr(self, "make_" + name)()
            if request is not None:
                request.judge(self.state.copy())
            return request
        except Unsure:
            return None

    def carry_out(self, request):
        self.told.append(request.text)
        got = request.send(self.places()[0])
        expected = self.judge(request, self.state)
        if got != expected:
            raise Mismatch("%s: result %s, not %s" % (request.text, got, expected))
        request.learn(self.state)
        self.compare(request.text)

    def judge(self, request, state):
        try:
            return request.judge(state)
        except Unsure:
            raise Mismatch("%s: not sure while it was under way" % request.text)

    # --- two at once --------------------------------------------------------------------------------------

    def orders(self, pair):
        """[(results, state)] of each order."""
        found = []
        for first, second in ((0, 1), (1, 0)):
            state = self.state.copy()
            codes = [None, None]
            for place in (first, second):
                codes[place] = pair[place].judge(state)
            found.append((codes, state))
        for first in (0, 1) if self.overtaken else ():  # whoever is overtaken may be refused, and leaves nothing
            state = self.state.copy()
            codes = [self.overtaken, self.overtaken]
            codes[first] = pair[first].judge(state)
            found.append((codes, state))
        return found

    def answers_fit(self, names, expected, got):
        return fits(expected, got)

    def allow(self, names, state, entry):
        """What may come out of just these two at once and of neither order."""

    def send_both(self, pair):
        places = self.places()
        got = at_once([lambda r=r, p=p: r.send(p) for r, p in zip(pair, places)])
        for number, request in enumerate(pair):
            while got[number] == model.BUSY:  # to be tried again
                got[number] = request.send(places[number])
        return got

    def two_at_once(self):
        """Both orders are right; what came out must be one of them, as a whole."""
        names = self.chance.choice(self.pairs)
        try:
            pair = [getattr(self, "make_" + one)() for one in names]
            if None in pair or any(request.single for request in pair):
                return
            orders = self.orders(pair)
        except Unsure:
            return
        text = " | ".join(request.text for request in pair)
        self.told.append(text)
        self.walks.pairs += 1
        got = self.send_both(pair)
        fitting = [state for codes, state in orders if self.answers_fit(names, codes, got)]
        if not fitting:
            raise Mismatch("%s: results %s, not %s" % (text, got, " or ".join(str(codes) for codes, _ in orders)))
        found, entry = [], self.entry()
        for state in fitting:
            self.state = state
            for request in pair:
                request.learn(state)
            self.allow(names, state, entry)
            difference = self.difference(entry)
            if not difference:
                return self.kept(entry)
            found.append(difference)
        raise Mismatch("%s: %s" % (text, " or ".join(found)))

    # --- comparing ----------------------------------------------------------------------------------------

    def compare(self, text):
        entry = self.entry()
        difference = self.difference(entry)
        if difference:
            raise Mismatch("%s: %s" % (text, difference))
        self.kept(entry)

    def difference(self, entry):
        wanted, seen = self.wanted(), self.seen(entry)
        return "; ".join("%s is %r, not %r" % (key, seen[key], wanted[key]) for key in wanted if seen[key] != wanted[key])

    def kept(self, entry):
        """Remember what can only be compared with what is there next."""

    # --- what each walk has ---------------------------------------------------------------------------------

    def make_clock(self):
        seconds = self.chance.choice(self.moves)

        def send(_):
            self.walks.move(seconds)
            return 0
        return Request("%d s later" % seconds, lambda state: 0, send, single=True)
