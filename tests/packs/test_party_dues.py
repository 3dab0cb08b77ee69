"""The table of dues of the pack `party-branch`: every published number, computed as the treasury does."""

import pytest

from contracts.calendar.dates import parse_date
from contracts.packs.sections.dues import Category, DuesTable, Rates
from contracts.treasury.due_amount import due_amount
from tests.packs.party_ledger import party_branch

DAY = parse_date("2026-03-01")


def rates(name: str) -> tuple[Category, Rates]:
    table = party_branch().sections["dues"]
    assert isinstance(table, DuesTable)
    found = table.categories[name].rates_on(DAY)
    assert found is not None
    return table.categories[name], found


def parameter(name: str) -> object:
    return party_branch().manifest.parameters[name].value_on(DAY)


def owed(name: str, base: int | None) -> int | None:
    rounding = parameter("dues-rounding")
    assert isinstance(rounding, str)
    return due_amount(*rates(name), base, rounding)


@pytest.mark.parametrize(
    ("yuan", "fen"), [(3000, 1500), (3001, 3001), (5000, 5000), (5001, 7502), (10_000, 15_000), (10_001, 20_002)]
)
def test_wages_on_both_sides_of_each_bound(yuan: int, fen: int) -> None:
    assert owed("wage", yuan * 100) == fen
    # Irregular income is the average of the last quarter: the sum of three months.
    assert owed("irregular", yuan * 300) == fen


def test_pensions_and_those_who_owe_an_amount() -> None:
    assert (owed("pension", 500_000), owed("pension", 500_001)) == (2500, 5000)
    assert (rates("farmer")[1].least, rates("farmer")[1].most) == (20, 100)
    assert [owed(name, None) for name in ("student", "jobless", "relief")] == [20, 20, 20]


def test_arrears_and_large_gifts() -> None:
    assert (parameter("dues-arrears-months-max"), parameter("gift-to-root-above")) == (6, 100_000)
