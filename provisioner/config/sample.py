"""Write the first files of a user: a commented stack.toml, with ready images or with the sample application."""

from __future__ import annotations

import shutil
from pathlib import Path

from provisioner.config.models import APP_SERVICES, SAMPLE
from provisioner.engine.errors import ConfigurationError

APP = Path(__file__).parents[2] / "app"
"""The sample application. The source repository and the source distribution have it, the wheel does not."""
SERVICES = "# One table per service"
"""The first words of the sample's part about services."""


def text(*, with_app: bool = False) -> str:
    """Return the commented sample: with ready images, or with the services of the sample application."""
    sample = SAMPLE.read_text(encoding="utf-8")
    if not with_app:
        return sample
    return sample[: sample.index(SERVICES)] + APP_SERVICES.read_text(encoding="utf-8")


def write(path: Path, *, with_app: bool = False) -> Path | None:
    """Write the sample configuration and, `with_app`, the sample application beside it; return the application's path.

    Raises:
        ConfigurationError: a file exists already or cannot be written, or the application is not installed.
    """
    beside = path.parent / APP.name
    if with_app and not (APP / "backend" / "Dockerfile").is_file():
        raise ConfigurationError(
            f"--with-app: the sample application is not part of an installed package. Install from a clone of the "
            f"source repository with `pip install -e ./emulator -e '.[local]'`, or leave --with-app out to write "
            f"{path} with prebuilt images"
        )
    copied = with_app and not (beside.exists() and beside.samefile(APP))
    if copied and beside.exists():
        raise ConfigurationError(f"{beside} already exists: move it, or choose another directory with --config FILE")
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text(with_app=with_app))
        if copied:
            shutil.copytree(APP, beside, ignore=shutil.ignore_patterns("__pycache__"))
    except FileExistsError:
        raise ConfigurationError(f"{path} already exists: edit it, or choose another with --config FILE") from None
    except OSError as error:
        raise ConfigurationError(
            f"{error.filename or path} cannot be written: {error.strerror}: choose another directory with --config FILE"
        ) from None
    return beside if with_app else None
