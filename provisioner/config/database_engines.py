"""The engines that a database can have: their names, ports, clients, parameters, logs and reserved words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from provisioner.config import reserved_words

EngineName = Literal["aurora-mysql", "aurora-postgresql", "mysql", "postgresql"]
"""The values of `database.engine`."""
SIGN_INS = "iam-db-auth-error"
"""The log of failed sign-ins by IAM, which needs these to be on (Aurora user guide, "Aurora PostgreSQL database log
files")."""


@dataclass(frozen=True)
class DatabaseEngine:
    """An engine of RDS.

    Attributes:
        key: its name in the configuration.
        name: its name in the API of RDS (CreateDBCluster and CreateDBInstance, Engine).
        aurora: whether it is a cluster of Aurora; otherwise the database is one instance.
        title: its name for people.
        product: the name of the database that its clients speak to.
        version: the major version; CreateDBCluster and CreateDBInstance take the Region's default of it.
        family: the family of its parameter groups.
        port: the port on which it listens by default.
        scheme: the scheme of its URLs.
        query: the end of its URLs, behind the question mark; empty if there is none.
        parameters: the parameters that every database of the stack has.
        logs: the logs that RDS exports, each with the parameters that it needs.
        reserved_databases, reserved_users: the names that it refuses for a database, and for the master user.
        longest_database, longest_user: the most characters of a database's name, and of a user's.
        words: the command that connects a client and asks for the password, of host, port, user and database.
    """

    key: EngineName
    name: str
    aurora: bool
    title: str
    product: str
    version: str
    family: str
    port: int
    scheme: str
    query: str
    parameters: Mapping[str, str]
    logs: Mapping[str, Mapping[str, str]]
    reserved_databases: frozenset[str]
    reserved_users: frozenset[str]
    longest_database: int
    longest_user: int
    words: Callable[[str, str, str, str], Sequence[str]]

    def client_words(self, host: str, port: str, user: str, database: str) -> list[str]:
        """Return the command that connects a client, and asks for the password."""
        return [*self.words(host, port, user, database)]

    def group_name(self, stack: str) -> str:
        """Return the name of its parameter group, which names the family.

        A group never changes its family, so a database needs two of them during an upgrade. The group of the first
        family has the stack's name alone: with another name it would be another group, which takes effect after a
        restart (RDS API, CreateDBClusterParameterGroup).
        """
        return stack if self.family == _FIRST_FAMILY else f"{stack}-{self.family.replace('.', '-')}"

    @property
    def group_address(self) -> str:
        """Return the name of its parameter group within the stack."""
        return "main" if self.family == _FIRST_FAMILY else self.family


_FIRST_FAMILY = "aurora-mysql8.0"
_CHARACTER_SETS = ("client", "connection", "database", "results", "server")

AURORA_MYSQL = DatabaseEngine(
    key="aurora-mysql",
    name="aurora-mysql",
    aurora=True,
    title="Aurora MySQL",
    product="MySQL",
    # CreateDBCluster, EngineVersion: the default of Aurora MySQL version 3. A full version is retired after a year or
    # so. Every default since 3.08 can pause at 0 ACU
    version="8.0",
    family=_FIRST_FAMILY,
    port=3306,
    scheme="mysql",
    query="",
    parameters={
        **{f"character_set_{of}": "utf8mb4" for of in _CHARACTER_SETS},
        # refuses new connections without TLS at once: a dynamic parameter (Aurora user guide, "Security with Aurora
        # MySQL")
        "require_secure_transport": "ON",
    },
    # Aurora user guide, AuroraMySQL.Integrating.CloudWatch. The audit log has connections, and changes of privileges
    # and tables; the general log has all queries
    logs={
        "audit": {"server_audit_logging": "1", "server_audit_events": "CONNECT,QUERY_DCL,QUERY_DDL"},
        "error": {},
        "general": {"general_log": "1", "log_output": "FILE"},
        "slowquery": {"slow_query_log": "1", "log_output": "FILE"},
    },
    reserved_databases=reserved_words.DATABASES,
    reserved_users=reserved_words.USERS,
    longest_database=64,
    longest_user=32,
    words=lambda host, port, user, database: ["mysql", "-h", host, "-P", port, "-u", user, "-p", database],
)
"""Aurora MySQL Serverless v2, the default. A user's name has 32 characters (MySQL reference manual, account names)."""

AURORA_POSTGRESQL = DatabaseEngine(
    key="aurora-postgresql",
    name="aurora-postgresql",
    aurora=True,
    title="Aurora PostgreSQL",
    product="PostgreSQL",
    # CreateDBCluster takes a major version and resolves it to the Region's default minor one (navapbc/template-infra
    # #962). Every version of 17 can pause at 0 ACU, as those from 16.3 do (Aurora user guide, "Aurora Serverless v2
    # capacity"), and its support ends a year after that of 16
    version="17",
    family="aurora-postgresql17",
    port=5432,
    scheme="postgresql",
    query="sslmode=require",
    # refuses connections without TLS: a dynamic parameter of the cluster's group (Aurora user guide,
    # AuroraPostgreSQL.Security). It is on by default from 17 on, and off before
    parameters={"rds.force_ssl": "1"},
    # CreateDBCluster, EnableCloudwatchLogsExports: PostgreSQL writes its one log without being told to
    logs={SIGN_INS: {}, "postgresql": {}},
    reserved_databases=reserved_words.POSTGRESQL_DATABASES,
    reserved_users=reserved_words.POSTGRESQL_USERS,
    longest_database=63,
    longest_user=63,
    words=lambda host, port, user, database: [
        "psql",
        f"host={host} port={port} user={user} dbname={database} sslmode=require",
    ],
)
"""Aurora PostgreSQL Serverless v2. A name has 63 characters (PostgreSQL manual, NAMEDATALEN)."""

POSTGRESQL = replace(
    AURORA_POSTGRESQL,
    key="postgresql",
    name="postgres",
    aurora=False,
    title="PostgreSQL",
    family="postgres17",
    # a dynamic parameter, on by default from 15 on (RDS user guide, "Using SSL with a PostgreSQL DB instance")
    parameters={"rds.force_ssl": "1"},
    # CreateDBInstance, EnableCloudwatchLogsExports
    logs={SIGN_INS: {}, "postgresql": {}, "upgrade": {}},
)
"""RDS for PostgreSQL."""

MYSQL = replace(
    AURORA_MYSQL,
    key="mysql",
    name="mysql",
    aurora=False,
    title="MySQL",
    # the version with long-term support; that of the community for 8.0 ended in April 2026
    version="8.4",
    family="mysql8.4",
    parameters={
        **{f"character_set_{of}": "utf8mb4" for of in _CHARACTER_SETS},
        # a dynamic parameter, on by default from 8.4 on (RDS user guide, "Requiring SSL/TLS for all connections")
        "require_secure_transport": "1",
    },
    # CreateDBInstance, EnableCloudwatchLogsExports. The audit log is left out: it needs a plugin in an option group
    logs={
        "error": {},
        "general": {"general_log": "1", "log_output": "FILE"},
        SIGN_INS: {},
        "slowquery": {"slow_query_log": "1", "log_output": "FILE"},
    },
)
"""RDS for MySQL."""

ENGINES: Mapping[str, DatabaseEngine] = {
    engine.key: engine for engine in (AURORA_MYSQL, AURORA_POSTGRESQL, MYSQL, POSTGRESQL)
}
"""The engines, by the value of `database.engine`."""
DEFAULT: EngineName = "aurora-mysql"
