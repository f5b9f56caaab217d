"""Tell whether an image has the files that a Compose service mounts from the machine: its build copies them."""

from __future__ import annotations

import os.path
import posixpath
from pathlib import Path

from provisioner.docker.context import DOCKERFILE, located
from provisioner.migration.compose.findings import Service, context_of
from provisioner.migration.directory import dockerfile
from provisioner.migration.dockerfiles import spelled
from provisioner.migration.yaml_tree import Value


def has(service: Service, source: str, path: str) -> bool:
    """Return whether the image of a service has the mounted files at the same path, because its build copies them.

    Args:
        source: the file or the directory on this machine, as the Compose file names it.
        path: the path in the container.
    """
    build = service.gathered.kept[service.name].at("build")
    if build is None:
        return False
    root = service.gathered.directory
    context = Path(os.path.normpath(root / context_of(build)))
    file = (build.at("dockerfile") or Value("", 0, "")).text or DOCKERFILE
    target = (build.at("target") or Value("", 0, "")).text or ""
    inside = os.path.relpath(os.path.normpath(root / source), context)
    if inside.startswith(".."):
        return False
    copies = dockerfile.read(located(context, spelled(context, file)[0]), target).copies
    return any(posixpath.normpath(path) == _place(context, inside, *one) for one in copies)


def _place(context: Path, inside: str, copied: str, place: str) -> str:
    """Return the path in the image of a file or directory of the context by one COPY; empty if it does not copy it."""
    if (context / copied).is_dir():
        below = inside if copied == "." else os.path.relpath(inside, copied)
        return "" if below.startswith("..") else posixpath.normpath(posixpath.join(place, below))
    if inside != copied:
        return ""
    return posixpath.normpath(posixpath.join(place, posixpath.basename(copied)) if place.endswith("/") else place)
