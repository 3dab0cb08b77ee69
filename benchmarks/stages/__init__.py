"""Where the processor time of a node goes while it is loaded, stage by stage."""
