"""The contract `ballots`: votes that members cast themselves.

Owns the declaration; what the operations do is in the modules beside this one. Source: docs/reference/ballots.md.
"""

from contracts.arguments import Argument, Boolean, Detached, Integer, ListOf, Text
from contracts.authority.actor import ROLE_PATTERN
from contracts.ballots.ballot import KIND_BALLOT, KIND_BALLOT_COUNT, NUMBER_MAX
from contracts.ballots.casting import attend, cast, write_opinion
from contracts.ballots.closing import (
    CLOSE_TIMER,
    COUNT_TIMER,
    KIND_PAPERS,
    KIND_PROGRESS,
    close,
    close_due,
    count_some,
)
from contracts.ballots.comparison import QUORUM_PATTERN, SURPLUS_PATTERN, THRESHOLD_PATTERN
from contracts.ballots.counting.preferences import OPTIONS_MAX
from contracts.ballots.freezing import FREEZE_TIMER, freeze
from contracts.ballots.opening import again, cancel, open_
from contracts.ballots.proxies import KIND_PROXY, give_proxy, revoke_proxy
from contracts.ballots.reasons import BALLOT_REASONS
from contracts.ballots.roll import KIND_ROLL, SOURCES_MAX
from contracts.ballots.tallying import tally
from contracts.ballots.terms import CASTINGS, METHODS, PRESENCES, SECRECIES
from contracts.ballots.vote import KIND_VOTE
from contracts.contract import Contract, Operation, TimerHandler
from contracts.map_arguments import COUNT_MAX
from contracts.units.names import NAME_PATTERN, PERSON, PERSON_ARGUMENT, PERSON_LENGTH_MAX, TITLE, UNIT_ARGUMENT

# A role here, or in another unit.
_SOURCE = Text(32 + 1 + 128, pattern=rf"{ROLE_PATTERN}(?:@{NAME_PATTERN}(?:/{NAME_PATTERN})*)?")
_OPTION = Text(PERSON_LENGTH_MAX, pattern=NAME_PATTERN)
# With 32 of them, a ballot and its result fit into a record.
_OPTION_TITLE = Text(120)
_RULE = 40
# Votes of others that one person may cast: more is a meeting of one.
PROXIES_MAX = 16
TELLERS_MAX = 5
# Each costs up to six reads.
PERSONS_AT_ONCE_MAX = 30

_ADMINISTRATOR = ("administrator",)
_SELF = ("self",)


def _one_of(values: tuple[str, ...]) -> Text:
    return Text(20, pattern="|".join(values))


_BALLOT = (UNIT_ARGUMENT, Argument("number", Integer(1, NUMBER_MAX), "ledger"))
_CLOSES = Argument("closes", Integer(0), "ledger")
_VOTE = (
    Argument("choices", ListOf(_OPTION, OPTIONS_MAX, distinct=True), "ledger"),
    Argument("ranks", ListOf(Integer(1, OPTIONS_MAX), OPTIONS_MAX), "ledger", optional=True),
)
_OPTIONS = Argument("options", ListOf(_OPTION, OPTIONS_MAX, distinct=True), "ledger", optional=True)
_COUNT = Integer(0, COUNT_MAX)

_TERMS = (
    UNIT_ARGUMENT,
    Argument("title", TITLE, "public"),
    Argument("method", _one_of(METHODS), "ledger"),
    Argument("casting", _one_of(CASTINGS), "ledger"),
    Argument("electorate", ListOf(_SOURCE, SOURCES_MAX, distinct=True), "ledger"),
    _CLOSES,
    Argument("opens", Integer(0), "ledger", optional=True),
    _OPTIONS,
    Argument("titles", ListOf(_OPTION_TITLE, OPTIONS_MAX), "public", optional=True),
    Argument("seats", Integer(1, OPTIONS_MAX), "ledger", optional=True),
    Argument("choices_max", Integer(1, OPTIONS_MAX), "ledger", optional=True),
    Argument("threshold", Text(_RULE, pattern=THRESHOLD_PATTERN), "ledger", optional=True),
    Argument("quorum", Text(_RULE, pattern=QUORUM_PATTERN), "ledger", optional=True),
    Argument("surplus", Text(_RULE, pattern=SURPLUS_PATTERN), "ledger", optional=True),
    Argument("presence", _one_of(PRESENCES), "ledger", optional=True),
    Argument("written", Boolean(), "ledger", optional=True),
    Argument("proxies", Integer(1, PROXIES_MAX), "ledger", optional=True),
    Argument("tellers", Integer(1, TELLERS_MAX), "ledger", optional=True),
    Argument("early", Boolean(), "ledger", optional=True),
    Argument("secrecy", _one_of(SECRECIES), "ledger", optional=True),
    Argument("reference", Text(200), "ledger", optional=True),
    Argument("article", Text(200), "public", optional=True),
)

BALLOTS = Contract(
    name="ballots",
    summary="Votes that members cast themselves, and tallies of votes in a room",
    kinds=frozenset(
        (KIND_BALLOT, KIND_BALLOT_COUNT, KIND_ROLL, KIND_VOTE, KIND_PROXY, KIND_PROGRESS, KIND_PAPERS),
    ),
    events=frozenset(
        f"ballots.{event}"
        for event in (
            "opened",
            "frozen",
            "cast",
            "attended",
            "proxy-given",
            "proxy-revoked",
            "tallied",
            "closed",
            "cancelled",
        )
    ),
    reasons=BALLOT_REASONS,
    operations=(
        Operation("open", "Open a ballot", _TERMS, open_, actors=_ADMINISTRATOR),
        Operation(
            "cast",
            "Cast one's vote, or that of somebody whose proxy one is",
            (*_BALLOT, *_VOTE, Argument("person", PERSON, "ledger", optional=True)),
            cast,
            actors=_SELF,
        ),
        Operation(
            "attend",
            "Note who is in the room and was given a ballot paper",
            (*_BALLOT, Argument("persons", ListOf(PERSON, PERSONS_AT_ONCE_MAX, distinct=True), "ledger")),
            attend,
            actors=_ADMINISTRATOR,
        ),
        Operation(
            "give-proxy",
            "Let somebody on the roll vote for oneself",
            (*_BALLOT, PERSON_ARGUMENT),
            give_proxy,
            actors=_SELF,
        ),
        Operation("revoke-proxy", "Take a proxy back", (*_BALLOT, PERSON_ARGUMENT), revoke_proxy, actors=_SELF),
        Operation(
            "write-opinion",
            "Enter the written opinion of an absent voter",
            (*_BALLOT, PERSON_ARGUMENT, *_VOTE, Argument("body", Detached(), "unit", optional=True)),
            write_opinion,
            actors=_ADMINISTRATOR,
        ),
        Operation(
            "tally",
            "Report what was counted in the room",
            (
                *_BALLOT,
                *(Argument(name, _COUNT, "ledger") for name in ("present", "issued", "returned", "valid")),
                Argument("votes", ListOf(_COUNT, OPTIONS_MAX), "ledger"),
                Argument("blank", _COUNT, "ledger", optional=True),
            ),
            tally,
            actors=_ADMINISTRATOR,
        ),
        Operation("close", "Close a ballot before its time", _BALLOT, close, actors=_ADMINISTRATOR),
        Operation(
            "cancel",
            "End a ballot without a result",
            (*_BALLOT, Argument("reason", Text(200), "public")),
            cancel,
            actors=_ADMINISTRATOR,
        ),
        Operation(
            "again", "Hold the next round of a ballot", (*_BALLOT, _CLOSES, _OPTIONS), again, actors=_ADMINISTRATOR
        ),
    ),
    timers=(
        TimerHandler(FREEZE_TIMER, freeze),
        TimerHandler(CLOSE_TIMER, close_due),
        TimerHandler(COUNT_TIMER, count_some),
    ),
)
