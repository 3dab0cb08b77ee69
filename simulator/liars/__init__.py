"""Nodes that lie: the real node with its own keys, of which what leaves is changed or added to, each in one way."""
