"""This node's settings and keys against the registry on the ledger: what others are told of it.

Owns the comparison; never changes either. Source: docs/reference/contracts.md, "governance".
"""

from collections.abc import Iterator, Mapping
from typing import Any

from cli.doctor.finding import Finding, Kind, Severity
from cli.doctor.look import Look, Online
from cli.language import N_
from ledger.node_keys import NODE_KEY_TYPES

NOT_REGISTERED = Kind(
    "not-registered",
    Severity.WARNING,
    N_("The registry does not name this node; others let it in only by an invitation, as long as that holds."),
    N_("Let the administrators run `banyan voters add` with its node.public.json."),
)
LEFT = Kind(
    "left",
    Severity.ERROR,
    N_("This node has left the network for good; nobody talks to it."),
    N_("Switch it off. To take part again, make a new node in another folder with `banyan init`."),
)
KEYS_DIFFER = Kind(
    "keys-differ",
    Severity.ERROR,
    N_("The registry has other keys for this node than its node.public.json: {keys}."),
    N_("Put this node's own seed and node.public.json back, or have the node replaced."),
)
NAME_DIFFERS = Kind(
    "name-differs",
    Severity.WARNING,
    N_("This node calls itself {own}; the registry calls it {registered}."),
    N_('Write name = "{registered}" into config.toml if the node was made with it; others go by the registry.'),
)
ADDRESS_DIFFERS = Kind(
    "address-differs",
    Severity.WARNING,
    N_("This node listens at {own}; the registry tells others {registered}."),
    N_(
        "Correct `listen` in config.toml, or the registry with `banyan submit governance.node-update`. Behind a router"
        " that passes the port on, both may be right."
    ),
)
NEIGHBOUR_UNKNOWN = Kind(
    "neighbour-unknown",
    Severity.WARNING,
    N_("The setting `neighbours` names {node}, and no node is registered under that name."),
    N_("Correct config.toml and restart; most likely it is a typing error, or the node has left."),
)
NOT_RESTARTED = Kind(
    "not-restarted",
    Severity.INFO,
    N_("config.toml was changed after the node had started."),
    N_("Restart the node for the settings to take effect."),
)

KINDS = (NOT_REGISTERED, LEFT, KEYS_DIFFER, NAME_DIFFERS, ADDRESS_DIFFERS, NEIGHBOUR_UNKNOWN, NOT_RESTARTED)
_ANY_HOST = ("0.0.0.0", "[::]")  # noqa: S104 - compared, never listened at


def check(look: Look) -> Iterator[Finding]:
    """What differs between this node and the registry."""
    online = look.online
    if online is None:
        return
    record = online.own_record
    if record is None:
        yield NOT_REGISTERED.found()
    elif online.has_left:
        yield LEFT.found()
    else:
        yield from _compare(look, record["fields"])
    yield from _check_settings(look, online)


def _compare(look: Look, fields: Mapping[str, Any]) -> Iterator[Finding]:
    config, made = look.config, look.description
    if made is not None:
        keys = [purpose for purpose in NODE_KEY_TYPES if fields[purpose]["$hex"] != getattr(made, purpose).hex()]
        if keys:
            yield KEYS_DIFFER.found(keys=", ".join(keys))
    if config is None:
        return
    if config.name != fields["name"]:
        yield NAME_DIFFERS.found(own=config.name, registered=fields["name"])
    address = fields.get("address")
    if address is not None and not _fits(config.listen, address):
        yield ADDRESS_DIFFERS.found(own=config.listen, registered=address)


def _fits(listen: str, address: str) -> bool:
    host, _, port = listen.rpartition(":")
    return listen == address or (host in _ANY_HOST and address.rpartition(":")[2] == port)


def _check_settings(look: Look, online: Online) -> Iterator[Finding]:
    names = {one["fields"]["name"] for one in online.nodes if one["fields"]["state"] != "left"}
    for name in look.config.neighbours if look.config is not None else ():
        if name not in names:
            yield NEIGHBOUR_UNKNOWN.found(node=name)
    if look.config is None:
        return
    started_ms = online.status["clock_ms"] - online.status["uptime_ms"]
    try:
        changed_ms = int(look.home.config.stat().st_mtime * 1000)
    except OSError:
        return
    if changed_ms > started_ms:
        yield NOT_RESTARTED.found()
