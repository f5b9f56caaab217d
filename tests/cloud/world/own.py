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
    """What this process is.

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
    """Give a test the cloud of this process: as it stands for the first one, emptied for those that follow."""
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


def _as_tests_see(process: OwnCloud) -> EmbeddedCloud:
    from tests.cloud.conftest import EmbeddedCloud

    class OwnEmbedded(EmbeddedCloud):
        def _open(self, path: str, method: str) -> bytes:
            return self.process.ask(method, path)

    return OwnEmbedded(process)


def _redirect(process: OwnCloud) -> None:
    """Let whoever looks for the cloud find it here: by the record of its state directory, and by its endpoint."""
    from botocore.session import Session

    from ecs_emulator import control, manage, record

    over_http, read_record, begin_session = control.request, record.read, Session.__init__

    def current() -> Any:
        assert HERE.cloud is not None
        return HERE.cloud.process

    def request(cloud: Any, method: str, path: str, content: bytes = b"", *, proven: bool = True) -> bytes:
        if cloud.key == process.key:
            answer: bytes = current().ask(method, path, content)
            return answer
        return over_http(cloud, method, path, content, proven=proven)

    def read(directory: Path) -> Any:
        found = read_record(directory)
        return current() if found and found.key == process.key else found

    def begin_reaching(self: Any, *arguments: Any, **more: Any) -> None:
        begin_session(self, *arguments, **more)
        self.register("before-send", answer)

    def answer(request: Any, **more: Any) -> Any:
        # whoever says another endpoint means it
        return process._answer(request, **more) if request.url.startswith(f"{process.endpoint}/") else None

    control.request = manage.request = request  # type: ignore[attr-defined]
    record.read = read
    Session.__init__ = begin_reaching  # type: ignore[method-assign]
    # all sessions do already: botocore asks everybody who is there, and a second answer would be a second call
    inside.OwnCloud.reach = lambda self, session: None  # type: ignore[method-assign]
