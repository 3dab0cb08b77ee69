"""What can be compared only when the whole log was read: state, payloads, checkpoint, head.

Owns those comparisons, each a function that returns when all is well. Never re-derives anything itself: it is
handed what the pass over the blocks derived. Source: docs/reference/audit.md.
"""

from collections.abc import Callable, Iterator

from cli.audit.finding import AuditFinding
from cli.audit.source import LedgerSource, SourceHead
from contracts.record import parse_record_key
from ledger.checkpoint import Checkpoint
from ledger.detached import DetachedValue
from ledger.errors import DecodingError, InvalidNoteError, InvalidProofError
from ledger.hashing import Hash
from ledger.note import Note
from ledger.policy import Policy
from ledger.tiles import tile_width
from ledger.tree import CompactRange, MissingTileError
from storage.interface import StoredPayload

# How often progress is told, in rows.
_PROGRESS_EVERY = 8192


def check_state(
    derived: Iterator[tuple[bytes, bytes]], stored: Iterator[tuple[bytes, bytes]], progress: Callable[[int], None]
) -> None:
    """Every derived record is stored with the same bytes, and no other is; both ascend by key.

    Raises:
        AuditFinding: names the first key at which the two differ.

    Cost: about 2 µs a record; holds one record of each.
    """
    count = 0
    right, found = next(derived, None), next(stored, None)
    while right is not None or found is not None:
        if right != found:
            raise _state_difference(right, found)
        count += 1
        if count % _PROGRESS_EVERY == 0:
            progress(count)
        right, found = next(derived, None), next(stored, None)
    progress(count)


def _state_difference(right: tuple[bytes, bytes] | None, found: tuple[bytes, bytes] | None) -> AuditFinding:
    if right is not None and (found is None or right[0] < found[0]):
        return AuditFinding(
            "audit.state-missing",
            "the record {key} is missing from the stored state",
            key=readable_key(right[0]),
            expected=right[1],
        )
    assert found is not None, "the two differ, so there is at least one"
    if right is None or found[0] < right[0]:
        return AuditFinding(
            "audit.state-surplus",
            "the stored state has a record {key} that no transaction wrote",
            key=readable_key(found[0]),
            found=found[1],
        )
    return AuditFinding(
        "audit.state-changed",
        "the stored record {key} is not what executing the log gives",
        key=readable_key(right[0]),
        expected=right[1],
        found=found[1],
    )


def readable_key(key: bytes) -> str:
    """A record's key as `kind/id`; in hex where it is none."""
    try:
        kind, record_id = parse_record_key(key)
    except DecodingError:
        return key.hex()
    return f"{kind}/{record_id}"


def check_payloads(payloads: Iterator[StoredPayload], progress: Callable[[int], None]) -> None:
    """Every payload hashes to the commitment that it is stored by.

    Raises:
        AuditFinding: names the commitment.
    """
    count = 0
    for count, payload in enumerate(payloads, start=1):
        found = DetachedValue(payload.salt, payload.value).commitment
        if found != payload.commitment:
            raise AuditFinding(
                "audit.payload-changed",
                "the detached value stored for the commitment {key} is another one",
                key=payload.commitment.hex(),
                expected=payload.commitment,
                found=found,
            )
        if count % _PROGRESS_EVERY == 0:
            progress(count)
    progress(count)


class _CheckedTiles:
    """The tiles of a source whose tiles were compared with the log before; all of a tile that `tree_size` allows."""

    def __init__(self, source: LedgerSource, tree_size: int) -> None:
        self._source = source
        self._tree_size = tree_size

    def tile(self, level: int, index: int) -> bytes:
        """As `ledger.tree.TileReader` asks."""
        width = tile_width(self._tree_size, level, index)
        tile = self._source.tile(level, index, width) if width > 0 else None
        if tile is None:
            raise MissingTileError("tile {index} of level {level} is not there", index=index, level=level)
        return tile


def check_checkpoint(note: bytes, policy_at: Callable[[int], Policy], tree_size: int, source: LedgerSource) -> None:
    """The checkpoint is signed as the policy demands and states this log.

    Args:
        note: As stored.
        policy_at: That of the voters who sign a checkpoint of a size.
        tree_size: Entries of the re-derived log.
        source: Its tiles were compared with the log.

    Raises:
        AuditFinding
    """
    try:
        parsed = Note.parse(note)
        claimed = Checkpoint.parse(parsed.text)
    except InvalidNoteError as error:
        raise AuditFinding(
            "audit.checkpoint-malformed",
            "the stored checkpoint cannot be read: {reason}",
            found=note,
            reason=error,
        ) from error
    try:
        policy_at(claimed.tree_size).verify(parsed)
    except InvalidProofError as error:
        raise AuditFinding(
            "audit.checkpoint-forged",
            "the stored checkpoint is not signed as the network's policy demands: {reason}",
            found=note,
            reason=error,
        ) from error
    if claimed.tree_size > tree_size:
        raise AuditFinding(
            "audit.rolled-back",
            "the stored checkpoint covers {claimed} entries, the ledger has {size}: its end is missing, fetch it"
            " from another node",
            expected=claimed.tree_size,
            found=tree_size,
            claimed=claimed.tree_size,
            size=tree_size,
        )
    root = CompactRange.from_tiles(_CheckedTiles(source, tree_size), claimed.tree_size).root()
    if root != claimed.root:
        raise AuditFinding(
            "audit.checkpoint-forged",
            "the voters signed a checkpoint of {claimed} entries that is not of this log: they show two logs",
            expected=root,
            found=claimed.root,
            claimed=claimed.tree_size,
        )


def check_head(head: SourceHead, tip_hash: Hash, tree_size: int, state_digest: Hash, digest_lanes: bytes) -> None:
    """What the store says about where it stands is where the log leads.

    Raises:
        AuditFinding
    """
    if head.digest_lanes is not None and head.digest_lanes != digest_lanes:
        raise AuditFinding(
            "audit.digest-lanes-changed",
            "the stored lanes of the state digest are not those of the re-derived state",
            height=head.executed_height,
            expected=digest_lanes,
            found=head.digest_lanes,
        )
    for name, expected, found in (
        ("tip hash", tip_hash, head.tip_hash),
        ("tree size", tree_size, head.tree_size),
        ("state digest", state_digest, head.state_digest),
    ):
        if found is not None and found != expected:
            raise AuditFinding(
                "audit.head-changed",
                "the {name} in the stored head is not the one that the log leads to",
                height=head.executed_height,
                expected=expected,
                found=found,
                name=name,
            )
