"""Policy packs: what an organisation declares about its records, their rules and who may do what, as data."""
