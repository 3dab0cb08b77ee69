"""What must never happen, one rule a file. Checkers see observations and nothing of the world that makes them."""
