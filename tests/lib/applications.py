"""Applications and documents for tests."""

import itertools

PDF = b"%PDF-1.7\n1 0 obj\n<< >>\nendobj\n%%EOF\n"
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\x01\0\0\0\x01\x08\0\0\0\0"
JPEG = b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0\xff\xd9"
TYPES = {PDF: "application/pdf", PNG: "image/png", JPEG: "image/jpeg"}

_numbers = itertools.count(1)


def folder(world):
    return "ou=applications," + world.base


def entry(changes, **more):
    """The attributes of an application as ldapadd sends them. changes: attribute to value, or a list of texts"""
    if isinstance(changes, dict):
        changes = ["%s: %s" % item for item in changes.items()]
    attributes = {"objectClass": ["applicationProcess", "musterApplication"], "musterApplicationChange": changes}
    attributes.update(more)
    return attributes


def file(world, one, changes, name=None, **more):
    """File an application over a session; (result, DN)."""
    name = name or "a%d" % next(_numbers)
    dn = "cn=%s,%s" % (name, folder(world))
    return one.add(dn, entry(changes, **{"cn": name, **more})), dn


def document(one, application, content=PDF, kind=None, name=None, **more):
    """Add a document to an application; (result, DN). kind: "" sends no type"""
    name = name or "d%d" % next(_numbers)
    dn = "documentIdentifier=%s,%s" % (name, application)
    attributes = {"objectClass": ["document", "musterDocument"], "documentIdentifier": name,
                  "musterDocumentType": TYPES[content] if kind is None else kind or None, "musterDocumentContent": content}
    attributes.update(more)
    return one.add(dn, {key: value for key, value in attributes.items() if value is not None}), dn


def approve(one, dn, reason=None):
    more = [("replace", "musterApplicationReason", reason)] if reason else []
    return one.modify(dn, ("replace", "musterApplicationState", "approved"), *more)


def reject(one, dn, reason="The scan cannot be read."):
    return one.modify(dn, ("replace", "musterApplicationState", "rejected"), ("replace", "musterApplicationReason", reason))
