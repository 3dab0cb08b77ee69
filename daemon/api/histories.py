"""Chains: everything the log holds about a subject or by a member, in order, link by link.

Owns `/v1/subjects/…/history` and `/v1/members/…/history`. Never leaves a link out within a page: a reader checks each
against the one before.
"""

from starlette.requests import Request
from starlette.responses import Response

from contracts.changes import SubjectLink
from contracts.member import member_subject
from contracts.timer_effect import TimerEffect
from daemon.api.context import ApiContext
from daemon.api.endpoint import Answer, Audience, Endpoint
from daemon.api.json_value import Json, json_response
from daemon.api.parameters import Parameter, Parameters
from daemon.api.request_errors import SubjectUnknownError
from daemon.lookup import decoded_header, stored_header
from ledger.base64_text import encode_base64
from ledger.transaction import decode_envelope
from storage.errors import NotKeptError
from storage.interface import StoreReader

LIMIT_MAX = 500
LIMIT_DEFAULT = 100
# An answer with entries of the largest size would otherwise have 33 MB.
PAGE_SIZE_BYTES_MAX = 1024 * 1024

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
    if not links and _is_unknown(store, subject):
        raise SubjectUnknownError(
            "the log has nothing about {subject}; a subject is written as unit/NAME, person/NAME or member/ID",
            subject=subject,
        )
    page = _Page(store)
    shown: list[Json] = []
    for link in links[:limit]:
        view = page.view(link)
        if shown and page.size_bytes > PAGE_SIZE_BYTES_MAX:
            break
        shown.append(view)
    following = links[len(shown) - 1].sequence if len(shown) < len(links) else None
    return json_response({"subject": subject, "links": shown, "next": following})


def _is_unknown(store: StoreReader, subject: str) -> bool:
    """Whether the subject's chain has no link; one whose first links are not kept here has some."""
    try:
        return not store.subject_links(subject, 0, 1)
    except NotKeptError:
        return False


class _Page:
    """One answer under way; `size_bytes` counts the entries and effects that were read for it."""

    def __init__(self, store: StoreReader) -> None:
        self._store = store
        self.size_bytes = 0
        # What the timers of the newest block did that was looked at, by what they linked.
        self._height = 0
        self._effects: dict[tuple[str, int], tuple[str, bytes]] = {}

    def view(self, link: SubjectLink) -> dict[str, Json]:
        height = self._store.height_of(link.leaf_index)
        assert height is not None, "links name stored entries only"
        view: dict[str, Json] = {
            "sequence": link.sequence,
            "index": link.leaf_index,
            "height": height,
            "time_ms": decoded_header(self._store, height).time_ms,
            "link": link.link.hex(),
        }
        if stored_header(self._store, height).first_index == link.leaf_index:
            return view | self._timer(height, link)
        return view | self._transaction(link)

    def _transaction(self, link: SubjectLink) -> dict[str, Json]:
        entry = bytes(self._store.entries(link.leaf_index, 1)[0])
        self.size_bytes += len(entry)
        transaction = decode_envelope(entry)
        return {
            "id": transaction.id.hex(),
            "leaf_hash": transaction.leaf_hash.hex(),
            "entry": encode_base64(entry),
            "timer": None,
            "effect": None,
        }

    def _timer(self, height: int, link: SubjectLink) -> dict[str, Json]:
        if height != self._height:
            self._height, self._effects = height, {}
            for leaf in map(bytes, self._store.timer_effects(height)):
                # All of them are decoded, also those that linked nothing here: it is the work that is bounded.
                self.size_bytes += len(leaf)
                effect = TimerEffect.decode(leaf)
                self._effects |= {(one.subject, one.sequence): (effect.timer_id, leaf) for one in effect.links}
        timer, leaf = self._effects[link.subject, link.sequence]
        return {"id": None, "leaf_hash": None, "entry": None, "timer": timer, "effect": encode_base64(leaf)}


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
