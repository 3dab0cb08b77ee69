"""Whole numbers, truth values, amounts of money and hashes, from what people type.

Owns the forms that are taken. Never uses a floating-point number to reckon: an amount is exact or refused.
"""

import re
import unicodedata
from decimal import Decimal

from cli.importing.cells import Cell, CellError, number_text, stripped, text_of
from ledger.encoding import INTEGER_MAX, INTEGER_MIN
from ledger.hashing import HASH_SIZE_BYTES

# More digits than any amount or number of 64 bits has.
_LENGTH_MAX = 40
_INTEGER = re.compile(r"[+-]?[0-9]+", re.ASCII)
_AMOUNT = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?", re.ASCII)
# Thousands and, as people in China group, ten thousands; a group of any other size is a mistyped point.
_GROUPED = re.compile(
    r"[+-]?[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?|[+-]?[0-9]{1,4}(?:,[0-9]{4})+(?:\.[0-9]+)?", re.ASCII
)
_CURRENCY = re.compile(r"^(?:CNY|RMB|人民币|[¥￥])\s*|\s*(?:CNY|RMB|元|块)$", re.IGNORECASE)
_TRUE = frozenset(("true", "yes", "y", "1", "是", "对", "有", "√", "✓", "✔"))
_FALSE = frozenset(("false", "no", "n", "0", "否", "不", "不是", "无", "×", "✗", "✘"))


def integer_of(cell: Cell) -> int:
    """The whole number in a cell: `12`, `1,234`, full-width digits, and 7.0 as workbooks have it.

    Raises:
        CellError: there is none, or it has more than 64 bits.
    """
    text = _ungrouped(cell)
    if not _INTEGER.fullmatch(text):
        raise CellError("this is no whole number; write digits only, such as 12")
    return _bounded(int(text))


def boolean_of(cell: Cell) -> bool:
    """The truth value in a cell: true, yes, 1, 是 and the like.

    Raises:
        CellError: there is none.
    """
    if isinstance(cell, bool):
        return cell
    text = _plain(text_of(cell)).lower()
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise CellError("this is neither true nor false; write yes or no (是 or 否)")


def money_of(cell: Cell, fen_per_unit: int) -> int:
    """The amount in a cell in fen, exactly; `fen_per_unit` says what it is written in.

    Raises:
        CellError: no amount, a part of a fen, or more than 64 bits.
    """
    text = _ungrouped(cell, money=True)
    if not _AMOUNT.fullmatch(text):
        raise CellError("this is no amount of money; write it such as 1234.50")
    fen = Decimal(text) * fen_per_unit
    if fen != fen.to_integral_value():
        raise CellError("the amount has a part of a fen; write two places after the point of yuan at most")
    return _bounded(int(fen))


def hash_of(cell: Cell) -> bytes:
    """The 32 bytes that a cell writes in hexadecimal.

    Raises:
        CellError: it does not.
    """
    try:
        value = bytes.fromhex(_plain(text_of(cell)))
    except ValueError:
        value = b""
    if len(value) != HASH_SIZE_BYTES:
        raise CellError("this is no hash; it has 64 hexadecimal digits")
    return value


def _ungrouped(cell: Cell, *, money: bool = False) -> str:
    if isinstance(cell, bool):
        return ""
    if isinstance(cell, int | float):
        return number_text(cell)
    text = _plain(text_of(cell))
    if money:
        text = stripped(_CURRENCY.sub("", text))
    if _GROUPED.fullmatch(text):
        text = text.replace(",", "")
    return text if len(text) <= _LENGTH_MAX else ""


def _plain(text: str) -> str:
    """Full-width digits, points and signs as the plain ones."""
    return stripped(
        text if text.isascii() else unicodedata.normalize("NFKC", text).replace("−", "-").replace("，", ",")
    )


def _bounded(number: int) -> int:
    if not INTEGER_MIN <= number <= INTEGER_MAX:
        raise CellError("the number is too large for the ledger, which knows 64 bits")
    return number
