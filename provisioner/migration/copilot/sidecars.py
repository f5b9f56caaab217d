"""Translate Copilot's `sidecars` and dependencies into `[services.NAME.sidecars.NAME]` and `depends_on`."""

from __future__ import annotations

from typing import get_args

from provisioner.config.container import Condition
from provisioner.migration import names
from provisioner.migration.copilot import http, image
from provisioner.migration.copilot.findings import SIDECAR, Workload
from provisioner.migration.copilot.keys import HANDLERS, ordered_keys
from provisioner.migration.draft import ordered
from provisioner.migration.yaml_tree import Value

WHY = {
    "credentialsParameter": "log in to the registry with docker: its credentials are used",
    "credentials_parameter": "log in to the registry with docker: its credentials are used",
    "labels": "containers have no labels of yours here",
    "mount_points": "a task has no volumes here",
}
"""Keys of a sidecar without a counterpart, and the reason or the fix."""
OTHER_PORT = "the load balancer reaches the port of the service, or of the sidecar that target_container names"
OWN = frozenset({"port", "image", "essential", "healthcheck", "depends_on"})
"""Keys that this file reads itself."""
SHARED = frozenset({"command", "entrypoint", "env_file", "secrets", "variables"})


def fill(workload: Workload, manifest: Value) -> None:
    """Write the sidecars of a manifest into the table, with dependencies, and the sidecar that gets the requests."""
    found = manifest.at("sidecars")
    for name, value in found.table.items() if found else ():
        one = Workload(name, SIDECAR, workload.gathered, prefix=f"sidecars.{name}.", owner=workload.name)
        if _fill(one, value):
            workload.table.setdefault("sidecars", {})[names.workload(name)] = one.table
    _order(workload, workload, manifest.at("image", "depends_on"), "image.depends_on")
    for name, value in found.table.items() if found else ():
        if (table := workload.table.get("sidecars", {}).get(names.workload(name))) is not None:
            one = Workload(name, SIDECAR, workload.gathered, table, prefix=f"sidecars.{name}.", owner=workload.name)
            _order(workload, one, value.at("depends_on"), "depends_on")
    if tables := workload.table.get("sidecars"):
        workload.table["sidecars"] = {name: ordered(table) for name, table in tables.items()}
    _front(workload, manifest.at("http"))


def _fill(sidecar: Workload, value: Value) -> bool:
    """Write the keys of one sidecar into its table, and note the rest; return False if it has no usable image."""
    found = value.at("image")
    if not found or not image.of_sidecar(sidecar, found):
        if not found:
            sidecar.leave(value, "image", f"is missing: {sidecar.name} is left out")
        return False
    for key, one in ordered_keys(value):
        if key in SHARED:
            HANDLERS[key](sidecar, one)
        elif key not in OWN:
            sidecar.leave(one, key, WHY.get(key, "is not known here"))
    if port := value.at("port"):
        number, _, protocol = (port.text or "").partition("/")
        if number.isdecimal() and protocol in ("", "tcp"):
            sidecar.table["port"] = int(number)
        else:
            sidecar.leave(port, "port", "a sidecar has one port here, by TCP")
    essential = value.at("essential")
    if essential and essential.flag is False:
        sidecar.table["essential"] = False
    http.container(sidecar, value.at("healthcheck"), public=False)
    return True


def _order(workload: Workload, waiting: Workload, value: Value | None, key: str) -> None:
    """Write a container's dependencies on containers that are carried over into its table, and note the rest.

    Args:
        waiting: the container that waits: a sidecar, or the workload itself.
    """
    for name, one in value.table.items() if value else ():
        awaited, condition = names.workload(name), (one.text or "").lower()
        if awaited not in (workload.name, *workload.table.get("sidecars", {})):
            waiting.leave(one, f"{key}.{name}", "there is no such container here")
        elif condition not in get_args(Condition):
            waiting.leave(one, f"{key}.{name}", "is not known here")
        else:
            waiting.table.setdefault("depends_on", {})[awaited] = condition


def _front(workload: Workload, reached: Value | None) -> None:
    """Write `target_container`, if the load balancer connects to a sidecar: by its name, or by its port alone."""
    if reached is None or not workload.table.get("public"):
        return
    port, target = reached.at("target_port"), reached.at("target_container") or reached.at("targetContainer")
    ports = {name: one["port"] for name, one in workload.table.get("sidecars", {}).items() if "port" in one}
    own = workload.table.get("port")
    if target and target.text != workload.name:
        front: str | None = names.workload(target.text or "")
        if front not in ports:
            why = "is no sidecar with a port: the service's own port is reached"
            workload.leave(target, "http.target_container", why)
            front = None
    else:
        # Copilot takes the container that has the port (internal/pkg/manifest/svc.go, targetContainerFromTargetPort)
        by_port = None if target or not port or port.number == own else port.number
        front = next((name for name, one in ports.items() if by_port and one == by_port), None)
    if front:
        workload.table["target_container"] = front
    if port and port.number != (ports[front] if front else own):
        workload.leave(port, "http.target_port", OTHER_PORT)
