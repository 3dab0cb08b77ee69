"""Days, months, working days and what recurs: calendar arithmetic that is the same on every machine."""
