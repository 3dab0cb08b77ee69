"""Words that somebody commits to now and shows later: the salt, the words and the hash, in a file of their own.

Owns the file `banyan-commitment/v1` (mode 0600). The hash is that of a detached value, so a rule of a pack can compare
it (`commitment_of`), and nobody finds the words from it: the salt is random. Never sends anything.
Source: docs/reference/commands.md, "commitment".
"""

import json
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.errors import UsageError
from cli.named_file import read_text, write_new
from ledger.detached import SALT_SIZE_BYTES, detach

COMMITMENT_FORMAT = "banyan-commitment/v1"
# As a field of a record holds at most.
WORDS_SIZE_BYTES_MAX = 2000
_FILE_SIZE_BYTES_MAX = 16 * 1024
_MODE = 0o600


@dataclass(frozen=True, slots=True)
class CommitmentFile:
    """The words and the salt."""

    salt: bytes
    words: str

    @classmethod
    def drawn(cls, words: str) -> "CommitmentFile":
        """These words with a new salt.

        Raises:
            UsageError: there are none, or more than a record holds.
        """
        size = len(words.encode())
        if not 0 < size <= WORDS_SIZE_BYTES_MAX:
            raise UsageError(
                "the words have {size} bytes; 1 to {limit} are wanted", size=size, limit=WORDS_SIZE_BYTES_MAX
            )
        return cls(secrets.token_bytes(SALT_SIZE_BYTES), words)

    @property
    def commitment(self) -> bytes:
        """The hash that goes onto the ledger."""
        return detach(self.words, self.salt).commitment

    def write(self, path: Path) -> None:
        """Keep it in a new file that only its owner reads.

        Raises:
            UsageError: there is a file already, or the system refuses.
        """
        document = {
            "commitment": self.commitment.hex(),
            "format": COMMITMENT_FORMAT,
            "salt": self.salt.hex(),
            "words": self.words,
        }
        write_new(path, (json.dumps(document, ensure_ascii=False, indent=2) + "\n").encode(), _MODE)

    @classmethod
    def read(cls, path: Path) -> "CommitmentFile":
        """What a file holds; the hash in it has to be that of the words.

        Raises:
            UsageError: it cannot be read, holds something else, or was changed.
        """
        try:
            document: Any = json.loads(read_text(path, _FILE_SIZE_BYTES_MAX))
        except ValueError as error:
            raise _malformed(path) from error
        match document:
            case {
                "commitment": str(commitment),
                "format": "banyan-commitment/v1",
                "salt": str(salt),
                "words": str(words),
            }:
                try:
                    found = cls(bytes.fromhex(salt), words)
                except ValueError as error:
                    raise _malformed(path) from error
                if len(found.salt) == SALT_SIZE_BYTES and found.commitment.hex() == commitment:
                    return found
        raise _malformed(path)


def _malformed(path: Path) -> UsageError:
    return UsageError(
        "{path} is no file of a commitment, or was changed; `banyan commitment new` makes one", path=str(path)
    )
