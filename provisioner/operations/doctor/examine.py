"""Run the checks, all at once; none that breaks or is refused ends the others."""

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
    "fargate": network.fargate,
    "room": network.room,
    "public access": network.public_access,
    "public zone": domain.public_zone,
    "delegation": domain.delegation,
    "public name": domain.public_name,
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
    "state bucket": statefile.bucket,
    "state": statefile.state,
    **{f"quota {quota.name}": partial(quotas.check, quota) for quota in quotas.QUOTAS},
}
"""Every check that asks as somebody, by the name under which it is told when it breaks."""
THREADS = 16


def examine(context: Context, emit: Emit) -> list[Checked]:
    """Return what all checks found, in the order in which they are told; `emit` is handed each as soon as it is done.

    Who is nobody for AWS is asked nothing further.
    """
    who = _run(context, emit, "credentials", account.credentials)
    if any(found.verdict == "failed" for found in who):
        rest = unknown("all the rest", "needs valid credentials", "fix the credentials, then run this again")
        emit(rest)
        return [*who, *_run(context, emit, "docker", images.docker_engine_alone), rest]
    known = replace(context, aws=context.aws.in_account(context.account))
    return [*who, *together(known, emit, CHECKS)]


def together(context: Context, emit: Emit, checks: Mapping[str, Check]) -> list[Checked]:
    """Return what these checks found, run at once, in their order."""
    found = each(context.aws.pace, lambda item: _run(context, emit, *item), checks.items(), THREADS)
    return [one for several in found for one in several]


def _run(context: Context, emit: Emit, name: str, check: Check) -> Sequence[Checked]:
    try:
        found = check(context)
    except Exception as error:  # noqa: BLE001 (whatever breaks one check, the others go on)
        found = [stopped(name, error)]
    for one in found:
        emit(one)
    return found
