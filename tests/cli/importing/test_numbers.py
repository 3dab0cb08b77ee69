"""Numbers, truth values and money out of cells: exact, or refused with a sentence."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.importing.cells import EXACT_MAX, CellError, number_text
from cli.importing.numbers import boolean_of, hash_of, integer_of, money_of
from ledger.encoding import INTEGER_MAX, INTEGER_MIN

FULL_WIDTH = str.maketrans("0123456789.-,", "０１２３４５６７８９．－，")


@given(st.integers(INTEGER_MIN, INTEGER_MAX))
def test_every_whole_number_of_the_ledger_is_read_in_every_form(number: int) -> None:
    for text in (str(number), f" {number}\u3000", f"{number:,}", str(number).translate(FULL_WIDTH)):
        assert integer_of(text) == number


@given(st.integers(-EXACT_MAX + 1, EXACT_MAX - 1))
def test_whole_numbers_of_workbooks_may_be_floats(number: int) -> None:
    assert integer_of(float(number)) == integer_of(number) == number


@given(st.integers(-(10**12), 10**12))
def test_an_amount_is_exact_whatever_stands_around_it(fen: int) -> None:
    yuan = Decimal(fen) / 100
    sign = "-" if fen < 0 else ""
    whole, part = divmod(abs(fen), 100)
    for text in (f"{sign}{whole}.{part:02}", f"{sign}{whole:,}.{part:02}", f"¥{sign}{whole}.{part:02}", f"{yuan}元"):
        assert money_of(text, 100) == fen
    assert money_of(f"{sign}{whole}.{part:02}".translate(FULL_WIDTH), 100) == fen
    assert money_of(str(fen), 1) == fen


@given(st.integers(-(10**12), 10**12))
def test_an_amount_that_a_workbook_made_a_float_of_is_exact(fen: int) -> None:
    assert money_of(fen / 100, 100) == fen


def test_what_reckoning_with_floats_left_over_is_no_part_of_a_fen() -> None:
    assert money_of(0.1 + 0.2, 100) == 30
    assert money_of(19.99 * 3, 100) == 5997
    assert money_of("12.5", 10) == 125


@pytest.mark.parametrize("text", ["", "abc", "1.005", "1,23", "12,34,567", "1e3", "--1", "1.", ".5", "１２a", "9" * 50])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(CellError):
        money_of(text, 100)


@pytest.mark.parametrize(
    "cell", ["", "1.0", "1.5", 1.5, "1e3", "x", True, "0x10", "9223372036854775808", "1_000", 1e300]
)
def test_what_is_no_whole_number_is_refused(cell: str | float) -> None:
    with pytest.raises(CellError):
        integer_of(cell)


def test_numbers_are_told_as_a_spreadsheet_shows_them() -> None:
    assert [number_text(one) for one in (7.0, 0.1 + 0.2, 12.50, -3, 1e14, 0.00001)] == [
        *("7", "0.3", "12.5", "-3", "100000000000000", "0.00001")
    ]
    for one in (1e15, float("nan"), float("inf"), -(10**17)):
        with pytest.raises(CellError):
            number_text(one)


def test_truth_is_told_in_two_languages() -> None:
    assert [boolean_of(one) for one in (True, "TRUE", "Yes", "是", " 1 ", 1, "√")] == [True] * 7
    assert [boolean_of(one) for one in (False, "false", "NO", "否", "０", 0.0)] == [False] * 6
    for one in ("", "maybe", 2, "是否"):
        with pytest.raises(CellError):
            boolean_of(one)


def test_a_hash_has_32_bytes() -> None:
    assert hash_of("0F" * 32) == bytes([15]) * 32
    for text in ("", "0f" * 31, "zz" * 32):
        with pytest.raises(CellError):
            hash_of(text)
