"""What version n of the protocol means: the one place that says it.

Owns the table of the versions that this program can follow: by which contracts the blocks of a version are executed,
and which transactions they may hold. Everything that differs between versions hangs on an entry here and is picked by
the version in a block's header, for new blocks and old ones alike: catching up, replay and audit go through the same
table. Never says which version is in force (`contracts.protocol_record` does).

A version, once it was in force in any network, is never changed and never taken out while ledgers with its blocks are
to be verified. The forms of headers, outcome leaves and envelopes carry numbers of their own.
Source: docs/protocol.md, section 5, "Versions of the protocol"; docs/adr/0033-upgrades.md.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache

from contracts.builtin import builtin_registry
from contracts.errors import ContractError
from contracts.protocol_record import VERSION_FIRST
from contracts.registry import Registry
from ledger.transaction import Transaction


def every_transaction(_transaction: Transaction) -> bool:
    """Whatever can be read as a transaction may be in a block."""
    return True


@dataclass(frozen=True, slots=True)
class Protocol:
    """One version.

    `registry`: the contracts that execute its blocks. `admits`: whether a block may hold this transaction, by its bytes
    alone, as that has to be told before anything is executed; a leader leaves what is not admitted in its pool.
    """

    version: int
    registry: Registry
    admits: Callable[[Transaction], bool] = every_transaction


class Protocols:
    """The versions that a program can follow, ascending from the first."""

    def __init__(self, protocols: Iterable[Protocol]) -> None:
        """Versions are consecutive from 1, or the program could not verify a ledger from its beginning.

        Raises:
            ContractError: they are not.
        """
        self._protocols = tuple(protocols)
        if not self._protocols or self.versions != tuple(range(VERSION_FIRST, VERSION_FIRST + len(self._protocols))):
            raise ContractError("the versions of the protocol that a program follows are 1, 2 and so on without a gap")

    @property
    def versions(self) -> tuple[int, ...]:
        """All versions, ascending."""
        return tuple(one.version for one in self._protocols)

    @property
    def newest(self) -> Protocol:
        """The highest one."""
        return self._protocols[-1]

    def find(self, version: int) -> Protocol | None:
        """What this version means; None if the program is too old (or too young) for it."""
        return next((one for one in self._protocols if one.version == version), None)


@lru_cache(maxsize=1)
def builtin_protocols() -> Protocols:
    """What this program can follow."""
    return Protocols([Protocol(1, builtin_registry())])
