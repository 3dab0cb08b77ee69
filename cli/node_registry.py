"""The nodes of the network as the ledger has them, and which of them a person means.

Owns reading the records of nodes, voter sets and proposals from the node's API; never changes any.
Source: docs/reference/contracts.md, "governance".
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cli.client import NodeClient
from cli.errors import CommandError, UsageError

STATE_VOTER = "voter"
STATE_OBSERVER = "observer"
STATE_LEFT = "left"
# There can be 21 voters, and some observers beside them; whoever left stays in the registry.
NODES_MAX = 5_000
PROPOSALS_MAX = 600
_PAGE_SIZE = 1_000
# Fewer digits would not tell two nodes apart for long.
_ID_PREFIX = re.compile(r"[0-9a-f]{8,64}")


@dataclass(frozen=True, slots=True)
class NodeEntry:
    """A node of the registry; `address` is None where it only dials out.

    `height` is the block that registered it, `replaces` the id of the node in whose place it came.
    """

    id: str
    name: str
    state: str
    address: str | None
    height: int = 0
    replaces: str | None = None


def read_nodes(client: NodeClient) -> tuple[NodeEntry, ...]:
    """All nodes that have not left, voters first, then by name.

    Raises:
        UnreachableError, RefusedError: as the client.
        CommandError: there are too many.
    """
    return node_entries(read_all(client, "node", NODES_MAX))


def node_entries(records: Sequence[Mapping[str, Any]]) -> tuple[NodeEntry, ...]:
    """The nodes of these records that have not left, voters first, then by name."""
    found = [_entry(one["id"], one["fields"]) for one in records]
    belonging = [one for one in found if one.state != STATE_LEFT]
    return tuple(sorted(belonging, key=lambda one: (one.state != STATE_VOTER, one.name)))


def _entry(identifier: str, fields: Mapping[str, Any]) -> NodeEntry:
    replaces = fields.get("replaces")
    return NodeEntry(
        identifier,
        fields["name"],
        fields["state"],
        fields.get("address"),
        fields["height"],
        None if replaces is None else replaces["$hex"],
    )


def read_all(client: NodeClient, kind: str, count_max: int) -> list[dict[str, Any]]:
    """All records of a kind, ascending by id.

    Raises:
        CommandError: more than `count_max`.
    """
    records: list[dict[str, Any]] = []
    following: str | None = None
    while True:
        page = client.get(f"/v1/records/{kind}", after=following, limit=_PAGE_SIZE)
        records += page["records"]
        following = page["next"]
        if following is None:
            return records
        if len(records) > count_max:
            raise CommandError(
                "there are more than {count} records of the kind {kind}; `banyan list {kind}` shows them in parts",
                count=count_max,
                kind=kind,
            )


def find_node(nodes: tuple[NodeEntry, ...], text: str) -> NodeEntry:
    """The node with this name, or whose id is or begins with `text`.

    Raises:
        UsageError: there is none, or more than one.
    """
    typed = text.strip()
    named = [one for one in nodes if one.name == typed]
    if not named and _ID_PREFIX.fullmatch(typed.lower()):
        named = [one for one in nodes if one.id.startswith(typed.lower())]
    if len(named) == 1:
        return named[0]
    known = ", ".join(one.name for one in nodes)
    if len({one.name for one in named}) == 1:
        raise UsageError(
            "there are two nodes {name} while its keys are replaced: {ids}; give the beginning of an id, or go on with"
            " `banyan keys rotate`",
            name=named[0].name,
            ids=", ".join(f"{one.id[:16]}… ({one.state})" for one in named),
        )
    if named:
        raise UsageError(
            "{text} is the beginning of several nodes' ids; give the name: {known}", text=typed, known=known
        )
    raise UsageError("there is no node {text} in the registry; there are {known}", text=repr(typed), known=known)
