"""Parameter Store's resource type: a secret made up once, and told to nobody."""

from __future__ import annotations

import re
from dataclasses import replace

from provisioner.resources.ssm import SecureParameter
from provisioner.steps.stack import Stack
from tests.cloud.rig import Rig

NAME = "/ecs-sample-dev/database/password"


def declared(stack: Stack, *, description: str = "Master password") -> None:
    stack.ensure(SecureParameter("database-password", NAME, description))


def value(rig: Rig) -> str:
    return str(rig.cloud.client("ssm").get_parameter(Name=NAME, WithDecryption=True)["Parameter"]["Value"])


def test_the_value_is_one_that_rds_takes_and_is_printed_nowhere(rig: Rig) -> None:
    outcome = rig.up(declared).ok()
    secret = value(rig)
    assert re.fullmatch(r"[A-Za-z0-9_-]{32}", secret)
    assert rig.cloud.client("ssm").get_parameter(Name=NAME)["Parameter"]["Type"] == "SecureString"
    assert secret not in "".join(path.read_text() for path in rig.directory.rglob("*") if path.is_file())
    # but for what the test itself sees of the calls
    assert secret not in repr(replace(outcome, calls=[]))
    assert secret not in repr(rig.plan(lambda stack: declared(stack, description="Other")))


def test_nothing_changes_the_value(rig: Rig) -> None:
    rig.up(declared).ok()
    secret = value(rig)
    assert rig.up(lambda stack: declared(stack, description="Other")).ok().writes == []
    rig.cloud.client("ssm").put_parameter(Name=NAME, Value="somebody's own", Type="SecureString", Overwrite=True)
    assert rig.plan(declared) == []
    assert rig.up(declared).ok().writes == []
    assert value(rig) == "somebody's own" != secret


def test_lost_and_created_anew_once_the_name_is_free_again(rig: Rig) -> None:
    rig.up(declared).ok()
    secret = value(rig)
    rig.down().ok()
    rig.up(declared).ok()
    assert value(rig) != secret


def test_somebody_elses_parameter_is_refused_and_left_as_it_is(rig: Rig) -> None:
    rig.cloud.client("ssm").put_parameter(Name=NAME, Value="theirs", Type="String")
    assert "not the tags of this stack" in rig.plan(declared)[0].why
    assert rig.up(declared).summary.exit_code == 1
    assert rig.down().ok().summary.leftovers == []
    assert value(rig) == "theirs"
