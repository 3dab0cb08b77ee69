"""The HTTP API: one table of endpoints, served on the control socket and, if configured, on TCP."""
