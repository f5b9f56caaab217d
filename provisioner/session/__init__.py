"""Sessions of Systems Manager: a terminal, a command or ports of a task, by a client of our own.

Here belong the protocol (frames, streams, ports), its connection, the terminal, and the causes of failed sessions. Not
here: the choice of service and task (`operations/shell`).
"""
