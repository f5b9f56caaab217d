"""What `provision policy` prints: named policies for one configuration."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from provisioner.aws.permissions import Part
from provisioner.config.models import Config
from provisioner.engine.errors import ConfigurationError
from provisioner.permissions.boundary import boundary as most
from provisioner.permissions.policy import document, documents, statements
from provisioner.permissions.table import ANY, needed

Policies = Mapping[str, Mapping[str, Any]]
ENDS = {part: "" if part is Part.MAIN else f"-{part.name.lower()}" for part in Part}
"""What the names of the policies end with."""


def printed(
    config: Config,
    *,
    account: str | None,
    read_only: bool = False,
    boundary: bool = False,
    parts: Collection[Part] = (),
    database: str = ANY,
) -> Policies:
    """Return IAM policies by a name that they can be made under.

    Args:
        parts: the one that is asked for, if it is not what every command needs.
        database: the database cluster's resource id, for the boundary, where it is known.

    Raises:
        ConfigurationError: the account is none, several kinds of policies are asked for, or there is no bucket that one
            is for.
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
        # a role has one boundary, so it may not be several
        return {name: document(statements(most(config, where, database)))}
    found = documents(needed(config, account=where, read_only=read_only, part=part))
    if len(found) == 1:
        return {name: found[0]}
    return {f"{name}-{number}": document for number, document in enumerate(found, 1)}


def part_of(found: Policies, part: int | None) -> Policies:
    """Return the policy of that number, or all.

    Raises:
        ConfigurationError: there are not so many.
    """
    if part is None:
        return found
    if part > len(found):
        raise ConfigurationError(f"--part {part}: there are {len(found)} policies, so use 1 to {len(found)}")
    name = list(found)[part - 1]
    return {name: found[name]}
