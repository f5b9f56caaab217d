"""Checks inside the tasks: a command's exit code, a megabyte there and back, and a query through a tunnel."""

from __future__ import annotations

import json
import os
from typing import Any

import pymysql

from tests.aws.commands import Provision
from tests.aws.report import Wrong

CODE = 7
MEGABYTE = 1 << 20
SECONDS = 60


def command(provision: Provision) -> str:
    """Run a command in a task, and check its exit code."""
    ended = provision.run("exec", "backend", "--", "sh", "-c", f"exit {CODE}")
    if ended.code != CODE:
        raise Wrong(f"exit code {ended.code}, not {CODE}\n{ended.err.strip()}")
    return f"`sh -c 'exit {CODE}'` in a task of the backend ended with exit code {CODE}"


def megabyte(provision: Provision) -> str:
    """Send bytes through a command in a task, and check that the same ones come back."""
    content = os.urandom(MEGABYTE)
    code, out, err = provision.pipe(content, "exec", "backend", "--exact", "--", "cat")
    if code:
        raise Wrong(f"`cat` in a task ended with exit code {code}\n{err.decode(errors='replace').strip()}")
    if out != content:
        same = next((place for place, pair in enumerate(zip(out, content, strict=False)) if len({*pair}) > 1), len(out))
        raise Wrong(f"{len(out)} bytes came back of {len(content)}, the first {same} of them as they were")
    return f"{len(content)} bytes went through `cat` in a task of the backend, and came back as they were"


def query(provision: Provision, password: str, authorities: str | None) -> str:
    """Query the database through a tunnel.

    Args:
        authorities: the file with the authorities of the database's certificate; None to accept any.
    """
    login = {"user": "dbadmin", "password": password}
    ssl: dict[str, Any] = {"check_hostname": False, **({"ca": authorities} if authorities else {})}
    with provision.meanwhile("tunnel", "database", "--json") as process:
        line = process.stdout.readline()
        if not line:
            raise Wrong(f"no tunnel was opened\n{process.stderr.read().strip()}")
        there = {"host": "127.0.0.1", "port": json.loads(line)["port"], "connect_timeout": SECONDS}
        with pymysql.connect(**there, **login, ssl=ssl) as connection, connection.cursor() as cursor:
            cursor.execute("SELECT VERSION()")
            (version,) = cursor.fetchone()
            cursor.execute("SHOW STATUS LIKE 'Ssl_version'")
            _, encrypted = cursor.fetchone()
    return f"the database says through a tunnel that it is {version}, by {encrypted}"
