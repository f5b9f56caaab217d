"""ECS Service Connect: a service's settings as they are declared, requested and shown.

The declaration is None for a service without proxies. Otherwise it has the `namespace`, the `services` under which
others call it, without their `timeout`, and the `logConfiguration` of its proxies (API reference,
ServiceConnectConfiguration).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

MEMBER = "serviceConnectConfiguration"
OFF: Mapping[str, Any] = {"enabled": False}
_TIMEOUT: Mapping[str, int] = {"perRequestTimeoutSeconds": 0}
"""No time limit, as without a proxy.

By default ECS ends each request after 15 seconds (API reference, TimeoutConfiguration).
"""
_SERVICE = ("portName", "discoveryName")
_ALIAS = ("dnsName", "port")
_LOGS = ("logDriver", "options")


def asked(declared: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return a declaration as CreateService and UpdateService take it."""
    if declared is None:
        return {**OFF}
    services = [{**one, "timeout": _TIMEOUT} for one in declared["services"]]
    return {"enabled": True, **declared, "services": services}


def shown(answer: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the settings of a service or a service revision in the form of a declaration.

    DescribeServices shows them for each deployment, but not for the service itself.
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
    """Return whether a service that proxies call now is to lose its Service Connect name.

    Args:
        before: the last requested settings.
        live: the service's attributes.
    """

    def called(one: Mapping[str, Any] | None) -> bool:
        return bool(one and one["services"])

    return called(live.get("service_connect")) and called(before) and not called(declared)


def _service(one: Mapping[str, Any]) -> dict[str, Any]:
    return {**_some(one, _SERVICE), "clientAliases": [_some(alias, _ALIAS) for alias in one.get("clientAliases") or ()]}


def _some(shown: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: shown[name] for name in names if name in shown}
