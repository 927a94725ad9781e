"""musterLoginState as tests look at it; src/core/budget_text.c has the format."""

import collections

Source = collections.namedtuple("Source", "known passwords codes")


class Failures:
    """What an entry says of failed tries.

    passwords, codes          since the last login
    day_passwords, day_codes  in the hours of the last day
    sources                   id to Source
    """

    def __init__(self, text=b""):
        self.text = text.decode()
        self.passwords = self.codes = self.day_passwords = self.day_codes = 0
        self.sources = {}
        if not text:
            return
        version, since, passwords, codes, *sources = self.text.split(" ")
        if version != "1":
            raise ValueError(self.text)
        self.passwords, self.codes = (int(n) for n in since.split("=")[1].split(","))
        self.day_passwords, self.day_codes = (
            sum(int(hour.split(":")[1]) for hour in day.split(",")[1:]) for day in (passwords, codes))
        for source in sources:
            name, counts = source.split("=")
            known, passwords, _, codes, _ = (int(n) for n in counts.split(","))
            self.sources[name] = Source(known, passwords, codes)

    def __repr__(self):
        return "Failures(%r)" % self.text


def of(session, dn):
    """The failures of an entry as a session sees it."""
    return Failures(session.entry(dn, ["musterLoginState"]).get("musterLoginState", [b""])[0])
