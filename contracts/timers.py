"""Timers: what a contract wants to be done when it is time, kept as records that sort by when they are due.

Owns the record `timer/<due>/<id>`, its setting and cancelling by contracts, and finding those that are due. Never runs
one (`contracts.runtime` does), and knows no clock: it is time when a block's time says so. Invariants: a timer runs
once, in the first block at or after its time that has room for it; the order of ids is that of times; an id is never
used twice, as it comes from the run that set the timer. Source: docs/reference/contracts.md, "Timers"; docs/adr/0018.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from contracts.errors import ContractError, Reason, Refusal
from contracts.limits import PAYLOAD_SIZE_BYTES_MAX, PAYLOAD_TOO_LARGE, TIMER_DUE
from contracts.record import Record
from contracts.run_context import RunContext
from contracts.state import OrderedState
from ledger.encoding import Value, encode
from ledger.errors import DecodingError
from ledger.hashing import Hash, tagged_hash

KIND_TIMER = "timer"
# With this many digits, the order of ids is the order of times, until the year 33658.
DUE_DIGITS = 15
DUE_MS_MAX = 10**DUE_DIGITS - 1
# 16 bytes of a hash: as unique as anything random, and half the room.
_ID_HASH_SIZE_BYTES = 16

PURPOSE_UNKNOWN = Reason("timer.purpose-unknown", "no contract of this version serves timers of the purpose {purpose}")
TIMER_REASONS = (PURPOSE_UNKNOWN,)

_PREFIX = b"timer\0"
_ID = re.compile(r"([0-9]{15})/[0-9a-f]{32}")


class Timer(NamedTuple):
    """A timer that waits: its id, when it is due, which handler serves it, and what that is told."""

    id: str
    due_ms: int
    purpose: str
    payload: dict[str, Value]

    @property
    def key(self) -> bytes:
        """The key of its record."""
        return _PREFIX + self.id.encode("ascii")


def set_timer(context: RunContext, due_ms: int, purpose: str, payload: dict[str, Value]) -> str:
    """Let the handler `purpose` run in the first block at or after `due_ms`; never in the block of this run.

    Args:
        context: Of a transaction, or of a timer that is due now.
        due_ms: Milliseconds since 1970 UTC. What has passed already is due in the next block.
        purpose: `contract.name`, one of the handlers that the running contract declares or borrows.
        payload: A small map for the handler: at most 1 KiB encoded.

    Returns:
        The id, for `cancel_timer`; whoever may want to cancel the timer keeps it in a record.

    Raises:
        Refusal: `limits.timers`, `limits.timer-due`, `limits.timer-payload`, or a limit on writes.
        ContractError: the purpose is neither the contract's own nor borrowed.

    Cost: a write; `timer <id>` is among the writes of the run.
    """
    _check_own(context, purpose)
    if not 0 <= due_ms <= DUE_MS_MAX:
        raise Refusal(*TIMER_DUE, due=due_ms, limit=DUE_MS_MAX)
    size = len(encode(payload))
    if size > PAYLOAD_SIZE_BYTES_MAX:
        raise Refusal(*PAYLOAD_TOO_LARGE, size=size, limit=PAYLOAD_SIZE_BYTES_MAX)
    number = context.count_timer().to_bytes(4, "big")
    told = tagged_hash("timer", context.origin, number)[:_ID_HASH_SIZE_BYTES]
    timer_id = f"{due_ms:0{DUE_DIGITS}d}/{told.hex()}"
    context.create_for_runtime(KIND_TIMER, timer_id, {"payload": payload, "purpose": purpose})
    return timer_id


def first_timer(origin: Hash, purpose: str, payload: dict[str, Value]) -> tuple[bytes, dict[str, Value]]:
    """Key and fields of a timer that a genesis sets, for the first block; `origin` is the hash of what it is about."""
    told = tagged_hash("timer", origin, purpose.encode("ascii"))[:_ID_HASH_SIZE_BYTES]
    return Timer(f"{0:0{DUE_DIGITS}d}/{told.hex()}", 0, purpose, payload).key, {"payload": payload, "purpose": purpose}


def cancel_timer(context: RunContext, timer_id: str) -> bool:
    """Take back a timer of the running contract, or of one whose timers it borrows; whether it still waited.

    One that has run cannot be taken back.

    Raises:
        Refusal: a limit; asking counts as a read.
        ContractError: it is another contract's, or not the id of a timer.
    """
    if not _ID.fullmatch(timer_id):
        raise ContractError("{id!r} is not the id of a timer", id=timer_id)
    record = context.read(KIND_TIMER, timer_id)
    if record is None:
        return False
    _check_own(context, _timer(timer_id, record).purpose)
    context.delete_for_runtime(KIND_TIMER, timer_id)
    return True


def due_timers(state: OrderedState, time_ms: int, count_max: int) -> list[Timer]:
    """The first timers that are due at `time_ms`, in the order of their keys, at most `count_max`.

    Cost: a question, and two more for each that is found.
    """
    found: list[Timer] = []
    for key in _due_keys(state, time_ms):
        if len(found) == count_max:
            break
        content = state.get(key)
        assert content is not None, "a key that is found in order is there"
        found.append(_timer(_id_of(key), Record.decode(content)))
    return found


def next_due_ms(state: OrderedState) -> int | None:
    """When the first timer of all is due; None if none waits. One question."""
    key = state.next_key(_PREFIX)
    return None if key is None else _due_ms(_id_of(key))


def _due_keys(state: OrderedState, time_ms: int) -> Iterator[bytes]:
    key = state.next_key(_PREFIX)
    while key is not None and _due_ms(_id_of(key)) <= time_ms:
        yield key
        key = state.next_key(_PREFIX, key)


def _check_own(context: RunContext, purpose: str) -> None:
    contract = context.contract
    own = (f"{contract.name}.{handler.name}" for handler in contract.timers)
    if purpose not in contract.borrowed_timers and purpose not in own:
        raise ContractError(
            "the contract {contract} has no timer handler {purpose}, nor borrows it",
            contract=contract.name,
            purpose=purpose,
        )


def _timer(timer_id: str, record: Record) -> Timer:
    purpose, payload = record.fields.get("purpose"), record.fields.get("payload")
    if not isinstance(purpose, str) or not isinstance(payload, dict):
        raise DecodingError("the record of the timer {id} lacks its purpose or payload", id=timer_id)
    return Timer(timer_id, _due_ms(timer_id), purpose, payload)


def _id_of(key: bytes) -> str:
    return key[len(_PREFIX) :].decode("latin-1")


def _due_ms(timer_id: str) -> int:
    match = _ID.fullmatch(timer_id)
    if match is None:
        raise DecodingError("{id} is not the id of a timer", id=timer_id)
    return int(match.group(1))
