"""Whether a ledger is complete: nobody missed, nothing missing, no reference that leads nowhere."""
