"""What AWS's types by Cloud Control need: its own actions, and those of the handlers of each type in their schemas."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from provisioner.aws.permissions import Conditions, Permission, grants
from provisioner.config.models import Config
from provisioner.engine.resource import Resource
from provisioner.resources.cloudcontrol.resource import CloudControlResource
from provisioner.steps.offline import given

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


def of_steps(config: Config) -> Iterator[Permission]:
    """Yield the permissions of the types that steps of the user's own declare."""
    if stack := given(config):
        yield from of_types({type(item.resource) for item in stack.declared.values()})


def of_types(resource_types: Iterable[type[Resource]]) -> Iterator[Permission]:
    """Yield the permissions of those types that are served by Cloud Control.

    They are more than what a declaration needs: a schema says what its handlers may call for all properties, and on no
    resource in particular. Only by way of a service of AWS can they be used.
    """
    made = [one for one in resource_types if issubclass(one, CloudControlResource)]
    if not made:
        return
    why = "resources by Cloud Control"
    yield from grants("cloudformation", CONTROL, why=why, source=REFERENCE)
    readers = {action for one in made for action in one.schema.actions(READERS)}
    actions = {action for one in made for action in one.schema.actions(ALL)} - {PASS}
    for name in sorted(actions):
        service, _, action = name.partition(":")
        yield from grants(service, action, conditions=VIA, why=why, source=REFERENCE, reader=name in readers)
    services = {one.type_name.split("::")[1].lower() for one in made if PASS in one.schema.actions(ALL)}
    if services:
        passed: Conditions = (
            ("StringEquals", "iam:PassedToService", tuple(f"{one}.amazonaws.com" for one in sorted(services))),
        )
        yield from grants("iam", "PassRole", "role{role_path}{stack}-*", conditions=passed, why=why, source=REFERENCE)
