"""A node as reports see it, answered from a ledger in memory: the paths of the API that reports read."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

import pytest

from cli.client import Answer
from cli.errors import RefusedError
from cli.ledger_value import to_json
from contracts.record import Record
from tests.contracts.state_records import StateRecords

HEIGHT = 77


def _answer(value: Any) -> Any:
    if isinstance(value, dict):
        return Answer({name: _answer(one) for name, one in value.items()})
    return [_answer(one) for one in value] if isinstance(value, list) else value


class TrialNode:
    """Answers `get` as a node's API would; pages hold two records, so that paging is tried as well."""

    def __init__(self, state: Mapping[bytes, bytes], time_ms: int) -> None:
        self._records = StateRecords(state, time_ms)
        self._time_ms = time_ms
        self.asked: list[str] = []

    def __exit__(self, *_: object) -> None:
        """Nothing is open."""

    def get(self, path: str, **query: object) -> Answer:
        self.asked.append(path)
        parts = unquote(path).strip("/").split("/", 3)
        if parts[1] == "status":
            return Answer({"executed_height": HEIGHT})
        if parts[1] == "blocks":
            return Answer({"time_ms": self._records.time_of(int(parts[2]))})
        assert parts[1] == "records", path
        if len(parts) == 4:
            record = self._records.find(parts[2], parts[3])
            if record is None:
                error = RefusedError("there is no record {kind} {id}", kind=parts[2], id=parts[3])
                error.code = "record-unknown"
                raise error
            return _view(parts[3], record, executed_height=HEIGHT)
        return self._page(parts[2], query)

    def _page(self, kind: str, query: dict[str, object]) -> Answer:
        prefix, after = str(query.get("prefix") or ""), str(query.get("after") or "")
        unit, state = query.get("unit"), query.get("state")
        assert unit is None or isinstance(unit, str)
        assert state is None or isinstance(state, str)
        found = [one for one in self._records.each(kind, prefix, unit, state) if one.id > after]
        page = [Answer({"id": one.id}) if query.get("ids") else _view(one.id, one.record) for one in found[:2]]
        following = page[-1]["id"] if len(found) > len(page) else None
        return Answer({"kind": kind, "records": page, "next": following, "executed_height": HEIGHT})


def _view(record_id: str, record: Record, **more: object) -> Answer:
    fields = _answer(to_json(record.fields))
    return Answer({"id": record_id, "version": record.version, "fields": fields, **more})


def answer_from(monkeypatch: pytest.MonkeyPatch, state: Mapping[bytes, bytes], time_ms: int) -> TrialNode:
    """Let `banyan report …` of this test read this state, as of this time."""
    node = TrialNode(state, time_ms)
    monkeypatch.setattr("cli.reports.reading.NodeClient", lambda home: node)
    return node
