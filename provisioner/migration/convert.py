"""Run `init --from`: read another tool's files, an account, or both, and write a `stack.toml`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from provisioner import migration
from provisioner.config import paths
from provisioner.engine.errors import ConfigurationError
from provisioner.migration import Converted

if TYPE_CHECKING:
    from provisioner.operations.context.options import Options


def convert(
    options: Options, source: str, what: str | None, region: str | None, project: str | None = None
) -> Converted:
    """Write a `stack.toml` from another tool's files or from a cluster.

    Args:
        source: `copilot`, `compose` or `ecs`.
        what: the directory or file to read, or the cluster, by its name or ARN.
        region: the Region of the account to read; None for the profile's Region.
        project: the name of the new project; None for that in the source.

    Raises:
        ProvisionError: there is nothing to read, it cannot be read, or the new file exists or cannot be written.
    """
    if source == "ecs":
        return _of_cluster(options, what, region, project)
    if source == "compose" and (region or options.profile):
        given = "--region" if region else "--profile"
        raise ConfigurationError(f"{given}: a Compose file says nothing of an account: leave it out")
    place = Path(what or "")
    path = migration.place_for(place if place.is_dir() else place.parent, options.config)
    draft = migration.draft_of(source, place, options.env, project)
    if region or options.profile:
        from provisioner.migration.account import copilot
        from provisioner.operations.context import connection

        copilot.complete(connection.account_reader(options, region), draft, on_aws=options.target != "local")
    return migration.write(draft, path)


def _of_cluster(options: Options, what: str | None, region: str | None, project: str | None) -> Converted:
    from provisioner.migration.account import cluster
    from provisioner.migration.ecs import cluster as translated
    from provisioner.operations.context import connection

    if what is None:
        raise ConfigurationError("--from ecs: name the cluster: `provision init --from ecs CLUSTER`")
    path = options.config or Path(paths.CONFIG)
    migration.check_free(path)
    aws = connection.account_reader(options, region or _region_of(what))
    answers = cluster.read(aws, what, on_aws=options.target != "local")
    return migration.write(translated.draft(answers, options.env, project), path)


def _region_of(cluster: str) -> str | None:
    """Return the Region in a cluster's ARN; None for a name."""
    parts = cluster.split(":")
    return parts[3] if parts[0] == "arn" and len(parts) > 5 else None
