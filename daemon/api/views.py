"""How transactions, results and blocks look as JSON. Pure.

Owns the names of the fields in docs/reference/api.md; never reads a store.
"""

from contracts.records.explaining import ReadKey, explain_with_pack
from contracts.registry import Registry
from contracts.result import Result
from contracts.timer_effect import TimerEffect
from daemon.api.json_value import Json, to_json
from daemon.lookup import FoundTransaction
from daemon.pending import SubmissionOutcome, SubmissionStatus
from ledger.base64_text import encode_base64
from ledger.block import Header, Outcome
from ledger.transaction import Transaction, decode_envelope


def result_view(result: Result | TimerEffect, registry: Registry, read: ReadKey) -> dict[str, Json]:
    """A result, or what a timer did, with the refusal in words where there is one.

    `read` looks into the state, for a pack's own words.
    """
    return {
        "code": result.code,
        "details": to_json(result.details),
        "events": [{"name": event.name, "data": to_json(event.fields)} for event in result.events],
        "links": [
            {"subject": link.subject, "sequence": link.sequence, "link": link.link.hex()} for link in result.links
        ],
        "writes": [{"kind": one.kind, "id": one.id, "version": one.version} for one in result.writes],
        "refusal": _refusal_view(result, registry, read),
    }


def _refusal_view(result: Result | TimerEffect, registry: Registry, read: ReadKey) -> Json:
    refusal = registry.explain(result)
    if refusal is None:
        return None
    words = explain_with_pack(result, read)
    return {
        "detail": str(refusal),
        "template": refusal.template,
        "params": to_json(refusal.details),
        "pack": None if words is None else {"article": words.article, "en": words.en, "zh": words.zh},
    }


def transaction_view(transaction: Transaction) -> dict[str, Json]:
    """The decoded envelope."""
    expect = transaction.expect
    return {
        "network": transaction.network_id.hex(),
        "from": transaction.sender.hex(),
        "operation": transaction.operation,
        "arguments": to_json(transaction.arguments),
        "nonce": transaction.nonce.hex(),
        "expires_ms": transaction.expires_ms,
        "expect": None if expect is None else {"kind": expect.kind, "id": expect.id, "version": expect.version},
        "signatures": [
            {"scheme": one.scheme, "key": one.key.hex(), "signature": one.signature.hex()}
            for one in transaction.signatures
        ],
    }


def found_view(found: FoundTransaction, registry: Registry, read: ReadKey) -> dict[str, Json]:
    """An executed transaction with everything that is known of it."""
    return {
        "id": found.transaction_id.hex(),
        "status": SubmissionStatus.COMMITTED.value,
        "height": found.height,
        "index": found.leaf_index,
        "time_ms": found.time_ms,
        "result": result_view(found.result, registry, read),
        "result_leaf": encode_base64(found.result_leaf),
        "transaction": transaction_view(decode_envelope(found.envelope)),
        "envelope": encode_base64(found.envelope),
    }


def effect_view(effect: TimerEffect) -> dict[str, Json]:
    """What a timer did, in one line."""
    return {"number": effect.number, "id": effect.timer_id, "purpose": effect.purpose, "code": effect.code}


def outcome_view(outcome: SubmissionOutcome, registry: Registry, read: ReadKey) -> dict[str, Json]:
    """What a client is told of a submission that was not refused."""
    assert outcome.transaction_id is not None, "only what could not be decoded has no id, and that is refused"
    view: dict[str, Json] = {
        "id": outcome.transaction_id.hex(),
        "status": outcome.status.value,
        "known": outcome.known,
    }
    if outcome.result is not None:
        view |= {
            "height": outcome.height,
            "index": outcome.leaf_index,
            "time_ms": outcome.time_ms,
            "result": result_view(outcome.result, registry, read),
        }
    return view


def header_view(header: Header) -> dict[str, Json]:
    """A block's header, decoded."""
    return {
        "height": header.height,
        "term": header.term,
        "hash": header.hash.hex(),
        "previous_hash": header.previous_hash.hex(),
        "time_ms": header.time_ms,
        "proposer": header.proposer.hex(),
        "leaf_count": header.leaf_count,
        "tree_size": header.tree_size,
        "tree_root": header.tree_root.hex(),
        "voter_set_hash": header.voter_set_hash.hex(),
        "election_certificate_hash": header.election_certificate_hash.hex(),
        "executed_height": header.executed_height,
        "state_digest": header.state_digest.hex(),
        "checkpoint": header.checkpoint,
        "protocol_version": header.protocol_version,
    }


def outcome_leaf_view(outcome: Outcome) -> dict[str, Json]:
    """A block's outcome leaf, decoded."""
    return {
        "parent_hash": outcome.parent_hash.hex(),
        "height": outcome.height,
        "time_ms": outcome.time_ms,
        "executed_height": outcome.executed_height,
        "state_digest": outcome.state_digest.hex(),
        "results_root": outcome.results_root.hex(),
        "results_count": outcome.results_count,
    }
