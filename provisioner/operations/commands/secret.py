"""Run `provision secret set`, `list` and `rm`: write, show and remove the secrets that users set for a stack."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from provisioner.aws.errors import explaining
from provisioner.aws.ownership import tag_pairs
from provisioner.config.secret_values import looks_secret
from provisioner.config.secrets import VARIABLE, VERSION_LABEL, Held, Secret, key_of, parameter_name, path, users
from provisioner.config.store_words import store_parameter
from provisioner.engine.errors import ConfigurationError, NotOwned
from provisioner.engine.words import names
from provisioner.operations.prerequisites.secret_parameters import own_parameters
from provisioner.operations.prerequisites.secret_versions import CommandLine, described, look
from provisioner.resources.ecs.task_definition import CONTAINERS, TaskDefinition
from provisioner.resources.ssm import OWN_KEY, read_tags, version_of

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.config.models import Config
    from provisioner.state.model import Record

STANDARD, ADVANCED = 4096, 8192
"""The most bytes of a parameter's value, by tier (Systems Manager guide, "Managing parameter tiers")."""
SHOWN_WITHIN, RESTING, AGAIN = 60.0, 60.0, 2.0
"""The most seconds until a list shows a new value; until a deleted name can be used again; between two tries."""


@dataclass(frozen=True)
class Row:
    """One secret, as `provision secret list` shows it.

    Attributes:
        name: the variable, or the variables, in which services receive it.
        kind: the kind of `Secret`.
        place: the parameter's name, or the name or ARN of a secret outside the stack; with its key after a #.
        version, changed: its version, and the date of its last change; empty if unknown.
        services: the tables of `stack.toml` that name it.
        problem: the reason why tasks could not start with it; empty if they could.
    """

    name: str
    kind: str
    place: str
    version: str
    changed: str
    services: tuple[str, ...]
    problem: str = ""


def check_size(value: str, *, advanced: bool) -> None:
    """Refuse a value that Parameter Store does not accept. The message repeats no part of the value.

    Raises:
        ConfigurationError: it is empty, too long, or no valid text for a process.
    """
    size = len(value.encode())
    if not value:
        raise ConfigurationError("the value is empty, so nothing was set: give one")
    if "\0" in value:
        raise ConfigurationError(
            "the value contains a NUL character, which no variable can have, so nothing was set: remove it"
        )
    if size > ADVANCED:
        raise ConfigurationError(
            f"the value has {size} bytes, and Parameter Store takes at most {ADVANCED}: keep it in Secrets "
            'Manager, and name it as "secretsmanager:name"'
        )
    if size > STANDARD and not advanced:
        raise ConfigurationError(
            f"the value has {size} bytes, and a standard parameter takes {STANDARD}: add --advanced, for which AWS "
            f"charges"
        )


def check_no_value(name: str, further: Sequence[str]) -> None:
    """Refuse a value among the arguments, also one in `NAME=VALUE`. The message repeats no part of it.

    Raises:
        ConfigurationError: there is more than a name.
    """
    known, joined, _ = name.partition("=")
    if not further and not joined:
        return
    again = known if VARIABLE.fullmatch(known) and not looks_secret("", known) else "NAME"
    raise ConfigurationError(
        "nothing was set: NAME is the only argument, since a value would stay in the shell's history, and others on "
        f"this machine could see it. Run `provision secret set {again}`, which asks for the value or reads it from "
        "standard input. If the value that you wrote is in use, choose another one"
    )


def check_name(config: Config, name: str) -> None:
    """Refuse a name that no variable can have, or that the configuration takes from another place.

    Raises:
        ConfigurationError: the name is refused. An invalid name is not repeated, since it may be the secret itself.
    """
    if not VARIABLE.fullmatch(name):
        raise ConfigurationError("NAME is not the name of a variable: use letters, digits and underscores")
    for secret, tables in users(config.all_secrets).items():
        for table, variables in tables.items():
            if name in variables and secret.kind in {"ssm", "secretsmanager"}:
                raise ConfigurationError(
                    f"{key_of(table, name)} is {secret.place}, which is not this stack's: change it there, or write "
                    f"true"
                )


def check_settable(config: Config, name: str) -> None:
    """Refuse a name as `check_name` does, and a reference to a store of the stack.

    Raises:
        ConfigurationError: the name is refused.
    """
    check_name(config, name)
    of_own = {variable for secrets in config.secrets.values() for variable in secrets}
    for table, secrets in config.store_secrets.items() if name not in of_own else ():
        if name in secrets:
            raise ConfigurationError(
                f"{key_of(table, name)} is {secrets[name].place}, which the stack makes itself: there is nothing to "
                f"set. Write true there for a value of your own"
            )


def put(aws: Aws, config: Config, name: str, value: str, *, advanced: bool = False) -> tuple[str, str]:
    """Set a secret of the stack, encrypted with the stack's key; return its version and the version's date.

    Raises:
        ConfigurationError: the name or the value is invalid.
        NotOwned: the parameter exists and is not this stack's.
        ApiError: AWS refused the call.
    """
    # here, since it brings many resource types, and `secret list` needs none of them
    from provisioner.operations.prerequisites import references

    check_settable(config, name)
    check_size(value, advanced=advanced)
    parameter = path(config.name) + name
    with explaining():
        key = references.keys(aws, config)["kms_key"]
        shown = described(aws, [parameter]).get(parameter)
        tier = "Advanced" if advanced or (shown or {}).get("Tier") == "Advanced" else "Standard"
        wanted: dict[str, Any] = {"Name": parameter, "Type": "SecureString", "Value": value, "Tier": tier}
        if shown:
            _check_owned(aws, parameter)
            # a call that overwrites a value takes no tags
            made = aws.client("ssm").put_parameter(**wanted, KeyId=key or OWN_KEY, Overwrite=True)
        else:
            wanted |= {"Description": f"{name} of {config.name}, set by `provision secret set`"}
            made = _create(aws, wanted | ({"KeyId": key} if key else {}))
        return _parts(_await_version(aws, parameter, int(made["Version"])))


def _create(aws: Aws, wanted: Mapping[str, Any]) -> Mapping[str, Any]:
    """Create a parameter; retry for `RESTING` seconds if its name was deleted shortly before (DeleteParameter)."""
    until = aws.pace.now() + RESTING
    while True:
        try:
            made: Mapping[str, Any] = aws.client("ssm").put_parameter(**wanted, Tags=tag_pairs(aws.inherited))
        except ClientError as error:
            if aws.errors.match(error, "ssm", "in_use") is None or aws.pace.now() > until:
                raise
            aws.pace.sleep(AGAIN)
        else:
            return made


def _await_version(aws: Aws, parameter: str, number: int) -> str:
    """Wait until lists show a version, since the next `up` reads it from there; return it."""
    until = aws.pace.now() + SHOWN_WITHIN
    while True:
        shown = described(aws, [parameter]).get(parameter, {})
        if shown.get("Version", 0) >= number or aws.pace.now() > until:
            return version_of(shown)
        aws.pace.sleep(AGAIN)


def _check_owned(aws: Aws, parameter: str) -> None:
    if not aws.owns(read_tags(aws, parameter)):
        raise NotOwned(
            f"{parameter} is there and does not carry this stack's tags, so nothing was changed: change it where it is "
            f"managed"
        )


def listed(aws: Aws, config: Config, command_line: CommandLine) -> list[Row]:
    """Return the secrets that services name, and the stack's other secrets."""
    with explaining():
        named = users(config.all_secrets)
        found = look(aws, config.name, named, command_line)
        rows = [_row(config.name, secret, tables, found[secret]) for secret, tables in named.items()]
        rows += _references(aws, config)
        known = {parameter_name(config.name, secret) for secret in named if secret.api == "ssm"}
        rows += [
            Row(name.rpartition("/")[2], "own", name, *_parts(version_of(shown)), ())
            for name, shown in own_parameters(aws).items()
            if name not in known
        ]
    return rows


def _references(aws: Aws, config: Config) -> list[Row]:
    """Return the references to secrets of the stack's own stores, which `up` makes."""
    # the secrets of a database of somebody else are rows of their own
    theirs = "database." if config.used_database else None
    named = {
        secret: tables
        for secret, tables in users(config.store_secrets).items()
        if theirs is None or not secret.place.startswith(theirs)
    }
    places = {secret: store_parameter(config.name, secret.place) for secret in named}
    shown = described(aws, places.values())
    return [
        Row(
            ", ".join(sorted({variable for several in tables.values() for variable in several})),
            secret.kind,
            places[secret],
            *_parts(version_of(shown[places[secret]]) if places[secret] in shown else ""),
            tuple(tables),
        )
        for secret, tables in named.items()
    ]


def _row(stack: str, secret: Secret, tables: Mapping[str, Sequence[str]], known: Held | str) -> Row:
    variables = sorted({variable for named in tables.values() for variable in named})
    place = parameter_name(stack, secret) if secret.api == "ssm" else secret.place
    place += f"#{secret.key}" if secret.key else ""
    version = known.version if isinstance(known, Held) else ""
    # `up` generates these secrets, so a missing value is no problem
    problem = known if isinstance(known, str) and secret.kind != "generated" else ""
    parts = _parts(version) if secret.api == "ssm" else (version, "")
    name = ", ".join(variables) if secret.kind in ("ssm", "secretsmanager") else secret.place
    return Row(name, secret.kind, place, *parts, tuple(tables), problem)


def check_unused(config: Config, records: Mapping[str, Record], variables: Sequence[str]) -> None:
    """Refuse to remove a secret that stack.toml or a recorded task definition of an existing stack still names.

    Raises:
        ConfigurationError: there is such a secret. The message names the first, and its users.
    """
    named = users(config.all_secrets)
    for name in variables if records else ():
        tables = named.get(Secret("own", name), {}) | named.get(Secret("generated", name), {})
        if tables:
            raise ConfigurationError(
                f"{name} is used by {names(list(tables))}, whose tasks cannot start without it: remove it there, or "
                f"add --force"
            )
        if running := [address for address, record in records.items() if _has_label(record, name)]:
            raise ConfigurationError(
                f"{name} is used by {names(running)}, which runs: run `provision up` first, or add --force"
            )


def _has_label(record: Record, name: str) -> bool:
    if record.type != TaskDefinition.type_name:
        return False
    containers = record.arguments.get(CONTAINERS, ())
    return any(f"{VERSION_LABEL}{name}" in one.get("dockerLabels", {}) for one in containers)


def _parts(version: str) -> tuple[str, str]:
    """Return the number of a parameter's version, and the version's date."""
    changed, _, number = version.partition("/")
    return number, changed
