"""The roll of dues: what a sheet remembers of everybody on it, and what it lets go."""

import pytest

from contracts.treasury.roll import MEMBERS_MAX, STANDINGS_MAX
from tests.contracts.treasury.treasury_ledger import WAGES, TreasuryLedger


@pytest.fixture
def ledger() -> TreasuryLedger:
    return TreasuryLedger().begin()


def test_what_the_roll_has_forgotten_is_not_corrected(ledger: TreasuryLedger) -> None:
    ledger.do("assess", period="2026-08")
    for day in range(1, STANDINGS_MAX + 1):
        ledger.do("standing", person="ann", category="wage", base=300_000 + day, **{"from": f"2026-09-{day:02}"})
    assert ledger.refused("correct", person="ann", period="2026-08") == "treasury.standing-forgotten"
    # Who says again what holds from an earlier day on makes it known.
    ledger.do("standing", person="ann", category="wage", base=100_000, **{"from": "2026-08-01"})
    ledger.do("correct", person="ann", period="2026-08")
    assert ledger.line("ann", 202608).due == 500


def test_a_sheet_of_the_roll_that_is_full_forgets_what_is_oldest(ledger: TreasuryLedger) -> None:
    people = [f"{number:02}".ljust(64, "n") for number in range(MEMBERS_MAX - len(WAGES))]
    for person in people:
        ledger.write("person", person, {"person": person, "height": 0, "time": 0})
    for month in range(1, STANDINGS_MAX + 1):
        lines = [[person, "wage", 10**10 + month] for person in people]
        ledger.do("standings", lines=lines, **{"from": f"2026-{month:02}-01"})
    assert len(ledger.roll().members) == MEMBERS_MAX
    # The last of them made room, so that money can still be entered.
    assert ledger.roll().members[people[0]].known_from == "2026-02-01"
    ledger.do("pay", person=people[0], amount=10**9, money="bank")
    assert ledger.roll().members[people[0]].advance == 10**9
