"""Indices of units: formulas over counted facts, with weights that a pack publishes; and what else it watches over."""
