"""One task that runs to its end, outside any service: what it is started with, and how it is watched.

Here belongs what `provision run` does. Not here: jobs that `up` runs before services change, which are resources.
"""
