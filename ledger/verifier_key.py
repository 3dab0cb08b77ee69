"""Verifier keys: the one-line form in which every public key of a network is written.

Owns the text `name+hhhhhhhh+base64(type || key)`, the key id in it and the types that this project knows.
Never checks a signature. Invariant: a text that parses is the only text of its key (`str(parse(t)) == t`).

Types 0x01 and 0x04 are assigned by C2SP; the others start with 0xff and a name of ours, as C2SP asks.
Source: C2SP signed-note, sections "Verifier keys" and "Signature types".
"""

import re
from dataclasses import dataclass
from functools import cached_property

from ledger.base64_text import decode_base64, encode_base64
from ledger.errors import InvalidKeyError, InvalidNoteError
from ledger.hashing import sha256

KEY_TYPE_LOG = b"\x01"
KEY_TYPE_COSIGNER = b"\x04"
KEY_TYPE_AGREEMENT = b"\xffbanyan/agreement"
KEY_TYPE_TRANSPORT = b"\xffbanyan/transport"
KEY_TYPE_MEMBER = b"\xffbanyan/member"
KEY_TYPES = (KEY_TYPE_LOG, KEY_TYPE_COSIGNER, KEY_TYPE_AGREEMENT, KEY_TYPE_TRANSPORT, KEY_TYPE_MEMBER)

PUBLIC_KEY_SIZE_BYTES = 32
KEY_ID_SIZE_BYTES = 4

# A C2SP origin may be 255 bytes; a name that is longer is no name of a key.
NAME_SIZE_BYTES_MAX = 255
_TEXT_LENGTH_MAX = NAME_SIZE_BYTES_MAX + 128

_KEY_ID_TEXT = re.compile(r"[0-9a-f]{8}")
