"""One node: the pure composition in `node.py` and the trio shell around it."""
