"""Connections to a server from an address of choice: a relay on 127.0.0.1 that passes octets on.

    relay = Relay("127.0.0.7", 389)                     everything that goes through comes from 127.0.0.7
    relay = Relay("::1", 389, server="::1")
    Session(relay.uri("ldaps"), cacert=...)
"""

import socket
import threading


class Relay:
    def __init__(self, source, port, server="127.0.0.1"):
        self.source, self.server, self.to = source, server, port
        self.family = socket.AF_INET6 if ":" in server else socket.AF_INET
        self.listener = socket.socket()
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(128)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def uri(self, scheme="ldap"):
        return "%s://127.0.0.1:%d" % (scheme, self.port)

    def close(self):
        self.listener.close()

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.socket(self.family)
            try:
                server.bind((self.source, 0))
                server.connect((self.server, self.to))
            except OSError:
                client.close()
                server.close()
                continue
            for one, other in ((client, server), (server, client)):
                threading.Thread(target=self._pass_on, args=(one, other), daemon=True).start()

    @staticmethod
    def _pass_on(source, target):
        try:
            while True:
                data = source.recv(65536)
                if not data:
                    break
                target.sendall(data)
        except OSError:
            pass
        for one in (source, target):
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
