"""The table of durations: complete, sourced, and of use."""

from __future__ import annotations

from pathlib import Path

import pytest

from provisioner import durations
from provisioner.durations import Duration

TABLE = {name: value for name, value in vars(durations).items() if isinstance(value, Duration)}
PACKAGE = Path(durations.__file__).parent / "cloud"


@pytest.mark.parametrize("name", TABLE)
def test_each_is_longer_on_aws_and_has_a_source(name: str) -> None:
    assert 0 <= TABLE[name].short < TABLE[name].aws
    assert TABLE[name].source
    least, most = TABLE[name].range
    assert least <= TABLE[name].aws <= most


def test_the_setting_chooses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(durations.VARIABLE, raising=False)
    assert durations.DB_INSTANCE_CREATE.seconds == durations.DB_INSTANCE_CREATE.short
    monkeypatch.setenv(durations.VARIABLE, "aws")
    assert durations.DB_INSTANCE_CREATE.seconds == durations.DB_INSTANCE_CREATE.aws


def test_each_is_used_by_the_embedded_cloud() -> None:
    code = "".join(path.read_text() for path in PACKAGE.rglob("*.py"))
    assert [name for name in TABLE if f"durations.{name}.seconds" not in code] == []
