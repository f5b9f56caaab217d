"""`provision exec` and `tunnel` into real containers, and to a real instance of MySQL."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pymysql
import pytest

from tests.cloud.project import Project
from tests.cloud.warm import PROGRAM, environment
from tests.docker.images import PYTHON

STACK = """
project = "shop"
env = "dev"

[dns]
domain = "example.com"

[database]
engine = "mysql"

[services.web]
build = "web"
port = 8080
public = true
database = true
health = { path = "/" }

[network]
zones = 2
"""
SECONDS = 120


@pytest.fixture(scope="module")
def project(database: None, new_project: Callable[[], Project]) -> Project:
    """A stack with a service and a database that run."""
    here = new_project()
    folder = here.directory / "web"
    folder.mkdir()
    (folder / "Dockerfile").write_text(
        f"FROM {PYTHON}\nRUN mkdir /srv/www && echo it works > /srv/www/index.html\nUSER 1000\n"
        'CMD ["python", "-m", "http.server", "8080", "--directory", "/srv/www"]\n'
    )
    here.write(STACK)
    here.up()
    return here


def ran(project: Project, *words: str, given: bytes | None = None) -> tuple[int, bytes, bytes]:
    """Run `exec` in the service, perhaps with something on standard input."""
    ended = subprocess.run(
        [*PROGRAM, "exec", "web", *words],
        cwd=project.directory,
        env=environment(),
        input=given,
        stdin=subprocess.DEVNULL if given is None else None,
        capture_output=True,
        timeout=SECONDS,
        check=False,
    )
    assert b"Traceback" not in ended.stderr, ended.stderr
    return ended.returncode, ended.stdout, ended.stderr


def test_a_command_runs_in_the_container(project: Project) -> None:
    code, out, err = ran(project, "--", "sh", "-c", "id -u; cat /srv/www/index.html; exit 7")
    assert (code, out) == (7, b"0\nit works\n"), err
    content = os.urandom(150_000)
    code, out, err = ran(project, "--", "sh", "-c", "cat; echo apart >&2", given=content)
    assert (code, out == content, err) == (0, True, b"apart\n")
    assert ran(project, "--", "nowhere-at-all")[0] == 127


@contextmanager
def tunnel(project: Project, name: str) -> Iterator[int]:
    """A tunnel, and its port."""
    process = project.start("tunnel", name, "--json")
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, process.communicate()
    yield int(json.loads(line)["port"])
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=SECONDS)


def test_a_tunnel_leads_to_the_services_port(project: Project) -> None:
    with tunnel(project, "web") as port:
        for _ in range(3):
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=SECONDS) as answer:
                assert answer.read() == b"it works\n"


def test_a_tunnel_leads_to_the_database(project: Project) -> None:
    ssm = project.cloud.client("ssm")
    (name,) = [one["Name"] for one in ssm.describe_parameters()["Parameters"] if "password" in one["Name"]]
    password = ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"]
    with tunnel(project, "database") as port:
        login = {"host": "127.0.0.1", "port": port, "user": "dbadmin", "password": password, "database": "sample"}
        with pymysql.connect(**login, ssl={"check_hostname": False}) as connection, connection.cursor() as cursor:
            cursor.execute("CREATE TABLE things (id INT PRIMARY KEY, content LONGTEXT)")
            cursor.executemany("INSERT INTO things VALUES (%s, %s)", [(n, "x" * 20_000) for n in range(10)])
            connection.commit()
            cursor.execute("SELECT SUM(LENGTH(content)) FROM things")
            assert int(cursor.fetchone()[0]) == 200_000
