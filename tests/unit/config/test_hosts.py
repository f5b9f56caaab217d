"""Hosts of public services: their names, refusals, and the names of other environments."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from provisioner.config.host_names import covered, zone_of
from provisioner.config.models import Config
from provisioner.config.stack_file import load
from provisioner.engine.errors import ConfigurationError

WEB: dict[str, Any] = {"image": "nginx:1", "port": 80, "public": True}
NAMED = {"domain": "example.com"}
ARN = "arn:aws:acm:ap-northeast-1:123456789012:certificate/1a2b"


def config(dns: Any = NAMED, **services: Any) -> Config:
    return Config.model_validate({"dns": dns, "services": {name: WEB | more for name, more in services.items()}})


def refused(dns: Any = NAMED, **services: Any) -> str:
    with pytest.raises(ValidationError) as raised:
        config(dns, **services)
    return str(raised.value)


def test_hosts_are_labels_the_domain_all_names_or_whole_ones() -> None:
    found = config(web={}, api={"hosts": ["api", "@", "shop.example.org"]})
    assert found.hosts == {"api": ("api.example.com", "example.com", "shop.example.org")}
    assert found.names == ("app.example.com", "api.example.com", "example.com", "shop.example.org")
    assert found.address == "app.example.com"
    every = config(web={"hosts": ["*"]})
    assert (every.names, every.address) == (("*.example.com",), "")
    assert config(web={}).names == ("app.example.com",)


@pytest.mark.parametrize("host", ["Api", "-a", "*.example.com", "a..b", "https://a", "a b", ""])
def test_what_is_no_host(host: str) -> None:
    assert "is not a host" in refused(web={"hosts": [host]})


@pytest.mark.parametrize(
    ("services", "says"),
    [
        ({"a": {"hosts": ["x"]}, "b": {"hosts": ["x"]}}, '"/*" at x.example.com is the path of services.a too'),
        ({"a": {}, "b": {"hosts": ["app"]}}, '"/*" at app.example.com is the path of services.a too'),
        ({"a": {}, "b": {}}, '"/*" is the path of services.a too'),
        ({"a": {"hosts": list("uvwxyz")}}, "has 6 hosts, and a rule takes 5: split"),
        ({"a": {"hosts": list("vwxyz"), "path": "/a/*"}}, "has 5 hosts, and a rule takes 4 beside a path"),
        (
            {"a": {"hosts": list("xyz"), "path": ["/a", "/b", "/c"]}},
            "has 3 hosts, and a rule takes 2 beside 3 paths",
        ),
        (
            {"a": {"hosts": ["*"], "path": [f"/{n}" for n in range(5)]}},
            "has 1 host, and a rule takes 0 beside 5 paths",
        ),
        ({"a": {"hosts": ["*"], "path": ["/*/*/*", "/?/*"]}}, "which makes 6 wildcards together with path"),
        (
            {"a": {"path": [f"/{n}" for n in range(5)]}, "b": {"hosts": ["b"]}},
            "has 5 patterns, and a rule takes 4 beside the stack's public name",
        ),
        (
            {"a": {"hosts": ["x"], "path": ["/a/*", "/much/longer/*"]}, "b": {"hosts": ["x"], "path": "/a/b/*"}},
            'it is tried before "/a/b/*" of services.b',
        ),
        (
            {f"s{n}": {"hosts": ["*"], "path": f"/{n}"} for n in range(7)},
            'has 7 services with hosts = ["*"] and paths of one length',
        ),
        ({"a": {}, "b": {"hosts": ["*"]}}, '"*" would take app.example.com from services.a'),
        ({"a": {"hosts": ["*", "x"], "deployment": "blue-green"}}, 'needs two rules for "*" and other hosts'),
        ({"a": {"hosts": ["x" * 60]}}, "and a certificate's name has at most 64"),
        ({"a": {"hosts": ["a.xn--p1ai"]}}, "ends with a label that has more than letters"),
        ({"a": {"hosts": ["x", "x"]}}, "list each host once"),
        ({f"s{n}": {"hosts": [f"h{n}"]} for n in range(27)}, "27 hosts, and a load balancer shows 26 certificates"),
    ],
)
def test_what_is_refused(services: Any, says: str) -> None:
    assert says in refused(**services)


def test_hosts_need_a_domain_and_a_public_service() -> None:
    assert "has no effect without dns.domain" in refused({}, web={"hosts": ["x"]})
    assert "has no effect on a service that is not public" in refused(web={}, api={"public": False, "hosts": ["x"]})


def test_the_same_path_may_be_at_several_hosts() -> None:
    assert len(config(web={}, a={"hosts": ["a"]}, b={"hosts": ["b"]}).public) == 3
    deep = {"hosts": ["b"], "path": "/a/b/*"}
    assert len(config(a={"hosts": ["a"], "path": ["/a/*", "/much/longer/*"]}, b=deep).public) == 2


def test_an_existing_certificate_is_one_or_a_list() -> None:
    assert config({**NAMED, "certificate": ARN}, web={}).dns.certificate == (ARN,)
    assert config({**NAMED, "certificate": [ARN, f"{ARN}3"]}, web={}).dns.certificate == (ARN, f"{ARN}3")
    # it may be for more names than the stack's own could be
    many = {f"s{n}": {"hosts": [f"h{n}"]} for n in range(27)}
    assert len(config({**NAMED, "certificate": ARN}, **many).names) == 27


@pytest.mark.parametrize(
    ("dns", "says"),
    [
        ({"certificate": ARN}, "certificate: has no effect without dns.domain"),
        ({**NAMED, "certificate": "mine"}, "is not the ARN of a certificate of ACM"),
        ({**NAMED, "certificate": ARN.replace("acm", "iam")}, "is not the ARN of a certificate of ACM"),
        ({**NAMED, "certificate": [ARN, ARN]}, "list each certificate once"),
        ({**NAMED, "certificate": ARN.replace("ap-northeast-1", "us-east-1")}, "it is in us-east-1, but the stack is"),
        ({**NAMED, "certificate": [f"{ARN}{n}" for n in range(27)]}, "has 27, and a load balancer shows 26"),
    ],
)
def test_what_is_no_certificate_of_the_stack(dns: Any, says: str) -> None:
    assert says in refused(dns, web={})


def test_a_certificate_of_another_account_is_refused() -> None:
    tables = {"dns": {**NAMED, "certificate": ARN}, "account": {"id": "210987654321"}, "services": {"web": WEB}}
    with pytest.raises(ValidationError, match=r"is of account 123456789012, and account.id is 210987654321"):
        Config.model_validate(tables)


def test_a_wildcard_covers_one_level() -> None:
    assert covered("a.x.org", ["*.x.org"])
    assert not covered("a.b.x.org", ["*.x.org"])
    assert not covered("x.org", ["*.x.org"])
    assert covered("*.x.org", ["*.x.org"])


def test_the_longest_zone_counts() -> None:
    assert zone_of("a.b.x.org", ["x.org", "b.x.org", "y.org"]) == "b.x.org"
    assert zone_of("x.org", ["x.org"]) == "x.org"
    assert zone_of("ax.org", ["x.org"]) is None


# -- environments ------------------------------------------------------------------------------------------------------


def read(place: Path, hosts: str, more: str = "", env: str = "staging") -> Config:
    path = place / "stack.toml"
    service = f'[services.web]\nimage = "nginx:1"\nport = 80\npublic = true\nhosts = {hosts}\n'
    path.write_text(f'env = "dev"\n[dns]\ndomain = "example.com"\n{service}{more}', encoding="utf-8")
    return load(path, env=env)


def test_labels_of_another_environment_end_with_its_name(tmp_path: Path) -> None:
    assert read(tmp_path, '["api", "www"]').names == ("api-staging.example.com", "www-staging.example.com")
    assert read(tmp_path, '["api", "@"]', env="dev").names == ("api.example.com", "example.com")


@pytest.mark.parametrize("host", ["@", "*", "shop.example.org"])
def test_names_are_never_shared_silently(tmp_path: Path, host: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        read(tmp_path, f'["{host}"]')
    assert f'services.web.hosts: "{host}" is the name of environment dev too' in str(raised.value)
    assert "[environments.staging.services.web]" in str(raised.value)
    given = '[environments.staging.services.web]\nhosts = ["try", "beta.example.org"]\n'
    assert read(tmp_path, f'["{host}"]', given).names == ("try.example.com", "beta.example.org")


def test_below_a_domain_of_its_own_no_name_is_shared(tmp_path: Path) -> None:
    own = '[environments.staging.dns]\ndomain = "example.net"\n'
    assert read(tmp_path, '["@", "*"]', own).names == ("example.net", "*.example.net")
    with pytest.raises(ConfigurationError):
        read(tmp_path, '["shop.example.org"]', own)
