"""SSL contexts: TLS 1.3, both sides with a certificate, nobody trusted but the pinned keys.

Owns the settings of the standard library's `ssl`; never opens a connection. A pin cannot be taken out of a context, so
a context is made anew when somebody leaves. No sessions are resumed: a resumed one would not show its certificate.
"""

import os
import ssl
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from p2p.certificates import pin_of


def server_context(certificate: bytes, transport_keys: Iterable[bytes]) -> ssl.SSLContext:
    """For taking connections of whoever holds one of these keys. About 0.4 ms for each key, so not in the
    event loop where there may be hundreds.

    Args:
        certificate: Of this node, with its private key (`own_certificate`).
        transport_keys: At least one; `ssl` takes no empty list.
    """
    context = _context(ssl.PROTOCOL_TLS_SERVER, certificate, transport_keys)
    context.num_tickets = 0
    return context


def client_context(certificate: bytes, transport_key: bytes) -> ssl.SSLContext:
    """For dialling the holder of this key and nobody else."""
    return _context(ssl.PROTOCOL_TLS_CLIENT, certificate, (transport_key,))


def _context(side: int, certificate: bytes, transport_keys: Iterable[bytes]) -> ssl.SSLContext:
    context = ssl.SSLContext(side)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.maximum_version = ssl.TLSVersion.TLSv1_3
    # A node is known by its key; its name and address prove nothing.
    context.check_hostname = False
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(cadata=b"".join(map(pin_of, transport_keys)))
    with _as_file(certificate) as path:
        context.load_cert_chain(path)
    return context


@contextmanager
def _as_file(secret: bytes) -> Iterator[str]:
    """A path under which `ssl` finds these bytes, for it reads keys from files only; in memory where possible."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("certificate", os.MFD_CLOEXEC)
        try:
            os.write(descriptor, secret)
            yield f"/proc/self/fd/{descriptor}"
        finally:
            os.close(descriptor)
    else:
        with tempfile.NamedTemporaryFile() as file:
            file.write(secret)
            file.flush()
            yield file.name
