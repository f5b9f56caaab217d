"""Outages that users notice during a change: find URLs and services that do not answer, since when and why.

The package reads the embedded cloud's state and changes nothing. Without containers one fact is assumed: the health
check path that an image answers (`health`).
"""
