"""An SMTP server that misbehaves by plan, octet by octet, which a real one cannot.

    relay = Relay(port, (certificate, key), {"MAIL": "550 no"})    "" is the greeting, "." the end of a mail
    relay.clear, relay.secret        lines that came without and with TLS
    relay.stop()
"""

import socket
import ssl
import threading

REPLIES = {"": "220 relay", "EHLO": "250-relay\r\n250-STARTTLS\r\n250 AUTH PLAIN", "HELO": "250 relay", "STARTTLS": "220 go on",
           "AUTH": "235 welcome", "MAIL": "250 ok", "RCPT": "250 ok", "DATA": "354 go on", ".": "250 kept", "QUIT": "221 bye"}


class Relay:
    """replies: command to reply, or to a function that gets the connection and says the reply itself."""

    def __init__(self, port, certificate, replies):
        self.replies = dict(REPLIES, **replies)
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(*certificate)
        self.clear, self.secret, self.open = [], [], []
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("127.0.0.1", port))
        self.listener.listen(8)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.open.append(connection)
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        try:
            self.talk(connection)
        except (OSError, ValueError):
            pass
        finally:
            connection.close()

    def reply(self, connection, command):
        reply = self.replies.get(command, "500 what?")
        if callable(reply):
            reply(connection)
        else:
            connection.sendall(reply.encode() + b"\r\n")

    def talk(self, connection):
        seen, lines = self.clear, connection.makefile("rb")
        self.reply(connection, "")
        while True:
            line = lines.readline()
            if not line:
                return
            seen.append(line)
            command = line.split()[0].decode(errors="replace").upper() if line.split() else ""
            if command == "AUTH" and self.replies["AUTH"] == REPLIES["AUTH"] and len(line.split()) == 2:
                connection.sendall(b"334 \r\n")
                seen.append(lines.readline())
            if command == "DATA" and self.replies["DATA"] == REPLIES["DATA"]:
                self.reply(connection, command)
                for text in iter(lines.readline, b""):
                    seen.append(text)
                    if text == b".\r\n":
                        break
                command = "."
            self.reply(connection, command)
            if command == "STARTTLS" and not str(self.replies[command]).startswith("5"):
                connection = self.tls.wrap_socket(connection, server_side=True)
                self.open.append(connection)
                seen, lines = self.secret, connection.makefile("rb")

    def stop(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for connection in self.open:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            connection.close()
