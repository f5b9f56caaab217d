"""Permissions of Certificate Manager, by call (Service Authorization Reference)."""

from __future__ import annotations

from collections.abc import Iterator

from ecs_emulator.authorization.api_call import ApiCall, requested
from ecs_emulator.authorization.policy import Check


def asks(call: ApiCall) -> Iterator[Check]:
    """Yield the permission checks of one call to Certificate Manager."""
    brought = requested(call.tags("Tags"))
    arn = call.text("CertificateArn")
    if call.operation == "RequestCertificate":
        # ACM user guide, acm-conditions
        brought = {**brought, "acm:DomainNames": (call.text("DomainName"), *call.many("SubjectAlternativeNames"))}
    yield call.existing(arn, brought) if arn else call.check(more=brought)
