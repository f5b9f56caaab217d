"""One embedded cloud a test process, and plain boto3 clients for it."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config

from provisioner.cloud import manage

if TYPE_CHECKING:
    from tests.cloud.rig import Rig

REGION = "ap-northeast-1"


@dataclass
class EmbeddedCloud:
    """A running embedded cloud, as the tests see it."""

    process: manage.Cloud
    _clients: dict[tuple[str, str], Any] = field(default_factory=dict)

    @property
    def endpoint(self) -> str:
        """The URL that answers for every service."""
        return self.process.endpoint

    def client(self, service: str, region: str = REGION) -> Any:
        """A plain boto3 client of this cloud, made once."""
        key = (service, region)
        if key not in self._clients:
            self._clients[key] = boto3.client(
                service,
                region_name=region,
                endpoint_url=self.endpoint,
                aws_access_key_id="testing",
                aws_secret_access_key="testing",
                config=Config(retries={"total_max_attempts": 1}, max_pool_connections=32),
            )
        return self._clients[key]

    def reset(self) -> None:
        """Empty the account: only its registered domain's zone is left."""
        self._post("/moto-api/reset")

    def delegate(self, domain: str) -> None:
        """Point the parent zone of `domain` at this account."""
        self._post(f"/_cloud/delegate?domain={domain}")

    def calls(self, since: int = 0) -> list[dict[str, Any]]:
        """The answered calls numbered above `since`."""
        answer: list[dict[str, Any]] = json.loads(self._open(f"/_cloud/log?since={since}", "GET"))
        return answer

    def wait(self, condition: Callable[[], Any], what: str, seconds: float = 15) -> Any:
        """Poll until `condition` returns something true, and return it; fail naming `what` otherwise."""
        deadline = monotonic() + seconds
        while monotonic() < deadline:
            if value := condition():
                return value
            sleep(0.05)
        pytest.fail(f"not within {seconds} s: {what}")

    def _post(self, path: str) -> None:
        self._open(path, "POST")

    def _open(self, path: str, method: str) -> bytes:
        with urllib.request.urlopen(urllib.request.Request(self.endpoint + path, method=method), timeout=60) as answer:
            content: bytes = answer.read()
        return content


@pytest.fixture(scope="session")
def running_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedCloud]:
    """The process: started once, stopped at the end of the session."""
    folder: Path = tmp_path_factory.mktemp("cloud")
    yield EmbeddedCloud(manage.start(folder, "example.com"))
    manage.stop(folder)


@pytest.fixture
def cloud(running_cloud: EmbeddedCloud) -> EmbeddedCloud:
    """The embedded cloud, emptied."""
    running_cloud.reset()
    return running_cloud


@pytest.fixture
def rig(cloud: EmbeddedCloud, tmp_path: Path) -> Rig:
    """A stack of its own on the emptied cloud."""
    from tests.cloud.rig import Rig

    return Rig(cloud, tmp_path / "state")
