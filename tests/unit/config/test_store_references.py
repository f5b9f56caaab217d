"""References to the stack's own stores in `secrets` and `environment`: their places, and the refusals."""

from __future__ import annotations

from pathlib import Path

import pytest

from provisioner.config import store_references
from provisioner.config.models import Config
from provisioner.config.secrets import Secret
from provisioner.config.stack_file import load
from provisioner.engine.errors import ConfigurationError
from tests.unit.config.unplaced import unplaced

WEB = '[services.web]\nimage = "nginx:1"\nport = 80\n'
BOTH = f"{WEB}database = true\nredis = true\n"
STORES = "[database]\n[redis]\n"


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "stack.toml"
    path.write_text(text)
    return path


def config(tmp_path: Path, text: str, env: str | None = None) -> Config:
    return load(written(tmp_path, text), env=env)


def refused(tmp_path: Path, text: str) -> list[str]:
    with pytest.raises(ConfigurationError) as error:
        load(written(tmp_path, text))
    return [line.rpartition("stack.toml: ")[2] for line in unplaced(str(error.value)).splitlines()]


@pytest.mark.parametrize("word", ["database.password", "database.url", "redis.password", "redis.url"])
def test_a_secret_of_a_store_is_no_place_to_look_up(tmp_path: Path, word: str) -> None:
    found = config(tmp_path, f'{BOTH}secrets = {{ A = "{word}", B = true }}\n{STORES}')
    assert found.services["web"].secrets == {"A": Secret("store", word), "B": Secret("own", "B")}
    assert found.secrets == {"services.web": {"B": Secret("own", "B")}}
    assert found.store_secrets == {"services.web": {"A": Secret("store", word)}}


def test_references_are_inherited_and_taken_away(tmp_path: Path) -> None:
    text = (
        '[defaults]\nsecrets = { PGPASSWORD = "database.password" }\nenvironment = { PGHOST = "{database.host}" }\n'
        f'{WEB}database = true\n[jobs.migrate]\nextends = "web"\n'
        '[services.mail]\nimage = "mail:1"\nport = 25\nsecrets = { PGPASSWORD = false }\nenvironment = false\n'
        '[database]\n[environments.prod.services.mail]\ndatabase = true\nsecrets = { PW = "database.url" }\n'
    )
    assert config(tmp_path, text).services["mail"].secrets == {}
    assert set(config(tmp_path, text).jobs["migrate"].secrets) == {"PGPASSWORD"}
    assert set(config(tmp_path, text, "prod").services["mail"].secrets) == {"PW"}


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("{database.host}:{database.port}/x", "db.example:3306/x"),
        ("${database.host} {{database.host}}", "${database.host} {{database.host}}"),
        ('{env} {"a": {}} {databases.host}', '{env} {"a": {}} {databases.host}'),
    ],
)
def test_only_words_in_single_braces_are_filled_in(text: str, filled: str) -> None:
    values = {"database.host": "db.example", "database.port": "3306"}
    assert store_references.filled(text, values) == filled


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ('secrets = { A = "database.pasword" }', 'A: refers to no secret of a store; did you mean "database.pass'),
        ('secrets = { A = "databse.url" }', 'A: refers to no secret of a store; did you mean "database.url"?'),
        ('secrets = { A = "redis.zzz" }', "there are database.password, database.url, redis.password, redis.url"),
        ('secrets = { A = "{redis.url}" }', 'is in braces, and a secret is the word alone: write "redis.url"'),
        ('secrets = { A = "database.host" }', 'environment, with the value "{database.host}"'),
        ('secrets = { A = "database.hunter22hunter22" }', "A: is not true"),
        ('environment = { A = "x{database.hots}" }', '{database.hots}, which stands for nothing; did you mean "datab'),
        ('environment = { A = "{redis.name}" }', "there are database.host, database.name, database.port"),
        ('environment = { A = "{database.password}" }', 'the value "database.password" alone, or use "database.url"'),
        ('secrets = { DB_PASSWORD = "database.password" }', "secrets.DB_PASSWORD: is set by the stack itself"),
    ],
)  # fmt: skip
def test_a_wrong_word_is_told_with_the_right_one(tmp_path: Path, keys: str, told: str) -> None:
    (line,) = refused(tmp_path, f"{BOTH}{keys}\n{STORES}")
    assert told in line
    assert "hunter22" not in line


def test_a_store_out_of_reach_is_told_once(tmp_path: Path) -> None:
    lines = refused(
        tmp_path,
        f'[defaults]\nenvironment = {{ NODE = "{{redis.host}}:{{redis.port}}" }}\n{WEB}[services.b]\nimage = "b"\n'
        '[services.web.sidecars.pool]\nimage = "pool:1"\nsecrets = { PW = "database.password" }\n[database]\n',
    )
    there = "and the tasks of services.web may not connect there: add"
    end = "or take the reference away"
    of_redis, of_database = (line.partition(": refers to ") for line in lines)
    assert of_redis[::2] == (
        "services.web.environment.NODE",
        f'"redis.host", {there} redis = true to [services.web] and a table [redis], {end} (also of services.b)',
    )
    assert of_database[::2] == (
        "services.web.sidecars.pool.secrets.PW",
        f'"database.password", {there} database = true to [services.web], {end}',
    )


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("database.host", 'is only a text: write "{database.host}" for the database of the stack'),
        ("redis.url", 'is only a text: write "redis.url" in secrets for the redis of the stack'),
        ("x{databse.host}:{database.port}", 'write "{database.host}"'),
        ("${databse.host} {{databse.host}} {env} {message.text}", ""),
        ("{database.host}", ""),
    ],
)
def test_a_text_that_is_nearly_a_reference_is_warned_of(tmp_path: Path, value: str, told: str) -> None:
    web = config(tmp_path, f'{BOTH}environment = {{ A = "{value}" }}\n{STORES}').services["web"]
    found = list(store_references.warnings({"services.web": web}))
    assert [one for one in found if told in one and "services.web.environment.A" in one] == (found if told else [])
    assert bool(found) == bool(told)


def test_no_sign_in_has_the_secret_of_a_store(tmp_path: Path) -> None:
    provider = 'issuer = "https://example.com"\nclient_id = "a"\nclient_secret = "database.password"\n'
    lines = refused(tmp_path, f"{BOTH}{STORES}[sign_in.company]\n{provider}")
    assert any("sign_in.company.client_secret: is neither a name" in line for line in lines)
