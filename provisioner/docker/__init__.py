"""Images: built by the user's Docker engine, pushed, and copied between registries.

Not here: AWS.
"""
