"""Receipts as QR codes: a compact form that expands to the identical text, given the policy.

Owns the binary form (keys as positions in the policy, no root), its split into numbered parts, and their texts
`BANYAN1:` + base45. Never verifies: what comes out is a receipt's text, which `ledger.receipt` verifies. Invariants:

- expanding gives the very bytes that went in; a receipt for which that cannot be is refused when it is packed;
- parts are joined in any order, and never across two receipts.

Source: docs/reference/receipts.md, section "QR codes".
"""

from collections.abc import Sequence
from typing import TypeGuard

from ledger.base45 import decode_base45, encode_base45
from ledger.checkpoint import TREE_SIZE_MAX, Checkpoint
from ledger.cosignature import join_cosignature, split_cosignature
from ledger.encoding import Value, decode, encode
from ledger.errors import DecodingError, InvalidNoteError, InvalidProofError
from ledger.hashing import HASH_SIZE_BYTES, Hash, tagged_hash
from ledger.note import Note, NoteSignature
from ledger.policy import Policy
from ledger.proof import EXTRA_SIZE_BYTES_MAX, PATH_LENGTH_MAX, TlogProof
from ledger.signing import SIGNATURE_SIZE_BYTES
from ledger.tree import leaf_hash, root_of_inclusion

CODE_PREFIX = "BANYAN1:"
# 1,808 characters: a symbol of version 29 at error correction M, which a phone still reads off paper.
PART_SIZE_BYTES_MAX = 1200
# The largest entry, the longest path and 64 cosignatures need 62 parts.
PARTS_MAX = 64

_VERSION = 1
_FIELDS = 9  # version, policy hash, index, size, path, log, log signature, cosignatures, leaf
_PART_FIELDS = 4  # number, count, common hash, chunk
_SHORT_HASH_SIZE_BYTES = 8
# The array, two numbers up to 64, and the headers of two byte strings with the hash.
_PART_HEADER_SIZE_BYTES = 16
_TEXT_LENGTH_MAX = len(CODE_PREFIX) + PART_SIZE_BYTES_MAX // 2 * 3
_COMPACT_SIZE_BYTES_MAX = PARTS_MAX * PART_SIZE_BYTES_MAX


def encode_receipt_code(receipt: bytes, policy: Policy) -> tuple[str, ...]:
    """The texts of the QR codes for a receipt: one, or as many as are needed, each for one symbol.

    Raises InvalidNoteError if the receipt is not exactly as `policy` makes it be issued. Cost: well below 1 ms.
    """
    compact = _pack(receipt, policy)
    if _unpack(compact, policy) != receipt:
        raise InvalidNoteError("the receipt is not in the form in which it is issued; get it again from a node")
    if len(compact) <= PART_SIZE_BYTES_MAX:
        return (CODE_PREFIX + encode_base45(compact),)
    room = PART_SIZE_BYTES_MAX - _PART_HEADER_SIZE_BYTES
    count = -(-len(compact) // room)
    assert count <= PARTS_MAX  # the limits of a proof and a note see to it
    size = -(-len(compact) // count)  # equal parts, so that all symbols look alike
    common = _short_hash("receipt-code", compact)
    chunks = [compact[at : at + size] for at in range(0, len(compact), size)]
    parts = [encode([number, count, common, chunk]) for number, chunk in enumerate(chunks, 1)]
    return tuple(CODE_PREFIX + encode_base45(part) for part in parts)


def decode_receipt_code(texts: Sequence[str], policy: Policy) -> bytes:
    """The receipt's text out of the texts of its QR codes, in any order; the same part may come twice.

    Raises:
        InvalidNoteError: not such a code, parts missing, parts of different receipts.
        InvalidProofError: made for another policy.
    """
    if not 1 <= len(texts) <= 4 * PARTS_MAX:
        raise InvalidNoteError("a receipt needs 1 to {max} QR codes", max=PARTS_MAX)
    values = [_read(text) for text in texts]
    whole = any(len(value) == _FIELDS for value in values)
    if whole and len(set(texts)) > 1:
        raise InvalidNoteError("one of the QR codes is a whole receipt: read it alone")
    compact = encode(values[0]) if whole else _join(values)
    receipt = _unpack(compact, policy)
    if _pack(receipt, policy) != compact:
        raise InvalidNoteError("the QR codes hold a receipt in another form than the one it is issued in")
    return receipt


def _short_hash(purpose: str, data: bytes) -> bytes:
    return tagged_hash(purpose, data)[:_SHORT_HASH_SIZE_BYTES]


def _read(text: str) -> list[Value]:
    """The array in one code, of one of the two lengths that occur."""
    plausible = text.startswith(CODE_PREFIX) and len(text) <= _TEXT_LENGTH_MAX
    data = decode_base45(text.removeprefix(CODE_PREFIX)) if plausible else None
    if data is None:
        raise InvalidNoteError("this is not the QR code of a receipt: it must begin with {prefix}", prefix=CODE_PREFIX)
    try:
        value = decode(data)
    except DecodingError as error:
        raise InvalidNoteError("the QR code is damaged; read it again") from error
    if not isinstance(value, list) or len(value) not in (_FIELDS, _PART_FIELDS):
        raise InvalidNoteError("the QR code holds something other than a receipt")
    return value


def _join(parts: Sequence[list[Value]]) -> bytes:
    """The compact form out of all parts; each is checked against the others and the whole against its hash."""
    chunks: dict[int, bytes] = {}
    labels: set[tuple[int, bytes]] = set()
    for number, count, common, chunk in parts:
        if not _is_integer(count, PARTS_MAX) or not _is_integer(number, count) or number == 0 or count < 2:
            raise InvalidNoteError("the QR code is not numbered as part of a receipt")
        if not isinstance(common, bytes) or not isinstance(chunk, bytes) or not chunk:
            raise InvalidNoteError("the QR code holds something other than a part of a receipt")
        labels.add((count, common))
        if chunks.setdefault(number, chunk) != chunk:
            raise InvalidNoteError("two QR codes differ that are both part {number} of a receipt", number=number)
    if len(labels) > 1:
        raise InvalidNoteError("the QR codes are of different receipts; read those of one receipt only")
    ((count, common),) = labels
    missing = [str(number) for number in range(1, count + 1) if number not in chunks]
    if missing:
        raise InvalidNoteError(
            "of {count} QR codes these are missing: {missing}", count=count, missing=", ".join(missing)
        )
    compact = b"".join(chunks[number] for number in range(1, count + 1))
    if _short_hash("receipt-code", compact) != common:
        raise InvalidNoteError("the QR codes do not fit together; read them again")
    return compact


def _pack(receipt: bytes, policy: Policy) -> bytes:
    """The compact form; positions are those of the keys in the policy."""
    proof = TlogProof.parse(receipt)
    checkpoint = Checkpoint.parse(proof.checkpoint.text)
    log_positions = {(log.key.name, log.key.key_id): at for at, log in enumerate(policy.logs)}
    witness_positions = {(one.key.name, one.key.key_id): at for at, one in enumerate(policy.witnesses)}
    log_signature, *cosignatures = proof.checkpoint.signatures
    packed: list[Value] = []
    for signature in cosignatures:
        parts = split_cosignature(signature)
        if parts is None:
            raise InvalidNoteError("the receipt holds a signature that is no cosignature")
        packed.append([_position(witness_positions, signature), *parts])
    return encode(
        [
            _VERSION,
            policy.hash[:_SHORT_HASH_SIZE_BYTES],
            proof.index,
            checkpoint.tree_size,
            b"".join(proof.path),
            _position(log_positions, log_signature),
            log_signature.signature,
            packed,
            proof.extra,
        ]
    )


def _position(positions: dict[tuple[str, bytes], int], signature: NoteSignature) -> int:
    position = positions.get((signature.name, signature.key_id))
    if position is None:
        raise InvalidNoteError("the receipt holds a signature of {name!r}, which the policy lacks", name=signature.name)
    return position


def _unpack(compact: bytes, policy: Policy) -> bytes:
    """The receipt's text; the root is computed, since only one can be right."""
    try:
        value = decode(compact, _COMPACT_SIZE_BYTES_MAX)
    except DecodingError as error:
        raise InvalidNoteError("the QR codes do not hold a receipt") from error
    if not isinstance(value, list) or len(value) != _FIELDS or value[0] != _VERSION:
        raise InvalidNoteError("the QR code is of a kind that this version does not know; a newer one may")
    _, policy_hash, index, size, path_bytes, log_position, log_signature, cosignatures, leaf = value
    if not _is_bytes(policy_hash, _SHORT_HASH_SIZE_BYTES):
        raise InvalidNoteError("the QR code does not say which policy it was made for")
    if not _is_integer(index, TREE_SIZE_MAX - 1) or not _is_integer(size, TREE_SIZE_MAX):
        raise InvalidNoteError("the QR code holds a place in the log that cannot be")
    if policy_hash != policy.hash[:_SHORT_HASH_SIZE_BYTES]:
        raise InvalidProofError("the receipt was made for another policy: get the one for tree size {size}", size=size)
    if not _is_bytes(leaf, 0, EXTRA_SIZE_BYTES_MAX) or not isinstance(cosignatures, list):
        raise InvalidNoteError("the QR code does not hold an entry with its cosignatures")
    path = _path(path_bytes)
    root = root_of_inclusion(leaf_hash(leaf), index, size, path)
    if not _is_integer(log_position, len(policy.logs) - 1) or not _is_bytes(log_signature, SIGNATURE_SIZE_BYTES):
        raise InvalidNoteError("the QR code does not hold a signature of the log")
    log_key = policy.logs[log_position].key
    signatures = [NoteSignature(log_key.name, log_key.key_id, log_signature)]
    signatures += [_cosignature(item, policy) for item in cosignatures]
    note = Note(Checkpoint(log_key.name, size, root).text(), tuple(signatures))
    return TlogProof(index, path, note, leaf).encode()


def _path(value: Value) -> tuple[Hash, ...]:
    if not _is_bytes(value, 0, PATH_LENGTH_MAX * HASH_SIZE_BYTES) or len(value) % HASH_SIZE_BYTES:
        raise InvalidNoteError("the QR code does not hold an inclusion proof")
    return tuple(value[at : at + HASH_SIZE_BYTES] for at in range(0, len(value), HASH_SIZE_BYTES))


def _cosignature(item: Value, policy: Policy) -> NoteSignature:
    match item:
        case [position, time_s, signature] if (
            _is_integer(position, len(policy.witnesses) - 1)
            and _is_integer(time_s, TREE_SIZE_MAX)
            and _is_bytes(signature, SIGNATURE_SIZE_BYTES)
        ):
            return join_cosignature(policy.witnesses[position].key, time_s, signature)
    raise InvalidNoteError("the QR code holds a cosignature that the policy does not know")


def _is_integer(value: object, limit: int) -> TypeGuard[int]:
    """Whether `value` is an integer from 0 to `limit`; true and false are none."""
    return type(value) is int and 0 <= value <= limit


def _is_bytes(value: object, size_min: int, size_max: int | None = None) -> TypeGuard[bytes]:
    """Whether `value` is bytes of a size within the limits; one limit means exactly that size."""
    return isinstance(value, bytes) and size_min <= len(value) <= (size_min if size_max is None else size_max)
