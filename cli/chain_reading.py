"""A subject's chain, fetched from a node page by page and verified link by link.

Owns the fetching, and how long it goes on: to the end that the ledger's own record of the chain named when it began.
Never shows anything. Source: docs/protocol.md, section 4.
"""

from collections.abc import Callable
from typing import Any

from cli.chain_verification import ChainVerification, CheckedLink
from cli.client import NodeClient, path_of
from cli.errors import RefusedError

# What the API gives in one answer.
PAGE_SIZE = 500


def verified_chain(
    client: NodeClient,
    subject: str,
    take: Callable[[CheckedLink], None] = lambda link: None,
    advance: Callable[[int, int], None] = lambda done, total: None,
) -> ChainVerification:
    """The chain of a subject, all of whose links hold, up to the end that it had when this began.

    Args:
        client: Asks the node.
        subject: Such as `unit/branch-1`.
        take: Is handed every link, in their order.
        advance: Is told after every page how many links were checked, of how many.

    Raises:
        VerificationError: a link does not follow from the one before, or links are missing.
    """
    chain = ChainVerification(subject)
    # The end is asked for first: the chain may grow while it is read, and must have at least this.
    head = _head(client, path_of("v1/records/chain", subject))
    expected = 0 if head is None else head["fields"]["sequence"]
    after: int | None = None
    while chain.count < expected:
        page = client.get(path_of("v1/subjects", subject, "history"), after=after, limit=PAGE_SIZE)
        for link in page["links"][: expected - chain.count]:
            take(chain.check(link))
        advance(chain.count, expected)
        after = page["next"]
        if after is None:
            break
    chain.check_end(head)
    return chain


def _head(client: NodeClient, path: str) -> dict[str, Any] | None:
    try:
        record: dict[str, Any] = client.get(path)
    except RefusedError as error:
        if error.code != "record-unknown":
            raise
        return None
    return record
