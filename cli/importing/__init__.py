"""From tables to transactions: plans, sheets, findings, and handing in what is not on the ledger yet."""
