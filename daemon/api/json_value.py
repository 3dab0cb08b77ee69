"""Values of the ledger as JSON, for reading.

Owns the mapping stated in docs/reference/api.md, "Conventions". Never reads it back: what is signed is the canonical
encoding, and the two JSON forms of a byte string could be imitated by a map of texts.
"""

import json
from typing import TypeAlias

import msgspec
from starlette.responses import Response

from ledger.detached import COMMITMENT_KEY, is_commitment
from ledger.encoding import Value

Json: TypeAlias = bool | int | str | list["Json"] | dict[str, "Json"] | None
_ENCODER = msgspec.json.Encoder()


def to_json(value: Value) -> Json:
    """The JSON form of a value: byte strings as `{"$hex": …}`, commitments as `{"#": hex}`, the rest as it is."""
    if isinstance(value, bytes):
        return {"$hex": value.hex()}
    if isinstance(value, list):
        return [to_json(item) for item in value]
    if isinstance(value, dict):
        if is_commitment(value):
            commitment = value[COMMITMENT_KEY]
            assert isinstance(commitment, bytes), "that is what makes it a commitment"
            return {COMMITMENT_KEY: commitment.hex()}
        return {name: to_json(item) for name, item in value.items()}
    return value


def json_bytes(value: Json) -> bytes:
    """The UTF-8 text of a JSON value, without spaces; a question mark stands for what is no character.

    What is no `Json` is not refused: bytes that `to_json` has not seen would become base64.
    """
    try:
        return _ENCODER.encode(value)
    except UnicodeEncodeError:
        # Half a surrogate pair, out of a path or a name that somebody sent: at a tenth of the speed.
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def json_response(value: Json, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """An answer with a JSON document; never cached, because it says how things stand now."""
    return Response(
        json_bytes(value), status, {"cache-control": "no-store", **(headers or {})}, media_type="application/json"
    )
