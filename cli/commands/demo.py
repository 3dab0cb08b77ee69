"""`banyan demo`: a whole network on this machine, with real data."""

from pathlib import Path
from typing import Annotated

import typer

from cli.language import N_
from cli.session import Session


def demo(
    session: Session,
    nodes: Annotated[int, typer.Option("--nodes", min=1, max=21, help=N_("How many nodes."))] = 4,
    directory: Annotated[
        Path | None, typer.Option("--dir", metavar="DIR", help=N_("Where its files go; a new folder if left out."))
    ] = None,
    data: Annotated[
        Path | None, typer.Option("--data", metavar="FOLDER", help=N_("Another data set than the built-in one."))
    ] = None,
    once: Annotated[bool, typer.Option("--once", help=N_("End after the checks, with their exit status."))] = False,
) -> int:
    """Run a network on this machine, import a real data set, verify receipts."""
    from cli.demo.run import run_demo

    return run_demo(directory, nodes, data, once, as_json=session.json)
