"""`banyan submit`: one transaction."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.language import N_, _
from cli.session import Session

if TYPE_CHECKING:
    from cli.client import Answer
    from cli.operation_arguments import PreparedArguments
    from cli.record_fields import RecordFields
    from ledger.encoding import Value


def submit(
    session: Session,
    operation: Annotated[
        str, typer.Argument(metavar="OPERATION", help=N_("What to do, as contract.method, such as notice.post."))
    ],
    key: Annotated[
        Path | None,
        typer.Option(
            "--key", metavar="FILE", help=N_("Key to sign with. Default: $BANYAN_KEY, then admin.key in --home.")
        ),
    ] = None,
    arg: Annotated[
        list[str] | None,
        typer.Option("--arg", metavar="NAME=VALUE", help=N_("An argument as text, or NAME:=JSON; once for each.")),
    ] = None,
    args_file: Annotated[
        Path | None, typer.Option("--args-file", metavar="FILE", help=N_("A JSON file with an object of arguments."))
    ] = None,
    detached: Annotated[
        list[str] | None,
        typer.Option(
            "--detached",
            metavar="NAME=VALUE",
            help=N_("An argument that stays off the ledger, or NAME@FILE; only its commitment goes on it."),
        ),
    ] = None,
    no_wait: Annotated[bool, typer.Option("--no-wait", help=N_("Do not wait until it is committed."))] = False,
    unchecked: Annotated[
        bool, typer.Option("--unchecked", help=N_("Send operation and arguments as given, even if unknown here."))
    ] = False,
) -> int:
    """Hand in one transaction and wait for what becomes of it."""
    from cli.handing_in import hand_in

    prepared = _prepare(session, operation, arg or [], args_file, detached or [], unchecked)
    return _show(session, hand_in(session, operation, prepared, key, waits=not no_wait))


def _prepare(
    session: Session, operation: str, settings: list[str], args_file: Path | None, detached: list[str], unchecked: bool
) -> "PreparedArguments":
    from cli.errors import UsageError
    from cli.map_settings import gathered, merged, read_plain, split_settings
    from cli.operation_arguments import (
        declaration_of,
        parse_detached,
        parse_settings,
        prepare,
        read_arguments_file,
    )
    from cli.record_fields import FIELDS, RECORD_OPERATIONS
    from ledger.detached import SALT_SIZE_BYTES

    declaration = None if unchecked else declaration_of(operation)
    values = read_arguments_file(args_file) if args_file else {}
    plain, parts = split_settings(settings)
    plain_detached, private_parts = split_settings(detached, files=True)
    for name, value in parse_settings(plain, declaration).items():
        if name in values:
            raise UsageError("the argument {name} is given twice", name=name)
        values[name] = value
    beside = parse_detached(plain_detached)
    found = _record_fields(session, values) if operation in RECORD_OPERATIONS else None
    if found is None:
        maps = gathered([*parts, *private_parts], read_plain)
    else:
        maps = gathered([*parts, *private_parts], found.read_part, found.is_list)
    values = merged(values, maps)
    fields = values.get(FIELDS)
    private = frozenset(one.part for one in private_parts if one.argument == FIELDS)
    if found is not None and isinstance(fields, dict):
        private |= found.to_detach(fields)
    return prepare(operation, values, beside, lambda _: os.urandom(SALT_SIZE_BYTES), declaration, private)


def _record_fields(session: Session, values: dict[str, "Value"]) -> "RecordFields | None":
    """The fields of the kind that is asked for; None where no pack of the network defines it, as the node will say."""
    from cli.client import NodeClient
    from cli.errors import RefusedError
    from cli.pack_values import find_definition
    from cli.record_fields import TYPE, RecordFields

    kind = values.get(TYPE)
    if not isinstance(kind, str):
        return None
    with NodeClient(session.home) as client:
        try:
            definition = find_definition(client, kind)
        except RefusedError:
            return None
    return None if definition is None else RecordFields(definition)


def _show(session: Session, answer: "Answer") -> int:
    if answer["status"] != "committed":
        document = {"id": answer["id"], "status": answer["status"]}
        session.show(document, lambda printer: printer.fields([(_("Id"), answer["id"]), (_("Status"), _("pending"))]))
        return 0
    from cli.handing_in import check_result, render_committed

    document = {name: answer[name] for name in ("id", "status", "height", "index", "time_ms", "result")}
    session.show(document, lambda printer: render_committed(printer, answer))
    check_result(answer)
    return 0
