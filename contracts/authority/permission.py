"""Permissions: who may do an operation beside those whom its declaration names.

Owns the form of the record `permission/<operation>` and its reading; never writes one (who decides on an organisation's
rules does). Invariant: a permission adds actors to a declaration and takes none away.
Source: docs/reference/authority.md, "Permissions".
"""

from typing import TYPE_CHECKING

from contracts.authority.actor import Actor, InvalidActorError, parse_actors
from ledger.encoding import Value
from ledger.errors import DecodingError

if TYPE_CHECKING:
    from contracts.run_context import RunContext

KIND_PERMISSION = "permission"


def permitted_actors(context: "RunContext", operation: str) -> tuple[Actor, ...]:
    """The further actors of an operation at this height; none where there is no permission, or none in force yet.

    Raises:
        DecodingError: the record is damaged.
    """
    record = context.read(KIND_PERMISSION, operation)
    if record is None:
        return ()
    begin = record.fields.get("from", 0)
    if not isinstance(begin, int):
        raise DecodingError("the permission of {operation} does not say when it begins", operation=operation)
    return () if context.height < begin else _actors(record.fields.get("actors"), operation)


def _actors(listed: Value, operation: str) -> tuple[Actor, ...]:
    texts = [one for one in listed if isinstance(one, str)] if isinstance(listed, list) else []
    if not isinstance(listed, list) or len(texts) != len(listed):
        raise DecodingError("the permission of {operation} does not list actors", operation=operation)
    try:
        return parse_actors(texts)
    except InvalidActorError as error:
        raise DecodingError("the permission of {operation} does not list actors", operation=operation) from error
