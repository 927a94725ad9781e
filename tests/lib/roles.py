"""Who may do what with which attribute: the table. tests/lib/matrix.py tries each cell.

For every kind of entry there are rows "attributes  who: letters, ...". The first row that names an attribute is the one that
counts, * names all. Who and what is not in a row may nothing.

letters    r read    s find by a filter    c compare    + add a value    - delete    = replace
           R  rsc    W  rsc+-=
who        anonymous, self, fellow, owner (of the organization that the entry lies in), holder (a platform member who owns it),
           stranger and rival (a member and an OWNER of another organization), account (a platform member who owns nothing),
           operator, admin (cn=admin), courier, host (a login host). self is the entry's own identity, of a payment method the account it
           lies below, of an application and its documents who applied. holder may what owner may where nothing else is said.
"""

LETTERS = {"R": "rsc", "W": "rsc+-="}
MEMBERS = ("member", "member seen by fellows", "account")

# --- attributes ---------------------------------------------------------------------------------------------

# Every attribute of muster.schema has to be in one of these lists, or the test fails.
SECRET = """userPassword oathSecret musterCode pwdHistory musterChallenge musterRecoveryCode musterLoginState musterKnownSource
    musterCodeCount oathTOTPLastTimeStep musterPaymentReference musterPaymentToken oathTokenPIN""".split()
PERSONAL = """cn sn givenName displayName mail mobile preferredLanguage postalAddress o c description
    musterBillingMail musterServiceArea musterMemberType musterRegistrationNumber musterPendingMail musterPendingMobile musterPendingLogin
    musterTermsVersion musterTermsAccepted""".split()
ACCOUNT = """uid musterStatus musterMailVerified musterMobileVerified musterVerifiedMail musterAppPassword musterAppPasswordUsed
    musterUnprovedUntil musterBusinessProved musterOutbox musterLease
    pwdReset pwdChangedTime pwdAccountLockedTime pwdLastSuccess pwdFailureTime pwdPolicySubentry pwdGraceUseTime pwdStartTime pwdEndTime
    authzTo authzFrom""".split()
POLICY = """musterSecondFactor musterPwdRequire musterTokenLifetime musterPwdMinLengthFactor musterPwdBlocklist
    musterDailyPasswordFailures musterDailyCodeFailures musterCodeWindow musterMaxAppPasswords musterCodeGrace musterNetwork
    musterNoticeOff pwdMinLength pwdMaxLength pwdInHistory pwdMaxAge pwdMaxFailure pwdMinDelay pwdMaxDelay pwdMustChange pwdLockout
    pwdLockoutDuration pwdAttribute""".split()
ORGANIZATION = """musterDomain musterPolicyEntry musterNicknames musterMembersSee musterNextNumber owner labeledURI member roleOccupant
    seeAlso""".split()
PAYMENT = """musterPaymentKind musterPaymentBrand musterPaymentLastFour musterPaymentExpiry musterPaymentState
    musterPaymentUrl musterPaymentReason""".split()
APPLICATION = """musterApplicant musterApplicationState musterApplicationChange musterApplicationReason musterApplicationDecidedBy
    musterApplicationDecided musterApplicationBefore musterDocumentContent musterDocumentType musterDocumentHash
    documentIdentifier""".split()
QUEUE = "musterRequestKind musterRequestTarget musterRequestData".split()
CLASSES = """musterOrganization musterMember musterAccount musterPolicy musterRequest musterService musterPaymentMethod
    musterApplication musterDocument oathToken oathTOTPToken""".split()
OATH = """oathTokenSerialNumber oathTokenIdentifier oathParamsEntry oathTOTPParams oathTimestamp oathLastFailure oathLastLogin
    oathSecretTime oathFailureCount oathTOTPTimeStepDrift""".split()
NOT_COMPARED = ("entryDN", "subschemaSubentry", "hasSubordinates", "pwdAttribute")  # slapd, or the syntax, has no Compare for it
HIDDEN = {"authzTo": "1.3.6.1.4.1.4203.666.1.8", "authzFrom": "1.3.6.1.4.1.4203.666.1.9"}  # not in the subschema
STATE = ("pwdReset",)  # of what has no NO-USER-MODIFICATION: written by the server alone
UNTRIED = ("oathCounter",)  # nothing but what oathTOTPLastTimeStep and others are kinds of
OPERATIONAL = """objectClass structuralObjectClass entryUUID entryCSN entryDN creatorsName createTimestamp modifiersName modifyTimestamp
    hasSubordinates subschemaSubentry""".split()
ATTRIBUTES = SECRET + PERSONAL + ACCOUNT + POLICY + ORGANIZATION + PAYMENT + APPLICATION + QUEUE + OATH + OPERATIONAL
COMPUTED = ("hasSubordinates", "subschemaSubentry", "entryDN", "oathSecret", "userPassword") + tuple(OPERATIONAL)
BY_VALUE = ("owner", "roleOccupant", "objectClass", "musterAppPassword", "member")  # a value is deleted, not all of them
# Values that would keep a member from logging in: written once everybody is.
LATER = ("musterLoginState", "pwdAccountLockedTime", "pwdReset", "musterUnprovedUntil", "musterOutbox", "musterLease")

# (as it is stored, as it is written) where the syntax does not say enough
VALUES = {
    "musterMembersSee": ("self", "members"),
    "owner": ("uid=owner,ou=people,o=acme,ou=organizations,@BASE@", "uid=fellow,ou=people,o=acme,ou=organizations,@BASE@"),
    "musterStatus": ("active", "suspended"),
    "musterLoginState": ("1 n=1,0 p=1,2:1 c=0", "1 n=0,0 p=0 c=0"),
    "musterDomain": ("stored-domain", "written-domain"),
    "musterPolicyEntry": ("cn=console-16,ou=policies,@BASE@", "cn=console-15,ou=policies,@BASE@"),
    "musterSecondFactor": ("optional", "required"),
    "musterPwdRequire": ("letter", "digit"),
    "musterTokenLifetime": ("3600", "7200"),
    "musterPwdMinLengthFactor": ("8", "7"),
    "musterDailyPasswordFailures": ("100", "90"),
    "musterDailyCodeFailures": ("50", "40"),
    "musterCodeWindow": ("1", "2"),
    "musterMaxAppPasswords": ("10", "9"),
    "musterCodeGrace": ("10 127.0.0.1/32", "20 127.0.0.1/32"),
    "musterNetwork": ("0.0.0.0/0", "::/0"),
    "musterNoticeOff": ("reset", "locked"),
    "pwdMinLength": ("8", "9"), "pwdMaxLength": ("16", "15"), "pwdInHistory": ("2", "3"), "pwdMaxAge": ("0", "864000"),
    "pwdMaxFailure": ("5", "6"), "pwdMinDelay": ("1", "2"), "pwdMaxDelay": ("900", "800"), "pwdMustChange": ("TRUE", "FALSE"),
    "pwdLockout": ("FALSE", "TRUE"), "pwdLockoutDuration": ("0", "60"), "pwdAttribute": ("userPassword", "userPassword"),
    "pwdReset": ("TRUE", "FALSE"), "pwdChangedTime": ("20200101000000Z", "20210101000000Z"),
    "pwdAccountLockedTime": ("20200101000000Z", "20210101000000Z"), "pwdLastSuccess": ("20200101000000Z", "20210101000000Z"),
    "pwdFailureTime": ("20200101000000Z", "20210101000000Z"), "pwdGraceUseTime": ("20200101000000Z", "20210101000000Z"),
    "pwdStartTime": ("20200101000000Z", "20210101000000Z"), "pwdEndTime": ("20400101000000Z", "20410101000000Z"),
    "pwdPolicySubentry": ("cn=console-16,ou=policies,@BASE@", "cn=console-15,ou=policies,@BASE@"),
    "pwdHistory": ("20200101000000Z#1.3.6.1.4.1.1466.115.121.1.40#1#x", "20200101000000Z#1.3.6.1.4.1.1466.115.121.1.40#1#y"),
    "userPassword": ("Winter#2026", "Autumn#2026"),
    "oathSecret": ("12345678901234567890", "09876543210987654321"),
    "musterAppPassword": ("id=aaaaaaaa label=one networks=* created=1 hash=k1$" + "A" * 43 + "=",
                          "id=bbbbbbbb label=two networks=* created=1 hash=k1$" + "A" * 43 + "="),
    "musterAppPasswordUsed": ("aaaaaaaa 1", "bbbbbbbb 1"),
    "musterCode": ("111111", "222222"), "musterCodeCount": ("mail 1 0 1", "mail 1 0 2"),
    "musterOutbox": ("m-00000000-0000-0000-0000-000000000000-AAAAAAAAAAA locked 1", "m-00000000-0000-0000-0000-000000000000-BBBBBBBBBBB locked 1"),
    "mail": ("stored@accounts.example", "written@accounts.example"),
    "musterVerifiedMail": ("stored@accounts.example", "written@accounts.example"),
    "musterPendingMail": ("stored@accounts.example", "written@accounts.example"),
    "musterPendingLogin": ("stored@accounts.example", "written@accounts.example"),
    "musterBillingMail": ("stored@accounts.example", "written@accounts.example"),
    "mobile": ("+821000000001", "+821000000002"),
    "musterMemberType": ("individual", "business"),
    "c": ("KR", "DE"),
    "postalAddress": ("1 Road$Seoul", "2 Road$Seoul"),
    "authzTo": ("dn:cn=nobody", "dn:cn=somebody"), "authzFrom": ("dn:cn=nobody", "dn:cn=somebody"),
    "member": ("cn=nobody,@BASE@", "cn=somebody,@BASE@"),
    "roleOccupant": ("cn=nobody,@BASE@", "cn=somebody,@BASE@"), "seeAlso": ("cn=nobody,@BASE@", "cn=somebody,@BASE@"),
    "labeledURI": ("https://stored.example/", "https://written.example/"),
    "musterPaymentKind": ("card", "bank-transfer"), "musterPaymentState": ("pending", "active"), "musterPaymentExpiry": ("2030-01", "2031-01"),
    "musterPaymentUrl": ("https://pay.example/1", "https://pay.example/2"), "musterPaymentLastFour": ("1111", "2222"),
    "musterApplicationState": ("filed", "approved"), "musterApplicationChange": ("sn: Kim", "sn: Lee"),
    "musterDocumentType": ("application/pdf", "image/png"), "musterDocumentHash": ("0" * 64, "1" * 64),
    "musterRequestKind": ("reset", "sign-up"), "musterRequestTarget": ("dn:cn=nobody", "dn:cn=somebody"),
    "objectClass": ("top", "extensibleObject"),
    "pwdMinAge": ("0", "0"),
}

# --- the table ----------------------------------------------------------------------------------------------

# Beside it: what has NO-USER-MODIFICATION is written by nobody (repairs by root, or with the Relax control by admin, are elsewhere).
RIGHTS = {
    "member": """
        userPassword                            admin: -=, owner: -=
        oathSecret                              admin: s+-=, owner: s+-=, self: s
        oathTokenPIN musterPaymentReference musterPaymentToken      admin: +-=
        SECRET
        authzTo authzFrom                       admin: W
        musterOutbox musterLease                admin: R, courier: R
        musterAppPassword                       admin: rsc-, owner: rsc-, self: rsc-
        objectClass                             admin: rsc+-, owner: rsc+-, self: R, courier: R, host: R
        uid musterStatus entryDN                admin: W, owner: W, self: R, host: R
        entryUUID                               admin: R, owner: R, self: R, courier: R
        cn sn givenName displayName preferredLanguage postalAddress musterBillingMail musterServiceArea
        musterPendingMail musterPendingMobile   admin: W, owner: W, self: W
        *                                       admin: W, owner: W, self: R""",
    "member seen by fellows": """
        userPassword                            admin: -=, owner: -=
        oathSecret                              admin: s+-=, owner: s+-=, self: s
        oathTokenPIN musterPaymentReference musterPaymentToken      admin: +-=
        SECRET
        authzTo authzFrom                       admin: W
        musterOutbox musterLease                admin: R, courier: R
        musterAppPassword                       admin: rsc-, owner: rsc-, self: rsc-
        objectClass                             admin: rsc+-, owner: rsc+-, self: R, courier: R, host: R, fellow: R
        uid                                     admin: W, owner: W, self: R, host: R, fellow: R
        musterStatus entryDN                    admin: W, owner: W, self: R, host: R
        entryUUID                               admin: R, owner: R, self: R, courier: R
        cn displayName                          admin: W, owner: W, self: W, fellow: R
        mail mobile                             admin: W, owner: W, self: R, fellow: R
        sn givenName preferredLanguage postalAddress musterBillingMail musterServiceArea
        musterPendingMail musterPendingMobile   admin: W, owner: W, self: W
        *                                       admin: W, owner: W, self: R""",
    "account": """
        userPassword                            admin: -=
        oathSecret                              admin: s+-=, self: s
        oathTokenPIN musterPaymentReference musterPaymentToken      admin: +-=
        SECRET
        authzTo authzFrom                       admin: W
        musterOutbox musterLease                admin: R, courier: R
        musterAppPassword                       admin: rsc-, self: rsc-
        objectClass                             admin: rsc+-, self: R, courier: R, host: R
        uid musterStatus entryDN                admin: W, self: R, host: R
        entryUUID                               admin: R, self: R, courier: R
        displayName preferredLanguage postalAddress musterBillingMail musterServiceArea
        musterPendingMail musterPendingMobile musterPendingLogin    admin: W, self: W
        *                                       admin: W, self: R""",
    "payment method": """
        SECRET
        authzTo authzFrom                       admin: R
        musterOutbox musterLease                admin: R, courier: c
        musterAppPassword                       admin: rsc
        musterAppPasswordUsed                   admin: R
        description                             admin: W, self: W
        *                                       admin: R, self: R""",
    "application": """
        SECRET
        authzTo authzFrom                       admin: R
        musterOutbox musterLease                admin: R, courier: c
        musterAppPassword                       admin: rsc, self: rsc, operator: R
        musterApplicationState                  admin: rsc+=, self: R, operator: rsc+=
        *                                       admin: R, self: R, operator: R""",
    "document": """
        SECRET
        authzTo authzFrom                       admin: R
        musterOutbox musterLease                admin: R, courier: c
        musterAppPassword                       admin: rsc, self: rsc, operator: R
        *                                       admin: R, self: R, operator: R""",
    "service": """
        userPassword oathSecret oathTokenPIN musterPaymentReference musterPaymentToken      admin: +-=
        SECRET
        authzTo authzFrom                       admin: W
        musterOutbox musterLease                admin: R, courier: c
        musterAppPassword                       admin: rsc-, owner: rsc-, fellow: R
        labeledURI                              admin: R, owner: R, fellow: R
        *                                       admin: W, owner: W, fellow: R""",
    "group": """
        userPassword oathSecret oathTokenPIN musterPaymentReference musterPaymentToken      admin: +-=
        SECRET
        authzTo authzFrom                       admin: W
        musterOutbox musterLease                admin: R, courier: c
        musterAppPassword                       admin: rsc-, owner: rsc-
        *                                       admin: W, owner: W""",
    "policy": """
        userPassword oathSecret oathTokenPIN musterPaymentReference musterPaymentToken      admin: +-=
        SECRET
        authzTo authzFrom                       admin: W
        musterOutbox musterLease                admin: R, courier: c
        musterAppPassword                       admin: rsc-, owner: rsc-, fellow: R
        *                                       admin: W, owner: W, fellow: R""",
    "template": """
        userPassword oathSecret oathTokenPIN musterPaymentReference musterPaymentToken      admin: +-=
        SECRET
        authzTo authzFrom                       admin: W
        musterOutbox musterLease                admin: R, courier: R
        musterAppPassword                       admin: rsc-, users: R
        *                                       admin: W, users: R""",
    "organization": """
        userPassword oathSecret oathTokenPIN musterPaymentReference musterPaymentToken      admin: +-=
        SECRET
        authzTo authzFrom                       admin: W
        musterOutbox musterLease                admin: R, courier: c
        musterAppPassword                       admin: rsc-, owner: R, fellow: R
        objectClass                             admin: W, owner: R, fellow: R, courier: c, host: c
        musterDomain musterPolicyEntry musterNicknames musterMembersSee owner displayName
        labeledURI                              admin: W, owner: W, fellow: R
        *                                       admin: W, owner: R, fellow: R""",
    "queue entry": """
        userPassword oathSecret oathTokenPIN musterPaymentReference musterPaymentToken      admin: +-=
        SECRET
        authzTo authzFrom                       admin: W
        musterAppPassword                       admin: rsc-, courier: R
        *                                       admin: W, courier: R""",
    "host": """
        userPassword oathSecret oathTokenPIN musterPaymentReference musterPaymentToken      admin: +-=
        SECRET
        authzTo authzFrom                       admin: W
        musterOutbox musterLease                admin: R, courier: c
        musterAppPassword                       admin: rsc-, self: R
        *                                       admin: W, self: R""",
    "operators": """
        userPassword oathSecret oathTokenPIN musterPaymentReference musterPaymentToken      admin: +-=
        SECRET
        authzTo authzFrom                       admin: W
        musterOutbox musterLease                admin: R, courier: c
        musterAppPassword                       admin: rsc-
        *                                       admin: W""",
    "folder of an organization": """
        userPassword                            admin: +-=, owner: +-=
        oathSecret                              admin: +-=, owner: +-=
        oathTokenPIN musterPaymentReference musterPaymentToken      admin: +-=
        SECRET
        authzTo authzFrom                       admin: W
        musterOutbox musterLease                admin: R, courier: R
        musterAppPassword                       admin: rsc-, owner: rsc-
        objectClass                             admin: W, owner: W, courier: R, host: R
        uid musterStatus entryDN                admin: W, owner: W, host: R
        entryUUID                               admin: R, owner: R, courier: R
        *                                       admin: W, owner: W""",
}
RIGHTS["program"] = RIGHTS["host"].replace("admin: R, courier: c", "admin: R, courier: c, self: R")  # who tries is the courier
RIGHTS["administrator"] = RIGHTS["folder"] = """
        objectClass                             admin: W, users: c""" + RIGHTS["operators"]
