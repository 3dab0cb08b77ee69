"""Carrying out the replacement of a node's keys, as far as it can be carried out now.

Owns which two identities are meant, the operations of each step, and the wait for a node that changes over; the order
of the steps is `cli.key_rotation`'s. Keeps nothing: what was done stands on the ledger and in the node's folder.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.client import NodeClient
from cli.errors import CommandError, RefusedError, UnreachableError, UsageError
from cli.genesis_file import read_node_description
from cli.governing import hand_in_decision
from cli.key_ages import read_key_ages
from cli.key_rotation import Rotation, Step, rotation_of, successor_of
from cli.language import N_, _
from cli.node_registry import (
    PROPOSALS_MAX,
    STATE_VOTER,
    NodeEntry,
    find_node,
    read_all,
    read_nodes,
)
from cli.session import Session
from daemon.home import Home
from daemon.key_age import DAY_MS
from ledger.encoding import Value
from ledger.node_keys import NodeDescription

# How long the command waits for its own node to end, to start under its new keys, and to hear of a leader.
OWN_CHANGE_S_MAX = 120.0
# Another node may be down; as long as one that runs needs to be connected again.
OTHER_CHANGE_S_MAX = 20.0
_POLL_S = 0.25
_NOT_ACCEPTING = "not-accepting"
# Keys that are younger were replaced just now: whoever runs the command again wants to know that it is through.
_YOUNG_MS = DAY_MS

_METHODS = {
    Step.REGISTER: "node-register",
    Step.PROMOTE: "voter-add",
    Step.DEMOTE: "voter-remove",
    Step.LEAVE: "node-remove",
}
_TOLD = {
    Step.REGISTER: N_("The new keys are in the registry, beside the old ones."),
    Step.PROMOTE: N_("The new keys have the vote."),
    Step.CHANGE: N_("The node runs under its new keys."),
    Step.DEMOTE: N_("The old keys have no vote any more."),
    Step.LEAVE: N_("The old keys have left the registry."),
}


@dataclass(frozen=True, slots=True)
class _Target:
    """Which rotation is meant; `description` is there where the new keys may have to be registered."""

    name: str
    old_id: str | None
    new_id: str
    description: NodeDescription | None
    is_own: bool


class Rotating:
    """One call of `banyan keys rotate`."""

    def __init__(
        self,
        session: Session,
        node: str | None,
        successor: Path | None,
        key: Path | None,
        *,
        force: bool,
        again: bool,
        make_next: Callable[[], NodeDescription],
    ) -> None:
        self._session = session
        self._node = node
        self._successor = None if successor is None else read_node_description(successor)
        self._key = key
        self._force = force
        self._again = again
        self._make_next = make_next
        self._steps: list[str] = []

    def run(self) -> dict[str, Any]:
        """Do what can be done now; where it stands then.

        Raises:
            UsageError: no rotation is meant, or the network cannot do it.
            RefusedError, UnreachableError, CommandError: a step was refused, or the node does not answer.
        """
        with NodeClient(self._session.home) as client:
            target = self._target(client)
        if target is None:
            return self._fresh()
        while True:
            rotation = self._look(target)
            step = rotation.step
            if step is Step.DONE:
                return self._told(target, "done")
            if step is Step.CHANGE:
                if not self._wait_for_change(target, OWN_CHANGE_S_MAX if target.is_own else OTHER_CHANGE_S_MAX):
                    return self._told(target, "waiting")
            else:
                proposal = self._do(step, target, rotation)
                if proposal is not None:
                    return self._told(target, "proposed", proposal)
            self._steps.append(step.value)
            self._session.note(_(_TOLD[step]))

    # -- whose keys ---------------------------------------------------------------------------------------------

    def _target(self, client: NodeClient) -> _Target | None:
        """What is meant; None where the node's keys were replaced just now."""
        status, nodes = client.get("/v1/status"), read_nodes(client)
        own_id = status["node"]["id"]
        if self._successor is not None:
            return self._target_of_file(self._successor, nodes, own_id)
        if self._node is None:
            return self._own_target(client, nodes, own_id)
        pair = next((one for one in nodes if one.name == self._node and _is_under_way(one, nodes)), None)
        found = pair or find_node(nodes, self._node)
        begun = found if _is_under_way(found, nodes) else successor_of(nodes, found.id)
        if begun is not None:
            return _Target(begun.name, begun.replaces, begun.id, None, own_id in (begun.id, begun.replaces))
        if found.id == own_id:
            return self._own_target(client, nodes, own_id)
        raise UsageError(
            "the next keys of {name} are not known here; its operator makes them with `banyan keys next`, or"
            " `banyan init` on a new machine: give their public description with --successor FILE",
            name=found.name,
        )

    def _target_of_file(self, made: NodeDescription, nodes: tuple[NodeEntry, ...], own_id: str) -> _Target:
        new_id = made.node_id.hex()
        new = next((one for one in nodes if one.id == new_id), None)
        if new is not None:
            self._check_is_successor(new)
            return _Target(made.name, new.replaces, new_id, made, own_id in (new_id, new.replaces))
        old = find_node(nodes, self._node or made.name)
        return _Target(made.name, old.id, new_id, made, own_id == old.id)

    def _check_is_successor(self, new: NodeEntry) -> None:
        """A registered node whose description was given came in the place of the one that is meant."""
        if new.replaces is None:
            raise UsageError(
                "the file given with --successor is of {name}, a node of its own that came in nobody's place; give the"
                " description of the next keys, as `banyan keys next` prints its path",
                name=new.name,
            )
        meant = (self._node or new.name).strip()
        ids = (new.id, new.replaces)
        if meant != new.name and not any(one.startswith(meant.lower()) for one in ids):
            raise UsageError(
                "the file given with --successor is of the keys of {found}, not of {name}; give the description of its"
                " next keys",
                found=new.name,
                name=meant,
            )

    def _own_target(self, client: NodeClient, nodes: tuple[NodeEntry, ...], own_id: str) -> _Target | None:
        own = next((one for one in nodes if one.id == own_id), None)
        if own is None:
            raise UsageError(
                "this node is not in the registry, so it has no keys to replace; let it in with `banyan voters add`"
            )
        if _is_under_way(own, nodes):
            return _Target(own.name, own.replaces, own_id, None, True)
        begun = successor_of(nodes, own_id)
        if begun is not None:
            return _Target(own.name, own_id, begun.id, None, True)
        if not self._again and not Home(self._session.home).next_keys.exists() and _is_young(client, own_id):
            return None
        self._check_others_vote(own, nodes)
        made = self._make_next()
        return _Target(own.name, own_id, made.node_id.hex(), made, True)

    @staticmethod
    def _check_others_vote(old: NodeEntry, nodes: tuple[NodeEntry, ...]) -> None:
        if old.state == STATE_VOTER and sum(one.state == STATE_VOTER for one in nodes) == 1:
            raise UsageError(
                "{name} is the only voter, and a vote is handed on only while another one votes; add a second node"
                " first (`banyan voters add`, `banyan voters promote`), which may leave again afterwards",
                name=old.name,
            )

    # -- steps --------------------------------------------------------------------------------------------------

    def _look(self, target: _Target) -> Rotation:
        with NodeClient(self._session.home) as client:
            nodes, status = read_nodes(client), client.get("/v1/status")
            connected = {one["id"] for one in client.get("/v1/peers")["peers"] if one["connected"]}
        if status["accepting"] and status["leader"] is not None:
            connected.add(status["node"]["id"])
        rotation = rotation_of(nodes, target.old_id, target.new_id, frozenset(connected))
        if rotation.step in (Step.REGISTER, Step.PROMOTE) and rotation.old is not None:
            self._check_others_vote(rotation.old, nodes)
        return rotation

    def _do(self, step: Step, target: _Target, rotation: Rotation) -> str | None:
        """Hand a step in; the proposal that it waits for, None once it is done."""
        subject = target.new_id if step in (Step.REGISTER, Step.PROMOTE) else target.old_id
        pending = self._pending(step, subject)
        if pending is not None:
            return pending
        arguments = self._arguments(step, target, rotation)
        deadline_s = time.monotonic() + OWN_CHANGE_S_MAX
        while True:
            try:
                return hand_in_decision(self._session, f"governance.{_METHODS[step]}", arguments, self._key).proposal
            except RefusedError as error:
                # A node that hears of no leader just now, as while others change over, took nothing.
                if error.code != _NOT_ACCEPTING or time.monotonic() > deadline_s:
                    raise
            time.sleep(_POLL_S)

    def _pending(self, step: Step, subject: str | None) -> str | None:
        """The open proposal of this step that an earlier call made."""
        with NodeClient(self._session.home) as client:
            now_ms = client.get("/v1/status")["clock_ms"]
            proposals = read_all(client, "proposal", PROPOSALS_MAX)
        for one in proposals:
            fields = one["fields"]
            is_meant = fields["method"] == _METHODS[step] and fields["subject"] == f"node/{subject}"
            if is_meant and fields["expires"] >= now_ms:
                return str(one["id"])
        return None

    def _arguments(self, step: Step, target: _Target, rotation: Rotation) -> dict[str, Value]:
        if step is Step.REGISTER:
            return self._registration(target, rotation)
        forced: dict[str, Value] = {"force": True} if self._force and step is not Step.LEAVE else {}
        node_id = target.new_id if step is Step.PROMOTE else target.old_id
        assert node_id is not None, "a step about the old keys follows from their being in the registry"
        return {"node": bytes.fromhex(node_id), **forced}

    def _registration(self, target: _Target, rotation: Rotation) -> dict[str, Value]:
        if target.description is None or target.old_id is None or rotation.old is None:
            raise CommandError(
                "the registry changed meanwhile, and {name} is not there as it was; see `banyan voters list`",
                name=target.name,
            )
        arguments: dict[str, Value] = json.loads(target.description.to_json())
        if target.is_own:
            # The same machine: where others reach it is what the registry says, which may be newer than its files.
            arguments.pop("address")
            if rotation.old.address is not None:
                arguments["address"] = rotation.old.address
        return {**arguments, "replaces": bytes.fromhex(target.old_id)}

    def _wait_for_change(self, target: _Target, wait_s: float) -> bool:
        """Wait until the node runs under its new keys; whether it does."""
        self._session.note(_("Waiting for {name} to go on under its new keys …").format(name=target.name))
        deadline_s = time.monotonic() + wait_s
        while time.monotonic() < deadline_s:
            try:
                if self._look(target).new_runs:
                    return True
            except UnreachableError:
                # It ends and starts again.
                pass
            time.sleep(_POLL_S)
        return False

    def _told(self, target: _Target, state: str, proposal: str | None = None) -> dict[str, Any]:
        return {
            "name": target.name,
            "old": target.old_id,
            "new": target.new_id,
            "state": state,
            "steps": self._steps,
            "proposal": proposal,
        }

    def _fresh(self) -> dict[str, Any]:
        with NodeClient(self._session.home) as client:
            node = client.get("/v1/status")["node"]
        return {
            "name": node["name"],
            "old": None,
            "new": node["id"],
            "state": "fresh",
            "steps": [],
            "proposal": None,
        }


def _is_under_way(node: NodeEntry, nodes: tuple[NodeEntry, ...]) -> bool:
    """Whether the node whose place this one took has not left yet."""
    return node.replaces is not None and any(one.id == node.replaces for one in nodes)


def _is_young(client: NodeClient, node_id: str) -> bool:
    """Whether the node was registered less than a day ago."""
    now_ms = client.get("/v1/status")["clock_ms"]
    ages = {one["id"]: one["registered_ms"] for one in read_key_ages(client)}
    return ages.get(node_id) is not None and now_ms - ages[node_id] < _YOUNG_MS
