"""ECS Service Connect: what a service says of it, as it is declared, asked for and shown.

Declared is None for a service without proxies; else its `namespace`, the `services` under which others call it, none of
which has a `timeout`, and the `logConfiguration` of its proxies (API reference, ServiceConnectConfiguration).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

MEMBER = "serviceConnectConfiguration"
OFF: Mapping[str, Any] = {"enabled": False}
_TIMEOUT: Mapping[str, int] = {"perRequestTimeoutSeconds": 0}
"""No limit, as without a proxy, where ECS would end each request after 15 seconds (API reference,
TimeoutConfiguration)."""
_SERVICE = ("portName", "discoveryName")
_ALIAS = ("dnsName", "port")
_LOGS = ("logDriver", "options")


def asked(declared: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return what is declared as CreateService and UpdateService take it."""
    if declared is None:
        return {**OFF}
    services = [{**one, "timeout": _TIMEOUT} for one in declared["services"]]
    return {"enabled": True, **declared, "services": services}


def shown(answer: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return what a service, or a service revision, has as it would be declared.

    DescribeServices shows it of each deployment, and of the service itself not at all.
    """
    deployments = answer.get("deployments") or ()
    primary: Mapping[str, Any] = next((one for one in deployments if one.get("status") == "PRIMARY"), {})
    found = answer.get(MEMBER) or primary.get(MEMBER) or OFF
    if not found.get("enabled"):
        return None
    return {
        "namespace": found.get("namespace"),
        "services": [_service(one) for one in found.get("services") or ()],
        "logConfiguration": _some(found.get("logConfiguration") or {}, _LOGS),
    }


def loses_callers(
    declared: Mapping[str, Any] | None, before: Mapping[str, Any] | None, live: Mapping[str, Any]
) -> bool:
    """Whether a service is to be called by proxies no more, and is so far.

    Args:
        before: what was asked for last. live: the service's attributes.
    """

    def called(one: Mapping[str, Any] | None) -> bool:
        return bool(one and one["services"])

    return called(live.get("service_connect")) and called(before) and not called(declared)


def _service(one: Mapping[str, Any]) -> dict[str, Any]:
    return {**_some(one, _SERVICE), "clientAliases": [_some(alias, _ALIAS) for alias in one.get("clientAliases") or ()]}


def _some(shown: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: shown[name] for name in names if name in shown}
