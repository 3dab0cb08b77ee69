"""The genesis and node descriptions that a command is given, and the genesis of the node's own folder.

Owns reading them from files; never changes what they say.
"""

from pathlib import Path

from cli.errors import CommandError, UsageError
from cli.named_file import read_text
from daemon.home import Home
from ledger.errors import InvalidGenesisError
from ledger.genesis import Genesis, parse_genesis
from ledger.node_keys import NodeDescription
from ledger.strict_json import JSON_SIZE_CHARACTERS_MAX

# A character has up to four bytes.
_SIZE_BYTES_MAX = 4 * JSON_SIZE_CHARACTERS_MAX


def read_genesis(path: Path) -> Genesis:
    """The genesis in the file at `path`.

    Raises:
        UsageError: it cannot be read, or is no genesis.
    """
    text = read_text(path, _SIZE_BYTES_MAX)
    try:
        return parse_genesis(text)
    except InvalidGenesisError as error:
        raise UsageError(
            "{path} is not a usable genesis: {reason}; take the network's own genesis.json",
            path=str(path),
            reason=error,
        ) from error


def read_home_genesis(directory: Path) -> Genesis:
    """The genesis of the network that the node in `directory` belongs to.

    Raises:
        CommandError: there is none.
    """
    path = Home(directory).genesis
    if not path.exists():
        raise CommandError(
            "{path} is not there, so no network is known to submit to; give the folder of a joined node with --home",
            path=str(path),
        )
    return read_genesis(path)


def read_node_description(path: Path) -> NodeDescription:
    """The node description in the file at `path`.

    Raises:
        UsageError: it cannot be read, or is no node description.
    """
    text = read_text(path, _SIZE_BYTES_MAX)
    try:
        return NodeDescription.from_json(text)
    except InvalidGenesisError as error:
        raise UsageError(
            "{path} is not a node's description: {reason}; take the node.public.json that `banyan init` made",
            path=str(path),
            reason=error,
        ) from error
