"""A vote: what one person's record on one ballot holds, and whether a vote says something that its ballot can count.

Owns the form of the record `ballot-vote/<unit>/<number>/<person>` and of what a vote says (format 1): `choices`, a list
of options, and for ranked votes `ranks`, a rank for each of them. Never judges who may vote. Invariants: a vote that is
stored can be counted; a vote with no choices says that its voter takes no side, and is valid.
Source: docs/reference/ballots.md, "Votes".
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields

from contracts.ballots.reasons import CHOICE_COUNT, RANKS, RANKS_UNFIT, UNKNOWN_OPTION
from contracts.ballots.terms import APPROVAL, CHOOSE, PLURALITY, SCHULZE, YES_NO, Terms
from contracts.errors import Refusal
from ledger.encoding import Value
from ledger.errors import DecodingError

KIND_VOTE = "ballot-vote"

# How a vote came: by the voter's own key, by the holder of their proxy, as an opinion on paper.
WAY_OWN = "own"
WAY_PROXY = "proxy"
WAY_WRITTEN = "written"


@dataclass(frozen=True, slots=True)
class Vote:
    """What the ledger knows of one person on one ballot.

    `way` is "" while there is no vote; `present` whether the person took part themselves; `issued` whether they were
    given a paper; `holder` the person whom they gave their vote to; `by` the person who cast it, "" for themselves;
    `casts` how often it was cast; `body` the commitment of the paper that it was written on.
    """

    person: str
    present: bool = False
    issued: bool = False
    way: str = ""
    choices: tuple[str, ...] = ()
    ranks: tuple[int, ...] = ()
    holder: str = ""
    by: str = ""
    casts: int = 0
    body: Value = None
    height: int = 0
    time: int = 0

    def to_fields(self) -> dict[str, Value]:
        """The fields of the record, but for its ballot."""
        values = {one.name: getattr(self, one.name) for one in fields(self)}
        kept = {name: value for name, value in values.items() if value not in ("", 0, (), None) and value is not False}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in kept.items()}

    @classmethod
    def from_fields(cls, found: dict[str, Value]) -> "Vote":
        """The vote in the fields of a record.

        Raises:
            DecodingError: it is none.
        """
        values = {one.name: found[one.name] for one in fields(cls) if one.name in found}
        person, choices, ranks = values.get("person"), values.pop("choices", []), values.pop("ranks", [])
        if not isinstance(person, str) or not isinstance(choices, list) or not isinstance(ranks, list):
            raise DecodingError("the record of a vote lacks its person, or what it says is malformed")
        texts = tuple(one for one in choices if isinstance(one, str))
        numbers = tuple(one for one in ranks if type(one) is int)
        if len(texts) != len(choices) or len(numbers) != len(ranks):
            raise DecodingError("the vote of {person} is malformed", person=person)
        return cls(choices=texts, ranks=numbers, **values)  # type: ignore[arg-type]


def check_vote(terms: Terms, choices: Sequence[str], ranks: Sequence[int]) -> None:
    """Refuse what cannot be counted.

    Args:
        terms: Of the ballot.
        choices: Options, none twice.
        ranks: As many as choices, or none.

    Raises:
        Refusal: `ballots.unknown-option`, `ballots.choice-count`, `ballots.ranks`, `ballots.ranks-unfit`.
    """
    for choice in choices:
        if choice not in terms.options:
            raise Refusal(*UNKNOWN_OPTION, option=choice, options=", ".join(terms.options))
    least, most = _choices_allowed(terms)
    if not least <= len(choices) <= most:
        raise Refusal(*CHOICE_COUNT, count=len(choices), least=least, most=most)
    if ranks and terms.method != SCHULZE:
        raise Refusal(*RANKS_UNFIT, method=terms.method)
    if ranks and len(ranks) != len(choices):
        raise Refusal(*RANKS, ranks=len(ranks), choices=len(choices))


def _choices_allowed(terms: Terms) -> tuple[int, int]:
    if terms.method == YES_NO:
        return 1, 1
    if terms.method == PLURALITY:
        return 0, 1
    if terms.method == CHOOSE:
        return 0, terms.choices_max
    assert terms.method == APPROVAL or terms.method not in (YES_NO, PLURALITY, CHOOSE), "all others name any number"
    return 0, terms.option_count
