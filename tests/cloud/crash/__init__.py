"""Kills at every call that writes, and what must be so afterwards."""
