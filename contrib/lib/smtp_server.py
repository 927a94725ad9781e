"""An SMTP server on loopback for the demo and the tests: STARTTLS and AUTH demanded, one file per message.

It is aiosmtpd (package python3-aiosmtpd), a complete RFC 5321 server, with delivery into a folder.
"""

import argparse
import asyncio
import os
import re
import signal
import ssl
import warnings

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword


class Folder:
    """Delivers each accepted message to a file of its own; complete before it has its name."""

    def __init__(self, directory):
        self.directory = directory
        # Started again, it must not write over what it delivered before.
        self.count = max([int(name[:-4]) for name in os.listdir(directory) if re.fullmatch(r"\d+\.eml", name)], default=0)

    async def handle_DATA(self, server, session, envelope):
        self.count += 1
        name = "%06d.eml" % self.count
        part = os.path.join(self.directory, "." + name)
        head = "X-Envelope-From: <%s>\r\nX-Envelope-To: %s\r\n" % (
            envelope.mail_from, ", ".join("<%s>" % to for to in envelope.rcpt_tos))
        with open(part, "wb") as f:
            f.write(head.encode() + envelope.original_content)
        os.rename(part, os.path.join(self.directory, name))
        return "250 delivered"


def authenticator(user, password):
    def check(server, session, envelope, mechanism, data):
        right = (isinstance(data, LoginPassword) and data.login == user.encode()
                 and data.password == password.encode())
        return AuthResult(success=right, handled=False)
    return check


async def serve(options):
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(options.certificate, options.key)
    with open(options.password_file) as f:
        password = f.read().rstrip("\n")
    folder = Folder(options.directory)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(folder, hostname="localhost", tls_context=tls, require_starttls=True, auth_required=True,
                     authenticator=authenticator(options.user, password), enable_SMTPUTF8=True),
        "127.0.0.1", options.port)
    ended = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    await ended.wait()
    server.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("directory", "certificate", "key", "user", "password-file"):
        parser.add_argument("--" + name, required=True)
    parser.add_argument("--port", type=int, required=True)
    warnings.filterwarnings("ignore", category=UserWarning)
    asyncio.run(serve(parser.parse_args()))


if __name__ == "__main__":
    main()
