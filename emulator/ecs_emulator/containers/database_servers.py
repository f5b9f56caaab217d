"""The images that stand for RDS's engines: their variables, options and certificates."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ecs_emulator.containers.stores import AUTHORITY, CERTIFICATE, FOLDER, Command
from ecs_emulator.services.rds.parameters import engine_defaults

_KEY = f"/{FOLDER}/key"


@dataclass(frozen=True)
class Server:
    """A server in a container, in place of an engine of RDS.

    Attributes:
        image: its official image.
        switch: the environment variable that names another image, which takes the same variables and options.
        data: the directory of its data.
        variables: its variables for database, user and password, in this order.
        further: further variables, with their values.
        tls: the options by which it finds its certificate.
        parameter: the parameter that demands TLS of every connection.
        demanded, optional: the options if TLS is demanded, and if it is not.
        client: the shell command in the container that signs in with `variables` and sends the SQL in `$SQL`.
        by_network: the same as tasks sign in, with the password; `client` itself if that does.
        change: the SQL by which a user gets another password; `{user}` is quoted, `{password}` a literal.
        backslash: a backslash in a literal.
        entrypoint: the program that starts it; the image's own if empty.
        files: further files in `FOLDER`.
    """

    image: str
    switch: str
    data: str
    variables: tuple[str, str, str]
    further: tuple[tuple[str, str], ...]
    tls: Sequence[str]
    parameter: str
    demanded: Sequence[str]
    client: str
    change: str
    by_network: str = ""
    backslash: str = "\\"
    optional: Sequence[str] = ()
    entrypoint: Sequence[str] = ()
    files: Mapping[str, bytes] = field(default_factory=dict)

    def chosen_image(self) -> str:
        """Return the image to run."""
        return os.environ.get(self.switch) or self.image

    def environment(self, database: str | None, of: Any) -> tuple[tuple[str, str], ...]:
        """Return the variables with which the server creates a database, and the master user of its cluster."""
        values = (database or "", of.master_username, of._master_user_password)
        return (
            *((name, str(value)) for name, value in zip(self.variables, values, strict=True)),
            *self.further,
        )

    def sign_in(self, variables: Mapping[str, str]) -> Command:
        """Return the command in the container, and its variables, that succeeds once the server lets its user in.

        Args:
            variables: those of `environment`.
        """
        return ["sh", "-c", self.by_network or self.client], {**variables, "SQL": "SELECT 1"}

    def another_password(self, before: Mapping[str, str], after: Mapping[str, str]) -> Command:
        """Return the command in the container, and its variables, by which the user gets another password.

        Args:
            before, after: the variables of `environment`, with the password until now and with the new one.
        """
        _, user, password = self.variables
        quoted = after[user].replace('"', '""')
        literal = "'" + after[password].replace("\\", self.backslash).replace("'", "''") + "'"
        statement = self.change.format(user=f'"{quoted}"', password=literal)
        return ["sh", "-c", self.client], {**before, "SQL": statement}

    def options(self, rds: Any, group: str) -> tuple[str, ...]:
        """Return the server's options that follow from the parameter group of a cluster."""
        own = rds.db_cluster_parameter_groups.get(group)
        return self.options_of(own, own.db_parameter_group_family if own else group.removeprefix("default."))

    def options_of(self, own: Any, family: str) -> tuple[str, ...]:
        """Return the server's options that follow from a parameter group, or without one from its family."""
        given = own.parameters.get(self.parameter, {}) if own else {}
        value = given.get("ParameterValue") or engine_defaults(family).get(self.parameter)
        return tuple(self.demanded if value in ("ON", "1") else self.optional)


MYSQL = Server(
    image="public.ecr.aws/docker/library/mysql:8.4",
    switch="PROVISION_DATABASE_IMAGE",
    data="/var/lib/mysql",
    variables=("MYSQL_DATABASE", "MYSQL_USER", "MYSQL_PASSWORD"),
    further=(("MYSQL_RANDOM_ROOT_PASSWORD", "yes"),),
    tls=(f"--ssl-ca={AUTHORITY}", f"--ssl-cert={CERTIFICATE}", f"--ssl-key={CERTIFICATE}"),
    parameter="require_secure_transport",
    # only options that both MySQL and MariaDB take
    demanded=("--require-secure-transport=ON",),
    client=(
        'client=$(command -v mysql || command -v mariadb) && printf %s "$SQL" | '
        # MariaDB's client knows the option, MySQL's does not need it: neither has the authority of the certificate
        'MYSQL_PWD="$MYSQL_PASSWORD" "$client" --no-defaults --host=127.0.0.1 --user="$MYSQL_USER" '
        "--loose-skip-ssl-verify-server-cert"
    ),
    # each server passes over the other's line (MariaDB's documents, "Comment Syntax"). MariaDB takes MySQL's statement
    # too and changes nothing; SET PASSWORD, as users may for themselves, has another form in each
    change="/*!80000 SET PASSWORD = {password} */ /*M! SET PASSWORD = PASSWORD({password}) */",
    backslash="\\\\",
)

_LOCAL = "local all all trust\n"
"""The image's own start creates the database by the socket in the container (PostgreSQL manual, pg_hba.conf)."""
_OWN_KEY = f"cp {CERTIFICATE} {_KEY} && chown postgres {_KEY} && chmod 600 {_KEY}"
POSTGRESQL = Server(
    image="public.ecr.aws/docker/library/postgres:17",
    switch="PROVISION_POSTGRESQL_IMAGE",
    data="/var/lib/postgresql/data",
    variables=("POSTGRES_DB", "POSTGRES_USER", "POSTGRES_PASSWORD"),
    further=(),
    tls=("-c", "ssl=on", "-c", f"ssl_cert_file={CERTIFICATE}", "-c", f"ssl_key_file={_KEY}"),
    parameter="rds.force_ssl",
    # as RDS does it: by the lines of pg_hba.conf (Aurora guide, AuroraPostgreSQL.Security)
    demanded=("-c", f"hba_file=/{FOLDER}/hba-tls"),
    client='printf %s "$SQL" | psql --quiet --set=ON_ERROR_STOP=1 --username="$POSTGRES_USER" postgres',
    # the socket asks for no password, and answers before the first start is done
    by_network=(
        'printf %s "$SQL" | PGPASSWORD="$POSTGRES_PASSWORD" psql --quiet --host=127.0.0.1 --username="$POSTGRES_USER" '
        "postgres"
    ),
    change="ALTER ROLE {user} PASSWORD {password}",
    optional=("-c", f"hba_file=/{FOLDER}/hba"),
    # the server refuses a key that others may read (PostgreSQL manual, ssl_key_file), and the number of its user
    # depends on the image: 999 with Debian, 70 with Alpine. The entrypoint of the image gives up root afterwards
    entrypoint=("sh", "-c", f'{_OWN_KEY} && exec docker-entrypoint.sh postgres "$@"', "postgres"),
    files={
        "hba": f"{_LOCAL}host all all all scram-sha-256\n".encode(),
        "hba-tls": f"{_LOCAL}hostssl all all all scram-sha-256\n".encode(),
    },
)
SERVERS: Mapping[str, Server] = {
    "aurora-mysql": MYSQL,
    "aurora-postgresql": POSTGRESQL,
    "mysql": MYSQL,
    "postgres": POSTGRESQL,
}
"""The servers by the engine that they stand for."""
