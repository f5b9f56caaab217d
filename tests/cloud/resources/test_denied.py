"""A permission may depend on tags that IAM does not know yet: a denied call is tried again, if they are new."""

from __future__ import annotations

import pytest

from provisioner.steps.network import network
from tests.cloud.rig import Rig


def deny(rig: Rig, operation: str) -> None:
    rig.cloud.control("POST", "faults", f"scenarios=denied&only=^{operation}$")


def test_what_is_built_on_nothing_new_fails_at_once(rig: Rig) -> None:
    deny(rig, "ec2:CreateVpc")
    began = rig.cloud.now()
    error = str(rig.up(network).failures()["vpc/main"])
    assert error.startswith("CreateVpc was refused: UnauthorizedOperation: ")
    assert "Give the caller this permission" in error
    assert rig.cloud.now() - began < 30


def test_a_call_on_a_new_resource_is_retried_for_a_minute(rig: Rig) -> None:
    deny(rig, "ec2:CreateRouteTable")
    failures = rig.up(network).failures()
    error = str(failures["route_table/public"])
    waited = "the tags of a new resource are not visible to IAM yet, or a permission is missing (UnauthorizedOperation)"
    assert (error.startswith("timed out after 6"), waited in error) == (True, True), error
    assert "CreateRouteTable was refused: UnauthorizedOperation: " in error
    assert "Give the caller this permission" in error


@pytest.mark.parametrize("age", [100, 400])
def test_a_resource_of_an_earlier_run_is_new_for_five_minutes(rig: Rig, age: int) -> None:
    deny(rig, "ec2:CreateRouteTable")
    rig.up(network)
    rig.cloud.advance(age)
    error = str(rig.up(network).failures()["route_table/public"])
    assert error.startswith("timed out after 6" if age < 240 else "CreateRouteTable was refused: "), error
