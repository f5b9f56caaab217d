"""The output of `provision policy`: named policies for one configuration."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from provisioner.aws.permissions import Part
from provisioner.config.models import Config
from provisioner.engine.errors import ConfigurationError
from provisioner.permissions.arns import ANY
from provisioner.permissions.boundary import boundary as most
from provisioner.permissions.policy import document, documents, statements
from provisioner.permissions.table import needed

Policies = Mapping[str, Mapping[str, Any]]
ENDS = {part: "" if part is Part.MAIN else f"-{part.name.lower()}" for part in Part}
"""The suffix of a policy's name, by its part."""


def printed(
    config: Config,
    *,
    account: str | None,
    read_only: bool = False,
    boundary: bool = False,
    parts: Collection[Part] = (),
    database: str = ANY,
) -> Policies:
    """Return IAM policies by the name under which to create each.

    Args:
        parts: the part to print, if not the main part.
        database: the database cluster's resource id, for the boundary; `*` if it is not known.

    Raises:
        ConfigurationError: the account is no account id, several kinds of policies are requested, or a policy needs a
            state bucket and none is configured.
    """
    if read_only + boundary + len(parts) > 1:
        words = "--read-only, --boundary, --import, --run, --shell, --state, --prices and --doctor"
        raise ConfigurationError(f"{words} exclude each other: use one of them")
    if account is not None and not re.fullmatch("[0-9]{12}", account):
        raise ConfigurationError(f'--account "{account}" is not an account ID: use its 12 digits')
    part = next(iter(parts), Part.MAIN)
    if part is Part.STATE and not config.state.bucket:
        raise ConfigurationError(
            '--state: no state bucket is configured: write bucket = "…" under [state] in the configuration'
        )
    where = account or ANY
    name = config.name + ("-boundary" if boundary else "-read-only" if read_only else ENDS[part])
    if boundary:
        # a role has one boundary, so the boundary must be a single policy
        return {name: document(statements(most(config, where, database)))}
    found = documents(needed(config, account=where, read_only=read_only, part=part))
    if len(found) == 1:
        return {name: found[0]}
    return {f"{name}-{number}": document for number, document in enumerate(found, 1)}


def part_of(found: Policies, part: int | None) -> Policies:
    """Return the policy of a number, or all policies.

    Raises:
        ConfigurationError: the number is too high.
    """
    if part is None:
        return found
    if part > len(found):
        raise ConfigurationError(f"--part {part}: there are {len(found)} policies, so use 1 to {len(found)}")
    name = list(found)[part - 1]
    return {name: found[name]}
