"""The account setting: changed, and put back to its former value in spite of interruptions."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from provisioner.resources.ec2.network import Vpc
from provisioner.resources.ecs.account import FORMER_TAG, AccountSetting
from provisioner.steps.stack import Stack
from tests.cloud.rig import Rig

SETTING = "awsvpcTrunking"


def declared(stack: Stack, *, trunking: bool = True) -> None:
    vpc = stack.ensure(Vpc("main", "10.0.0.0/16"))
    if trunking:
        stack.ensure(AccountSetting("trunking", vpc.id, SETTING, "enabled"))


def in_force(rig: Rig) -> str:
    answer = rig.cloud.client("ecs").list_account_settings(name=SETTING, effectiveSettings=True)
    return str(answer["settings"][0]["value"])


def notes(rig: Rig) -> list[str]:
    tags = rig.cloud.client("ec2").describe_tags(Filters=[{"Name": "key", "Values": [FORMER_TAG + SETTING]}])["Tags"]
    return [tag["Value"] for tag in tags]


def test_the_former_value_is_noted_before_the_change(rig: Rig) -> None:
    made = rig.up(declared).ok()
    assert [w for w in made.writes if w != "ModifyVpcAttribute"] == [
        "CreateVpc",
        "CreateTags",
        "PutAccountSettingDefault",
    ]
    assert (in_force(rig), notes(rig)) == ("enabled", ["disabled"])
    assert rig.state().records["account_setting/trunking"].outputs == {"former": "disabled"}
    assert rig.up(declared).ok().writes == []
    assert rig.plan(declared) == []


@pytest.mark.parametrize("former", ["enabled", "disabled"])
def test_down_puts_the_former_value_back(rig: Rig, former: str) -> None:
    rig.cloud.client("ecs").put_account_setting_default(name=SETTING, value=former)
    rig.up(declared).ok()
    assert in_force(rig) == "enabled"
    down = rig.down().ok()
    assert down.summary.leftovers == []
    assert in_force(rig) == former
    assert ("PutAccountSettingDefault" in down.writes) == (former == "disabled")


def other(rig: Rig) -> Rig:
    """Another stack in the same account."""
    return replace(
        rig, directory=rig.directory.with_name("other"), config=rig.config.model_copy(update={"project": "other"})
    )


@pytest.mark.parametrize("first_goes_first", [True, False])
def test_the_last_of_two_stacks_puts_the_former_value_back(rig: Rig, first_goes_first: bool) -> None:
    second = other(rig)
    rig.up(declared).ok()
    second.up(declared).ok()
    assert notes(rig) == ["disabled", "disabled"], "not what the first one has made of it"
    going = [rig, second] if first_goes_first else [second, rig]
    assert "PutAccountSettingDefault" not in going[0].down().ok().writes
    assert in_force(rig) == "enabled"
    assert going[1].plan(declared) == []
    assert "PutAccountSettingDefault" in going[1].down().ok().writes
    assert (in_force(rig), notes(rig)) == ("disabled", [])


def test_of_two_stacks_that_go_at_the_same_time_one_puts_it_back(rig: Rig) -> None:
    both = rig, other(rig)
    with ThreadPoolExecutor(2) as pool:
        for up in [pool.submit(one.up, declared) for one in both]:
            up.result().ok()
        assert in_force(rig) == "enabled"
        for down in [pool.submit(one.down) for one in both]:
            assert down.result().ok().summary.leftovers == []
    assert (in_force(rig), notes(rig)) == ("disabled", [])


def test_taken_out_of_the_configuration_it_is_put_back(rig: Rig) -> None:
    rig.up(declared).ok()
    rig.up(lambda stack: declared(stack, trunking=False)).ok()
    assert (in_force(rig), notes(rig)) == ("disabled", [])


def test_the_former_value_outlives_the_state(rig: Rig) -> None:
    rig.up(declared).ok()
    shutil.rmtree(rig.directory)
    assert rig.up(declared).ok().writes == []
    rig.down().ok()
    assert in_force(rig) == "disabled"


def test_a_run_cut_off_after_the_note_is_completed(rig: Rig) -> None:
    rig.up(lambda stack: declared(stack, trunking=False)).ok()
    vpc_id = rig.state().records["vpc/main"].id
    note = {"Key": FORMER_TAG + SETTING, "Value": "disabled"}
    rig.cloud.client("ec2").create_tags(Resources=[vpc_id], Tags=[note])
    assert rig.up(declared).ok().writes == ["PutAccountSettingDefault"]
    rig.down().ok()
    assert in_force(rig) == "disabled"


def test_a_run_cut_off_after_the_change_knows_the_former_value(rig: Rig) -> None:
    rig.up(lambda stack: declared(stack, trunking=False)).ok()
    vpc_id = rig.state().records["vpc/main"].id
    note = {"Key": FORMER_TAG + SETTING, "Value": "disabled"}
    rig.cloud.client("ec2").create_tags(Resources=[vpc_id], Tags=[note])
    rig.cloud.client("ecs").put_account_setting_default(name=SETTING, value="enabled")
    assert rig.up(declared).ok().writes == []
    rig.down().ok()
    assert in_force(rig) == "disabled"


def test_the_note_stays_with_its_vpc(rig: Rig) -> None:
    """Its former value is known by that VPC's tag, so another one is refused; it was asked for in vain before."""
    rig.up(declared).ok()

    def elsewhere(stack: Stack) -> None:
        stack.ensure(Vpc("main", "10.0.0.0/16"))
        other = stack.ensure(Vpc("other", "10.1.0.0/16"))
        stack.ensure(AccountSetting("trunking", other.id, SETTING, "enabled"))

    def both(stack: Stack) -> None:
        declared(stack)
        stack.ensure(Vpc("other", "10.1.0.0/16"))

    rig.up(both).ok()
    assert "vpc_id" in rig.up(elsewhere).refused()["account_setting/trunking"]
