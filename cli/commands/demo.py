"""`banyan demo`: a whole network on this machine, with real data."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.errors import UsageError
from cli.language import N_
from cli.session import Session

if TYPE_CHECKING:
    from cli.demo.trial import Source

# The value of --data that is no folder.
GENERATED = "generated"
# Two branches: their three years are on the ledger in seconds.
MEMBERS_DEFAULT = 100


def demo(
    session: Session,
    nodes: Annotated[int, typer.Option("--nodes", min=1, max=21, help=N_("How many nodes."))] = 4,
    directory: Annotated[
        Path | None, typer.Option("--dir", metavar="DIR", help=N_("Where its files go; a new folder if left out."))
    ] = None,
    data: Annotated[
        str | None,
        typer.Option(
            "--data", metavar="FOLDER", help=N_("Another data set than the built-in one; `generated` invents one.")
        ),
    ] = None,
    members: Annotated[
        int | None, typer.Option("--members", min=1, help=N_("How many members the invented organisation has."))
    ] = None,
    seed: Annotated[int | None, typer.Option("--seed", min=0, help=N_("Another seed, another organisation."))] = None,
    once: Annotated[bool, typer.Option("--once", help=N_("End after the checks, with their exit status."))] = False,
) -> int:
    """Run a network on this machine, import a real data set, verify receipts."""
    from cli.demo.run import run_demo

    return run_demo(directory, nodes, _source(data, members, seed), once, as_json=session.json)


def _source(data: str | None, members: int | None, seed: int | None) -> "Source":
    if data != GENERATED:
        if members is not None or seed is not None:
            raise UsageError("--members and --seed are for an invented organisation; add --data {word}", word=GENERATED)
        from cli.demo.recorded import Recorded

        return Recorded(None if data is None else Path(data))
    from datetime import UTC, datetime

    from cli.demo.generated import Generated
    from cli.invented.invention import Invention

    last_year = datetime.now(UTC).year - 1
    return Generated(Invention(members or MEMBERS_DEFAULT, last_year, seed=1 if seed is None else seed))
