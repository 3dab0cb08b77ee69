"""What is asked of an invented organisation: how many members, how many years, which seed.

Owns the bounds. The same wishes give the same organisation, on every machine. Nothing here looks at a clock.
"""

from dataclasses import dataclass

from cli.errors import UsageError

# Branches of that many members each, as most are; one more in the last.
BRANCH_MEMBERS_LEAST = 20
BRANCH_MEMBERS_MOST = 60
# A general branch has so many branches below it.
BRANCHES_PER_GENERAL_BRANCH = 20
MEMBERS_LEAST = 10
MEMBERS_MOST = 1_000_000
YEARS_MOST = 10


@dataclass(frozen=True, slots=True)
class Invention:
    """The wishes; `years` whole years end with `last_year`, the newest that is over."""

    members: int
    last_year: int
    years: int = 3
    seed: int = 1

    def __post_init__(self) -> None:
        if not MEMBERS_LEAST <= self.members <= MEMBERS_MOST:
            raise UsageError(
                "an invented organisation has {least} to {most} members, not {count}",
                least=MEMBERS_LEAST,
                most=MEMBERS_MOST,
                count=self.members,
            )
        if not 1 <= self.years <= YEARS_MOST:
            raise UsageError(
                "an invented organisation looks back on 1 to {most} years, not {count}",
                most=YEARS_MOST,
                count=self.years,
            )

    @property
    def first_year(self) -> int:
        """The oldest year of its history."""
        return self.last_year - self.years + 1

    @property
    def months(self) -> tuple[tuple[int, int], ...]:
        """Year and month of all the months of its history, in order."""
        return tuple((year, month) for year in range(self.first_year, self.last_year + 1) for month in range(1, 13))
