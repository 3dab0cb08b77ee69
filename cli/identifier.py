"""Ids and subjects as people type them. Owns which forms are taken; never asks a node."""

import re

from cli.errors import UsageError

_HASH = re.compile(r"[0-9a-f]{64}")
_SUBJECT = re.compile(r"[a-z][a-z-]{0,31}/[!-~]{1,200}")


def transaction_id(text: str) -> str:
    """A transaction's id: 64 hexadecimal digits, as `banyan submit` printed it.

    Raises:
        UsageError: anything else.
    """
    typed = text.strip().lower()
    if not _HASH.fullmatch(typed):
        raise UsageError(
            "{text} is not the id of a transaction: it has 64 hexadecimal digits, as `banyan submit` printed it",
            text=repr(text),
        )
    return typed


def subject(text: str) -> str:
    """A subject: `unit/x`, `person/x`, `member/<id>`, or a member's bare id.

    Raises:
        UsageError: anything else.
    """
    typed = text.strip()
    if _HASH.fullmatch(typed.lower()):
        return "member/" + typed.lower()
    if not _SUBJECT.fullmatch(typed):
        raise UsageError(
            "{text} is not a subject: write unit/NAME, person/NAME, member/ID or a member's id", text=repr(text)
        )
    return typed
