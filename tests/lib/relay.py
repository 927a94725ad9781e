"""Connections to a server from an address of choice: a relay on 127.0.0.1 that passes octets on.

    relay = Relay("127.0.0.7", 389)                     everything that goes through comes from 127.0.0.7
    relay = Relay("::1", 389, server="::1")
    Session(relay.uri("ldaps"), cacert=...)
"""

import socket
import threading


class Passage:
    """Passes octets on between whoever connects to a listener and the server that reach() connects to."""

    def __init__(self, listener):
        self.listener = listener
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self.listener.close()

    def reach(self):
        """A socket that is connected to the server."""
        raise NotImplementedError

    def to_server(self, client, server):
        while data := client.recv(65536):
            server.sendall(data)

    @staticmethod
    def to_client(client, server):
        while data := server.recv(65536):
            client.sendall(data)

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            try:
                server = self.reach()
            except OSError:
                client.close()
                continue
            for pass_on in (self.to_server, self.to_client):
                threading.Thread(target=self._until_the_end, args=(pass_on, client, server), daemon=True).start()

    @staticmethod
    def _until_the_end(pass_on, client, server):
        try:
            pass_on(client, server)
        except OSError:
            pass
        hang_up(client)
        hang_up(server)


def hang_up(one):
    try:
        one.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass


class Relay(Passage):
    def __init__(self, source, port, server="127.0.0.1"):
        self.source, self.server, self.to = source, server, port
        self.family = socket.AF_INET6 if ":" in server else socket.AF_INET
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        listener.listen(128)
        self.port = listener.getsockname()[1]
        super().__init__(listener)

    def uri(self, scheme="ldap"):
        return "%s://127.0.0.1:%d" % (scheme, self.port)

    def reach(self):
        server = socket.socket(self.family)
        try:
            server.bind((self.source, 0))
            server.connect((self.server, self.to))
        except OSError:
            server.close()
            raise
        return server
