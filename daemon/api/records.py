"""Records of the state, one or many.

Owns `/v1/records` and the bound on how much one question looks at. Never shows a tombstone's content: there is none.
"""

from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from contracts.packs.active import KIND_TYPE
from contracts.record import InvalidRecordKeyError, Record, parse_record_key, record_key
from daemon.api.context import ApiContext
from daemon.api.endpoint import Answer, Audience, Endpoint
from daemon.api.json_value import Json, json_response, to_json
from daemon.api.parameters import Parameter, Parameters
from daemon.api.request_errors import KindUnknownError, ParameterInvalidError, RecordUnknownError
from storage.interface import StoreReader

# How many records one answer looks at: about 10 ms of the node's time, whatever the filter.
SCANNED_MAX = 2000
LIMIT_MAX = 1000
LIMIT_DEFAULT = 100
# How long a linearizable read waits for what was proposed when it arrived.
LINEARIZABLE_WAIT_MS = 5000

KIND = Parameter("kind", "text", "Kind of record, such as `notice`.")
LINEARIZABLE = Parameter(
    "linearizable", "boolean", "Answer only with what is at least as new as anything reported committed before."
)


async def show(context: ApiContext, _request: Request, parameters: Parameters) -> Response:
    """One record."""
    kind, record_id = _known_kind(context, parameters), parameters.text("id") or ""
    await _confirm(context, parameters)
    height = context.node.store.head().executed_height
    data = context.node.store.state(_key(kind, record_id))
    if data is None:
        raise RecordUnknownError(
            "there is no record {kind} {id}; list the kind to see what there is", kind=kind, id=record_id
        )
    record = Record.decode(bytes(data))
    return json_response({"kind": kind, **_view(record_id, record), "executed_height": height})


async def list_records(context: ApiContext, _request: Request, parameters: Parameters) -> Response:
    """Records of a kind, ascending by id, filtered, in pages."""
    kind = _known_kind(context, parameters)
    after = parameters.text("after")
    begin = parameters.text("prefix")
    prefix = _key(kind, "x")[:-1] if begin is None else _key(kind, begin)
    await _confirm(context, parameters)
    height = context.node.store.head().executed_height
    filters = {name: parameters.text(name) for name in ("unit", "state") if parameters.has(name)}
    wanted = _Wanted(prefix, None if after is None else _key(kind, after), filters, parameters.flag("ids"))
    found, following = _page(context.node.store, wanted, parameters.integer("limit"))
    return json_response({"kind": kind, "records": found, "next": following, "executed_height": height})


class _Wanted(NamedTuple):
    """Which records are listed, from which key on, and whether only by their ids."""

    prefix: bytes
    after: bytes | None
    filters: dict[str, str | None]
    only_ids: bool


def _page(store: StoreReader, wanted: _Wanted, limit: int) -> tuple[list[Json], str | None]:
    """Up to `limit` records and the id to go on after, or None where there are no more."""
    found: list[Json] = []
    last_id: str | None = None
    for scanned, (key, data) in enumerate(store.scan_state(wanted.prefix, wanted.after)):
        if scanned == SCANNED_MAX or len(found) == limit:
            return found, last_id
        _, last_id = parse_record_key(bytes(key))
        if wanted.only_ids and not wanted.filters:
            found.append({"id": last_id})
            continue
        record = Record.decode(bytes(data))
        if all(record.fields.get(name) == value for name, value in wanted.filters.items()):
            found.append({"id": last_id} if wanted.only_ids else _view(last_id, record))
    return found, None


async def _confirm(context: ApiContext, parameters: Parameters) -> None:
    if parameters.flag("linearizable"):
        await context.node.service.confirm_newest(LINEARIZABLE_WAIT_MS)


def _known_kind(context: ApiContext, parameters: Parameters) -> str:
    """A native kind, or one that a pack which is or was in force defines."""
    kind, known = parameters.text("kind") or "", context.node.registry.kinds
    if kind not in known and not _is_defined(context, kind):
        raise KindUnknownError(
            "this ledger has no records of the kind {kind}; the kinds are {known}, and those that packs define: see"
            " `{record_type}`",
            kind=repr(kind),
            known=", ".join(sorted(known)),
            record_type=KIND_TYPE,
        )
    return kind


def _is_defined(context: ApiContext, kind: str) -> bool:
    try:
        return context.node.store.state(record_key(KIND_TYPE, kind)) is not None
    except InvalidRecordKeyError:
        return False


def _key(kind: str, record_id: str) -> bytes:
    try:
        return record_key(kind, record_id)
    except InvalidRecordKeyError as error:
        raise ParameterInvalidError(
            "no record of the kind {kind} can have the id {id}; `banyan list {kind}` shows the ids that there are",
            kind=kind,
            id=repr(record_id),
        ) from error


def _view(record_id: str, record: Record) -> dict[str, Json]:
    return {"id": record_id, "version": record.version, "fields": to_json(record.fields)}


ENDPOINTS = (
    Endpoint(
        "GET",
        "/v1/records/{kind}/{id:path}",
        show,
        "One record",
        Audience.CONTENT,
        answers=(Answer(200, "application/json", "The record.", "Record"),),
        path_parameters=(KIND, Parameter("id", "text", "The record's id; it may hold slashes.")),
        query=(LINEARIZABLE,),
    ),
    Endpoint(
        "GET",
        "/v1/records/{kind}",
        list_records,
        "Records of a kind",
        Audience.CONTENT,
        answers=(Answer(200, "application/json", "A page of records.", "RecordList"),),
        path_parameters=(KIND,),
        query=(
            Parameter("prefix", "text", "Only records whose id begins with this; only they are looked at."),
            Parameter("unit", "text", "Only records whose field `unit` is this."),
            Parameter("state", "text", "Only records whose field `state` is this."),
            Parameter("ids", "boolean", "Only the ids, without versions and fields."),
            Parameter("after", "text", "Go on after this id."),
            Parameter("limit", "integer", "At most so many.", 1, LIMIT_MAX, default=LIMIT_DEFAULT),
            LINEARIZABLE,
        ),
    ),
)
