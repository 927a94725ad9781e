"""What the rules of doc/ARCHITECTURE.md ("Bind of a member") make of a state of the second factor, a policy and a credential."""

from .ways import CODE, ENROL, IN, REFUSED, UNUSABLE

# none: never had one. pending: enrolment was begun and the confirming code was wrong. removed: had one.
TOKENS = ("none", "pending", "active", "undecryptable", "removed")
POLICIES = ("off", "optional", "required")
CREDENTIALS = ("password alone", "with the code", "with a spent code", "wrong password, with the code", "with a wrong code")
HAS_SEED = ("active", "undecryptable")


def in_force(token, policy):
    return policy != "off" and token in HAS_SEED


def expected(token, policy, credential):
    """The verdict."""
    if credential.startswith("wrong password"):
        return REFUSED
    if not in_force(token, policy):
        if credential != "password alone":
            return REFUSED  # without a factor what looks like a code is the end of a password, a wrong one here
        return ENROL if policy == "required" else IN
    if credential == "password alone":
        return CODE
    if token == "undecryptable":
        return UNUSABLE  # never the password alone, because the code cannot be judged
    return IN if credential == "with the code" else REFUSED


def expected_asking(token, policy, credential):
    """PAM and the command ask for a code only when the directory wants one; else nobody types it."""
    if in_force(token, policy) or credential.startswith("wrong password"):
        return expected(token, policy, credential)
    return expected(token, policy, "password alone")
