"""An SMTP server (aiosmtpd, STARTTLS, AUTH) that fails, stalls and disconnects by chance, at every stage of a message.

    relay = FaultyRelay(certificate=(file, key), login=(name, password), seed=1, stall_sec=1, refused={addresses})
    relay.port, relay.taken, relay.faults      taken: (receivers, whether over TLS, octets) of every message it kept
    relay.calm()                               no more faults
"""

import asyncio
import collections
import functools
import logging
import random
import ssl

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

from .world import free_port

# How often each fault happens, of 1000 times that a stage is come to. A message passes through MAIL, RCPT, DATA and
# text (its end, before it is kept); through greeting, EHLO, STARTTLS and AUTH whenever a connection is new.
CHANCES = {"later": 15, "close": 12, "stall": 2, "slow": 10}
ABOUT_THE_CONNECTION = ("greeting", "EHLO", "STARTTLS")
SLOW_SEC = 0.05

logging.getLogger("mail.log").setLevel(logging.CRITICAL + 1)  # every AUTH is a warning there, every disconnection an error


class _Server(SMTP):
    def __init__(self, relay, *arguments, **options):
        super().__init__(*arguments, **options)
        self.relay = relay

    async def _handle_client(self):
        try:
            if not await self.relay.fails(self, "greeting"):
                await super()._handle_client()
        except ConnectionResetError:
            pass  # our own doing


def _command(name):
    """smtp_NAME of aiosmtpd after the dice were rolled."""
    plain = getattr(SMTP, "smtp_" + name)

    @functools.wraps(plain)
    async def method(self, arg):
        if not await self.relay.fails(self, name):
            await plain(self, arg)
    setattr(_Server, "smtp_" + name, method)


for _name in ("EHLO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA"):
    _command(_name)


class FaultyRelay:
    def __init__(self, certificate, login, seed, stall_sec, refused=()):
        self.chance, self.stall_sec, self.refused = random.Random(seed), stall_sec, set(refused)
        self.taken, self.faults, self.sessions = [], collections.Counter(), 0
        self.chances = {}  # the controller connects once when it starts
        self.port = free_port()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
        wanted = tuple(text.encode() for text in login)
        options = {"tls_context": context, "require_starttls": True, "auth_required": True, "hostname": "relay",
                   "authenticator": lambda _server, _session, _envelope, _mechanism, data: AuthResult(
                       success=isinstance(data, LoginPassword) and (data.login, data.password) == wanted)}
        relay = self

        class Plan(Controller):
            def factory(self):
                relay.sessions += 1
                return _Server(relay, relay, **options)

        self.controller = Plan(self, hostname="127.0.0.1", port=self.port, ready_timeout=60)
        self.controller.start()
        self.chances = CHANCES

    def calm(self):
        self.chances = {}

    def stop(self):
        self.controller.stop()

    def _roll(self):
        dice = self.chance.randrange(1000)
        for fault, chance in self.chances.items():
            if dice < chance:
                return fault
            dice -= chance
        return None

    async def fails(self, server, stage):
        """Roll the dice, and do what they say; True when the stage has its answer with that."""
        fault = self._roll()
        if fault is None:
            return False
        self.faults[stage, fault] += 1
        if fault in ("slow", "stall"):
            # After a stall nobody waits any more; whatever is left of the session goes on as if nothing had been.
            await asyncio.sleep(SLOW_SEC if fault == "slow" else self.stall_sec)
            return False
        if fault == "later":
            about = stage in ABOUT_THE_CONNECTION
            await server.push("%s %s: later" % ("421 4.3.2" if about else "451 4.3.0", stage))
            if about:
                server.transport.close()
            return True
        server.transport.abort()
        raise ConnectionResetError(stage)

    # --- hooks of aiosmtpd ---------------------------------------------------------------------------------

    async def handle_RCPT(self, _server, _session, envelope, address, _options):
        if address in self.refused:
            self.faults["RCPT", "never"] += 1
            return "550 5.1.1 no such user"
        envelope.rcpt_tos.append(address)
        return "250 ok"

    async def handle_DATA(self, server, session, envelope):
        """A fault here loses the text, except the last one: it is kept and nobody is told, so it comes once more."""
        fault = self._roll()
        if fault is not None:
            self.faults["text", fault] += 1
        if fault == "later":
            return "451 4.3.0 text: later"
        if fault == "close":
            server.transport.abort()
            raise ConnectionResetError("text")
        if fault is not None:
            await asyncio.sleep(SLOW_SEC if fault == "slow" else self.stall_sec)
        self.taken.append((tuple(envelope.rcpt_tos), session.ssl is not None, envelope.original_content))
        if self._roll() == "close":
            self.faults["kept", "close"] += 1
            server.transport.abort()
            raise ConnectionResetError("kept")
        return "250 kept"
