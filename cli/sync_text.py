"""How far a node is with syncing by snapshot, as a sentence for its operator.

Owns the words; the figures are those of `sync` in the node's status. Source: docs/reference/api.md, `GET /v1/status`.
"""

from collections.abc import Mapping
from typing import Any

from cli.language import N_, _
from cli.size_text import size_text

_STAGES = {
    "asking": N_("asking neighbours for a snapshot"),
    "headers": N_("fetching headers, {done} of {total}, from {sources} neighbours"),
    "manifest": N_("fetching the snapshot of height {height}"),
    "chunks": N_(
        "fetching the snapshot of height {height} ({size}), chunk {done} of {total}, from {sources} neighbours"
    ),
    "loading": N_("checking the snapshot of height {height} ({size})"),
    "entries": N_("fetching the newest blocks below the snapshot, {done} of {total}"),
    "adopting": N_("beginning again on top of the snapshot of height {height}"),
    "filling": N_("filling in older blocks, {done} of {total}, from {sources} neighbours"),
}


def sync_text(sync: Mapping[str, Any]) -> str | None:
    """What the node does; None where it does not sync, and for a stage that a newer node knows."""
    words = _STAGES.get(sync["stage"])
    if words is None:
        return None
    return _(words).format(
        height=sync["height"],
        done=sync["done"],
        total=sync["total"],
        size=size_text(sync.get("size_bytes", 0)),
        sources=sync.get("sources", 0),
    )
