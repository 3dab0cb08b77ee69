"""Records of a store as reports read them: what a node's API answers, without the way over it."""

from collections.abc import Iterator

from contracts.record import Record, key_prefix, parse_record_key, record_key
from contracts.record_source import Found
from daemon.lookup import decoded_header
from storage.interface import Store


class StoreRecords:
    """A `contracts.record_source.RecordSource`; `asked` counts the records that were looked at."""

    def __init__(self, store: Store, now_ms: int) -> None:
        self._store = store
        self._now_ms = now_ms
        self.asked = 0

    def find(self, kind: str, record_id: str) -> Record | None:
        """One record."""
        self.asked += 1
        content = self._store.state(record_key(kind, record_id))
        return None if content is None else Record.decode_own(content)

    def each(self, kind: str, prefix: str = "", unit: str | None = None, state: str | None = None) -> Iterator[Found]:
        """Records whose ids begin so, ascending."""
        for key, content in self._store.scan_state(key_prefix(kind, prefix)):
            self.asked += 1
            record = Record.decode_own(content)
            wanted = {"unit": unit, "state": state}
            if all(value is None or record.fields.get(name) == value for name, value in wanted.items()):
                yield Found(parse_record_key(key)[1], record)

    def of_unit(self, kind: str, unit: str) -> Iterator[Found]:
        """Records whose ids are `unit/…`."""
        return self.each(kind, f"{unit}/", unit)

    def ids(self, kind: str, prefix: str = "") -> Iterator[str]:
        """The ids that begin so, ascending."""
        for key, _ in self._store.scan_state(key_prefix(kind, prefix)):
            self.asked += 1
            yield parse_record_key(key)[1]

    def now_ms(self) -> int:
        """The time of the newest block."""
        return self._now_ms

    def time_of(self, height: int) -> int:
        """The time of a block."""
        return decoded_header(self._store, height).time_ms if height > 1 else 0
