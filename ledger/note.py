"""Signed notes: a text and the signatures under it, as C2SP writes them.

Owns the split into text and signature lines and every rule of the format; never verifies a signature (what a
signature means depends on its key's type: see `ledger.checkpoint` and `ledger.cosignature`). Invariants: every
`Note` obeys the format, and `Note.parse(data).encode() == data`.

Source: C2SP signed-note, section "Format".
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from ledger.base64_text import decode_base64, encode_base64
from ledger.errors import InvalidNoteError
from ledger.verifier_key import KEY_ID_SIZE_BYTES, is_key_name

# Go's implementation draws the line at the same size; a checkpoint with 64 signatures has about 10 kB.
NOTE_SIZE_BYTES_MAX = 1 << 20
# C2SP asks for at least 16; 21 voters sign twice each, and neighbours may cosign.
SIGNATURES_MAX = 64
# A voter's signatures under a checkpoint come from several neighbours; 21 voters' take 4 kB. Together 2 MB at most.
_REMEMBERED_MAX = 64
_REMEMBERED_SIZE_BYTES_MAX = 8192

_SIGNATURE_START = "\u2014 "
_UNPRINTABLE = re.compile("[\x00-\x09\x0b-\x1f\ud800-\udfff]")


def check_note_text(text: str) -> None:
    """Return if `text` may be signed: whole lines, no control characters but newline, valid Unicode.

    Raises InvalidNoteError otherwise. Cost: one pass over the text.
    """
    if not text.endswith("\n"):
        raise InvalidNoteError("the text of a signed note must end with a newline")
    if _UNPRINTABLE.search(text):
        raise InvalidNoteError("a signed note may not hold control characters other than newline")


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """One signature line: who claims to have signed, and the bytes that their key type gives a meaning."""

    name: str
    key_id: bytes
    signature: bytes

    def __post_init__(self) -> None:
        if not is_key_name(self.name) or len(self.key_id) != KEY_ID_SIZE_BYTES or not self.signature:
            raise InvalidNoteError("a signature line of a note needs a key name, a key id and a signature")

    def line(self) -> str:
        """The line as it stands in a note, with its newline."""
        return f"{_SIGNATURE_START}{self.name} {encode_base64(self.key_id + self.signature)}\n"

    @classmethod
    def parse(cls, line: str) -> "NoteSignature":
        """The signature that `line` (without its newline) writes; raises InvalidNoteError for anything else."""
        parts = line.removeprefix(_SIGNATURE_START).split(" ")
        if not line.startswith(_SIGNATURE_START) or len(parts) != 2:
            raise InvalidNoteError(
                "a signature line must be an em dash, a key name and base64; found {line!r}", line=line[:80]
            )
        payload = decode_base64(parts[1])
        if payload is None:
            raise InvalidNoteError("the signature of {name!r} is not canonical base64", name=parts[0][:80])
        return cls(parts[0], payload[:KEY_ID_SIZE_BYTES], payload[KEY_ID_SIZE_BYTES:])


@dataclass(frozen=True, slots=True)
class Note:
    """A text, ending with a newline, and 1 to 64 signatures in the order in which they stand.

    Raises InvalidNoteError if the text or the number of signatures breaks the format.
    """

    text: str
    signatures: tuple[NoteSignature, ...]

    def __post_init__(self) -> None:
        check_note_text(self.text)
        if not 1 <= len(self.signatures) <= SIGNATURES_MAX:
            raise InvalidNoteError(
                "a signed note needs 1 to {max} signatures and has {count}",
                max=SIGNATURES_MAX,
                count=len(self.signatures),
            )

    @classmethod
    def parse(cls, data: bytes) -> "Note":
        """The note that `data` writes; raises InvalidNoteError, and nothing else, for any other bytes."""
        if len(data) > _REMEMBERED_SIZE_BYTES_MAX:
            return _read(data)
        return _parsed(data)

    def encode(self) -> bytes:
        """The bytes of the note; the same that were parsed."""
        return (self.text + "\n" + "".join(signature.line() for signature in self.signatures)).encode()


@lru_cache(maxsize=_REMEMBERED_MAX)
def _parsed(data: bytes) -> Note:
    return _read(data)


def _read(data: bytes) -> Note:
    if len(data) > NOTE_SIZE_BYTES_MAX:
        raise InvalidNoteError("a signed note of {size} bytes is too large", size=len(data))
    try:
        whole = data.decode("utf-8")
    except UnicodeDecodeError:
        raise InvalidNoteError("a signed note must be valid UTF-8") from None
    text, blank_line, signature_lines = whole.rpartition("\n\n")
    if not blank_line or not signature_lines.endswith("\n"):
        raise InvalidNoteError("a signed note must be a text, an empty line and signature lines; copy all of it")
    lines = signature_lines[:-1].split("\n")
    if len(lines) > SIGNATURES_MAX:
        raise InvalidNoteError(
            "a signed note needs 1 to {max} signatures and has {count}", max=SIGNATURES_MAX, count=len(lines)
        )
    return Note(text + "\n", tuple(NoteSignature.parse(line) for line in lines))
