"""What `banyan report` shows: one module a report, and the reading that they share."""
