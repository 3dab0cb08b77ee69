"""A secret of 32 bytes under a passphrase, as it stands in a JSON file: members' keys and nodes' seeds.

Owns the form and its bounds; never reads a file nor asks for a passphrase. The passphrase is stretched with Argon2id
and the secret sealed with XSalsa20-Poly1305, both from libsodium. Source: docs/reference/commands.md, "Key files".
"""

import binascii
from base64 import b64decode, b64encode
from typing import Any

from nacl import pwhash, secret, utils
from nacl.exceptions import CryptoError

# libsodium's advice for a key that is opened a few times a day: half a second and 256 MiB for every guess.
OPERATIONS = pwhash.argon2id.OPSLIMIT_MODERATE
MEMORY_BYTES = pwhash.argon2id.MEMLIMIT_MODERATE
# What a file may ask this machine to spend on its passphrase: a forged file must not take all memory.
MEMORY_BYTES_MAX = 1024 * 1024 * 1024
OPERATIONS_MAX = 16
_STRETCHING = "argon2id"


class MalformedSealError(ValueError):
    """This is no sealed secret, or one that asks for too much."""


class WrongPassphraseError(ValueError):
    """The passphrase is another one, or the bytes were damaged: nobody can tell which."""


def seal_secret(content: bytes, passphrase: str) -> dict[str, Any]:
    """`content` under the passphrase, with a fresh salt and nonce; takes half a second and 256 MiB."""
    salt = utils.random(pwhash.argon2id.SALTBYTES)
    box = secret.SecretBox(_stretched(passphrase, salt, OPERATIONS, MEMORY_BYTES))
    return {
        "stretching": _STRETCHING,
        "operations": OPERATIONS,
        "memory_bytes": MEMORY_BYTES,
        "salt": _text(salt),
        "box": _text(bytes(box.encrypt(content))),
    }


def open_secret(sealed: dict[str, Any], passphrase: str) -> bytes:
    """What `seal_secret` sealed.

    Raises:
        MalformedSealError, WrongPassphraseError
    """
    try:
        operations, memory_bytes = sealed["operations"], sealed["memory_bytes"]
        salt, box = b64decode(sealed["salt"], validate=True), b64decode(sealed["box"], validate=True)
        bounded = (
            sealed["stretching"] == _STRETCHING
            and type(operations) is int
            and type(memory_bytes) is int
            and 1 <= operations <= OPERATIONS_MAX
            and pwhash.argon2id.MEMLIMIT_MIN <= memory_bytes <= MEMORY_BYTES_MAX
            and len(salt) == pwhash.argon2id.SALTBYTES
        )
    except (KeyError, TypeError, ValueError, binascii.Error) as error:
        raise MalformedSealError("a part of the sealed secret is missing or no such value") from error
    if not bounded:
        raise MalformedSealError("the sealed secret asks for another way of sealing, or for too much")
    try:
        return secret.SecretBox(_stretched(passphrase, salt, operations, memory_bytes)).decrypt(box)
    except CryptoError as error:
        raise WrongPassphraseError("the passphrase does not open it") from error


def _stretched(passphrase: str, salt: bytes, operations: int, memory_bytes: int) -> bytes:
    return pwhash.argon2id.kdf(
        secret.SecretBox.KEY_SIZE, passphrase.encode("utf-8"), salt, opslimit=operations, memlimit=memory_bytes
    )


def _text(data: bytes) -> str:
    return b64encode(data).decode("ascii")
