#!/usr/bin/python3
"""tests/integration/test_roles.py with everything that is not allowed tried in every form and disguise (F27)."""

import os
import runpy

os.environ["MUSTER_ROLES"] = "full"
runpy.run_path(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "integration", "test_roles.py"), run_name="__main__")
