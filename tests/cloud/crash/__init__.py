"""Kills at every call that writes, and the checks afterwards."""
