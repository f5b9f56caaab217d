"""The tables `[volumes.NAME]`, and the key `volumes` of services and jobs: file systems of EFS that tasks share."""

from collections.abc import Collection, Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator

from provisioner.config import validators as values
from provisioner.config.base import Model, Problem
from provisioner.config.loader import shown, suggestion

NFS = 2049
"""The port of mount targets."""
USER = 1000
"""The user and group of a volume's files by default, which most images give their first user."""
MOST_ID = 2**32 - 1
MOUNT, WRITE = "elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"
"""The actions of tasks on a file system; nobody has ClientRootAccess (EFS user guide, "IAM actions for clients")."""
KEPT_PLACES = ("/tmp", "/dev", "/proc", "/sys", "/etc/resolv.conf")  # noqa: S108 (the container's own)
"""Places at which a container has something else mounted."""
PATH = r"(/[^/\s:,]+)+"
DAYS = (1, 7, 14, 30, 60, 90, 180, 270, 365)
"""The days after which EFS moves files (EFS API, TransitionToIARules)."""
GROUP = "volume-{}"
"""The security group of a volume's mount targets, behind the stack's name."""

Id = Annotated[int, values.between(0, MOST_ID, "the id of a user or group")]


class Volume(Model):
    """`[volumes.NAME]`: an encrypted file system of EFS, which the services and jobs that name it share."""

    uid: Id = USER
    """The user that owns its files, for any user of a container; never changes on a standing volume."""
    gid: Id = USER
    """The group of its files, likewise."""
    infrequent_days: Literal[1, 7, 14, 30, 60, 90, 180, 270, 365] | None = None
    """Days without access after which a file moves to the storage for infrequent access, which costs a tenth but for
    each read: 1, 7, 14, 30, 60, 90, 180, 270 or 365; by default never."""
    throughput: Literal["bursting", "elastic"] = "bursting"
    """The speed: `bursting`, which grows with the files and costs nothing, or `elastic`, at a price for each GB."""
    backup: bool = False
    """Daily backups by AWS Backup, kept for 35 days; they outlast the volume."""


class Mount(Model):
    """The use of a volume by a service or job: the place in its container, and whether it only reads."""

    path: Annotated[str, values.matching(PATH, 'is no place in a container: use an absolute path, such as "/data"')]
    """The place in the container."""
    read_only: bool = False
    """Only read: its tasks have no right to write."""


def mounted(value: Any) -> Any:
    """Return a place as a table.

    Raises:
        ValueError: it is neither.
    """
    if isinstance(value, str):
        return {"path": value}
    if isinstance(value, (Mapping, Mount)):
        return value
    raise ValueError(f'{shown(value)} is no place: use "/data", or {{ path = "/data", read_only = true }}')


def read_mounts(value: Any) -> Any:
    """Return the key `volumes` of a service, which is a table.

    Raises:
        ValueError: it is none.
    """
    if isinstance(value, Mapping):
        return value
    # of the file, not of a type
    raise ValueError(f'must be a table of volumes, such as {{ media = "/data" }}, not {shown(value)}')


MountAt = Annotated[Mount, BeforeValidator(mounted, json_schema_input_type=str | Mount)]


def actions(mount: Mount) -> tuple[str, ...]:
    """Return the actions of a workload's tasks on a file system."""
    return (MOUNT,) if mount.read_only else (MOUNT, WRITE)


def mount_problems(mounts: Mapping[str, Mount], *, read_only: bool) -> Iterator[Problem]:
    """Yield places that are taken: by another volume, or by a part of the container itself.

    Args:
        read_only: whether the container's root is read-only, and its /tmp in memory.
    """
    seen: dict[str, str] = {}
    for name, mount in mounts.items():
        if mount.path in seen:
            yield f"volumes.{name}", f"{mount.path} is the place of volumes.{seen[mount.path]} too: use another"
        seen.setdefault(mount.path, name)
        taken = next((one for one in KEPT_PLACES if mount.path == one or mount.path.startswith(f"{one}/")), "")
        if taken and (taken != KEPT_PLACES[0] or (read_only and mount.path == taken)):
            yield f"volumes.{name}", f"{mount.path} is in {taken}, which each container has for itself: use another"


def volume_problems(
    volumes: Mapping[str, Volume], users: Mapping[str, Collection[str]], workloads: Collection[str]
) -> Iterator[Problem]:
    """Yield volumes that are not declared, and services with the name of a volume's security group.

    Args:
        users: the names of the volumes of each workload, by the dotted key of its table.
        workloads: the names of all services and jobs.
    """
    for key, used in users.items():
        for name in used:
            if name not in volumes:
                fix = suggestion(name, volumes) if volumes else f": add it, or remove {name}"
                yield f"{key}.volumes", f"there is no table [volumes.{name}]{fix}"
    for name in volumes:
        if (group := GROUP.format(name)) in workloads:
            yield f"volumes.{name}", f"{group} is the name of its security group, and of a service or job: use another"
