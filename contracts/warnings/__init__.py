"""What the ledger warns of by itself: it opens a case for people, once a matter, and does nothing else."""
