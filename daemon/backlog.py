"""How many connections the system keeps for a door that the node has not taken yet.

Owns the one number that the doors share: as many as a door serves by default (docs/adr/0041-waiting-for-a-place.md).
"""

BACKLOG = 1024
