"""Where a node's passphrase comes from when nobody sits at the machine.

Owns the places that are looked at: a file that `$BANYAN_SEED_PASSPHRASE_FILE` names (`/dev/fd/3` for a descriptor that
was handed over), and the credential `banyan-seed-passphrase` that systemd puts into `$CREDENTIALS_DIRECTORY`. Never
takes a passphrase from an argument or from the value of a variable, which other processes can read.
Source: docs/adr/0032-keys-of-nodes.md.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from daemon.errors import SeedError

FILE_VARIABLE = "BANYAN_SEED_PASSPHRASE_FILE"
CREDENTIALS_VARIABLE = "CREDENTIALS_DIRECTORY"
CREDENTIAL_NAME = "banyan-seed-passphrase"
# Nobody types more; a wrong path must not read a disk into memory.
PASSPHRASE_SIZE_BYTES_MAX = 1024

# Told the seed that is to be opened; raises SeedError where there is no passphrase.
SeedPassphrase: TypeAlias = Callable[[Path], str]


def given_passphrase() -> str | None:
    """The passphrase that was put where this process looks for it; None where nothing was.

    Raises:
        SeedError: a place is named and cannot be read, or holds no passphrase.
    """
    place = _place()
    if place is None:
        return None
    try:
        with place.open("rb") as file:
            content = file.read(PASSPHRASE_SIZE_BYTES_MAX + 1)
        passphrase = content.decode("utf-8").removesuffix("\n").removesuffix("\r")
    except (OSError, UnicodeDecodeError) as error:
        raise SeedError(
            "the passphrase of the seed cannot be read from {path} ({reason}); put it there, on one line",
            path=str(place),
            reason=getattr(error, "strerror", None) or "not UTF-8",
        ) from error
    if not passphrase or len(content) > PASSPHRASE_SIZE_BYTES_MAX:
        raise SeedError(
            "{path} holds no passphrase of 1 to {limit} bytes; put the passphrase of the seed there, on one line",
            path=str(place),
            limit=PASSPHRASE_SIZE_BYTES_MAX,
        )
    return passphrase


def unattended_passphrase(seed: Path) -> str:
    """The passphrase for the seed at `seed`, without asking anybody.

    Raises:
        SeedError: there is none.
    """
    passphrase = given_passphrase()
    if passphrase is None:
        raise SeedError(
            "the seed {path} has a passphrase; name a file that holds it in ${variable}, or give it to the service as"
            " the credential {credential}",
            path=str(seed),
            variable=FILE_VARIABLE,
            credential=CREDENTIAL_NAME,
        )
    return passphrase


class RememberedPassphrase:
    """Asks once, and answers the same afterwards: for whoever opens two seeds, of which nobody is to be asked twice."""

    def __init__(self, ask: SeedPassphrase) -> None:
        self._ask = ask
        self.answer: str | None = None

    def __call__(self, seed: Path) -> str:
        """The passphrase; raises as what it asks does."""
        if self.answer is None:
            self.answer = self._ask(seed)
        return self.answer


def _place() -> Path | None:
    named = os.environ.get(FILE_VARIABLE)
    if named:
        return Path(named)
    folder = os.environ.get(CREDENTIALS_VARIABLE)
    credential = Path(folder) / CREDENTIAL_NAME if folder else None
    return credential if credential is not None and credential.exists() else None
