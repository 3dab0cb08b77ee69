"""Gossip between nodes: frames, broadcast, who talks to whom, catching up; pure, messages in and effects out.

The switchboard and what it is made of carry the frames over TLS (docs/reference/transport.md).
"""
