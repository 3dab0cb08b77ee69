"""`banyan demo`: a real node with real records, and everything it claims checked."""
