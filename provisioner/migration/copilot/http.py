"""Translate `http` and health checks of a Copilot service."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping
from typing import Any

from provisioner.config import path_patterns, protocols
from provisioner.config import validators as values
from provisioner.config.health import Health
from provisioner.migration.copilot.durations import seconds
from provisioner.migration.copilot.findings import JOB, Workload
from provisioner.migration.yaml_tree import Value

WHY = {
    "alb": "is an existing load balancer: write its listener's ARN in load_balancer.listener, or a new one is made",
    "additional_rules": "path takes a list of patterns: write their paths into it",
    "allowed_source_ips": "network.allow limits its clients, for the whole stack",
    "allowedSourceIps": "network.allow limits its clients, for the whole stack",
    "nlb": "a Network Load Balancer is not made here",
    "redirect_to_https": "is neither true nor false",
    "stickiness": "is neither true nor false",
    "version": "is neither http1, http2 nor grpc",
}
DAY = 86400
"""The seconds of Copilot's `stickiness`, which are AWS's default (ELBv2 API, TargetGroupAttribute)."""
AS_HERE = {"redirect_to_https": True, "stickiness": False}
"""Keys with the value that a stack always has."""
CHECK = {
    "path": "path",
    "success_codes": "codes",
    "healthy_threshold": "healthy",
    "unhealthy_threshold": "unhealthy",
    "interval": "interval",
    "timeout": "timeout",
    "grace_period": "grace",
}
TIMES = frozenset({"interval", "timeout", "grace"})
CONTAINER = {"interval": "interval", "timeout": "timeout", "retries": "unhealthy", "start_period": "grace"}
DEFAULT_PATH = "/"
"""Copilot's default health check path; this tool's default is /health."""
USUAL = {"interval": 30, "timeout": 5, "healthy": 5, "unhealthy": 2, "grace": 60}
"""The rest of a check that a manifest does not set (ELB API reference, CreateTargetGroup; Copilot's manual, http)."""
USUAL_INSIDE = {"interval": 10, "timeout": 5, "unhealthy": 2, "grace": 0}
"""The same of a check inside the container (Copilot's manual, image.healthcheck)."""
USUAL_DELAY = 60
"""Seconds of `deregistration_delay` (aws/copilot-cli, internal/pkg/manifest/lb_web_svc.go)."""


def fill(workload: Workload, http: Value | None) -> None:
    """Write the keys of a public service's `http` into its table."""
    health: dict[str, Any] = {"path": DEFAULT_PATH}
    workload.table["deregistration_delay"] = USUAL_DELAY
    for key, value in http.table.items() if http else ():
        if key in READERS:
            READERS[key](workload, value)
        elif key == "healthcheck":
            health = _check(workload, value)
        elif key == "deregistration_delay" and (delay := seconds(value)) is not None:
            workload.table["deregistration_delay"] = delay
        elif key == "redirect_to_https" and value.flag is False:
            workload.gathered.in_clear[workload.name] = value
        elif key == "stickiness" and value.flag is True:
            workload.table["sticky"] = DAY
        elif key == "hosted_zone":
            workload.tell(value, "http.hosted_zone", "is found here by its name: the public zone of dns.domain")
        elif not _as_here(key, value):
            workload.leave(value, f"http.{key}", WHY.get(key, "is not known here"))
    if workload.table.get("protocol") == protocols.GRPC:
        _as_grpc(workload, http, health)
    workload.table["health"] = _completed(USUAL, health)


def _as_grpc(workload: Workload, http: Value | None, health: dict[str, Any]) -> None:
    """Turn a check into one by gRPC: a path that is no method has the answer of a method that nobody implements."""
    if not protocols.is_method(health["path"]):
        asked = http.at("healthcheck") if http else None
        if asked and health["path"] != DEFAULT_PATH:
            why = f"{health['path']} is no method of gRPC: {protocols.NO_METHOD} is asked instead"
            workload.tell(asked, "http.healthcheck.path", why)
        del health["path"]
    else:
        health.setdefault("codes", protocols.UNIMPLEMENTED)


def _version(workload: Workload, value: Value) -> None:
    """Write the protocol that the load balancer speaks with tasks."""
    version = (value.text or "").lower()
    if version in protocols.BY_HTTPS:
        workload.table["protocol"] = version
    elif version != "http1":
        workload.leave(value, "http.version", WHY["version"])


def _as_here(key: str, value: Value) -> bool:
    """Return whether a key has the value that a stack always has."""
    return key in AS_HERE and value.flag is AS_HERE[key]


def _completed(usual: dict[str, int], health: dict[str, Any]) -> dict[str, Any]:
    """Return a check with the values that Copilot and AWS set by default, as far as they are not the defaults here."""
    whole = {**usual, **health}
    if "timeout" not in health and whole["timeout"] >= whole["interval"]:
        whole["timeout"] = max(2, whole["interval"] - 1)
    fields = Health.model_fields
    kept = {key: value for key, value in whole.items() if value != fields[key].default or key in ("path", "command")}
    # the keys of the file first, in its order
    return {key: kept[key] for key in (*health, *usual) if key in kept}


def _path(workload: Workload, value: Value) -> None:
    path = f"/{(value.text or '').strip('/')}"
    if path == "/":
        return
    # Copilot makes a rule for the path itself and all paths below it
    patterns = (path, f"{path}/*")
    try:
        workload.table["path"] = list(path_patterns.check(tuple(values.path_pattern(one) for one in patterns)))
    except ValueError as error:
        workload.leave(value, "http.path", str(error))


def _aliases(workload: Workload, value: Value) -> None:
    names = [one.at("name") or one for one in value.values] or [value]
    for one in names:
        workload.aliases += [(name, one) for name in re.split(r"[\s,]+", one.text or "") if name]


def _check(workload: Workload, check: Value) -> dict[str, Any]:
    """Return the load balancer's health check."""
    if check.text is not None:
        return {"path": check.text}
    health: dict[str, Any] = {"path": DEFAULT_PATH}
    for key, value in check.table.items():
        if key == "port" and value.number == workload.table.get("port"):
            continue
        if not _set(health, CHECK.get(key, ""), value):
            workload.leave(value, f"http.healthcheck.{key}", "has no counterpart here")
    if {"interval", "timeout"} <= health.keys() and health["timeout"] >= health["interval"]:
        workload.leave(
            check, "http.healthcheck.timeout", "is not below its interval, as Elastic Load Balancing demands"
        )
        del health["timeout"]
    return health


def _set(health: dict[str, Any], key: str, value: Value) -> bool:
    found: Any = seconds(value) if key in TIMES else value.number if key in ("healthy", "unhealthy") else value.text
    if not key or found is None:
        return False
    health[key] = found
    return True


READERS: Mapping[str, Callable[[Workload, Value], object]] = {
    "alias": _aliases,
    "path": _path,
    "version": _version,
    # `sidecars` reads these
    "target_container": lambda _workload, _value: None,
    "targetContainer": lambda _workload, _value: None,
    "target_port": lambda _workload, _value: None,
}
"""The readers of keys that stand for themselves."""


def container(workload: Workload, check: Value | None, *, public: bool) -> None:
    """Write the health check inside the container, if there is one, into the table."""
    if check is None or workload.sort == JOB:
        if check:
            workload.tell(check, "image.healthcheck", "nobody asks a job whether it is well")
        return
    command = check.at("command")
    if not command or not (words := _command(command)):
        workload.leave(check, "image.healthcheck", "has no command of its own: write health.command")
        return
    asked: dict[str, Any] = {}
    for key, value in check.table.items():
        if key != "command" and not _set(asked, CONTAINER.get(key, ""), value):
            workload.leave(value, f"image.healthcheck.{key}", "has no counterpart here")
    if not public:
        workload.table["health"] = _completed(USUAL_INSIDE, {"command": words, **asked})
        return
    held = {**USUAL, **workload.table["health"]}
    for ours, value in {**USUAL_INSIDE, **asked}.items():
        if held[ours] != value:
            key = next(theirs for theirs, name in CONTAINER.items() if name == ours)
            why = f"{value}: both checks have one {ours} here, {held[ours]}"
            (workload.leave if ours in asked else workload.tell)(
                check.at(key) or check, f"image.healthcheck.{key}", why
            )
    workload.table["health"] = {**workload.table["health"], "command": words}


def _command(value: Value) -> Any:
    """Return a check in the form of `health.command`: a text for the shell, or a list."""
    if value.text is not None:
        return shlex.split(value.text)
    words = value.texts
    if words[:1] == ["CMD-SHELL"]:
        return " ".join(words[1:])
    return words[1:] if words[:1] == ["CMD"] else words
