"""What a peer can do wrong, and what each costs it. Pure data.

A score begins at 100 and recovers by one point a second (`p2p.scores`): a peer is disconnected when half of it is lost
and banned when all of it is. An honest peer does some of these now and then, by a race or a lost frame; those cost
little.
"""

from enum import Enum


class Offence(Enum):
    """Something that an honest peer does not do, or not often; the value is its name in `peers` and in logs."""

    # Bytes that are no frame: no honest program sends them, and the connection cannot be read on.
    INVALID_FRAME = "invalid-frame"
    # A message that is wrong by itself, whatever the state: every honest relayer would have refused it.
    INVALID_MESSAGE = "invalid-message"
    # A block or entry that does not fit what was asked for or breaks a rule.
    INVALID_BLOCK = "invalid-block"
    # A part of a snapshot that is not what its hash names, or a snapshot that no header proves.
    INVALID_SNAPSHOT = "invalid-snapshot"
    # More work than the rates allow.
    FLOOD = "flood"
    # Something that nobody asked for, of a kind that is only sent when asked for.
    UNASKED = "unasked"
    # A question that was not answered in time.
    UNANSWERED = "unanswered"
    # A message that was announced and came from nobody.
    BROKEN_PROMISE = "broken-promise"


POINTS: dict[Offence, int] = {
    Offence.INVALID_FRAME: 60,
    Offence.INVALID_MESSAGE: 20,
    Offence.INVALID_BLOCK: 60,
    Offence.INVALID_SNAPSHOT: 60,
    Offence.FLOOD: 5,
    Offence.UNASKED: 10,
    Offence.UNANSWERED: 3,
    Offence.BROKEN_PROMISE: 1,
}
