"""Carry out `exec` and `tunnel`: choose the task, begin the session, and pass its data.

This package contains the choice of the task, the calls that begin and end sessions, and the listener. The protocol is
in `provisioner.session`.
"""
