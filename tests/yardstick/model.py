#!/usr/bin/python3
"""10,000 random walks of requests against the models of tests/lib/model.py, application_model.py and address_model.py (F02, F17, F28).

    model.py [seed [count]]     the walks of a seed; MUSTER_YARDSTICK_WALKS is the number when it is not 10,000
"""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from lib import tap
from lib.walk import Walks

arguments = sys.argv[1:]
sys.argv[1:] = []
SEED = int(arguments[0]) if arguments else int.from_bytes(os.urandom(4), "big")
COUNT = int(arguments[1]) if len(arguments) > 1 else int(os.environ.get("MUSTER_YARDSTICK_WALKS", "10000"))


@tap.fault(2, 17, 28)
def test_walks():
    walks = Walks(SEED)
    walks.run(COUNT)
    tap.note("figure: model: seed %d, %d walks, %d requests, %d of them two at once; %d walks went another way"
             % (SEED, COUNT, walks.requests, walks.pairs, len(walks.wrong)))
    tap.note(", ".join("%s %d" % pair for pair in sorted(walks.counts.items())))
    tap.ok(not walks.wrong, "directory and model agree in %d walks" % COUNT, "\n".join(walks.wrong[:20]))
    tap.ok(walks.world.alive(), "slapd is alive")


if __name__ == "__main__":
    tap.main(globals())
