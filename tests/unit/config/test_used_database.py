"""The keys of a database of somebody else, and the keys that do not go with them."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from provisioner.config.models import Config

PASSWORD = "secretsmanager:shared/shop#password"
USED: dict[str, Any] = {"cluster": "shared-prod", "user": "shop_app", "password": PASSWORD}


def config(database: dict[str, Any], vpc: str | None = "vpc-0a1b2c3d4e5f67890") -> Config:
    network = {"vpc": vpc} if vpc else {}
    web = {"image": "nginx", "port": 80, "database": True}
    return Config.model_validate({"network": network, "database": database, "services": {"web": web}})


def test_a_used_database_is_not_owned() -> None:
    used = config(USED)
    assert (used.own_database, used.used_database, used.stores) == (None, used.database, False)
    own = config({})
    assert (own.own_database, own.used_database, own.stores) == (own.database, None, True)


@pytest.mark.parametrize(
    ("database", "said"),
    [
        (USED | {"engine": "postgresql"}, "engine: has no effect with cluster"),
        (USED | {"from_snapshot": "latest"}, "from_snapshot: has no effect with cluster"),
        (USED | {"iam_authentication": True}, "iam_authentication: has no effect with cluster"),
        (USED | {"instance_id": "other"}, "instance_id: names a second database"),
        ({"cluster": "shared-prod", "password": PASSWORD}, "user: is missing"),
        ({"instance_id": "shared-prod", "user": "app"}, "password: is missing"),
        ({"password": PASSWORD}, "password: is of a database of somebody else"),
        ({"user": "shop_app"}, "is not a master user name"),
        (USED | {"password": "hunter2hunter2"}, "is neither"),
    ],
)
def test_keys_that_do_not_go_together(database: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError) as caught:
        config(database)
    text = str(caught.value)
    key, _, why = said.rpartition(": ")
    assert why in text
    assert key in text
    assert "hunter2" not in str(caught.value.errors()[0]["msg"])


def test_without_a_vpc_it_is_refused() -> None:
    with pytest.raises(ValidationError, match=r"add network\.vpc"):
        config(USED, vpc=None)
