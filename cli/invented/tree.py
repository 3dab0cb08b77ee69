"""The units of an invented organisation: a committee, general branches below it, branches below those.

Owns how many there are of each, who is in which branch, and who holds which office. Invariants: every member is in one
branch; the officers of a branch are members of it; those of the units above are not.
"""

from dataclasses import dataclass
from random import Random

from cli.invented.invention import BRANCH_MEMBERS_LEAST, BRANCH_MEMBERS_MOST, BRANCHES_PER_GENERAL_BRANCH, Invention
from cli.invented.names import invented_name
from cli.invented.people import InventedMember, invented_member
from contracts.calendar.dates import day_of

COMMITTEE = "committee"
# Who signs for a branch, in the order of its members; the other offices are nobody's who has a key.
SECRETARY, TREASURER, ORGANISER, PUBLICITY = range(4)
_BRANCH_OFFICES = {
    "secretary": SECRETARY,
    "treasurer": TREASURER,
    "organiser": ORGANISER,
    "publicity": PUBLICITY,
}
OFFICERS_COUNT = len(_BRANCH_OFFICES)
# Who sits on the committee of a branch.
_COMMITTEE = (SECRETARY, ORGANISER, PUBLICITY)


@dataclass(frozen=True, slots=True)
class GeneralBranch:
    """A unit between the committee and branches, with the officer who looks at what they hand in."""

    unit: str
    name: str
    officer: str


@dataclass(frozen=True, slots=True)
class Branch:
    """A branch and its members; the first four hold its offices."""

    unit: str
    name: str
    above: GeneralBranch
    members: tuple[InventedMember, ...]

    @property
    def secretary(self) -> str:
        """Who signs what the branch records."""
        return self.members[SECRETARY].person

    @property
    def treasurer(self) -> str:
        """Who signs for the branch's books."""
        return self.members[TREASURER].person

    @property
    def organiser(self) -> str:
        """Who signs along where a second pair of eyes is asked for."""
        return self.members[ORGANISER].person

    @property
    def offices(self) -> tuple[tuple[str, str], ...]:
        """Role and person of each office."""
        held = [(role, self.members[place].person) for role, place in _BRANCH_OFFICES.items()]
        return (*held, *(("committee", self.members[place].person) for place in _COMMITTEE))


@dataclass(frozen=True, slots=True)
class Tree:
    """All units. The committee is the topmost one."""

    general_branches: tuple[GeneralBranch, ...]
    branches: tuple[Branch, ...]

    @property
    def unit_count(self) -> int:
        """Units, the committee among them."""
        return 1 + len(self.general_branches) + len(self.branches)

    @property
    def member_count(self) -> int:
        """Members of all branches."""
        return sum(len(branch.members) for branch in self.branches)


def invented_tree(wish: Invention) -> Tree:
    """The units and people of an invention. Cost: about 10 µs for each member."""
    chance = Random(f"banyan {wish.seed} {wish.members}")  # noqa: S311
    sizes = _sizes(wish.members, chance)
    general_branches = tuple(
        GeneralBranch(f"general-{number:03}", f"General Branch {number:03} / 第{number:03}党总支", f"o{number:06}")
        for number in range(1, -(-len(sizes) // BRANCHES_PER_GENERAL_BRANCH) + 1)
    )
    begin = day_of(wish.first_year, 1, 1)
    branches = []
    number = 0
    for place, size in enumerate(sizes):
        members = []
        for _ in range(size):
            number += 1
            members.append(invented_member(f"m{number:06}", invented_name(number, chance), begin, chance))
        above = general_branches[place // BRANCHES_PER_GENERAL_BRANCH]
        title = f"Branch {place + 1:04} / 第{place + 1:04}党支部"
        branches.append(Branch(f"branch-{place + 1:04}", title, above, tuple(members)))
    return Tree(general_branches, tuple(branches))


def _sizes(members: int, chance: Random) -> list[int]:
    """How many members each branch has; together all of them, and few branches far from the middle."""
    middle = (BRANCH_MEMBERS_LEAST + BRANCH_MEMBERS_MOST + 20) // 2
    count = max(-(-members // BRANCH_MEMBERS_MOST), round(members / middle))
    sizes = [members // count + (number < members % count) for number in range(count)]
    for _ in range(3 * count):
        gives, takes = chance.randrange(count), chance.randrange(count)
        moved = chance.randint(0, 4)
        if (
            gives != takes
            and sizes[gives] - moved >= BRANCH_MEMBERS_LEAST
            and sizes[takes] + moved <= BRANCH_MEMBERS_MOST
        ):
            sizes[gives] -= moved
            sizes[takes] += moved
    return sizes
