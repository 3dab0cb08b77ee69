"""`banyan get` and `banyan list`: records of the state."""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.language import N_, _
from cli.printer import Printer
from cli.session import Session

if TYPE_CHECKING:
    from contracts.packs.record_type import TypeDefinition

# What the API gives in one answer.
PAGE_SIZE_MAX = 1000
# Enough of a hash to tell two of them apart in a table.
BRIEF_LENGTH = 12

_LINEARIZABLE_HELP = N_("Answer no older than what anybody was told to be committed.")


def get(
    session: Session,
    kind: Annotated[str, typer.Argument(metavar="KIND", help=N_("Kind of record, such as notice."))],
    record_id: Annotated[str, typer.Argument(metavar="ID", help=N_("The record's id."))],
    linearizable: Annotated[bool, typer.Option("--linearizable", help=_LINEARIZABLE_HELP)] = False,
) -> None:
    """Show one record."""
    from cli.client import NodeClient, path_of
    from cli.pack_values import VALUES, find_definition, titled_values, values_of_pack

    with NodeClient(session.home) as client:
        record = client.get(path_of("v1/records", kind, record_id), linearizable="true" if linearizable else None)
        values = values_of_pack(record["fields"])
        definition = None if values is None or session.json else find_definition(client, kind)

    def render(printer: Printer) -> None:
        printer.fields(
            [
                (_("Record"), f"{record['kind']} {record['id']}"),
                (_("Version"), record["version"]),
                (_("As of height"), record["executed_height"]),
            ]
        )
        printer.line()
        own = {name: value for name, value in record["fields"].items() if values is None or name != VALUES}
        printer.fields((name, value_text(value)) for name, value in own.items())
        if values:
            printer.line()
            printer.fields((name, value_text(value)) for name, value in titled_values(definition, values).items())

    session.show(record, render)


def list_records(
    session: Session,
    kind: Annotated[str, typer.Argument(metavar="KIND", help=N_("Kind of record, such as notice."))],
    unit: Annotated[str | None, typer.Option("--unit", help=N_("Only records of this unit."))] = None,
    state: Annotated[str | None, typer.Option("--state", help=N_("Only records in this state."))] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help=N_("At most so many records."))] = 100,
    after: Annotated[str | None, typer.Option("--after", metavar="ID", help=N_("Only records after this id."))] = None,
    linearizable: Annotated[bool, typer.Option("--linearizable", help=_LINEARIZABLE_HELP)] = False,
) -> None:
    """Show records of one kind."""
    from cli.client import NodeClient, path_of
    from cli.pack_values import find_definition, values_of_pack

    records: list[dict[str, Any]] = []
    following = after
    executed_height = 0
    with NodeClient(session.home) as client:
        # Every answer moves on by up to 2,000 records, so this ends at the end of the kind at the latest.
        while len(records) < limit:
            page = client.get(
                path_of("v1/records", kind),
                unit=unit,
                state=state,
                after=following,
                limit=min(limit - len(records), PAGE_SIZE_MAX),
                linearizable="true" if linearizable else None,
            )
            records += page["records"]
            executed_height, following = page["executed_height"], page["next"]
            if following is None:
                break
        of_pack = bool(records) and values_of_pack(records[0]["fields"]) is not None
        definition = find_definition(client, kind) if of_pack and not session.json else None
    document = {"kind": kind, "records": records, "next": following, "executed_height": executed_height}
    session.show(document, lambda printer: _render_list(session, printer, document, definition))


def _render_list(
    session: Session, printer: Printer, document: dict[str, Any], definition: "TypeDefinition | None"
) -> None:
    records = document["records"]
    if not records:
        session.note(_("There are no such records."))
        return
    rows = [_columns(record["fields"], definition) for record in records]
    names = list(dict.fromkeys(name for row in rows for name in row))
    printer.table(
        [_("Id"), _("Version"), *names],
        (
            [record["id"], record["version"], *(brief_text(row.get(name, "")) for name in names)]
            for record, row in zip(records, rows, strict=True)
        ),
    )
    if document["next"] is not None:
        session.note(_("There are more: `--after {id}` goes on.").format(id=document["next"]))


def _columns(fields: dict[str, Any], definition: "TypeDefinition | None") -> dict[str, Any]:
    """What a table shows of a record: of a pack's, where it stands and its own fields; of others, all there is."""
    from cli.pack_values import titled_values, values_of_pack

    values = values_of_pack(fields)
    if values is None:
        return fields
    waits = {"pending": fields["pending"]["transition"]} if "pending" in fields else {}
    return {"unit": fields["unit"], "state": fields["state"], **waits, **titled_values(definition, values)}


def brief_text(value: Any) -> str:
    """A value for a cell of a table: byte strings and commitments by their beginning only."""
    if isinstance(value, dict) and len(value) == 1 and not value.keys().isdisjoint(("$hex", "#")):
        return f"{next(iter(value.values()))[:BRIEF_LENGTH]}…"
    return value_text(value)


def value_text(value: Any) -> str:
    """A field's value as people read it: texts and numbers as they are, byte strings in hex, the rest as JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict) and set(value) == {"$hex"}:
        return str(value["$hex"])
    if isinstance(value, dict) and set(value) == {"#"}:
        return _("(not on the ledger; commitment {hash})").format(hash=value["#"])
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ", ".join(value)
    return json.dumps(value, ensure_ascii=False)
