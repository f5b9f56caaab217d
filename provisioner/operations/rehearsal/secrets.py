"""Stand-ins for secrets in a rehearsal, in the recorded versions. No call to AWS is made, and no value is needed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from provisioner.config.secrets import VERSION_LABEL, Held, Secret, parameter_name, parameter_of, users
from provisioner.resources.ecs.task_definition import CONTAINERS, TaskDefinition
from provisioner.resources.iam import Role
from provisioner.resources.ssm import ConnectionUrl, SecureParameter

if TYPE_CHECKING:
    from provisioner.config.facts import Facts
    from provisioner.config.models import Config
    from provisioner.state.model import Record

SECRET = re.compile(r"(arn:[\w-]+:secretsmanager:(?:[^:]*:){3}[^:]+)(?::([^:]*):[^:]*:[^:]*)?")
UNCHANGED = "secrets have the values that they had at the last `up`"


def stand_ins(records: Mapping[str, Record], config: Config) -> dict[str, Any]:
    """Return the parameters and secrets that a copy needs and that are no resources, in the form of `unmanaged`.

    A secret of Secrets Manager has its recorded ARN, if there is one.
    """
    types = (SecureParameter.type_name, ConnectionUrl.type_name)
    own = {str(record.id) for record in records.values() if record.type in types}
    places = [one["valueFrom"] for _, container in _containers(records) for one in container.get("secrets", ())]
    recorded = {parameter_of(place) for place in places if isinstance(place, str) and ":ssm:" in place}
    parameters: set[str] = set()
    secrets: dict[str, set[str]] = {}
    for found in (SECRET.fullmatch(place) for place in places if isinstance(place, str)):
        if found:
            secrets.setdefault(found[1], set()).add(found[2] or "")
    for secret in users(config.all_secrets):
        if secret.api == "ssm" and secret.kind != "generated":
            parameters.add(parameter_name(config.name, secret))
        elif secret.kind == "secretsmanager":
            arns = (arn for arn in secrets if secret.place in (arn.rpartition(":")[2][:-7], arn, arn[:-7]))
            secrets.setdefault(next(arns, secret.place), set()).add(secret.key)
    # an ARN does not tell a parameter in no hierarchy from one at its root: the file's own name counts
    named = {name.lstrip("/") for name in parameters}
    parameters |= {f"/{name}" if "/" in name else name for name in recorded - named}
    return {
        "parameters": sorted(parameters - own),
        "secrets": {place: sorted(keys - {""}) for place, keys in secrets.items()},
    }


def as_recorded(facts: Facts, records: Mapping[str, Record], config: Config) -> Facts:
    """Return the facts with the ARNs, versions and keys of secrets in the recorded task definitions."""
    labelled = {
        (address.partition("/")[2], container.get("name")): container for address, container in _containers(records)
    }
    keys = dict(_keys(records))
    found: dict[Secret, Held] = {}
    for secret, tables in users(config.secrets).items():
        for table, variables in tables.items():
            # services.web, services.web.sidecars.nginx
            workload, container_name = table.split(".")[1], table.rpartition(".")[2]
            container = labelled.get((workload, container_name), {})
            places = {one["name"]: one["valueFrom"] for one in container.get("secrets", ())}
            version = container.get("dockerLabels", {}).get(f"{VERSION_LABEL}{variables[0]}")
            if version is not None and (place := places.get(variables[0])):
                arn = whole[1] if (whole := SECRET.fullmatch(place)) else place
                found[secret] = Held(arn, version, keys.get(arn, ""))
    for secret in (one.client_secret for one in config.sign_in.values()):
        if held := _of_client(records, config, secret):
            found[secret] = held
    known = {secret: found.get(secret, held) for secret, held in facts.secrets.items()}
    return replace(facts, secrets=known)


def _of_client(records: Mapping[str, Record], config: Config, secret: Secret) -> Held | None:
    """Return a client secret in the version that a listener or rule was given; None if none has it."""
    for record in records.values():
        api, _, place = str(record.arguments.get("secret_place") or "").partition(":")
        arn = place.partition("#")[0]
        known = secret.place in (arn, arn[:-7], arn.rpartition(":")[2][:-7]) if api == "secretsmanager" else False
        if api == secret.api and (known or place == parameter_name(config.name, secret)):
            return Held(arn, str(record.arguments.get("secret_version") or "").rpartition(" ")[0])
    return None


def _containers(records: Mapping[str, Record]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for address, record in records.items():
        if record.type == TaskDefinition.type_name:
            for container in record.arguments.get(CONTAINERS, ()):
                yield address, container


def _keys(records: Mapping[str, Record]) -> Iterator[tuple[str, str]]:
    """Yield (ARN, key) of each secret that the recorded roles may decrypt."""
    policies = (
        policy
        for record in records.values()
        if record.type == Role.type_name
        for policy in record.arguments.get("inline_policies", {}).values()
    )
    for statement in (one for policy in policies for one in policy.get("Statement", ())):
        conditions = statement.get("Condition", {})
        of_secrets = [value for key, value in conditions.get("StringLike", {}).items() if "EncryptionContext" in key]
        alias = conditions.get("ForAnyValue:StringEquals", {}).get("kms:ResourceAliases")
        for arns in of_secrets if statement.get("Action") == "kms:Decrypt" else ():
            for arn in [arns] if isinstance(arns, str) else arns:
                yield arn, alias or statement["Resource"]
