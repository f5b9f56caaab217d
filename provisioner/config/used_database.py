"""The keys of `[database]` for a database of somebody else, which the stack uses and does not own."""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated

from pydantic import BeforeValidator

from provisioner.config import store_references
from provisioner.config import validators as values
from provisioner.config.base import Model, Problem
from provisioner.config.loader import shown
from provisioner.config.secrets import Secret, read_outside_secret
from provisioner.config.workload import MOST_GROUPS, Workload

IDENTIFIER = r"[A-Za-z](-?[A-Za-z0-9]){0,62}"
"""The identifiers of clusters and instances (RDS API, CreateDBCluster and CreateDBInstance)."""
KEYS = ("cluster", "instance_id", "security_group", "name", "user", "password", "url")
"""The keys that go with a database of somebody else; all others are of a database that the stack makes."""
OF_OTHERS = ("security_group", "password", "url")
"""The keys that only a database of somebody else has, beside the two that name it."""
URL = "database.url"
"""The word for the URL in the secrets of services and jobs."""
OWN_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]{0,63}")
OWN_USER = re.compile(r"[A-Za-z][A-Za-z0-9]{0,15}")
"""The names that a database and a master user of the stack's own can have: others have more."""

Outside = Annotated[Secret, BeforeValidator(read_outside_secret, json_schema_input_type=str)]


class UsedDatabase(Model):
    """The keys that name a database of somebody else."""

    cluster: (
        Annotated[str, values.matching(IDENTIFIER, 'is not the identifier of an Aurora cluster, such as "shared-prod"')]
        | None
    ) = None
    """The identifier of an Aurora cluster of somebody else in `network.vpc`: the stack reads and uses it, and never
    creates, changes, stops or deletes it."""
    instance_id: (
        Annotated[str, values.matching(IDENTIFIER, 'is not the identifier of an RDS instance, such as "shared-prod"')]
        | None
    ) = None
    """The same for one instance of RDS."""
    security_group: (
        Annotated[str, values.matching(r"sg-[0-9a-f]{8,17}", "is not the id of a security group, sg-…")] | None
    ) = None
    """With `cluster` or `instance_id`, a security group of the database: the stack makes one incoming rule in it, for
    its tasks, and deletes that rule on `down`. Without it the owner lets the tasks in."""
    password: Outside | None = None
    """With `cluster` or `instance_id`, the place of the user's password: `ssm:/path`, `secretsmanager:name#key`, or an
    ARN of one of the two. Tasks get it as `DB_PASSWORD`."""
    url: Outside | None = None
    """The same for a whole URL with the password in it, which tasks get as `DATABASE_URL`."""

    @property
    def used(self) -> bool:
        """Return whether the database is somebody else's."""
        return self.cluster is not None or self.instance_id is not None

    @property
    def identifier(self) -> str:
        """Return the identifier of a database of somebody else; empty for the stack's own."""
        return self.cluster or self.instance_id or ""

    @property
    def named_by(self) -> str:
        """Return the key that names a database of somebody else."""
        return "cluster" if self.cluster is not None else "instance_id"

    @property
    def outside(self) -> dict[str, Secret]:
        """Return the secrets of somebody else by key."""
        return {key: one for key in ("password", "url") if (one := getattr(self, key)) is not None}

    def misused(self) -> Iterator[Problem]:
        """Yield keys that need another key, or that only a database of the stack's own can have."""
        if not self.used:
            for key in OF_OTHERS:
                if getattr(self, key) is None:
                    continue
                yield key, f"is of a database of somebody else: add cluster or instance_id, or remove {key}"
            return
        if self.cluster is not None and self.instance_id is not None:
            yield "instance_id", "names a second database beside cluster: remove one of the two"
        for key in type(self).model_fields:
            if key in self.model_fields_set and key not in KEYS:
                why = f"has no effect with {self.named_by}, whose database is used as it is"
                yield key, f"{why}: remove {key}, or remove {self.named_by}, and the stack makes its own"
        if "user" not in self.model_fields_set:
            yield "user", f"is missing, and with {self.named_by} it is the user that tasks sign in as: add it"
        if self.password is None:
            fix = 'add it as "secretsmanager:name#password", "ssm:/path" or an ARN'
            yield "password", f"is missing, and with {self.named_by} it is the place of the user's password: {fix}"


def own_names(name: str, user: str) -> Iterator[Problem]:
    """Yield the names of database and user that one of the stack's own cannot have."""
    if not OWN_NAME.fullmatch(name):
        yield "name", f"{shown(name)} is not a database name: use 1 to 64 letters and digits, a letter first"
    if not OWN_USER.fullmatch(user):
        yield "user", f"{shown(user)} is not a master user name: use 1 to 16 letters and digits, a letter first"


def problems(
    database: UsedDatabase | None, vpc: str | None, workloads: Mapping[str, tuple[str, Workload]]
) -> Iterator[Problem]:
    """Yield contradictions between a database of somebody else, the network and the tasks.

    Args:
        workloads: by name, the dotted key of each service and job, and itself.
    """
    if database is None or not database.used:
        return
    if vpc is None:
        why = "is in a VPC that exists, and the stack would make its own, from which nothing reaches it"
        yield f"database.{database.named_by}", f"{why}: add network.vpc with the id of the database's VPC"
    for key, workload in workloads.values():
        if database.url is None and URL in store_references.named(workload):
            why = f'refers to "{URL}", and database.url is missing, the place of a URL with the password in it'
            yield f"{key}.secrets", f"{why}: add it, or use database.password"
        if workload.database and (number := len(workload.security_groups)) >= MOST_GROUPS:
            why = f"has {number}, and the group of the database's clients takes the place of one"
            yield f"{key}.security_groups", f"{why}: use {MOST_GROUPS - 1} or fewer"
