"""How many connections the system lets this process have: a node that runs out of files cannot keep its own either.

Owns the process's limit of open files, which is raised as far as the settings need and the system allows; where that is
too little, fewer connections are taken. Never takes from what the node itself needs.
"""

import resource
from collections.abc import Callable
from dataclasses import replace

from daemon.config import Config

# Neighbours (96 at most) and those on their way in, the database, sign-state, snapshots, log, and what a library opens.
RESERVED_COUNT = 512
DOOR_COUNT = 2
# Fewer would lock out whoever has to look at the node.
CONNECTIONS_MIN = 8


def within_open_files(config: Config, log: Callable[..., None]) -> Config:
    """The settings with as many HTTP connections as there may be files for; what changes is told the log.

    Args:
        config: As the operator wrote it.
        log: As `daemon.logs.log_event`.
    """
    needed = DOOR_COUNT * config.http_connections_max + RESERVED_COUNT
    allowed = _raised(needed)
    if allowed >= needed:
        return config
    connections_max = max((allowed - RESERVED_COUNT) // DOOR_COUNT, CONNECTIONS_MIN)
    log(
        "open-files-scarce",
        level="warning",
        needed=needed,
        allowed=allowed,
        connections=connections_max,
        remedy="raise the limit of open files (LimitNOFILE=, ulimit -Hn) or lower http_connections_max",
    )
    return replace(
        config,
        http_connections_max=connections_max,
        http_requests_max=min(config.http_requests_max, connections_max),
        event_listeners_max=min(config.event_listeners_max, connections_max),
    )


def _raised(needed: int) -> int:
    """The limit after it was raised towards `needed`."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return needed
    wanted = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    except (OSError, ValueError):  # A sandbox that forbids even this.
        return soft
    return wanted
