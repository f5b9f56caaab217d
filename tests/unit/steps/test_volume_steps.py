"""Volumes of services: the file system, the way to it, and the rights and mounts of tasks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

from provisioner.config.models import Config
from provisioner.operations.planning import step_run
from provisioner.steps.stack import Stack
from tests.unit.steps.test_capacity_steps import FACTS

MEDIA = {"media": "/srv/media"}


def declared(mounts: Any, more: Any = None, **settings: Any) -> Stack:
    services = {"web": {"image": "nginx:1", "volumes": mounts}, "other": {"image": "nginx:1"}}
    config = Config.model_validate({"services": services, "volumes": {"media": settings}, **(more or {})})
    return step_run.declare(config, replace(FACTS))


def desired(stack: Stack, address: str) -> Any:
    return cast("Any", stack.declared[address].resource)


def statements(stack: Stack, service: str) -> list[dict[str, Any]]:
    policies = desired(stack, f"role/task-{service}").inline_policies
    return [one for name, document in policies.items() if name.startswith("volumes-") for one in document["Statement"]]


def test_a_reader_mounts_and_does_not_write() -> None:
    stack = declared({"media": {"path": "/data", "read_only": True}})
    assert statements(stack, "web") == [
        {
            "Effect": "Allow",
            "Action": "elasticfilesystem:ClientMount",
            "Resource": "${file_system/media:arn}",
            "Condition": {"StringEquals": {"elasticfilesystem:AccessPointArn": "${access_point/media:arn!}"}},
        }
    ]
    assert statements(stack, "other") == []
    (own,) = desired(stack, "task_definition/web").container_definitions
    assert own["mountPoints"] == [{"sourceVolume": "volume_media", "containerPath": "/data", "readOnly": True}]


def test_tasks_wait_for_a_target_in_each_zone() -> None:
    stack = declared(MEDIA)
    targets = {address for address in stack.declared if address.startswith("mount_target/")}
    assert targets == {f"mount_target/media-{zone[-1]}" for zone in FACTS.zones}
    assert targets < {*stack.declared["task_definition/web"].recorded_dependencies}
    assert not targets & {*stack.declared["task_definition/other"].recorded_dependencies}


def test_only_tasks_that_mount_it_reach_it() -> None:
    stack = declared(MEDIA, {"network": {"egress": "none"}})
    (rule,) = desired(stack, "security_group/volume-media").ingress
    assert (rule["FromPort"], rule["ReferencedGroupId"]) == (2049, "${security_group/web:id}")
    (out,) = [one for one in desired(stack, "security_group_egress/web").rules if one["FromPort"] == 2049]
    assert out["ReferencedGroupId"] == "${security_group/volume-media:id}"


def test_settings_are_in_efss_words() -> None:
    stack = declared(MEDIA, infrequent_days=30, backup=True, uid=472, gid=0)
    system, point = desired(stack, "file_system/media"), desired(stack, "access_point/media")
    assert (system.transition_to_ia, system.backup, system.throughput_mode) == ("AFTER_30_DAYS", True, "bursting")
    assert point.posix_user == {"Uid": 472, "Gid": 0}
    assert point.root_directory["CreationInfo"] == {"OwnerUid": 472, "OwnerGid": 0, "Permissions": "0755"}
    assert desired(declared(MEDIA, infrequent_days=1), "file_system/media").transition_to_ia == "AFTER_1_DAY"


def test_a_volume_that_nobody_mounts_is_told() -> None:
    assert [text for text in declared({}).notices if "volumes.media: no service and no job" in text]
