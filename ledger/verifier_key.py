"""Verifier keys: the one-line form in which every public key of a network is written.

Owns the text `name+hhhhhhhh+base64(type || key)`, the key id in it and the types that this project knows.
Never checks a signature. Invariant: a text that parses is the only text of its key (`str(parse(t)) == t`).

Types 0x01 and 0x04 are assigned by C2SP; the others start with 0xff and a name of ours, as C2SP asks.
Source: C2SP signed-note, sections "Format", "Signatures" and "Verifier keys".
"""

import re
from dataclasses import dataclass, field

from ledger.base64_text import decode_base64, encode_base64
from ledger.errors import InvalidKeyError
from ledger.hashing import sha256

KEY_TYPE_LOG = b"\x01"
KEY_TYPE_COSIGNER = b"\x04"
KEY_TYPE_AGREEMENT = b"\xffbanyan/agreement"
KEY_TYPE_TRANSPORT = b"\xffbanyan/transport"
KEY_TYPE_MEMBER = b"\xffbanyan/member"
KEY_TYPES = (KEY_TYPE_LOG, KEY_TYPE_COSIGNER, KEY_TYPE_AGREEMENT, KEY_TYPE_TRANSPORT, KEY_TYPE_MEMBER)

PUBLIC_KEY_SIZE_BYTES = 32
KEY_ID_SIZE_BYTES = 4

# As long as the longest name that newer C2SP documents allow for an origin or a cosigner.
NAME_SIZE_BYTES_MAX = 255
# Name, two plus signs, key id, and the base64 of the longest type with its key (68 characters), rounded up.
_TEXT_LENGTH_MAX = NAME_SIZE_BYTES_MAX + 128

# Control characters, plus, and the characters with the Unicode property White_Space, written out: the
# tables of the Python version must not decide what is a name. Surrogates have no UTF-8.
_NOT_IN_NAMES = re.compile("[\x00-\x20+\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ud800-\udfff]")
_KEY_ID_TEXT = re.compile(r"[0-9a-f]{8}")


def is_key_name(name: str) -> bool:
    """Whether `name` may name a key: not empty, no spaces, plus signs or control characters, <= 255 bytes of UTF-8."""
    return bool(name) and not _NOT_IN_NAMES.search(name) and len(name.encode()) <= NAME_SIZE_BYTES_MAX


def key_id_of(name: str, type_bytes: bytes, public_key: bytes) -> bytes:
    """The 4-byte id under which signatures of the key are found; not a secure hash of the key."""
    return sha256(name.encode() + b"\n" + type_bytes + public_key)[:KEY_ID_SIZE_BYTES]


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A named public key of a stated type.

    Raises InvalidKeyError for a name that cannot name a key, a type that is not in `KEY_TYPES`, or a key
    that is not 32 bytes long. Whether the key is a usable point is for whoever verifies with it.
    """

    name: str
    type_bytes: bytes
    public_key: bytes
    key_id: bytes = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not is_key_name(self.name):
            raise InvalidKeyError(
                "{name!r} cannot name a key: take 1 to {max} bytes without spaces and plus signs",
                name=self.name[: NAME_SIZE_BYTES_MAX + 1],
                max=NAME_SIZE_BYTES_MAX,
            )
        if self.type_bytes not in KEY_TYPES:
            raise InvalidKeyError(
                "the verifier key of {name} has a type that is not known here ({type})",
                name=self.name,
                type=self.type_bytes.hex(),
            )
        if len(self.public_key) != PUBLIC_KEY_SIZE_BYTES:
            raise InvalidKeyError(
                "the verifier key of {name} holds {size} bytes of key, not {wanted}",
                name=self.name,
                size=len(self.public_key),
                wanted=PUBLIC_KEY_SIZE_BYTES,
            )
        object.__setattr__(self, "key_id", key_id_of(self.name, self.type_bytes, self.public_key))

    @classmethod
    def parse(cls, text: str) -> "VerifierKey":
        """The key that `text` writes; raises InvalidKeyError, and nothing else, for any other text."""
        if len(text) > _TEXT_LENGTH_MAX:
            raise InvalidKeyError("a verifier key of {length} characters is too long", length=len(text))
        name, _, rest = text.partition("+")
        key_id_text, _, key_text = rest.partition("+")
        material = decode_base64(key_text)
        if material is None or not _KEY_ID_TEXT.fullmatch(key_id_text):
            raise InvalidKeyError(
                "{text!r} is not a verifier key: expected NAME+KEYID+KEY; copy the whole line again", text=text
            )
        type_bytes = _type_of(material)
        key = cls(name, type_bytes, material[len(type_bytes) :])
        if key.key_id.hex() != key_id_text:
            raise InvalidKeyError(
                "the verifier key {text!r} is damaged: its key id should be {key_id}; copy the whole line again",
                text=text,
                key_id=key.key_id.hex(),
            )
        return key

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{encode_base64(self.type_bytes + self.public_key)}"


def _type_of(material: bytes) -> bytes:
    """The known type that `material` starts with; its first byte alone if none. No type begins another."""
    for type_bytes in KEY_TYPES:
        if material.startswith(type_bytes):
            return type_bytes
    return material[:1]
