"""`tlog-proof`: the text that carries an entry's inclusion proof together with a checkpoint.

Owns the text; never verifies anything (`ledger.receipt` does). Invariant: `TlogProof.parse(data).encode() == data`.

Source: C2SP tlog-proof, section "Format".
"""

from dataclasses import dataclass

from ledger.base64_text import decode_base64, encode_base64
from ledger.checkpoint import TREE_SIZE_MAX, Checkpoint, parse_decimal
from ledger.errors import InvalidNoteError
from ledger.hashing import HASH_SIZE_BYTES, Hash
from ledger.note import NOTE_SIZE_BYTES_MAX, Note

PROOF_HEADER = "c2sp.org/tlog-proof@v1"

# A tree of 2**63 leaves is 63 levels high.
PATH_LENGTH_MAX = 63
EXTRA_SIZE_BYTES_MAX = 1 << 16
# The largest note, the largest extra data in base64, the longest path, and the two short lines.
PROOF_SIZE_BYTES_MAX = NOTE_SIZE_BYTES_MAX + EXTRA_SIZE_BYTES_MAX // 3 * 4 + PATH_LENGTH_MAX * 45 + 256

_EXTRA = "extra "
_INDEX = "index "


def parse_index_line(line: str) -> int:
    """The number in a line `index N`; raises InvalidNoteError for anything else."""
    index = parse_decimal(line.removeprefix(_INDEX), TREE_SIZE_MAX - 1) if line.startswith(_INDEX) else None
    if index is None:
        raise InvalidNoteError("a proof needs a line with the index of its entry; found {line!r}", line=line[:80])
    return index


def parse_path(lines: list[str]) -> tuple[Hash, ...]:
    """The hashes of an inclusion path, one in each line; raises InvalidNoteError for anything else."""
    if len(lines) > PATH_LENGTH_MAX:
        raise InvalidNoteError("an inclusion proof of {count} hashes is too long", count=len(lines))
    path: list[Hash] = []
    for line in lines:
        node = decode_base64(line)
        if node is None or len(node) != HASH_SIZE_BYTES:
            raise InvalidNoteError("{line!r} is not a hash in canonical base64", line=line[:80])
        path.append(node)
    return tuple(path)


@dataclass(frozen=True, slots=True)
class TlogProof:
    """Entry number `index` lies under `checkpoint`, as `path` (leaf to root) shows; `extra` is for the application.

    Raises InvalidNoteError if a part is out of range: index >= 2**63 - 1, more than 63 hashes, a hash that has not
    32 bytes, more than 65,536 bytes of extra data, a note that is no checkpoint.
    """

    index: int
    path: tuple[Hash, ...]
    checkpoint: Note
    extra: bytes | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.index < TREE_SIZE_MAX or len(self.path) > PATH_LENGTH_MAX:
            raise InvalidNoteError("there is no proof for the entry {index}", index=self.index)
        if any(len(node) != HASH_SIZE_BYTES for node in self.path):
            raise InvalidNoteError("a hash of an inclusion proof has not 32 bytes")
        if len(self.extra or b"") > EXTRA_SIZE_BYTES_MAX:
            raise InvalidNoteError("a proof cannot carry {size} bytes", size=len(self.extra or b""))
        Checkpoint.parse(self.checkpoint.text)

    @classmethod
    def parse(cls, data: bytes) -> "TlogProof":
        """The proof that `data` writes; raises InvalidNoteError, and nothing else, for any other bytes."""
        if len(data) > PROOF_SIZE_BYTES_MAX:
            raise InvalidNoteError("a proof of {size} bytes is too large", size=len(data))
        head, blank_line, checkpoint = data.partition(b"\n\n")
        try:
            header, *lines = head.decode("ascii").split("\n")
        except UnicodeDecodeError:
            raise InvalidNoteError("a proof must begin with lines of ASCII") from None
        if header != PROOF_HEADER or not blank_line:
            raise InvalidNoteError("a proof must begin with {header} and hold an empty line", header=PROOF_HEADER)
        extra: bytes | None = None
        if lines and lines[0].startswith(_EXTRA):
            extra = decode_base64(lines.pop(0).removeprefix(_EXTRA))
            if extra is None:
                raise InvalidNoteError("the extra line of the proof is not canonical base64")
        index = parse_index_line(lines[0] if lines else "")
        return cls(index, parse_path(lines[1:]), Note.parse(checkpoint), extra)

    def encode(self) -> bytes:
        """The proof's text; the same that was parsed."""
        lines = [PROOF_HEADER]
        if self.extra is not None:
            lines.append(_EXTRA + encode_base64(self.extra))
        lines.append(f"{_INDEX}{self.index}")
        lines += [encode_base64(node) for node in self.path]
        return "".join(line + "\n" for line in lines).encode() + b"\n" + self.checkpoint.encode()
