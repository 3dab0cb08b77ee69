"""Result proofs: what the ledger did with a transaction, as provable as the transaction itself.

Owns the text that puts a result leaf, its path in the tree of results, and the receipt of the outcome leaf that
commits to that tree into one file. Never reads what a result says, except where it stands in the log. Invariant:
a text that verifies is the one that `build_result_proof` makes.

Source: docs/reference/receipts.md; docs/protocol.md, sections 4 and 9.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ledger.base64_text import decode_base64, encode_base64
from ledger.block import Outcome
from ledger.checkpoint import TREE_SIZE_MAX, parse_decimal
from ledger.encoding import decode
from ledger.errors import DecodingError, InvalidBlockError, InvalidNoteError, InvalidProofError
from ledger.hashing import Hash
from ledger.policy import Policy
from ledger.proof import PATH_LENGTH_MAX, PROOF_SIZE_BYTES_MAX, TlogProof, parse_index_line, parse_path
from ledger.receipt import VerifiedReceipt, verify_receipt
from ledger.tree import leaf_hash, verify_inclusion

RESULT_PROOF_HEADER = "banyan-result-proof@v1"
# Far above what an operation can produce: events and details together are bounded by the contracts.
RESULT_SIZE_BYTES_MAX = 1 << 20
RESULT_PROOF_SIZE_BYTES_MAX = PROOF_SIZE_BYTES_MAX + RESULT_SIZE_BYTES_MAX // 3 * 4 + PATH_LENGTH_MAX * 45 + 256

_RESULT = "result "
_SIZE = "size "
_RESULT_TAG = "result"
# The fields of a result leaf that tell its place: ["result", 1, height, leaf index, transaction id, ...].
_LEAF_INDEX_FIELD = 3


@dataclass(frozen=True, slots=True)
class ResultProof:
    """The parts of a result proof: `result` is leaf `index` of `size` results; `receipt` proves the outcome leaf."""

    result: bytes
    index: int
    size: int
    path: tuple[Hash, ...]
    receipt: TlogProof

    @classmethod
    def parse(cls, data: bytes) -> "ResultProof":
        """The result proof that `data` writes; raises InvalidNoteError, and nothing else, for any other bytes."""
        if len(data) > RESULT_PROOF_SIZE_BYTES_MAX:
            raise InvalidNoteError("a result proof of {size} bytes is too large", size=len(data))
        head, blank_line, receipt = data.partition(b"\n\n")
        try:
            lines = head.decode("ascii").split("\n")
        except UnicodeDecodeError:
            raise InvalidNoteError("a result proof must begin with lines of ASCII") from None
        if not blank_line or len(lines) < 4 or lines[0] != RESULT_PROOF_HEADER or not lines[1].startswith(_RESULT):
            raise InvalidNoteError("a result proof must begin with {header} and a result", header=RESULT_PROOF_HEADER)
        result = decode_base64(lines[1].removeprefix(_RESULT))
        if result is None or len(result) > RESULT_SIZE_BYTES_MAX:
            raise InvalidNoteError("the result in the proof is not canonical base64, or too large")
        index = parse_index_line(lines[2])
        size = parse_decimal(lines[3].removeprefix(_SIZE), TREE_SIZE_MAX) if lines[3].startswith(_SIZE) else None
        if size is None:
            raise InvalidNoteError("a result proof needs a line with the number of results")
        return cls(result, index, size, parse_path(lines[4:]), TlogProof.parse(receipt))

    def encode(self) -> bytes:
        """The text; the same that was parsed."""
        lines = [
            RESULT_PROOF_HEADER,
            _RESULT + encode_base64(self.result),
            f"index {self.index}",
            f"{_SIZE}{self.size}",
            *(encode_base64(node) for node in self.path),
        ]
        return "".join(line + "\n" for line in lines).encode() + b"\n" + self.receipt.encode()


@dataclass(frozen=True, slots=True)
class VerifiedResult:
    """What a result proof proves: `result` was computed by the time of `outcome`, which `receipt` proves."""

    result: bytes
    outcome: Outcome
    receipt: VerifiedReceipt


def build_result_proof(
    result: bytes, index: int, size: int, path: Sequence[Hash], *, outcome_receipt: bytes, policy: Policy
) -> bytes:
    """The result proof text for a result leaf.

    Args:
        result: The result leaf.
        index: Its number among the results that the outcome leaf commits to, from 0.
        size: How many results those are.
        path: Its inclusion path among them.
        outcome_receipt: The receipt of that outcome leaf.
        policy: The one that the receipt was made for.

    Raises InvalidNoteError or InvalidProofError if the parts do not make a proof that verifies.
    """
    data = ResultProof(result, index, size, tuple(path), TlogProof.parse(outcome_receipt)).encode()
    verify_result_proof(data, policy)
    return data


def verify_result_proof(data: bytes, policy: Policy) -> VerifiedResult:
    """What the result proof `data` proves to a reader who trusts `policy`.

    Raises:
        InvalidNoteError: not a result proof's text.
        InvalidProofError: it does not prove its claim under this policy.
    """
    proof = ResultProof.parse(data)
    outcome = _outcome_of(proof.receipt.extra or b"")
    if proof.size != outcome.results_count:
        raise InvalidProofError(
            "the proof is for one of {size} results, its outcome leaf is for {count}",
            size=proof.size,
            count=outcome.results_count,
        )
    verify_inclusion(leaf_hash(proof.result), proof.index, proof.size, proof.path, outcome.results_root)
    return VerifiedResult(proof.result, outcome, verify_receipt(proof.receipt.encode(), policy))


def check_same_transaction(receipt: VerifiedReceipt, result: VerifiedResult) -> None:
    """Return if `result` is the result of the entry that `receipt` proves: same log, same place in it.

    Raises InvalidProofError otherwise: each may be genuine, but they do not belong together.
    """
    try:
        value = decode(result.result, RESULT_SIZE_BYTES_MAX)
    except DecodingError as error:
        raise InvalidProofError("the result leaf is not in the project's encoding") from error
    is_result = isinstance(value, list) and len(value) > _LEAF_INDEX_FIELD and value[0] == _RESULT_TAG
    leaf_index = value[_LEAF_INDEX_FIELD] if is_result and isinstance(value, list) else None
    if type(leaf_index) is not int or leaf_index != receipt.index:
        raise InvalidProofError("the result is not that of the entry {index}", index=receipt.index)
    if receipt.checkpoint.origin != result.receipt.checkpoint.origin:
        raise InvalidProofError("the result is from another log than the receipt")


def _outcome_of(leaf: bytes) -> Outcome:
    try:
        return Outcome.decode(leaf)
    except (DecodingError, InvalidBlockError) as error:
        raise InvalidProofError("the receipt in the result proof is not that of an outcome leaf") from error
