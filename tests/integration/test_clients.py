#!/usr/bin/python3
"""nslcd and SSSD of Debian as they are, their PAM modules in front of a directory with muster: what a login host without
pam_muster answers. Neither asks for a code, so it is typed behind the password."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from lib import people, tap, totp  # noqa: E402
from lib.gate import BUILD, Dialogue  # noqa: E402
from lib.session import RELAX  # noqa: E402
from lib.site import CODE, HOST_PASSWORD, PASSWORD, Site  # noqa: E402

PAM_SUCCESS, PAM_PERM_DENIED, PAM_AUTH_ERR, PAM_AUTHINFO_UNAVAIL, PAM_USER_UNKNOWN = 0, 6, 7, 9, 10
PAM_NEW_AUTHTOK_REQD, PAM_AUTHTOK_ERR = 12, 20
GIVEN, CHOSEN = "Given#2026", "Summer#2027"
OLD_STAMP = ("replace", "pwdChangedTime", "20200101000000Z")
MODULES = {"nslcd": "pam_ldap.so", "sssd": "pam_sss.so"}

site = Site()
site.secrets.update((GIVEN, CHOSEN))
site.start_nslcd()
site.start_sssd()
site.host.copy(os.path.join(BUILD, "pam-login"), "/usr/bin/pam-login", 0o755)
for client, module in MODULES.items():
    site.host.write("/etc/pam.d/" + client, "".join("%s required %s\n" % (group, module)
                                                    for group in ("auth", "account", "password", "session")))


def run(client, one, answers, *calls):
    """PAM calls through a client's module; "self" among them makes the member itself the caller."""
    calls = ["uid=" + site.host.must("id", "-u", one.uid).strip() if call == "self" else call for call in calls]
    done = site.host.run("pam-login", "/etc/pam.d", client, one.uid, *calls, input="".join(a + "\n" for a in answers).encode())
    lines = done.stdout.decode(errors="replace").splitlines()
    results = dict(line.split("=") for line in lines if line.split("=")[0] in calls)
    return Dialogue(lines, {name: int(number) for name, number in results.items()})


def answers(client, what, one, typed, auth, account=PAM_SUCCESS, says=None):
    seen = run(client, one, [typed], "auth", "account")
    tap.is_(seen.results, {"auth": auth, "account": account}, "%s: %s" % (client, what))
    if says:
        tap.in_(says, seen.text, "%s: and says so" % client)


def expire(*members):
    for one in members:
        site.modify(one, OLD_STAMP, controls=[RELAX])


def set_age(value):
    with site.world.use("root") as root:
        people.must(root.modify(site.org.policy, ("replace", "pwdMaxAge", value)), "policy")


def logins(client):
    plain, one, gone = site.member(), site.member(factor=True), site.member()
    answers(client, "the right password is let in", plain, plain.password, PAM_SUCCESS)
    answers(client, "a wrong one is refused", plain, "wrong", PAM_AUTH_ERR)
    answers(client, "of a member with a second factor the password alone is refused", one, one.password, PAM_AUTH_ERR)
    answers(client, "a wrong code is refused", one, one.password + totp.wrong_code(one.secret), PAM_AUTH_ERR)
    credential = one.credential()
    site.secrets.add(credential)
    answers(client, "password and code in one are let in", one, credential, PAM_SUCCESS)
    answers(client, "the same once more is refused", one, credential, PAM_AUTH_ERR)
    site.modify(gone, ("replace", "musterStatus", "suspended"))
    answers(client, "a suspended member is refused", gone, gone.password, PAM_AUTH_ERR)
    unknown = people.Member("", "nobody-here", "")
    answers(client, "an unknown one is nobody", unknown, "wrong", PAM_USER_UNKNOWN, PAM_USER_UNKNOWN)


def must_change(client, says):
    """Neither client has a dialogue for it that the directory would take: refused, with a reason where there is one."""
    one = site.member()
    site.modify(one, ("replace", "userPassword", GIVEN))
    answers(client, "who must change the password is refused", one, GIVEN, PAM_AUTH_ERR,
            PAM_NEW_AUTHTOK_REQD if says else PAM_SUCCESS, says)
    seen = run(client, one, [GIVEN, CHOSEN, CHOSEN], "self", "change")
    tap.ok(seen.results.get("change") not in (PAM_SUCCESS, 25, None), "%s: and cannot change it there" % client, seen.text)
    answers(client, "the password is the one it was", one, CHOSEN, PAM_AUTH_ERR)


def expired(client, auth, says):
    plain, one = site.member(), site.member(factor=True)
    expire(plain, one)
    set_age("86400")
    answers(client, "an expired password is told in account", plain, plain.password, auth, PAM_NEW_AUTHTOK_REQD, says)
    answers(client, "a wrong one is wrong, expired or not", plain, "wrong", PAM_AUTH_ERR)
    answers(client, "expired or not, the password without its code is refused", one, one.password, PAM_AUTH_ERR)
    seen = run(client, plain, [plain.password] * 2 + [CHOSEN] * 2)
    tap.ok("-> in" not in seen.text, "%s: a whole login does not get in" % client, seen.text)
    seen = run(client, plain, [plain.password, CHOSEN, CHOSEN], "self", "change")
    tap.ok(seen.results.get("change") not in (PAM_SUCCESS, 25, None), "%s: and cannot change it there" % client, seen.text)
    set_age(None)
    answers(client, "when nothing expires it is good", plain, plain.password, PAM_SUCCESS)


def change(client, refused):
    plain, one = site.member(), site.member(factor=True)
    seen = run(client, plain, [plain.password, CHOSEN, CHOSEN], "self", "change")
    tap.is_(seen.results, {"change": PAM_SUCCESS}, "%s: passwd" % client)
    answers(client, "the new password is let in", plain, CHOSEN, PAM_SUCCESS)
    answers(client, "the old one is not", plain, plain.password, PAM_AUTH_ERR)
    seen = run(client, plain, [CHOSEN, "abc", "abc"], "self", "change")
    tap.is_(seen.results, {"change": refused}, "%s: passwd with one that breaks rules" % client)
    tap.in_("password refused: min-length=8 digit special", seen.text, "%s: names them" % client)
    seen = run(client, plain, ["wrong", CHOSEN, CHOSEN], "self", "change")
    tap.is_(seen.results, {"change": PAM_AUTH_ERR}, "%s: passwd with a wrong old one" % client)
    seen = run(client, one, [one.credential(), CHOSEN, CHOSEN], "self", "change")
    tap.ok(seen.results.get("change") not in (PAM_SUCCESS, 25, None),
           "%s: passwd of a member with a second factor needs the code twice and is refused" % client, seen.text)


def test_nslcd():
    logins("nslcd")
    must_change("nslcd", "Password must be changed")
    expired("nslcd", PAM_AUTH_ERR, "Password expired")
    change("nslcd", PAM_PERM_DENIED)


def test_sssd():
    logins("sssd")
    must_change("sssd", None)
    expired("sssd", PAM_SUCCESS, "Password expired. Change your password now.")
    change("sssd", PAM_NEW_AUTHTOK_REQD)


def test_numbers_of_the_host():
    """Whoever wrote numbers of the host's: nobody becomes a user of it, or comes into a group of it, like that."""
    plain, low, in_sudo = site.member(), site.member(uidNumber="0"), site.member(gidNumber="27")
    groups = {"fellows": "20999", "seeming": "27"}
    with site.world.use("root") as root:
        for name, number in groups.items():
            people.must(root.add("cn=%s,ou=groups,%s" % (name, site.org.dn), {
                "objectClass": ["posixGroup"], "cn": name, "gidNumber": number, "memberUid": plain.uid}, controls=[RELAX]), name)

    def is_there(service, database, key):
        return site.host.run("getent", "-s", service, database, key).returncode == 0

    for client, service in (("nslcd", "ldap"), ("sssd", "sss")):
        tap.ok(is_there(service, "passwd", plain.uid) and is_there(service, "group", "fellows"), "%s: a member, a group" % client)
        for one, what in ((low, "root's number"), (in_sudo, "sudo's group as its own")):
            tap.ok(not is_there(service, "passwd", one.uid), "%s: who has %s is nobody" % (client, what))
        tap.ok(not is_there(service, "group", "seeming"), "%s: a group with sudo's number is none" % client)
        numbers = site.host.run("getent", "-s", service, "initgroups", plain.uid).stdout.decode().split()
        tap.ok("27" not in numbers, "%s: so it has no members" % client, numbers)


def test_another_module_before_ours():
    """Who puts pam_ldap or pam_sss before pam_muster skips no code: the directory refuses the password alone."""
    for client, module in MODULES.items():
        one = site.member(factor=True)
        for name in ("su", "su-l"):
            site.host.write("/etc/pam.d/" + name, "auth sufficient %s%s\nauth required pam_muster.so try_first_pass\n"
                            "account required pam_muster.so\nsession required pam_permit.so\n"
                            % (module, " forward_pass" if client == "sssd" else ""))
        seen = site.su(one.uid, (PASSWORD, one.password), (CODE, totp.wrong_code(one.secret)))
        tap.ok(not seen.is_in and seen.prompts == 2, "%s before: the code is asked for, a wrong one refused" % module, seen.text)
        seen = site.su(one.uid, (PASSWORD, one.password), (CODE, one.code()))
        tap.ok(seen.is_in, "%s before: the right one is let in" % module, seen.text)


def test_directory_gone():
    one = site.member()
    for client in MODULES:
        answers(client, "the directory is there", one, one.password, PAM_SUCCESS)
    site.world.stop()
    for client in MODULES:
        seen = run(client, one, [one.password], "auth")
        tap.ok(seen.results["auth"] not in (PAM_SUCCESS, 25), "%s: without the directory nobody is let in" % client, seen.text)
    site.world.start()


def test_no_secret_in_any_log():
    for name, text in (("nslcd", site.host.output("nslcd")), ("sssd", site.host.output("sssd")), ("slapd", site.world.log()),
                       ("syslog", site.host.log())):
        # SSSD itself prints its settings at this level, its own bind password among them.
        found = [secret for secret in site.secrets - ({HOST_PASSWORD} if name == "sssd" else set()) if secret in text]
        tap.is_(found, [], "no password or code in the log of %s" % name)


def teardown():
    site.stop()


if __name__ == "__main__":
    tap.main(globals())
