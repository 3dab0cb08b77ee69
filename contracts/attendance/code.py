"""The codes that people sign in with: their form, and the hash of one that is published before it is shown.

Owns both, and nothing of the secret that the codes are made from: that never leaves the device which shows them.
Invariants: a code has 80 bits, so nobody finds it by trying what fits a published hash (at a hundred thousand billion
hashes a second that takes hundreds of years); a hash belongs to one network, unit and beginning, so that no code of
one meeting is worth anything at another. Source: docs/reference/attendance.md, "Codes".
"""

from ledger.encoding import encode
from ledger.hashing import Hash, tagged_hash

# Crockford's digits: no I, L, O and U, which are misread.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_LENGTH = 16
CODE_PATTERN = r"[0-9A-HJKMNP-TV-Z]{16}"
_BITS_OF_A_DIGIT = 5
CODE_SIZE_BYTES = CODE_LENGTH * _BITS_OF_A_DIGIT // 8


def code_of(content: bytes) -> str:
    """The code of 80 bits, given as 10 bytes."""
    assert len(content) == CODE_SIZE_BYTES, "a code has 80 bits"
    number = int.from_bytes(content, "big")
    places = range((CODE_LENGTH - 1) * _BITS_OF_A_DIGIT, -1, -_BITS_OF_A_DIGIT)
    return "".join(ALPHABET[number >> place & 31] for place in places)


def code_hash(network_id: Hash, unit: str, starts_ms: int, code: str) -> Hash:
    """What is published of a code before its window: a hash for this network, this unit and this beginning alone."""
    return tagged_hash("attendance-code", encode([network_id, unit, starts_ms, code]))
