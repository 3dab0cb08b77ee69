"""How much room the database has left, and what follows from it. Pure.

Owns the limits that the operator set, the newest figures and the level that they give; never measures (`measure` is
lent by the shell) and never writes. The room is the smaller of what the quota leaves and what the disk has beyond the
space that is kept free. Nothing is written while there is none, so the limits are passed by one write at most.

What is kept free is what others live on: the sign-state on file systems that write nothing in place, the log, the
operator who wants to make room.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from ledger.errors import BanyanError
from storage.errors import StoreFullError

MEBIBYTE = 1 << 20
# A full disk counts as full until this much is there: else each block that fits would be news.
RESUME_ROOM_BYTES = 4 * MEBIBYTE


class RoomLevel(Enum):
    """From good to bad."""

    PLENTY = "plenty"
    LOW = "low"
    CRITICAL = "critical"
    FULL = "full"


class DiskFigures(NamedTuple):
    """What the database takes, and what its disk has left for this user."""

    used_bytes: int
    free_bytes: int


@dataclass(frozen=True, slots=True)
class DiskLimits:
    """What the operator allows; zero: no such limit, no such warning."""

    quota_bytes: int = 0
    reserve_bytes: int = 0
    low_bytes: int = 0
    critical_bytes: int = 0

    def room_bytes(self, figures: DiskFigures) -> int:
        """How much more may be written; below zero where a limit was passed."""
        room = figures.free_bytes - self.reserve_bytes
        return min(room, self.quota_bytes - figures.used_bytes) if self.quota_bytes else room


class DiskRoom:
    """The room of one database, as of the newest look.

    Args:
        folder: The database's, for messages.
        limits: What the operator allows.
        measure: Looks at the disk; None where it cannot tell. Called from any thread.
    """

    def __init__(self, folder: str, limits: DiskLimits, measure: Callable[[], DiskFigures | None]) -> None:
        self.limits = limits
        self.measure = measure
        self.figures: DiskFigures | None = None
        self.level = RoomLevel.PLENTY
        # Why nothing is written; the same words for as long as that lasts, whatever the figures are by now.
        self.error: BanyanError | None = None
        self._folder = folder
        self._lacking: BanyanError | None = None
        # By who was refused: the database or the sign-state. Its own next write says when it is over.
        self._refused: dict[str, BanyanError] = {}

    @property
    def room_bytes(self) -> int | None:
        """How much more may be written, by the newest look."""
        return None if self.figures is None else max(0, self.limits.room_bytes(self.figures))

    def lacks(self, figures: DiskFigures | None) -> StoreFullError | None:
        """Why nothing may be written with these figures; None if something may."""
        if figures is None:
            return None
        needed = 1 if self._lacking is None else RESUME_ROOM_BYTES
        if self.limits.room_bytes(figures) >= needed:
            return None
        if self.limits.quota_bytes and figures.used_bytes + needed > self.limits.quota_bytes:
            return StoreFullError(
                "the database {path} takes as much as `disk_quota_mib` allows ({quota} MiB): raise it in config.toml"
                " and restart the node, or move the node's folder to a larger disk",
                path=self._folder,
                quota=self.limits.quota_bytes // MEBIBYTE,
            )
        return StoreFullError(
            "the disk of {path} has no more room than `disk_reserve_mib` keeps free ({reserve} MiB): make room on it,"
            " the node then goes on by itself",
            path=self._folder,
            reserve=self.limits.reserve_bytes // MEBIBYTE,
        )

    def lacks_for(self, chunks_bytes: int, store_bytes: int) -> StoreFullError | None:
        """Why there is no room for a snapshot of others; None if there is. Looks at the disk; from any thread.

        What makes a disk critical is left to the ledger. The store takes the place of the database in the end, so the
        quota is for that one alone.

        Args:
            chunks_bytes: The chunks that come beside it.
            store_bytes: The store that is made of them.
        """
        figures, kept = self.measure(), self.limits.reserve_bytes + self.limits.critical_bytes
        if figures is not None and figures.free_bytes - kept < chunks_bytes + store_bytes:
            return StoreFullError(
                "a snapshot of others needs {needed} MiB on the disk of {path}, which has {room} MiB to spare: make"
                " room, or set `state_sync_blocks` to 0 in config.toml and restart the node, which then executes all"
                " blocks",
                path=self._folder,
                needed=-(-(chunks_bytes + store_bytes) // MEBIBYTE),
                room=max(0, figures.free_bytes - kept) // MEBIBYTE,
            )
        if self.limits.quota_bytes and store_bytes + self.limits.critical_bytes > self.limits.quota_bytes:
            return StoreFullError(
                "a snapshot of others makes a database of {needed} MiB, and `disk_quota_mib` leaves {room} MiB for one:"
                " raise it in config.toml and restart the node",
                needed=-(-store_bytes // MEBIBYTE),
                room=max(0, self.limits.quota_bytes - self.limits.critical_bytes) // MEBIBYTE,
            )
        return None

    def looked(self, figures: DiskFigures | None) -> bool:
        """Take what was measured; whether the level is another one now."""
        if figures is not None:
            self.figures, self._lacking = figures, self.lacks(figures)
        return self._settle()

    def refused(self, who: str, error: BanyanError) -> bool:
        """The system refused a write of `who` for want of room; whether the level is another one now."""
        self._refused[who] = error
        return self._settle()

    def wrote(self, who: str) -> bool:
        """A write of `who` went well; whether the level is another one now."""
        return self._refused.pop(who, None) is not None and self._settle()

    def _settle(self) -> bool:
        before = self.level
        reason = next(iter(self._refused.values()), self._lacking)
        self.level = self._warning_level if reason is None else RoomLevel.FULL
        self.error = reason and (self.error or reason)
        return self.level is not before

    @property
    def _warning_level(self) -> RoomLevel:
        room = self.room_bytes
        if room is None:
            return RoomLevel.PLENTY
        if room < self.limits.critical_bytes:
            return RoomLevel.CRITICAL
        return RoomLevel.LOW if room < self.limits.low_bytes else RoomLevel.PLENTY
