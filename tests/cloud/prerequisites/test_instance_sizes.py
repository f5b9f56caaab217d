"""Tasks on EC2 that fit no instance are refused beforehand."""

from __future__ import annotations

from typing import Any

import pytest

from provisioner.config.models import Config
from provisioner.engine.errors import ConfigurationError
from provisioner.operations.prerequisites.instance_sizes import check
from tests.cloud.project import SMALL, Project, project  # noqa: F401  (a fixture)
from tests.cloud.rig import Rig


def checked(rig: Rig, *types: str, **service: Any) -> None:
    services = {"web": {"image": "nginx:1", "port": 80, "launch": "ec2", **service}}
    check(rig.aws(), Config.model_validate({"services": services, "capacity": {"instance_types": types}}))


def test_what_fits_the_smallest_type_passes(rig: Rig) -> None:
    checked(rig, "c5.large", "c5.xlarge", cpu=2048, memory=3600)
    checked(rig, "c5.xlarge", cpu=4096, memory=7000)


def test_what_fits_the_largest_type_only_is_refused(rig: Rig) -> None:
    with pytest.raises(ConfigurationError, match=r"services\.web\.cpu is 4096 units, but c5\.large has 2048\. ECS"):
        checked(rig, "c5.large", "c5.xlarge", cpu=4096)
    with pytest.raises(ConfigurationError, match=r"web\.memory is 4096 MiB, but c5\.large has 4096 MiB, of which"):
        checked(rig, "c5.large", "c5.xlarge", memory=4096)


def test_each_parameter_counts_by_itself(rig: Rig) -> None:
    """Of r5.large (2 vCPU, 16 GiB) and c5.xlarge (4 vCPU, 8 GiB) ECS takes 2 vCPU and 8 GiB for the smallest."""
    with pytest.raises(ConfigurationError, match=r"cpu is 4096 .*; services\.web\.memory is 12000 MiB, but c5\.xlarge"):
        checked(rig, "r5.large", "c5.xlarge", cpu=4096, memory=12000)


def test_on_fargate_the_instance_types_do_not_count(rig: Rig) -> None:
    checked(rig, "c5.large", launch="fargate", cpu=4096, memory=16384)


def test_a_type_that_is_not_offered_is_left_to_the_zones(rig: Rig) -> None:
    checked(rig, "c99.large", cpu=4096)


def test_up_and_plan_say_so_before_anything_is_created(project: Project) -> None:  # noqa: F811
    project.write(SMALL.replace("port = 80", 'port = 80\nlaunch = "ec2"\ncpu = 4096'))
    for words in (("plan",), ("up", "--yes")):
        err = project.run(*words, code=4).err
        assert "services.frontend.cpu is 4096 units, but" in err
        assert "lower the value, or use larger types" in err
