"""Who may connect, by the ledger's registry of nodes as it is on the disk.

Owns the way from the registry's records to the transport's contacts; keeps nothing, so that a node that has left is out
with the block that says so. Cost of a look-up: microseconds.
"""

from collections.abc import Iterator

from contracts.node_registry import NODE_PREFIX, RegisteredNode, node_of, node_of_transport_key, registered_nodes
from ledger.hashing import Hash
from p2p.contacts import Contact
from storage.interface import StoreReader


class StoredState:
    """A store's state as contracts read it."""

    def __init__(self, store: StoreReader) -> None:
        self._store = store

    def get(self, key: bytes) -> bytes | None:
        """The record at `key`, or None."""
        return self._store.state(key)


class RegistryDirectory:
    """`p2p.contacts.Directory` over a node's store."""

    def __init__(self, store: StoreReader) -> None:
        self._store = store
        self._state = StoredState(store)

    def contacts(self) -> Iterator[Contact]:
        """Every node that has not left."""
        return map(_contact, registered_nodes(self._store.scan_state(NODE_PREFIX)))

    def contact(self, node: Hash) -> Contact | None:
        """The node with this id, unless it has left."""
        found = node_of(self._state, node)
        return _contact(found) if found is not None and found.is_member else None

    def node_of(self, transport_key: bytes) -> Hash | None:
        """Which node may connect with this key now."""
        found = node_of_transport_key(self._state, transport_key)
        return None if found is None else found.id

    def names(self) -> dict[str, Hash]:
        """The node of each name that is in use."""
        return {one.name: one.id for one in registered_nodes(self._store.scan_state(NODE_PREFIX))}


def _contact(node: RegisteredNode) -> Contact:
    return Contact(node.id, node.transport, node.address)
