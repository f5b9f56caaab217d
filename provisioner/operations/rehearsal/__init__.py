"""Rehearses the next `up` or `down`: runs it on a copy of the stack, in a temporary embedded cloud."""
