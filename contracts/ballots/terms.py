"""The terms of a ballot: what is asked, of whom, how votes are cast and counted, and what decides.

Owns their form and what fits together. Never looks at state, never changes once a ballot is open. Invariants: every
bound of a count is a term, none is a habit of the code; `secrecy` and `vote_format` are there so that other ways of
casting can come beside the present one. Source: docs/reference/ballots.md, "Terms".
"""

from dataclasses import dataclass, fields

from contracts.arguments import Arguments
from contracts.ballots.comparison import candidates_least
from contracts.ballots.reasons import CASTING_HAS_NO, CHOICES_MAX, HAS_NO, NEEDS, NOT_TALLIED, SEATS, SURPLUS, TITLES
from contracts.errors import Refusal
from ledger.encoding import Value
from ledger.errors import DecodingError

YES_NO = "yes-no"
PLURALITY = "plurality"
CHOOSE = "choose"
APPROVAL = "approval"
SCHULZE = "schulze"
STV = "stv"
METHODS = (YES_NO, PLURALITY, CHOOSE, APPROVAL, SCHULZE, STV)
# Votes that mark options, and can be counted by hand.
MARKING = frozenset((YES_NO, PLURALITY, CHOOSE, APPROVAL))
RANKING = frozenset((SCHULZE, STV))

ROLL_CALL = "roll-call"
TALLIED = "tallied"
CASTINGS = (ROLL_CALL, TALLIED)

# Every vote stands on the ledger with its voter. Votes that do not will be another value here, with their own form.
SECRECY_OPEN = "open"
SECRECIES = (SECRECY_OPEN,)
# The form of what a vote says: `choices` and `ranks`.
VOTE_FORMAT = 1

# Whoever votes is present; or somebody keeps a list and hands out papers.
PRESENCE_VOTING = "voting"
PRESENCE_MARKED = "marked"
PRESENCES = (PRESENCE_VOTING, PRESENCE_MARKED)

YES, NO, ABSTAIN = "yes", "no", "abstain"
ANSWERS = (YES, NO, ABSTAIN)

SEATS_DEFAULT = 1
# Whoever counts is watched by one other person.
TELLERS_DEFAULT = 2

_LISTS = frozenset(("electorate", "options", "titles"))
_NUMBERS = frozenset(("seats", "choices_max", "proxies", "tellers", "vote_format"))
_FLAGS = frozenset(("written", "early"))
_NEEDED = frozenset(("title", "method", "casting", "electorate", "options"))
_NOT_FOR_YES_NO = ("options", "titles", "seats", "choices_max", "surplus")


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms of one ballot, as its record has them.

    `options` of a yes-no ballot are its three answers. Texts that are "" and numbers that are 0 were not given;
    `quorum`, `threshold` and `surplus` are in the form of `contracts.ballots.comparison`. `proxies` is how many others
    one person may vote for; `tellers`, how many people have to report the same tally.
    """

    title: str
    method: str
    casting: str
    electorate: tuple[str, ...]
    options: tuple[str, ...]
    titles: tuple[str, ...] = ()
    seats: int = 0
    choices_max: int = 0
    threshold: str = ""
    quorum: str = ""
    surplus: str = ""
    presence: str = PRESENCE_VOTING
    written: bool = False
    proxies: int = 0
    tellers: int = 0
    early: bool = False
    secrecy: str = SECRECY_OPEN
    vote_format: int = VOTE_FORMAT
    reference: str = ""
    article: str = ""

    def to_fields(self) -> dict[str, Value]:
        """The fields of the ballot's record; what was not given is left out."""
        values = {one.name: getattr(self, one.name) for one in fields(self)}
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in values.items()
            if value is not False and value not in ("", 0, ())
        }

    @classmethod
    def from_fields(cls, found: dict[str, Value]) -> "Terms":
        """The terms in the fields of a ballot's record.

        Raises:
            DecodingError: one is missing or of another type.
        """
        values: dict[str, object] = {}
        for one in fields(cls):
            value = found.get(one.name)
            if value is not None:
                values[one.name] = tuple(value) if isinstance(value, list) else value
        wrong = next((name for name, value in values.items() if not _fits(name, value)), None)
        if wrong is not None or not values.keys() >= _NEEDED:
            raise DecodingError("the term {term} of a ballot is malformed or missing", term=wrong or "options")
        return cls(**values)  # type: ignore[arg-type]

    @property
    def option_count(self) -> int:
        """How many options there are."""
        return len(self.options)


def terms_of(arguments: Arguments, unit: str) -> Terms:
    """The terms that the arguments of `ballots.open` state, checked against each other.

    Raises:
        Refusal: `ballots.needs`, `ballots.has-no` and their like, naming what does not fit.
    """
    method, casting = arguments.text("method"), arguments.text("casting")
    _check_method(arguments, method)
    _check_casting(arguments, method, casting)
    options = ANSWERS if method == YES_NO else tuple(arguments.texts("options"))
    seats = 0 if method == YES_NO else _integer(arguments, "seats", SEATS_DEFAULT)
    choices_max = _integer(arguments, "choices_max", seats) if method == CHOOSE else 0
    terms = Terms(
        title=arguments.text("title"),
        method=method,
        casting=casting,
        electorate=tuple(one if "@" in one else f"{one}@{unit}" for one in arguments.texts("electorate")),
        options=options,
        titles=tuple(arguments.texts("titles")),
        seats=seats,
        choices_max=choices_max,
        threshold=_text(arguments, "threshold"),
        quorum=_text(arguments, "quorum"),
        surplus=_text(arguments, "surplus"),
        presence=_text(arguments, "presence", PRESENCE_VOTING),
        written=_flag(arguments, "written"),
        proxies=_integer(arguments, "proxies", 0),
        tellers=_integer(arguments, "tellers", TELLERS_DEFAULT if casting == TALLIED else 0),
        early=_flag(arguments, "early"),
        secrecy=_text(arguments, "secrecy", SECRECY_OPEN),
        reference=_text(arguments, "reference"),
        article=_text(arguments, "article"),
    )
    _check_numbers(terms)
    return terms


def _fits(name: str, value: object) -> bool:
    if name in _LISTS:
        return isinstance(value, tuple) and all(isinstance(one, str) for one in value)
    return type(value) is (int if name in _NUMBERS else bool if name in _FLAGS else str)


def _check_method(arguments: Arguments, method: str) -> None:
    needed = ("threshold",) if method == YES_NO else ("options",)
    for name in needed:
        if name not in arguments or (name == "options" and not arguments.texts(name)):
            raise Refusal(*NEEDS, method=method, argument=name)
    if method == CHOOSE and "seats" not in arguments:
        raise Refusal(*NEEDS, method=method, argument="seats")
    unfit: tuple[str, ...] = _NOT_FOR_YES_NO if method == YES_NO else ()
    if method in RANKING:
        # Their order is the decision; a share of votes for one option has no meaning.
        unfit = ("threshold", "choices_max")
    elif method in (PLURALITY, APPROVAL):
        unfit = ("choices_max",)
    for name in unfit:
        if name in arguments:
            raise Refusal(*HAS_NO, method=method, argument=name)


def _check_casting(arguments: Arguments, method: str, casting: str) -> None:
    if casting == TALLIED and method not in MARKING:
        raise Refusal(*NOT_TALLIED, method=method)
    for name in ("presence", "proxies") if casting == TALLIED else ("tellers",):
        if name in arguments:
            raise Refusal(*CASTING_HAS_NO, casting=casting, argument=name)


def _check_numbers(terms: Terms) -> None:
    if terms.titles and len(terms.titles) != terms.option_count:
        raise Refusal(*TITLES, count=len(terms.titles), options=terms.option_count)
    if terms.seats > terms.option_count:
        raise Refusal(*SEATS, seats=terms.seats, options=terms.option_count)
    if terms.choices_max > terms.option_count:
        raise Refusal(*CHOICES_MAX, limit=terms.choices_max, options=terms.option_count)
    if terms.surplus:
        least = candidates_least(terms.surplus, terms.seats)
        if terms.option_count < least:
            raise Refusal(*SURPLUS, options=terms.option_count, seats=terms.seats, surplus=terms.surplus, least=least)


def _text(arguments: Arguments, name: str, default: str = "") -> str:
    return arguments.text(name) if name in arguments else default


def _integer(arguments: Arguments, name: str, default: int) -> int:
    return arguments.integer(name) if name in arguments else default


def _flag(arguments: Arguments, name: str) -> bool:
    return arguments.boolean(name) if name in arguments else False
