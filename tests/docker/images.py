"""Images to build on where no registry can be reached: made from Debian's packages, under the names that others use."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import docker
from docker.errors import DockerException, ImageNotFound

PYTHON = "public.ecr.aws/docker/library/python:3.13-slim"
"""The base image of the sample application's Dockerfiles."""
DATABASE = "public.ecr.aws/docker/library/mysql:8.4"
"""The embedded cloud's image for Aurora MySQL."""
POSTGRESQL = "public.ecr.aws/docker/library/postgres:17"
"""The embedded cloud's image for Aurora PostgreSQL."""
VALKEY = "valkey/valkey:8.1"
"""The embedded cloud's image for ElastiCache."""
GO = "public.ecr.aws/docker/library/golang:1.24"
NODE = "public.ecr.aws/docker/library/node:22-slim"
"""The base images of two of the examples."""
BUSYBOX = "public.ecr.aws/docker/library/busybox:stable"
"""The base image of tests that need a shell only: the engine compresses each layer for each registry anew."""
SLIM = "public.ecr.aws/docker/library/debian:trixie-slim"
"""The base image of the tests' Rails application."""
DEBIAN = "provisioner-tests/debian:trixie"
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
NO_MANUALS = [f"path-exclude=/usr/share/{directory}/*" for directory in ("doc", "man", "locale")]

PYTHON_DOCKERFILE = f"""
FROM {DEBIAN}
COPY ca-certificates.crt {CERTIFICATES}
ENV LANG=C.UTF-8 PIP_CERT={CERTIFICATES} SSL_CERT_FILE={CERTIFICATES}
RUN ln -s /usr/bin/python3 /usr/local/bin/python && ln -s /usr/bin/pip3 /usr/local/bin/pip \\
 && rm -f /usr/lib/python3*/EXTERNALLY-MANAGED
CMD ["python3"]
"""
DATABASE_DOCKERFILE = f"""
FROM {DEBIAN}
RUN apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \\
    mariadb-server-core mariadb-client-core && rm -rf /var/lib/apt/lists/* && useradd --system --no-create-home mysql
COPY entrypoint.sh /entrypoint
EXPOSE 3306
ENTRYPOINT ["sh", "/entrypoint"]
"""
POSTGRESQL_DOCKERFILE = f"""
FROM {DEBIAN}
RUN apt-get update -qq && mkdir -p /etc/postgresql-common \\
 && echo 'create_main_cluster = false' > /etc/postgresql-common/createcluster.conf \\
 && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends postgresql \\
 && rm -rf /var/lib/apt/lists/*
COPY docker-entrypoint.sh /usr/local/bin/docker-entrypoint.sh
RUN chmod 755 /usr/local/bin/docker-entrypoint.sh
EXPOSE 5432
STOPSIGNAL SIGINT
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["postgres"]
"""
POSTGRESQL_ENTRYPOINT = """#!/bin/sh
# Takes the variables that the official image of PostgreSQL takes, and its arguments.
set -eu
PGDATA=/var/lib/postgresql/data
PATH=$(echo /usr/lib/postgresql/*/bin):$PATH
export PATH PGDATA
as_postgres() { setpriv --reuid=postgres --regid=postgres --init-groups "$@"; }
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  install -d -o postgres -g postgres -m 700 "$PGDATA" /tmp/first
  printf '%s\\n' "$POSTGRES_PASSWORD" > /tmp/first/password
  chown postgres /tmp/first/password
  as_postgres initdb --username="$POSTGRES_USER" --pwfile=/tmp/first/password --auth=scram-sha-256 \\
    --encoding=UTF8 --locale=C.UTF-8 >/dev/null
  rm -r /tmp/first
  echo 'local all all trust' > "$PGDATA/pg_hba.conf"
  as_postgres pg_ctl start -w -o "-c listen_addresses=''" >/dev/null
  [ "$POSTGRES_DB" = postgres ] || as_postgres createdb --username="$POSTGRES_USER" "$POSTGRES_DB"
  as_postgres pg_ctl stop -w >/dev/null
fi
exec setpriv --reuid=postgres --regid=postgres --init-groups "$@" -c listen_addresses='*'
"""
VALKEY_DOCKERFILE = f"""
FROM {DEBIAN}
RUN apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \\
    valkey-server && rm -rf /var/lib/apt/lists/* && install -d -o valkey -g valkey /data
WORKDIR /data
VOLUME /data
EXPOSE 6379
ENTRYPOINT ["setpriv", "--reuid=valkey", "--regid=valkey", "--init-groups"]
CMD ["valkey-server"]
"""
PACKAGES_DOCKERFILE = f"""
FROM {DEBIAN}
RUN apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \\
    {{packages}} && rm -rf /var/lib/apt/lists/*
"""
ENTRYPOINT = """#!/bin/sh
# Takes the variables that the official images of MySQL and MariaDB take.
set -eu
umask 027
directory=/var/lib/mysql
if [ ! -d "$directory/mysql" ]; then
  mkdir -p "$directory" && chown mysql "$directory"
  mariadb-install-db --no-defaults --user=mysql --datadir="$directory" --skip-test-db \\
    --auth-root-authentication-method=normal >/dev/null
  # as the official images do: at a later start the user may have another password
  cat > /tmp/init.sql <<END
CREATE DATABASE IF NOT EXISTS \\`$MYSQL_DATABASE\\`;
CREATE OR REPLACE USER '$MYSQL_USER'@'%' IDENTIFIED BY '$MYSQL_PASSWORD';
GRANT ALL ON *.* TO '$MYSQL_USER'@'%';
END
else
  : > /tmp/init.sql
fi
chown mysql /tmp/init.sql
exec mariadbd --no-defaults --user=mysql --datadir="$directory" --socket=/tmp/mysqld.sock --port=3306 \\
  --bind-address=0.0.0.0 --skip-name-resolve --init-file=/tmp/init.sql --innodb-buffer-pool-size=32M "$@"
"""


ONLY = """
FROM scratch
COPY --from=0 /out /
CMD ["sh"]
"""
"""One small layer: all other files of the packages would be compressed for each registry anew."""
SHELL = "mkdir -p /out/bin /out/tmp && cp /bin/busybox /out/bin/ && chroot /out /bin/busybox --install -s /bin"
LINKED = "cp -L --parents /usr/bin/node $(ldd /usr/bin/node | grep -o '/[^ ]*') /usr/share/nodejs -r /out/"
STAND_INS: Mapping[str, Mapping[str, str]] = {
    PYTHON: {"Dockerfile": PYTHON_DOCKERFILE},
    DATABASE: {"Dockerfile": DATABASE_DOCKERFILE, "entrypoint.sh": ENTRYPOINT},
    POSTGRESQL: {"Dockerfile": POSTGRESQL_DOCKERFILE, "docker-entrypoint.sh": POSTGRESQL_ENTRYPOINT},
    VALKEY: {"Dockerfile": VALKEY_DOCKERFILE},
    GO: {"Dockerfile": PACKAGES_DOCKERFILE.format(packages="golang-go")},
    NODE: {
        "Dockerfile": f"{PACKAGES_DOCKERFILE.format(packages='busybox-static nodejs')}RUN {SHELL} && {LINKED}\n{ONLY}"
    },
    BUSYBOX: {"Dockerfile": f"{PACKAGES_DOCKERFILE.format(packages='busybox-static')}RUN {SHELL}\n{ONLY}"},
    SLIM: {"Dockerfile": f"FROM {DEBIAN}\n"},
}
"""The substitutes of images, by their names."""


def ensure(engine: docker.DockerClient, name: str) -> None:
    """Have one of `STAND_INS` in the engine: the registry's own if that can be reached. One worker makes it for all."""
    with _alone(name):
        if _have(engine, name) or pulled(engine, name):
            return
        with _alone(DEBIAN), tempfile.TemporaryDirectory() as directory:
            if not _have(engine, DEBIAN):
                _debian(engine, Path(directory) / "debian.tar")
        with tempfile.TemporaryDirectory() as directory:
            for file, content in STAND_INS[name].items():
                (Path(directory) / file).write_text(content)
            shutil.copy(CERTIFICATES, directory)
            engine.images.build(path=directory, tag=name, rm=True)


@contextlib.contextmanager
def _alone(name: str) -> Iterator[None]:
    """While the context lasts, no other process of this user makes an image of this name."""
    lock = Path(tempfile.gettempdir()) / f"provision-tests-{os.getuid()}-{re.sub(r'[^a-z0-9]', '-', name)}.lock"
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _have(engine: docker.DockerClient, name: str) -> bool:
    try:
        engine.images.get(name)
    except ImageNotFound:
        return False
    return True


def pulled(engine: docker.DockerClient, name: str) -> bool:
    """Pull an image if its registry can be reached, and say whether that is so."""
    try:
        engine.images.pull(name)
    except DockerException:
        return False
    return True


def _debian(engine: docker.DockerClient, archive: Path) -> None:
    """Import a small Debian with Python."""
    program = shutil.which("mmdebstrap")
    assert program, "no registry can be reached, and mmdebstrap is not installed: apt-get install mmdebstrap"
    options = ["--quiet", "--variant=minbase", "--include=python3,python3-pip,ca-certificates"]
    subprocess.run([program, *options, *(f"--dpkgopt={line}" for line in NO_MANUALS), "trixie", archive], check=True)
    repository, _, tag = DEBIAN.partition(":")
    engine.api.import_image_from_file(str(archive), repository=repository, tag=tag)
    archive.unlink()
