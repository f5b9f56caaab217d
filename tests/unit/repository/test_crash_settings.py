"""Comparisons of the crash tests: AWS's generated ids are removed, at any place of their digits."""

from __future__ import annotations

import string

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.cloud.crash.settings import settings

DIGITS_AND_CAPITALS = string.ascii_uppercase + string.digits


@given(st.text(DIGITS_AND_CAPITALS, min_size=26, max_size=26))
@example("12345678SV38BQW4YEXRQPWWEP")
@example("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
def test_the_resource_id_of_a_database_is_taken_out(generated: str) -> None:
    assert settings({"db_instances": [{"DbiResourceId": f"db-{generated}"}]}) == {
        "db_instances": ['{"DbiResourceId": "db-*"}']
    }


@pytest.mark.parametrize("generated", ["pl-defefdda", "pl-0123abcd", "vpc-0123456789abcdef0", "vpc-abcdefabcdefabcde"])
def test_an_id_of_ec2_is_taken_out_also_without_a_digit(generated: str) -> None:
    prefix = generated.partition("-")[0]
    assert settings({"routes": [{"Id": generated}]}) == {"routes": [f'{{"Id": "{prefix}-*"}}']}


def test_a_name_is_no_id() -> None:
    (text,) = settings({"roles": [{"Name": "ecs-sample-dev-frontend", "Other": "load-balancer"}]})["roles"]
    assert "ecs-sample-dev-frontend" in text
    assert "load-balancer" in text
