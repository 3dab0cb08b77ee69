"""What is owed: the published vectors of dues, at the boundaries and rounded once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.packs.sections.dues import DuesTable
from contracts.rules.arithmetic import DOWN, HALF_EVEN, HALF_UP, UP
from contracts.treasury.due_amount import due_amount
from contracts.treasury.month import later, months_apart, parse_month
from contracts.treasury.roll import Member
from tests.contracts.treasury.treasury_ledger import party

DAY = 20_000


def owed(category: str, base: int | None, rounding: str = HALF_UP, day: int = DAY) -> int | None:
    table = party().sections["dues"]
    assert isinstance(table, DuesTable)
    one = table.categories[category]
    rates = one.rates_on(day)
    assert rates is not None
    return due_amount(one, rates, base, rounding)


# Wage in yuan and dues in fen. 5,001 yuan give 75.015 yuan, and 1.5 % of 3,333.67 is 50.00505.
@pytest.mark.parametrize(
    ("yuan", "fen"), [(3000, 1500), (3001, 3001), (5000, 5000), (5001, 7502), (10_000, 15_000), (10_001, 20_002)]
)
def test_the_published_vectors(yuan: int, fen: int) -> None:
    assert owed("wage", yuan * 100) == fen


def test_a_fen_above_a_bound_is_in_the_next_band() -> None:
    assert (owed("wage", 300_000), owed("wage", 300_001)) == (1500, 3000)
    assert (owed("pension", 500_000), owed("pension", 500_001)) == (2500, 5000)


@pytest.mark.parametrize(("rounding", "fen"), [(HALF_UP, 7502), (HALF_EVEN, 7502), (DOWN, 7501), (UP, 7502)])
def test_rounding_is_named(rounding: str, fen: int) -> None:
    assert owed("wage", 500_100, rounding) == fen
    assert owed("wage", 0, rounding) == 0


def test_a_half_is_rounded_as_the_name_says() -> None:
    # 0.5 % of 1 yuan is half a fen.
    assert [owed("wage", 100, one) for one in (HALF_UP, HALF_EVEN, DOWN, UP)] == [1, 0, 0, 1]


def test_irregular_income_is_averaged_before_the_band_is_found() -> None:
    # 2,000, 3,000 and 4,000 yuan are 3,000 a month; one fen more in three months is above.
    assert owed("irregular", 900_000) == 1500
    assert owed("irregular", 900_001) == 3000
    # 10,000.00 yuan in three months: 3,333.33... a month, 1 % is 33.33 yuan.
    assert owed("irregular", 1_000_000) == 3333


def test_categories_without_a_base() -> None:
    assert owed("student", None) == 20 and owed("student", None, day=20_667) == 30
    assert [owed("farmer", base) for base in (20, 55, 100)] == [20, 55, 100]
    # Agreed on under other rates: the nearest that these allow.
    assert [owed("farmer", base) for base in (0, 500)] == [20, 100]
    assert owed("wage", None) is None


@given(st.integers(0, 10**9), st.sampled_from([HALF_UP, HALF_EVEN, DOWN, UP]))
def test_dues_are_off_by_less_than_a_fen(base: int, rounding: str) -> None:
    exact = base * (5 if base <= 300_000 else 10 if base <= 500_000 else 15 if base <= 1_000_000 else 20)
    found = owed("wage", base, rounding)
    assert found is not None and abs(found * 1000 - exact) < 1000


def test_the_standing_that_counts_for_a_month() -> None:
    member = Member()
    member.stand("2026-01-15", "wage", 300_000)
    member.stand("2026-03-01", "wage", 400_000)
    member.stand("2026-04-20", "student", None)
    member.leave("2026-06-10")

    def base(month: str, whole: bool = True) -> tuple[str, int | None] | None:
        standing = member.standing_in(parse_month(month), whole)
        return None if standing is None else (standing.category, standing.base)

    assert base("2025-12") is None
    # Who begins within a month owes for all of it, or from the next one on.
    assert base("2026-01") == ("wage", 300_000) and base("2026-01", whole=False) is None
    assert base("2026-02") == ("wage", 300_000) and base("2026-03") == ("wage", 400_000)
    # A change within a month counts from the next.
    assert base("2026-04") == ("wage", 400_000) and base("2026-05") == ("student", None)
    assert base("2026-06") == ("student", None) and base("2026-07") is None


def test_what_was_said_of_later_days_is_superseded() -> None:
    member = Member()
    member.stand("2026-05-01", "wage", 1)
    member.stand("2026-07-01", "wage", 2)
    member.stand("2026-06-01", "wage", 3)
    assert [(one.start, one.end, one.base) for one in member.standings] == [
        ("2026-05-01", "2026-06-01", 1),
        ("2026-06-01", None, 3),
    ]


@given(st.integers(1900, 2100), st.integers(1, 12), st.integers(0, 500))
def test_months_count_on(year: int, month: int, count: int) -> None:
    first = year * 100 + month
    assert months_apart(first, later(first, count)) == count
