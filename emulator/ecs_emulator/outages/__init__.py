"""Judges what users notice of a change: which URLs and services do not answer, since when and why.

It reads what the embedded cloud holds and changes nothing. One thing nobody knows without containers is assumed: which
health check path an image answers (`health`).
"""
