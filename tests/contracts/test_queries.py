"""Lists of records, page by page."""

import pytest

from contracts import queries
from contracts.queries import Page, list_records
from contracts.record import InvalidRecordKeyError
from ledger.encoding import Value
from tests.contracts.trial_ledger import TrialLedger


@pytest.fixture
def ledger() -> TrialLedger:
    """Three notices in each of three units with related names, the second of each withdrawn."""
    ledger = TrialLedger()
    units = ["branch-1", "branch-10", "branch-1/group"]
    ledger.execute(*(ledger.post(unit) for unit in units for _ in range(3)))
    for unit in units:
        values: dict[str, Value] = {"unit": unit, "number": 2, "reason": "r"}
        assert ledger.result("notice.withdraw", values).ok
    return ledger


def ids(page: Page) -> list[str]:
    return [one.id for one in page.records]


def test_a_kind_is_listed_whole_and_alone(ledger: TrialLedger) -> None:
    page = list_records(ledger.state, "notice")
    assert len(page.records) == 9
    assert ids(page) == sorted(ids(page))
    assert page.next_after is None
    assert ids(list_records(ledger.state, "notice-file")) == ["branch-1", "branch-1/group", "branch-10"]
    assert ids(list_records(ledger.state, "notic")) == []


def test_a_units_records_are_its_own(ledger: TrialLedger) -> None:
    assert ids(list_records(ledger.state, "notice", unit="branch-1")) == [f"branch-1/00000000000{n}" for n in (1, 2, 3)]
    assert ids(list_records(ledger.state, "notice-file", unit="branch-1")) == ["branch-1"]


def test_states_are_filtered(ledger: TrialLedger) -> None:
    assert ids(list_records(ledger.state, "notice", unit="branch-10", state="withdrawn")) == ["branch-10/000000000002"]
    assert len(list_records(ledger.state, "notice", state="posted").records) == 6
    assert ids(list_records(ledger.state, "notice", state="lost")) == []


@pytest.mark.parametrize("limit", [1, 2, 4, 9, 10])
def test_pages_put_together_are_the_list(ledger: TrialLedger, limit: int) -> None:
    found: list[str] = []
    after: str | None = None
    while True:
        page = list_records(ledger.state, "notice", after=after, limit=limit)
        assert len(page.records) <= limit
        found += ids(page)
        after = page.next_after
        if after is None:
            break
    assert found == ids(list_records(ledger.state, "notice"))


def test_a_page_looks_at_a_bounded_number_of_records(ledger: TrialLedger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queries, "SCANNED_MAX", 4)
    found: list[str] = []
    page = list_records(ledger.state, "notice", state="withdrawn")
    assert len(page.records) == 1
    found += ids(page)
    while page.next_after is not None:
        page = list_records(ledger.state, "notice", state="withdrawn", after=page.next_after)
        found += ids(page)
    assert len(found) == 3


@pytest.mark.parametrize("limit", [-5, 0])
def test_a_page_has_at_least_one_record(ledger: TrialLedger, limit: int) -> None:
    assert len(list_records(ledger.state, "notice", limit=limit).records) == 1


@pytest.mark.parametrize(
    ("kind", "unit", "after"), [("Notice", None, None), ("notice", "支部", None), ("notice", None, "a b")]
)
def test_what_no_record_can_have_is_refused(
    ledger: TrialLedger, kind: str, unit: str | None, after: str | None
) -> None:
    with pytest.raises(InvalidRecordKeyError):
        list_records(ledger.state, kind, unit, after=after)
