"""The account of the embedded cloud: that for which the file is written."""

from __future__ import annotations

from typing import Any

import pytest

from provisioner.config.models import Config
from provisioner.operations.context import embedded_cloud

CERTIFICATE = "arn:aws:acm:eu-west-1:210987654321:certificate/1a2b"
PARAMETER = "arn:aws:ssm:eu-west-1:310987654321:parameter/shop/key"
SHARED = "arn:aws:secretsmanager:eu-west-1:410987654321:secret:shared-AbCdEf"


@pytest.mark.parametrize(
    ("tables", "number"),
    [
        ({}, None),
        ({"account": {"id": "110987654321"}, "secrets": {"KEY": SHARED}}, "110987654321"),
        ({"dns": {"domain": "a.test", "certificate": CERTIFICATE}}, "210987654321"),
        ({"secrets": {"KEY": PARAMETER}}, "310987654321"),
        # a secret may be of another account, which shares it
        ({"secrets": {"KEY": SHARED}}, None),
    ],
)
def test_the_account_is_that_of_what_the_file_names(tables: dict[str, Any], number: str | None) -> None:
    web = {"image": "nginx:1", "port": 80, "public": True, "secrets": tables.get("secrets", {})}
    given = {key: value for key, value in tables.items() if key != "secrets"}
    config = Config.model_validate({"region": "eu-west-1", "services": {"web": web}, **given})
    assert embedded_cloud.account(config) == number


def test_stand_ins_are_for_the_embedded_cloud_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    web = {"image": "nginx:1"}
    local, aws = (Config.model_validate({"target": target, "services": {"web": web}}) for target in ("local", "aws"))
    monkeypatch.delenv("PROVISION_STAND_INS", raising=False)
    assert (embedded_cloud.stands_in(local), embedded_cloud.stands_in(aws)) == (True, False)
    monkeypatch.setenv("PROVISION_STAND_INS", "0")
    assert not embedded_cloud.stands_in(local)
