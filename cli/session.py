"""One call of the command: what was asked for on every command, and where its answer goes.

Owns the two forms of an answer: one JSON document, or text for people. Invariants: with `--json` stdout gets one
document and nothing else; progress and notes go to stderr and, with `--json`, nowhere.
"""

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cli.printer import Printer

HOME_VARIABLE = "BANYAN_HOME"
HOME_DEFAULT = "banyan-home"

# Tells how much is done now, and of how much (None keeps the total that was told before).
Advance = Callable[[int, int | None], None]


def default_home() -> Path:
    """The node's folder where `--home` is not given: `$BANYAN_HOME`, else `banyan-home` here."""
    return Path(os.environ.get(HOME_VARIABLE) or HOME_DEFAULT)


@dataclass(frozen=True, slots=True)
class Session:
    """What a command is given: the node's folder and the form of the answer."""

    home: Path
    json: bool

    def show(self, document: Mapping[str, object], render: "Callable[[Printer], None]") -> None:
        """Answer: `document` as JSON, or what `render` prints of it for people."""
        if self.json:
            sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=2) + "\n")
            return
        from cli.printer import Printer

        render(Printer(sys.stdout))

    def note(self, text: str) -> None:
        """Say something beside the answer, on stderr; nothing with `--json`."""
        if not self.json:
            from cli.printer import Printer

            Printer(sys.stderr).line(text)

    @contextmanager
    def progress(self, description: str, total: int | None) -> Iterator[Advance]:
        """Show on stderr how far long work is; nothing with `--json`.

        On a terminal it is a moving bar; elsewhere, a line every few seconds.
        """
        if self.json:
            yield lambda done, new_total: None
        elif sys.stderr.isatty():
            from cli.progress import progress_bar

            with progress_bar(description, total) as advance:
                yield advance
        else:
            from cli.progress import ProgressLines

            yield ProgressLines(description, total).advance
