"""What a running node looks at of its own keys: how old they are, and whether it is to go on under the next ones.

Owns reading both from the store and the folder, and the warnings in the log; decides nothing of the change itself
(`daemon.next_keys` does) and stops no node: what cannot be read is logged and looked at again.
Bounds: a look at the folder each second, a warning a day.
"""

from collections.abc import Callable
from typing import Protocol

import trio

from contracts.node_registry import node_of
from contracts.parameter_change import node_key_lifetime_days
from daemon.home import OpenHome
from daemon.key_age import DAY_MS, KeyAge, KeyState
from daemon.key_change import next_keys_due
from daemon.logs import log_event
from daemon.registry_directory import StoredState
from ledger.block import Header
from ledger.errors import BanyanError
from ledger.genesis import Genesis
from ledger.hashing import Hash
from storage.interface import StoreReader

_LOOK_EVERY_SECONDS = 1.0
_log = log_event


def key_age(store: StoreReader, genesis: Genesis, node_id: Hash) -> KeyAge | None:
    """How old the keys of a registered node are, as this store knows it; None for a node that no registry names.

    Cost: three look-ups.
    """
    state = StoredState(store)
    node = node_of(state, node_id)
    if node is None:
        return None
    if node.height == 0:
        return KeyAge(genesis.created_ms, node_key_lifetime_days(state))
    stored = store.header(node.height)
    return None if stored is None else KeyAge(Header.decode(stored.header).time_ms, node_key_lifetime_days(state))


def seconds_left(opened: OpenHome, now_ms: Callable[[], int]) -> float | None:
    """How long the node's keys are meant to serve yet; None for ever, or where no registry names it."""
    age = key_age(opened.store, opened.genesis, opened.keys.node_id)
    return None if age is None or age.expires_ms is None else (age.expires_ms - now_ms()) / 1000


class VotersStatus(Protocol):
    """What is asked of a node's status; `daemon.status.NodeStatus` has it."""

    @property
    def voters(self) -> tuple[Hash, ...]:
        """The voters in force."""

    @property
    def voters_confirmed(self) -> bool:
        """Whether a quorum of them is known to have executed the change that made them."""


class VotersKnown(Protocol):
    """What is asked of the running node; `daemon.service.Service` is one."""

    def status(self) -> VotersStatus:
        """The node's picture of itself."""


class KeyWatch:
    """One node's look at its keys, while it runs."""

    def __init__(self, opened: OpenHome, service: "VotersKnown", now_ms: Callable[[], int]) -> None:
        self._opened = opened
        self._service = service
        self._now_ms = now_ms
        self._warned_day = -1
        self._told = ""

    async def wait_until_due(self) -> None:
        """Return when this node is to go on under its next keys; warn of keys that grow old meanwhile."""
        while not self._is_due():
            self._warn_of_age(self._now_ms())
            await trio.sleep(_LOOK_EVERY_SECONDS)

    def _is_due(self) -> bool:
        try:
            if next_keys_due(self._opened) is None:
                return False
        except (BanyanError, OSError) as error:
            self._complain(str(error))
            return False
        status = self._service.status()
        # Others have to know of the successor's vote before this node goes: nobody else may have it on disk.
        return self._opened.keys.node_id not in status.voters or status.voters_confirmed

    def _complain(self, reason: str) -> None:
        if reason != self._told:
            self._told = reason
            _log("next-keys-unusable", level="warning", reason=reason)

    def _warn_of_age(self, now_ms: int) -> None:
        day = now_ms // DAY_MS
        if day == self._warned_day:
            return
        self._warned_day = day
        opened = self._opened
        age = key_age(opened.store, opened.genesis, opened.keys.node_id)
        state = KeyState.FRESH if age is None else age.state(now_ms)
        if age is None or state is KeyState.FRESH:
            return
        level = "error" if state is KeyState.EXPIRED else "warning"
        remedy = "replace them with `banyan keys rotate`; the node goes on meanwhile"
        _log("keys-age", level=level, state=state.value, days_left=age.days_left(now_ms), remedy=remedy)
