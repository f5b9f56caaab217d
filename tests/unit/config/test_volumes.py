"""The tables `[volumes.NAME]` and the key `volumes`: forms, inheritance, and refusals."""

from __future__ import annotations

from pathlib import Path

import pytest

from provisioner.config.stack_file import load
from provisioner.config.volumes import Mount
from provisioner.engine.errors import ConfigurationError

WEB = '[services.web]\nimage = "web:1"\n'
TABLE = "[volumes.media]\n"


def written(directory: Path, text: str) -> Path:
    path = directory / "stack.toml"
    path.write_text(text)
    return path


def test_a_place_is_the_short_form_and_is_inherited(tmp_path: Path) -> None:
    text = (
        f'{TABLE}[volumes.docs]\n[defaults]\nvolumes = {{ docs = "/docs" }}\n'
        f'{WEB}volumes = {{ media = {{ path = "/srv/media", read_only = true }} }}\n'
        '[services.other]\nextends = "web"\nvolumes = { media = false }\n'
        '[jobs.none]\nimage = "web:1"\nvolumes = false\n'
    )
    config = load(written(tmp_path, text))
    docs = Mount(path="/docs")
    assert {name: dict(one.volumes) for name, one in config.workloads.items()} == {
        "web": {"docs": docs, "media": Mount(path="/srv/media", read_only=True)},
        "other": {"docs": docs},
        "none": {},
    }


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (f'{WEB}volumes = {{ media = "/m" }}\n', "services.web.volumes: there is no table [volumes.media]: add it"),
        (f'{TABLE}{WEB}volumes = {{ medai = "/m" }}\n', 'did you mean "media"?'),
        (f'{TABLE}{WEB}volumes = {{ media = "data" }}\n', "is no place in a container: use an absolute path"),
        (f"{TABLE}{WEB}volumes = {{ media = 1 }}\n", 'is no place: use "/data"'),
        (
            f'{TABLE}[volumes.docs]\n{WEB}volumes = {{ media = "/m", docs = "/m" }}\n',
            "services.web.volumes.docs: /m is the place of volumes.media too",
        ),
        (f'{TABLE}{WEB}volumes = {{ media = "/proc/x" }}\n', "/proc/x is in /proc"),
        (f'{TABLE}{WEB}read_only = true\nvolumes = {{ media = "/tmp" }}\n', "/tmp is in /tmp"),  # noqa: S108
        (f"{TABLE}infrequent_days = 8\n{WEB}", "volumes.media.infrequent_days"),
        (f'{TABLE}{WEB}[services.volume-media]\nimage = "web:1"\n', "is the name of its security group"),
    ],
)
def test_a_wrong_volume_is_told_with_key_and_fix(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load(written(tmp_path, text))
    assert told in str(caught.value)
