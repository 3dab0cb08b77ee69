"""How long agreement waits. Pure data; milliseconds everywhere.

Source: docs/protocol.md, section 6, "Pre-vote" and "Liveness".
"""

from dataclasses import dataclass

from consensus.errors import InvalidTimingError

# A leader whose voters' oldest transactions wait longer than this many election timeouts does not do its work.
STARVING_TIMEOUTS = 10


@dataclass(frozen=True, slots=True)
class Timing:
    """`election_timeout_ms` is T of the protocol: an election starts after T to 2T without a leader.

    `heartbeat_ms` is how often a leader shows that it lives; at most a third of T, so that one may be lost.

    Raises:
        InvalidTimingError: the two do not go together.
    """

    election_timeout_ms: int = 1000
    heartbeat_ms: int = 200

    def __post_init__(self) -> None:
        if not 1 <= self.heartbeat_ms <= self.election_timeout_ms // 3:
            raise InvalidTimingError(
                "a heartbeat every {heartbeat} ms does not go with an election timeout of {timeout} ms, make it a third"
                " or less",
                heartbeat=self.heartbeat_ms,
                timeout=self.election_timeout_ms,
            )

    @property
    def starving_ms(self) -> int:
        """How long a transaction may wait before its leader counts as not live."""
        return STARVING_TIMEOUTS * self.election_timeout_ms
