"""Run one task to its end, outside any service: its settings, its start, and its status and log until it stops.

`provision run` uses this package. Jobs that `up` runs before services change are resources, and not in this package.
"""
