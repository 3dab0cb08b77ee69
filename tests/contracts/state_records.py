"""Records for reports, straight from a ledger in memory."""

from bisect import bisect_left
from collections.abc import Iterator, Mapping

from contracts.record import Record, key_prefix, parse_record_key, record_key
from contracts.record_source import Found


class StateRecords:
    """The state of a trial as a report reads it; `asked` counts what was looked at."""

    def __init__(self, state: Mapping[bytes, bytes], time_ms: int) -> None:
        self._state = state
        self._keys = sorted(state)
        self._time_ms = time_ms
        self.asked = 0

    def find(self, kind: str, record_id: str) -> Record | None:
        self.asked += 1
        content = self._state.get(record_key(kind, record_id))
        return None if content is None else Record.decode(content)

    def each(self, kind: str, prefix: str = "", unit: str | None = None, state: str | None = None) -> Iterator[Found]:
        start = key_prefix(kind, prefix)
        for key in self._keys[bisect_left(self._keys, start) :]:
            if not key.startswith(start):
                return
            self.asked += 1
            record = Record.decode(self._state[key])
            wanted = {"unit": unit, "state": state}
            if all(value is None or record.fields.get(name) == value for name, value in wanted.items()):
                yield Found(parse_record_key(key)[1], record)

    def of_unit(self, kind: str, unit: str) -> Iterator[Found]:
        return self.each(kind, prefix=f"{unit}/", unit=unit)

    def ids(self, kind: str, prefix: str = "") -> Iterator[str]:
        return (found.id for found in self.each(kind, prefix))

    def now_ms(self) -> int:
        return self._time_ms

    def time_of(self, height: int) -> int:
        return self._time_ms if height > 1 else 0
