"""An SMTP server on loopback that keeps each message in a file of its own."""

import email
import email.policy
import os
import socket
import ssl
import threading
import time

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from .world import free_port


class _Store:
    """Writes what arrives; refuses while refuse is set to a reply such as "451 later"."""

    def __init__(self, folder):
        self.folder, self.refuse, self.count, self.lock = folder, None, 0, threading.Lock()

    async def handle_DATA(self, server, session, envelope):
        if self.refuse:
            return self.refuse
        with self.lock:
            self.count += 1
            path = os.path.join(self.folder, "%06d.eml" % self.count)
        head = "X-Envelope-From: %s\r\nX-Envelope-To: %s\r\nX-Tls: %s\r\n" % (
            envelope.mail_from, ",".join(envelope.rcpt_tos), "yes" if session.ssl else "no")
        with open(path + ".part", "wb") as file:
            file.write(head.encode() + envelope.original_content)
        os.rename(path + ".part", path)
        return "250 kept"


class _Controller(Controller):
    """One that hangs up when it is stopped, as a server that ends does."""

    def __init__(self, *arguments, **more):
        self.sessions = []
        super().__init__(*arguments, **more)

    def factory(self):
        self.sessions.append(super().factory())
        return self.sessions[-1]

    def stop(self):
        for session in self.sessions:
            if session.transport is not None:
                try:
                    session.transport.get_extra_info("socket").shutdown(socket.SHUT_RDWR)
                except OSError:  # it hung up first
                    pass
        super().stop()


class MailServer:
    """certificate: (file, key) turns on STARTTLS. login: (name, password) demands AUTH."""

    def __init__(self, folder, certificate=None, login=None, port=None):
        os.makedirs(folder, exist_ok=True)
        self.folder, self.port = folder, port or free_port()
        self.store = _Store(folder)
        options = {}
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            options.update(tls_context=context, require_starttls=True)
        if login:
            options.update(auth_required=True, auth_require_tls=bool(certificate),
                           authenticator=lambda _s, _x, _e, _m, data: AuthResult(
                               success=isinstance(data, LoginPassword)
                               and (data.login, data.password) == tuple(t.encode() for t in login)))
        self.options = options
        self.controller = None
        self.start()

    def start(self):
        self.controller = _Controller(self.store, hostname="127.0.0.1", port=self.port, ready_timeout=60, **self.options)
        self.controller.start()

    def stop(self):
        if self.controller:
            self.controller.stop()
            self.controller = None

    def refuse(self, reply):
        """Answer DATA with this reply from now on; None takes messages again."""
        self.store.refuse = reply

    def messages(self):
        """All messages, oldest first, parsed."""
        found = []
        for name in sorted(os.listdir(self.folder)):
            if name.endswith(".eml"):
                with open(os.path.join(self.folder, name), "rb") as file:
                    found.append(email.message_from_binary_file(file, policy=email.policy.default))
        return found

    def wait(self, count, to=None, limit_sec=120):
        """Wait until count messages (to an address) are there; those messages."""
        end = time.monotonic() + limit_sec
        while True:
            found = [m for m in self.messages() if to is None or to in m["X-Envelope-To"].split(",")]
            if len(found) >= count:
                return found
            if time.monotonic() > end:
                raise RuntimeError("%d of %d messages to %s" % (len(found), count, to))
            time.sleep(0.05)


def token_of(message):
    """The token of a message: it stands alone on a line of the text part."""
    text = message.get_body(("plain",)).get_content()
    return next((line.strip() for line in text.splitlines() if line.strip().startswith("mr1-")), None)
