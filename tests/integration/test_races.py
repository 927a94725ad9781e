#!/usr/bin/python3
"""The gate under helgrind while many log in at once: no two threads touch the same thing without a lock."""

import os
import random
import socket
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from lib import people, proto, tap, totp  # noqa: E402
from lib.gate import BUILD, Gate  # noqa: E402
from lib.world import World  # noqa: E402

CLIENTS, ROUNDS, MEMBERS = 50, 4, 12
CONF_FD, LISTEN_FD = 3, 4  # where musterd's roles find them, src/musterd/parent.h
WAIT_SEC = 300
LIB = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib")

world = World()
org = people.organization(world)
conf = Gate(world, "uid=%u," + org.people, gate="workers = 8\n", start=False)
members = [people.member(org, "m%02d" % i, people.PASSWORD, totp.new_secret() if i % 2 else None) for i in range(MEMBERS)]
report = tempfile.NamedTemporaryFile(prefix="muster-helgrind-", suffix=".log")


def start_gate():
    """The gate as musterd's parent executes it: /proc/self/exe would be valgrind's."""
    os.mkdir(os.path.dirname(conf.socket))
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(conf.socket)
    listener.listen(CLIENTS)
    listener.setblocking(False)
    config = os.open(conf.config, os.O_RDONLY)

    def place():
        high = [os.dup(fd) for fd in (config, listener.fileno())]
        os.dup2(high[0], CONF_FD)
        os.dup2(high[1], LISTEN_FD)
        os.closerange(LISTEN_FD + 1, 256)

    gate = subprocess.Popen([os.environ.get("VALGRIND", "valgrind"), "--tool=helgrind", "--num-callers=30",
                             "--suppressions=" + os.path.join(LIB, "helgrind.supp"),
                             os.path.join(BUILD, "musterd"), "--role=gate", "--parent=%d" % os.getpid()],
                            preexec_fn=place, close_fds=False, stdin=subprocess.DEVNULL, stdout=report, stderr=report)
    listener.close()
    end = time.monotonic() + WAIT_SEC
    while "ready: " not in said():
        if gate.poll() is not None or time.monotonic() > end:
            raise RuntimeError("the gate does not start:\n" + said())
        time.sleep(0.1)
    return gate


def said():
    with open(report.name, errors="replace") as file:
        return file.read()


def talk(number, ok):
    """Logins with and without a code, refused changes, and clients that leave without waiting."""
    chance = random.Random(number)
    for _ in range(ROUNDS):
        one = chance.choice(members)
        with proto.Client(conf.socket, timeout=WAIT_SEC) as client:
            answer = client.status(proto.login(one.uid, people.PASSWORD))
            if answer and answer[0] == proto.MORE and chance.random() < 0.7:
                answer = client.status(proto.login(one.uid, people.PASSWORD, one.code()))
            ok.append(answer and answer[0] == proto.OK)
            if answer and chance.random() < 0.3:
                answer = client.status(proto.change(one.uid, "wrong", "Summer#2027"))
            if answer and chance.random() < 0.3:
                client.send(proto.login(one.uid, people.PASSWORD))


def test_no_race():
    gate, let_in = start_gate(), []
    threads = [threading.Thread(target=talk, args=(number, let_in)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    gate.terminate()
    tap.is_(gate.wait(WAIT_SEC), 0, "SIGTERM ends the gate in an orderly way")
    tap.is_(len(let_in), CLIENTS * ROUNDS, "every client came to its end")
    tap.ok(any(let_in), "some were let in")  # not all: helgrind makes the gate slow enough for its deadlines
    blocks = [block for block in said().split("\n==%d== \n" % gate.pid) if "data race" in block or "lock order" in block]
    tap.ok(not blocks, "helgrind finds nothing", "\n".join(blocks[:3]))


tap.main(globals())
