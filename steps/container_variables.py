"""The variables and secrets of a container, in the form of a task definition."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from provisioner import Stack
from provisioner.config.call_variables import call_variables
from provisioner.config.container import Container
from provisioner.config.jobs import Job
from provisioner.config.secrets import VERSION_LABEL, Held
from provisioner.config.services import Service
from provisioner.config.store_words import DATABASE_WORDS, STORE
from provisioner.steps.secrets import Secrets
from provisioner.steps.service_secrets import ServiceSecrets
from provisioner.steps.store_references import StoreReferences

NO_URLS: Mapping[str, Held] = MappingProxyType({})


def listed(values: Mapping[str, str]) -> list[dict[str, str]]:
    """Return variables in the form of a task definition."""
    return [{"name": name, "value": value} for name, value in sorted(values.items())]


def secrets_of(
    container: Container,
    password: Secrets | None,
    service_secrets: ServiceSecrets,
    references: StoreReferences,
    urls: Mapping[str, Held] = NO_URLS,
) -> dict[str, Any]:
    """Return the places that ECS reads secrets from, and labels with the secrets' versions.

    ECS reads a secret when a task starts: a new version of it needs new tasks.

    Args:
        password: the database's password, if the container gets it.
        urls: the URLs of the stack's stores that the container gets, by variable; a secret of the file with the name of
            one takes its place.
    """
    places: dict[str, str] = {}
    labels: dict[str, str] = {}
    if password:
        places["DB_PASSWORD"] = password.parameter_arn
        labels["provisioner.password-version"] = password.parameter_version
    for variable, url in urls.items():
        places[variable], labels[f"{VERSION_LABEL}{variable}"] = url.arn, url.version
    for name, secret in sorted(container.secrets.items()):
        held = references.secrets[secret.place] if secret.kind == STORE else service_secrets.of(secret)
        places[name] = f"{held.arn}:{secret.key}::" if secret.key else held.arn
        labels[f"{VERSION_LABEL}{name}"] = held.version
    if not places:
        return {}
    named = [{"name": name, "valueFrom": place} for name, place in sorted(places.items())]
    return {"secrets": named, "dockerLabels": labels}


def environment_of(stack: Stack, workload: Service | Job, references: StoreReferences) -> dict[str, str]:
    """Return the environment variables: own port, URLs of called services, the database, and the user's own.

    A variable or a secret of the user's own takes the place of a called service's.
    """
    domain, shown = stack.config.dns.discovery_domain, references.values
    access: dict[str, str] = {}
    if workload.database:
        access = {variable: shown[word] for variable, word in DATABASE_WORDS.items() if word in shown}
    urls: dict[str, str] = {}
    for callee in workload.calls:
        scheme, port_of = stack.config.services[callee].scheme, stack.config.port_of(callee)
        urls |= call_variables(callee, scheme, f"{callee}.{domain}", port_of)
    urls = {name: value for name, value in urls.items() if name not in workload.secrets}
    port = {"PORT": str(workload.port)} if workload.port is not None else {}
    return {**port, **urls, **access, **references.environment(workload)}
