"""Ballots: votes that members cast themselves, on an electorate frozen at a height, counted by published methods."""
