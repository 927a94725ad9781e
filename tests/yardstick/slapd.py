#!/usr/bin/python3
"""slapd as the scripts of OpenLDAP's suite call it: the installed one, and muster in every configuration written offline.

A few scripts fill cn=config with slapadd before slapd is started; after such a call slapmodify puts muster on top of each
mdb database. Everything else is the real program, in this process.
"""

import glob
import os
import re
import shlex
import subprocess
import sys

# MUSTER_SLAPD_WRAPPER: a build with sanitizers starts slapd through it
REAL = [*shlex.split(os.environ.get("MUSTER_SLAPD_WRAPPER", "")), os.environ["MUSTER_YARDSTICK_SLAPD"]]
MODULE, KEYS = os.environ["MUSTER_YARDSTICK_MODULE"], os.environ["MUSTER_YARDSTICK_KEYS"]


def value_of(option):
    return sys.argv[sys.argv.index(option) + 1] if option in sys.argv else None


def put_on_top(folder):
    databases = [os.path.basename(path)[:-5] for path in glob.glob(os.path.join(folder, "cn=config", "olcDatabase=*mdb.ldif"))]
    if not databases:
        return 0
    loaded = "".join(open(path).read() for path in glob.glob(os.path.join(folder, "cn=config", "cn=module*.ldif")))
    records = "dn: cn=module,cn=config\nchangetype: add\nobjectClass: olcModuleList\ncn: module\nolcModulePath: /usr/lib/ldap\n"
    records += "".join("olcModuleLoad: %s\n" % m for m in ("ppolicy", MODULE) if not re.search(r"\}%s(\.la)?$" % m, loaded, re.M))
    for database in databases:
        records += ("\ndn: olcOverlay=muster,%s,cn=config\nchangetype: add\nobjectClass: olcOverlayConfig\n"
                    "objectClass: olcMusterConfig\nolcOverlay: muster\nolcMusterKeyFile: %s\n" % (database, KEYS))
    return subprocess.run([*REAL, "-Tm", "-d", "0", "-F", folder, "-n", "0"], input=records.encode()).returncode


if "-Ta" in sys.argv and value_of("-n") == "0" and value_of("-F"):
    status = subprocess.run([*REAL, *sys.argv[1:]]).returncode
    sys.exit(status or put_on_top(value_of("-F")))
os.execvp(REAL[0], [*REAL, *sys.argv[1:]])
