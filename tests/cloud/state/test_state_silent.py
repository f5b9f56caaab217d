"""Ctrl-C while the state's bucket takes every connection and answers nothing: the command ends soon all the same."""

from __future__ import annotations

import re
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cloud.conftest import HANGS, EmbeddedCloud
from tests.cloud.project import SMALL, Project
from tests.cloud.proxy import leaving_unanswered

pytestmark = pytest.mark.slow

BUCKET = "silent-states"


class Silence:
    """Requests that the bucket does not answer: one, and all that come after it.

    Args:
        begins: the pattern of that request, as `PUT /bucket/key`; empty: none, it begins when the test sets `begun`.
        earlier: the number of such requests that are answered before.

    Attributes:
        begun: set as soon as that request has come.
        asked: the requests without an answer.
    """

    def __init__(self, begins: str, earlier: int) -> None:
        self._begins, self._earlier = begins, earlier
        self.begun, self.asked = threading.Event(), list[str]()
        self._mutex = threading.Lock()

    def __call__(self, request: str) -> bool:
        """Say whether a request gets no answer."""
        if f" /{BUCKET}" not in request:
            return False
        with self._mutex:
            if self._begins and re.match(self._begins, request):
                self._earlier -= 1
            if self._earlier < 0:
                self.begun.set()
            if self.begun.is_set():
                self.asked.append(request)
            return self.begun.is_set()


@pytest.fixture
def project(cloud: EmbeddedCloud, tmp_path: Path) -> Iterator[Project]:
    here = Project(cloud, tmp_path)
    here.write(SMALL + f'\n[state]\nbucket = "{BUCKET}"\n')
    here.run("state", "init")
    yield here
    here.close()


@pytest.mark.parametrize(
    ("begins", "earlier", "error"),
    [
        (r"PUT .*/journal/", 4, "journal/.* cannot be written"),
        (r"PUT .*/lock", 1, "interrupted: the state is saved|(journal/.*|state.json) cannot be written"),
        (r"PUT .*/state\.json", 0, "state.json cannot be written"),
        ("", 0, r"(state\.json|journal/.*) cannot be written"),
    ],
    ids=["while it records", "while it renews its lock", "while it opens", "before it closes"],
)
def test_an_interrupted_command_stops_asking_a_silent_bucket(
    project: Project, cloud: EmbeddedCloud, begins: str, earlier: int, error: str
) -> None:
    """It waits for one answer in vain, or for two if a request was under way: ten seconds each."""
    silence = Silence(begins, earlier)
    with leaving_unanswered(cloud.endpoint, silence) as way:
        project.reach(way)
        if not begins:
            cloud.hold(10)
        process = project.begin("up", "--yes")
        if not begins:
            cloud.await_held()
            silence.begun.set()
        assert silence.begun.wait(HANGS)
        process.send_signal(signal.SIGINT)
        if not begins:
            cloud.release()
        ended = project.end(process)
    assert ended.code in {1, 130}
    assert re.search(error, ended.err), ended.err
    assert "the state lock was not released" in ended.err
    assert "it expires in 60 s" in ended.err
    assert 1 <= len(silence.asked) <= 2, silence.asked
