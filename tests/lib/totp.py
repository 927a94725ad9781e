"""TOTP (RFC 6238: SHA-1, 6 digits, 30 seconds) on its own, to compare Muster's with."""

import base64
import hashlib
import hmac
import os
import struct
import time

PERIOD = 30
CLOCK_REALTIME_COARSE = 5  # of Linux; Python has no name for it


def clock():
    """What time(2) says, and slapd goes by: up to some milliseconds behind time.time(), and a code ahead of it is refused."""
    return time.clock_gettime(CLOCK_REALTIME_COARSE)


def step(now=None):
    return int(clock() if now is None else now) // PERIOD


def code_of_step(secret, number):
    digest = hmac.new(secret, struct.pack(">Q", number), hashlib.sha1).digest()
    offset = digest[-1] & 0x0F
    value = struct.unpack(">I", digest[offset : offset + 4])[0] & 0x7FFFFFFF
    return "%06d" % (value % 1000000)


def totp(secret, now=None):
    return code_of_step(secret, step(now))


def wrong_code(secret, now=None):
    """Six digits that are no code of the secret within ten steps of now."""
    near = {code_of_step(secret, step(now) + i) for i in range(-10, 11)}
    return next(text for text in ("%06d" % n for n in range(1000)) if text not in near)


def new_secret(octets=20):
    return os.urandom(octets)


def base32(secret):
    return base64.b32encode(secret).decode().rstrip("=")
