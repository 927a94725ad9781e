"""A GSM modem on a pseudo terminal: it takes short messages as PDUs and keeps what a telephone would show.

    modem = Modem()
    modem.device                    the terminal, for the program that sends
    modem.wait(1, "+821012345678")  the messages to a number, oldest first, once there are so many
    modem.messages()                all that were sent

A message has number, text, alphabet ("gsm" or "ucs2") and parts; one in several parts is there once all of them are.
PDUs are those of 3GPP TS 23.040 (SMS-SUBMIT), the 7-bit alphabet that of 23.038, commands those of 27.005.
"""

import os
import pty
import re
import threading
import tty
from typing import NamedTuple

from .daemon import WAIT_SEC, wait_for

GSM = ("@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
       "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà")
ESCAPED = {0x0a: "\f", 0x14: "^", 0x28: "{", 0x29: "}", 0x2f: "\\", 0x3c: "[", 0x3d: "~", 0x3e: "]", 0x40: "|", 0x65: "€"}
ESCAPE_CODE = 0x1b
SUBMIT, TYPE, HEADER = 0x01, 0x03, 0x40
VALIDITY_LEN = (0, 7, 1, 7)  # octets, by bits 3 and 4 of the first one
INTERNATIONAL = 0x91
ALPHABETS = {0x00: "gsm", 0x08: "ucs2"}
PARTS_8, PARTS_16 = 0x00, 0x08  # elements of a header that say which part this is
DATA_MAX = 140

END_OF_PDU, ESCAPE = b"\x1a", b"\x1b"
ANSWERS = {"AT+CPIN?": "+CPIN: READY", "AT+CSQ": "+CSQ: 20,0", "AT+CREG?": "+CREG: 0,1"}
ERROR_PDU = "+CMS ERROR: 304"


class Message(NamedTuple):
    number: str
    text: str
    alphabet: str
    parts: int


class Part(NamedTuple):
    number: str
    alphabet: str
    body: object    # text, or octets of UTF-16: a character may be in two parts
    reference: int  # of the whole message
    count: int
    place: int      # from 1


class _Reader:
    """Octets from the first to the last; ValueError where there are too few."""

    def __init__(self, octets):
        self.octets, self.at = octets, 0

    def take(self, count):
        if self.at + count > len(self.octets):
            raise ValueError("a PDU is cut off")
        self.at += count
        return self.octets[self.at - count:self.at]

    def number(self):
        return self.take(1)[0]

    def rest(self):
        return self.take(len(self.octets) - self.at)


def semi_octets(octets, digits):
    """Digits, the first one in the lower half; an odd one has an F beside it."""
    text = "".join("%x%x" % (octet & 15, octet >> 4) for octet in octets)
    if not text[:digits].isdigit() or text[digits:] not in ("", "f"):
        raise ValueError("no number: %s" % text)
    return text[:digits]


def septets(octets, count, skip=0):
    """Text of count septets, the first skip of which are no text."""
    bits = int.from_bytes(octets, "little")
    codes = iter([bits >> 7 * place & 0x7f for place in range(skip, count)])
    return "".join(ESCAPED[next(codes)] if code == ESCAPE_CODE else GSM[code] for code in codes)


def which_part(header):
    """(reference, count, place) that a user data header says; (0, 1, 1) when it says nothing."""
    reader, found = _Reader(header), (0, 1, 1)
    while reader.at < len(header):
        element = reader.number()
        value = reader.take(reader.number())
        if element in (PARTS_8, PARTS_16):
            found = int.from_bytes(value[:-2], "big"), value[-2], value[-1]
    return found


def submitted(octets):
    """The Part in an SMS-SUBMIT, whose service centre comes first."""
    reader = _Reader(octets)
    reader.take(reader.number())
    first = reader.number()
    if first & TYPE != SUBMIT:
        raise ValueError("no SMS-SUBMIT: %#x" % first)
    reader.number()  # the message's number, of the modem's choice
    digits, kind = reader.number(), reader.number()
    number = ("+" if kind == INTERNATIONAL else "") + semi_octets(reader.take((digits + 1) // 2), digits)
    reader.number()  # protocol
    alphabet = ALPHABETS[reader.number()]
    reader.take(VALIDITY_LEN[first >> 3 & 3])
    units, data = reader.number(), reader.rest()
    if len(data) != (units if alphabet == "ucs2" else (units * 7 + 7) // 8) or len(data) > DATA_MAX:
        raise ValueError("%d octets for %d units" % (len(data), units))
    header_len = data[0] + 1 if first & HEADER else 0
    body = data[header_len:] if alphabet == "ucs2" else septets(data, units, (header_len * 8 + 6) // 7)
    return Part(number, alphabet, body, *which_part(data[1:header_len]))


class Modem:
    def __init__(self):
        self.master, self.slave = pty.openpty()
        tty.setraw(self.slave)
        self.device = os.ttyname(self.slave)
        self.lock = threading.Lock()
        self.kept, self.parts, self.wrong = [], {}, []
        threading.Thread(target=self._serve, daemon=True).start()

    # --- what was sent -------------------------------------------------------------------------------

    def messages(self, number=None):
        with self.lock:
            if self.wrong:
                raise RuntimeError("the modem was given: " + "; ".join(self.wrong))
            return [one for one in self.kept if number in (None, one.number)]

    def wait(self, count, number=None, limit_sec=WAIT_SEC):
        wait_for("%d text messages to %s" % (count, number or "anybody"), lambda: len(self.messages(number)) >= count, limit_sec)
        return self.messages(number)

    def _keep(self, part):
        with self.lock:
            whole = self.parts.setdefault((part.number, part.reference, part.count), {})
            whole[part.place] = part
            if len(whole) < part.count:
                return
            del self.parts[part.number, part.reference, part.count]
            bodies = [whole[place].body for place in sorted(whole)]
            text = b"".join(bodies).decode("utf-16-be") if part.alphabet == "ucs2" else "".join(bodies)
            self.kept.append(Message(part.number, text, part.alphabet, part.count))

    # --- commands ------------------------------------------------------------------------------------

    def _say(self, *lines):
        os.write(self.master, "".join("\r\n%s\r\n" % line for line in lines).encode())

    def _until(self, end):
        """What the program writes before one of these octets."""
        octets = b""
        while True:
            octet = os.read(self.master, 1)
            if octet in end:
                return octets.decode("ascii", "replace").strip(), octet
            octets += octet

    def _serve(self):
        try:
            while True:
                command, _ = self._until((b"\r",))
                if command.startswith("AT+CMGS="):
                    self._submit(int(command.partition("=")[2]))
                elif command:
                    self._say(*([ANSWERS[command]] if command in ANSWERS else []), "OK")
        except OSError:  # the terminal is gone
            pass

    def _submit(self, length):
        """length: octets of the PDU without its service centre, as the command says it"""
        os.write(self.master, b"\r\n> ")
        pdu, end = self._until((END_OF_PDU, ESCAPE))
        if end == ESCAPE:
            self._say("OK")
            return
        try:
            if not re.fullmatch("([0-9A-Fa-f]{2})+", pdu):
                raise ValueError("no PDU: %r" % pdu)
            octets = bytes.fromhex(pdu)
            if len(octets) - octets[0] - 1 != length:
                raise ValueError("%d octets, not %d" % (len(octets) - octets[0] - 1, length))
            self._keep(submitted(octets))
        except (ValueError, KeyError, IndexError, RuntimeError) as error:
            with self.lock:
                self.wrong.append("%s: %s" % (pdu, error))
            self._say(ERROR_PDU)
        else:
            self._say("+CMGS: 1", "OK")

    def stop(self):
        os.close(self.slave)
