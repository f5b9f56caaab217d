"""Values that count as secrets, by names and values from real configurations, and values that do not."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest

from provisioner.config.exposed import warnings
from provisioner.config.models import Config
from provisioner.config.secret_values import Why, looks_secret
from provisioner.config.stack_file import load
from provisioner.engine.errors import ConfigurationError

# put together here, so that no scanner of repositories takes them for real ones
STRIPE, GITHUB, SLACK = "sk_" + "live_51Habcdefgh", "ghp" + "_abcdefghijklmnop1234", "xoxb" + "-123456789-abc"
WEBHOOK, GITLAB = "https://hooks." + "slack.com/services/T0/B0/xyz", "glpat" + "-abcdefghij0123456789"
PEM = "-----BEGIN " + "RSA PRIVATE KEY-----\nMIIE"

NAMES = {
    "STRIPE_KEY": "x1y2",
    "STRIPE_SECRET_KEY": "abc",
    "DJANGO_SECRET_KEY": "insecure",
    "SECRET_KEY_BASE": "abc",
    "DB_PASSWORD": "hunter2",
    "dbPassword": "1234",
    "MYSQL_PWD": "a",
    "SMTP_PASS": "p",
    "SENTRY_DSN": "https://sentry.example.com/1",
    "GITHUB_TOKEN": "x",
    "API_TOKEN_PROD": "q",
    "APIKEY": "z",
    "clientSecret": "x",
    "GOOGLE_CREDENTIALS": '{"type": "service_account"}',
    "JWT_SALT": "q",
}
FORMS = {
    "PAYMENT": STRIPE,
    "CI": GITHUB,
    "MIRROR": GITLAB,
    "AWS_ACCESS_KEY_ID": "AKIA" + "IOSFODNN7EXAMPLE",
    "OTHER": "wJalrXUtnFEMI/K7MDENG/" + "bPxRfiCYEXAMPLEKEY",
    "CHAT": SLACK,
    "HOOK": WEBHOOK,
    "DATABASE_URL": "postgres://app:pw@db.example.com/shop",
    "REDIS_URL": "redis://:pw@cache:6379/0",
    "REPORTS": "https://0123456789abcdef@reports.example.com/2",
    "CERTIFICATE": PEM,
    "SESSION": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc",
    "MISC": "9f86d081884c7d659a2feaa0c55ad015",
    "MODEL": "sk-" + "proj-abcdefghijklmnopqrstu",
    "CONNECTION": "Server=db;User Id=app;Password=hunter22;",
    "CALLBACK": "https://x.example.com/?token=abcdef",
    "AUTHORIZATION": "Bearer abcdefgh12",
    "ACCOUNT": '{"type": "service_account", "private_key": "x"}',
}
PLAIN = {
    "ALLOWED_HOSTS": "example.com,www.example.com",
    "LOG_LEVEL": "debug",
    "KEYBOARD": "qwerty",
    "PUBLIC_URL": "https://www.example.com/shop?page=1",
    "MONKEY": "business",
    "TURKEY": "istanbul",
    "HOTKEY": "ctrl-k",
    "COMPASS": "north",
    "PASSENGERS": "4",
    "AUTHOR": "jane",
    "SORT_KEY": "created",
    "TOKEN_TTL": "3600",
    "MAX_TOKENS": "4096",
    "PASSWORD_MIN_LENGTH": "12",
    "DB_PASSWORD_FILE": "/run/secrets/db",
    "SESSION_COOKIE_NAME": "sid",
    "USE_TOKEN": "true",
    "API_KEY": "",
    "STRIPE_PUBLISHABLE_KEY": "pk_live_abc",
    "VAPID_PUBLIC_KEY": "BNabc",
    "SECRET_ARN": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:x",
    "STRIPE_SECRET": "arn:aws:ssm:eu-west-1:123456789012:parameter/x",
    "GOOGLE_APPLICATION_CREDENTIALS": "/app/creds.json",
    "GIT_SHA": "9f86d081884c7d659a2feaa0c55ad0159f86d081",
    "IMAGE": "sha256:9f86d081884c7d659a2feaa0c55ad0159f86d081",
    "CLIENT_ID": "1a2B3c4D5e6F7g8H9i0J1k2L",
    "TENANT": "123e4567-e89b-12d3-a456-426614174000",
    "FEATURES": "new-checkout,dark-mode",
    "GREETING": "ThisIsAVeryLongCamelCasedGreetingText2",
    "TZ": "Asia/Tokyo",
    "DJANGO_SETTINGS_MODULE": "shop.settings.production",
    "NODE_OPTIONS": "--max-old-space-size=4096",
    "BUCKET": "my-company-static-assets-production-2024",
    "DB_HOST": "shop.cluster-c1x2y3z4a5b6.eu-west-1.rds.amazonaws.com",
    "PORT": "8080",
    "EMAIL": "ops@example.com",
    "REPOSITORY": "ssh://git@git.example.com/x/y",
    "QUEUE": "https://sqs.eu-west-1.amazonaws.com/123456789012/jobs",
    "PUBLIC_CERTIFICATE": "-----BEGIN CERTIFICATE-----\nMIIE",
}
OTHERWISE_SPELT = {"stripe-key": "x", "stripe.key": "x", "StripeKey": "x"}
TABLE: list[tuple[str, str, Why]] = [
    *((name, value, "name") for name, value in (NAMES | OTHERWISE_SPELT).items()),
    *((name, value, "form") for name, value in FORMS.items()),
    *((name, value, "") for name, value in PLAIN.items()),
]


@pytest.mark.parametrize(("name", "value", "why"), TABLE, ids=lambda value: value[:40])
def test_a_secret_is_told_by_its_name_or_its_form(name: str, value: str, why: Why) -> None:
    assert looks_secret(name, value) == why


def test_most_random_values_are_taken_for_secrets_under_any_name() -> None:
    made = [make(size) for make, size in ((secrets.token_hex, 16), (secrets.token_urlsafe, 32)) for _ in range(500)]
    assert sum(looks_secret("VALUE", value) == "form" for value in made) > 0.9 * len(made)


def test_a_warning_names_the_variable_once_and_never_its_value() -> None:
    service = {
        "build": "web",
        "port": 80,
        "environment": {**NAMES, **FORMS, **PLAIN},
        "build_args": {"NPM_TOKEN": "npm"},
    }
    texts = list(warnings(Config.model_validate({"services": {"web": service}})))
    named = [text.partition(" looks like a secret")[0].removeprefix("services.web.") for text in texts]
    assert named == [*(f"environment.{name}" for name in (*NAMES, *FORMS)), "build_args.NPM_TOKEN"]
    long = [value for value in {**NAMES, **FORMS}.values() if len(value) > 4]
    assert [value for value in long if value in "\n".join(texts)] == []
    assert "ecs:DescribeTaskDefinition" in texts[0]
    assert "`provision secret set STRIPE_KEY`" in texts[0]


@pytest.mark.parametrize(
    ("variables", "says", "hides"),
    [
        ("environment = { STRIPE_KEY = 918273 }", "environment.STRIPE_KEY: must be text in quotes", "918273"),
        ('environment = "STRIPE_KEY=918273"', "environment: must be a table", "918273"),
        ('build_args = ["NPM_TOKEN=918273"]', "build_args: must be a table", "918273"),
        ("environment = { WORKERS = 4 }", 'environment.WORKERS: must be text in quotes, not 4: write "4"', "none"),
    ],
)
def test_an_error_of_the_configuration_does_not_show_one(tmp_path: Path, variables: str, says: str, hides: str) -> None:
    path = tmp_path / "stack.toml"
    path.write_text(f'[services.web]\nbuild = "web"\nport = 80\n{variables}\n')
    with pytest.raises(ConfigurationError) as caught:
        load(path)
    assert says in str(caught.value)
    assert hides not in str(caught.value)
