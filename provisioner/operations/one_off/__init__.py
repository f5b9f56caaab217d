"""Run one task to its end, outside any service: its settings, its start, and the watch over it.

Here belongs what `provision run` does. Not here: jobs that `up` runs before services change, which are resources.
"""
