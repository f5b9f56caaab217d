"""Permissions for types in Cloud Control: its own actions, and the ones of the handlers in the type's schema."""

from __future__ import annotations

from collections.abc import Iterator

from provisioner.aws.permissions import Conditions, Permission, grants
from provisioner.resources.cloudcontrol import principals
from provisioner.resources.cloudcontrol.schemas import Schema

CONTROL = (
    "CreateResource DeleteResource GetResource GetResourceRequestStatus ListResourceRequests ListResources "
    "UpdateResource"
)
REFERENCE = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_cloudcontrol.html"
VIA: Conditions = (("Bool", "aws:ViaAWSService", ("true",)),)
"""AWS makes the call for its caller, as Cloud Control's handlers do.

Source: CloudFormation user guide, "FAS requests and permission evaluation".
"""
PASS = "iam:PassRole"  # noqa: S105 (an action)
READERS, ALL = ("read", "list"), ("create", "read", "update", "delete", "list")


def of_schema(schema: Schema) -> Iterator[Permission]:
    """Yield the permissions of a type.

    They exceed the needs of a declaration: a schema lists the actions of its handlers for all properties, and on no
    particular resource. They can be used only through a service of AWS.
    """
    why = "resources by Cloud Control"
    yield from grants("cloudformation", CONTROL, why=why, source=REFERENCE)
    readers, actions = {*schema.actions(READERS)}, {*schema.actions(ALL)}
    for name in sorted(actions - {PASS}):
        service, _, action = name.partition(":")
        yield from grants(service, action, conditions=VIA, why=why, source=REFERENCE, reader=name in readers)
    if PASS in actions:
        passed: Conditions = (("StringEquals", "iam:PassedToService", principals.of(schema.name)),)
        yield from grants("iam", "PassRole", "role{role_path}{stack}-*", conditions=passed, why=why, source=REFERENCE)
