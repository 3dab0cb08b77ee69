"""Gathering votes: from single votes to the sums that a result needs, in pieces that can be put down and taken up.

Owns the sums and their form, and the hash of what went in. Never decides. Invariants: votes are gathered in the order
of their persons, each once; whoever gathers the same votes gets the same sums and the same hash, in one go or in
pieces. Source: docs/reference/ballots.md, "Counting".
"""

from dataclasses import dataclass, field

from contracts.ballots.counting.pairwise import Matrix, add_ranking, empty_matrix
from contracts.ballots.counting.preferences import ranking_of
from contracts.ballots.terms import ABSTAIN, MARKING, SCHULZE, STV, YES_NO, Terms
from contracts.ballots.vote import WAY_PROXY, WAY_WRITTEN, Vote
from ledger.encoding import Value, encode
from ledger.errors import DecodingError
from ledger.hashing import ZERO_HASH, Hash, tagged_hash

_NUMBERS = ("present", "issued", "by_proxy", "written", "returned", "blank")


@dataclass(slots=True)
class Gathered:
    """The sums of the votes so far.

    `after` is the person whose vote was the last; `by_proxy` and `written` are votes of people who were not there;
    `blank` votes that take no side. `totals` are the marks of each option, `matrix` the pairwise comparison,
    `papers` the orders of preference; only what the method needs is filled.
    """

    after: str = ""
    inputs: Hash = ZERO_HASH
    present: int = 0
    issued: int = 0
    by_proxy: int = 0
    written: int = 0
    returned: int = 0
    blank: int = 0
    totals: list[int] = field(default_factory=list)
    matrix: Matrix = field(default_factory=list)
    papers: dict[tuple[int, ...], int] = field(default_factory=dict)
    # The place of each option among them.
    _places: dict[str, int] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def none_yet(cls, terms: Terms) -> "Gathered":
        """The sums of no votes."""
        count = terms.option_count
        gathered = cls()
        if terms.method in MARKING:
            gathered.totals = [0] * count
        elif terms.method == SCHULZE:
            gathered.matrix = empty_matrix(count)
        return gathered

    def add(self, terms: Terms, vote: Vote) -> None:
        """Take in the next person's vote, and whether they were there."""
        assert vote.person > self.after, "votes are gathered in the order of their persons"
        self.after = vote.person
        said: list[Value] = [vote.person, vote.present, vote.issued, vote.way, list(vote.choices), list(vote.ranks)]
        self.inputs = tagged_hash("ballot-vote", self.inputs, encode(said))
        self.present += vote.present
        self.issued += vote.issued
        if not vote.way:
            return
        self.returned += 1
        # Somebody who is in the room and lets others speak for them is one person, with one paper.
        self.by_proxy += vote.way == WAY_PROXY and not vote.present
        self.written += vote.way == WAY_WRITTEN and not vote.present
        self.blank += not vote.choices or (terms.method == YES_NO and vote.choices == (ABSTAIN,))
        self._count(terms, vote)

    def _count(self, terms: Terms, vote: Vote) -> None:
        if not self._places:
            self._places = {option: place for place, option in enumerate(terms.options)}
        choices = [self._places[one] for one in vote.choices]
        if terms.method in MARKING:
            for option in choices:
                self.totals[option] += 1
        elif terms.method == SCHULZE:
            add_ranking(self.matrix, ranking_of(choices, vote.ranks or None, terms.option_count))
        else:
            assert terms.method == STV, "there is no other method"
            order = tuple(choices)
            if order:
                self.papers[order] = self.papers.get(order, 0) + 1

    def to_value(self) -> dict[str, Value]:
        """Everything but the papers, which are kept apart."""
        value: dict[str, Value] = {name: getattr(self, name) for name in _NUMBERS}
        matrix: list[Value] = [list(row) for row in self.matrix]
        return value | {"after": self.after, "inputs": self.inputs, "matrix": matrix, "totals": list(self.totals)}

    @classmethod
    def from_value(cls, value: dict[str, Value]) -> "Gathered":
        """The sums that `to_value` wrote, without papers.

        Raises:
            DecodingError: it did not write them.
        """
        try:
            gathered = cls(**value)  # type: ignore[arg-type]
        except TypeError as error:
            raise DecodingError("the sums of a ballot are malformed") from error
        return gathered


def papers_to_value(papers: dict[tuple[int, ...], int]) -> Value:
    """Papers for a record: each order as a byte string of options, and how many there are."""
    return [[bytes(order), number] for order, number in sorted(papers.items())]


def add_papers(papers: dict[tuple[int, ...], int], value: Value) -> None:
    """Add the papers in a record.

    Raises:
        DecodingError: they are malformed.
    """
    for one in value if isinstance(value, list) else [None]:
        match one:
            case [bytes(order), int(number)]:
                papers[tuple(order)] = papers.get(tuple(order), 0) + number
            case _:
                raise DecodingError("the papers of a ballot are malformed")
