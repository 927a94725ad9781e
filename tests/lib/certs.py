"""A certificate authority and a server certificate for 127.0.0.1, made with openssl."""

import os
import subprocess


def _openssl(*arguments):
    subprocess.run(["openssl", *arguments], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def make(folder):
    """Write ca.crt, server.crt and server.key below folder; their paths."""
    os.makedirs(folder, exist_ok=True)
    ca_key, ca = os.path.join(folder, "ca.key"), os.path.join(folder, "ca.crt")
    key, request, cert = (os.path.join(folder, "server." + end) for end in ("key", "csr", "crt"))
    names = os.path.join(folder, "names")
    with open(names, "w") as file:
        file.write("subjectAltName=IP:127.0.0.1,DNS:localhost\nbasicConstraints=CA:FALSE\n")
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    _openssl("req", "-x509", *curve, "-keyout", ca_key, "-out", ca, "-days", "3650", "-subj", "/CN=Muster test CA")
    _openssl("req", *curve, "-keyout", key, "-out", request, "-subj", "/CN=localhost")
    _openssl("x509", "-req", "-in", request, "-CA", ca, "-CAkey", ca_key, "-CAcreateserial",
             "-out", cert, "-days", "3650", "-extfile", names)
    return ca, cert, key
