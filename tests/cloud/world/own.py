"""The cloud of this process, as tests see one, and the door through which other processes reach it."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ecs_emulator import inside

if TYPE_CHECKING:
    from ecs_emulator.inside import OwnCloud
    from tests.cloud.conftest import EmbeddedCloud

DOMAIN = "example.com"


@dataclass
class Here:
    """The role of this process.

    Attributes:
        cloud: its own, as the tests see it; None: it is no fork of a world.
        standing: the directory of the project that stands in the cloud.
        left: what the function returned that stood it up.
        fresh: whether no test has used the cloud yet.
    """

    cloud: EmbeddedCloud | None = None
    standing: Path | None = None
    left: Any = None
    fresh: bool = True


HERE = Here()


def load() -> None:
    """Have a cloud in this process, and nothing of it outside; once a process."""
    from provisioner.aws.service_models import PlainFiles

    process = inside.start(DOMAIN, "", PlainFiles().load_file)
    _redirect(process)
    HERE.cloud = _as_tests_see(process)
    begin(HERE.cloud)


def begin(cloud: EmbeddedCloud) -> None:
    """Give a test the cloud of this process: as it stands for the first test, emptied for the following ones."""
    if HERE.fresh:
        cloud.control("POST", "clock", "mode=virtual&idle=0&durations=typical")
    else:
        cloud.reset()


def after_fork() -> None:
    """Have the cloud as it was, and by itself from now on, in a process that was just forked."""
    from moto.moto_api._internal import mock_random

    assert HERE.cloud is not None
    process: Any = HERE.cloud.process
    HERE.cloud.process = inside.after_fork(process)
    # a port of the other process does not lead here
    door.cache_clear()
    # Python's own chance begins anew by itself; ids are not to be the same in all forks
    mock_random.seed()


@cache
def door() -> str:
    """Open a port of this process's cloud, for processes of their own, and return its endpoint."""
    from ecs_emulator import server, sockets
    from ecs_emulator.registry import application as registry
    from ecs_emulator.wsgi import Server

    assert HERE.cloud is not None
    process: Any = HERE.cloud.process
    listener = sockets.listening()
    served = Server(
        listener,
        partial(server._application, process.cloud),
        partial(server._admit, process.cloud),
        streamed=registry.is_asked,
        silence=server.SILENCE_SECONDS,
    )
    threading.Thread(target=served.serve_forever, args=(0.1,), name="door", daemon=True).start()
    return f"http://{sockets.HOST}:{listener.getsockname()[1]}"


def served(endpoint: str) -> str:
    """Return an endpoint, or where the cloud of this process is served if that is meant."""
    return door() if HERE.cloud and endpoint == HERE.cloud.endpoint else endpoint


def _as_tests_see(process: OwnCloud) -> EmbeddedCloud:
    from tests.cloud.conftest import EmbeddedCloud

    class OwnEmbedded(EmbeddedCloud):
        def _open(self, path: str, method: str) -> bytes:
            return self.process.ask(method, path)

    return OwnEmbedded(process)


def _redirect(process: OwnCloud) -> None:
    """Let a search for the cloud end here: by the record of its state directory, and by its endpoint."""
    from botocore.httpsession import URLLib3Session

    from ecs_emulator import control, manage, record

    over_http, read_record, send_over_http = control.request, record.read, URLLib3Session.send

    def ours(cloud: Any) -> Any:
        """The cloud of this process if that is meant, and not one on the way to it."""
        assert HERE.cloud is not None
        ends = {process.endpoint, *([door()] if door.cache_info().currsize else [])}
        return HERE.cloud.process if cloud.key == process.key and cloud.endpoint in ends else None

    def request(cloud: Any, method: str, path: str, content: bytes = b"", *, proven: bool = True) -> bytes:
        if here := ours(cloud):
            answer: bytes = here.ask(method, path, content)
            return answer
        return over_http(cloud, method, path, content, proven=proven)

    def read(directory: Path) -> Any:
        found = read_record(directory)
        return (ours(found) or found) if found else None

    def send(self: Any, wanted: Any) -> Any:
        # whoever says another endpoint means it
        return (
            process._answer(wanted) if wanted.url.startswith(f"{process.endpoint}/") else send_over_http(self, wanted)
        )

    control.request = manage.request = request  # type: ignore[attr-defined]
    record.read = read
    # not by an event of the session: all that botocore does, and that tests put in its way, is to be as over HTTP
    URLLib3Session.send = send  # type: ignore[assignment,method-assign]
    inside.OwnCloud.reach = lambda self, session: None  # type: ignore[method-assign]
