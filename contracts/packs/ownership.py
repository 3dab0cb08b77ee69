"""Whose a role is: the pack's that declares it, as long as that pack is in force or to come.

Owns the check that two packs which do not stand on each other share no role but by lending. Never writes. Invariant: of
packs in force, only one family (a base and local conventions on top of it) gives and ends an office of a role; others
may name it, if they say whose it is. Source: docs/reference/packs.md, "Roles".
"""

from collections.abc import Collection, Iterator
from typing import NamedTuple

from contracts.errors import Reason, Refusal
from contracts.packs.active import KIND_ACTIVE, find_manifest, pack_versions
from contracts.packs.manifest import Manifest
from contracts.run_context import RunContext

# Packs of one network, local conventions and their bases counted one by one. Each is looked at when another one is put
# in force; a network with more should make one pack of several.
PACKS_MAX = 16

ROLE_TAKEN = Reason(
    "governance.pack-role-taken",
    'the role {role} belongs to the pack {other}; call it otherwise, or write `of = "{other}"` to borrow it',
)
PACKS_FULL = Reason("governance.packs-full", "the network has {count} packs, the most there can be")


class SharedRole(NamedTuple):
    """A role that two packs declare as their own."""

    role: str
    other: str


def shared_role(manifest: Manifest, other: Manifest) -> SharedRole | None:
    """The first role, by name, that both declare as their own; None if there is none."""
    for role in sorted(manifest.own_roles & other.own_roles):
        return SharedRole(role, other.name)
    return None


def versions_not_over(context: RunContext, name: str) -> list[Manifest]:
    """The versions of a pack that are in force or to come; three reads at most."""
    versions = pack_versions(context, name)
    over = [one for one in versions if one.from_height <= context.height][:-1]
    return [find_manifest(context, one.pack) for one in versions if one not in over]


def check_roles(context: RunContext, manifest: Manifest, family: Collection[str]) -> None:
    """Refuse a pack that declares roles of packs outside its `family`: its own name and its bases'.

    Raises:
        Refusal: `governance.pack-role-taken` or `governance.packs-full`.

    Cost: four reads for each pack of the network.
    """
    names = list(_pack_names(context))
    if manifest.name not in names and len(names) >= PACKS_MAX:
        raise Refusal(*PACKS_FULL, count=len(names))
    for name in names:
        for other in versions_not_over(context, name) if name not in family else ():
            shared = shared_role(manifest, other)
            if shared is not None:
                raise Refusal(*ROLE_TAKEN, role=shared.role, other=shared.other)


def _pack_names(context: RunContext) -> Iterator[str]:
    name = context.next_id(KIND_ACTIVE)
    while name is not None:
        yield name
        name = context.next_id(KIND_ACTIVE, name)
