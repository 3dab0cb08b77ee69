"""Room on the disk: while there is time to make some.

Owns the words for the levels of `daemon.disk_room`, as the running node has them, or as it would have them if it ran.
Source: docs/reference/configuration.md, the settings `disk_…`.
"""

from collections.abc import Iterator

from cli.doctor.finding import Finding, Kind, Severity
from cli.doctor.look import Look
from cli.language import N_
from daemon.disk import measure_folder
from daemon.disk_room import MEBIBYTE, DiskRoom, RoomLevel

_MAKE_ROOM = N_(
    "Make room on that disk, or move the node's folder to a larger one while the node is stopped. Where"
    " `disk_quota_mib` is what limits it, raise that and restart the node."
)
DISK_FULL = Kind(
    "disk-full",
    Severity.ERROR,
    N_("There is no room left for the ledger at {path}, which has {used_mib} MiB: the node takes nothing."),
    _MAKE_ROOM,
)
DISK_CRITICAL = Kind(
    "disk-critical",
    Severity.ERROR,
    N_("There is room for only {room_mib} MiB more of the ledger at {path}, which has {used_mib} MiB."),
    _MAKE_ROOM,
)
DISK_LOW = Kind(
    "disk-low",
    Severity.WARNING,
    N_("There is room for {room_mib} MiB more of the ledger at {path}, which has {used_mib} MiB."),
    _MAKE_ROOM,
)

KINDS = (DISK_FULL, DISK_CRITICAL, DISK_LOW)
_KIND_OF = {
    RoomLevel.FULL.value: DISK_FULL,
    RoomLevel.CRITICAL.value: DISK_CRITICAL,
    RoomLevel.LOW.value: DISK_LOW,
}


def check(look: Look) -> Iterator[Finding]:
    """What is wrong with the disk."""
    path = look.home.database
    if look.online is not None:
        disk = look.online.status["disk"]
        level, room, used = disk["level"], disk["room_bytes"], disk["used_bytes"]
    elif look.config is None:
        return
    else:
        found = DiskRoom(str(path), look.config.disk_limits, lambda: None)
        found.looked(measure_folder(path))
        level, room = found.level.value, found.room_bytes
        used = None if found.figures is None else found.figures.used_bytes
    kind = _KIND_OF.get(level)
    if kind is not None:
        yield kind.found(room_mib=(room or 0) // MEBIBYTE, used_mib=(used or 0) // MEBIBYTE, path=str(path))
