"""Durable storage: the store interface, its LMDB form and its memory twin."""
