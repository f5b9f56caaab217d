"""Translate the further containers of a task into `sidecars`, and their dependencies into `depends_on`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import get_args

from provisioner.config.container import Condition
from provisioner.migration import names
from provisioner.migration.draft import ordered
from provisioner.migration.ecs import container, image
from provisioner.migration.ecs.answers import Answer
from provisioner.migration.ecs.findings import Workload


def fill(workload: Workload, definition: Answer, main: Answer) -> None:
    """Write all containers but the main one to `sidecars`, and note containers that are left out."""
    carried = {str(main.get("name")): (workload.name, workload)}
    others = [one for one in definition.get("containerDefinitions") or () if one is not main]
    for one in others:
        called = str(one.get("name"))
        name = names.workload(called)
        sidecar = replace(
            workload, name=f"{workload.name}.{name}", where=f"{workload.where}, {called}", table={}, job=False
        )
        if why := _left_out(definition, one):
            sidecar.leave("", f"{why}: it is left out")
        elif _fill(sidecar, definition, one):
            carried[called] = (name, sidecar)
    for one in (main, *others):
        if found := carried.get(str(one.get("name"))):
            _order(found[1], one, {called: name for called, (name, _) in carried.items()})
    if sidecars := {name: ordered(one.table) for name, one in carried.values() if one is not workload}:
        workload.table["sidecars"] = sidecars


def _left_out(definition: Answer, one: Answer) -> str:
    """Return the reason why a container cannot be carried over; empty if it can."""
    if one.get("firelensConfiguration"):
        return "is a log router, and logs go to CloudWatch Logs here, without FireLens"
    if one.get("name") == (definition.get("proxyConfiguration") or {}).get("containerName"):
        return "is the proxy of App Mesh, which is not used here"
    return ""


def _fill(sidecar: Workload, definition: Answer, one: Answer) -> bool:
    """Write the settings of a container into its table, and note the rest; return False without a valid image."""
    if not image.fill(sidecar, definition, one):
        return False
    if one.get("essential") is False:
        sidecar.table["essential"] = False
    for key in ("cpu", "memory"):
        if number := one.get(key):
            sidecar.table[key] = number
    if one.get("memoryReservation"):
        sidecar.leave("memoryReservation", "a sidecar has no soft limit here: see memory")
    _port(sidecar, one.get("portMappings") or ())
    container.fill(sidecar, one)
    if not sidecar.table.get("environment", True):
        del sidecar.table["environment"]
    return True


def _port(sidecar: Workload, mapped: Sequence[Answer]) -> None:
    """Write the first TCP port into the table, and note the others."""
    for one in mapped:
        port, protocol = one.get("containerPort"), one.get("protocol") or "tcp"
        if port and protocol == "tcp" and "port" not in sidecar.table:
            sidecar.table["port"] = int(port)
        else:
            shown = f"{port or one.get('containerPortRange')}/{protocol}"
            sidecar.leave("portMappings", f"{shown}: a sidecar has one port here, by TCP")


def _order(workload: Workload, one: Answer, called: Mapping[str, str]) -> None:
    """Write a container's dependencies into its table.

    Args:
        called: the new names of the containers that are carried over.
    """
    for on in one.get("dependsOn") or ():
        name, condition = str(on.get("containerName")), str(on.get("condition", "START")).lower()
        if name in called and condition in get_args(Condition):
            workload.table.setdefault("depends_on", {})[called[name]] = condition
        else:
            workload.leave("dependsOn", f"{name}: there is no such container here")
