"""What the doctor looks at, for tests: a sound node in a network of three, which a test then spoils.

The folder is a real one. What a running node would answer is written out here; a test holds its form against the
description of the API.
"""

import copy
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from cli.doctor.look import Look, Online, look_at
from ledger.node_keys import NODE_KEY_TYPES

VERSION = "1.4"
UPTIME_MS = 600_000
DAY_MS = 86_400_000
OTHERS = ("bb" * 32, "cc" * 32)
NAMES = {"bb" * 32: "node-2.example", "cc" * 32: "node-3.example"}


class Network:
    """Documents of a node of three, to be spoiled; `look` is what the doctor sees of them."""

    def __init__(self, home: Path) -> None:
        offline = look_at(home)
        assert offline.description is not None and offline.config is not None
        self.offline: Look = offline
        self.own: str = offline.description.node_id.hex()
        # Settings are older than the process that has read them.
        self.now_ms = time.time_ns() // 1_000_000 + 2 * UPTIME_MS
        self.newest_block_ms = self.now_ms - 500
        self.nodes = [self._record(self.own, offline.config.name, offline.config.listen)]
        self.nodes += [self._record(one, NAMES[one], f"192.0.2.{place}:7001") for place, one in enumerate(OTHERS, 2)]
        own_fields = self.nodes[0]["fields"]
        for purpose in NODE_KEY_TYPES:
            own_fields[purpose] = {"$hex": getattr(offline.description, purpose).hex()}
        self.peers: list[dict[str, Any]] = [self._peer(one, own_fields["address"]) for one in OTHERS]
        self.strangers: list[dict[str, Any]] = []
        self.announced: dict[str, list[int]] = {one: [1, 2] for one in (self.own, *OTHERS)}
        self.status: dict[str, Any] = {
            "version": VERSION,
            "network": {"id": "00" * 32, "name": "t", "visibility": "public", "quorum": "majority", "created_ms": 0},
            "node": {"id": self.own, "name": offline.config.name, "address": offline.config.listen, "http": None},
            "role": "follower",
            "term": 3,
            "leader": OTHERS[0],
            "opened": True,
            "accepting": True,
            "reason": None,
            "problem": None,
            "keys": {
                "registered_ms": self.now_ms - 100 * DAY_MS,
                "lifetime_days": 730,
                "expires_ms": self.now_ms + 630 * DAY_MS,
                "state": "fresh",
                "successor": None,
            },
            "protocol": {"version": 1, "known": [1], "scheduled": None},
            "voters": [self.own, *OTHERS],
            "voters_heard_ms": {self.own: 0, OTHERS[0]: 150, OTHERS[1]: 700},
            "voters_number": 0,
            "voters_confirmed": True,
            "change_waits": None,
            "peers": {"count": 2},
            "lag_blocks": 0,
            "sync": {"stage": "idle", "height": 0, "done": 0, "total": 0, "size_bytes": 0, "sources": 0},
            "height": 9,
            "committed_height": 9,
            "executed_height": 9,
            "tree_size": 20,
            "tree_root": "00" * 32,
            "state_digest": "00" * 32,
            "checkpoint_size": 20,
            "mempool": {"count": 0, "size_bytes": 0},
            "unstored_batches": 0,
            "disk": {"free_bytes": 10**11, "used_bytes": 10**6, "room_bytes": 10**11, "level": "plenty"},
            "clock_ms": self.now_ms,
            "uptime_ms": UPTIME_MS,
        }

    @staticmethod
    def _record(node: str, name: str, address: str) -> dict[str, Any]:
        keys = {purpose: {"$hex": "11" * 32} for purpose in NODE_KEY_TYPES}
        return {"id": node, "fields": {"name": name, "state": "voter", "address": address, "height": 0, **keys}}

    @staticmethod
    def _peer(node: str, own_address: str) -> dict[str, Any]:
        return {
            "id": node,
            "name": NAMES[node],
            "connected": True,
            "neighbour": True,
            "dialled": False,
            "address": "192.0.2.9:50001",
            "since_ms": 1,
            "height": 9,
            "lag_blocks": 0,
            "score": 100,
            "standing": "ok",
            "avoided_ms": 0,
            "offences": [],
            "sent_size_bytes": 1,
            "received_size_bytes": 1,
            "queued_size_bytes": 0,
            "dropped_frames": 0,
            "banned_until_ms": None,
            "ending": None,
            "version": 1,
            "sight": {
                "age_ms": 100,
                "clock_offset_ms": -20,
                "software": VERSION,
                "address": own_address,
                "reach": "reached",
                "reach_age_ms": 100,
            },
        }

    def sight(self, place: int) -> dict[str, Any]:
        """What the neighbour at this place told."""
        found: dict[str, Any] = self.peers[place]["sight"]
        return found

    def lose(self, place: int, reason: str) -> None:
        """The neighbour at this place is not connected any more."""
        ending = {"at_ms": self.now_ms, "address": f"192.0.2.{place + 2}:7001", "reason": reason, "detail": ""}
        self.peers[place] |= {"connected": False, "neighbour": False, "sight": None, "ending": ending}

    def silence(self, *places: int) -> None:
        """The voters of these neighbours are not heard."""
        for place in places:
            self.status["voters_heard_ms"][OTHERS[place]] = 42_000

    @property
    def look(self) -> Look:
        """What the doctor sees."""
        peers = {"peers": self.peers, "strangers": self.strangers, "clock_ms": self.now_ms}
        online = Online(self.status, peers, tuple(self.nodes), self.newest_block_ms, self.announced)
        return replace(self.offline, online=copy.deepcopy(online), why_offline=None, now_ms=self.now_ms)
