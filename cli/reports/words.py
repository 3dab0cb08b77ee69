"""Texts of packs and figures of reports as people read them. Owns the choice of the language; never computes."""

from cli.language import language
from contracts.packs.words import Words


def said(words: Words) -> str:
    """The text in the language in use."""
    return words.zh if language() == "zh_CN" else words.en


def hundredths_text(value: int) -> str:
    """A number in hundredths with its two decimals."""
    return f"{value // 100}.{value % 100:02d}"
