"""Permissions of ECR, by call (Service Authorization Reference)."""

from __future__ import annotations

from collections.abc import Iterator

from moto.ecr.models import ecr_backends

from ecs_emulator.authorization.api_call import ApiCall, each, requested
from ecs_emulator.authorization.policy import Check
from ecs_emulator.services.kms.permissions import used


def asks(call: ApiCall) -> Iterator[Check]:
    """Yield the permission checks of one call to ECR."""
    names = call.many("repositoryNames") or [name for name in [call.text("repositoryName")] if name]
    if call.operation == "CreateRepository":
        arn, brought = call.arn(f"repository/{names[0] if names else '*'}"), requested(call.tags("tags"))
        yield call.check(arn, brought)
        if call.tags("tags"):
            yield call.check(arn, brought, "ecr:TagResource")
        encryption = call.body.get("encryptionConfiguration") or {}
        yield from used(call, encryption.get("kmsKey", ""), "ecr", ("DescribeKey", "CreateGrant"), {})
    elif call.text("resourceArn"):
        yield call.existing(call.text("resourceArn"), requested(call.tags("tags")))
    elif names:
        yield from each(call, [call.arn(f"repository/{name}") for name in names])
        if call.operation == "DeleteRepository":
            # ECR user guide, "Encryption at rest": deleting a repository retires its grants
            there = ecr_backends[call.account][call.region].repositories.get(names[0])
            key = (there.encryption_configuration or {}).get("kmsKey", "") if there else ""
            yield from used(call, key, "ecr", ("RetireGrant",), {})
    else:
        yield call.check(call.arn("repository/*") if call.operation == "DescribeRepositories" else "*")
