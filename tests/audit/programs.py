"""Programs of the audit: each in an environment of its own, from a lock beside this file."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]


def program(environment: str, name: str) -> str:
    """Return the path of a program of `.venv-<environment>`, which is made from `<environment>.lock`.

    Raises:
        SystemExit: the program does not exist.
    """
    path = ROOT / f".venv-{environment}" / "bin" / name
    if not path.exists():
        raise SystemExit(f"{path} is not there: run `make audit`, which installs it")
    return str(path)
