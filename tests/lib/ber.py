"""BER as LDAP uses it (definite lengths, low tags): what the tests need to build and to read values."""

SEQUENCE = 0x30
OCTET_STRING = 0x04
ENUMERATED = 0x0A
INTEGER = 0x02


def context(number, constructed=False):
    """The tag octet of [number], implicit."""
    return 0x80 | (0x20 if constructed else 0) | number


def _octets(value):
    return value.encode() if isinstance(value, str) else bytes(value)


def element(tag, content):
    """One element; content is text or octets."""
    content = _octets(content)
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def octets(value, tag=OCTET_STRING):
    return element(tag, value)


def sequence(*parts, tag=SEQUENCE):
    """A SEQUENCE of elements that are encoded already; None stands for one that is left out."""
    return element(tag, b"".join(part for part in parts if part is not None))


def integer(value, tag=INTEGER):
    size = max(1, (value.bit_length() + 8) // 8)
    return element(tag, value.to_bytes(size, "big", signed=True))


def enumerated(value):
    return integer(value, ENUMERATED)


def read(data):
    """Split data into (tag, content) pairs; ValueError unless it is exactly a row of elements."""
    found = []
    at = 0
    while at < len(data):
        if at + 2 > len(data):
            raise ValueError("element cut short")
        tag, size = data[at], data[at + 1]
        at += 2
        if size & 0x80:
            count = size & 0x7F
            if count == 0 or count > 4 or at + count > len(data):
                raise ValueError("length not definite or cut short")
            size = int.from_bytes(data[at : at + count], "big")
            at += count
        if at + size > len(data):
            raise ValueError("content cut short")
        found.append((tag, data[at : at + size]))
        at += size
    return found


def read_sequence(data):
    """The elements inside the one SEQUENCE that data is."""
    outer = read(data)
    if len(outer) != 1 or outer[0][0] != SEQUENCE:
        raise ValueError("not one SEQUENCE")
    return read(outer[0][1])
