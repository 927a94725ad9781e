#!/usr/bin/python3
"""The courier with a relay that fails, stalls and disconnects at random; tests/yardstick/courier.py has 10,000 messages (F28)."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from lib import tap
from lib.storm import Storm


@tap.fault(28)
def test_storm():
    Storm(400, int.from_bytes(os.urandom(4), "big")).run()


if __name__ == "__main__":
    tap.main(globals())
