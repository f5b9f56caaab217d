"""Forward a port of this machine to the database or to a service's port, through one of the stack's tasks."""

from __future__ import annotations

import contextlib
import select
import shlex
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from provisioner.config.loader import suggestion
from provisioner.config.redis import PORT
from provisioner.engine.errors import ConfigurationError
from provisioner.operations.shell import task_choice
from provisioner.operations.shell.task_choice import Place
from provisioner.session.forward import Forward

if TYPE_CHECKING:
    from provisioner.aws.client import Aws
    from provisioner.config.models import Config
    from provisioner.operations.context.options import Options
    from provisioner.operations.shell.sessions import Caller
    from provisioner.state.model import State

DATABASE, REDIS = "database", "redis"
LOCAL = "127.0.0.1"


@dataclass(frozen=True)
class Goal:
    """The destination of a tunnel.

    Attributes:
        name: its name on the command line.
        services: the services with access to it, in the order of the configuration.
        host: its host name; empty for the task itself.
        line: a client's command line, with `{port}` for the local port.
    """

    name: str
    services: tuple[str, ...]
    host: str
    port: int
    line: str


def goal(options: Options, config: Config, state: State, name: str) -> Goal:
    """Return the destination with this name.

    Raises:
        ConfigurationError: the name is unknown, the destination is not in the stack yet, or it has no port.
    """
    if name == DATABASE and (used := config.used_database):
        raise ConfigurationError(
            f"database.{used.named_by} is {used.identifier}, a database of somebody else, to which `tunnel` opens no "
            "way: ask its owner for one"
        )
    if name == DATABASE and config.database is not None:
        users = tuple(one for one, service in config.services.items() if service.database)
        if not users:
            raise ConfigurationError(
                "no service has database = true, so no task reaches the database: set it in a service, then run "
                "`provision up`"
            )
        record = state.first("db_cluster") or state.first("single_db_instance")
        host = str(record.outputs.get("endpoint") or "") if record else ""
        if not host:
            raise ConfigurationError(
                f"the database is not in the stack yet: create it with {options.command_line('up')}"
            )
        engine = config.database.kind
        client = engine.client_words(LOCAL, "{port}", config.database.user, config.database.name)
        return Goal(name, users, host, engine.port, shlex.join(client).replace("'{port}'", "{port}"))
    if name == REDIS and config.redis is not None:
        return _valkey(options, config, state)
    if name not in config.services:
        stores = {DATABASE: config.database, REDIS: config.redis}
        there = [*config.services, *(store for store, table in stores.items() if table is not None)]
        raise ConfigurationError(f"there is no service {name}{suggestion(name, there)}")
    port = config.services[name].entry
    if port is None:
        raise ConfigurationError(f"services.{name} has no port for a tunnel: choose a service with a port")
    return Goal(name, (name,), "", port, f"curl http://{LOCAL}:{{port}}/")


def _valkey(options: Options, config: Config, state: State) -> Goal:
    """Return the primary of Valkey. A client cannot check its certificate, which is of another name than this end."""
    users = tuple(one for one, service in config.services.items() if service.redis)
    if not users:
        raise ConfigurationError(
            "no service has redis = true, so no task reaches Valkey: set it in a service, then run `provision up`"
        )
    record = state.first("replication_group")
    host = str(record.outputs.get("endpoint") or "") if record else ""
    if not host:
        raise ConfigurationError(f"Valkey is not in the stack yet: create it with {options.command_line('up')}")
    return Goal(REDIS, users, host, PORT, f"valkey-cli -h {LOCAL} -p {{port}} --tls --insecure --askpass")


def place(aws: Aws, options: Options, config: Config, state: State, to: Goal, task: str) -> Place:
    """Return the task for a tunnel: the best among the services with access to the destination.

    Raises:
        ConfigurationError, SessionFailed: no task fits.
    """
    several: list[Place] = []
    for service in to.services:
        several += task_choice.places(aws, service, *task_choice.named(options, config, state, service))
    several.sort(key=lambda one: not one.usable)
    return task_choice.chosen(several, " or ".join(to.services), task)


@contextlib.contextmanager
def listening(port: int) -> Iterator[socket.socket]:
    """Listen on a port, for this machine only; port 0 chooses a free one.

    Raises:
        ConfigurationError: the port is in use, or not permitted.
    """
    try:
        listener = socket.create_server((LOCAL, port), backlog=64)
    except (OSError, OverflowError) as error:
        reason = error.strerror if isinstance(error, OSError) else "there is no such port"
        raise ConfigurationError(
            f"port {port} of this machine cannot be listened on: {reason}: choose another --port"
        ) from None
    with listener:
        listener.setblocking(False)
        yield listener


def run(
    caller: Caller, find: Callable[[], Place], to: Goal, listener: socket.socket, on_ready: Callable[[], None]
) -> None:
    """Forward connections for ever. AWS ends an unused session; the next connection begins a new one.

    Args:
        find: chooses the task among the current ones.
        on_ready: called when the first session accepts connections.

    Raises:
        ClientError, BotoCoreError, SessionFailed: no session began.
    """
    while True:
        with caller.channel(caller.forward(find().target, to.host, to.port)) as channel:
            ended = Forward(channel, listener, caller.say).run(on_ready)
        caller.say(f"the session has ended ({' '.join(ended.split())}): the next connection begins another one")
        on_ready = _nothing
        select.select([listener], [], [])


def _nothing() -> None:
    """Do nothing."""
