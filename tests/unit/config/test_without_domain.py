"""The configuration of a public service without `dns.domain`: by HTTP, in clear, to the allowed networks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from provisioner.config.models import Config
from provisioner.config.stack_file import load
from provisioner.engine.errors import ConfigurationError

WEB = {"image": "nginx:1", "port": 80, "public": True}
EVERYBODY = {"allow": ["0.0.0.0/0"]}
NAMED = {"domain": "example.com"}


def config(**tables: Any) -> Config:
    return Config.model_validate({"services": {"web": WEB}, **tables})


def refused(**tables: Any) -> str:
    with pytest.raises(ValidationError) as raised:
        config(**tables)
    return str(raised.value)


def test_there_is_no_name() -> None:
    found = config()
    assert (found.fqdn, found.https, found.public_zone) == ("", False, False)
    found = config(dns=NAMED)
    assert (found.fqdn, found.https, found.public_zone) == ("app.example.com", True, True)


@pytest.mark.parametrize("allow", [["0.0.0.0/0"], ["my-ip", "128.0.0.0/1", "0.0.0.0/1"]])
def test_everybody_in_clear_has_to_be_meant(allow: list[str]) -> None:
    network = {"allow": allow}
    text = refused(network=network)
    assert "network.allow" in text
    assert "load_balancer.http = true" in text
    assert config(network=network, load_balancer={"http": True}).load_balancer.http
    assert config(network=network, dns=NAMED).https
    private = Config.model_validate({"services": {"web": {**WEB, "public": False}}, "network": network})
    assert private.public == {}


@pytest.mark.parametrize(("key", "value"), [("host", "www"), ("create_zone", True)])
def test_a_key_about_the_domain_needs_one(key: str, value: object) -> None:
    assert f"{key}: has no effect without dns.domain" in refused(dns={key: value})
    assert config(dns={"create_zone": False, "discovery_domain": "apps.internal"}).fqdn == ""


def test_ecs_shifts_the_traffic_of_one_rule() -> None:
    canary = {"services": {"web": {**WEB, "deployment": "canary"}}}
    assert "services.web" in refused(**canary, dns=NAMED, load_balancer={"http": True})
    assert config(**canary, load_balancer={"http": True}).public["web"].deployment.shifts


def test_new_tasks_are_tried_by_https() -> None:
    tried = {"services": {"web": {**WEB, "deployment": {"strategy": "blue-green", "test_port": 8443}}}}
    assert "services.web.deployment.test_port" in refused(**tried)
    assert config(**tried, dns=NAMED).test_ports == [8443]


def test_an_environment_may_have_the_domain(tmp_path: Path) -> None:
    path = tmp_path / "stack.toml"
    web = 'services.web = { image = "nginx:1", port = 80, public = true }\n'
    path.write_text(f'{web}[environments.prod.dns]\ndomain = "example.com"\n')
    assert load(path).fqdn == ""
    assert load(path, env="qa").fqdn == ""
    assert load(path, env="prod").fqdn == "app-prod.example.com"
    path.write_text(f'{web}[environments.prod.network]\nallow = ["0.0.0.0/0"]\n')
    with pytest.raises(ConfigurationError, match=r"environments\.prod\.network\.allow.*load_balancer\.http"):
        load(path)
