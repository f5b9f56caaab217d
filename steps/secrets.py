"""The database's master password, which only AWS stores, and the place of the URL that contains it."""

from __future__ import annotations

from dataclasses import dataclass

from provisioner import Stack, ready, step
from provisioner.config.store_words import store_parameter
from provisioner.resources.ssm import SecureParameter


@dataclass(frozen=True)
class Secrets:
    """The password parameter's name, its ARN for task definitions and roles, and its version."""

    parameter_name: str
    parameter_arn: str
    parameter_version: str


def password_parameter(stack: Stack) -> str:
    """Return the name of the parameter that holds the database's password."""
    return store_parameter(stack.name, "database.password")


def url_parameter(stack: Stack) -> str:
    """Return the name of the parameter that holds the database's URL."""
    return store_parameter(stack.name, "database.url")


def redis_token_parameter(stack: Stack) -> str:
    """Return the name of the parameter that holds the token of Valkey."""
    return store_parameter(stack.name, "redis.password")


def redis_url_parameter(stack: Stack) -> str:
    """Return the name of the parameter that holds the URL of Valkey."""
    return store_parameter(stack.name, "redis.url")


@step
def secrets(stack: Stack) -> Secrets | None:
    """Declare the parameter, if there is a database. Its value is drawn at creation, and stored nowhere else."""
    if stack.config.own_database is None:
        return None
    name = password_parameter(stack)
    text = f"Master password of {stack.name}'s database"
    parameter = stack.ensure(SecureParameter("database-password", name, text, stack.facts.kms_key))
    # ready: a change of the key makes a new version
    return Secrets(parameter.id, parameter.arn, ready(parameter).version)
