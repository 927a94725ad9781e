"""A person at a terminal: a program with a pty of its own, what it printed, and what is typed into it.

    with Terminal(["su", "-", "alice"]) as t:
        t.expect("Password: ")
        t.type("Winter#2026")
        t.finish()              exit status; t.text is everything that was printed
"""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time

WAIT_SEC = 30


class Terminal:
    """rows, columns: what TIOCGWINSZ answers; 0 for a terminal that does not know."""

    def __init__(self, argv, rows=50, columns=120, environment=None):
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.process = subprocess.Popen(["setsid", "--ctty", *argv], stdin=slave, stdout=slave, stderr=slave, env=environment)
        os.close(slave)
        self.octets = b""
        self.seen = 0  # where expect() looks on
        self.status = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    @property
    def text(self):
        return self.octets.decode(errors="replace").replace("\r\n", "\n").replace("\r", "\n")

    def _read(self, end):
        """More of what is printed; False at the end of it."""
        ready, _, _ = select.select([self.master], [], [], max(0, end - time.monotonic()))
        if not ready:
            raise TimeoutError("nothing more is printed; so far:\n" + self.text)
        try:
            more = os.read(self.master, 65536)
        except OSError:  # EIO: nobody has the terminal open any more
            more = b""
        self.octets += more
        return bool(more)

    def expect(self, *patterns, limit_sec=WAIT_SEC):
        """Read until one of the patterns has come since the last call; its number, -1 when the program ends before.

        Patterns are texts, or compiled regular expressions for text.
        """
        end = time.monotonic() + limit_sec
        patterns = [p if hasattr(p, "search") else re.compile(re.escape(p)) for p in patterns]
        while True:
            rest = self.text[self.seen:]
            found = [(m.start(), m.end(), i) for i, m in ((i, p.search(rest)) for i, p in enumerate(patterns)) if m]
            if found:
                _, stop, which = min(found)
                self.seen += stop
                return which
            if not self._read(end):
                return -1

    def type(self, line):
        """A line; nothing happens when nobody reads it any more."""
        try:
            os.write(self.master, line.encode() + b"\n")
        except OSError:
            pass

    def answer(self, *pairs, over=()):
        """Type an answer to each prompt in turn: (prompt, answer), ...; the number of prompts that came.

        over: patterns that mean that no more of them come.
        """
        for number, (prompt, line) in enumerate(pairs):
            if self.expect(prompt, *over) != 0:
                return number
            self.type(line)
        return len(pairs)

    def hang_up(self):
        os.close(self.master)
        self.master = -1

    def finish(self, limit_sec=WAIT_SEC):
        """Read to the end; the exit status."""
        end = time.monotonic() + limit_sec
        while self._read(end):
            pass
        self.status = self.process.wait(max(1, end - time.monotonic()))
        return self.status

    def close(self):
        if self.master >= 0:
            self.hang_up()
        if self.process.poll() is None:
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self.process.wait(WAIT_SEC)
