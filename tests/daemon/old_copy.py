"""A store as it was at an earlier height, as an old copy of the disk has it."""

from contracts.protocols import builtin_protocols
from daemon.chain import Chain
from daemon.recovery import load_block
from ledger.genesis import Genesis
from storage.interface import WriteBatch
from storage.memory import MemoryStore
from tests.daemon.driver import memory_store


def executed_up_to(genesis: Genesis, store: MemoryStore, height: int) -> MemoryStore:
    """The first blocks of `store`, executed again."""
    copy = memory_store(genesis)
    chain = Chain(genesis, builtin_protocols(), copy)
    for number in range(1, height + 1):
        block = load_block(genesis, store, chain.tip, number)
        chain.append(block)
        executed = chain._execute(block, bytes(store.certificate(number) or b""), number)
        copy.apply([WriteBatch(blocks=(block.stored,), executions=(executed.stored,))])
        chain.overlay.stored(number)
    return copy
