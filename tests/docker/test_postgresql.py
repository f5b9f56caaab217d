"""PostgreSQL in a real container, as Aurora and as one instance: a migration, `DATABASE_URL`, TLS, and rotations."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import docker
import pytest

from ecs_emulator import control
from tests.cloud.project import Project
from tests.docker import containers
from tests.docker.images import PYTHON
from tests.docker.site import Site, awaited, gone, stood_up
from tests.docker.test_unnoticed import Load, trusted

PASSWORD = r"a%b+c#d&e?f:g[h]i\j=k;l$m(n)o,p"
"""A password that RDS takes, with characters that a URL has to encode."""
STACK = """
project = "notes"
env = "dev"
protect = true

[network]
allow = ["127.0.0.1/32"]

[dns]
domain = "example.com"

[database]
engine = "aurora-postgresql"
name = "notes"

[services.web]
build = "web"
port = 8000
public = true
health = "/health"
database = true

[jobs.migrate]
extends = "web"
command = "python3 -u /app.py migrate"
before_deploy = true
"""
DOCKERFILE = f"""
FROM {PYTHON}
RUN pip install --quiet --no-cache-dir --disable-pip-version-check "psycopg[binary]>=3.2,<4"
COPY app.py /app.py
USER 10001
CMD ["python3", "-u", "/app.py"]
"""
APP = """
import http.server, json, os, signal, sys, threading, traceback

import psycopg

LOCK = threading.Lock()
held = None


def connection():
    # one connection for all requests, as pools of applications hold theirs
    global held
    if held is None or held.closed:
        held = psycopg.connect(os.environ["DATABASE_URL"], autocommit=True)
    return held


def noted():
    with LOCK:
        notes = connection()
        notes.execute("INSERT INTO notes DEFAULT VALUES")
        count = notes.execute("SELECT count(*) FROM notes").fetchone()[0]
        ssl = notes.execute("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()").fetchone()[0]
        version = notes.execute("SHOW server_version").fetchone()[0]
    return {"notes": count, "ssl": ssl, "version": version}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        status, body = 200, b"ok"
        if self.path != "/health":
            try:
                body = json.dumps(noted()).encode()
            except Exception:
                status, body = 500, traceback.format_exc().encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


if "migrate" in sys.argv:
    with psycopg.connect(os.environ["DATABASE_URL"]) as once:
        once.execute("CREATE TABLE IF NOT EXISTS notes (id serial PRIMARY KEY)")
    sys.exit()
server = http.server.ThreadingHTTPServer(("", int(os.environ["PORT"])), Handler)
signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
server.serve_forever()
"""
VERIFIED = """
import os, psycopg
with psycopg.connect(
    os.environ["DATABASE_URL"], sslmode="verify-full", sslrootcert=os.environ["DB_CA_BUNDLE"], connect_timeout=10
) as found:
    print(found.execute("SELECT current_user, current_database()").fetchone())
"""
IN_CLEAR = """
import os, psycopg
try:
    psycopg.connect(os.environ["DATABASE_URL"], sslmode="disable", connect_timeout=10)
except psycopg.OperationalError as error:
    print(error)
"""


@pytest.fixture(scope="module")
def notes(postgresql: None, new_project: Callable[[], Project]) -> Site:
    project = new_project()
    folder = project.directory / "web"
    folder.mkdir()
    (folder / "Dockerfile").write_text(DOCKERFILE)
    (folder / "app.py").write_text(APP)
    project.write(STACK)
    site = stood_up(project)
    control.set_clock(project.cloud.process, "real:20")
    return site


def in_task(engine: docker.DockerClient, notes: Site, program: str) -> str:
    """Run a Python program in the container of the newest task, and return its output."""
    # Docker lists the newest first; another may still be on its way out
    task = containers.running(engine, notes.project.state, "notes-dev-web(-|$)")[0]
    _, said = task.exec_run(["python3", "-c", program])
    return str(said.decode())


def page(notes: Site) -> dict[str, Any]:
    status, body, _ = notes.get("")
    assert status == 200, body
    return dict(json.loads(body))


def another_password(project: Project) -> None:
    """Write another password into the parameter that keeps the database's."""
    ssm = project.cloud.client("ssm")
    names = {one["Name"] for one in ssm.describe_parameters()["Parameters"]}
    (name,) = {name for name in names if name.endswith("/database/password")}
    ssm.put_parameter(Name=name, Value=PASSWORD, Type="SecureString", Overwrite=True)


def test_rows_are_written_by_tls_after_the_migration(notes: Site) -> None:
    first, second = page(notes), page(notes)
    assert second["notes"] == first["notes"] + 1
    assert first["ssl"] is True
    assert first["version"].startswith("17.")


def test_postgresql_is_verified_and_refuses_in_clear(notes: Site, engine: docker.DockerClient) -> None:
    assert in_task(engine, notes, VERIFIED) == "('dbadmin', 'notes')\n"
    assert "no pg_hba.conf entry" in in_task(engine, notes, IN_CLEAR)
    assert "no encryption" in in_task(engine, notes, IN_CLEAR)


@pytest.mark.timeout(900)
def test_a_rotation_under_load_loses_no_request(notes: Site, engine: docker.DockerClient) -> None:
    project = notes.project
    before = page(notes)["notes"]
    load = Load(notes.url, notes.trusted, ("",), during="rotation")
    with load.running(2):
        time.sleep(1)
        another_password(project)
        project.up()
        time.sleep(1)
    assert load.failed == []
    assert load.counts["rotation"] > 20
    assert page(notes)["notes"] == before + load.counts["rotation"] + 1
    assert project.planned() == {}
    assert "dbadmin" in in_task(engine, notes, VERIFIED), "signed in with the new password"
    for file in project.directory.rglob("*"):
        assert not file.is_file() or PASSWORD.encode() not in file.read_bytes(), file


@pytest.mark.timeout(900)
def test_a_database_of_the_final_snapshot_has_the_rows(notes: Site, engine: docker.DockerClient) -> None:
    project = notes.project
    before = page(notes)["notes"]
    control.set_clock(project.cloud.process, "virtual", idle=20)
    project.run("down", "--yes", "--unprotect")
    awaited(lambda: not containers.names(engine, project.state, ended=True), "no container left")
    project.change(r"^\[database\]\n", '[database]\nfrom_snapshot = "latest"\n')
    project.up()
    site = replace(notes, url=project.run("output", "local_url").out.strip(), trusted=trusted(project))
    assert page(site)["notes"] == before + 1
    assert "dbadmin" in in_task(engine, site, VERIFIED), "with a password of its own"
    assert project.planned() == {}


def test_postgresql_goes(notes: Site, engine: docker.DockerClient) -> None:
    project = notes.project
    rds = project.cloud.client("rds")
    (snapshot,) = rds.describe_db_cluster_snapshots(SnapshotType="manual")["DBClusterSnapshots"]
    project.change("^protect = true", "protect = false")
    project.change(r'^from_snapshot = "latest"\n', "")
    project.up()
    rds.delete_db_cluster_snapshot(DBClusterSnapshotIdentifier=snapshot["DBClusterSnapshotIdentifier"])
    gone(notes, engine)


@pytest.mark.timeout(600)
def test_one_instance_of_rds_serves_the_same(notes: Site, engine: docker.DockerClient) -> None:
    project = notes.project
    project.change(r'^engine = ".*"', 'engine = "postgresql"')
    site = stood_up(project)
    (shown,) = project.cloud.client("rds").describe_db_instances()["DBInstances"]
    assert shown["Engine"] == "postgres"
    assert "DBClusterIdentifier" not in shown
    first, second = page(site), page(site)
    assert (first["notes"], second["notes"]) == (1, 2), "another database"
    assert first["ssl"] is True
    assert in_task(engine, site, VERIFIED) == "('dbadmin', 'notes')\n"
    assert "no encryption" in in_task(engine, site, IN_CLEAR)
    another_password(project)
    project.up()
    assert page(site)["notes"] == 3
    assert "dbadmin" in in_task(engine, site, VERIFIED), "signed in with the new password"
    assert project.planned() == {}
    gone(site, engine)
