"""Per-subject chains: every entry that concerns a subject hangs on the one before.

Owns the link, `H("link", previous link, leaf hash)`, and the record `chain/<subject>` with a chain's newest link.
Never keeps a whole chain; that is a store's. Whoever knows the newest link of a subject can check that a list of
entries is all there is about it, none left out, none moved. Invariant: sequences start at 1 and have no gaps.
Source: docs/protocol.md, section 4.
"""

import re
from collections.abc import Iterable
from hashlib import sha256

from contracts.errors import ContractError
from contracts.record import Record
from contracts.result import ResultLink
from contracts.state import BlockState
from ledger.encoding import encode_checked
from ledger.errors import DecodingError
from ledger.hashing import HASH_SIZE_BYTES, ZERO_HASH, Hash, domain

# Makes a named tuple of its items at a quarter of what its own constructor takes, which is written in Python.
made = tuple.__new__

CHAIN_KIND = "chain"

_RECORD_KEY_PREFIX = b"chain\0"
_LINK = domain("link")
# `unit/kubernetes`, `member/<hex>`, `person/<id>`; with the kind before it, it must fit into a record's key.
_SUBJECT = re.compile(r"[a-z][a-z-]{0,31}/[!-~]{1,200}")

# The record of a chain of at most 127 links, which has this one form. Most chains are short, and a block reads one for
# nearly every transaction: the general codec takes three times as long.
_SHORT = re.compile(rb"\x92([\x01-\x7f])\x82\xa4link\xc4\x20(.{32})\xa8sequence\1", re.DOTALL)


def check_subject(subject: str) -> None:
    """Refuse what cannot name a chain.

    Raises:
        ContractError: not `kind/id` in printable ASCII; contracts make subjects of checked identifiers only.
    """
    if not _SUBJECT.fullmatch(subject):
        raise ContractError("{subject!r} cannot be the subject of a chain", subject=subject)


def chain_record_key(subject: str) -> bytes:
    """The key of the record that holds the newest link of a subject's chain."""
    return _RECORD_KEY_PREFIX + subject.encode("ascii")


def next_link(previous: Hash, leaf_hash: Hash) -> Hash:
    """The link that ties the entry with this leaf hash to the chain so far (32 zero bytes at first)."""
    return sha256(_LINK + previous + leaf_hash).digest()


class ChainHead:
    """The newest link of one subject's chain; a `LateRecord` of the state, its version is the sequence."""

    __slots__ = ("link", "sequence", "written")

    def __init__(self, sequence: int, link: Hash) -> None:
        self.sequence = sequence
        self.link = link
        # Whether the block's state has it yet: an empty chain has no record to be read.
        self.written = False

    def encode(self) -> bytes:
        """The bytes of the record `chain/<subject>`."""
        return encode_checked([self.sequence, {"link": self.link, "sequence": self.sequence}])

    @classmethod
    def decode(cls, data: bytes | None) -> "ChainHead":
        """The head in a record's bytes; an empty chain where there is no record.

        Raises:
            DecodingError: not the record of a chain.
        """
        if data is None:
            return cls(0, ZERO_HASH)
        short = _SHORT.fullmatch(data)
        if short is not None:
            return cls(short[1][0], short[2])
        fields = Record.decode_own(data).fields
        sequence, link = fields.get("sequence"), fields.get("link")
        if type(sequence) is not int or sequence < 1 or not isinstance(link, bytes) or len(link) != HASH_SIZE_BYTES:
            raise DecodingError("the record of a chain lacks its sequence or link")
        return cls(sequence, link)


class Chains:
    """The chains that a block's runs lengthen: the newest link of each subject as of now.

    Read from the state on a subject's first use. Bounded by the block: at most its runs times the links of one.
    """

    __slots__ = ("_heads", "_state")

    def __init__(self, state: BlockState) -> None:
        self._heads: dict[str, ChainHead] = {}
        self._state = state

    def next_links(self, subjects: Iterable[str], linked: Hash) -> tuple[ResultLink, ...]:
        """What the chains of these subjects are lengthened by if an entry with this hash is linked; not yet done.

        Raises:
            ContractError: one of them cannot be the subject of a chain.
        """
        heads = self._heads
        links = []
        for subject in subjects:
            head = heads[subject] if subject in heads else self._read(subject)
            # As `next_link`, without the call.
            link = sha256(_LINK + head.link + linked).digest()
            links.append(made(ResultLink, (subject, head.sequence + 1, link)))
        return tuple(links)

    def lengthen(self, links: Iterable[ResultLink]) -> None:
        """Hang on what `next_links` has found, and make the heads part of the block's state."""
        heads = self._heads
        for subject, sequence, link in links:
            head = heads[subject]
            head.sequence = sequence
            head.link = link
            if not head.written:
                # Once: what the head becomes later counts too.
                self._state.put(chain_record_key(subject), head)
                head.written = True

    def _read(self, subject: str) -> ChainHead:
        # Of what is no subject there is no record either.
        data = self._state.get(_RECORD_KEY_PREFIX + subject.encode())
        if data is None:
            check_subject(subject)
        head = self._heads[subject] = ChainHead.decode(data)
        return head
