"""Records for reports, over a node's API: single ones, those of a kind, those of a unit; page after page.

Owns the paging, the values (as the ledger has them, no JSON), and as of which heights everything was read. Never
judges what it reads. Invariants: of a unit, only what lies under its id is asked for, so that a report on one unit
costs the same in a ledger of thousands; a kind that nobody has defined has no records, which is no error.
Source: docs/reference/reports.md.
"""

from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from cli.client import NodeClient, path_of
from cli.errors import CommandError, RefusedError
from cli.ledger_value import from_json
from contracts.record import Record
from contracts.record_source import Found

# The most that the API gives in one answer.
PAGE_SIZE = 1000
_NOT_THERE = frozenset(("record-unknown", "kind-unknown"))


class NodeRecords:
    """What a node's API shows of the state."""

    def __init__(self, home: Path, client: NodeClient | None = None) -> None:
        """`client` is asked instead of a connection of its own to the node in `home`."""
        self.client = NodeClient(home) if client is None else client
        self.heights: tuple[int, int] | None = None
        self._times: dict[int, int] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.client.__exit__(kind, error, traceback)

    def need(self, kind: str, record_id: str) -> Record:
        """One record.

        Raises:
            RefusedError: there is none, or no such kind.
        """
        answer = self.client.get(path_of("v1/records", kind, record_id))
        self._note_height(answer)
        return _record(answer)

    def find(self, kind: str, record_id: str) -> Record | None:
        """One record; None if there is none, or no such kind."""
        try:
            return self.need(kind, record_id)
        except RefusedError as error:
            if error.code not in _NOT_THERE:
                raise
            return None

    def each(self, kind: str, prefix: str = "", unit: str | None = None, state: str | None = None) -> Iterator[Found]:
        """Records of a kind whose ids begin with `prefix`, ascending; nothing of a kind that there is not.

        Cost: an answer of the node for each 1,000 records, and for each 2,000 that were looked at.
        """
        for one in self._pages(kind, prefix=prefix or None, unit=unit, state=state):
            yield Found(str(one["id"]), _record(one))

    def ids(self, kind: str, prefix: str = "") -> Iterator[str]:
        """The ids of records of a kind that begin with `prefix`, ascending."""
        for one in self._pages(kind, prefix=prefix or None, ids="true"):
            yield str(one["id"])

    def _pages(self, kind: str, **query: str | None) -> Iterator[dict[str, Any]]:
        after: str | None = None
        while True:
            try:
                page = self.client.get(path_of("v1/records", kind), **query, after=after, limit=PAGE_SIZE)
            except RefusedError as error:
                if error.code not in _NOT_THERE:
                    raise
                return
            self._note_height(page)
            yield from page["records"]
            after = page["next"]
            if after is None:
                return

    def of_unit(self, kind: str, unit: str) -> Iterator[Found]:
        """Records of a kind whose ids are `unit/…`; those of other units, whose ids begin so too, are left out."""
        return self.each(kind, prefix=f"{unit}/", unit=unit)

    def now_ms(self) -> int:
        """The time of the newest block that this node has executed."""
        return self.time_of(self.client.get("/v1/status")["executed_height"])

    def time_of(self, height: int) -> int:
        """The time of a block; 0 for the genesis and the first block, with which everything begins."""
        if height <= 1:
            return 0
        if height not in self._times:
            self._times[height] = self.client.get(path_of("v1/blocks", str(height)))["time_ms"]
        return self._times[height]

    def as_of(self) -> dict[str, object]:
        """For the report's document: the newest block that was read, and whether blocks came while it was read."""
        lowest, highest = self.heights or (0, 0)
        return {"executed_height": highest, "changed_while_reading": lowest != highest}

    def _note_height(self, answer: dict[str, Any]) -> None:
        height = answer["executed_height"]
        lowest, highest = self.heights or (height, height)
        self.heights = (min(lowest, height), max(highest, height))


def _record(answer: dict[str, Any]) -> Record:
    fields = from_json(dict(answer["fields"]), "fields")
    if not isinstance(fields, dict) or type(answer["version"]) is not int:
        raise CommandError("the node's answer holds no record where one was asked for; upgrade the older of the two")
    return Record(answer["version"], fields)
