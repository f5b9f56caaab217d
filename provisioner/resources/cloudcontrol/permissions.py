"""What a type by Cloud Control needs: Cloud Control's own actions, and those of the handlers in the type's schema."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.aws.permissions import Conditions, Permission, grants
from provisioner.resources.cloudcontrol.schemas import Schema

CONTROL = (
    "CreateResource DeleteResource GetResource GetResourceRequestStatus ListResourceRequests ListResources "
    "UpdateResource"
)
REFERENCE = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_cloudcontrol.html"
VIA: Conditions = (("Bool", "aws:ViaAWSService", ("true",)),)
"""A service of AWS makes the call for its caller, as Cloud Control does for its handlers (CloudFormation user guide,
"FAS requests and permission evaluation")."""
PASS = "iam:PassRole"  # noqa: S105 (an action)
READERS, ALL = ("read", "list"), ("create", "read", "update", "delete", "list")


def of_schema(schema: Schema) -> Iterator[Permission]:
    """Yield the permissions of a type.

    They are more than what a declaration needs: a schema says what its handlers may call for all properties, and on no
    resource in particular. Only by way of a service of AWS can they be used.
    """
    why = "resources by Cloud Control"
    yield from grants("cloudformation", CONTROL, why=why, source=REFERENCE)
    readers, actions = {*schema.actions(READERS)}, {*schema.actions(ALL)}
    for name in sorted(actions - {PASS}):
        service, _, action = name.partition(":")
        yield from grants(service, action, conditions=VIA, why=why, source=REFERENCE, reader=name in readers)
    if PASS in actions:
        service = schema.name.split("::")[1].lower()
        passed: Conditions = (("StringEquals", "iam:PassedToService", (f"{service}.amazonaws.com",)),)
        yield from grants("iam", "PassRole", "role{role_path}{stack}-*", conditions=passed, why=why, source=REFERENCE)
