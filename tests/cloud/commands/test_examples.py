"""The examples of the repository: each stands up on the embedded cloud, has then nothing to change, and goes."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from provisioner.engine.costs import HOURS
from tests.aws import costs
from tests.cloud.project import Project, project  # noqa: F401
from tests.cloud.steps.test_own_steps import Own, own, trust, untrusted  # noqa: F401

pytestmark = pytest.mark.slow

EXAMPLES = Path(__file__).parents[3] / "examples"
NAMES = sorted(path.parent.name for path in EXAMPLES.glob("*/stack.toml"))
SECRETS = {"django": ["STRIPE_SECRET_KEY"]}
CALLS = {"django": 107}
"""The most calls of an `up` with nothing to do (docs/developers/performance.md)."""


def copy(name: str, to: Own, env: str = "dev") -> None:
    """Copy an example into a project, trust its steps, and set the secrets that its environment needs."""
    shutil.rmtree(to.directory / "steps")
    shutil.copytree(EXAMPLES / name, to.directory, dirs_exist_ok=True)
    trust(to)
    to.change(r'^region = ".*"', 'region = "ap-northeast-1"')
    for secret in SECRETS.get(name, ()):
        to.cloud.client("ssm").put_parameter(
            Name=f"/shop-{env}/secrets/{secret}", Value="sk_test_example", Type="SecureString"
        )


@pytest.mark.parametrize("name", NAMES)
def test_an_example_stands_up_and_goes(own: Own, name: str) -> None:  # noqa: F811
    assert (EXAMPLES / name / "README.md").is_file()
    copy(name, own)
    assert own.run("rehearse", "up", "--json").document["passes"]
    own.up()
    assert own.planned() == {}
    number = own.last_call()
    own.up()
    assert own.writes(number) == []
    if name in CALLS:
        assert len(own.cloud.calls(number)) <= CALLS[name]
    own.down()


def kinds(planned: dict[str, dict[str, Any]]) -> set[str]:
    return {address.partition("/")[0] for address in planned}


def test_an_internal_tool_is_small(project: Project) -> None:  # noqa: F811
    shutil.copytree(EXAMPLES / "internal-tool", project.directory, dirs_exist_ok=True)
    planned = project.planned()
    assert len(planned) == 29, "as its README says"
    unused = {"db_cluster", "nat_gateway", "elastic_ip", "launch_template", "auto_scaling_group"}
    assert not kinds(planned) & {*unused, "private_dns_namespace"}
    endpoints = [one["changes"]["vpc_endpoint_type"]["new"] for one in planned.values() if _is(one, "vpc_endpoint")]
    assert endpoints == ["Gateway"], "which costs nothing"
    monthly = costs.hourly(costs.costs([*planned.values()], "ap-northeast-1")) * HOURS
    assert 49.5 < monthly < 50.5, "as its README says"

    project.change(r"^public = true\n", "")
    project.change(r'^health = "/"\n', "")
    private = project.planned()
    assert len(private) == 19, "as its README says"
    assert not kinds(private) & {"load_balancer", "listener", "target_group", "certificate", "record_set"}
    monthly = costs.hourly(costs.costs([*private.values()], "ap-northeast-1")) * HOURS
    assert 24.0 < monthly < 25.0, "as its README says"


def _is(planned: dict[str, Any], kind: str) -> bool:
    return str(planned["address"]).partition("/")[0] == kind
