"""Protocols of services: values that contradict each other, and the health checks that follow from them."""

from __future__ import annotations

from pathlib import Path

import pytest

from provisioner.config import protocols
from provisioner.config.stack_file import load
from provisioner.engine.errors import ConfigurationError
from tests.unit.config.unplaced import unplaced

IMAGE = '[services.web]\nimage = "i"\nport = 1\n'
DOMAIN = '[dns]\ndomain = "example.com"\n'
PUBLIC = f"{DOMAIN}{IMAGE}public = true\n"


def write(directory: Path, text: str) -> Path:
    path = directory / "stack.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "key", "words"),
    [
        (f'{PUBLIC}protocol = "https"', "services.web.protocol", ["write tls = true instead"]),
        (f'{IMAGE}protocol = "grpcs"', "services.web.protocol", ['write protocol = "grpc" and tls = true']),
        (f'{PUBLIC}protocol = "redis"', "services.web.protocol", ["load balancer speaks HTTP", '"grpc"']),
        (f'{IMAGE}protocol = "redis"\ntls = true', "services.web.tls", ['such as "rediss"']),
        ('[services.web]\nimage = "i"\ntls = true', "services.web.tls", ["without a port", "remove tls"]),
        (f'{PUBLIC}protocol = "grpc"\nhealth = "/up"', "services.web.health.path", ["no method of gRPC"]),
        (f'{PUBLIC}protocol = "grpc"\nhealth.codes = "200"', "services.web.health.codes", ["codes of gRPC, 0 to 99"]),
        (f'{PUBLIC}health.codes = "12"', "services.web.health.codes", ["codes of HTTP, 200 to 499"]),
        (f'{PUBLIC}health.codes = "0,200"', "services.web.health.codes", ["from 200 to 499"]),
        (
            f'{PUBLIC.replace(DOMAIN, "")}protocol = "grpc"\n[network]\nallow = ["10.0.0.0/8"]',
            "services.web.protocol",
            ["by HTTPS alone", "add dns.domain"],
        ),
        (
            f'{PUBLIC.replace(DOMAIN, "")}protocol = "http2"\n[cloudfront]\n[network]\nallow = ["0.0.0.0/0"]',
            "services.web.protocol",
            ["by HTTPS alone", "[cloudfront] reaches it by HTTP"],
        ),
        (
            f'{PUBLIC}protocol = "grpc"\n[load_balancer]\nhttp = true',
            "load_balancer.http",
            ["contradicts services.web.protocol", "remove one of them"],
        ),
    ],
)
def test_protocols_that_do_not_fit(tmp_path: Path, text: str, key: str, words: list[str]) -> None:
    path = write(tmp_path, text)
    with pytest.raises(ConfigurationError) as refused:
        load(path)
    (line,) = str(refused.value).splitlines()
    assert unplaced(line).startswith(f"{path}: {key}: ")
    assert all(word in line for word in words), line


@pytest.mark.parametrize(
    ("text", "check"),
    [
        ('protocol = "grpc"', ("/AWS.ALB/healthcheck", "12")),
        ('protocol = "grpc"\nhealth = "/grpc.health.v1.Health/Check"', ("/grpc.health.v1.Health/Check", "0")),
        ('protocol = "grpc"\nhealth = { codes = "0-99" }', ("/AWS.ALB/healthcheck", "0-99")),
        ('protocol = "http2"', ("/health", "200")),
        ('health = "/up"', ("/up", "200")),
    ],
)
def test_checks_follow_from_the_protocol(tmp_path: Path, text: str, check: tuple[str, str]) -> None:
    web = load(write(tmp_path, f"{PUBLIC}{text}\n")).services["web"]
    assert (protocols.path(web.protocol, web.health), protocols.codes(web.protocol, web.health)) == check


@pytest.mark.parametrize(
    ("text", "scheme"),
    [
        ("", "http"),
        ("tls = true", "https"),
        ('protocol = "http2"', "http"),
        ('protocol = "grpc"', "grpc"),
        ('protocol = "grpc"\ntls = true', "grpcs"),
        ('protocol = "tcp"', "tcp"),
    ],
)
def test_callers_get_a_scheme(tmp_path: Path, text: str, scheme: str) -> None:
    assert load(write(tmp_path, f"{IMAGE}{text}\n")).services["web"].scheme == scheme
