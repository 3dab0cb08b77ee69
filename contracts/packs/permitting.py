"""What a pack that comes into force grants to further people: how the records of permissions change with it.

Owns which grants end and which begin; never writes (`activation` does). Invariants: a pack's grants are in force
exactly as long as that version; local conventions take the place of their base, whose grants end with their beginning;
other packs' grants are left alone. Source: docs/reference/authority.md, "Permissions".
"""

from collections.abc import Collection, Iterable

from contracts.authority.permission import (
    ACTORS_LISTED_MAX,
    Grant,
    Grants,
    count_listed,
    grants_of,
    with_grant,
)
from contracts.errors import Reason, Refusal
from contracts.packs.manifest import Manifest
from contracts.run_context import RunContext
from ledger.hashing import Hash

PERMISSION_FULL = Reason(
    "governance.pack-permission-full",
    "the packs would name {count} actors who may do {operation}, {limit} are allowed; let them name fewer",
)


def changed_permissions(
    context: RunContext,
    pack: Hash,
    manifest: Manifest,
    height: int,
    superseded: Iterable[Manifest],
    bases: Collection[str],
) -> dict[str, Grants]:
    """The operations whose grants change when a pack is put in force from `height` on, with what they are then.

    Args:
        context: The transaction under way.
        pack: The hash of `manifest`.
        manifest: The pack that comes.
        height: Above the context's own.
        superseded: What it takes the place of: versions of the same pack and of its bases, in force or to come.
        bases: The names of the packs that it stands on.

    Raises:
        Refusal: `governance.pack-permission-full`, `limits.reads`.
    """
    operations = dict.fromkeys((*manifest.permissions, *(name for one in superseded for name in one.permissions)))
    changed: dict[str, Grants] = {}
    for operation in operations:
        before = grants_of(context, operation)
        mine = Grant(height, pack, manifest.permissions.get(operation, ()))
        after = with_grant(before, manifest.name, mine, context.height)
        for base in bases:
            after = with_grant(after, base, Grant(height, pack, ()), context.height)
        count = count_listed(after)
        if count > ACTORS_LISTED_MAX:
            raise Refusal(*PERMISSION_FULL, count=count, operation=operation, limit=ACTORS_LISTED_MAX)
        if after != before:
            changed[operation] = after
    return changed
