"""One module per command: the command from the configuration to the end, in order."""
