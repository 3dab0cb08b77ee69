"""Sections of packs: what a pack declares beside its record types, such as its table of dues."""
