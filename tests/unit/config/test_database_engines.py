"""The table of database engines: clients, and the names of parameter groups."""

from __future__ import annotations

import shlex
from typing import get_args

import pytest

from provisioner.config.database_engines import AURORA_MYSQL, AURORA_POSTGRESQL, DEFAULT, ENGINES, EngineName
from provisioner.config.models import Config

SERVICE = {"web": {"image": "nginx:1", "port": 80, "database": True}}


def test_each_engine_has_its_clients_command() -> None:
    to = ("127.0.0.1", "5432", "dbadmin", "sample")
    assert shlex.join(AURORA_MYSQL.client_words(*to)) == "mysql -h 127.0.0.1 -P 5432 -u dbadmin -p sample"
    assert shlex.join(AURORA_POSTGRESQL.client_words(*to)) == (
        "psql 'host=127.0.0.1 port=5432 user=dbadmin dbname=sample sslmode=require'"
    )


def test_the_parameter_group_of_the_first_engine_keeps_its_name() -> None:
    assert (AURORA_MYSQL.group_name("shop-dev"), AURORA_MYSQL.group_address) == ("shop-dev", "main")
    assert AURORA_POSTGRESQL.group_name("shop-dev") == "shop-dev-aurora-postgresql17"


def test_the_key_takes_the_names_of_the_table() -> None:
    assert get_args(EngineName) == (*ENGINES,)
    assert Config.model_validate({"services": SERVICE, "database": {}}).database.kind is ENGINES[DEFAULT]  # type: ignore[union-attr]


def test_a_name_that_is_too_long_for_mysql_fits_postgresql() -> None:
    name = "a" * (33 - len("shop-dev-"))

    def check(engine: str) -> None:
        database = {"engine": engine, "iam_authentication": True}
        Config.model_validate({"project": "shop", "services": {name: SERVICE["web"]}, "database": database})

    check("aurora-postgresql")
    with pytest.raises(ValueError, match="MySQL allows 32 characters"):
        check("aurora-mysql")
