"""Name Dockerfiles as they are on disk, where another tool's files spell them otherwise."""

from __future__ import annotations

from pathlib import Path

from provisioner.docker.context import located, within


def spelled(directory: Path, dockerfile: str) -> tuple[str, str]:
    """Return the path of a Dockerfile with its name as it is on disk, and a note if that is another spelling.

    File systems of macOS and Windows ignore the case of a name, those of Linux and of build machines do not. A path
    stays as it is if its file is there, if none is, and if there are several spellings.

    Args:
        directory: the build context, to which the path is relative.
    """
    path = located(directory, dockerfile)
    try:
        names = [one.name for one in path.parent.iterdir() if one.is_file()]
    except (OSError, ValueError):
        return dockerfile, ""
    alike = [one for one in names if one.casefold() == path.name.casefold()]
    if path.name in names or len(alike) != 1:
        return dockerfile, ""
    found = within(directory, str(path.with_name(alike[0])))
    return found, f"{dockerfile}: the file here is {found}, which Linux does not find by the other spelling"
