"""Mistakes of a first hour: a file or a command line, and the place and the remedy that its message has to name."""
