"""`[environments.NAME]`: the changes by an overlay, and the places that messages about one name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioner.config import overlays
from provisioner.config.models import Config
from provisioner.config.stack_file import load
from tests.unit.config.test_config import refusal, write
from tests.unit.config.unplaced import unplaced

WEB = """
[services.web]
image = "web:1"
port = 8080
public = true
health = "/up"
environment = { LEVEL = "info", MODE = "plain" }
"""
BOTH = f"""
project = "shop"
region = "eu-central-1"
[dns]
domain = "example.com"
[network]
allow = ["203.0.113.0/24"]
zones = 2
[database]
max_acu = 2
{WEB}
[environments.prod]
region = "eu-west-1"
target = "aws"
account = {{ id = "123456789012" }}
database = {{ max_acu = 16, readers = 1 }}
network = {{ allow = ["0.0.0.0/0"] }}
services.web.environment = {{ LEVEL = "warning" }}
services.web.health = {{ grace = 120 }}
services.web.scaling = {{ max = 20 }}
"""


def test_an_overlay_is_laid_over_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, BOTH)
    dev, prod = load(path), load(path, env="prod")
    assert (dev.name, dev.region, dev.target, dev.account.id) == ("shop-dev", "eu-central-1", "local", None)
    assert (prod.name, prod.region, prod.target, prod.account.id) == (
        "shop-prod",
        "eu-west-1",
        "aws",
        "123456789012",
    )
    assert prod.database
    assert dev.database
    assert (prod.database.max_acu, prod.database.readers, dev.database.readers) == (16, 1, 0)
    assert (prod.network.allow, prod.network.zones) == (("0.0.0.0/0",), 2), "lists replace, tables are merged"
    web = prod.services["web"]
    assert web.environment == {"LEVEL": "warning", "MODE": "plain"}
    assert (web.health.path, web.health.grace) == ("/up", 120), "the short form is the table that it means"
    assert (prod.fqdn, dev.fqdn) == ("app-prod.example.com", "app.example.com")


def test_the_example_of_the_document_is_right(tmp_path: Path) -> None:
    document = (Path(__file__).parents[3] / "docs" / "environments.md").read_text(encoding="utf-8")
    path = write(tmp_path, document.split("```toml\n")[1].split("```")[0])
    dev, staging, prod = (load(path, env=env) for env in (None, "staging", "prod"))
    assert (dev.fqdn, staging.fqdn, prod.fqdn) == ("app.example.com", "app-staging.example.com", "www.example.com")
    scaling = prod.services["web"].scaling
    assert scaling is not None
    assert (prod.target, scaling.max) == ("aws", 12)
    assert prod.services["web"].environment == {"LOG_LEVEL": "info", "THEME": "plain"}


def test_production_defaults_hold_below_what_is_written(tmp_path: Path) -> None:
    path = write(tmp_path, BOTH + "[environments.staging]\n")
    prod, staging = load(path, env="prod"), load(path, env="staging")
    assert (prod.protect, prod.capacity.spot, staging.protect) == (True, False, False)
    web = prod.services["web"]
    assert web.scaling is not None
    assert (web.scaling.min, web.scaling.max, web.on_demand.percent) == (2, 20, 100)
    assert "services.web.scaling.min" in prod.by_environment
    single = write(tmp_path, BOTH + "[environments.prod.services.web.on_demand]\nbase = 1\npercent = 50\n")
    assert load(single, env="prod").services["web"].on_demand.percent == 50


def test_the_files_own_environment_may_have_an_overlay(tmp_path: Path) -> None:
    named = 'dns.domain = "example.com"\n'
    path = write(tmp_path, f"{named}{WEB}[environments.dev]\nservices.web.cpu = 512\nservices.web.memory = 1024\n")
    assert load(path).services["web"].cpu == load(path, env="dev").services["web"].cpu == 512
    assert load(path, env="qa").services["web"].cpu == 256
    assert load(path).fqdn == "app.example.com"


def test_an_environment_without_an_overlay_is_only_a_name(tmp_path: Path) -> None:
    path = write(tmp_path, BOTH)
    assert load(path, env="qa").model_dump(exclude={"env", "dns"}) == load(path).model_dump(exclude={"env", "dns"})


@pytest.mark.parametrize(("env", "near"), [("prd", "prod"), ("prodd", "prod"), ("pro", "prod"), ("dve", "dev")])
def test_a_misspelt_environment_is_refused_with_the_near_one(tmp_path: Path, env: str, near: str) -> None:
    (line,) = refusal(write(tmp_path, BOTH), env=env)
    fix = "For another environment add that table; it may be empty"
    assert line == f'--env: there is no [environments.{env}]; did you mean "{near}"? {fix}'
    assert load(write(tmp_path, f"{BOTH}[environments.{env}]\n"), env=env).env == env
    assert load(write(tmp_path, WEB), env=env).env == env, "without overlays any name is one"


# -- errors: text behind BOTH, the key, and words of the message
WRONG = [
    ("[environments.prod]\ncup = 1", "environments.prod.cup", ["is unknown"]),
    ("services.web.cup = 1", "environments.prod.services.web.cup", ['did you mean "cpu"?']),
    ("services.web.cpu = 300", "environments.prod.services.web.cpu", ["is not a CPU size of Fargate"]),
    ('services.web.cpu = "256"', "environments.prod.services.web.cpu", ["write 256 without quotes"]),
    ("services.web.memory = 4096", "environments.prod.services.web.memory", ["with 256 CPU units", "nearest: 2048"]),
    ("services.wep.cpu = 256", "environments.prod.services.wep", ['did you mean "web"?']),
    ('services.api = { image = "i", pord = 1 }', "environments.prod.services.api.pord", ['did you mean "port"?']),
    ("services.other.cpu = 256", "environments.prod.services.other", ["neither image nor build; there are web"]),
    ("jobs.clean = { cpu = 256 }", "environments.prod.jobs.clean", ["changes a job that there is not"]),
    ("services.web = 5", "environments.prod.services.web", ["must be a table, not 5"]),
    ('services.web.calls = ["wob"]', "environments.prod.services.web.calls", ['no service "wob"']),
    ('services.web.health = "up"', "environments.prod.services.web.health", ["is not a health check path"]),
    ("services.web.health.interval = 3", "environments.prod.services.web.health.interval", ["5 to 300"]),
    ("services.web.environment.LEVEL = 1", "environments.prod.services.web.environment.LEVEL", ['write "1"']),
    ("services.web.scaling = { min = 0 }", "environments.prod.services.web.scaling.min", ["use 1 or more"]),
    ("services.web.scaling = { cup = 0 }", "environments.prod.services.web.scaling.cup", ['did you mean "cpu"?']),
    ("database = 1", "environments.prod.database", ["must be a table, not 1"]),
    ("database = { max_acu = 0.3 }", "environments.prod.database.max_acu", ["steps of 0.5"]),
    ("database = { min_acu = 3 }", "environments.prod.database.min_acu", ["more than database.max_acu, which is 2"]),
    ("network = { zones = 9 }", "environments.prod.network.zones", ["use 2 to 4"]),
    ('network = { allow = "my-ip" }', "environments.prod.network.allow", ['write ["my-ip"]']),
    ('network = { region = "eu-west-1" }', "environments.prod.network.region", ["to the table [environments.prod]"]),
    ("retention_days = 7", "environments.prod.retention_days", ["to the table [environments.prod.logs]"]),
    ('region = "tokyo"', "environments.prod.region", ["is not an AWS Region"]),
    ('target = "gcp"', "environments.prod.target", ['"local" or "aws"']),
    ('env = "x"', "environments.prod.env", ["remove it"]),
    ('project = "x"', "environments.prod.project", ["the same for all environments", "remove it"]),
    ("environments = { x = {} }", "environments.prod.environments", ["belongs at the top"]),
    ("account = { id = 123456789012 }", "environments.prod.account.id", ['write "123456789012"']),
    ('account = { id = "12345" }', "environments.prod.account.id", ["12 digits"]),
    ('account = "123456789012"', "environments.prod.account", ["must be a table"]),
    ("account = { ids = 1 }", "environments.prod.account.ids", ['did you mean "id"?']),
    ('kms_key = "arn:aws:kms:eu-west-1:123456789012:key/1"', "environments.prod.kms_key", ["it is in eu-west-1"]),
    ('dns = { host = "a.b" }', "environments.prod.dns.host", ["single DNS label"]),
    ("protect = 1", "environments.prod.protect", ["true or false"]),
    ("protct = true", "environments.prod.protct", ['did you mean "protect"?']),
]
OTHERWISE = [
    ("environments = 5", "environments", ["must be a table: write [environments.prod]"]),
    ("environments = { prod = 5 }", "environments.prod", ["must be the table of an environment"]),
    ('environments = { KEY = "sk_live_1234567890" }', "environments.KEY", ["must be the table of an environment"]),
    ("[environments.Prod]", "environments.Prod", ["lower-case letters"]),
    ('[environments."a.b"]', 'environments."a.b"', ["lower-case letters"]),
    ('[environments.""]', 'environments.""', ["lower-case letters"]),
    ("[environments.a-name-that-is-longer]", "environments.a-name-that-is-longer", ["AWS allows 32", "shorten"]),
    ("[environment.prod]", "environment", ['did you mean "environments"?']),
    ("[env.prod]", "env.prod", ["this file's own environment", "write [environments.prod]"]),
    ("[env]", "env.prod", ["write [environments.prod]"]),
    ('account = { id = "12345678901a" }', "account.id", ["12 digits in quotes"]),
]


@pytest.mark.parametrize(("text", "key", "words"), WRONG, ids=[text for text, _, _ in WRONG])
@pytest.mark.parametrize("env", [None, "prod", "qa"])
def test_what_is_wrong_in_an_overlay_is_found_from_everywhere(
    tmp_path: Path, text: str, key: str, words: list[str], env: str | None
) -> None:
    table = text if text.startswith("[") else f"[environments.prod]\n{text}"
    path = write(tmp_path, f'project = "shop"\n[database]\nmax_acu = 2\n{WEB}\n{table}\n')
    # a service that has a misspelt port lacks one as well
    lines = [line for line in refusal(path, **({"env": env} if env else {})) if "port: is missing" not in line]
    (line,) = lines
    assert unplaced(line).startswith(f"{path}: {key}: ")
    assert all(word in line for word in words), line


@pytest.mark.parametrize(("text", "key", "words"), OTHERWISE, ids=[text for text, _, _ in OTHERWISE])
def test_wrong_tables_of_environments(tmp_path: Path, text: str, key: str, words: list[str]) -> None:
    path = write(tmp_path, f"{text}\n{WEB}")
    (line,) = refusal(path)
    assert unplaced(line).startswith(f"{path}: {key}: ")
    assert all(word in line for word in words), line
    assert "sk_live" not in line


def test_a_table_of_env_beside_its_value(tmp_path: Path) -> None:
    for text, place in (('env = "dev"\n[env.prod]\n', "2:6"), ('env = "dev"\n\nenv.prod.region = "x"\n', "3:5")):
        path = write(tmp_path, text + WEB)
        fix = "env is the name of this file's own environment: write [environments.prod]"
        assert refusal(path) == [f"{path}:{place}: {fix}"]


def test_a_closed_table_is_told_in_words(tmp_path: Path) -> None:
    path = write(tmp_path, f"{WEB}[environments.prod]\nservices.web = {{ cpu = 512 }}\nservices.web.memory = 1024\n")
    fix = "the table in braces is closed: write this key in them, or use dots only"
    assert refusal(path) == [f"{path}:10:1: is not TOML: {fix}"]


def test_settings_that_do_not_go_together_name_the_environment(tmp_path: Path) -> None:
    text = f"{WEB}scaling = {{ min = 3 }}\n[environments.prod.services.web.scaling]\nmax = 2\n"
    path = write(tmp_path, text)
    (line,) = refusal(path)
    assert unplaced(line).startswith(f"{path}: services.web.scaling.min: 3 is more than scaling.max, which is 2")
    assert line.endswith("(in environment prod)")


def test_what_is_wrong_for_all_is_told_once(tmp_path: Path) -> None:
    path = write(tmp_path, f"{WEB}cup = 1\n[environments.prod]\n[environments.qa]\n")
    (line,) = refusal(path)
    assert unplaced(line).startswith(f"{path}: services.web.cup: is unknown")


TABLES = st.recursive(
    st.integers() | st.lists(st.integers(), max_size=2),
    lambda inner: st.dictionaries(st.sampled_from("abcd"), inner, max_size=3),
    max_leaves=6,
).filter(lambda value: isinstance(value, dict))


@given(base=TABLES, over=TABLES)
def test_what_an_overlay_says_holds_and_the_rest_stays(base: Any, over: Any) -> None:
    whole = overlays.merged(base, over)
    assert overlays.merged(whole, over) == whole
    for key in base.keys() | over.keys():
        if key not in over:
            assert whole[key] == base[key]
        elif not isinstance(over[key], dict) or not isinstance(base.get(key), dict):
            assert whole[key] == over[key]
    assert overlays.merged(base, {}) == base


def test_every_environment_has_the_models_of_one(tmp_path: Path) -> None:
    assert overlays.TABLE not in Config.model_fields
