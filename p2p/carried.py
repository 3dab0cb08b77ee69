"""How many bytes went over all connections of a node since its start."""

from dataclasses import dataclass


@dataclass(slots=True)
class Carried:
    """Counted by each connection as it sends and reads, without what encryption adds; never goes down."""

    sent_size_bytes: int = 0
    received_size_bytes: int = 0
