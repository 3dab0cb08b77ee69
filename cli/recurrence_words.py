"""From words about a rhythm, such as "every two weeks" or 每季度一次, to the recurrence that a plan takes.

Owns what the person at the command line is told when their words are not understood. Never guesses: the words are read
by `contracts.calendar.words`, and what stands in the transaction is the canonical form.
Source: docs/reference/calendar.md, "Words".
"""

from cli.errors import UsageError
from contracts.calendar.dates import parse_date
from contracts.calendar.words import NotUnderstood, understand
from contracts.errors import Refusal
from ledger.encoding import Value


def recurrence_of_words(name: str, words: str, since: Value) -> dict[str, Value]:
    """The canonical form of the recurrence that `words` describe.

    Args:
        name: Of the argument, for messages.
        words: English or Chinese.
        since: The argument of this name, a date: periods of several weeks or months begin where counting begins.

    Raises:
        UsageError: it is not understood, with the reason; or there is no `since`.
    """
    if not isinstance(since, str):
        raise UsageError("the argument {name} in words needs the argument since as well: a date", name=name)
    try:
        found = understand(words, "", parse_date(since))
    except Refusal as refusal:
        raise UsageError("the argument {name} cannot be used: {reason}", name="since", reason=refusal) from refusal
    if isinstance(found, NotUnderstood):
        raise UsageError("the argument {name} is not understood: {reason}", name=name, reason=found.reason)
    return found.recurrence.encode_value()
