"""`banyan snapshot make|list|verify`: the state in chunks that other nodes can fetch and check."""

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.language import N_, _
from cli.printer import Printer
from cli.session import Advance, Session

if TYPE_CHECKING:
    from cli.client import NodeClient

# A snapshot takes seconds; a person does not notice a fifth of one.
_POLL_SECONDS = 0.2


def snapshot_make(session: Session) -> None:
    """Make a snapshot now: the running node does it beside its work, a stopped one's folder is read here."""
    from cli.client import NodeClient
    from cli.errors import UnreachableError

    with session.progress(_("Making a snapshot"), None) as advance:
        try:
            with NodeClient(session.home) as client:
                made = _made_by_node(session, client)
        except UnreachableError:
            # Where it runs and does not answer, its folder is locked, and that is said.
            made = _made_here(session, advance)
    session.show(made, lambda printer: _render_one(printer, made))


def snapshot_list(session: Session) -> None:
    """Show the snapshots in the node's folder; the node may run or not."""
    from cli.snapshot_files import snapshot_folder
    from daemon.api.snapshots import manifest_view

    views = [manifest_view(one) for one in snapshot_folder(session.home).manifests()]

    def render(printer: Printer) -> None:
        if not views:
            session.note(_("There is no snapshot; `banyan snapshot make` makes one."))
            return
        printer.table(
            [_("Height"), _("Records"), _("Log entries"), _("Chunks"), _("Size"), _("State digest")],
            (_row(one) for one in views),
        )

    session.show({"snapshots": views}, render)


def snapshot_verify(
    session: Session,
    height: Annotated[
        int | None, typer.Argument(metavar="HEIGHT", help=N_("Which one; all of them if left out."), min=1)
    ] = None,
) -> None:
    """Hold snapshots, whole, against the headers in the node's database; the node may run or not."""
    from cli.snapshot_files import snapshot_at, snapshot_folder, verify_snapshot
    from daemon.api.snapshots import manifest_view

    folder = snapshot_folder(session.home)
    manifests = folder.manifests() if height is None else [snapshot_at(folder, height)]
    for manifest in manifests:
        with session.progress(_("Verifying"), len(manifest.chunks)) as advance:
            verify_snapshot(session.home, manifest, advance)
    views = [manifest_view(one) for one in manifests]

    def render(printer: Printer) -> None:
        if not views:
            session.note(_("There is no snapshot; `banyan snapshot make` makes one."))
        for one in views:
            printer.good(_("The snapshot of height {height} holds: {records} records, {chunks} chunks.").format(**one))

    session.show({"verified": views}, render)


def _made_by_node(session: Session, client: "NodeClient") -> dict[str, Any]:
    """What the running node has made once it is ready."""
    from cli.errors import CommandError

    before = {one["name"] for one in client.get("/v1/snapshots")["snapshots"]}
    answer = client.post("/v1/snapshots", b"", "application/json")
    if answer["asked"]:
        session.note(_("The node is at work: it makes the snapshot of the next height that a block states."))
    height = answer["making"]
    while answer["asked"] or answer["making"] is not None:
        height = answer["making"] or height
        time.sleep(_POLL_SECONDS)
        answer = client.get("/v1/snapshots")
    made = _newest(one for one in answer["snapshots"] if one["height"] == height or one["name"] not in before)
    if made is None:
        raise CommandError("the node could not make the snapshot; its log says why")
    return made


def _newest(snapshots: Iterable[dict[str, Any]]) -> dict[str, Any] | None:
    return next(iter(snapshots), None)


def _made_here(session: Session, advance: Advance) -> dict[str, Any]:
    from cli.snapshot_files import make_snapshot
    from daemon.api.snapshots import manifest_view

    return dict(manifest_view(make_snapshot(session.home, advance)))


def _row(one: dict[str, Any]) -> list[object]:
    from cli.size_text import size_text

    return [
        one["height"],
        one["records"],
        one["tree_size"],
        one["chunks"],
        size_text(one["size_bytes"]),
        one["state_digest"],
    ]


def _render_one(printer: Printer, one: dict[str, Any]) -> None:
    from cli.size_text import size_text

    printer.good(_("The snapshot is made."))
    printer.fields(
        [
            (_("Height"), one["height"]),
            (_("Records"), one["records"]),
            (_("Log entries"), one["tree_size"]),
            (_("Chunks"), one["chunks"]),
            (_("Size"), size_text(one["size_bytes"])),
            (_("State digest"), one["state_digest"]),
        ]
    )
