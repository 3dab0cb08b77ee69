"""Checkpoints: the text in which a log states its size and root, and the log's own signature under it.

Owns the text and the Ed25519 note signature (type 0x01). Never decides whether a checkpoint is to be trusted:
that is `ledger.policy`. Invariant: `Checkpoint.parse(text).text() == text`.

Source: C2SP tlog-checkpoint; C2SP signed-note, section "Ed25519 signatures".
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from ledger.base64_text import decode_base64, encode_base64
from ledger.errors import InvalidNoteError
from ledger.hashing import HASH_SIZE_BYTES, Hash
from ledger.note import NoteSignature, check_note_text
from ledger.signing import SigningKey
from ledger.valid_signatures import ValidSignatures
from ledger.verifier_key import KEY_TYPE_LOG, VerifierKey, key_id_of

# What the project's encoding can write; 2**63 leaves are out of reach for any log.
TREE_SIZE_MAX = (1 << 63) - 1

# As for cosignatures: the newest checkpoint is verified under every receipt. 0.5 MB.
_SIGNATURES = ValidSignatures(512)
# Every voter signs the same text, and says so in a note of its own. Together 64 kB at most.
_REMEMBERED_MAX = 64
_REMEMBERED_LENGTH_MAX = 1024
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)


def parse_decimal(text: str, limit: int) -> int | None:
    """The integer 0 to `limit` (< 10**19) that `text` writes in ASCII without leading zeros, or None."""
    if not _DECIMAL.fullmatch(text):
        return None
    value = int(text)
    return value if value <= limit else None


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What is signed about a log: `tree_size` leaves have `root`.

    `extensions` are further lines, opaque and without newlines; Banyan writes none and preserves those of others.
    Raises InvalidNoteError if the fields have no text: empty lines, control characters, a size or root out of range.
    """

    origin: str
    tree_size: int
    root: Hash
    extensions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.tree_size <= TREE_SIZE_MAX:
            raise InvalidNoteError("a checkpoint cannot be of {size} leaves", size=self.tree_size)
        if len(self.root) != HASH_SIZE_BYTES:
            raise InvalidNoteError("a checkpoint's root has 32 bytes, not {size}", size=len(self.root))
        for line in (self.origin, *self.extensions):
            if not line or "\n" in line:
                raise InvalidNoteError("the origin and every further line of a checkpoint must be one line with text")
        check_note_text(self.text())

    def text(self) -> str:
        """The note text, with its final newline."""
        lines = (self.origin, str(self.tree_size), encode_base64(self.root), *self.extensions)
        return "\n".join(lines) + "\n"

    @classmethod
    def parse(cls, text: str) -> "Checkpoint":
        """The checkpoint that the note text writes; raises InvalidNoteError, and nothing else, for other texts."""
        return _read(text) if len(text) > _REMEMBERED_LENGTH_MAX else _parsed(text)


@lru_cache(maxsize=_REMEMBERED_MAX)
def _parsed(text: str) -> Checkpoint:
    return _read(text)


def _read(text: str) -> Checkpoint:
    if not text.endswith("\n"):
        raise InvalidNoteError("the text of a signed note must end with a newline")
    origin, *rest = text[:-1].split("\n")
    if len(rest) < 2:
        raise InvalidNoteError("a checkpoint has at least three lines: origin, size and root")
    tree_size = parse_decimal(rest[0], TREE_SIZE_MAX)
    if tree_size is None:
        raise InvalidNoteError("{text!r} is not the size of a tree", text=rest[0][:80])
    root = decode_base64(rest[1])
    if root is None:
        raise InvalidNoteError("{text!r} is not a root hash in canonical base64", text=rest[1][:80])
    return Checkpoint(origin, tree_size, root, tuple(rest[2:]))


def sign_checkpoint(text: str, origin: str, key: SigningKey) -> NoteSignature:
    """The log's signature over a checkpoint's text, named by the log's origin."""
    return NoteSignature(origin, key_id_of(origin, KEY_TYPE_LOG, key.public), key.sign(text.encode()))


def verify_log_signature(key: VerifierKey, text: str, signature: NoteSignature) -> bool:
    """Whether `signature` is that of the log key `key` (type 0x01) over `text`.

    Cost: one Ed25519 verification at most, none for the same bytes again.
    """
    return (
        key.type_bytes == KEY_TYPE_LOG
        and (signature.name, signature.key_id) == (key.name, key.key_id)
        and _SIGNATURES.verify(key.public_key, text.encode(), signature.signature)
    )
