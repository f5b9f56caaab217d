"""Systems Manager: the values of parameters."""

from __future__ import annotations

from provisioner.aws.api import Clients


def parameter_value(aws: Clients, name: str, version: str = "") -> str:
    """Return the decrypted value of a parameter (Systems Manager API, GetParameter, Name).

    Args:
        version: the output `version` of its resource; empty for the newest one.
    """
    place = f"{name}:{version.rpartition('/')[2]}" if version else name
    return str(aws.client("ssm").get_parameter(Name=place, WithDecryption=True)["Parameter"]["Value"])
