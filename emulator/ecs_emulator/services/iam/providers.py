"""OpenID Connect providers: the operation that moto lacks."""

from __future__ import annotations

from typing import Any

from moto.core.responses import EmptyResult
from moto.iam.responses import IamResponse

from ecs_emulator.patch import add, refuse

MOST_CLIENTS = 100
"""The most audiences of a provider (IAM user guide, "IAM and AWS STS quotas")."""


@add(IamResponse, "add_client_id_to_open_id_connect_provider")
def add_client_id_to_open_id_connect_provider(self: Any) -> EmptyResult:
    """AddClientIDToOpenIDConnectProvider: accept an id that the provider already has (API reference)."""
    known = self.backend.get_open_id_connect_provider(self._get_param("OpenIDConnectProviderArn"))
    if (client := self._get_param("ClientID")) in known.client_id_list:
        return EmptyResult()
    if len(known.client_id_list) >= MOST_CLIENTS:
        refuse("LimitExceeded", f"Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: {MOST_CLIENTS}")
    known.client_id_list.append(client)
    return EmptyResult()
