"""What this node answers to neighbours who sync by snapshot or fill what lies below one. Pure; reads its store.

Owns where headers, voter sets and past blocks are read; parts of snapshots are files, which the shell reads
(`ReadPart`). Sizes are bounded by `p2p.answers`, numbers by the rates of `p2p.scores`. Source: docs/protocol.md, 10.
"""

from collections.abc import Sequence

from consensus.voters import VoterSet
from contracts.voter_record import voters_before, voters_numbered
from daemon.chain import Chain
from ledger.block import Header
from ledger.hashing import Hash
from p2p.answers import answer_headers, answer_past
from p2p.snapshot_frames import CarriedHeader, Headers, Past, PastRow, WantHeaders, WantPast
from storage.interface import StoreReader


class SyncAnswering:
    """One node's past, as its neighbours may ask for it."""

    def __init__(self, chain: Chain, reader: StoreReader) -> None:
        self._chain = chain
        self._reader = reader

    def headers(self, asked: WantHeaders) -> Headers:
        """Headers of executed blocks with their certificates, and who votes there."""
        newest = self._reader.head().executed_height

        def read(height: int) -> CarriedHeader | None:
            stored = self._reader.header(height) if height <= newest else None
            certificate = self._reader.certificate(height)
            if stored is None or not certificate:
                return None
            return CarriedHeader(
                bytes(stored.header), bytes(stored.signature), bytes(stored.election_certificate), bytes(certificate)
            )

        return answer_headers(asked, read, self._sets)

    def past(self, asked: WantPast) -> Past:
        """Executed blocks downwards, with their results, as far as they are kept."""
        head = self._reader.head()

        def read(height: int) -> Sequence[PastRow] | None:
            if not head.kept_from <= height <= head.executed_height:
                return None
            stored = self._reader.header(height)
            assert stored is not None, "every executed block has a header"
            entries = self._reader.entries(stored.first_index, stored.leaf_count)
            effects = [PastRow(b"", bytes(leaf)) for leaf in self._reader.timer_effects(height)]
            # The outcome leaf has no result.
            results = [b"", *self._reader.results(stored.first_index + 1, stored.leaf_count - 1)]
            return effects + [PastRow(bytes(one), bytes(two)) for one, two in zip(entries, results, strict=True)]

        return answer_past(asked, read)

    def _sets(self, headers: Sequence[CarriedHeader]) -> list[bytes]:
        """The sets that these headers name, each once; and the one before the first, where the asker's walk begins."""
        sets: dict[Hash, bytes] = {}
        for number, carried in enumerate(headers):
            header = Header.decode(carried.header)
            heights = (header.height - 1, header.height) if number == 0 and header.height > 1 else (header.height,)
            for height in heights:
                named = header.voter_set_hash if height == header.height else self._named_at(height)
                found = None if named in sets else self._set(height, named)
                if found is not None:
                    sets[named] = found.encode()
        return list(sets.values())

    def _named_at(self, height: int) -> Hash:
        stored = self._reader.header(height)
        assert stored is not None, "headers have no gaps"
        return Header.decode(stored.header).voter_set_hash

    def _set(self, height: int, named: Hash) -> VoterSet | None:
        """The set with this hash that is in force at `height`: that of the state before, or of a barrier below."""
        record = voters_before(self._chain.overlay, height)
        if record.voter_set.hash == named:
            return record.voter_set
        before = voters_numbered(self._chain.overlay, record.number - 1)
        return before.voter_set if before is not None and before.voter_set.hash == named else None
