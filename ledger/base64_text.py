"""Base64 with exactly one text for each run of bytes.

Owns the strict reading of RFC 4648 section 4: no white space, no line breaks, full padding, unused bits
zero. What does not come out again as it went in is refused, so that no bit of a text can be changed
without changing its meaning. Source: RFC 4648, sections 3.5 and 4.
"""

from binascii import Error as _BinasciiError
from binascii import a2b_base64, b2a_base64


def encode_base64(data: bytes) -> str:
    """The one text of `data`, padded, without line breaks."""
    return b2a_base64(data, newline=False).decode("ascii")


def decode_base64(text: str) -> bytes | None:
    """The bytes of `text`, or None if it is not exactly what `encode_base64` makes."""
    try:
        data = a2b_base64(text, strict_mode=True)
    except (_BinasciiError, ValueError):  # ValueError: characters outside ASCII
        return None
    return data if encode_base64(data) == text else None
