"""The services that Cloud Control's types hand roles to: each row is about shipped types, and has a source."""

from __future__ import annotations

import pytest

from provisioner.resources.cloudcontrol.permissions import ALL, PASS, of_schema
from provisioner.resources.cloudcontrol.principals import OF_SERVICES, OF_TYPES, of
from provisioner.resources.cloudcontrol.schemas import Schema, services, shipped


def test_each_row_is_of_types_that_hand_over_roles() -> None:
    passing = {
        name
        for types in services()
        for name, content in types.items()
        if content and PASS in Schema(name, content).actions(ALL)
    }
    assert OF_TYPES.keys() - passing == set()
    assert OF_SERVICES.keys() - {name.split("::")[1] for name in passing} == set()


def test_each_row_has_its_page_of_aws() -> None:
    rows = {**OF_SERVICES, **OF_TYPES}
    assert [name for name, (_, page) in rows.items() if not page.startswith("https://docs.aws.amazon.com/")] == []


@pytest.mark.parametrize(
    ("type_name", "principals"),
    [
        ("AWS::StepFunctions::StateMachine", ("states.amazonaws.com",)),
        ("AWS::KinesisFirehose::DeliveryStream", ("firehose.amazonaws.com",)),
        ("AWS::ECS::TaskDefinition", ("ecs-tasks.amazonaws.com",)),
        ("AWS::ECS::Service", ("ecs.amazonaws.com",)),
        ("AWS::EC2::FlowLog", ("vpc-flow-logs.amazonaws.com",)),
        ("AWS::RDS::DBInstance", ("monitoring.rds.amazonaws.com", "rds.amazonaws.com")),
        ("AWS::Pipes::Pipe", ("pipes.amazonaws.com",)),
    ],
)
def test_a_type_hands_its_roles_to_these_services(type_name: str, principals: tuple[str, ...]) -> None:
    assert of(type_name) == principals
    schema = shipped(type_name)
    assert schema
    (passing,) = (one for one in of_schema(schema) if one.name == PASS)
    assert passing.conditions == (("StringEquals", "iam:PassedToService", principals),)
