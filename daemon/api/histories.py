"""Chains: everything the log holds about a subject or by a member, in order, link by link.

Owns `/v1/subjects/…/history` and `/v1/members/…/history`. Never leaves a link out within a page: a reader checks each
against the one before.
"""

from starlette.requests import Request
from starlette.responses import Response

from contracts.changes import SubjectLink
from contracts.member import member_subject
from daemon.api.context import ApiContext
from daemon.api.endpoint import Answer, Audience, Endpoint
from daemon.api.json_value import Json, json_response
from daemon.api.parameters import Parameter, Parameters
from daemon.api.request_errors import SubjectUnknownError
from daemon.lookup import decoded_header
from ledger.base64_text import encode_base64
from ledger.transaction import decode_envelope
from storage.interface import StoreReader

LIMIT_MAX = 500
LIMIT_DEFAULT = 100
# An answer with entries of the largest size would otherwise have 33 MB.
ENTRIES_SIZE_BYTES_MAX = 1024 * 1024

_PAGING = (
    Parameter("after", "integer", "Go on after this sequence number.", default=0),
    Parameter("limit", "integer", "At most so many.", 1, LIMIT_MAX, default=LIMIT_DEFAULT),
)


async def of_member(context: ApiContext, _request: Request, parameters: Parameters) -> Response:
    """Everything that a member submitted."""
    return _history(context, member_subject(parameters.hash("id")), parameters)


async def of_subject(context: ApiContext, _request: Request, parameters: Parameters) -> Response:
    """Everything about a subject."""
    return _history(context, parameters.text("subject") or "", parameters)


def _history(context: ApiContext, subject: str, parameters: Parameters) -> Response:
    store, limit = context.node.store, parameters.integer("limit")
    links = store.subject_links(subject, parameters.integer("after"), limit + 1)
    if not links and not store.subject_links(subject, 0, 1):
        raise SubjectUnknownError(
            "the log has nothing about {subject}; a subject is written as unit/NAME, person/NAME or member/ID",
            subject=subject,
        )
    shown: list[Json] = []
    size = 0
    for link in links[:limit]:
        entry = bytes(store.entries(link.leaf_index, 1)[0])
        size += len(entry)
        if shown and size > ENTRIES_SIZE_BYTES_MAX:
            break
        shown.append(_view(store, link, entry))
    following = links[len(shown) - 1].sequence if len(shown) < len(links) else None
    return json_response({"subject": subject, "links": shown, "next": following})


def _view(store: StoreReader, link: SubjectLink, entry: bytes) -> dict[str, Json]:
    transaction = decode_envelope(entry)
    height = store.height_of(link.leaf_index)
    assert height is not None, "links name stored entries only"
    return {
        "sequence": link.sequence,
        "index": link.leaf_index,
        "height": height,
        "time_ms": decoded_header(store, height).time_ms,
        "id": transaction.id.hex(),
        "leaf_hash": transaction.leaf_hash.hex(),
        "link": link.link.hex(),
        "entry": encode_base64(entry),
    }


ENDPOINTS = (
    Endpoint(
        "GET",
        "/v1/members/{id}/history",
        of_member,
        "The chain of what a member submitted",
        Audience.CONTENT,
        answers=(Answer(200, "application/json", "A page of links.", "History"),),
        path_parameters=(Parameter("id", "hash", "Member id."),),
        query=_PAGING,
    ),
    Endpoint(
        "GET",
        "/v1/subjects/{subject:path}/history",
        of_subject,
        "The chain of a subject",
        Audience.CONTENT,
        answers=(Answer(200, "application/json", "A page of links.", "History"),),
        path_parameters=(Parameter("subject", "text", "Such as `unit/branch-1`."),),
        query=_PAGING,
    ),
)
