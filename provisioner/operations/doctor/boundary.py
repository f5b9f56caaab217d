"""Check the permissions boundary of the stack's roles: whether it exists and fits this configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from provisioner.operations.doctor.verdicts import ok, warning
from provisioner.operations.prerequisites import permissions_boundary
from provisioner.permissions.arns import ANY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from provisioner.engine.events import Checked
    from provisioner.operations.doctor.context import Context

NAME = "boundary"


def check(context: Context) -> Sequence[Checked]:
    """Report the boundary that the roles get, and warn if this stack's own boundary does not fit the configuration.

    The content of a boundary that somebody else made is not checked.
    """
    config, aws = context.config, context.aws
    found = permissions_boundary.live(aws, config)
    if found.document is None:
        text = "the roles have none. The policies of `provision policy` write roles with one only"
        return [ok(NAME, f"{text}: `provision policy --create-boundary` makes it")]
    name = found.arn.rpartition(":policy/")[2]
    if config.account.boundary or not found.ours:
        return [ok(NAME, f"{name}, which others have made")]
    fix = "let an administrator run `provision policy --create-boundary`"
    if not permissions_boundary.up_to_date(config, found.document, aws.account):
        return [warning(NAME, f"{name} does not fit this configuration: tasks may be denied their actions", fix)]
    database = permissions_boundary.database_of(config, context.records)
    named = permissions_boundary.database_in(found.document)
    if named not in (ANY, database):
        return [warning(NAME, f"{name} names the database {named}, which is not this one: tasks cannot sign in", fix)]
    return [ok(NAME, f"{name} is up to date")]
