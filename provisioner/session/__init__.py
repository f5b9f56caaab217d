"""Sessions of Systems Manager: a terminal, a command or ports of a task, by a client of our own.

Here belong the protocol (frames, streams, ports), its connection, the terminal, and why a session cannot be had. Not
here: which task of which service, which is the commands' (`operations/shell`).
"""
