"""Give a copy's containers the values of their variables: the state has only a digest of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from provisioner.config import store_references
from provisioner.engine.declaration import fill
from provisioner.engine.resource import canonical, output_of
from provisioner.resources.ssm import ConnectionUrl
from provisioner.state.variables import DIGEST, TASK_DEFINITION, without_values
from provisioner.steps import offline

if TYPE_CHECKING:
    from provisioner.config.models import Config
    from provisioner.state.model import Record

FORMER = {"name": "FORMER_VALUES", "value": "not known: the state has a digest of them"}
"""A variable for containers whose values have changed since: with it the copy's task definition changes as well."""


def with_values(records: Mapping[str, Record], config: Config) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """Return the task definitions' arguments with values, by address; and notes on values that have changed.

    If the digest does not match, the arguments have the declared values, and `FORMER`.
    """
    restored, assumed = dict[str, dict[str, Any]](), list[str]()
    given, stores = _given(records, config), _stores(records, config)
    for address, record in records.items():
        if record.type == TASK_DEFINITION and "container_definitions" in record.arguments:
            restored[address], same = filled(record.arguments, _declared(config, address, given, stores))
            if not same:
                assumed.append(f"variables of {address} had other values so far: the state has only a digest of them")
    return restored, assumed


def _given(records: Mapping[str, Record], config: Config) -> Mapping[str, Mapping[str, str]]:
    """Return the variables that own steps give to services, filled with recorded outputs, by service."""
    stack = offline.given(config)
    if stack is None:
        return {}
    of_services: Mapping[str, Mapping[str, str]] = fill(
        stack.given.environment, lambda address, output: output_of(records.get(address), output)
    )
    return of_services


def _stores(records: Mapping[str, Record], config: Config) -> Mapping[str, str]:
    """Return the settings of the stack's stores by the words for them, with the recorded addresses."""
    settings = config.database
    found = {"database.name": settings.name, "database.user": settings.user} if settings else {}
    for store in store_references.STORES:
        record = records.get(f"{ConnectionUrl.type_name}/{store}")
        place = urlsplit(str(record.arguments.get("url") or "")) if record else urlsplit("")
        found |= {f"{store}.host": place.hostname or "", f"{store}.port": str(place.port or "")}
    return found


def _declared(
    config: Config, address: str, given: Mapping[str, Mapping[str, str]], stores: Mapping[str, str]
) -> dict[str, Mapping[str, str]]:
    """Return by container the present values of its variables, from `stack.toml` and own steps.

    Args:
        given: the variables of own steps, by service.
        stores: the settings of the stack's stores, by the words for them.
    """
    name = address.partition("/")[2]
    workload, settings = config.workloads.get(name), config.database
    if workload is None:
        return {}
    database = {"DB_NAME": settings.name, "DB_USER": settings.user} if settings else {}
    containers = {name: workload, **workload.sidecars}
    found: dict[str, Mapping[str, str]] = {
        one: {variable: store_references.filled(text, stores) for variable, text in container.environment.items()}
        for one, container in containers.items()
    }
    return found | {name: {**database, **found[name], **given.get(name, {})}}


def filled(arguments: Mapping[str, Any], values: Mapping[str, Mapping[str, str]]) -> tuple[dict[str, Any], bool]:
    """Return a task definition's recorded arguments with values, and whether the digest matches these values.

    Args:
        values: the values by container and variable.
    """
    containers = [_container(one, values.get(one.get("name", ""), {})) for one in arguments["container_definitions"]]
    restored = {**arguments, "container_definitions": containers}
    if canonical(without_values(restored)) == canonical(arguments):
        return restored, True
    for one in containers:
        one["environment"] = [*one.get("environment", ()), FORMER]
    return restored, False


def _container(container: Mapping[str, Any], values: Mapping[str, str]) -> dict[str, Any]:
    if "environment" not in container:
        return dict(container)
    named = [{"value": values.get(one["name"], ""), **one} for one in container["environment"] if DIGEST not in one]
    return {**container, "environment": named}
