"""What `provision policy` prints: named policies for one configuration."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from provisioner.config.models import Config
from provisioner.engine.errors import ConfigurationError
from provisioner.permissions.boundary import boundary as most
from provisioner.permissions.policy import document, documents, statements
from provisioner.permissions.table import ANY, needed


def printed(
    config: Config, *, read_only: bool, boundary: bool, account: str | None, database: str = ANY
) -> Mapping[str, Mapping[str, Any]]:
    """Return IAM policies by a name that they can be made under.

    Args:
        database: the database cluster's resource id, for the boundary, where it is known.

    Raises:
        ConfigurationError: the account is none, or both a boundary and a policy are asked for.
    """
    if read_only and boundary:
        raise ConfigurationError("--read-only and --boundary exclude each other: use one of them")
    if account is not None and not re.fullmatch("[0-9]{12}", account):
        raise ConfigurationError(f'--account "{account}" is not an account ID: use its 12 digits')
    where = account or ANY
    name = config.name + ("-boundary" if boundary else "-read-only" if read_only else "")
    if boundary:
        # a role has one boundary, so it may not be several
        return {name: document(statements(most(config, where, database)))}
    found = documents(needed(config, account=where, read_only=read_only))
    if len(found) == 1:
        return {name: found[0]}
    return {f"{name}-{number}": document for number, document in enumerate(found, 1)}


def part_of(found: Mapping[str, Mapping[str, Any]], part: int | None) -> Mapping[str, Mapping[str, Any]]:
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
