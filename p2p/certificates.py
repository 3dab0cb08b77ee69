"""Certificates of nodes: X.509 around a transport key, because TLS takes keys in no other form.

Owns what a node's certificate looks like, the pin that stands for a transport key, and the check of what a peer showed.
The registry holds keys, not certificates, so a pin is made from the key alone: a certificate authority of that key,
which OpenSSL takes as the issuer of the node's leaf. A pin never leaves the process that made it. Its own signature is
not valid and nobody verifies it: what is in the store is trusted for being there.

Whoever holds a pinned key can issue further certificates to other keys, and OpenSSL would accept them. This is why
`transport_key_of` gives the key of the leaf, and its caller has to ask the registry whose it is. Nothing in a
certificate but its key is believed. Source: docs/adr/0016-transport.md.
"""

from datetime import datetime
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from ledger.signing import SEED_SIZE_BYTES, SigningKey
from p2p.close_reasons import CloseReason
from p2p.transport_errors import PeerRefusedError

# A leaf is 320 bytes; whatever is much larger was not made by this program.
CERTIFICATE_SIZE_BYTES_MAX = 2048
# Keys are let in and shut out by the registry; a clock that is wrong must not do it.
_FROM = datetime(2000, 1, 1)
_UNTIL = datetime(9999, 12, 31, 23, 59, 59)
# Signs the pins; everybody knows it, and it proves nothing.
_NOBODY = Ed25519PrivateKey.from_private_bytes(bytes(SEED_SIZE_BYTES))


def own_certificate(key: SigningKey) -> bytes:
    """This node's leaf and its private key as PEM, for an SSL context; secret."""
    private = Ed25519PrivateKey.from_private_bytes(key.seed)
    leaf = _certificate(_name("node", key.public), key.public, private, is_authority=False)
    secret = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return leaf.public_bytes(Encoding.PEM) + secret


@lru_cache(maxsize=4096)
def pin_of(transport_key: bytes) -> bytes:
    """The trust anchor (DER) under which the leaf of whoever holds this key is accepted. About 0.3 ms, then kept.

    Raises:
        ValueError: not 32 bytes.
    """
    pin = _certificate(_name("key", transport_key), transport_key, _NOBODY, is_authority=True)
    return pin.public_bytes(Encoding.DER)


def transport_key_of(certificate: bytes | None) -> bytes:
    """The raw key in the leaf (DER) that a peer showed; the handshake has proved that the peer holds it.

    Raises:
        PeerRefusedError: no certificate, or not one of a node: another kind of key, or one that is an authority.
    """
    if not certificate or len(certificate) > CERTIFICATE_SIZE_BYTES_MAX:
        raise _refused("none, or one of a wrong size")
    try:
        leaf = x509.load_der_x509_certificate(certificate)
        key = leaf.public_key()
        constraints = leaf.extensions.get_extension_for_class(x509.BasicConstraints).value
    # What can be wrong with somebody's bytes has no common root in this library: ValueError, InvalidVersion and others.
    except Exception as error:
        raise _refused("not a node's") from error
    if constraints.ca:
        raise _refused("an authority's")
    if not isinstance(key, Ed25519PublicKey):
        raise _refused("of another kind of key")
    return key.public_bytes_raw()


def _refused(what: str) -> PeerRefusedError:
    return PeerRefusedError(
        "{reason}: the peer's certificate is {what}", reason=CloseReason.WRONG_CERTIFICATE, what=what
    )


def _name(role: str, key: bytes) -> x509.Name:
    """The issuer (role `key`) and the subject (role `node`) differ, or OpenSSL takes the leaf for a stranger's root."""
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, f"banyan {role}"),
            x509.NameAttribute(NameOID.COMMON_NAME, key.hex()),
        ]
    )


def _certificate(subject: x509.Name, key: bytes, signer: Ed25519PrivateKey, is_authority: bool) -> x509.Certificate:
    constraints = x509.BasicConstraints(ca=is_authority, path_length=0 if is_authority else None)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(_name("key", key))
        .public_key(Ed25519PublicKey.from_public_bytes(key))
        .serial_number(1)
        .not_valid_before(_FROM)
        .not_valid_after(_UNTIL)
        .add_extension(constraints, critical=True)
        .sign(signer, None)
    )
