"""`banyan bench`: how much a network of real nodes on this machine takes, and how fast."""
