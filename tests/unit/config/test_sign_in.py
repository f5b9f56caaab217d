"""Sign-ins at the load balancer: tables, places of client secrets, and combinations that AWS or reason excludes."""

from __future__ import annotations

from pathlib import Path

import pytest

from provisioner.config.secrets import Secret
from provisioner.config.stack_file import load
from provisioner.engine.errors import ConfigurationError
from tests.unit.config.unplaced import unplaced

DOMAIN = '[dns]\ndomain = "example.com"\n'
PROVIDER = """
[sign_in.company]
issuer = "https://login.example.org"
authorization_endpoint = "https://login.example.org/authorize?p=one"
token_endpoint = "https://login.example.org/token"
user_info_endpoint = "https://login.example.org:8443/userinfo"
client_id = "web"
client_secret = "COMPANY_CLIENT_SECRET"
"""
WEB = '[services.web]\nimage = "i"\nport = 1\npublic = true\n'
SIGNED = f'{WEB}sign_in = "company"\n'
API = WEB.replace("web", "api")
OPEN = '[network]\nallow = ["10.0.0.0/8"]\n'


def write(directory: Path, text: str) -> Path:
    path = directory / "stack.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "key", "words"),
    [
        (f"{DOMAIN}{SIGNED}", "services.web.sign_in", ["add [sign_in.company]"]),
        (
            f'{DOMAIN}{WEB}sign_in = "compny"\n{PROVIDER}{SIGNED.replace("web", "other")}path = "/o"',
            "services.web.sign_in",
            ['did you mean "company"'],
        ),
        (f"{DOMAIN}{WEB}{PROVIDER}", "sign_in.company", ["protects nothing", "remove the table"]),
        (f'{DOMAIN}{WEB}sign_in_except = ["/up"]', "services.web.sign_in_except", ["no effect without sign_in"]),
        (f"{DOMAIN}{SIGNED.replace('public = true', '')}{PROVIDER}", "services.web.sign_in", ["not public"]),
        (f"{OPEN}{SIGNED}{PROVIDER}", "services.web.sign_in", ["needs HTTPS", "add dns.domain"]),
        (f"{DOMAIN}[load_balancer]\nhttp = true\n{SIGNED}{PROVIDER}", "load_balancer.http", ["not signed in"]),
        (
            f'[network]\nallow = ["0.0.0.0/0"]\n[cloudfront]\n{SIGNED}{PROVIDER}',
            "services.web.sign_in",
            ["[cloudfront] reaches it by HTTP"],
        ),
        (f'{DOMAIN}{SIGNED}protocol = "grpc"\n{PROVIDER}', "services.web.sign_in", ["no sign-in at the load balancer"]),
        (f'{DOMAIN}{SIGNED}deployment = "canary"\n{PROVIDER}', "services.web.sign_in", ['deployment = "rolling"']),
        (
            f'{DOMAIN}{SIGNED}path = "/a/*"\nsign_in_except = ["/b/c/d"]\n{PROVIDER}',
            "services.web.sign_in_except",
            ["no part of path"],
        ),
        (
            f'{DOMAIN}{SIGNED}path = "/a*"\nsign_in_except = ["/a"]\n{PROVIDER}',
            "services.web.sign_in_except",
            ["name a longer path"],
        ),
        (
            f'{DOMAIN}{SIGNED}sign_in_except = ["/1", "/2", "/3", "/4", "/5"]\n{PROVIDER}',
            "services.web.sign_in_except",
            ["a rule takes 5 values"],
        ),
        (
            f'{DOMAIN}{SIGNED}sign_in_except = ["/a/*", "/longer/*"]\n{PROVIDER}{API}path = "/a/b/*"',
            "services.web.sign_in_except",
            ['before "/a/b/*" of services.api'],
        ),
        (
            f'{DOMAIN}{SIGNED}secrets = {{ COMPANY_CLIENT_SECRET = "generate" }}\n{PROVIDER}',
            "sign_in.company.client_secret",
            ["the provider gives a client secret"],
        ),
        (
            f"{DOMAIN}{SIGNED}{PROVIDER.replace('https://login.example.org/token', 'http://login.example.org/token')}",
            "sign_in.company.token_endpoint",
            ["whole URL by HTTPS"],
        ),
        (f"{DOMAIN}{SIGNED}{PROVIDER}session_timeout = 700000", "sign_in.company.session_timeout", ["up to a week"]),
    ],
)
def test_sign_ins_that_cannot_be(tmp_path: Path, text: str, key: str, words: list[str]) -> None:
    path = write(tmp_path, text)
    with pytest.raises(ConfigurationError) as refused:
        load(path)
    (line,) = unplaced(str(refused.value)).splitlines()
    assert line.startswith(f"{path}: {key}: ")
    assert all(word in line for word in words), line


@pytest.mark.parametrize(
    ("place", "secret"),
    [
        ("COMPANY", Secret("own", "COMPANY")),
        ("ssm:/{project}/{env}/company", Secret("ssm", "/ecs-sample/dev/company")),
        ("secretsmanager:shared/company#secret", Secret("secretsmanager", "shared/company", "secret")),
    ],
)
def test_the_places_of_a_client_secret(tmp_path: Path, place: str, secret: Secret) -> None:
    text = f"{DOMAIN}{SIGNED}{PROVIDER}".replace("COMPANY_CLIENT_SECRET", place)
    config = load(write(tmp_path, text))
    assert config.sign_in["company"].client_secret == secret
    assert config.all_secrets == {"services.web": {}, "sign_in.company": {"client_secret": secret}}


@pytest.mark.parametrize("value", ["GOCSPX-a1b2c3d4e5", "generate", "x8Q~kd93.Lmq0Zr7Tv2Wn5Yb1Hc4Gf6Js9Pa3"])
def test_a_client_secret_itself_is_refused_unseen(tmp_path: Path, value: str) -> None:
    path = write(tmp_path, f"{DOMAIN}{SIGNED}{PROVIDER}".replace("COMPANY_CLIENT_SECRET", value))
    with pytest.raises(ConfigurationError) as refused:
        load(path)
    assert "sign_in.company.client_secret: " in str(refused.value)
    assert value == "generate" or value not in str(refused.value)
