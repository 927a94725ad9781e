#!/usr/bin/python3
"""The courier over 10,000 messages, with an SMTP server that fails, stalls and disconnects at random (F28).

MUSTER_YARDSTICK_MESSAGES is the number of messages when it is not 10,000, MUSTER_SEED the seed when it is not a new one.
"""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from lib import tap
from lib.storm import Storm

MESSAGES = int(os.environ.get("MUSTER_YARDSTICK_MESSAGES", "10000"))
SEED = int(os.environ.get("MUSTER_SEED", int.from_bytes(os.urandom(4), "big")))


@tap.fault(28)
def test_storm():
    Storm(MESSAGES, SEED).run()


if __name__ == "__main__":
    tap.main(globals())
