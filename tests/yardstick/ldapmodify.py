#!/usr/bin/python3
"""ldapmodify as the scripts of OpenLDAP's suite call it: the installed one, and muster on every database it configures.

Scripts that configure slapd over cn=config bring their LDIF themselves, so no template can be changed. When a call has
added an mdb database, or otp.so (which has to be loaded before muster.so, for they share a schema), the same identity
then loads muster.so and puts the overlay on top of the stack of every mdb database.
"""

import os
import re
import subprocess
import sys

MODULE, KEYS = os.environ["MUSTER_YARDSTICK_MODULE"], os.environ["MUSTER_YARDSTICK_KEYS"]
REAL = "/usr/bin/" + os.path.basename(sys.argv[0])
# Options of ldapmodify that say which server, as whom and how; each with whether it takes a value
CONNECTION = {"-H": True, "-D": True, "-w": True, "-y": True, "-x": False, "-P": True, "-Y": True, "-Q": False, "-Z": False,
              "-ZZ": False, "-o": True}
TAKE_A_VALUE = "DEHOPRSUXYbdefghjnowy"
ADDED = re.compile(rb"^(olcDatabase: *(\{\d+\})?mdb|olcModuleLoad: *otp\.la) *$", re.M)


def split(arguments):
    """(connection options, input file or None)"""
    found, path, rest = [], None, list(arguments)
    while rest:
        one = rest.pop(0)
        value = [rest.pop(0)] if len(one) == 2 and one[0] == "-" and one[1] in TAKE_A_VALUE and rest else []
        if one == "-f":
            path = value[0]
        elif one in CONNECTION:
            found += [one] + value
    return found, path


def configured(options, kind):
    """DNs of the entries of a class below cn=config."""
    done = subprocess.run(["/usr/bin/ldapsearch", *options, "-LLL", "-o", "ldif-wrap=no", "-b", "cn=config",
                           "(objectClass=%s)" % kind, "1.1"], capture_output=True, text=True)
    return re.findall(r"^dn: (.*)$", done.stdout, re.M)


def loaded(options):
    done = subprocess.run(["/usr/bin/ldapsearch", *options, "-LLL", "-o", "ldif-wrap=no", "-b", "cn=config",
                           "(olcModuleLoad=*)", "olcModuleLoad"], capture_output=True, text=True)
    return done.stdout


def put_on_top(options):
    records = ""
    modules = loaded(options)
    wanted = [m for m in ("ppolicy", MODULE) if m not in modules]
    if wanted:
        records += ("dn: cn=module,cn=config\nchangetype: add\nobjectClass: olcModuleList\ncn: module\n"
                    "olcModulePath: /usr/lib/ldap\n" + "".join("olcModuleLoad: %s\n" % m for m in wanted) + "\n")
    have = {dn.split(",", 1)[1] for dn in configured(options, "olcMusterConfig")}
    for database in configured(options, "olcMdbConfig"):
        if database not in have:
            records += ("dn: olcOverlay=muster,%s\nchangetype: add\nobjectClass: olcOverlayConfig\n"
                        "objectClass: olcMusterConfig\nolcOverlay: muster\nolcMusterKeyFile: %s\n\n" % (database, KEYS))
    if not records:
        return 0
    return subprocess.run(["/usr/bin/ldapmodify", *options], input=records.encode(), stdout=sys.stderr).returncode


def main():
    options, path = split(sys.argv[1:])
    if path:
        with open(path, "rb") as file:
            text = file.read()
        status = subprocess.run([REAL, *sys.argv[1:]]).returncode
    else:
        text = sys.stdin.buffer.read()
        status = subprocess.run([REAL, *sys.argv[1:]], input=text).returncode
    if status == 0 and ADDED.search(text):
        status = put_on_top(options)
    sys.exit(status)


main()
