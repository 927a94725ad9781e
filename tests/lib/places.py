"""Entries as a whole: who adds what where, who deletes and renames what, who makes which class of which entry. The table, and
what tries it in the directory of tests/lib/matrix.py.

A cell that is not here is "no". admin may all of it, except what the overlay refuses everybody (NEVER).
"""

import itertools

import ldap

from . import people

CONTROL_SUBENTRIES = ("1.3.6.1.4.1.4203.1.10.1", True, b"\x01\x01\xff")

# What can be added: (name, classes, attributes). @WHO@ is the DN of who adds it.
NEW = {
    "member": ("uid=new", ["inetOrgPerson", "musterMember"], {"cn": "New", "sn": "New", "mail": "new@acme.example"}),
    "account": ("uid=new@accounts.example", ["inetOrgPerson", "musterAccount"], {"cn": "New", "sn": "New", "mail": "new@accounts.example"}),
    "person": ("uid=new", ["inetOrgPerson"], {"cn": "New", "sn": "New"}),
    "organization": ("o=new", ["organization", "musterOrganization"], {"musterDomain": "new-corp", "owner": "@WHO@"}),
    "policy": ("cn=new", ["organizationalRole", "pwdPolicy", "musterPolicy"], {"pwdAttribute": "userPassword"}),
    "service": ("cn=new", ["applicationProcess", "musterService"], {}),
    "payment method": ("cn=new", ["applicationProcess", "musterPaymentMethod"], {"musterPaymentKind": "card"}),
    "application": ("cn=new", ["applicationProcess", "musterApplication"], {"musterApplicant": "@WHO@", "musterApplicationChange": "sn: New",
                                                                             "musterApplicationState": "filed"}),
    "document": ("documentIdentifier=9", ["document", "musterDocument"], {}),
    "request": ("cn=new", ["applicationProcess", "musterRequest"], {"musterRequestKind": "reset", "musterRequestTarget": "dn:cn=nobody"}),
    "group": ("cn=new", ["groupOfNames"], {"member": "@WHO@"}),
    "folder": ("ou=new", ["organizationalUnit"], {}),
    "host": ("cn=new", ["organizationalRole", "simpleSecurityObject"], {"userPassword": "host-secret"}),
    "alias": ("cn=new", ["alias", "extensibleObject"], {"aliasedObjectName": "cn=admin,@BASE@"}),
    "referral": ("cn=new", ["referral", "extensibleObject"], {"ref": "ldap://127.0.0.1:1/"}),
    "subentry": ("cn=new", ["subentry", "extensibleObject"], {"subtreeSpecification": "{}"}),
}
