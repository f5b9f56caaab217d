"""What `exec` and `tunnel` do: which task, by which call, and what comes of it.

Here belong the choice of the task, the calls that begin and end sessions, and the listener. Not here: the protocol,
which is `provisioner.session`.
"""
