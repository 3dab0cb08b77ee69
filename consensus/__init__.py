"""The agreement core: votes, acknowledgements, certificates and the state machine over them; pure."""
