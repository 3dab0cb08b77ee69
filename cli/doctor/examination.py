"""All checks, one after the other, over one look.

Owns the list of checks and kinds, and the order of findings: the worst first, within a severity in the order of the
checks. Bound: of one kind at most `SAME_MAX`, since what is wrong with thirty nodes is seen from some.
"""

from collections import Counter
from collections.abc import Iterable
from itertools import chain

from cli.doctor import (
    clock_check,
    disk_check,
    home_check,
    key_check,
    quorum_check,
    reach_check,
    registry_check,
    version_check,
)
from cli.doctor.finding import Finding, Kind
from cli.doctor.look import Look

SAME_MAX = 12
KINDS: tuple[Kind, ...] = tuple(
    chain.from_iterable(
        one.KINDS
        for one in (
            home_check,
            disk_check,
            quorum_check,
            clock_check,
            reach_check,
            version_check,
            registry_check,
            key_check,
        )
    )
)


def examine(look: Look, own_version: str) -> tuple[Finding, ...]:
    """Everything that is wrong; `own_version` is this command's."""
    return _ordered(chain(home_check.check(look), examine_answers(look, own_version)))


def examine_answers(look: Look, own_version: str) -> tuple[Finding, ...]:
    """What is wrong by what the node answers; its files are not looked at."""
    return _ordered(
        chain(
            disk_check.check(look),
            quorum_check.check(look),
            clock_check.check(look),
            reach_check.check(look),
            version_check.check(look, own_version),
            registry_check.check(look),
            key_check.check(look),
        )
    )


def _ordered(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    counts: Counter[str] = Counter()
    kept = []
    for finding in findings:
        counts[finding.kind.code] += 1
        if counts[finding.kind.code] <= SAME_MAX:
            kept.append(finding)
    return tuple(sorted(kept, key=lambda one: one.kind.severity))
