"""Eighty wrong files as a command meets them: one line each, with the key and the fix, and never with a secret."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from provisioner.cli.main import main

SECRET = "sk_live_" + "51HxQ2vLkjT9sZ0pR"
PASSWORD = "hunter22-correct-horse"
TOP = "project = 'shop'\n"
WEB = "[services.web]\nimage = 'web:1'\nport = 8080\npublic = true\n"
PRIVATE = "[services.api]\nimage = 'api:1'\nport = 9000\n"
PROD = "[environments.prod]\n"

IN_PROD = [
    ("cpu = 512", "cpu", "move it to the table [environments.prod.services.NAME]"),
    ("regoin = 'eu-west-1'", "regoin", 'did you mean "region"?'),
    ("region = 'Ireland'", "region", 'such as "ap-northeast-1"'),
    ("target = 'cloud'", "target", 'must be "local" or "aws"'),
    ("env = 'prod'", "env", "remove it"),
    ("project = 'shop'", "project", "remove it"),
    ("environments = {}", "environments", "belongs at the top of the file"),
    ("protect = 'yes'", "protect", "must be true or false"),
    ("account = '123456789012'", "account", "must be a table"),
    ("account = { id = 123456789012 }", "account.id", 'write "123456789012"'),
    ("account = { id = '1234' }", "account.id", "write its 12 digits"),
    ("account = { name = 'x' }", "account.name", "is unknown"),
    ("network = { zones = 7 }", "network.zones", "use 2 to 4"),
    ("network = { allow = [] }", "network.allow", 'use ["my-ip"]'),
    ("network = { cidr = '10.0.0.0/8' }", "network.cidr", "use /16 to /20"),
    ("dns = { host = 'www.shop' }", "dns.host", 'such as "app"'),
    ("dns = { domain = 'https://a.com' }", "dns.domain", 'did you mean "a.com"?'),
    ("schedule = { sleep = '0 20 * * *', wake = 'cron(0 7 * * ? *)' }", "schedule.sleep", 'write "cron(0 20 * * ? *)"'),
    ("schedule = { sleep = 'rate(1 day)', wake = 'cron(0 7 * * ? *)' }", "schedule.sleep", 'write "cron(0 20 ?'),
    ("schedule = { sleep = 'cron(0 20 * * ? *)' }", "schedule.wake", "is missing"),
    ("logs = { retention_days = 8 }", "logs.retention_days", "the nearest is 7"),
    ("state = { bucket = 'Prod' }", "state.bucket", "use 3 to 63"),
    ("kms_key = 'x'", "kms_key", "write the key's ARN"),
    ("services.web.cpu = 500", "services.web.cpu", "use one of 256"),
    ("services.web.memory = 600", "services.web.memory", "nearest: 512"),
    ("services.web.port = 0", "services.web.port", "use 1 to 65535"),
    ("services.web.path = 'x'", "services.web.path", "begin with /"),
    ("services.web.health = 'x'", "services.web.health", 'such as "/health"'),
    ("services.web.health.codes = '99'", "services.web.health.codes", "use codes of HTTP"),
    ("services.web.scaling.max = 0", "services.web.scaling.max", "use 1 or more"),
    ("services.web.calls = ['wbe']", "services.web.calls", 'did you mean "web"?'),
    ("services.web.calls = ['web']", "services.web.calls", "remove its own name"),
    ("services.web.launch = 'x'", "services.web.launch", '"ec2" or "fargate"'),
    ("services.web.command = ''", "services.web.command", "or remove the key"),
    ("services.web.user = 'a b'", "services.web.user", "use a name or a number"),
    ("services.web.exec = 1", "services.web.exec", "must be true or false"),
    ("services.web.stop_timeout = 1", "services.web.stop_timeout", "use 2 to 600"),
    ("services.web.image = ''", "services.web.image", "is not an image"),
    ("services.web.extends = 'wob'", "services.web.extends", 'did you mean "web"?'),
    ("services.wbe.cpu = 512", "services.wbe", 'did you mean "web"?'),
    ("services.api.port = 80", "services.api", "neither image nor build"),
    ("services = 'web'", "services", "must be a table"),
    ("services.web = 'web:2'", "services.web", "must be a table"),
    ("jobs.migrate.command = 'x'", "jobs.migrate", "neither image nor build"),
    ("jobs.m = { image = 'm:1', port = 1 }", "jobs.m.port", "is unknown"),
    ("services.web.public = false\nservices.web.path = '/x'", "services.web.path", "add public = true"),
    (f"STRIPE_KEY = '{SECRET}'", "STRIPE_KEY", "is unknown"),
    (f"environment = {{ STRIPE_KEY = '{SECRET}' }}", "environment", "[environments.prod.services.NAME]"),
    (f"services.web.environment = '{SECRET}'", "services.web.environment", "must be a table"),
    (f"services.web.environment = ['{SECRET}']", "services.web.environment", "must be a table"),
    (f"services.web.environment.'STRIPE KEY' = '{SECRET}'", "services.web.environment", "use letters, digits"),
    (
        f"services.web.environment.DB_PASSWORD = ['{PASSWORD}']",
        "services.web.environment.DB_PASSWORD",
        "must be text in quotes",
    ),
    (
        "services.web.environment.DB_PASSWORD = 12345678",
        "services.web.environment.DB_PASSWORD",
        "must be text in quotes",
    ),
    (f"services.web.build_args = {{ TOKEN = '{SECRET}' }}", "services.web.build_args", "remove it"),
    (f"network = '{SECRET}'", "network", "must be a table"),
    (f"services.web = '{SECRET}'", "services.web", "must be a table"),
    (f"services.web.cpu = '{SECRET}'", "services.web.cpu", "must be a whole number"),
    (f"region = '{SECRET}'", "region", 'such as "ap-northeast-1"'),
    (f"account = {{ id = '{SECRET}' }}", "account.id", "write its 12 digits"),
]
"""In the table of prod: the text there, the key, and the remedy in the line."""
FILES = [
    *((f"{TOP}{WEB}{PROD}{text}\n", f"environments.prod.{key}", fix) for text, key, fix in IN_PROD),
    (f"{TOP}{WEB}{PROD}services.web.build = 'x'\n", "services.web", "both image and build"),
    (f"environments = 'prod'\n{TOP}{WEB}", "environments", "write [environments.prod]"),
    (f"{TOP}[environments]\nprod = 'x'\n{WEB}", "environments.prod", "or the key in the table of an environment"),
    (f"{TOP}{WEB}[environments.Prod]\n", "environments.Prod", "use lower-case letters"),
    (f"{TOP}{WEB}[environments.'a b']\n", 'environments."a b"', "use lower-case letters"),
    (f"{TOP}{WEB}[environments.a--b]\n", "environments.a--b", "single hyphens"),
    (
        f"{TOP}{WEB}[environments.xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx]\n",
        "environments.xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "shorten one of its parts",
    ),
    (f"{TOP}{WEB}[environment.prod]\n", "environment", 'did you mean "environments"?'),
    (f"{TOP}{WEB}[enviroments.prod]\n", "enviroments", 'did you mean "environments"?'),
    (f"{TOP}{WEB}[env.prod]\nregion = 'x'\n", "env.prod", "write [environments.prod]"),
    (f"env = {{}}\n{TOP}{WEB}", "env.prod", "write [environments.prod]"),
    (f"{TOP}env = 'dev'\n[env.prod]\n{WEB}", "env", "write [environments.prod]"),
    (f"{TOP}{WEB}[account]\nid = '12345678901'\n", "account.id", "write its 12 digits"),
    (f"{TOP}{WEB}[account]\nid = 1\n", "account.id", 'write "1"'),
    (f"{TOP}{WEB}[account]\naccount_id = '1'\n", "account.account_id", "is unknown"),
    (
        f"{TOP}{WEB}scaling = {{ min = 4 }}\n{PROD}services.web.scaling.max = 2\n",
        "services.web.scaling.min",
        "(in environment prod)",
    ),
    (f"{TOP}{WEB}{PRIVATE}{PROD}services.api.public = true\n", "services.api.path", "(in environment prod)"),
    (
        (
            f"kms_key = 'arn:aws:kms:eu-west-1:123456789012:key/1'\nregion = 'eu-west-1'\n"
            f"{TOP}{WEB}{PROD}region = 'us-east-1'\n"
        ),
        "kms_key",
        "use one in that Region (in environment prod)",
    ),
    (f"{TOP}{WEB}{PROD}{PROD}", "", "is defined twice: merge the two"),
    (
        f"{TOP}{WEB}{PROD}services.web = {{ cpu = 1 }}\nservices.web.cpu = 2\n",
        "",
        "write this key in them, or use dots only",
    ),
    (f"{TOP}{WEB}{PROD}region = eu-west-1\n", "", "put text in quotes"),
    (
        f"{TOP}{WEB}[environments]\nSTRIPE = '{SECRET}'\n",
        "environments.STRIPE",
        "or the key in the table of an environment",
    ),
    (
        f"{TOP}{WEB}environment = {{ DB_HOST = '{SECRET}' }}\ndatabase = true\n{PRIVATE}",
        "services.web.environment.DB_HOST",
        "use another name",
    ),
    (
        f"{TOP}{WEB}environment = {{ A = {{ b = '{SECRET}' }} }}\n",
        "services.web.environment.A",
        "must be text in quotes",
    ),
    (f"{TOP}{WEB}{PROD}services.web.environment = '''\n{SECRET}\n", "", "is not TOML"),
    (f"{TOP}{WEB}{PROD}services.web.environment = {{ A = {SECRET} }}\n", "", "put text in quotes"),
]
"""Whole files."""


@pytest.mark.parametrize(("text", "key", "fix"), FILES, ids=[f"{n}-{key}" for n, (_, key, _) in enumerate(FILES)])
@pytest.mark.parametrize("words", [["config"], ["plan", "--env", "prod"]], ids=["dev", "prod"])
def test_a_wrong_file_is_one_line_with_key_and_fix(
    text: str, key: str, fix: str, words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "stack.toml").write_text(text)
    assert main(words) == 4
    out, err = capsys.readouterr()
    assert out == ""
    line, *excerpt = err.splitlines()
    assert len(excerpt) in (0, 2)
    about = rf"{re.escape(key)}(: | is )" if key else ""
    assert re.match(rf"error: stack\.toml:\d+:\d+: {about}", line), line
    assert fix in line
    assert "Traceback" not in line
    assert SECRET not in err
    assert PASSWORD not in err
    assert "12345678," not in err


def test_there_are_eighty() -> None:
    assert len(FILES) >= 80
