"""Events, effects and observations in words, for traces: short, and the same for the same thing.

Owns the words; they are for developers and stay English. Never called while a world runs well.
"""

from collections.abc import Callable, Mapping
from typing import Any

from consensus.packets import Packet
from daemon.sign_state import SignState
from ledger.errors import BanyanError
from p2p.frame import Frame
from p2p.frames import Gossip, PayloadKind
from simulator.adapter import (
    Admitted,
    Alarm,
    BatchStored,
    BlockExecuted,
    CheckpointPublished,
    Dropped,
    EvidenceFound,
    PeerConnected,
    PeerGone,
    ReadFailed,
    ReadReady,
    ReadRequested,
    Received,
    Refused,
    Reported,
    RoleChanged,
    SaveSignState,
    SendFrame,
    SignStateSaved,
    StoreBatch,
    Submitted,
    Verified,
    Verify,
)
from storage.interface import WriteBatch

Names = Mapping[bytes, str]
# What is left of a hash: enough to tell those of one trace apart.
_HASH_DIGITS = 8
# Of a value in an observation's text.
_VALUE_LENGTH_MAX = 80


def short(value: bytes) -> str:
    """The beginning of a hash."""
    return value.hex()[:_HASH_DIGITS]


def frame_text(frame: Frame) -> str:
    """A frame by its kind; of an agreement message, which one."""
    if not isinstance(frame, Gossip):
        return frame.NAME
    if frame.kind is not PayloadKind.AGREEMENT:
        return f"gossip {PayloadKind(frame.kind).name.lower()} {short(frame.id)}"
    try:
        statement = Packet.decode(frame.payload).statement
    except BanyanError as error:
        return f"gossip {error}"
    return f"gossip {statement.NAME} of term {statement.term}"


def state_text(state: SignState) -> str:
    """A sign-state in one line."""
    acknowledged = f"{state.acknowledged_term}/{state.acknowledged_height} {short(state.acknowledged_hash)}"
    voted = short(state.voted_for) if any(state.voted_for) else "nobody"
    return f"term {state.term}, voted for {voted}, acknowledged {acknowledged}, cosigned {state.cosigned_size}"


def batch_text(batch: WriteBatch) -> str:
    """What a write holds."""
    parts = [f"drop from {batch.drop_blocks_from}"] if batch.drop_blocks_from is not None else []
    parts += [
        f"block {one.header.term}/{one.header.height} {short(one.header.header_hash)} ({len(one.entries)} entries)"
        for one in batch.blocks
    ]
    parts += [f"execution {one.height}" for one in batch.executions]
    parts += ["checkpoint"] if batch.checkpoint is not None else []
    return ", ".join(parts) or "values"


_EVENTS: dict[type, Callable[[Any, Names], str]] = {
    Submitted: lambda event, names: f"submitted {', '.join(short(one.transaction.id) for one in event.submissions)}",
    BatchStored: lambda event, names: f"stored {event.ticket}",
    SignStateSaved: lambda event, names: f"saved {event.ticket}",
    PeerConnected: lambda event, names: f"connected with {names.get(event.peer, '?')}",
    PeerGone: lambda event, names: f"lost {names.get(event.peer, '?')}",
    Received: lambda event, names: f"from {names.get(event.peer, '?')} {frame_text(event.frame)}",
    ReadRequested: lambda event, names: f"read {short(event.question)}",
    Verified: lambda event, names: f"verified {event.ticket}",
}
_EFFECTS: dict[type, Callable[[Any, Names], str]] = {
    StoreBatch: lambda effect, names: f"store {effect.ticket} ({batch_text(effect.batch)})",
    SaveSignState: lambda effect, names: f"save {effect.ticket} ({state_text(effect.state)})",
    Admitted: lambda effect, names: f"admitted {short(effect.transaction_id)}",
    Refused: lambda effect, names: f"refused {short(effect.transaction_id)}: {effect.error}",
    BlockExecuted: lambda effect, names: f"told block {effect.height} ({len(effect.transactions)} transactions)",
    CheckpointPublished: lambda effect, names: f"checkpoint of {effect.tree_size}",
    Verify: lambda effect, names: f"verify {effect.ticket} ({len(effect.submissions)})",
    SendFrame: lambda effect, names: f"to {names.get(effect.peer, '?')} {frame_text(effect.frame)}",
    ReadReady: lambda effect, names: f"read {short(effect.question)} ready at {effect.height}",
    ReadFailed: lambda effect, names: f"read {short(effect.question)} failed",
    EvidenceFound: lambda effect, names: f"evidence against {names.get(effect.evidence.node_id, '?')}",
    Reported: lambda effect, names: f"reported: {effect.error}",
    Dropped: lambda effect, names: f"dropped {short(effect.transaction_id)}: {effect.error}",
    RoleChanged: lambda effect, names: f"{effect.role} in term {effect.term}",
    Alarm: lambda effect, names: f"ALARM: {effect.error}",
}


def event_text(event: Any, names: Names) -> str:
    """An event of a node, with the time its clock shows where that is all there is to say."""
    words = _EVENTS.get(type(event))
    return words(event, names) if words is not None else f"{type(event).__name__.lower()} at {event.now_ms}"


def effect_text(effect: Any, names: Names) -> str:
    """An effect of a node."""
    words = _EFFECTS.get(type(effect))
    return words(effect, names) if words is not None else type(effect).__name__.lower()


def observation_text(observation: Any) -> str:
    """An observation: its kind and its values."""
    values = (f"{name}={_value_text(value)}" for name, value in observation._asdict().items() if name != "time_us")
    return f"* {type(observation).__name__} {' '.join(values)}"


def _value_text(value: Any) -> str:
    if isinstance(value, bytes):
        return short(value)
    if isinstance(value, SignState):
        return f"({state_text(value)})"
    if isinstance(value, WriteBatch):
        return f"({batch_text(value)})"
    if isinstance(value, tuple):
        return f"[{len(value)}]"
    return str(value)[:_VALUE_LENGTH_MAX]
