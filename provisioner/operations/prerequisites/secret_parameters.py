"""The secrets that users set for a stack: parameters of Parameter Store, which outlive the stack."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from provisioner.aws.errors import explaining
from provisioner.aws.ownership import ADDRESS_TAG
from provisioner.config.secrets import path, users
from provisioner.engine.errors import ConfigurationError, NotOwned
from provisioner.engine.words import names
from provisioner.operations.prerequisites.secret_versions import described
from provisioner.resources.ssm import SecureParameter, read_tags

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.config.models import Config


def own_parameters(aws: Aws) -> dict[str, Mapping[str, Any]]:
    """Return all parameters below the path of the stack's secrets, by name; values that `up` generated are included."""
    begins = [{"Key": "Name", "Option": "BeginsWith", "Values": [path(aws.name)]}]
    pages = aws.pages("ssm", "describe_parameters", "Parameters", ParameterFilters=begins)
    return {str(shown["Name"]): shown for shown in pages}


def kept(aws: Aws) -> list[str]:
    """Return the names of the parameters that users have set for the stack; parameters of `up` are left out."""
    return [name for name in sorted(own_parameters(aws)) if _of_users(aws, name)]


def _of_users(aws: Aws, parameter: str) -> bool:
    tags = read_tags(aws, parameter)
    return aws.owns(tags) and ADDRESS_TAG not in tags


def check_delete(config: Config, addresses: Collection[str]) -> None:
    """Refuse to delete a parameter that `up` once generated if workloads now name it as their own secret.

    Raises:
        ConfigurationError: workloads use it. The message names them.
    """
    for secret, tables in users(config.all_secrets).items():
        address = f"{SecureParameter.type_name}/{secret.place}"
        if secret.kind == "own" and address in addresses:
            raise ConfigurationError(
                f"--delete {address}: it is the secret {secret.place} of {names(list(tables))}: remove it there first"
            )


def remove(aws: Aws, variables: Sequence[str]) -> None:
    """Delete parameters that users have set, by the names of their variables.

    Raises:
        NotOwned: a parameter is not this stack's, or `up` generated it. The parameters before it are deleted.
        ConfigurationError: a parameter does not exist.
    """
    for name in variables:
        parameter = path(aws.name) + name
        with explaining():
            if not described(aws, [parameter]):
                raise ConfigurationError(f"{parameter} is not set: there is nothing to remove")
            if not _of_users(aws, parameter):
                raise NotOwned(
                    f"{parameter} was not set by `provision secret set`, so it was not removed: a value that `up` "
                    f"generated goes by `provision up --delete secure_parameter/{name}`, once no service names it"
                )
            aws.client("ssm").delete_parameter(Name=parameter)
