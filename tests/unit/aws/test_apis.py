"""APIs by their names: boto3's name and the signing name both find them, with or without imports."""

from __future__ import annotations

import subprocess
import sys

import pytest

import provisioner.resources  # noqa: F401  (importing the package hands its types to the engine)
from provisioner.aws import tagging
from provisioner.aws.api import Api, Limit, api_of, apis, name_of, signed_by
from provisioner.aws.errors import rows_of
from provisioner.aws.rate_limits import limits_of
from provisioner.engine.ports import Row
from provisioner.engine.resource_types import all_types
from tests.unit.aws.test_resource_types import defined, only_theirs  # noqa: F401  (a fixture)


def test_the_api_of_each_type_is_the_one_known_by_its_name() -> None:
    assert all(one.api is api_of(one.service) for one in all_types().values())
    assert len({api.name for api in apis().values()}) == len(apis())


def test_an_api_is_known_by_the_name_that_signs_its_calls() -> None:
    assert name_of("elasticloadbalancing") == "Elastic Load Balancing"
    assert signed_by("elasticloadbalancing") is api_of("elbv2")
    assert (api_of("no-such"), signed_by("no-such"), name_of("no-such")) == (None, None, "no-such")
    assert limits_of("no-such", "Any") == ()


def test_the_rows_of_an_api_come_before_those_of_all() -> None:
    rows = rows_of("wafv2")
    assert [row.service for row in rows[:2]] == ["wafv2", "wafv2"]
    assert {row.service for row in rows[2:]} == {"*"}
    assert rows_of("no-such") == rows[2:]


@pytest.mark.parametrize("what", ["api_of('logs')", "signed_by('logs')"])
def test_an_api_is_known_whose_module_nobody_has_imported(what: str) -> None:
    code = (
        "import sys, provisioner.resources\n"
        "from provisioner.aws.api import api_of, signed_by\n"
        f"assert 'provisioner.resources.logs' not in sys.modules and {what}.name == 'CloudWatch Logs'\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_call_for_sts_imports_no_resource_types() -> None:
    code = (
        "import sys, provisioner.operations.context.stores, provisioner.aws.connection\n"
        "from provisioner.aws.rate_limits import limits_of\n"
        "assert limits_of('sts', 'GetCallerIdentity') == ()\n"
        "assert not {'provisioner.resources.logs', 'provisioner.resources.ec2.api'} & sys.modules.keys()\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.usefixtures("only_theirs")
def test_what_stands_with_an_own_api_is_used() -> None:
    row = Row("in_use", "ResourceInUseException", "", 70, "the stream is still being made", "Kinesis API")
    api = Api("kinesis", "Kinesis", transient=(row,), rates=(Limit("each", 5, 5, "Kinesis guide", ("CreateStream",)),))
    stream = defined("Stream", "own.stream", api=api)
    assert stream.service == "kinesis"
    assert rows_of("kinesis")[0].meaning == row.meaning
    assert [limit.service for limit in limits_of("kinesis", "CreateStream")] == ["kinesis"]
    assert tagging.taggable(stream)
    assert not tagging.taggable(defined("Part", "own.part", api=api, has_tags=False))
