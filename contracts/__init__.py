"""Deterministic execution: a pure function of (state, block)."""
