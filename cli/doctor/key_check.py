"""The age of this node's keys, and whether a change to others is under way.

Owns the words; the reckoning is `daemon.key_age`'s, over the registry. Source: docs/adr/0032-keys-of-nodes.md.
"""

from collections.abc import Iterator

from cli.doctor.finding import Finding, Kind, Severity
from cli.doctor.look import Look
from cli.language import N_

_DAY_MS = 86_400_000
KEYS_EXPIRED = Kind(
    "keys-expired",
    Severity.ERROR,
    N_("This node's keys expired {days} days ago, by the network's own rule; they go on signing."),
    N_("Replace them: `banyan keys rotate`."),
)
KEYS_EXPIRE = Kind(
    "keys-expire",
    Severity.WARNING,
    N_("This node's keys expire in {days} days."),
    N_("Replace them before: `banyan keys rotate`; with several administrators that takes their approvals."),
)
KEYS_CHANGING = Kind(
    "keys-changing",
    Severity.INFO,
    N_("New keys take this node's place: {node}."),
    N_("Go on with `banyan keys rotate` until it says that nothing is left to do."),
)

KINDS = (KEYS_EXPIRED, KEYS_EXPIRE, KEYS_CHANGING)


def check(look: Look) -> Iterator[Finding]:
    """What is to be done about the keys."""
    keys = None if look.online is None else look.online.status["keys"]
    if look.online is None or keys is None:
        return
    if keys["successor"] is not None:
        # Whoever sees to it need not be told that it is time.
        yield KEYS_CHANGING.found(node=keys["successor"])
        return
    if keys["expires_ms"] is None:
        return
    days = abs(keys["expires_ms"] - look.online.status["clock_ms"]) // _DAY_MS
    if keys["state"] == "expired":
        yield KEYS_EXPIRED.found(days=days)
    elif keys["state"] == "renew":
        yield KEYS_EXPIRE.found(days=days)
