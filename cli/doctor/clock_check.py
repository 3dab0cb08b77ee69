"""Clocks: this machine's against its neighbours' and against the ledger's own time.

Owns the judgement of differences; a neighbour's is what its newest sight told (`p2p.sightings`). Where most neighbours
say the same, this clock is wrong; where one differs, that one is. Source: docs/protocol.md, section 5.
"""

from collections.abc import Iterator
from statistics import median

from cli.doctor.finding import Finding, Kind, Severity
from cli.doctor.look import Look, Online
from cli.language import N_

CLOCK_WRONG = Kind(
    "clock-wrong",
    Severity.ERROR,
    N_("This machine's clock is {seconds} seconds away from those of its neighbours; {limit} are allowed."),
    N_("Set the clock and keep it right with `systemd-timesyncd` or `chrony`; until then this node's blocks wait."),
)
CLOCK_DRIFTS = Kind(
    "clock-drifts",
    Severity.WARNING,
    N_("This machine's clock is {seconds} seconds away from those of its neighbours; from {limit} on, blocks wait."),
    N_("Let `systemd-timesyncd` or `chrony` keep the clock right."),
)
PEER_CLOCK = Kind(
    "peer-clock",
    Severity.WARNING,
    N_("The clock of {node} is {seconds} seconds away from this machine's, which agrees with the others."),
    N_("Tell its operator to let `systemd-timesyncd` or `chrony` keep the clock right."),
)
CLOCKS_DIFFER = Kind(
    "clocks-differ",
    Severity.WARNING,
    N_("The clocks of this machine and of {node} differ by {seconds} seconds; which one is wrong cannot be told here."),
    N_("Compare both with the time by radio or telephone, and let `systemd-timesyncd` or `chrony` keep them right."),
)
LEDGER_AHEAD = Kind(
    "ledger-ahead",
    Severity.ERROR,
    N_("The newest block is {seconds} seconds ahead of this machine's clock."),
    N_(
        "Set the clock right. If it is, the clock of whoever led was wrong: the ledger waits until its time is reached."
    ),
)

KINDS = (CLOCK_WRONG, CLOCK_DRIFTS, PEER_CLOCK, CLOCKS_DIFFER, LEDGER_AHEAD)
# Of what is allowed, so that there is time to set the clock.
_DRIFT_SHARE = 0.2


def check(look: Look) -> Iterator[Finding]:
    """What is wrong with clocks."""
    if look.online is None:
        return
    offsets_ms = _offsets_ms(look.online)
    limit_ms = look.skew_ms_max
    if len(offsets_ms) >= 2:
        yield from _compare(offsets_ms, limit_ms)
    else:
        for node, offset_ms in offsets_ms.items():
            if abs(offset_ms) > limit_ms * _DRIFT_SHARE:
                yield CLOCKS_DIFFER.found(node=node, seconds=_seconds(offset_ms))
    ahead_ms = look.online.newest_block_ms - int(look.online.status["clock_ms"])
    if ahead_ms > limit_ms:
        yield LEDGER_AHEAD.found(seconds=_seconds(ahead_ms))


def _offsets_ms(online: Online) -> dict[str, int]:
    return {
        online.name_of(one["id"]): one["sight"]["clock_offset_ms"]
        for one in online.peers["peers"]
        if one["connected"] and one["sight"] is not None
    }


def _compare(offsets_ms: dict[str, int], limit_ms: int) -> Iterator[Finding]:
    """With two neighbours or more, the middle of all clocks, this machine's own among them, is taken for right."""
    middle_ms = median([0, *offsets_ms.values()])
    if abs(middle_ms) > limit_ms:
        yield CLOCK_WRONG.found(seconds=_seconds(middle_ms), limit=_seconds(limit_ms))
    elif abs(middle_ms) > limit_ms * _DRIFT_SHARE:
        yield CLOCK_DRIFTS.found(seconds=_seconds(middle_ms), limit=_seconds(limit_ms))
    for node, offset_ms in offsets_ms.items():
        if abs(offset_ms - middle_ms) > limit_ms * _DRIFT_SHARE:
            yield PEER_CLOCK.found(node=node, seconds=_seconds(offset_ms - middle_ms))


def _seconds(span_ms: float) -> str:
    return f"{abs(span_ms) / 1000:.1f}"
