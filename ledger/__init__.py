"""The ledger's formats and proofs: pure functions over bytes, shared by every other package."""
