"""The database engine of a stack, with its port, its client and its reserved words."""

from __future__ import annotations

from dataclasses import dataclass

from provisioner.config import reserved_words


@dataclass(frozen=True)
class DatabaseEngine:
    """An engine of RDS.

    Attributes:
        name: its name in the API of RDS (CreateDBCluster, Engine).
        family: the family of its parameter groups.
        port: the port on which it listens by default.
        client: the program that connects to it.
        scheme, query: the scheme of its URLs, and the options behind their `?`.
        reserved_databases, reserved_users: the names that it refuses for a database, and for the master user.
    """

    name: str
    family: str
    port: int
    client: str
    scheme: str
    query: str
    reserved_databases: frozenset[str]
    reserved_users: frozenset[str]

    def client_words(self, host: str, port: str, user: str, database: str) -> list[str]:
        """Return the command that connects a client, and asks for the password."""
        return [self.client, "-h", host, "-P", port, "-u", user, "-p", database]


AURORA_MYSQL = DatabaseEngine(
    "aurora-mysql", "aurora-mysql8.0", 3306, "mysql", "mysql", "", reserved_words.DATABASES, reserved_words.USERS
)
"""The engine of `[database]`: Aurora MySQL Serverless v2."""
