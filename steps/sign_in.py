"""The sign-in of a public service's users at the load balancer, as its listener or rule declares it."""

from __future__ import annotations

from typing import Any
from zlib import crc32

from provisioner import Stack
from provisioner.config import sign_in
from provisioner.config.secrets import Secret, parameter_name
from provisioner.engine.words import listed
from provisioner.steps.service_secrets import ServiceSecrets


def sign_in_of(stack: Stack, secrets: ServiceSecrets, service: str) -> dict[str, Any]:
    """Return the fields of the listener or rule that leads to a service; none without a sign-in."""
    chosen = stack.config.services[service].sign_in
    if chosen is None:
        return {}
    table = stack.config.sign_in[chosen]
    place, version = _place(stack, secrets, table.client_secret), secrets.of(table.client_secret).version
    return {
        "sign_in": sign_in.settings(table, chosen),
        "secret_place": place,
        # two secrets that were made at one time have one version
        "secret_version": f"{version} {crc32(place.encode()):08x}" if version else None,
    }


def notice_callbacks(stack: Stack, own: str) -> None:
    """Tell the user the URLs that each provider has to know.

    Args:
        own: the load balancer's own name, for services that have no other.
    """
    found: dict[str, list[str]] = {}
    for name, service in stack.config.public.items():
        if service.sign_in:
            hosts = stack.config.hosts.get(name) or (stack.config.fqdn or own,)
            found.setdefault(service.sign_in, []).extend(sign_in.callbacks(hosts))
    for provider, urls in found.items():
        stack.notice(f"register with the provider of sign_in.{provider}: {listed(list(dict.fromkeys(urls)))}")


def _place(stack: Stack, secrets: ServiceSecrets, secret: Secret) -> str:
    """Return where a client secret is kept, without its value."""
    if secret.api == "ssm":
        return f"ssm:{parameter_name(stack.name, secret)}"
    return f"secretsmanager:{secrets.of(secret).arn}{'#' if secret.key else ''}{secret.key}"
