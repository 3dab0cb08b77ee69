"""One module for each command, or for commands that are told alike; `cli.application` lists them."""
