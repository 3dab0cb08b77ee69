"""Gossip between nodes: frames, broadcast, who talks to whom, catching up; pure, messages in and effects out."""
