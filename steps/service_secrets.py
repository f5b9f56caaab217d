"""The secrets that services and jobs are given: where ECS reads them, and in which versions."""

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
        """Return what is known of a workload's secret, which may be one that another workload has made up."""
        made_up = self.held.get(Secret("generated", secret.place)) if secret.kind == "own" else None
        return made_up or self.held[secret]


@step
def service_secrets(stack: Stack) -> ServiceSecrets:
    """Declare the parameters that are made up: a value is drawn when one is created, and kept nowhere else."""
    return ServiceSecrets({secret: _held(stack, secret) for secret in users(stack.config.secrets)})


def _held(stack: Stack, secret: Secret) -> Held:
    """Return what is known of a secret; one that is to be made up is declared."""
    if secret.kind != "generated":
        return stack.facts.secrets.get(secret) or Held(arn_of(stack, secret), "")
    text = f"{secret.place} of {stack.name}'s services, made up by `provision up`"
    name = path(stack.name) + secret.place
    parameter = stack.ensure(SecureParameter(secret.place, name, text, stack.facts.kms_key))
    # ready: another key takes another version
    return Held(parameter.arn, ready(parameter).version)


def arn_of(stack: Stack, secret: Secret) -> str:
    """Return a secret's ARN, which roles know before there is a parameter.

    Where nobody has looked, the six characters that Secrets Manager puts behind a name are left open.
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
