"""Rehearse the next `up` or `down`: run it on a copy of the stack, in a temporary embedded cloud."""
