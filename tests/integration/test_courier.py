#!/usr/bin/python3
"""The courier on real parts: slapd with the overlay, musterd, an SMTP server with STARTTLS and AUTH."""

import asyncio
import os
import random
import signal
import socket
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from lib import exops, mail, people, smtp, tap  # noqa: E402
from lib.daemon import Daemon, wait_for  # noqa: E402
from lib.tap import in_, is_, ok  # noqa: E402
from lib.world import World  # noqa: E402

LOGIN = ("muster", "relay-secret")
NEW_PASSWORD = "Autumn#2026"
LEASE_SEC = 2
SMTP_TIMEOUT_MS = "30000"  # a mail that a slow machine does not send in time is sent again, and the token of the first is void

world = World(config=("olcMusterLease: %d" % LEASE_SEC,))
root = world.session("root")
acme = people.organization(world)
server = mail.MailServer(os.path.join(world.folder, "mail"), certificate=(world.places["CERT"], world.places["KEY"]),
                         login=LOGIN)
daemon = Daemon(world)
daemon.configure({"courier": {
    "enabled": "yes", "smtp_url": "smtp://127.0.0.1:%d" % server.port, "smtp_user": LOGIN[0],
    "smtp_password_file": daemon.secret("smtp.pw", LOGIN[1], "courier"), "smtp_ca_file": world.cacert,
    "smtp_timeout_ms": SMTP_TIMEOUT_MS,
    "service_name": "에이크미 Acme", "reset_url": "https://id.example.com/reset#"}})
daemon.start()


def member(uid, **more):
    return people.member(acme, uid, root=root, **more)


def ask(one):
    with world.use() as stranger:
        return people.must(exops.request_reset(stranger, one.dn), "reset of " + one.dn)


def redeem(one, token, new=NEW_PASSWORD):
    with world.use() as stranger:
        return exops.redeem(stranger, one.dn, token, new).code


def owed():
    """Record ids that the directory still owes."""
    found = []
    for dn, attributes in root.search(world.base, "(|(musterOutbox=*)(objectClass=musterRequest))", ["musterOutbox"]).entries:
        found += [v.decode().split()[0] for v in attributes.get("musterOutbox", [dn.encode()])]
    return found


def nothing_owed(limit_sec=60):
    wait_for("nothing is owed", lambda: not owed(), limit_sec)


def stop_relay():
    """When nothing is under way."""
    nothing_owed()
    server.stop()


def text_of(message):
    return message.get_body(("plain",)).get_content()


def test_first_password_in_korean():
    one = member("minji", preferredLanguage="ko-KR", displayName="김민지")
    ask(one)
    message = server.wait(1, one.mail)[0]
    is_(message["Subject"], "에이크미 Acme: 첫 비밀번호를 설정해 주세요", "the subject is Korean")
    is_(message["From"], "에이크미 Acme <muster@example.com>", "the sender has the name of the service")
    is_(message["To"], one.mail, "one receiver in the header")
    is_(message["X-Envelope-To"], one.mail, "one receiver in the envelope")
    is_(message["X-Envelope-From"], "muster@example.com", "the envelope's sender")
    is_(message["X-Tls"], "yes", "it came over TLS")
    is_(message["Content-Language"], "ko", "Content-Language")
    is_(message.get_content_type() + " " + message.get_content_charset(), "text/plain utf-8", "one part of text")
    ok(message["Date"].datetime is not None and message["Message-ID"], "Date and Message-ID")
    in_("\n안녕하세요.\n", "\n" + text_of(message), "the greeting")
    ok("김민지" not in text_of(message), "without the name: the address is not proved")
    token = mail.token_of(message)
    in_("\n%s\n" % token, text_of(message), "the token stands alone on a line")
    in_("\nhttps://id.example.com/reset#%s\n" % token, text_of(message), "the link is the configured one")
    is_(redeem(one, token), 0, "the token sets a password")
    is_(redeem(one, token, NEW_PASSWORD + "!"), 49, "and works once")
    with world.use() as session:
        is_(session.bind(one.dn, NEW_PASSWORD).code, 0, "the password works")


def test_first_password_in_english():
    one = member("alice")
    ask(one)
    message = server.wait(1, one.mail)[0]
    is_(message["Subject"], "에이크미 Acme: choose your first password", "the subject is English")
    is_(message["Content-Language"], "en", "Content-Language")
    in_("\nHello,\n", "\n" + text_of(message), "the greeting is without a name")
    is_(redeem(one, mail.token_of(message)), 0, "the token sets a password")


def test_reset_of_who_has_a_password():
    """The token of the first mail proved the address: who has it is called by name."""
    for uid, language, name, subject, greeting in (
            ("minho", "ko-KR", "김민호", "새 비밀번호를 설정해 주세요", "김민호 님, 안녕하세요."),
            ("albert", "en", "Albert Ames", "choose a new password", "Hello Albert Ames,")):
        one = member(uid, preferredLanguage=language, displayName=name)
        ask(one)
        is_(redeem(one, mail.token_of(server.wait(1, one.mail)[0])), 0, uid + ": the first password")
        server.wait(2, one.mail)
        ask(one)
        message = server.wait(3, one.mail)[2]
        is_(message["Subject"], "에이크미 Acme: " + subject, uid + ": the subject is that of a reset")
        in_("\n%s\n" % greeting, "\n" + text_of(message), uid + ": the member is called by name")
        is_(redeem(one, mail.token_of(message), NEW_PASSWORD + "!"), 0, uid + ": the token sets another password")


def test_notices():
    one = member("bob", preferredLanguage="ko")
    people.must(root.modify(one.dn, ("replace", "userPassword", people.PASSWORD)), "password by an admin")
    message = server.wait(1, one.mail)[0]
    is_(message["Subject"], "에이크미 Acme: 관리자가 비밀번호를 설정했습니다", "a password set by an admin is told")
    with world.use() as session:
        is_(exops.change_password(session, one.dn, people.PASSWORD, NEW_PASSWORD).code, 0, "it is changed")
    message = server.wait(2, one.mail)[1]
    is_(message["Subject"], "에이크미 Acme: 비밀번호가 변경되었습니다", "a changed password is told")
    people.give_factor(world, one, root=root)
    message = server.wait(3, one.mail)[2]
    is_(message["Subject"], "에이크미 Acme: 2차 인증 수단이 등록되었습니다", "a new factor is told")
    people.must(root.modify(one.dn, ("delete", "oathSecret", None)), "factor removed")
    message = server.wait(4, one.mail)[3]
    is_(message["Subject"], "에이크미 Acme: 2차 인증 수단이 해제되었습니다", "a removed factor is told")
    ok(all("mr1-" not in text_of(m) for m in server.wait(4, one.mail)), "no notice holds a token")
    nothing_owed()


def test_unknown_member_gets_nothing():
    before = len(server.messages())
    with world.use() as stranger:
        is_(exops.request_reset(stranger, exops.target_login("nobody", "acme-corp")).code, 0, "the answer is the same")
    nothing_owed()
    is_(len(server.messages()), before, "no mail")


def test_relay_says_later():
    one = member("carol")
    server.refuse("451 4.7.1 greylisted")
    ask(one)
    wait_for("the refusal is logged", lambda: "greylisted" in daemon.log())
    ok(owed(), "the record stays")
    server.refuse(None)
    message = server.wait(1, one.mail)[0]
    is_(redeem(one, mail.token_of(message)), 0, "it is sent later, and its token works")
    nothing_owed()


def test_relay_refuses_the_message():
    """A 5xx to a mail stays one: it is given up, and others go on."""
    one = member("chris")
    server.refuse("554 5.7.1 policy")
    ask(one)
    nothing_owed()
    in_("to=%s refused for good" % one.mail, daemon.log(), "the refusal is logged")
    server.refuse(None)
    other = member("cora")
    ask(other)
    ok(server.wait(1, other.mail), "the next one is served")


def test_relay_refuses_us():
    """A 5xx before the receiver is named is about us, not about the mail: nothing is thrown away."""
    for step in ("MAIL", "EHLO", "AUTH", "STARTTLS", ""):
        one = member("relay-5xx-" + (step or "greeting").lower())
        stop_relay()
        relay = smtp.Relay(server.port, (world.places["CERT"], world.places["KEY"]), {step: "550 5.7.0 not you"})
        ask(one)
        wait_for("the refusal is logged", lambda to=one.mail: "to=%s not sent" % to in daemon.log())
        ok(owed(), "5xx to %s: the record stays" % (step or "the connection"))
        relay.stop()
        server.start()
        is_(redeem(one, mail.token_of(server.wait(1, one.mail)[0])), 0, "and it is sent later")


def test_relay_refuses_the_receiver():
    one = member("dave")
    handler = server.store

    async def handle_RCPT(_server, _session, envelope, address, _options):
        if address == one.mail:
            return "550 5.1.1 no such user"
        envelope.rcpt_tos.append(address)
        return "250 ok"

    handler.handle_RCPT = handle_RCPT
    stop_relay()
    server.start()
    ask(one)
    nothing_owed()
    in_("no such user", daemon.log(), "the refusal is logged")
    is_(len([m for m in server.messages() if m["X-Envelope-To"] == one.mail]), 0, "no mail")
    other = member("dora")
    ask(other)
    ok(server.wait(1, other.mail), "the next one is served")
    del handler.handle_RCPT


def test_relay_is_away():
    one = member("erin")
    stop_relay()
    ask(one)
    wait_for("a failure is logged", lambda: "to=%s not sent" % one.mail in daemon.log())
    server.start()
    is_(redeem(one, mail.token_of(server.wait(1, one.mail)[0])), 0, "it is sent once the relay is back")
    nothing_owed()


class Junk:
    """A relay that misbehaves: accepts, then does what behave(connection) does."""

    def __init__(self, port, behave):
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("127.0.0.1", port))
        self.listener.listen(8)
        self.seen = 0
        self.open = []
        self.behave = behave
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.seen += 1
            self.open.append(connection)
            try:
                self.behave(connection)
            except OSError:
                pass

    def stop(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for connection in self.open:
            connection.close()


def test_relay_misbehaves():
    def stall(_connection):
        pass

    def hang_up(connection):
        connection.close()

    def no_tls(connection):
        connection.sendall(b"220 relay\r\n")
        connection.recv(1024)
        connection.sendall(b"250-relay\r\n250 AUTH PLAIN LOGIN\r\n")
        rest = connection.recv(1024)
        seen.append(rest)
        connection.sendall(b"250 ok\r\n")

    def garbage(connection):
        connection.sendall(os.urandom(5000))
        connection.close()

    seen = []
    for name, behave in (("stalls", stall), ("hangs up", hang_up), ("offers no STARTTLS", no_tls), ("sends junk", garbage)):
        one = member("relay-" + name.replace(" ", "-").lower())
        daemon.configure({"courier": {"smtp_timeout_ms": "3000"}})
        daemon.reload()
        stop_relay()
        junk = Junk(server.port, behave)
        ask(one)
        wait_for("a failure is logged", lambda: "to=%s not sent" % one.mail in daemon.log())
        ok(owed(), "a relay that %s: the record stays" % name)
        junk.stop()
        server.start()
        daemon.configure({"courier": {"smtp_timeout_ms": SMTP_TIMEOUT_MS}})
        daemon.reload()
        is_(redeem(one, mail.token_of(server.wait(1, one.mail)[0])), 0, "a relay that %s: it is sent later" % name)
    ok(all(b"AUTH" not in rest and b"MAIL" not in rest for rest in seen), "without TLS neither password nor mail is sent")


def test_wrong_relay_certificate():
    one = member("faythe")
    daemon.configure({"courier": {"smtp_ca_file": "/etc/ssl/certs/ca-certificates.crt"}})
    daemon.reload()
    ask(one)
    wait_for("a failure is logged", lambda: "to=%s not sent" % one.mail in daemon.log())
    ok(owed(), "a relay that is not who it must be gets nothing")
    daemon.configure({"courier": {"smtp_ca_file": world.cacert}})
    daemon.reload()
    ok(server.wait(1, one.mail), "with the right authority it is sent")


def test_slapd_restarts():
    for round_ in range(3):
        one = member("grace%d" % round_)
        world.restart() if round_ else world.kill()
        if not round_:
            world.start()
        reconnect()
        ask(one)
        is_(redeem(one, mail.token_of(server.wait(1, one.mail)[0])), 0, "round %d: sent after slapd came back" % round_)
    nothing_owed()


def reconnect():
    global root
    if daemon.as_root:
        os.chmod(world.ldapi_path, 0o777)
    root = world.session("root")


def test_no_secret_in_the_log():
    tokens = [mail.token_of(m) for m in server.messages()]
    log = daemon.log()
    ok(any(tokens), "there were tokens")
    ok(not any(t in log for t in tokens if t), "no token is in the log")
    ok(LOGIN[1] not in log and world.courier_password not in log, "no password is in the log")


@tap.fault(28)
def test_killed_at_random_moments():
    """200 resets while the courier dies 50 times: each member ends with a mail whose token works, no older one does."""
    seed = int.from_bytes(os.urandom(4), "big")
    tap.note("seed %d" % seed)
    moments = random.Random(seed)
    take = server.store.handle_DATA

    async def slowly(*arguments):
        """A mail takes its time, so that deaths fall before it is kept and between that and its answer."""
        await asyncio.sleep(moments.uniform(0, 0.1))
        answer = await take(*arguments)
        await asyncio.sleep(moments.uniform(0, 0.1))
        return answer

    server.store.handle_DATA = slowly
    members = [member("kill%03d" % i) for i in range(200)]
    begun = time.monotonic()
    asking = threading.Thread(target=lambda: [(ask(one), time.sleep(0.1)) for one in members])
    asking.start()
    dead = None
    for _ in range(50):
        pid = wait_for("a living courier", lambda d=dead: daemon.children().get("courier") not in (None, d)
                       and daemon.children().get("courier"))
        time.sleep(moments.uniform(0, 1.5))
        os.kill(pid, signal.SIGKILL)
        dead = pid
    asking.join()
    nothing_owed(120)
    tap.note("%.0f s" % (time.monotonic() - begun))
    mails = {}
    for message in server.messages():
        mails.setdefault(message["X-Envelope-To"], []).append(mail.token_of(message))
    with_mail = [one for one in members if mails.get(one.mail)]
    is_(len(with_mail), len(members), "every member has a mail")
    twice = [one for one in members if len(mails.get(one.mail, [])) > 1]
    tap.note("%d members have more than one mail" % len(twice))
    old = [redeem(one, token) for one in twice for token in mails[one.mail][:-1]]
    ok(all(code == 49 for code in old), "no older token works", str(old))
    last = [redeem(one, mails[one.mail][-1]) for one in with_mail]
    is_(sorted(set(last)), [0], "the newest token of every member works")
    server.store.handle_DATA = take
    nothing_owed()
    is_(owed(), [], "outbox and queue are empty")


def test_ends_in_an_orderly_way():
    pids = list(daemon.children().values())
    is_(daemon.stop(), 0, "SIGTERM ends musterd with status 0")
    ok(not any(os.path.exists("/proc/%d" % pid) for pid in pids), "and its children with it")


def teardown():
    server.stop()


tap.main(globals())
