"""Versions: of this program, and of those that it talks with.

Owns the comparison of what nodes say of their software; an older node goes on working, as long as the protocol has a
version that both speak. Source: docs/reference/transport.md.
"""

import re
from collections.abc import Iterator

from cli.doctor.finding import Finding, Kind, Severity
from cli.doctor.look import Look, Online
from cli.language import N_

NO_COMMON_VERSION = Kind(
    "no-common-version",
    Severity.ERROR,
    N_("{node} ({address}) speaks no version of the protocol that this node knows."),
    N_("Upgrade the older one of the two."),
)
OLDER = Kind(
    "older",
    Severity.WARNING,
    N_("This node runs version {own}; {node} runs {newer}."),
    N_("Upgrade this node, as the operators' guide tells: stop, install, start, one node at a time."),
)
PEER_OLDER = Kind(
    "peer-older",
    Severity.INFO,
    N_("{node} runs version {older}; this node runs {own}."),
    N_("Tell its operator to upgrade."),
)
PROTOCOL_UNKNOWN = Kind(
    "protocol-unknown",
    Severity.ERROR,
    N_("From block {height} on, version {version} of the protocol counts, which this node does not know."),
    N_("Upgrade this node before, or it stops there; the ledger is at block {now}."),
)
PROTOCOL_UNANNOUNCED = Kind(
    "protocol-unannounced",
    Severity.WARNING,
    N_(
        "From block {height} on, version {version} of the protocol counts, and these voters have not said that they can"
        " follow it: {nodes}."
    ),
    N_(
        "Let their operators upgrade and announce it (`banyan protocol statement`), or put the change off; voters that"
        " cannot follow stop at that block."
    ),
)
PROTOCOL_CHANGES = Kind(
    "protocol-changes",
    Severity.INFO,
    N_("From block {height} on, version {version} of the protocol counts; this node knows it."),
    N_("Nothing is to be done here. Nodes that do not know it stop then: `banyan protocol show` names them."),
)
COMMAND_DIFFERS = Kind(
    "command-differs",
    Severity.WARNING,
    N_("The node runs version {node}, this command is of version {command}."),
    N_("Restart the node, so that it runs what is installed; or call the command that belongs to it."),
)

KINDS = (
    PROTOCOL_UNKNOWN,
    PROTOCOL_UNANNOUNCED,
    NO_COMMON_VERSION,
    OLDER,
    PEER_OLDER,
    PROTOCOL_CHANGES,
    COMMAND_DIFFERS,
)
_NUMBERS = re.compile(r"\d+")


def check(look: Look, own_version: str) -> Iterator[Finding]:
    """What is wrong with versions; `own_version` is this command's."""
    online = look.online
    if online is None:
        return
    running = str(online.status["version"])
    if running != own_version:
        yield COMMAND_DIFFERS.found(node=running, command=own_version)
    yield from _check_protocol(online)
    newest = ("", running)
    for peer in online.peers["peers"]:
        node, ending, sight = online.name_of(peer["id"]), peer["ending"], peer["sight"]
        if not peer["connected"] and ending is not None and ending["reason"] == "wrong-version":
            yield NO_COMMON_VERSION.found(node=node, address=ending["address"])
        if not peer["connected"] or sight is None or not sight["software"]:
            continue
        if _numbers(sight["software"]) > _numbers(newest[1]):
            newest = (node, sight["software"])
        elif _numbers(sight["software"]) < _numbers(running):
            yield PEER_OLDER.found(node=node, older=sight["software"], own=running)
    if newest[0]:
        yield OLDER.found(own=running, node=newest[0], newer=newest[1])


def _check_protocol(online: Online) -> Iterator[Finding]:
    protocol = online.status["protocol"]
    scheduled = protocol["scheduled"]
    if scheduled is None:
        return
    values = {"version": scheduled["version"], "height": scheduled["height"]}
    if scheduled["version"] in protocol["known"]:
        yield PROTOCOL_CHANGES.found(**values)
    else:
        yield PROTOCOL_UNKNOWN.found(now=online.status["executed_height"], **values)
    # Voters that came, or got new keys, after it was decided; and those that it was decided without.
    lacking = [one for one in online.status["voters"] if scheduled["version"] not in online.announced.get(one, ())]
    if lacking:
        yield PROTOCOL_UNANNOUNCED.found(nodes=", ".join(sorted(map(online.name_of, lacking))), **values)


def _numbers(version: str) -> tuple[int, ...]:
    """The order of releases: their numbers; what else stands there does not count."""
    return tuple(int(one) for one in _NUMBERS.findall(version[:64])[:4])
