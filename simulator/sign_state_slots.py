"""The sign-state beside a simulated node's seed: two slots, as `daemon.sign_state_file` keeps them.

Owns what each slot holds on the disk and what is only with the operating system. A killed process loses nothing of
it; a machine that loses power loses, of each slot by itself, any number of the newest writes since the last flush. A
slot is one sector of the disk, which is written whole or not at all; `torn` is for disks that do not keep to that: the
slot that was being written is unreadable afterwards, and the other one counts: it holds the newest flushed state.
"""

from collections.abc import Callable
from typing import NamedTuple

from daemon.sign_state import SignState


class Version(NamedTuple):
    """A written state; the highest sequence number counts."""

    sequence: int
    state: SignState


class SignStateSlots:
    """Two slots for the state, and the newest certificate of its term, which is flushed before the state is written."""

    __slots__ = ("_cached", "_durable", "_flushed_slot", "_sequence", "certificate")

    def __init__(self) -> None:
        first = SignState()
        self._durable: list[Version | None] = [Version(0, first), Version(1, first)]
        # Of each slot, what was written after what is durable, oldest first.
        self._cached: tuple[list[Version], list[Version]] = ([], [])
        self._sequence = self._flushed_slot = 1
        self.certificate = b""

    @property
    def state(self) -> SignState | None:
        """What a process that opens the file finds; None if both slots are unreadable."""
        found = [version for version in map(self._visible, (0, 1)) if version is not None]
        return max(found, key=lambda version: version.sequence).state if found else None

    def write(self, state: SignState) -> None:
        """Hand the state to the operating system."""
        self._sequence += 1
        self._cached[1 - self._flushed_slot].append(Version(self._sequence, state))

    def flush(self) -> None:
        """Put everything that was written on the disk."""
        for slot, cached in enumerate(self._cached):
            if cached:
                self._durable[slot] = cached[-1]
                self._flushed_slot = slot
                cached.clear()

    def lose_power(self, below: Callable[[int], int], torn: bool) -> None:
        """Keep of each slot what is durable, or any later version that was written.

        Args:
            below: Draws an integer from 0 to one below its argument.
            torn: The newest write was under way, and its slot is unreadable.
        """
        for slot, cached in enumerate(self._cached):
            kept = below(len(cached) + 1)
            if kept:
                self._durable[slot] = cached[kept - 1]
            cached.clear()
        if torn:
            self._durable[1 - self._flushed_slot] = None
        found = [(version.sequence, slot) for slot, version in enumerate(self._durable) if version is not None]
        self._sequence, self._flushed_slot = max(found)

    def _visible(self, slot: int) -> Version | None:
        return self._cached[slot][-1] if self._cached[slot] else self._durable[slot]
