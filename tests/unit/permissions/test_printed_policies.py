"""The output of `provision policy` is unchanged: the same actions on the same resources, with the same conditions."""

from __future__ import annotations

import json

from provisioner.config.models import Config
from provisioner.permissions.printed import printed
from tests.unit.permissions.printed_policies import RECORDED, now


def test_policies_allow_what_they_allowed() -> None:
    assert now() == json.loads(RECORDED.read_text(encoding="utf-8")), "see tests/unit/permissions/printed_policies.py"


def test_a_policy_does_not_change_with_the_services() -> None:
    one = {"image": "111111111111.dkr.ecr.ap-northeast-1.amazonaws.com/web:1", "port": 80}
    few, many = (
        Config.model_validate({"services": services, **({"database": {}} if "api" in services else {})})
        for services in (
            {"web": one},
            {"web": {**one, "public": True}, "api": {**one, "launch": "ec2", "database": True, "port": 81}},
        )
    )
    assert printed(few, account=None) == printed(many, account=None)
