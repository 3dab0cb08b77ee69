"""Who may connect: the nodes that there are, their transport keys, and where they can be reached.

Owns the shape in which the transport is told; where it comes from (the registry of the ledger, an invitation) is its
owner's matter. Pure.
"""

from collections.abc import Iterable
from typing import NamedTuple, Protocol

from ledger.hashing import Hash


class Contact(NamedTuple):
    """A node, its key for TLS, and its `HOST:PORT`, or None where nobody can dial it."""

    node: Hash
    transport_key: bytes
    address: str | None


class Directory(Protocol):
    """The live registry: asked again for every connection, so that whoever left it is out at once."""

    def contacts(self) -> Iterable[Contact]:
        """Everybody who may connect now."""

    def contact(self, node: Hash, /) -> Contact | None:
        """The node with this id."""

    def node_of(self, transport_key: bytes, /) -> Hash | None:
        """Which node has this transport key now."""


class ContactList:
    """A directory that is replaced as a whole: where the registry is not there yet, or was read at once."""

    def __init__(self, contacts: Iterable[Contact] = ()) -> None:
        self.replace(contacts)

    def replace(self, contacts: Iterable[Contact]) -> None:
        """From now on there are these."""
        self._contacts = {one.node: one for one in contacts}
        self._nodes = {one.transport_key: one.node for one in self._contacts.values()}

    def contacts(self) -> Iterable[Contact]:
        """Everybody in the list."""
        return tuple(self._contacts.values())

    def contact(self, node: Hash) -> Contact | None:
        """The node with this id."""
        return self._contacts.get(node)

    def node_of(self, transport_key: bytes) -> Hash | None:
        """Which node has this key."""
        return self._nodes.get(transport_key)
