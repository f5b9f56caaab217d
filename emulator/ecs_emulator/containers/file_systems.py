"""Keep one volume of Docker for each folder of EFS that tasks mount, until its file system is deleted."""

from __future__ import annotations

import contextlib
import hashlib
import io
import tarfile
import threading
from collections.abc import Iterable, Mapping
from typing import Any

from ecs_emulator.containers import engine
from ecs_emulator.containers.engine import Ended, Engine, repeat
from ecs_emulator.ecs.records import Shape
from ecs_emulator.ecs.store import Store
from ecs_emulator.lock import LOCK
from ecs_emulator.services.efs.file_systems import settle

FILE_SYSTEM = "ecs_emulator.file_system"
"""The label with the id of the file system that a volume stands for."""
READ_SECONDS = 1.0
_FOLDER = "volume"
_making = threading.Lock()


def mounts(store: Store, shape: Shape, container: Shape) -> list[dict[str, Any]]:
    """Return Docker's mounts for the mount points of a container: by name for EFS, else removed with the container."""
    volumes = {one["name"]: one.get("efsVolumeConfiguration") for one in shape.get("volumes") or ()}
    return [_mount(store, volumes.get(one.get("sourceVolume")), one) for one in container.get("mountPoints", ())]


def _mount(store: Store, volume: Shape | None, point: Shape) -> dict[str, Any]:
    mount = {"Type": "volume", "Target": point["containerPath"], "ReadOnly": point.get("readOnly", False)}
    if not volume:
        return mount
    name, host = volume["fileSystemId"], engine.current
    folder = hashlib.sha256(_folder(store, volume).encode()).hexdigest()[:8]
    options = {"NoCopy": True, "Labels": {FILE_SYSTEM: name}}  # a mount of EFS hides the folder of the image
    return {**mount, "Source": f"{name}-{folder}-{host.owner if host else ''}", "VolumeOptions": options}


def _folder(store: Store, volume: Shape) -> str:
    """Return the folder of the file system that becomes the root of the mount."""
    from moto.efs.models import efs_backends

    point = (volume.get("authorizationConfig") or {}).get("accessPointId")
    if not point:
        return str(volume.get("rootDirectory") or "/")
    found: Any = efs_backends[store.account][store.region].access_points.get(point)
    root = (found.root_directory if found else None) or {}
    return str(root.get("Path") or "/")


def prepare(host: Engine, image: str, wanted: Iterable[Mapping[str, Any]]) -> None:
    """Make the volumes of these mounts that are not there yet."""
    from docker.errors import NotFound

    for mount in wanted:
        if not (name := mount.get("Source")):
            continue
        with _making:
            try:
                host.client.api.inspect_volume(name)
            except NotFound:
                _make(host, image, name, mount["VolumeOptions"]["Labels"])


def _make(host: Engine, image: str, name: str, labels: Mapping[str, str]) -> None:
    """Make a volume that every user may write to, as all are one user behind an access point of EFS.

    Docker makes it root's alone. A container that never starts is enough to change that.
    """
    api, helper = host.client.api, f"{name}-folder"
    api.create_volume(name, labels={**host.labels, **labels})
    mount = {"Type": "volume", "Source": name, "Target": f"/{_FOLDER}", "VolumeOptions": {"NoCopy": True}}
    settings = api.create_host_config(network_mode="none", mounts=[mount])
    api.create_container(image, ["true"], name=helper, labels=host.labels, host_config=settings)
    try:
        content = io.BytesIO()
        with tarfile.open(fileobj=content, mode="w") as packed:
            folder = tarfile.TarInfo(_FOLDER)
            folder.type, folder.mode = tarfile.DIRTYPE, 0o777
            packed.addfile(folder)
        api.put_archive(helper, "/", content.getvalue())
    finally:
        host.remove(helper)


def keep(host: Engine) -> None:
    """Remove the volumes of deleted file systems, from now on."""
    repeat(lambda: _sweep(host), READ_SECONDS, "file systems")


def _sweep(host: Engine) -> None:
    from docker.errors import APIError

    with contextlib.suppress(Ended), host.creating():
        found = host.client.api.volumes(filters={"label": [f"{engine.CLOUD}={host.owner}", FILE_SYSTEM]})["Volumes"]
        standing = _standing() if found else set()
        for volume in found or ():
            if volume["Labels"][FILE_SYSTEM] not in standing:
                with contextlib.suppress(APIError):  # a container that ends still has it: the next round tries again
                    host.client.api.remove_volume(volume["Name"])


def _standing() -> set[str]:
    """Return the ids of all file systems."""
    from moto.efs.models import efs_backends

    with LOCK:
        backends = [one for by_region in efs_backends.values() for one in by_region.values()]
        for backend in backends:
            settle(backend)
        return {name for backend in backends for name in backend.file_systems_by_id}
