"""Which file of a node lies where in its folder.

Owns the names alone; never opens a file.

    config.toml        settings, no secrets        daemon.config
    seed               32 secret bytes, 0600       daemon.seed
    sign-state         what was signed last        daemon.sign_state_file
    keys-next/         the keys that come next     daemon.next_keys
    keys-changing/     a change to them, begun     daemon.next_keys
    node.public.json   what the node publishes     ledger.node_keys
    genesis.json       the network                 ledger.genesis
    invitation         who let this node in        daemon.invited
    invitations        whom this node let in       daemon.hospitality
    inheritance        a successor's beginning     storage.inheritance_file
    succeeded          whose successor it endorsed daemon.succession
    db/                the ledger                  storage
    snapshots/         the state for others        storage.snapshot_folder
      incoming/        the state of others         daemon.sync_place
    control.sock       the operator's door         daemon.control_socket
    lock               one daemon at a time        daemon.lock
"""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Home:
    """Where the files of a node lie."""

    directory: Path

    @property
    def config(self) -> Path:
        """Settings."""
        return self.directory / "config.toml"

    @property
    def seed(self) -> Path:
        """The node's secret."""
        return self.directory / "seed"

    @property
    def sign_state(self) -> Path:
        """What was signed last."""
        return self.directory / "sign-state"

    @property
    def next_keys(self) -> Path:
        """The keys that this node has next, while it has others."""
        return self.directory / "keys-next"

    @property
    def changing_keys(self) -> Path:
        """Those that it changes to; there only if that was interrupted."""
        return self.directory / "keys-changing"

    @property
    def public(self) -> Path:
        """What the node publishes of itself."""
        return self.directory / "node.public.json"

    @property
    def genesis(self) -> Path:
        """The network."""
        return self.directory / "genesis.json"

    @property
    def invitation(self) -> Path:
        """By which the node joined, where the genesis does not name it."""
        return self.directory / "invitation"

    @property
    def invitations(self) -> Path:
        """Whom the node has invited."""
        return self.directory / "invitations"

    @property
    def inheritance(self) -> Path:
        """The records that a successor network begins with."""
        return self.directory / "inheritance"

    @property
    def succeeded(self) -> Path:
        """There if the node endorsed a successor of its network; names it."""
        return self.directory / "succeeded"

    @property
    def database(self) -> Path:
        """The ledger."""
        return self.directory / "db"

    @property
    def snapshots(self) -> Path:
        """What this node made for others, and what it fetches of theirs."""
        return self.directory / "snapshots"

    @property
    def lock(self) -> Path:
        """Held by whoever uses the folder."""
        return self.directory / "lock"
