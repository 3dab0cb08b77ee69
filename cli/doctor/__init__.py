"""`banyan doctor`: what is wrong with a node and its network, where, and what to do about it."""
