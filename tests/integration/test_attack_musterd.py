#!/usr/bin/python3
"""What hostile relays, members and users of the host can try with musterd."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from lib import exops, people, smtp, tap  # noqa: E402
from lib.daemon import Daemon, wait_for  # noqa: E402
from lib.world import World, free_port  # noqa: E402

SECRET = "relay-secret"

world = World(config=("olcMusterLease: 2",))
root = world.session("root")
acme = people.organization(world)
CERTIFICATE = (world.places["CERT"], world.places["KEY"])
port = free_port()
daemon = Daemon(world, {"courier": {"enabled": "yes", "smtp_url": "smtp://127.0.0.1:%d" % port, "smtp_user": "muster",
                                    "smtp_ca_file": world.cacert, "smtp_timeout_ms": "30000"}})
daemon.configure({"courier": {"smtp_password_file": daemon.secret("smtp.pw", SECRET, "courier")}})
daemon.start()


def owe(uid, **more):
    """A member whom the directory owes a mail."""
    one = people.member(acme, uid, root=root, **more)
    with world.use() as stranger:
        people.must(exops.request_reset(stranger, one.dn), "reset of " + one.dn)
    return one


def failures(one):
    return daemon.log().count("to=%s not sent" % one.mail)


def meet(uid, replies):
    """One member's mail and a relay that gives these replies: what it saw in the clear and through TLS."""
    relay = smtp.Relay(port, CERTIFICATE, replies)
    try:
        one = owe(uid)
        wait_for("a failure is logged", lambda: failures(one))
        root.delete(one.dn)
    finally:
        relay.stop()
    return b"".join(relay.clear), b"".join(relay.secret)


def holds_nothing(octets):
    return not any(word in octets.upper() for word in (b"AUTH", b"MAIL", b"RCPT", b"DATA", b"MR1-"))


def test_stripped_starttls():
    for uid, replies in (("strip1", {"EHLO": "250-relay\r\n250 AUTH PLAIN LOGIN"}),
                         ("strip2", {"EHLO": "500 what?"}),
                         ("strip3", {"STARTTLS": "502 not here"}),
                         ("strip4", {"STARTTLS": "454 not now"})):
        clear, secret = meet(uid, replies)
        tap.ok(holds_nothing(clear) and not secret, "%s: no TLS, no password and no mail" % uid, repr(clear))


def test_answers_injected_before_tls():
    """A man in the middle appends answers to the one before the handshake, to be taken for answers that came through TLS."""
    def inject(connection):
        connection.sendall(b"220 go on\r\n250-relay\r\n250 AUTH PLAIN\r\n235 welcome\r\n250 ok\r\n250 ok\r\n354 go on\r\n250 kept\r\n")

    clear, secret = meet("inject", {"STARTTLS": inject})
    tap.ok(holds_nothing(clear) and holds_nothing(secret), "injected answers end the connection", repr((clear, secret)))


def test_relay_without_end():
    """Each ends at the deadline for a message, and the next record has its turn."""
    def for_ever(octets):
        def pour(connection):
            while True:
                connection.sendall(octets)
        return pour

    daemon.configure({"courier": {"smtp_timeout_ms": "2000"}})
    daemon.reload()
    for uid, replies in (("endless1", {"EHLO": for_ever(b"250-more\r\n" * 100)}), ("endless2", {"": for_ever(b"x" * 4096)}),
                         ("endless3", {"": for_ever(b"220-more\r\n" * 100)}), ("endless4", {"EHLO": for_ever(b"\0\xff\n")})):
        clear, _ = meet(uid, replies)
        tap.ok(holds_nothing(clear), "%s: the courier gives up" % uid)
    tap.ok("courier: pid" not in daemon.log(), "and lives")
    # A mail that a slow machine does not send in time is sent twice.
    daemon.configure({"courier": {"smtp_timeout_ms": "30000"}})
    daemon.reload()


def test_names_make_no_header():
    """What a member may write into its own entry stays text."""
    relay = smtp.Relay(port, CERTIFICATE, {})
    evil = "Mal\r\nBcc: evil@x.example\r\n\r\nClick https://evil.example"
    one = owe("mallory", displayName=evil, preferredLanguage="ko, ../../../tmp/x;q=1, en\r\nBcc: a@b")
    long = owe("long", displayName="\u202e\u2028\0" + "\uac00" * 4000, preferredLanguage="ko," + "x" * 10000)
    wait_for("both are sent", lambda: all("to=%s sent" % m.mail in daemon.log() for m in (one, long)))
    relay.stop()
    text = b"".join(relay.secret)
    tap.is_(text.count(b"RCPT TO:"), 2, "one receiver each")
    tap.ok(b"\nBcc:" not in text and b"\nClick" not in text, "no line of its own", repr(text))
    tap.ok(max(map(len, text.splitlines())) < 999, "no line longer than SMTP has room for")
    tap.ok(text.isascii(), "no octets beyond ASCII")


def test_addresses_that_are_none():
    """They are given up at once and hold up nobody."""
    evil = ["a@b>\r\nRCPT TO:<evil@x.example", "a@b> SIZE=1", "<a@b>", "a@b,c@d", "a@b@c", "@", "a@", "a b@c.example",
            "\u00e4@example.com", "a" * 400 + "@example.com", "a@example.com\0b", "\"a b\"@example.com", "a@[127.0.0.1]"]
    relay = smtp.Relay(port, CERTIFICATE, {})
    made = 0
    for number, address in enumerate(evil):
        try:
            owe("evil%d" % number, mail=address)
            made += 1
        except RuntimeError as error:  # the directory itself refuses what mail's syntax (IA5) cannot hold
            tap.note(error)
    last = owe("honest")
    wait_for("the one after them is sent", lambda: "to=%s sent" % last.mail in daemon.log())
    wait_for("nothing is owed", lambda: not root.search(world.base, "(objectClass=musterRequest)", ["cn"]).entries)
    relay.stop()
    text = b"".join(relay.secret)
    tap.is_(text.count(b"RCPT TO:"), 1, "one receiver in all")
    tap.ok(made > 5 and b"evil@x" not in text, "and not the evil one")


def test_log_lines_stay_lines():
    log = daemon.log()
    tap.ok(all(line.startswith("musterd: ") for line in log.splitlines()), "every line of the log is musterd's",
           [line for line in log.splitlines() if not line.startswith("musterd: ")])
    tap.ok(SECRET not in log and "mr1-" not in log, "no secret in it")


def teardown():
    daemon.stop()


tap.main(globals())
