"""Counting methods: pure functions of the votes, in whole numbers, the same whoever counts and in whatever order."""
