"""The memory that the C library holds for a node and the node does not use.

Owns two settings and one habit. A node takes and frees blocks of all sizes on several threads for years; what is free
between those in use grows (15 MiB in eight minutes, while what was in use stayed the same), and the library gives back
only what is free at the end. So few heaps are used, large blocks have pages of their own, and once a minute all free
pages are given back. Only where the library is glibc; others have nothing of the kind, and nothing is done there.
Source: `man 3 mallopt`, `man 3 malloc_trim`.
"""

import ctypes
from collections.abc import Callable

import trio

# Every thread would have a heap of its own; those of a node take turns anyway, for the interpreter's sake.
HEAPS_MAX = 2
# A block of this size or more is given back as soon as it is freed. Smaller ones come too often for that.
OWN_PAGES_SIZE_BYTES_MIN = 1024 * 1024
# It takes 5 to 10 ms of a thread, during which others may wait for memory.
GIVE_BACK_SECONDS = 60.0
_M_MMAP_THRESHOLD = -3
_M_ARENA_MAX = -8


def _function(name: str) -> Callable[..., int] | None:
    """A function of the C library; None if it has none of that name."""
    try:
        found: Callable[..., int] = getattr(ctypes.CDLL(None), name)
    except (OSError, AttributeError):
        return None
    return found


def settle_allocator() -> None:
    """Set how memory is taken, for the whole process; to be called before threads begin."""
    # Other libraries have a `mallopt` that means something else, and none has this one.
    set_option = _function("mallopt") if _function("malloc_trim") is not None else None
    if set_option is not None:
        set_option(_M_ARENA_MAX, HEAPS_MAX)
        set_option(_M_MMAP_THRESHOLD, OWN_PAGES_SIZE_BYTES_MIN)


def give_back() -> bool:
    """Give all free pages back to the system; whether there were any. May be called on any thread."""
    trim = _function("malloc_trim")
    return trim is not None and trim(0) == 1


async def give_back_now_and_then() -> None:
    """Do it once in `GIVE_BACK_SECONDS`, on a thread, until cancelled."""
    while True:
        await trio.sleep(GIVE_BACK_SECONDS)
        await trio.to_thread.run_sync(give_back)
