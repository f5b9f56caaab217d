"""The words `{project}` and `{env}`: where they are filled in, and where they are refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from provisioner.config import origins, schema
from provisioner.config.stack_file import load
from provisioner.engine.errors import ConfigurationError
from tests.unit.config.unplaced import unplaced

FILE = """
project = "shop"
env = "dev"

[dns]
host = "{env}"
domain = "{project}.example.com"

[services.web]
image = "registry.example.com/{project}/web:{env}"
port = 80
public = true
environment = { TEXT = "{env}" }
secrets = { STRIPE = "ssm:/{project}/{env}/stripe", AUTH = "secretsmanager:{env}/auth#key" }

[services.web.sidecars.proxy]
image = "proxy:{env}"
essential = false

[jobs.nightly]
extends = "web"

[environments.prod]
services.web.image = "registry.example.com/web:live-{env}"
"""


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "stack.toml"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("env", "image"),
    [
        (None, "registry.example.com/shop/web:dev"),
        ("test", "registry.example.com/shop/web:test"),
        ("prod", "registry.example.com/web:live-prod"),
    ],
)
def test_words_are_filled_in_for_each_environment(tmp_path: Path, env: str | None, image: str) -> None:
    path, name = write(tmp_path, FILE), env or "dev"
    config = load(path, env=env)
    web = config.services["web"]
    assert config.fqdn == f"{name}.shop.example.com"
    assert (web.image, config.jobs["nightly"].image, web.sidecars["proxy"].image) == (image, image, f"proxy:{name}")
    assert (web.secrets["STRIPE"].place, web.secrets["AUTH"].place) == (f"/shop/{name}/stripe", f"{name}/auth")
    assert web.environment == {"TEXT": "{env}"}, "a program may mean braces otherwise"
    shown = {one.key: one.value for one in origins.settings(path, config, env=env, target=None)}
    assert (shown["services.web.image"], shown["dns.host"]) == (image, name)
    assert shown["services.web.secrets.STRIPE"] == f"ssm:/shop/{name}/stripe"


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ('host = "{env}"', 'host = "{stage}"', "dns.host: has {stage}: only {project} and {env} stand for something"),
        ("web:{env}", "web:{env", "services.web.image: "),
        ("proxy:{env}", "proxy:{}", "services.web.sidecars.proxy.image: has {}: only {project} and {env}"),
        ("/{env}/stripe", "/{stage}/stripe", "services.web.secrets.STRIPE: is not true"),
        ('host = "{env}"', 'host = "{env}.a"', 'dns.host: "dev.a" is not a single DNS label'),
    ],
)
def test_other_words_are_refused(tmp_path: Path, old: str, new: str, line: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load(write(tmp_path, FILE.replace(old, new)))
    assert f"stack.toml: {line}" in unplaced(str(caught.value))
    assert "stage}/stripe" not in str(caught.value)


def test_editors_take_the_words_in_a_host() -> None:
    pattern = schema.document()["definitions"]["Dns"]["properties"]["host"]["pattern"]
    assert "(project|env)" in pattern
