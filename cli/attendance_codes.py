"""The codes of an attendance list, made from a secret on the device that shows them.

Owns the file `banyan-attendance/v1` (mode 0600) and the derivation: the code of a window is the beginning of
HMAC-SHA256(secret, context of the window), so that what was shown says nothing of what will be. Never sends the secret
anywhere. Source: docs/reference/attendance.md, "Codes".
"""

import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.errors import UsageError
from cli.named_file import read_text, write_new
from contracts.attendance.code import ALPHABET, CODE_LENGTH, CODE_SIZE_BYTES, code_hash, code_of
from contracts.attendance.session import WINDOW_SECONDS_MAX, WINDOW_SECONDS_MIN, WINDOWS_MAX
from ledger.encoding import encode
from ledger.hashing import HASH_SIZE_BYTES, Hash, domain

CODES_FORMAT = "banyan-attendance/v1"
SECRET_SIZE_BYTES = 32
# A file has about 400 bytes.
FILE_SIZE_BYTES_MAX = 4096
_MODE = 0o600
_GROUP_LENGTH = 4
# What is written by hand in the place of a digit that looks alike, as Crockford has it.
_READ_AS = str.maketrans({"I": "1", "L": "1", "O": "0", "-": "", " ": ""})


@dataclass(frozen=True, slots=True)
class AttendanceCodes:
    """The codes of one list: windows of `window_seconds`, the first of which begins at `starts_ms`."""

    secret: bytes
    network_id: Hash
    unit: str
    title: str
    starts_ms: int
    window_seconds: int
    windows: int

    @classmethod
    def drawn(
        cls, network_id: Hash, unit: str, title: str, starts_ms: int, window_seconds: int, windows: int
    ) -> "AttendanceCodes":
        """Codes of a new secret."""
        secret = secrets.token_bytes(SECRET_SIZE_BYTES)
        return cls(secret, network_id, unit, title, starts_ms, window_seconds, windows)

    def code(self, window: int) -> str:
        """The code of a window, counted from 0."""
        assert 0 <= window < self.windows, "there is no such window"
        context = domain("attendance-secret") + encode([self.network_id, self.unit, self.starts_ms, window])
        return code_of(hmac.digest(self.secret, context, hashlib.sha256)[:CODE_SIZE_BYTES])

    def hashes(self) -> list[Hash]:
        """What is published of the codes, window by window."""
        return [code_hash(self.network_id, self.unit, self.starts_ms, self.code(one)) for one in range(self.windows)]

    def window_at(self, time_ms: int) -> int | None:
        """The window of a time; None before the first and after the last."""
        window = (time_ms - self.starts_ms) // (self.window_seconds * 1000)
        return window if 0 <= window < self.windows else None

    def begin_ms(self, window: int) -> int:
        """When a window begins."""
        return self.starts_ms + window * self.window_seconds * 1000

    def write(self, path: Path) -> None:
        """Keep the secret in a new file that only its owner reads.

        Raises:
            UsageError: there is a file already, or the system refuses.
        """
        document = {
            "format": CODES_FORMAT,
            "network": self.network_id.hex(),
            "secret": self.secret.hex(),
            "starts_ms": self.starts_ms,
            "title": self.title,
            "unit": self.unit,
            "window_seconds": self.window_seconds,
            "windows": self.windows,
        }
        write_new(path, (json.dumps(document, ensure_ascii=False, indent=2) + "\n").encode(), _MODE)

    @classmethod
    def read(cls, path: Path) -> "AttendanceCodes":
        """The codes that a file was written for.

        Raises:
            UsageError: it cannot be read, or holds something else.
        """
        try:
            document: Any = json.loads(read_text(path, FILE_SIZE_BYTES_MAX))
        except ValueError as error:
            raise _malformed(path) from error
        match document:
            case {
                "format": "banyan-attendance/v1",
                "network": str(network),
                "secret": str(secret),
                "starts_ms": int(starts_ms),
                "title": str(title),
                "unit": str(unit),
                "window_seconds": int(window_seconds),
                "windows": int(windows),
            }:
                codes = cls(_octets(secret), _octets(network), unit, title, starts_ms, window_seconds, windows)
                if codes._is_sound():
                    return codes
        raise _malformed(path)

    def _is_sound(self) -> bool:
        return (
            len(self.secret) == SECRET_SIZE_BYTES
            and len(self.network_id) == HASH_SIZE_BYTES
            and WINDOW_SECONDS_MIN <= self.window_seconds <= WINDOW_SECONDS_MAX
            and 1 <= self.windows <= WINDOWS_MAX
            and self.starts_ms >= 0
        )


def grouped(code: str) -> str:
    """A code as people read it: `ABCD-EFGH-JKMN-PQRS`."""
    return "-".join(code[place : place + _GROUP_LENGTH] for place in range(0, CODE_LENGTH, _GROUP_LENGTH))


def read_code(text: str) -> str:
    """The code that somebody typed, in whatever groups and letters.

    Raises:
        UsageError: it has another length or other signs.
    """
    code = text.upper().translate(_READ_AS)
    if len(code) != CODE_LENGTH or any(digit not in ALPHABET for digit in code):
        raise UsageError(
            "{text} is no sign-in code; it has {count} letters and digits, such as 7K2M-9QXA-04BD-TTZ8",
            text=repr(text[:40]),
            count=CODE_LENGTH,
        )
    return code


def _octets(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        return b""


def _malformed(path: Path) -> UsageError:
    return UsageError("{path} is no file of sign-in codes; `banyan attendance open` makes one", path=str(path))
