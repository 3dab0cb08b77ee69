"""From which block on a store keeps what is old: entries, results, effects, links, ids. Pure.

A store that began with a snapshot has every header, certificate and tile and the whole state, but of the blocks below
its *base* nothing else until it is filled, block by block downwards. Owns where that edge is and how it moves; never
says what a question was about. Invariant: at and above `height` nothing is missing; below it there are no entries,
links or ids at all; results and effects reach down to `results_height`, since the next outcome leaves state them.
Source: docs/adr/0028-snapshots.md.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from contracts.chain import ChainHead, chain_record_key, check_subject
from contracts.changes import SubjectLink
from contracts.errors import ContractError
from ledger.errors import LocalError
from ledger.hashing import HASH_SIZE_BYTES
from ledger.tree import TILE_WIDTH, TileReader, leaf_hash
from storage.errors import NotKeptError
from storage.interface import StoredHeader, StoredPast


class Kept(NamedTuple):
    """The edge: the lowest block of which everything is here, and its first log index; the same of results alone."""

    height: int = 1
    first_index: int = 0
    results_height: int = 1
    results_index: int = 0

    def below(self, header: StoredHeader) -> "Kept":
        """The edge once everything of the block below it is here, whose header this is."""
        results = (self.results_height, self.results_index)
        return Kept(header.height, header.first_index, *min(results, (header.height, header.first_index)))

    def missing(self) -> NotKeptError:
        """The error for a question about what lies below the edge."""
        return NotKeptError(
            "this node keeps what was entered from block {height} on, and of older blocks the headers alone; ask a node"
            " that keeps all of them, `banyan status` says of each from which block on it does",
            height=self.height,
        )


WHOLE = Kept()


def check_past(kept: Kept, past: StoredPast, header: StoredHeader | None, tiles: TileReader) -> None:
    """Refuse what is not everything of the very block below the edge.

    Args:
        kept: Where the edge is.
        past: What is to be added there.
        header: That of `past.height`, which is stored.
        tiles: The store's own, which the tree root of a trusted header has proven.

    Raises:
        LocalError: it is another block's, or incomplete. Results and links are for the caller to check before.

    Cost: one hash for each entry.
    """
    if header is None or past.height != kept.height - 1:
        raise LocalError(
            "What is kept begins with block {kept}: it is filled downwards, not with block {height}.",
            kept=kept.height,
            height=past.height,
        )
    leaves = [leaf_hash(entry) for entry in past.entries]
    if leaves != _leaves(tiles, header.first_index, header.leaf_count):
        raise LocalError("The entries are not those of block {height}.", height=past.height)
    places = range(header.first_index + 1, header.first_index + header.leaf_count)
    if [one.leaf_index for one in past.results] != list(places):
        raise LocalError("The results are not those of all transactions of block {height}.", height=past.height)
    if any(one.leaf_index not in places for one in past.ids):
        raise LocalError("The ids are not those of block {height}.", height=past.height)
    if any(not header.first_index <= one.leaf_index < places.stop for one in past.links):
        raise LocalError("The links are not those of block {height}.", height=past.height)


def misses_links(
    subject: str, wanted: int, found: Sequence[SubjectLink], state: Callable[[bytes], bytes | None]
) -> bool:
    """Whether links from the sequence number `wanted` on lie below the edge, as the state's record of the chain tells.

    Args:
        subject: Any text; most texts are the subject of no chain.
        wanted: At least 1.
        found: What the store has from there on, ascending.
        state: The bytes of a record.

    Raises:
        DecodingError: the record of the chain is not one.
    """
    if found:
        return found[0].sequence > wanted
    try:
        check_subject(subject)
    except ContractError:
        return False
    return ChainHead.decode(state(chain_record_key(subject))).sequence >= wanted


def _leaves(tiles: TileReader, first_index: int, count: int) -> list[bytes]:
    """The leaf hashes of a block out of its tiles."""
    found: list[bytes] = []
    while len(found) < count:
        tile_index, offset = divmod(first_index + len(found), TILE_WIDTH)
        tile = tiles.tile(0, tile_index)
        stop = min(offset + count - len(found), TILE_WIDTH)
        found += [tile[at * HASH_SIZE_BYTES : (at + 1) * HASH_SIZE_BYTES] for at in range(offset, stop)]
    return found
