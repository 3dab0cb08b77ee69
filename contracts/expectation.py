"""`expect`: a transaction says which version of a record it builds on, and fails if that has changed.

Owns the check and its refusals. What two people change at the same time is thereby never overwritten unseen.
Source: docs/protocol.md, section 4.
"""

from contracts.errors import Reason, Refusal
from contracts.record import InvalidRecordKeyError, Record, record_key
from contracts.state import BlockState
from ledger.transaction import Expectation

VERSION_MISMATCH = Reason(
    "expect.version-mismatch",
    "the {kind} {id} has version {found}, the transaction builds on {expected} (0: none); look at it and sign again",
)
INVALID_RECORD = Reason("expect.invalid-record", "the transaction builds on a record that cannot exist")

EXPECT_REASONS = (VERSION_MISMATCH, INVALID_RECORD)


def check_expectation(state: BlockState, expectation: Expectation) -> None:
    """Refuse unless the record has exactly the expected version, 0 meaning that there is none.

    Raises:
        Refusal: `expect.version-mismatch` with both versions, or `expect.invalid-record`.
    """
    kind, record_id, expected = expectation
    try:
        key = record_key(kind, record_id)
    except InvalidRecordKeyError as error:
        raise Refusal(*INVALID_RECORD) from error
    content = state.get(key)
    found = 0 if content is None else Record.decode(content).version
    if found != expected:
        raise Refusal(*VERSION_MISMATCH, kind=kind, id=record_id, found=found, expected=expected)
