"""Secrets of services and jobs: their ARNs, from which ECS reads them, and their versions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from provisioner import Stack, ready, step
from provisioner.config.facts import Held
from provisioner.config.secrets import Secret, parameter_of, path, users
from provisioner.resources.ssm import SecureParameter


@dataclass(frozen=True)
class ServiceSecrets:
    """ARN and version of each secret."""

    held: Mapping[Secret, Held]

    def of(self, secret: Secret) -> Held:
        """Return the ARN and version of a workload's secret, which may be generated for another workload."""
        made_up = self.held.get(Secret("generated", secret.place)) if secret.kind == "own" else None
        return made_up or self.held[secret]


@step
def service_secrets(stack: Stack) -> ServiceSecrets:
    """Declare the generated parameters: each value is drawn at creation, and stored nowhere else."""
    return ServiceSecrets({secret: _held(stack, secret) for secret in users(stack.config.secrets)})


def _held(stack: Stack, secret: Secret) -> Held:
    """Return a secret's ARN and version; declare the parameter of a generated secret."""
    if secret.kind != "generated":
        return stack.facts.secrets.get(secret) or Held(arn_of(stack, secret), "")
    text = f"{secret.place} of {stack.name}'s services, made up by `provision up`"
    name = path(stack.name) + secret.place
    parameter = stack.ensure(SecureParameter(secret.place, name, text, stack.facts.kms_key))
    # ready: a change of the key makes a new version
    return Held(parameter.arn, ready(parameter).version)


def arn_of(stack: Stack, secret: Secret) -> str:
    """Return a secret's ARN, which roles need before the parameter exists.

    Secrets Manager adds six characters to a name. They are wildcards if the secret was not looked up.
    """
    facts = stack.facts
    if held := facts.secrets.get(secret):
        return held.arn
    if secret.place.startswith("arn:"):
        return secret.place
    here = f"arn:{facts.partition}:{secret.api}:{facts.region}:{facts.account}"
    if secret.api == "secretsmanager":
        return f"{here}:secret:{secret.place}-??????"
    name = secret.place if secret.kind == "ssm" else path(stack.name) + secret.place
    return f"{here}:parameter/{parameter_of(name)}"
