#!/usr/bin/python3
"""Two scripts of OpenLDAP's own suite with muster in the stack; `make check-yardstick` runs all of them."""

import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
SUITE = os.path.join(HERE, "..", "yardstick", "openldap.py")

os.execv(sys.executable, [sys.executable, "-B", SUITE, "test003-search", "test010-passwd"])
