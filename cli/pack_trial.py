"""A ledger in memory on which a pack is tried: one administrator, units, persons with accounts.

Owns the accounts, made from their names, and the blocks: transactions run through the very function that nodes run,
without a network, a disk or a clock. Never judges what comes out. Invariant: the same calls give the same ledger.
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from contracts.builtin import builtin_registry
from contracts.genesis_state import genesis_records
from contracts.members.possession import possession_message
from contracts.packs.pack import Pack
from contracts.record import Record, parse_record_key, record_key
from contracts.result import Result
from contracts.runtime import ExecutableBlock, Execution, PlacedTransaction, execute_block
from contracts.timers import next_due_ms
from contracts.units.office import person_subject
from ledger.encoding import Value
from ledger.genesis import Genesis, Parameters, member_id
from ledger.hashing import Hash, tagged_hash
from ledger.node_keys import NodeDescription, NodeKeys
from ledger.signing import SigningKey
from ledger.transaction import build_transaction
from ledger.verifier_key import KEY_TYPE_MEMBER, VerifierKey

ADMINISTRATOR = "administrator"
DAY_MS = 86_400_000
# Nine in the morning, UTC.
_MORNING_MS = 9 * 3_600_000
# 2020-01-01: no network is older, and no story begins before it.
_CREATED_MS = 18_262 * DAY_MS
# A day's timers run within so many blocks, or the pack sets more of them than anybody would.
_BLOCKS_OF_DAY_MAX = 20


class TrialState(dict[bytes, bytes]):
    """Records by key, with their order."""

    def __init__(self, records: Mapping[bytes, bytes]) -> None:
        super().__init__(records)
        self._keys = sorted(records)

    def next_key(self, prefix: bytes, after: bytes = b"") -> bytes | None:
        """The smallest key that starts with `prefix` and is strictly above `after`."""
        index = max(bisect_left(self._keys, prefix), bisect_right(self._keys, after))
        if index < len(self._keys) and self._keys[index].startswith(prefix):
            return self._keys[index]
        return None

    def change(self, key: bytes, content: bytes | None) -> None:
        """Let a record be `content`; None removes it."""
        if content is None:
            del self[key]
            self._keys.remove(key)
            return
        if key not in self:
            insort(self._keys, key)
        self[key] = content


def key_of(name: str) -> SigningKey:
    """The key of a person in trials, made from their name: worth nothing anywhere else."""
    return SigningKey.from_seed(tagged_hash("trial-seed", name.encode()))


class _Published(NamedTuple):
    """A ledger on which a pack was published, before any story: what stories of the pack have in common."""

    network: Hash
    records: Mapping[bytes, bytes]
    height: int
    leaves: int
    nonce: int


class PackTrial:
    """The ledger; it begins on the day before `start`, with the pack in force."""

    def __init__(self, pack: Pack, start: int, below: Sequence[Pack] = ()) -> None:
        """`start` in days since 1970-01-01, from 2020-01-03 on; `below` are the packs that this one is on top of.

        Cost: the pack is published once for all its stories, which takes most of a second for the largest.
        """
        self._registry = builtin_registry()
        begun = _PUBLISHED.get(pack.hash)
        if begun is None:
            begun = _Published(_GENESIS.network_id, genesis_records(_GENESIS), 0, 0, 0)
        self._network, records, self._height, self._leaves, self._nonce = begun
        self.state = TrialState(records)
        self._time_ms = _CREATED_MS
        if not self._height:
            self._publish(pack, below)
        self._time_ms = (start - 1) * DAY_MS + _MORNING_MS
        self._done("governance.pack-activate", {"pack": pack.hash})

    @property
    def time_ms(self) -> int:
        """The time of the newest block."""
        return self._time_ms

    @property
    def day(self) -> int:
        """The day of the newest block, since 1970-01-01."""
        return self._time_ms // DAY_MS

    def found(self, unit: str, parent: str = "") -> None:
        """Found a unit, below `parent` if there is one."""
        arguments: dict[str, Value] = {"unit": unit, "kind": "unit", "name": unit}
        if parent:
            arguments["parent"] = parent
        self._done("units.create", arguments)

    def enrol(self, person: str) -> None:
        """Give the person an account."""
        key = key_of(person)
        proof = key.sign(possession_message(self._network, person_subject(person)))
        self._done("members.enrol", {"person": person, "key": key.public, "proof": proof})

    def appoint(self, unit: str, role: str, person: str) -> None:
        """Let the person hold the role, as the administrator may."""
        self._done("units.appoint", {"unit": unit, "role": role, "person": person})

    def call(self, operation: str, arguments: dict[str, Value], person: str = ADMINISTRATOR) -> Result:
        """The result of one transaction, in a block of its own."""
        self._nonce += 1
        key = key_of(person)
        transaction = build_transaction(
            self._network,
            member_id(self._network, key.public),
            operation,
            arguments,
            self._nonce.to_bytes(16, "big"),
            self._time_ms + DAY_MS // 2,
            [key],
            None,
        )
        return self._block(self._time_ms + 1000, [PlacedTransaction(transaction, self._leaves + 1)]).results[0]

    def pass_to(self, day: int) -> None:
        """Let time pass until the morning of `day`, with blocks on each day on which something is due."""
        while self.day < day:
            due_ms = next_due_ms(self.state)
            # Of a timer that is due after the morning's block, the next day's is the first to run it.
            found = day if due_ms is None else -((_MORNING_MS - due_ms) // DAY_MS)
            morning = min(max(found, self.day + 1), day) * DAY_MS + _MORNING_MS
            for second in range(_BLOCKS_OF_DAY_MAX):
                self._block(morning + 1000 * second, [])
                # One more block where something is due already: what runs can set others that are due at once.
                due_ms = next_due_ms(self.state)
                if due_ms is None or due_ms > self._time_ms:
                    break

    def fields(self, kind: str, record_id: str) -> dict[str, Value] | None:
        """The fields of a record; None if there is none."""
        content = self.state.get(record_key(kind, record_id))
        return None if content is None else Record.decode(content).fields

    def ids(self, kind: str) -> list[str]:
        """The ids of all records of a kind, in order."""
        prefix = kind.encode() + b"\0"
        return sorted(parse_record_key(key)[1] for key in self.state if key.startswith(prefix))

    def _publish(self, pack: Pack, below: Sequence[Pack]) -> None:
        published: set[bytes] = set()
        for one in (*below, pack):
            for data in one.parts().values():
                # What local conventions leave as it is, they share with their base.
                if data not in published:
                    self._done("packs.publish-part", {"data": data})
                    published.add(data)
            self._done("packs.publish", {"data": one.manifest.encode()})
        while len(_PUBLISHED) >= _PUBLISHED_MAX:
            _PUBLISHED.pop(next(iter(_PUBLISHED)))
        _PUBLISHED[pack.hash] = _Published(self._network, dict(self.state), self._height, self._leaves, self._nonce)

    def _done(self, operation: str, arguments: dict[str, Value]) -> None:
        result = self.call(operation, arguments)
        assert result.ok, (operation, result.code, result.details)

    def _block(self, time_ms: int, placed: list[PlacedTransaction]) -> Execution:
        block = ExecutableBlock(self._network, self._height + 1, time_ms, self._leaves, placed)
        execution = execute_block(self._registry, self.state, block)
        for key, _old, new in execution.changes:
            self.state.change(key, new)
        self._height, self._time_ms = block.height, time_ms
        self._leaves += 1 + len(placed)
        return execution


def _genesis() -> Genesis:
    administrator = VerifierKey(ADMINISTRATOR, KEY_TYPE_MEMBER, key_of(ADMINISTRATOR).public)
    node = NodeDescription.of("trial", "127.0.0.1:1", NodeKeys.from_seed(tagged_hash("trial-seed", b"node")))
    return Genesis("trial", _CREATED_MS, "public", "majority", Parameters(), (node,), (administrator,))


_GENESIS = _genesis()
# By the pack's hash; a pack that is being written is another one after each change.
_PUBLISHED: dict[Hash, _Published] = {}
_PUBLISHED_MAX = 4
