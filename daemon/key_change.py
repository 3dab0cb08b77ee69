"""An open node that goes on under its next keys: whether it is to, and doing it.

Owns the way from the ledger in a node's folder to the change of that folder (`daemon.next_keys`); the database stays
open and as it is, only seed, sign-state and description are others afterwards. Source: docs/adr/0032-keys-of-nodes.md.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

from daemon.errors import HomeError, SeedError
from daemon.home_files import Home
from daemon.next_keys import decide_change, finish_change, is_change_due, read_next_description
from daemon.registry_directory import StoredState
from daemon.seed import read_keys
from daemon.seed_passphrase import SeedPassphrase
from daemon.sign_state_file import Binding, SignStateFile
from ledger.errors import InvalidGenesisError
from ledger.hashing import Hash
from ledger.json_fault import json_fault
from ledger.node_keys import NodeDescription

if TYPE_CHECKING:
    from daemon.home import OpenHome


def next_keys_due(opened: "OpenHome") -> Hash | None:
    """The node id under which this node should go on now, as far as its ledger says; None as a rule.

    Cost: a file that is not there, as a rule; else some look-ups in the state.

    Raises:
        HomeError: the next keys' description is none.
    """
    successor = _next_description(opened.home)
    if successor is None:
        return None
    is_due = is_change_due(StoredState(opened.store), opened.keys.node_id, successor.node_id)
    return successor.node_id if is_due else None


def under_due_keys(opened: "OpenHome", passphrase: SeedPassphrase) -> "OpenHome":
    """The same node, or what it is under its next keys if they are due; closed where this raises.

    Raises: as `under_next_keys`.
    """
    try:
        is_due = next_keys_due(opened) is not None
    except BaseException:
        opened.close()
        raise
    return under_next_keys(opened, passphrase) if is_due else opened


def under_next_keys(opened: "OpenHome", passphrase: SeedPassphrase) -> "OpenHome":
    """The node under its next keys, which are there; the old ones are gone. `opened` is closed where this raises.

    Raises:
        SeedError: the next seed cannot be used, or is another one than published.
        HomeError, SignStateError: the folder is not as it was left.
        OSError: the system refuses.
    """
    home = opened.home
    try:
        keys = read_keys(Home(home.next_keys).seed, passphrase)
        description = _next_description(home)
        if description is None or keys.node_id != description.node_id:
            raise SeedError(
                "{path} is the seed of another node than the one in {public}; put this node's own seed back",
                path=str(Home(home.next_keys).seed),
                public=str(Home(home.next_keys).public),
            )
        decide_change(home, keys, description, opened.sign_state, opened.genesis.network_id)
        finish_change(home)
        sign_state = SignStateFile(home.sign_state, Binding(keys.node_id, opened.genesis.network_id))
    except BaseException:
        opened.close()
        raise
    opened.sign_state.close()
    described = NodeDescription.of(opened.config.name, opened.config.listen, keys)
    return replace(opened, keys=keys, description=described, sign_state=sign_state, invitation=None)


def _next_description(home: Home) -> NodeDescription | None:
    try:
        return read_next_description(home)
    except (InvalidGenesisError, UnicodeDecodeError) as error:
        raise HomeError(
            "{path} is not the description of this node's next keys ({reason}); run `banyan keys next`",
            path=str(Home(home.next_keys).public),
            reason=json_fault(error) if isinstance(error, UnicodeDecodeError) else error,
        ) from error
