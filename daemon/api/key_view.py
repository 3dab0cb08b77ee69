"""How old the keys of this node are, and what is in its place: the part `keys` of `/v1/status`. Keeps nothing."""

from contracts.node_registry import KIND_NODE_NAME, node_of
from contracts.record import Record, record_key
from daemon.api.context import ApiContext
from daemon.api.json_value import Json
from daemon.key_watch import key_age
from daemon.registry_directory import StoredState


def keys_view(context: ApiContext) -> Json:
    """Age and expiry by the registry, and the node in this one's place; null for a node that it does not name."""
    node = context.node
    store, node_id = node.service.store, node.service.status().node_id
    age = key_age(store, node.genesis, node_id)
    if age is None:
        return None
    state = StoredState(store)
    registered = node_of(state, node_id)
    named = None if registered is None else state.get(record_key(KIND_NODE_NAME, registered.name))
    holder = None if named is None else Record.decode(named).fields.get("node")
    return {
        "registered_ms": age.registered_ms,
        "lifetime_days": age.lifetime_days,
        "expires_ms": age.expires_ms,
        "state": age.state(node.now_ms()).value,
        "successor": holder.hex() if isinstance(holder, bytes) and holder != node_id else None,
    }
