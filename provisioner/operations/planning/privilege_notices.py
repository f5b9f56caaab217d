"""Tell the user, once, which containers run as root or may write to their root file system."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from provisioner.engine.words import names

if TYPE_CHECKING:
    from provisioner.state.model import Record
    from provisioner.steps.stack import Stack

ROOT = {"0", "root"}


def notices(stack: Stack, records: Mapping[str, Record]) -> Iterator[str]:
    """Yield a sentence each on containers that run as root, as the image's user, or with a writable root file system.

    Only containers whose settings differ from the recorded task definition, or that have no record, are named.
    """
    containers = {
        name: (one.user, one.read_only)
        for name, one in stack.config.containers.items()
        if (one.user, one.read_only) != _recorded(name, records)
    }

    def those(chosen: Mapping[str, Any]) -> str:
        return names([stack.config.key(name) for name in chosen])

    if root := {name: user for name, (user, _) in containers.items() if user and user.partition(":")[0] in ROOT}:
        yield f"root is the user of {those(root)}: set user to another, such as 10001"
    if unsaid := {name: user for name, (user, _) in containers.items() if not user}:
        yield f"the image names the user of {those(unsaid)}, root if it names none: set user to be sure"
    if writable := {name: True for name, (_, read_only) in containers.items() if not read_only}:
        yield f"the root file system of {those(writable)} can be written to: read_only = true closes it, but for /tmp"


def _recorded(container: str, records: Mapping[str, Record]) -> tuple[str | None, bool] | None:
    """Return user and read-only file system of a container of a recorded task definition; None if there is none."""
    workload, _, sidecar = container.partition(".")
    record = records.get(f"task_definition/{workload}")
    containers = record.arguments.get("container_definitions") if record else None
    if not isinstance(containers, list):
        return None
    found = next((one for one in containers if one.get("name") == (sidecar or workload)), None)
    return (found.get("user"), bool(found.get("readonlyRootFilesystem"))) if found else None
