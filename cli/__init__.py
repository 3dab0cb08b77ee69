"""The `banyan` command: a client of a node's API, and the tools that need no node."""
