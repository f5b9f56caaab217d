"""The embedded cloud: moto with AWS's own refusals laid over it, and an ECS that runs tasks.

`python -m ecs_emulator` starts it. A program that starts it itself imports `manage`, `control`, `client_runtime` and
`inside`, and nothing else of it. It imports nothing of the tool that uses it.
"""

from __future__ import annotations

__version__ = "0.1.0"
