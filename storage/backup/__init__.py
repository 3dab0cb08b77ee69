"""Backups of a ledger: files that hold its chain and detached values, however a store lays them out."""
