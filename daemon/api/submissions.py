"""The forms in which a submission comes over HTTP.

Owns the JSON form and its reading; the binary form is `ledger.submission`'s. Never decodes an envelope: that is the
verifier's, once.
"""

import json
from typing import NamedTuple

from daemon.api.request_errors import BodyInvalidError
from ledger.base64_text import decode_base64
from ledger.detached import DetachedValue
from ledger.json_fault import json_fault
from ledger.submission import SUBMISSION_SIZE_BYTES_MAX

MSGPACK = "application/msgpack"
JSON = "application/json"
# Base64 makes four bytes of three; names, quotes and brackets of 64 values are far below 16 KiB.
JSON_SIZE_BYTES_MAX = SUBMISSION_SIZE_BYTES_MAX * 4 // 3 + 16 * 1024
# A submission of 64 values has 192; base64 has none of these characters. Each empty object is two bytes and 72 when it
# is read.
_SEPARATORS_MAX = 1024


class WireSubmission(NamedTuple):
    """What the verifier takes: `detached` is None where the values, if any, are in `raw`."""

    raw: bytes
    detached: tuple[DetachedValue, ...] | None

    @property
    def size_bytes(self) -> int:
        """What it takes in memory, apart from salts and objects."""
        return len(self.raw) + sum(len(value.value_bytes) for value in self.detached or ())


def parse_json_submission(data: bytes) -> WireSubmission:
    """The submission in a JSON object.

    Raises:
        BodyInvalidError: not JSON, or not of the documented form; names the field.
    """
    if sum(map(data.count, (b",", b"[", b"{"))) > _SEPARATORS_MAX:
        raise BodyInvalidError(
            "the submission consists of more than {limit} parts; it is an object with `envelope` and `detached`",
            limit=_SEPARATORS_MAX,
        )
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise BodyInvalidError("the submission is not JSON ({reason}); correct it", reason=json_fault(error)) from error
    if not isinstance(document, dict) or not {"envelope"} <= set(document) <= {"envelope", "detached"}:
        raise BodyInvalidError("a submission is an object with `envelope` and, if there are values, `detached`")
    values = document.get("detached", [])
    if not isinstance(values, list):
        raise BodyInvalidError("`detached` is a list of objects with `salt` and `value`")
    return WireSubmission(_bytes(document, "envelope"), tuple(_detached(item) for item in values))


def _detached(item: object) -> DetachedValue:
    if not isinstance(item, dict) or set(item) != {"salt", "value"}:
        raise BodyInvalidError("`detached` is a list of objects with `salt` and `value`")
    return DetachedValue(_bytes(item, "salt"), _bytes(item, "value"))


def _bytes(document: dict[str, object], name: str) -> bytes:
    text = document[name]
    data = decode_base64(text) if isinstance(text, str) else None
    if data is None:
        raise BodyInvalidError("`{field}` is not base64 (RFC 4648, with padding, without line breaks)", field=name)
    return data
