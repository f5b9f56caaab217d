"""The examples of the repository: each stands up on the embedded cloud, has then nothing to change, and goes."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.cloud.project import Project, project  # noqa: F401
from tests.cloud.test_own_steps import Own, own, trust, untrusted  # noqa: F401

EXAMPLES = Path(__file__).parents[2] / "examples"
NAMES = sorted(path.parent.name for path in EXAMPLES.glob("*/stack.toml"))
SECRETS = {"django": ["STRIPE_SECRET_KEY"]}


@pytest.mark.parametrize("name", NAMES)
def test_an_example_stands_up_and_goes(own: Own, name: str) -> None:  # noqa: F811
    here = EXAMPLES / name
    assert (here / "README.md").is_file()
    shutil.rmtree(own.directory / "steps")
    shutil.copytree(here, own.directory, dirs_exist_ok=True)
    region = next(line for line in own.config.read_text().splitlines() if line.startswith("region")).split('"')[1]
    own.change(rf'^region = "{region}"', 'region = "ap-northeast-1"')
    for secret in SECRETS.get(name, ()):
        own.cloud.client("ssm").put_parameter(
            Name=f"/shop-dev/secrets/{secret}", Value="sk_test_example", Type="SecureString"
        )
    assert own.run("rehearse", "up", "--json").document["passes"]
    own.up()
    assert own.planned() == {}
    own.down()


def test_an_internal_tool_is_small(project: Project) -> None:  # noqa: F811
    shutil.copytree(EXAMPLES / "internal-tool", project.directory, dirs_exist_ok=True)
    planned = project.planned()
    assert len(planned) <= 40
    assert not {address.partition("/")[0] for address in planned} & {
        "db_cluster", "vpc_endpoint_interface", "nat_gateway", "elastic_ip", "launch_template", "auto_scaling_group",
        "private_dns_namespace",
    }  # fmt: skip
