"""Carry out `exec` and `tunnel`: choose the task, begin the session, and pass its data.

Here belong the choice of the task, the calls that begin and end sessions, and the listener. Not here: the protocol,
which is `provisioner.session`.
"""
