"""Who is reached and who reaches this node: both ways, with what the other ends said.

Owns the judgement of endings and sights (`GET /v1/peers`). That a node which nobody connects with from outside looks
sound from within is why its neighbours are asked. Source: docs/reference/transport.md.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from cli.doctor.finding import Finding, Kind, Severity
from cli.doctor.look import Look, Online
from cli.language import N_

ALONE = Kind(
    "alone",
    Severity.ERROR,
    N_("This node is connected with no other node; the registry names {count} others."),
    N_("Look at the other findings and at `banyan peers`: is the network up, are the others' addresses right?"),
)
UNREACHABLE = Kind(
    "unreachable",
    Severity.WARNING,
    N_("Nobody answers at the address of {node}, {address}."),
    N_("Ask its operator whether it runs, whether the address is right, and whether a firewall is between."),
)
OTHER_NETWORK = Kind(
    "other-network",
    Severity.ERROR,
    N_("{node} ({address}) belongs to another network."),
    N_("Compare the network ids that `banyan status` shows by telephone; one of the two has a wrong genesis.json."),
)
SHUT_OUT = Kind(
    "shut-out",
    Severity.WARNING,
    N_("{node} ({address}) does not let this node in, or is not who the registry says: {reason}."),
    N_("Has this node been added there, does each of the two run with its own folder, are both up to date?"),
)
MISBEHAVING = Kind(
    "misbehaving",
    Severity.WARNING,
    N_("{node} did what lowers its score to {score}; the last thing was {offence}."),
    N_("Look at `banyan peers` and at its own log: damaged, of another version, or not honest."),
)
NOT_REACHED = Kind(
    "not-reached",
    Severity.WARNING,
    N_("{node} does not reach this node at its registered address {address}."),
    N_(
        "Open the port in firewall and router for the other nodes, or correct the address with `banyan submit"
        " governance.node-update`. A node that only dials out works, as long as it reaches others."
    ),
)
SEEN_ELSEWHERE = Kind(
    "seen-elsewhere",
    Severity.INFO,
    N_("Others see this node at {seen}; the registry says {address}."),
    N_("Behind a router this is as it should be if the router passes the port on; else correct the address."),
)
STRANGERS = Kind(
    "strangers",
    Severity.INFO,
    N_("{count} connections were turned away before it was known who it is, the last from {address}: {reason}."),
    N_("A node that you expected has to be added or invited; anybody else does no harm."),
)

KINDS = (ALONE, UNREACHABLE, OTHER_NETWORK, SHUT_OUT, MISBEHAVING, NOT_REACHED, SEEN_ELSEWHERE, STRANGERS)
_UNREACHABLE = ("unreachable", "too-slow")
_SHUT_OUT = ("not-registered", "wrong-node", "wrong-certificate", "shut-out", "banned", "not-in-the-list")


def check(look: Look) -> Iterator[Finding]:
    """What is wrong with connections."""
    online = look.online
    if online is None:
        return
    others = [one for one in online.nodes if one["id"] != online.own_id and one["fields"]["state"] != "left"]
    if others and not online.is_fresh and not any(one["connected"] for one in online.peers["peers"]):
        yield ALONE.found(count=len(others))
    for peer in online.peers["peers"]:
        yield from _check_peer(online, peer)
    yield from _check_reach(online)
    strangers = online.peers["strangers"]
    if strangers:
        newest = strangers[-1]
        yield STRANGERS.found(count=len(strangers), address=newest["address"], reason=newest["reason"])


def _check_peer(online: Online, peer: Mapping[str, Any]) -> Iterator[Finding]:
    node, ending = online.name_of(peer["id"]), peer["ending"]
    if peer["standing"] != "ok" and peer["offences"]:
        yield MISBEHAVING.found(node=node, score=peer["score"], offence=peer["offences"][-1]["offence"])
    if peer["connected"] or ending is None:
        return
    reason, address = str(ending["reason"]), ending["address"]
    if reason in _UNREACHABLE:
        yield UNREACHABLE.found(node=node, address=address)
    elif reason == "wrong-network":
        yield OTHER_NETWORK.found(node=node, address=address)
    elif reason in _SHUT_OUT:
        yield SHUT_OUT.found(node=node, address=address, reason=reason)


def _check_reach(online: Online) -> Iterator[Finding]:
    """What neighbours say of this node's own address."""
    record = online.own_record
    address = None if record is None else record["fields"].get("address")
    if address is None:
        return
    sights = [(one, one["sight"]) for one in online.peers["peers"] if one["connected"] and one["sight"] is not None]
    for peer, sight in sights:
        # What was seen before this node started tells nothing of it.
        if sight["reach"] == "not-reached" and sight["reach_age_ms"] < online.status["uptime_ms"]:
            yield NOT_REACHED.found(node=online.name_of(peer["id"]), address=address)
    host = _host(address)
    seen = sorted({_host(sight["address"]) for peer, sight in sights if peer["dialled"]} - {host})
    # A name is compared with nothing: only its resolver knows what it stands for.
    if seen and _is_number(host):
        yield SEEN_ELSEWHERE.found(seen=", ".join(seen), address=address)


def _host(address: str) -> str:
    return str(address).rpartition(":")[0].strip("[]")


def _is_number(host: str) -> bool:
    return ":" in host or host.replace(".", "").isdecimal()
