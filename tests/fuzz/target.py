"""What a fuzz target is."""

from collections.abc import Callable
from typing import NamedTuple


class Target(NamedTuple):
    """Something that reads bytes from a peer, and what it promises for any of them.

    `samples` gives valid inputs; `check` fails, with an error of any kind, where `data` is not taken as promised.
    `by_lines` says whether a new way is one between lines, or only one between functions, which costs much less.
    """

    name: str
    samples: Callable[[], tuple[bytes, ...]]
    check: Callable[[bytes], None]
    by_lines: bool = True
