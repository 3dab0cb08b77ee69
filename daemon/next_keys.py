"""The next keys of a node, and the change to them: a new identity in the same folder, over the same ledger.

Owns the folders `keys-next` (made while the old keys serve) and `keys-changing` (the change is decided and not
finished) and the order in which files move. Never signs, never talks to the ledger. Everything but the making is done
under the folder's lock, while no node runs on it.

Invariants: one rename decides, `keys-next` to `keys-changing`; before it the next keys have signed nothing, after it
the old keys sign nothing any more, since every opening of the folder finishes the change first and the old seed is gone
when it is through. The next keys begin with everything in their sign-state that the old ones had promised, so that what
the machine said as the one it never contradicts as the other. Each step may be interrupted and is done again.

    keys-next/       seed, node.public.json              (made; both identities exist)
    keys-next/       seed, node.public.json, sign-state  (copied from the old one, durable)
    keys-changing/   the same                            (decided)
    seed, sign-state, node.public.json                   (finished)

Source: docs/adr/0032-keys-of-nodes.md.
"""

import os
from pathlib import Path

from contracts.node_registry import node_of
from contracts.state import StateReader
from contracts.voter_record import current_voters
from daemon.durable_file import replace_file, sync_directory
from daemon.home_files import Home
from daemon.lock import HomeLock
from daemon.seed import create_seed, is_sealed, read_keys
from daemon.seed_passphrase import RememberedPassphrase, SeedPassphrase
from daemon.sign_state_file import Binding, SignStateFile
from ledger.hashing import Hash
from ledger.node_keys import NodeDescription, NodeKeys

_PUBLIC_MODE = 0o644
_FOLDER_MODE = 0o700
_LOCK = "lock"
# In this order: with the seed the old keys are gone.
_MOVED = ("seed", "sign-state", "node.public.json")


def make_next_keys(home: Home, name: str, listen: str, passphrase: SeedPassphrase) -> NodeDescription:
    """Draw the node's next keys, or find those that were drawn already; durable when this returns.

    The running node may go on meanwhile. Where its seed is sealed, the next one is sealed with the same passphrase.

    Raises:
        SeedError: the node's own seed, or the next one, cannot be used.
        HomeLockedError: somebody else makes them just now.
        OSError: the system refuses.
    """
    folder = Home(home.next_keys)
    home.next_keys.mkdir(mode=_FOLDER_MODE, exist_ok=True)
    sync_directory(home.directory)
    with HomeLock(home.next_keys / _LOCK):
        asked = RememberedPassphrase(passphrase)
        if not folder.seed.exists():
            # It has to open the seed that is there: the next one would be under a mistyped passphrase otherwise.
            read_keys(home.seed, asked)
            create_seed(folder.seed, asked.answer if is_sealed(home.seed) else None)
        description = NodeDescription.of(name, listen, read_keys(folder.seed, asked))
        replace_file(folder.public, description.to_json().encode("utf-8"), _PUBLIC_MODE)
    return description


def read_next_description(home: Home) -> NodeDescription | None:
    """What the next keys publish; None while none are made.

    Raises:
        InvalidGenesisError, UnicodeDecodeError: the file is not what `make_next_keys` wrote.
        OSError: the system refuses.
    """
    try:
        with Home(home.next_keys).public.open("rb") as file:
            return NodeDescription.from_json(file.read(_PUBLIC_SIZE_BYTES_MAX).decode("utf-8"))
    except FileNotFoundError:
        return None


# A description has 800 bytes.
_PUBLIC_SIZE_BYTES_MAX = 16 * 1024


def is_change_due(state: StateReader, own: Hash, successor: Hash) -> bool:
    """Whether the node `own` should go on as `successor` now, as far as this state knows.

    The registry has to name the successor in this node's place. Where this node votes, the successor has to have its
    vote before: then as many voters are in reach after the change as before it, whoever else is down, and no set stands
    still for want of a vote that only its own quorum could give.

    Raises:
        DecodingError: a record is damaged.
    """
    node = node_of(state, successor)
    if node is None or not node.is_member or node.replaces != own:
        return False
    listed = {one.node_id for one in current_voters(state).voters}
    return own not in listed or successor in listed


def decide_change(
    home: Home, keys: NodeKeys, description: NodeDescription, sign_state: SignStateFile, network_id: Hash
) -> None:
    """Let the next keys take over: durable when this returns, and not to be taken back.

    Args:
        home: Locked, and no node runs on it.
        keys: Those in `keys-next`.
        description: Of these keys.
        sign_state: What the old keys promised, as it stands now.
    """
    folder = Home(home.next_keys)
    # One of an interrupted attempt was never used; the old keys may have signed since.
    folder.sign_state.unlink(missing_ok=True)
    binding = Binding(keys.node_id, network_id)
    SignStateFile.create(folder.sign_state, binding, sign_state.state)
    copied = SignStateFile(folder.sign_state, binding)
    try:
        copied.save(sign_state.state, flush=True, certificate=sign_state.certificate)
    finally:
        copied.close()
    replace_file(folder.public, description.to_json().encode("utf-8"), _PUBLIC_MODE)
    os.rename(home.next_keys, home.changing_keys)
    sync_directory(home.directory)


def finish_change(home: Home) -> bool:
    """Finish a change that was decided; whether there was one. To be called before anything of the folder is read.

    An invitation goes too: it was for the old keys, and the registry names the new ones.
    """
    changing = home.changing_keys
    if not changing.is_dir():
        return False
    for name in _MOVED:
        if (changing / name).exists():
            os.replace(changing / name, home.directory / name)
    home.invitation.unlink(missing_ok=True)
    sync_directory(home.directory)
    _remove(changing)
    sync_directory(home.directory)
    return True


def _remove(folder: Path) -> None:
    sync_directory(folder)
    for leftover in folder.iterdir():
        leftover.unlink()
    folder.rmdir()
