"""Tell the user of ineffective statements in policies of services and jobs: unknown actions, unreachable services."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from provisioner.config import task_policies
from provisioner.engine.words import names

if TYPE_CHECKING:
    from provisioner.steps.stack import Stack

ALIKE = 0.9
"""The least similarity, between 0 and 1, of a wrong action to the suggested one."""
OTHERWISE = {"s3", "lambda", "kms", "iam"}
"""Services whose actions often have other names than their operations (Service Authorization Reference)."""
GATEWAYS = {"s3"}
"""Services that tasks reach through the stack's own gateway endpoint."""
ENDPOINTS = {"cloudwatch": "monitoring", "ecr": "ecr.api", "kinesis": "kinesis-streams", "ses": "email"}
"""Endpoint services whose name differs from the service's prefix in IAM (AWS PrivateLink guide)."""
LOCAL = {"iam", "rds-db", "sts"}
"""Prefixes whose actions need no endpoint: tasks call no API for them, or other services call it on their behalf."""


def notices(stack: Stack) -> Iterator[str]:
    """Yield the notices about `policies` whose statements AWS accepts and that have no effect."""
    config = stack.config
    documents = {path: doc for name in config.workloads for path, doc in config.documents_of(name).items()}
    for path, document in documents.items():
        for action in sorted({one for allowed in task_policies.allowed(document) for one in allowed.actions}):
            if right := _meant(action):
                yield f"{path} allows {action}, which AWS does not have: did you mean {right}?"
    yield from _out_of_reach(stack)
    attached = [name for name, one in config.workloads.items() if task_policies.managed(one.policies)]
    if attached and stack.facts.boundary and not config.account.boundary:
        yield (
            f"{names([config.key(name) for name in attached])} may use of its managed policies only the actions that "
            f"the boundary {stack.facts.boundary} allows too. `provision policy --create-boundary` puts only files in "
            "there: write the statements in a file, or name a boundary of your own (account.boundary)"
        )


def _out_of_reach(stack: Stack) -> Iterator[str]:
    """Yield the services that policies allow and that tasks cannot connect to."""
    config = stack.config
    # an existing VPC has its own endpoints
    if config.network.egress != "none" or config.network.vpc:
        return
    there = {address.partition("/")[2] for address in stack.declared if address.startswith("vpc_endpoint/")}
    for name in config.workloads:
        documents = config.documents_of(name).values()
        actions = {one for doc in documents for allowed in task_policies.allowed(doc) for one in allowed.actions}
        services = {action.partition(":")[0] for action in actions} - GATEWAYS - LOCAL
        if missing := sorted({ENDPOINTS.get(one, one) for one in services} - there):
            listed = ", ".join(f'"{one}"' for one in missing)
            yield (
                f"{config.key(name)} needs a way out to {names(missing)}, which its policies allow: add "
                f"network.endpoints = [{listed}], or network.egress"
            )


def _meant(action: str) -> str:
    """Return the most similar action in botocore's operations to a misspelt action; empty if it may be right."""
    from provisioner.aws.service_models import without_settings

    service, _, name = action.partition(":")
    session = without_settings()
    if service in OTHERWISE or "*" in name or "?" in name or service not in session.get_available_services():
        return ""
    operations = session.get_service_model(service).operation_names
    if name in operations:
        return ""
    near = difflib.get_close_matches(name, operations, 1, ALIKE)
    return f"{service}:{near[0]}" if near else ""
