"""Run all checks in parallel. An error in one check does not end the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from provisioner.engine.scheduling.pools import each
from provisioner.operations.doctor import (
    account,
    alarms,
    boundary,
    domain,
    images,
    network,
    permissions,
    quotas,
    scaling,
    secrets,
    statefile,
)
from provisioner.operations.doctor.verdicts import stopped, unknown

if TYPE_CHECKING:
    from provisioner.engine.events import Checked, Emit
    from provisioner.operations.doctor.context import Context
    from provisioner.operations.doctor.verdicts import Check

CHECKS: Mapping[str, Check] = {
    "region": account.region,
    "instance types": network.instance_types,
    "endpoint services": network.endpoint_services,
    "zones": network.zones,
    "vpc": network.vpc,
    "listener": network.listener,
    "database": network.database,
    "fargate": network.fargate,
    "room": network.room,
    "public access": network.public_access,
    "public zone": domain.public_zone,
    "delegation": domain.delegation,
    "public name": domain.public_name,
    "certificate": domain.certificate,
    "caa": domain.caa,
    "allow": domain.allow,
    "service-linked roles": account.service_roles,
    "account settings": account.settings,
    permissions.NAME: permissions.check,
    boundary.NAME: boundary.check,
    "docker": images.builds,
    "images": images.ready,
    secrets.NAME: secrets.check,
    alarms.NAME: alarms.check,
    scaling.NAME: scaling.check,
    "state bucket": statefile.bucket,
    "state": statefile.state,
    **{f"quota {quota.name}": partial(quotas.check, quota) for quota in quotas.QUOTAS},
}
"""All checks that need valid credentials. The name stands in the verdict if a check ends with an error."""
THREADS = 16


def examine(context: Context, emit: Emit) -> list[Checked]:
    """Return the verdicts of all checks in fixed order, and pass each verdict to `emit` as soon as it is known.

    With invalid credentials only the check of the Docker engine runs.
    """
    who = _run(context, emit, "credentials", account.credentials)
    if any(found.verdict == "failed" for found in who):
        rest = unknown("all the rest", "needs valid credentials", "fix the credentials, then run this again")
        emit(rest)
        return [*who, *_run(context, emit, "docker", images.docker_engine_alone), rest]
    known = replace(context, aws=context.aws.in_account(context.account))
    return [*who, *together(known, emit, CHECKS)]


def together(context: Context, emit: Emit, checks: Mapping[str, Check]) -> list[Checked]:
    """Run these checks in parallel, and return their verdicts in the order of the checks."""
    found = each(context.aws.pace, lambda item: _run(context, emit, *item), checks.items(), THREADS)
    return [one for several in found for one in several]


def _run(context: Context, emit: Emit, name: str, check: Check) -> Sequence[Checked]:
    try:
        found = check(context)
    except Exception as error:  # noqa: BLE001 (an error in one check does not end the others)
        found = [stopped(name, error)]
    for one in found:
        emit(one)
    return found
