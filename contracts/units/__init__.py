"""The units of an organisation, who holds which office in them, and the native contract `units`."""
