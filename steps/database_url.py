"""The database's URL with the password in it, which most frameworks read from `DATABASE_URL`."""

from __future__ import annotations

from provisioner import Stack, ready, step
from provisioner.config.secrets import Held
from provisioner.resources.ssm import ConnectionUrl
from provisioner.steps.database import Database
from provisioner.steps.secrets import Secrets, url_parameter


@step
def database_url(stack: Stack, secrets: Secrets | None, database: Database | None) -> Held | None:
    """Declare the parameter with the URL, if there is a database, and return its ARN and version.

    It changes once the database has taken a new password, so that no task starts with a password that is refused.
    """
    settings = stack.config.own_database
    if settings is None or secrets is None or database is None:
        return None
    query = f"?{settings.query}" if settings.query else ""
    place = f"{settings.user}@{database.endpoint}:{database.port}/{settings.name}"
    url = stack.ensure(
        ConnectionUrl(
            "database",
            url_parameter(stack),
            f"{settings.scheme}://{place}{query}",
            secrets.parameter_name,
            secrets.parameter_version,
            stack.facts.kms_key,
        ),
        follows=[database.main],
    )
    # ready: a change makes a new version
    return Held(url.arn, ready(url).version)
