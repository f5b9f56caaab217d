"""Words of commands that count as secrets: an option's value like a variable's; and words that do not."""

from __future__ import annotations

import pytest

from provisioner.config.exposed import warnings
from provisioner.config.models import Config
from provisioner.config.secret_values import Why
from provisioner.config.secret_words import looks, without_secrets

# put together here, so that no scanner of repositories takes it for a real one
STRIPE = "sk_" + "live_51Habcdefgh"
SECRET: list[tuple[list[str], Why, list[str]]] = [
    (["run", "--token=hunter99"], "name", ["run", "--token=?"]),
    (["run", "--db-password", "hunter2"], "name", ["run", "--db-password", "?"]),
    (["run", STRIPE, "now"], "form", ["run", "?", "now"]),
    (["env", "DB_PASSWORD=hunter2", "serve"], "name", ["env", "DB_PASSWORD=?", "serve"]),
    (["java", "-Dspring.datasource.password=geheim"], "name", ["java", "-Dspring.datasource.password=?"]),
    (["sh", "-c", "serve --api-key=abc --port 80"], "name", ["sh", "-c", "serve --api-key=? --port 80"]),
    (["migrate", "mysql://app:hunter2@db/shop"], "form", ["migrate", "?"]),
    (
        ["CMD-SHELL", "curl -H 'Authorization: Bearer abcdefghijk' localhost"],
        "form",
        ["CMD-SHELL", "curl -H 'Authorization: Bearer ? localhost"],
    ),
]
PLAIN = [
    ["python3", "-m", "service.check"],
    ["serve", "--password=$DB_PASSWORD"],
    ["sh", "-c", "serve --password ${DB_PASSWORD}"],
    ["migrate", "mysql://app:$DB_PASSWORD@db/shop"],
    ["psql", "--no-password", "shop"],
    ["query", "--sort-key", "created"],
    ["serve", "--token-file", "/run/token"],
    ["gunicorn", "--keyfile", "/tls/server.pem", "--bind", "0.0.0.0:8000"],
    ["celery", "worker", "--max-tasks-per-child=1", "--token", "--verbose"],
]


@pytest.mark.parametrize(("command", "why", "shown"), SECRET, ids=lambda value: " ".join(value)[:40])
def test_a_secret_word_is_found_and_hidden_alone(command: list[str], why: Why, shown: list[str]) -> None:
    assert looks(command) == why
    assert without_secrets(command, "?") == shown
    assert without_secrets(shown, "?") == shown


@pytest.mark.parametrize("command", PLAIN, ids=lambda value: " ".join(value)[:40])
def test_what_is_no_secret_stays_readable(command: list[str]) -> None:
    assert looks(command) == ""
    assert without_secrets(command, "?") == command


def test_a_warning_names_the_key_and_never_the_word() -> None:
    service = {
        "build": "web",
        "port": 80,
        "command": "serve --token=canary-1",
        "entrypoint": ["env", "API_KEY=canary-2"],
        "health": {"command": "curl --password canary-3 localhost"},
        "sidecars": {"side": {"image": "side:1", "command": ["--secret", "canary-4"]}},
    }
    texts = [*warnings(Config.model_validate({"services": {"web": service}}))]
    assert [text.partition(" has a word that looks like a secret")[0] for text in texts] == [
        "services.web.command",
        "services.web.entrypoint",
        "services.web.health.command",
        "services.web.sidecars.side.command",
    ]
    assert "canary" not in "".join(texts)
