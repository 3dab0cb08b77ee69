"""Telling that a node's disk fills up, before it is full.

Owns the words for the levels that a status gives; never asks a node. A full disk is a reason why the node takes
nothing, and is told as that (`cli.node_watch.reason_of`). Source: docs/reference/api.md, `GET /v1/status`.
"""

from collections.abc import Mapping
from typing import Any

from cli.language import _
from cli.size_text import size_text


def disk_warning(status: Mapping[str, Any]) -> str | None:
    """What to do about a disk that has little room left, in the language in use; None where there is enough.

    Args:
        status: What `/v1/status` answers; a node of an earlier version gives no `level`.
    """
    disk = status["disk"]
    room = size_text(disk.get("room_bytes"))
    match disk.get("level"):
        case "low":
            return _(
                "There is room for {room} more of the ledger: free some of its disk, or raise `disk_quota_mib`."
            ).format(room=room)
        case "critical":
            return _(
                "There is room for only {room} more of the ledger, then the node takes nothing: free some of its disk,"
                " or raise `disk_quota_mib`, now."
            ).format(room=room)
    return None
