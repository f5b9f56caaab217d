"""The embedded cloud, a process of its own: moto with AWS's own refusals laid over it, and an ECS that runs tasks.

From outside only `manage`, `control` and `client_runtime` are used.
"""
