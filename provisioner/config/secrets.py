"""The key `secrets` of a container: the variables that it gets, and the place where AWS keeps the value of each."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from provisioner.config.loader import Inconsistent
from provisioner.config.secret_values import looks_secret
from provisioner.config.store_words import SECRETS, STORE, unknown

Kind = Literal["own", "generated", "ssm", "secretsmanager", "store"]

Secrets = tuple[str, ...] | Mapping[str, Literal[True] | str]
"""The forms of `secrets`: a list of variable names, or a table with the place of each value by name."""

GENERATE = "generate"
SIGN_IN = "sign_in."
"""The start of the tables of providers, whose secrets no container gets."""
DATABASE = "database"
"""The table of the database, whose secrets are of a database of somebody else."""
VERSION_LABEL = "provisioner.secret."
"""The start of a container label that holds the version of a secret; the variable's name follows."""
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}", re.ASCII)
PARAMETER = r"[\w.-]+|(?:/[\w.-]+)+"
"""The names of parameters ("Requirements and constraints for parameter names" of the Systems Manager guide)."""
NAME = r"[\w/+=.@!-]{1,512}"
"""The names of secrets (Secrets Manager API, CreateSecret); names that a service of AWS manages have a `!`, such as
`rds!db-1a2b` (Secrets Manager user guide, "Secrets managed by other services")."""
_FORMS: Mapping[Kind, re.Pattern[str]] = {
    "ssm": re.compile(
        rf"ssm:(?P<place>{PARAMETER})|(?P<arn>arn:aws[\w-]*:ssm:[\w-]+:\d{{12}}:parameter/[\w./-]+)", re.ASCII
    ),
    # the key of a JSON value comes last, in the ARN of ECS's form before two empty parts, stage and version
    "secretsmanager": re.compile(
        rf"secretsmanager:(?P<place>{NAME})(?:#(?P<key>[^:#\s]+))?"
        rf"|(?P<arn>arn:aws[\w-]*:secretsmanager:[\w-]+:\d{{12}}:secret:{NAME})(?::(?P<arn_key>[^:#\s]+)::)?",
        re.ASCII,
    ),
}
_PLACES = (
    'true, "generate", "ssm:/path", "secretsmanager:name#key", an ARN of one of the two, or a secret of a store of the '
    'stack, such as "database.password"'
)


@dataclass(frozen=True)
class Secret:
    """The place that keeps the value of a variable.

    Attributes:
        kind: `own`: a parameter of the stack that `provision secret set` sets; `generated`: a parameter of the stack
            that `up` generates; `ssm`, `secretsmanager`: a secret from outside, in Parameter Store or Secrets Manager;
            `store`: the password or the URL of the stack's own database or Valkey.
        place: the variable's name, or the name or ARN of a secret from outside, or the word for a store's secret.
        key: if the secret's value is a JSON document, the key of the value to use; empty for the whole secret.
    """

    kind: Kind
    place: str
    key: str = ""

    @property
    def api(self) -> Literal["ssm", "secretsmanager"]:
        """The API that keeps it, as boto3 and endpoints name it."""
        return "secretsmanager" if self.kind == "secretsmanager" else "ssm"


@dataclass(frozen=True)
class Held:
    """A secret that exists outside of the stack, without its value.

    Attributes:
        arn: its ARN; in Secrets Manager, with the six characters behind the name.
        version: the time of its last change, or the id of its current version.
        key: its KMS key as AWS shows it, an ARN, an id or an alias; empty for AWS's own key.
    """

    arn: str
    version: str
    key: str = ""


def path(stack: str) -> str:
    """Return the path under which a stack keeps its own parameters for secrets."""
    return f"/{stack}/secrets/"


def parameter_of(place: str) -> str:
    """Return the name of a parameter as in its ARN, without a leading slash, from its name or its ARN."""
    return place.partition(":parameter/")[2].lstrip("/") if place.startswith("arn:") else place.lstrip("/")


def read_secrets(value: Any) -> Mapping[str, Secret]:
    """Return the secrets by variable, from a list of names or a table of names and places.

    A message never repeats a wrong value, because it may be a secret.

    Raises:
        ValueError: it is neither, or a name is wrong. Inconsistent: places are wrong, by name.
    """
    if isinstance(value, Mapping) and all(isinstance(one, Secret) for one in value.values()):
        return value
    if isinstance(value, list | tuple):
        if len(set(map(str, value))) < len(value):
            raise ValueError("has a name twice: list each one once")
        value = {one if isinstance(one, str) else "": True for one in value}
    if not isinstance(value, Mapping):
        wrong = 'must be a list of names, such as ["STRIPE_KEY"], or a table of names and places'
        if value is False:
            wrong = "false removes keys of extends and [defaults], and neither gives secrets: remove this line"
        raise ValueError(wrong)  # noqa: TRY004 (pydantic takes a TypeError for a mistake of ours)
    for number, name in enumerate(value, 1):
        if not VARIABLE.fullmatch(name) or looks_secret("", name):
            raise ValueError(
                f"its entry {number} is not the name of a variable (and not repeated here, in case it is a secret): "
                f'use letters, digits and underscores, such as "STRIPE_KEY"'
            )
    found = {name: _of_store(place) or _one(name, place) for name, place in value.items()}
    if wrong_ones := [(name, _unknown(name, value[name])) for name, secret in found.items() if secret is None]:
        raise Inconsistent(wrong_ones)
    return {name: secret for name, secret in found.items() if secret}


def read_client_secret(value: Any) -> Secret:
    """Return the secret for a name of the stack's own, or for the place of one from outside.

    Raises:
        ValueError: it is neither. The message never repeats it, because it may be the secret itself.
    """
    if isinstance(value, Secret):
        return value
    if isinstance(value, str) and VARIABLE.fullmatch(value) and value != GENERATE and not looks_secret("", value):
        return Secret("own", value)
    if isinstance(value, str) and value != GENERATE and (found := _one("", value)):
        return found
    raise ValueError(
        'is neither a name such as "COMPANY_CLIENT_SECRET", nor "ssm:/path", "secretsmanager:name#key" or an ARN of '
        "one of the two. It is not repeated here: if it is the secret itself, write a name, and run "
        "`provision secret set` with that"
    )


def read_outside_secret(value: Any) -> Secret:
    """Return the secret for the place of one from outside.

    Raises:
        ValueError: it is no such place. The message never repeats it, because it may be the secret itself.
    """
    if isinstance(value, Secret):
        return value
    if isinstance(value, str) and value != GENERATE and (found := _one("", value)):
        return found
    raise ValueError(
        'is neither "ssm:/path", "secretsmanager:name#key" nor an ARN of one of the two. It is not repeated here: if '
        "it is the secret itself, let its owner put it into Secrets Manager, and write the place"
    )


def key_of(table: str, variable: str) -> str:
    """Return the dotted key of a secret in a table, such as `services.web.secrets.KEY`."""
    return f"{table}.{variable}" if table.startswith((SIGN_IN, DATABASE)) else f"{table}.secrets.{variable}"


def parameter_name(stack: str, secret: Secret) -> str:
    """Return the name of a secret's parameter."""
    if secret.kind != "ssm":
        return path(stack) + secret.place
    _, arn, name = secret.place.rpartition(":parameter")
    # for a parameter in no hierarchy, the slash before the name belongs to the ARN
    return name.lstrip("/") if arn and name.count("/") == 1 else name


def _unknown(name: str, place: Any) -> str:
    if place is False:
        return "takes nothing away, because neither extends nor [defaults] gives it: remove it"
    if why := unknown(place):
        return why
    return (
        f"is not {_PLACES}. Its value is not repeated here: if it is the secret itself, write true, and run "
        f"`provision secret set {name}`"
    )


def _of_store(place: Any) -> Secret | None:
    """Return the reference to a secret of a store, which a sign-in cannot have; None if the place is none."""
    return Secret(STORE, place) if isinstance(place, str) and place in SECRETS else None


def _one(name: str, place: Any) -> Secret | None:
    """Return the secret for a place; None if the place has no known form."""
    if place is True:
        return Secret("own", name)
    if place == GENERATE:
        return Secret("generated", name)
    for kind, form in _FORMS.items():
        if isinstance(place, str) and (found := form.fullmatch(place)):
            parts = found.groupdict()
            return Secret(kind, parts["place"] or parts["arn"], parts.get("key") or parts.get("arn_key") or "")
    return None


def misplaced(
    secrets: Mapping[str, Secret], environment: Collection[str], own: Collection[str]
) -> Iterator[tuple[str, str]]:
    """Yield errors of secrets whose variable has a value from elsewhere.

    Args:
        environment: the names of the variables in `environment`.
        own: the names of the variables that the stack sets.
    """
    for name in secrets:
        if name in own:
            yield f"secrets.{name}", "is set by the stack itself: use another name"
        elif name in environment:
            # ECS refuses it (RegisterTaskDefinition)
            yield f"secrets.{name}", "is in environment as well: remove one of the two"


def users(tables: Mapping[str, Mapping[str, Secret]]) -> dict[Secret, dict[str, list[str]]]:
    """Return by secret the tables that name it, such as `services.web`, and for each table the variables that get it.

    If one table has `generate` for a parameter of the stack, the parameter is generated for all tables.

    Args:
        tables: the secrets by table, as `Config.secrets` has them.
    """
    found: dict[Secret, dict[str, list[str]]] = {}
    made_up = {one.place for secrets in tables.values() for one in secrets.values() if one.kind == "generated"}
    for table, secrets in tables.items():
        for variable, secret in secrets.items():
            kept = Secret("generated", secret.place) if secret.kind == "own" and secret.place in made_up else secret
            found.setdefault(kept, {}).setdefault(table, []).append(variable)
    return found


def apis(secrets: Iterable[Secret]) -> tuple[str, ...]:
    """Return the APIs that ECS reads these secrets from, as boto3 and endpoints name them."""
    return tuple(sorted({secret.api for secret in secrets}))
