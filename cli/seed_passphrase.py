"""The passphrase of a node's seed, for commands: from where a service finds it, or asked for at the terminal.

Owns the question. Source: docs/adr/0032-keys-of-nodes.md.
"""

import getpass
import sys
from pathlib import Path

from cli.errors import UsageError
from cli.language import _
from daemon.seed_passphrase import given_passphrase, unattended_passphrase


def ask_seed_passphrase(seed: Path) -> str:
    """The passphrase of the seed at `seed`.

    Raises:
        SeedError: none was given and there is no terminal to ask at.
    """
    given = given_passphrase()
    if given is not None:
        return given
    if not sys.stdin.isatty():
        return unattended_passphrase(seed)
    return getpass.getpass(_("Passphrase of the node's seed: "))


def choose_seed_passphrase() -> str:
    """A passphrase for a seed that has none: given as a service finds it, or asked for twice.

    Raises:
        UsageError: it is empty, the two differ, or there is no terminal to ask at.
        SeedError: the file that is named cannot be read.
    """
    given = given_passphrase()
    if given is not None:
        return given
    if not sys.stdin.isatty():
        raise UsageError(
            "there is no terminal to ask for a passphrase; name a file that holds it in $BANYAN_SEED_PASSPHRASE_FILE"
        )
    first = getpass.getpass(_("Passphrase for the node's seed: "))
    if not first:
        raise UsageError("an empty passphrase protects nothing; nothing was done")
    if getpass.getpass(_("The same again: ")) != first:
        raise UsageError("the two passphrases differ; nothing was made, try again")
    return first
