"""The treasury: the books of units, and what members owe, pay, give and are spared."""
