"""What a mutant is: edits of the code, why they are dangerous, and the test that notices. Pure data."""

from typing import NamedTuple


class Edit(NamedTuple):
    """One text of a file in place of another; the old one stands there exactly once."""

    file: str
    old: str
    new: str


class Mutant(NamedTuple):
    """One rule taken out; `edits` are all places that guard it."""

    name: str
    why: str
    caught_by: str
    edits: tuple[Edit, ...]

    @property
    def test(self) -> str:
        """The test that notices, from the root of the tree."""
        return self.caught_by if "/" in self.caught_by else f"tests/consensus/{self.caught_by}"

    @property
    def is_of_the_core(self) -> bool:
        """Whether the random faults of the core can notice it."""
        return any(edit.file.startswith("consensus/") for edit in self.edits)


def one(name: str, file: str, old: str, new: str, why: str, caught_by: str) -> Mutant:
    """A mutant of one edit."""
    return Mutant(name, why, caught_by, (Edit(file, old, new),))
