"""What a receipt or result proof proves, without a node and without a network.

Owns telling the forms apart, verifying each against a policy, and saying what follows: which entry, signed by whom,
cosigned by which voters and when. Trusts the policy file and nothing else. Invariant: a proof that does not
hold, or cannot be read, ends in a `VerificationError`. Source: docs/protocol.md, section 9; docs/reference/receipts.md.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.errors import UsageError, VerificationError
from cli.ledger_value import to_json
from cli.named_file import read_bytes
from contracts.result import Result
from contracts.timer_effect import TimerEffect, is_timer_effect
from ledger.block import Outcome, is_outcome
from ledger.errors import BanyanError, RemoteProtocolError
from ledger.genesis import member_id
from ledger.policy import POLICY_SIZE_BYTES_MAX, Policy
from ledger.receipt import VerifiedReceipt, verify_receipt
from ledger.receipt_code import CODE_PREFIX, decode_receipt_code
from ledger.result_proof import RESULT_PROOF_HEADER, VerifiedResult, check_same_transaction, verify_result_proof
from ledger.transaction import Transaction, decode_envelope, verify_signatures


@dataclass(frozen=True, slots=True)
class ProvenEntry:
    """A receipt that holds; `content` is the transaction or outcome leaf that it proves."""

    receipt: VerifiedReceipt
    content: Transaction | Outcome


@dataclass(frozen=True, slots=True)
class ProvenResult:
    """A result proof that holds; `content` is the result, or what a timer did, that it proves."""

    proof: VerifiedResult
    content: Result | TimerEffect


@dataclass(frozen=True, slots=True)
class Verified:
    """Everything that the given files prove."""

    entries: tuple[ProvenEntry, ...]
    results: tuple[ProvenResult, ...]


def parse_policy(content: bytes) -> Policy:
    """The policy that a node shows.

    Raises:
        VerificationError: it is none; without a policy nothing is proven.
    """
    with _failing():
        return Policy.parse(content)


def read_policy(path: Path) -> Policy:
    """The policy in the file at `path`, which the reader trusts.

    Raises:
        UsageError: it cannot be read, or is none: the call is wrong then, whatever the proofs are.
    """
    content = read_bytes(path, POLICY_SIZE_BYTES_MAX)
    try:
        return Policy.parse(content)
    except BanyanError as error:
        raise UsageError(
            "{path} is not a verification policy: {reason}; give the file that `banyan policy --out FILE` wrote",
            path=str(path),
            reason=error,
        ) from error


def verify_texts(contents: Sequence[bytes], policy: Policy) -> Verified:
    """What the files with these contents prove together to a reader who trusts `policy`.

    Args:
        contents: Receipts, result proofs, or texts of QR codes (one receipt's, one or several lines or files).
        policy: Of the network and the tree size that the proofs are for.

    Raises:
        VerificationError: one of them does not hold, or they do not belong together.
    """
    entries: list[ProvenEntry] = []
    results: list[ProvenResult] = []
    codes: list[str] = []
    with _failing():
        for content in contents:
            if content.startswith(CODE_PREFIX.encode()):
                codes += _lines(content)
            elif content.startswith(RESULT_PROOF_HEADER.encode()):
                results.append(_result(content, policy))
            else:
                entries.append(_entry(content, policy))
        if codes:
            entries.append(_entry(decode_receipt_code(codes, policy), policy))
        _check_together(entries, results)
    return Verified(tuple(entries), tuple(results))


def _lines(content: bytes) -> list[str]:
    try:
        return [line.rstrip("\r") for line in content.decode("ascii").split("\n") if line.rstrip("\r")]
    except UnicodeDecodeError as error:
        raise VerificationError("the text of a QR code has characters that cannot be in it; read it again") from error


def _entry(content: bytes, policy: Policy) -> ProvenEntry:
    receipt = verify_receipt(content, policy)
    if is_outcome(receipt.leaf):
        return ProvenEntry(receipt, Outcome.decode(receipt.leaf))
    transaction = decode_envelope(receipt.leaf)
    if not verify_signatures(transaction):
        raise VerificationError(
            "the entry {index} is in the log, but the signatures of its transaction are not valid; tell the network's"
            " operators",
            index=receipt.index,
        )
    return ProvenEntry(receipt, transaction)


def _result(content: bytes, policy: Policy) -> ProvenResult:
    proof = verify_result_proof(content, policy)
    is_timer = is_timer_effect(proof.result)
    return ProvenResult(proof, TimerEffect.decode(proof.result) if is_timer else Result.decode(proof.result))


def _check_together(entries: Sequence[ProvenEntry], results: Sequence[ProvenResult]) -> None:
    """A receipt and a result that are given together are taken for one transaction's: they must be."""
    if len(entries) != 1:
        return
    for result in results:
        check_same_transaction(entries[0].receipt, result.proof)
        content, found = entries[0].content, result.content
        holds = isinstance(content, Transaction) and isinstance(found, Result) and content.id == found.transaction_id
        if not holds:
            raise VerificationError("the result is of another transaction than the receipt; get both again")


@contextmanager
def _failing() -> Iterator[None]:
    try:
        yield
    except VerificationError:
        raise
    except RemoteProtocolError as error:
        raise VerificationError("not proven: {reason}", reason=error) from error
    except BanyanError as error:
        raise VerificationError("not proven: {reason}", reason=error) from error


def describe(verified: Verified, policy: Policy) -> dict[str, Any]:
    """What is proven, as a JSON document."""
    return {
        "verified": True,
        "entries": [
            {**_describe_receipt(one.receipt, policy), **_describe_content(one.content)} for one in verified.entries
        ],
        "results": [
            {**_describe_receipt(one.proof.receipt, policy), "result": _describe_result(one.content, one.proof.outcome)}
            for one in verified.results
        ],
    }


def _describe_receipt(receipt: VerifiedReceipt, policy: Policy) -> dict[str, Any]:
    checkpoint = receipt.checkpoint
    return {
        "log": checkpoint.origin,
        "index": receipt.index,
        "tree_size": checkpoint.tree_size,
        "tree_root": checkpoint.root.hex(),
        "log_key": str(receipt.log_key),
        "cosigned": [
            {"name": one.witness.key.name, "key": str(one.witness.key), "time_ms": one.time_s * 1000}
            for one in receipt.witnesses
        ],
        "cosigners_known": len(policy.witnesses),
        # Not before the last of them signed had all of them seen it.
        "as_of_ms": max((one.time_s * 1000 for one in receipt.witnesses), default=None),
    }


def _describe_content(content: Transaction | Outcome) -> dict[str, Any]:
    if isinstance(content, Outcome):
        return {
            "kind": "outcome",
            "outcome": {
                "parent_hash": content.parent_hash.hex(),
                "height": content.height,
                "time_ms": content.time_ms,
                "executed_height": content.executed_height,
                "state_digest": content.state_digest.hex(),
                "results_root": content.results_root.hex(),
                "results_count": content.results_count,
            },
        }
    return {
        "kind": "transaction",
        "transaction": {
            "id": content.id.hex(),
            "network": content.network_id.hex(),
            "from": content.sender.hex(),
            "operation": content.operation,
            "arguments": to_json(content.arguments),
            "nonce": content.nonce.hex(),
            "expires_ms": content.expires_ms,
            "expect": None if content.expect is None else content.expect._asdict(),
            "signatures": [
                {
                    "scheme": one.scheme,
                    "key": one.key.hex(),
                    "first_key_of_sender": member_id(content.network_id, one.key) == content.sender,
                }
                for one in content.signatures
            ],
        },
    }


def _describe_result(result: Result | TimerEffect, outcome: Outcome) -> dict[str, Any]:
    return {
        "id": result.transaction_id.hex() if isinstance(result, Result) else None,
        "timer": result.timer_id if isinstance(result, TimerEffect) else None,
        "purpose": result.purpose if isinstance(result, TimerEffect) else None,
        "height": result.height,
        "index": result.leaf_index if isinstance(result, Result) else None,
        "code": result.code,
        "details": to_json(result.details),
        "events": [{"name": one.name, "data": to_json(one.fields)} for one in result.events],
        "links": [{"subject": one.subject, "sequence": one.sequence, "link": one.link.hex()} for one in result.links],
        "writes": [{"kind": one.kind, "id": one.id, "version": one.version} for one in result.writes],
        "stated_at_height": outcome.height,
        "stated_at_ms": outcome.time_ms,
    }
