"""Keep the data of databases in containers: copy it into snapshots, and from there into restored databases."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import IO

from ecs_emulator.containers.engine import Engine

CHUNK = 2**20


Variables = tuple[tuple[str, str], ...]
"""The variables of a database's container, with the master user and its password."""


@dataclass(frozen=True)
class Saved:
    """The archive of a data directory, in an unnamed temporary file, and the variables of its container."""

    file: IO[bytes]
    environment: Variables


@dataclass
class SavedData:
    """The data in snapshots, by the ARN of each."""

    snapshots: dict[str, Saved] = field(default_factory=dict)

    def take(self, host: Engine, arn: str, container: str, directory: str, environment: Variables) -> None:
        """Copy the data of a container into a snapshot. A server that runs stands still meanwhile.

        So the copy is that of one moment, from which the server recovers as after a loss of power.
        """
        api = host.client.api
        runs = api.inspect_container(container)["State"]["Running"]
        file = tempfile.TemporaryFile()  # noqa: SIM115 (closed with the snapshot)
        if runs:
            api.pause(container)
        try:
            for chunk in api.get_archive(container, directory, chunk_size=CHUNK)[0]:
                file.write(chunk)
        finally:
            if runs:
                api.unpause(container)
        self.snapshots[arn] = Saved(file, environment)

    def restore(self, host: Engine, arn: str, container: str, directory: str) -> Variables | None:
        """Copy the data of a snapshot into a container that has not started, and return the variables it was made with.

        None stands for a snapshot without data: the container starts empty.
        """
        saved = self.snapshots.get(arn)
        if saved is None:
            sys.stderr.write(f"{container} starts empty: the data of {arn} was never in a container here\n")
            return None
        saved.file.seek(0)
        host.client.api.put_archive(container, str(PurePosixPath(directory).parent), saved.file)
        return saved.environment

    def forget(self, standing: Mapping[str, str]) -> None:
        """Delete the data of all snapshots that are not among these ARNs."""
        for arn in self.snapshots.keys() - standing.keys():
            self.snapshots.pop(arn).file.close()
