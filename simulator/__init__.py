"""A whole network in one process, on virtual time: the real node, simulated machines, and checkers apart from both."""
