"""Voters and leader: whether there are enough of them, whether one more may fail, and why nobody leads.

Owns the judgement of who is there; heard is whoever signed something lately, whichever way it came
(`voters_heard_ms` in `GET /v1/status`). Source: docs/protocol.md, section 6.
"""

from collections.abc import Iterator

from cli.doctor.finding import Finding, Kind, Severity
from cli.doctor.look import Look, Online
from cli.language import N_
from consensus.voters import quorum_size_of

NO_QUORUM = Kind(
    "no-quorum",
    Severity.ERROR,
    N_(
        "Nothing can be written: {present} of {voters} voters are heard, and {quorum} are needed. Not heard: {missing}."
    ),
    N_(
        "Start the missing voters, or mend their network. If too many are lost for good, only a successor network"
        " helps: `banyan successor`, and its guide."
    ),
)
QUORUM_AT_RISK = Kind(
    "quorum-at-risk",
    Severity.WARNING,
    N_(
        "One more voter that fails stops the network: {present} of {voters} are heard, and {quorum} are needed. Not"
        " heard: {missing}."
    ),
    N_("Start the missing voters, or mend their network, before anything else is taken down."),
)
VOTER_SILENT = Kind(
    "voter-silent",
    Severity.WARNING,
    N_("The voter {node} was not heard for {seconds} seconds."),
    N_("Look at that machine and its network. If the voter does not come back, replace it: `banyan voters remove`."),
)
NO_SPARE_VOTER = Kind(
    "no-spare-voter",
    Severity.INFO,
    N_("With {voters} voters, none may fail: {quorum} are needed."),
    N_("Add voters: with three one may fail, with five two."),
)
NO_LEADER = Kind(
    "no-leader",
    Severity.ERROR,
    N_("Enough voters are heard ({present} of {voters}), and nobody leads them; this node is in term {term}."),
    N_(
        "Wait half a minute. If it stays so: are clocks right, are disks full, do the voters reach each other? Run"
        " `banyan doctor` on each of them."
    ),
)
NOT_ACCEPTING = Kind(
    "not-accepting",
    Severity.ERROR,
    N_("This node takes no transactions: {reason}"),
    N_("What is in its way is most likely among the other findings; see also its log."),
)
BEHIND = Kind(
    "behind",
    Severity.WARNING,
    N_("This node is {blocks} blocks behind its neighbours."),
    N_("It catches up by itself: `banyan watch` shows how far it is. If it does not move, look at its log and disk."),
)
CHANGE_WAITS = Kind(
    "change-waits",
    Severity.WARNING,
    N_("A change of voters waits: {reason}"),
    N_("Bring the voters back that are missing, or let the new one catch up. Only if they are lost for good: --force."),
)

KINDS = (
    NO_QUORUM,
    QUORUM_AT_RISK,
    VOTER_SILENT,
    NO_SPARE_VOTER,
    NO_LEADER,
    NOT_ACCEPTING,
    BEHIND,
    CHANGE_WAITS,
)
# As many as a node may have under way while it is busy: the window of blocks.
BEHIND_BLOCKS = 16
# The code of the problem that a node has which knows no leader.
_BEGINS = "not-accepting"


def check(look: Look) -> Iterator[Finding]:
    """What is wrong with voters, leader and this node's part."""
    online = look.online
    if online is None:
        return
    # Nobody talks to a node that has left: their silence tells nothing of the voters.
    if not online.has_left:
        yield from _check_voters(online, [voter for voter in online.status["voters"] if online.is_silent(voter)])
    yield from _check_part(online)


def _check_voters(online: Online, silent: list[str]) -> Iterator[Finding]:
    status = online.status
    voters = len(status["voters"])
    quorum = quorum_size_of(voters, status["network"]["quorum"])
    present = voters - len(silent)
    missing = ", ".join(sorted(map(online.name_of, silent)))
    counts = {"present": present, "voters": voters, "quorum": quorum}
    if present < quorum:
        yield NO_QUORUM.found(missing=missing, **counts)
    elif present == quorum and silent:
        yield QUORUM_AT_RISK.found(missing=missing, **counts)
    for voter in silent:
        age_ms = status["voters_heard_ms"].get(voter)
        seconds = (status["uptime_ms"] if age_ms is None else age_ms) // 1000
        yield VOTER_SILENT.found(node=online.name_of(voter), seconds=seconds)
    if voters == quorum:
        yield NO_SPARE_VOTER.found(voters=voters, quorum=quorum)
    leader = status["leader"]
    if present >= quorum and not online.is_fresh and (leader is None or leader in silent):
        yield NO_LEADER.found(term=status["term"], **counts)


def _check_part(online: Online) -> Iterator[Finding]:
    from cli.client import problem_error

    status = online.status
    # Every node begins so: nobody has told it yet who leads.
    begins = online.is_fresh and status["problem"] is not None and status["problem"]["code"] == _BEGINS
    if status["problem"] is not None and not begins:
        yield NOT_ACCEPTING.found(reason=problem_error(status["problem"]))
    if status["lag_blocks"] > BEHIND_BLOCKS:
        yield BEHIND.found(blocks=status["lag_blocks"])
    if status["change_waits"] is not None:
        yield CHANGE_WAITS.found(reason=problem_error(status["change_waits"]["problem"]))
