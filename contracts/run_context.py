"""What runs in a block, a transaction or a timer, sees and may do: the records, and nothing of the outside world.

Owns one run's reads, writes, events, links and timers until the runtime takes or discards them. Never writes to
the state itself, knows no clock but the block's, and no randomness. Invariants: a run reads what it wrote;
a record it was given is its own copy; a record's version grows by one, however often one run writes it;
a contract writes records of the kinds that it owns or borrows only. Source: docs/reference/contracts.md, "The context".
"""

from collections.abc import Callable
from typing import TypeVar

from contracts.block_facts import BlockFacts
from contracts.contract import Contract
from contracts.errors import ContractError, Refusal
from contracts.limits import (
    EVENTS_MAX,
    LINKS_MAX,
    READS_MAX,
    RECORD_EXISTS,
    RECORD_MISSING,
    RECORD_TOO_LARGE,
    RULE_STEPS_MAX,
    TIMERS_SET_MAX,
    TOO_MANY_EVENTS,
    TOO_MANY_LINKS,
    TOO_MANY_READS,
    TOO_MANY_TIMERS,
    TOO_MANY_WRITES,
    TOO_MUCH_WRITTEN,
)
from contracts.record import (
    RECORD_SIZE_BYTES_MAX,
    Fields,
    Record,
    encode_record,
    key_prefix,
    parse_record_key,
    record_key,
)
from contracts.result import Event, RecordVersion
from contracts.work import (
    FINE_SHIFT,
    READ_WORK,
    RULE_STEP_32NDS,
    TIMER_SET_WORK,
    WRITE_WORK,
    WRITTEN_BYTE_32NDS,
)
from ledger.encoding import Value

# Makes a named tuple of its items at a quarter of what its own constructor takes, which is written in Python.
made = tuple.__new__

Whole = TypeVar("Whole")


class RunContext:
    """One run under way: what transactions and timers have in common, for the functions that serve both.

    `contract` is the one whose function runs; `height` and `time_ms` are the block's; `origin` names the run: nothing
    else on this ledger ever has the same.
    """

    __slots__ = (
        "_added_work",
        "_bases",
        "_read_size",
        "_reads",
        "_state",
        "_timers",
        "_written_size",
        "chain_height",
        "contents",
        "contract",
        "events",
        "height",
        "network_id",
        "origin",
        "rule_steps_left",
        "subjects",
        "time_ms",
        "versions",
    )

    def __init__(self, block: BlockFacts, contract: Contract, origin: bytes) -> None:
        self._state = block.state
        self.contract = contract
        self.network_id = block.network_id
        self.height = block.height
        self.chain_height = block.chain_height
        self.time_ms = block.time_ms
        self.origin = origin
        # What rules take of it is for whoever asks them to count (`contracts.records.rule_check`).
        self.rule_steps_left = RULE_STEPS_MAX
        self._reads = 0
        # Bytes of the records that were read: decoding them is most of what a run does.
        self._read_size = 0
        self._timers = 0
        self._written_size = 0
        # Of what the counts do not show.
        self._added_work = 0
        # The versions of the records as this run found them, 0 for none; by key.
        self._bases: dict[bytes, int] = {}
        self.contents: dict[bytes, bytes | None] = {}
        self.versions: dict[bytes, RecordVersion] = {}
        self.events: list[Event] = []
        # Ordered; of a transaction the sender's own chain is always the first.
        self.subjects: dict[str, None] = {}

    @property
    def reads_left(self) -> int:
        """How many more records this run may read, for work that is done in pieces."""
        return max(0, self.contract.limits.reads - self._reads)

    def work(self) -> int:
        """What this run has cost so far, in units of `contracts.work`; what a refused attempt had done included."""
        # Asked for every transaction: few steps, what is seldom is added where it happens.
        steps = RULE_STEPS_MAX - self.rule_steps_left
        fine = self._read_size + self._written_size * WRITTEN_BYTE_32NDS + steps * RULE_STEP_32NDS
        return self._reads * READ_WORK + len(self.contents) * WRITE_WORK + self._added_work + (fine >> FINE_SHIFT)

    def add_work(self, units: int) -> None:
        """Count computing that reads, writes and steps of rules do not show, in units of `contracts.work`."""
        self._added_work += units

    def read(self, kind: str, record_id: str) -> Record | None:
        """The record as of now, this run's own writes included; None where there is none. Kinds of others too.

        Raises:
            Refusal: `limits.reads`.

        Cost: a look-up, and decoding the record.
        """
        # Counted here, as everything below: what is done ten times in a transaction is worth a call less.
        self._reads += 1
        if self._reads > READS_MAX and self._reads > self.contract.limits.reads:
            raise Refusal(*TOO_MANY_READS, limit=self.contract.limits.reads)
        key = record_key(kind, record_id)
        content = self.contents[key] if key in self.contents else self._state.get(key)
        if content is None:
            self._bases.setdefault(key, 0)
            return None
        self._read_size += len(content)
        record = Record.decode_own(content)
        # Later reads find this run's own version; the first one counts.
        self._bases.setdefault(key, record.version)
        return record

    def read_as(self, kind: str, record_id: str, read: Callable[[bytes], tuple[int, Whole]]) -> Whole | None:
        """`read`, with the fields as `ledger.shape.reader_of(tuple[int, ...])` reads them: version, then fields.

        Raises:
            Refusal: `limits.reads`.
            DecodingError: the record has another form; the store is damaged.
        """
        self._reads += 1
        if self._reads > READS_MAX and self._reads > self.contract.limits.reads:
            raise Refusal(*TOO_MANY_READS, limit=self.contract.limits.reads)
        key = record_key(kind, record_id)
        content = self.contents[key] if key in self.contents else self._state.get(key)
        if content is None:
            self._bases.setdefault(key, 0)
            return None
        self._read_size += len(content)
        version, found = read(content)
        self._bases.setdefault(key, version)
        return found

    def next_id(self, kind: str, after_id: str = "", prefix: str = "") -> str | None:
        """The smallest id of a record of this kind that starts with `prefix` and is strictly above `after_id`.

        This run's own writes are seen: what it created is found, what it removed is not. Ids are compared byte
        by byte. None where there is no such record; what the record holds is for `read`, which counts on its own.

        Raises:
            Refusal: `limits.reads`; every question counts as a read.

        Cost: about that of a `read`, and at most 64 more questions to go over what this run removed.
        """
        self.count_read()
        start, after = key_prefix(kind, prefix), key_prefix(kind, after_id)
        found = self._state.next_key(start, after)
        while found is not None and found in self.contents and self.contents[found] is None:
            found = self._state.next_key(start, found)
        for key, content in self.contents.items():
            if content is not None and key > after and key.startswith(start) and (found is None or key < found):
                found = key
        return None if found is None else parse_record_key(found)[1]

    def content(self, kind: str, record_id: str) -> bytes | None:
        """The encoded record as of now, for those who remember what they decoded; counts as a read.

        Raises:
            Refusal: `limits.reads`.

        Cost: a look-up.
        """
        self._reads += 1
        if self._reads > READS_MAX and self._reads > self.contract.limits.reads:
            raise Refusal(*TOO_MANY_READS, limit=self.contract.limits.reads)
        key = record_key(kind, record_id)
        return self.contents[key] if key in self.contents else self._state.get(key)

    def create(self, kind: str, record_id: str, fields: Fields) -> None:
        """Write a record that must not be there yet.

        Raises:
            Refusal: `record.exists`, or a limit.
            ContractError: the kind is another contract's, and not borrowed.
        """
        key = record_key(kind, record_id)
        if not self.contract.writes(kind):
            raise self._not_own(kind)
        self._create(key, kind, record_id, fields)

    def put(self, kind: str, record_id: str, fields: Fields) -> int:
        """Write a record, whether or not it is there; how many bytes it has now.

        Raises:
            Refusal: a limit.
            ContractError: the kind is another contract's, and not borrowed.
        """
        key = record_key(kind, record_id)
        if not self.contract.writes(kind):
            raise self._not_own(kind)
        return self._write(key, kind, record_id, fields)

    def delete(self, kind: str, record_id: str) -> None:
        """Remove a record. One of the same id that is created later begins at version 1 again.

        Raises:
            Refusal: `record.missing`, or a limit.
            ContractError: the kind is another contract's, and not borrowed.
        """
        key = record_key(kind, record_id)
        if not self.contract.writes(kind):
            raise self._not_own(kind)
        self._delete(key, kind, record_id)

    def emit(self, name: str, fields: dict[str, Value]) -> None:
        """Report that something happened; `name` is one of the events that the contract declares.

        Raises:
            Refusal: `limits.events`.
        """
        if name not in self.contract.events:
            raise ContractError(
                "the contract {contract} declares no event {event}", contract=self.contract.name, event=name
            )
        if len(self.events) >= EVENTS_MAX:
            raise Refusal(*TOO_MANY_EVENTS, limit=EVENTS_MAX)
        self.events.append(made(Event, (name, fields)))

    def link(self, subject: str) -> None:
        """Hang this run on the subject's chain, such as `unit/kubernetes`; once, however often it is asked.

        Whether it can be a subject is asked where its chain begins (`contracts.chain`).

        Raises:
            Refusal: `limits.links`.
        """
        if subject in self.subjects:
            return
        if len(self.subjects) >= LINKS_MAX:
            raise Refusal(*TOO_MANY_LINKS, limit=LINKS_MAX)
        self.subjects[subject] = None

    def attempt(self, work: Callable[[], None]) -> Refusal | None:
        """Do some work; where it is refused, undo what it did, and hand the refusal back so that the run can go on.

        The work may read and write as much as a run may, and so may what comes after a refusal: try once in a run. What
        its rules took stays counted.
        """
        contents, versions, subjects = dict(self.contents), dict(self.versions), dict(self.subjects)
        events, counts = list(self.events), (self._reads, self._timers, self._written_size)
        try:
            work()
        except Refusal as refusal:
            cost = self.work()
            self.contents, self.versions, self.subjects, self.events = contents, versions, subjects, events
            self._reads, self._timers, self._written_size = counts
            # It was done, and took its time.
            self._added_work += cost - self.work()
            return refusal
        return None

    def create_for_runtime(self, kind: str, record_id: str, fields: dict[str, Value]) -> None:
        """`create` for the runtime's own modules, which write kinds that no contract may."""
        self._create(record_key(kind, record_id), kind, record_id, fields)

    def delete_for_runtime(self, kind: str, record_id: str) -> None:
        """`delete` for the runtime's own modules."""
        self._delete(record_key(kind, record_id), kind, record_id)

    def count_timer(self) -> int:
        """The number of the next timer that this run sets, from 1.

        Raises:
            Refusal: `limits.timers`.
        """
        if self._timers >= TIMERS_SET_MAX:
            raise Refusal(*TOO_MANY_TIMERS, limit=TIMERS_SET_MAX)
        self._timers += 1
        self._added_work += TIMER_SET_WORK
        return self._timers

    def _create(self, key: bytes, kind: str, record_id: str, fields: Fields) -> None:
        if self._content(key) is not None:
            raise Refusal(*RECORD_EXISTS, kind=kind, id=record_id)
        self._bases.setdefault(key, 0)
        self._write(key, kind, record_id, fields)

    def _delete(self, key: bytes, kind: str, record_id: str) -> None:
        if self._content(key) is None:
            raise Refusal(*RECORD_MISSING, kind=kind, id=record_id)
        self._base(key)
        limits = self.contract.limits
        if len(self.contents) >= limits.writes and key not in self.contents:
            raise Refusal(*TOO_MANY_WRITES, limit=limits.writes)
        if self._written_size > limits.written_size_bytes:
            raise Refusal(*TOO_MUCH_WRITTEN, limit=limits.written_size_bytes)
        self.contents[key] = None
        self.versions[key] = RecordVersion(kind, record_id, 0)

    def _not_own(self, kind: str) -> ContractError:
        return ContractError(
            "the contract {contract} writes records of the kind {kind}, which it neither owns nor borrows",
            contract=self.contract.name,
            kind=kind,
        )

    def count_read(self) -> None:
        """Count a record that is known without being looked up, as `read` does.

        Raises:
            Refusal: `limits.reads`.
        """
        self._reads += 1
        if self._reads > READS_MAX and self._reads > self.contract.limits.reads:
            raise Refusal(*TOO_MANY_READS, limit=self.contract.limits.reads)

    def _content(self, key: bytes) -> bytes | None:
        return self.contents[key] if key in self.contents else self._state.get(key)

    def _base(self, key: bytes) -> int:
        """The version before this run; found out before its first write of the record."""
        if key not in self._bases:
            content = self._content(key)
            self._read_size += 0 if content is None else len(content)
            self._bases[key] = 0 if content is None else Record.decode_own(content).version
        return self._bases[key]

    def _write(self, key: bytes, kind: str, record_id: str, fields: Fields) -> int:
        base = self._bases.get(key)
        version = (self._base(key) if base is None else base) + 1
        content = encode_record(version, fields)
        size = len(content)
        if size > RECORD_SIZE_BYTES_MAX:
            raise Refusal(*RECORD_TOO_LARGE, kind=kind, id=record_id, size=size, limit=RECORD_SIZE_BYTES_MAX)
        contents, limits = self.contents, self.contract.limits
        if len(contents) >= limits.writes and key not in contents:
            raise Refusal(*TOO_MANY_WRITES, limit=limits.writes)
        # Counted for every write, also of one record over and over: it is the work that is bounded.
        self._written_size += size
        if self._written_size > limits.written_size_bytes:
            raise Refusal(*TOO_MUCH_WRITTEN, limit=limits.written_size_bytes)
        contents[key] = content
        self.versions[key] = made(RecordVersion, (kind, record_id, version))
        return size
