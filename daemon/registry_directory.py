"""Who may connect, by the ledger's registry of nodes as it is on the disk.

Owns the way from the registry's records to the transport's contacts; keeps nothing, so that a node that has left is out
with the block that says so. Cost of a look-up: microseconds.
"""

from collections.abc import Iterator

from contracts.node_registry import (
    NODE_PREFIX,
    RegisteredNode,
    holder_of_key,
    node_of,
    node_of_transport_key,
    registered_nodes,
)
from ledger.hashing import Hash
from p2p.contacts import Contact
from p2p.invitations import Guest
from storage.interface import StoreReader


class StoredState:
    """A store's state as contracts read it."""

    def __init__(self, store: StoreReader) -> None:
        self._store = store

    def get(self, key: bytes) -> bytes | None:
        """The record at `key`, or None."""
        return self._store.state(key)


class RegistryDirectory:
    """`p2p.contacts.Directory` over a node's store.

    `hosts` are whom the node `own` was invited to; they count while the registry does not name `own`.
    """

    def __init__(self, store: StoreReader, own: Hash, hosts: tuple[Contact, ...] = ()) -> None:
        self._store = store
        self._state = StoredState(store)
        self._own = own
        self._hosts = {one.node: one for one in hosts}

    def contacts(self) -> Iterator[Contact]:
        """Every node that has not left, and the hosts."""
        hosts = dict(self._hosts) if self._is_guest else {}
        for node in registered_nodes(self._store.scan_state(NODE_PREFIX)):
            yield hosts.pop(node.id) if node.id in hosts else _contact(node)
        yield from hosts.values()

    def contact(self, node: Hash) -> Contact | None:
        """The node with this id, unless it has left."""
        # What an invitation says of an address is newer than a registry from before this node joined.
        if node in self._hosts and self._is_guest:
            return self._hosts[node]
        found = node_of(self._state, node)
        return _contact(found) if found is not None and found.is_member else None

    def node_of(self, transport_key: bytes) -> Hash | None:
        """Which node may connect with this key now."""
        found = node_of_transport_key(self._state, transport_key)
        if found is not None:
            return found.id
        hosts = self._hosts.values() if self._is_guest else ()
        return next((one.node for one in hosts if one.transport_key == transport_key), None)

    def has_named(self, guest: Guest) -> bool:
        """Whether the registry names this node or its key, or once did: it alone says then whether the node gets in."""
        return (
            node_of(self._state, guest.node) is not None or holder_of_key(self._state, guest.transport_key) is not None
        )

    @property
    def _is_guest(self) -> bool:
        """Whether the node joined by invitation and the registry, as far as it is here, does not name it yet."""
        return bool(self._hosts) and node_of(self._state, self._own) is None

    def names(self) -> dict[str, Hash]:
        """The node of each name that is in use."""
        return {one.name: one.id for one in registered_nodes(self._store.scan_state(NODE_PREFIX))}


def _contact(node: RegisteredNode) -> Contact:
    return Contact(node.id, node.transport, node.address)
