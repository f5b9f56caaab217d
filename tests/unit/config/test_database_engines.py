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


def test_keys_of_the_other_engines_are_refused() -> None:
    def problem(**database: object) -> str:
        with pytest.raises(ValueError, match="remove it") as found:
            Config.model_validate({"services": SERVICE, "database": database})
        return str(found.value)

    assert 'engine is "postgresql": remove it; standby = true' in problem(engine="postgresql", readers=1)
    assert "set the size by instance" in problem(engine="mysql", max_acu=8)
    assert "a disk of Aurora grows by itself" in problem(storage=20)
    assert "readers = 1 is the instance that takes over" in problem(engine="aurora-postgresql", standby=True)


def test_a_disk_has_20_gb_at_least() -> None:
    with pytest.raises(ValueError, match="storage"):
        Config.model_validate({"services": SERVICE, "database": {"engine": "mysql", "storage": 10}})


def test_only_aurora_pauses() -> None:
    def pauses(engine: str) -> bool:
        config = Config.model_validate({"services": SERVICE, "database": {"engine": engine}})
        assert config.database
        return config.database.pauses

    assert [engine for engine in ENGINES if pauses(engine)] == ["aurora-mysql", "aurora-postgresql"]


@pytest.mark.parametrize(("engine", "group"), [("mysql", "shop-dev-mysql8-4"), ("postgresql", "shop-dev-postgres17")])
def test_the_parameter_group_of_an_instance_names_its_family(engine: str, group: str) -> None:
    assert ENGINES[engine].group_name("shop-dev") == group
