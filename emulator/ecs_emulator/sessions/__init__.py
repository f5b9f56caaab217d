"""Sessions of Systems Manager into tasks: the service's side and the agent's, as bad as AWS's agent is.

Here belong the data channel, what runs behind it, and the ports. Not here: the calls that start sessions, which stand
with their APIs (`ecs/execute_command.py`, `services/ssm/sessions.py`).
"""

from __future__ import annotations

PREFIX = "/v1/data-channel/"
"""Where data channels are opened."""
