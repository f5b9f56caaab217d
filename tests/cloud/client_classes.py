"""Makes each of botocore's client classes once a process: that is half of what a client takes, and they are all alike.

A class depends on the service's model alone. What a client has of its own (endpoint, credentials, hooks) is in it.
"""

from __future__ import annotations

from typing import Any

from botocore.client import ClientCreator


def share() -> None:
    """Let all clients of a service, from now on, have the class of the first."""
    build = ClientCreator._create_client_class
    classes: dict[str, type] = {}

    def shared(self: Any, service_name: str, service_model: Any) -> type:
        if service_name not in classes:
            classes[service_name] = build(self, service_name, service_model)
        return classes[service_name]

    ClientCreator._create_client_class = shared
