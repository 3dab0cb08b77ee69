"""An invented organisation: always the same one, and its whole history is accepted and adds up."""

from dataclasses import replace
from itertools import groupby, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cli.demo.network import shipped_pack
from cli.errors import UsageError
from cli.invented.founding import PACK
from cli.invented.invention import BRANCH_MEMBERS_MOST, MEMBERS_MOST, YEARS_MOST, Invention
from cli.invented.signing import InventedSigner
from cli.invented.step import ADMINISTRATOR as SIGNS_AS_ADMINISTRATOR
from cli.invented.step import Step
from cli.invented.story import Story
from cli.invented.tree import invented_tree
from contracts.calendar.dates import DAY_MS
from contracts.packs.beginning import genesis_pack
from contracts.record import Record, parse_record_key
from ledger.encoding import Value
from ledger.submission import decode_submission
from ledger.transaction import Transaction, decode_envelope
from tests.contracts.organisation import Organisation
from tests.contracts.trial_ledger import ADMINISTRATOR, trial_genesis

WISH = Invention(members=62, last_year=2027, years=1)
HOUR_MS = 3_600_000
PARTY_BRANCH = shipped_pack(PACK)


def invented(wish: Invention) -> Story:
    return Story(wish, PARTY_BRANCH)


class Told:
    """A story on a ledger, every step of it executed."""

    def __init__(self, wish: Invention) -> None:
        self.ledger = Organisation(replace(trial_genesis(), packs=(genesis_pack(PARTY_BRANCH),)))
        self.story = invented(wish)
        self._signer = InventedSigner(self.ledger.network_id, ADMINISTRATOR, wish.seed)
        self.refused: list[tuple[str, str]] = []
        for (day, _part), steps in groupby(self.story.steps(), key=lambda step: (step.day, step.part)):
            self.ledger.time_ms = max(self.ledger.time_ms, day * DAY_MS + 8 * HOUR_MS)
            transactions = [self._transaction(step) for step in steps]
            results = self.ledger.execute(*transactions).results
            self.refused += [
                (one.operation, result.code) for one, result in zip(transactions, results, strict=True) if not result.ok
            ]

    def _transaction(self, step: Step) -> Transaction:
        _id, data = self._signer.submission(step, self.ledger.time_ms + HOUR_MS)
        return decode_envelope(decode_submission(data)[0])

    def records(self, kind: str) -> dict[str, dict[str, Value]]:
        """The fields of all records of a kind, by id."""
        found = {}
        for key, content in self.ledger.state.items():
            of_kind, record_id = parse_record_key(key)
            if of_kind == kind:
                found[record_id] = Record.decode(content).fields
        return found


@pytest.fixture(scope="module")
def told() -> Told:
    return Told(WISH)


def test_everything_that_happened_is_accepted(told: Told) -> None:
    assert told.refused == [], told.refused[:3]


def test_everybody_is_on_the_roster(told: Told) -> None:
    people = {member.person for branch in told.story.tree.branches for member in branch.members}
    assert len(people) == WISH.members
    roster = told.records("party-member")
    assert {fields["state"] for fields in roster.values()} == {"full"}
    assert {record_id.split("/")[1] for record_id in roster} == people


def test_the_books_are_those_that_the_invention_kept(told: Told) -> None:
    dues, books = told.story.dues, told.records("books")
    assert books.keys() == dues.due.keys() == {branch.unit for branch in told.story.tree.branches}
    for unit, fields in books.items():
        assert isinstance(fields["dues"], dict)
        assert (fields["dues"]["due"], fields["dues"]["paid"]) == (dues.due[unit], dues.paid[unit])
    assert 0 < sum(dues.paid.values()) < sum(dues.due.values()), "some do not pay"


def test_the_meetings_are_those_that_took_place(told: Told) -> None:
    meetings = told.records("party-meeting").values()
    assert {fields["state"] for fields in meetings} == {"minuted"}
    for (unit, sort), count in told.story.meetings.held.items():
        found = [one for one in meetings if one["unit"] == unit and _value(one, "sort") == sort]
        assert len(found) == count
    assert told.story.meetings.missed.total(), "now and then one is missed"


def test_study_is_what_was_entered(told: Told) -> None:
    years = told.records("study-year").values()
    for state, wanted in (("complete", told.story.study.complete), ("open", told.story.study.short)):
        assert sum(one["state"] == state for one in years) == wanted.total()


def test_every_branch_elected_its_committee(told: Told) -> None:
    ballots = told.records("ballot").values()
    assert len(ballots) == told.story.elections.held == len(told.story.tree.branches)
    for branch in told.story.tree.branches:
        (ballot,) = [one for one in ballots if one["unit"] == branch.unit]
        assert isinstance(ballot["result"], dict)
        assert ballot["result"]["outcome"] == "elected"
        elected = ballot["result"]["elected"]
        assert isinstance(elected, list)
        assert set(elected) == {member.person for member in branch.members[:3]}


def _value(fields: dict[str, Value], name: str) -> Value:
    values = fields["values"]
    assert isinstance(values, dict)
    return values[name]


def test_the_same_wish_is_the_same_history_and_another_seed_another() -> None:
    first = list(invented(WISH).steps())
    assert first == list(invented(WISH).steps())
    assert first != list(invented(Invention(62, 2027, 1, seed=2)).steps())


def test_days_and_parts_never_go_back() -> None:
    steps = list(invented(WISH).steps())
    assert all(one.day <= other.day and one.part <= other.part for one, other in pairwise(steps))
    assert steps[0].sender == SIGNS_AS_ADMINISTRATOR


@settings(max_examples=20, deadline=None)
@given(st.integers(10, 3000), st.integers(0, 5))
def test_every_member_is_in_one_branch_of_bearable_size(members: int, seed: int) -> None:
    tree = invented_tree(Invention(members, 2027, 1, seed))
    people = [member.person for branch in tree.branches for member in branch.members]
    assert len(people) == len(set(people)) == tree.member_count == members
    assert max(len(branch.members) for branch in tree.branches) <= max(BRANCH_MEMBERS_MOST, 4)
    assert tree.unit_count == 1 + len(tree.general_branches) + len(tree.branches)


@pytest.mark.parametrize("wish", [(9, 1), (MEMBERS_MOST + 1, 1), (100, 0), (100, YEARS_MOST + 1)])
def test_wishes_have_bounds(wish: tuple[int, int]) -> None:
    members, years = wish
    with pytest.raises(UsageError) as caught:
        Invention(members, 2027, years)
    assert str(YEARS_MOST if members == 100 else MEMBERS_MOST) in str(caught.value)
