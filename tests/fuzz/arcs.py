"""Which ways through the project's code an input took: the lines, and what was run before each.

What takes a way that none took before is worth to be changed further. Ten times slower than running; where only calls
are looked at, twice.
"""

import sys
from collections.abc import Callable
from types import CodeType, FrameType
from typing import Any

Arc = tuple[CodeType, int, int]
PACKAGES = ("ledger", "consensus", "contracts", "p2p", "daemon", "storage")
_FOLDERS = tuple(f"/{package}/" for package in PACKAGES)


class Arcs:
    """Collects the arcs of whatever is called through it."""

    def __init__(self, root: str, by_lines: bool = True) -> None:
        """`root` is the folder in which the packages lie; without lines, who called whom from where."""
        self._root = root
        self._by_lines = by_lines
        self._is_ours: dict[CodeType, bool] = {}
        self.seen: set[Arc] = set()

    def of(self, call: Callable[[bytes], None], data: bytes) -> set[Arc]:
        """The arcs of `call(data)` that no call before it took; what it raises is raised."""
        came: set[Arc] = set()
        own = self._is_ours

        def on_call(frame: FrameType, event: str, argument: Any) -> Any:
            code = frame.f_code
            ours = own.get(code)
            if ours is None:
                ours = own[code] = self._belongs(code.co_filename)
            if not ours:
                return None
            if not self._by_lines:
                caller = frame.f_back
                came.add((code, 0, caller.f_lineno if caller is not None else 0))
                return None
            before = 0

            def on_line(frame: FrameType, event: str, argument: Any) -> Any:
                nonlocal before
                if event == "line":
                    came.add((code, before, frame.f_lineno))
                    before = frame.f_lineno
                return on_line

            return on_line

        previous = sys.gettrace()
        sys.settrace(on_call)
        try:
            call(data)
        finally:
            sys.settrace(previous)
            came -= self.seen
            self.seen |= came
        return came

    def _belongs(self, path: str) -> bool:
        return path.startswith(self._root) and path[len(self._root) :].startswith(_FOLDERS)
