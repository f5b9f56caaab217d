"""The Docker engine that runs the containers: connect to it once, read it repeatedly, clear it at the end."""

from __future__ import annotations

import contextlib
import hashlib
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ecs_emulator.clock import wake
from ecs_emulator.containers import connecting

if TYPE_CHECKING:
    import docker

CLOUD = "ecs_emulator"
"""The label of everything that the embedded cloud creates in the engine; its value names the embedded cloud."""
READ_SECONDS = 0.3
END_SECONDS = 60
"""The time that the end waits for containers which are being created, before it removes all."""
THREADS = 8
LIMITS: Mapping[str, Any] = {"pids_limit": 1024, "security_opt": ["no-new-privileges"]}
"""Docker's settings for every container, since it runs on the user's own machine: a limit for fork bombs, and no new
privileges from setuid programs. ECS has no limit of processes, and Fargate takes no security options."""


class Ended(Exception):
    """The embedded cloud is ending: no container may be created any more."""


@dataclass(frozen=True)
class ContainerState:
    """A container at the last read: `state` is Docker's word, `ports` maps its ports to ports of the loopback."""

    state: str
    health: str
    ports: dict[int, int]


@dataclass
class Engine:
    """A Docker engine, and the state of its containers at the last read.

    Attributes:
        owner: the embedded cloud's id in labels and in the names of networks.
        containers: this cloud's containers by name. read_at: the time of the read, on the monotonic clock.
        lacking: images that could not be pulled, each with the consequence that was logged.
    """

    client: docker.DockerClient
    owner: str
    containers: dict[str, ContainerState] = field(default_factory=dict)
    read_at: float = 0.0
    lacking: set[tuple[str, str]] = field(default_factory=set)
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _creating: int = 0
    _ended: bool = False
    pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(THREADS, "containers"))

    @property
    def labels(self) -> dict[str, str]:
        """The labels of this cloud's containers and networks."""
        return {CLOUD: self.owner}

    def read(self) -> None:
        """Read the states of all containers in one call."""
        began = time.monotonic()
        found = self.client.api.containers(all=True, filters={"label": f"{CLOUD}={self.owner}"})
        self.containers = {one["Names"][0].removeprefix("/"): _state_of(one) for one in found if one["Names"]}
        self.read_at = began
        if found:
            wake()  # a task may wait for one of these states

    def has_image(self, image: str, without: str) -> bool:
        """Pull an image unless it is there, and return whether it is; log the consequence (`without`) once if not."""
        from docker.errors import DockerException, ImageNotFound

        if (image, without) in self.lacking:
            return False
        try:
            self.client.api.inspect_image(image)
        except ImageNotFound:
            try:
                self.client.images.pull(image)
            except DockerException as error:
                self.lacking.add((image, without))
                sys.stderr.write(f"{without}: {image} cannot be pulled: {error}\n")
                return False
        return True

    def lacks(self, image: str) -> bool:
        """Return whether an image was wanted, and could not be pulled."""
        return any(image == one for one, _ in self.lacking)

    def remove(self, name: str) -> None:
        """Remove a container at once, with its unnamed volumes; do nothing if it is gone."""
        from docker.errors import APIError, NotFound

        try:
            self.client.api.remove_container(name, v=True, force=True)
        except NotFound:
            return
        except APIError as error:
            if error.status_code != 409:  # it is being removed already
                raise

    @contextlib.contextmanager
    def creating(self) -> Iterator[None]:
        """Allow creating and starting containers while the context lasts; `end` waits for it.

        Raises:
            Ended: the cloud is ending.
        """
        with self._changed:
            if self._ended:
                raise Ended
            self._creating += 1
        try:
            yield
        finally:
            with self._changed:
                self._creating -= 1
                self._changed.notify_all()

    def end(self) -> None:
        """Remove all containers and networks of this cloud for good, including containers that are being created."""
        with self._changed:
            self._ended = True
            self._changed.wait_for(lambda: not self._creating, END_SECONDS)
        self.clear()

    def clear(self) -> None:
        """Remove all containers, networks and named volumes of this cloud."""
        from docker.errors import DockerException

        with contextlib.suppress(DockerException):
            wanted = {"label": f"{CLOUD}={self.owner}"}
            ids = [found["Id"] for found in self.client.api.containers(all=True, filters=wanted)]
            with ThreadPoolExecutor(THREADS) as pool:
                list(pool.map(self.remove, ids))
            for network in self.client.api.networks(filters=wanted):
                self.client.api.remove_network(network["Id"])
            for volume in self.client.api.volumes(filters=wanted)["Volumes"] or ():
                self.client.api.remove_volume(volume["Name"])
        self.containers = {}


current: Engine | None = None
"""The engine in use, or None: then tasks run without containers."""


def owner_of(directory: str | Path) -> str:
    """Return the name of the embedded cloud in a directory, by which a killed one is found again."""
    return hashlib.sha256(str(Path(directory).resolve()).encode()).hexdigest()[:8]


def connect(owner: str) -> None:
    """Use the engine that docker would use, if one answers and is not switched off."""
    global current  # noqa: PLW0603 (one engine a process, found at its start)
    if not connecting.named():
        return
    try:
        client = connecting.connect()
    except connecting.NoEngine as error:
        sys.stderr.write(f"no containers are started: {error}\n")
        return
    engine = Engine(client, owner)
    engine.clear()  # an earlier cloud of this directory may have been killed
    current = engine
    repeat(engine.read, READ_SECONDS, "read containers")


def two_way(opened: Any) -> Any:
    """Return the two-way connection of docker's client: inside its read-only wrapper, or the object itself."""
    found = getattr(opened, "_sock", opened)
    found.settimeout(None)
    return found


def repeat(work: Callable[[], Any], seconds: float, name: str) -> None:
    """Call a function again and again in its own thread; log its errors and go on."""

    def run() -> None:
        while True:
            try:
                work()
            except Exception:  # noqa: BLE001 (the log shows it, the next call may succeed)
                traceback.print_exc()
            time.sleep(seconds)

    threading.Thread(target=run, name=name, daemon=True).start()


def _state_of(found: dict[str, Any]) -> ContainerState:
    # Docker puts the health into the words of the status: "Up 3 seconds (health: starting)"
    words = found["Status"]
    health = next((word for word in ("(healthy)", "(unhealthy)", "(health: starting)") if word in words), "")
    ports = {one["PrivatePort"]: one["PublicPort"] for one in found.get("Ports") or () if "PublicPort" in one}
    return ContainerState(found["State"], health.strip("()").removeprefix("health: "), ports)
