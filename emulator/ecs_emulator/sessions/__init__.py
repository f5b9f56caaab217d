"""Sessions of Systems Manager into tasks: the service's and the agent's side, with the flaws of AWS's agent.

The package has the data channel, the programs behind it, and the ports. The calls that start sessions are with their
APIs (`ecs/execute_command.py`, `services/ssm/sessions.py`).
"""

from __future__ import annotations

PREFIX = "/v1/data-channel/"
"""The beginning of the paths of data channels."""
