#!/usr/bin/python3
"""Random walks of requests against the models of tests/lib/model.py, application_model.py and address_model.py: some whose seed
stays, some of a new one (F02, F17, F28).

tests/yardstick/model.py does 10,000 of them.
"""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from lib import tap
from lib.walk import Walks

FIXED, COUNT = 20261128, 100


def walk(seed):
    walks = Walks(seed)
    walks.run(COUNT)
    tap.note("%d requests, %d of them two at once" % (walks.requests, walks.pairs))
    tap.ok(not walks.wrong, "directory and model agree in %d walks of seed %d" % (COUNT, seed), "\n".join(walks.wrong))
    tap.ok(walks.world.alive(), "slapd is alive")


@tap.fault(2, 17, 28)
def test_the_same_walks():
    walk(FIXED)


@tap.fault(2, 17, 28)
def test_other_walks():
    walk(int.from_bytes(os.urandom(4), "big"))


if __name__ == "__main__":
    tap.main(globals())
