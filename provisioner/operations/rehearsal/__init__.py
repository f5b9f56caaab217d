"""Plays the next `up` or `down` of a stack on an embedded cloud of its own, to which the stack is copied before."""
