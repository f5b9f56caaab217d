"""Find the configuration, account, Region and state of a command; handle its signals."""
