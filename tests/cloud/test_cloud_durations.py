"""Operations that last as long as on AWS, and the way there and back: asked for by variables."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from provisioner import durations
from provisioner.cloud import manage
from provisioner.engine.errors import ConfigurationError
from tests.cloud.conftest import EmbeddedCloud

SCALE, ROUND_TRIP = 0.02, 40.0


def test_an_operation_lasts_as_long_as_on_aws_and_each_call_its_round_trip(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROVISION_TIME_SCALE", str(SCALE))
    monkeypatch.setenv("PROVISION_DURATIONS", "aws")
    monkeypatch.setenv("PROVISION_ROUND_TRIP", str(ROUND_TRIP))
    cloud = EmbeddedCloud(manage.start(tmp_path, "example.com"))
    try:
        route53 = cloud.client("route53")
        route53.list_hosted_zones()
        before = time.monotonic()
        change = route53.create_hosted_zone(Name="new.example.com", CallerReference="1")["ChangeInfo"]
        answered = time.monotonic()
        assert change["Status"] == "PENDING"
        cloud.wait(lambda: route53.get_change(Id=change["Id"])["ChangeInfo"]["Status"] == "INSYNC", "INSYNC")
        in_sync = time.monotonic()
    finally:
        manage.stop(tmp_path)
    assert answered - before >= ROUND_TRIP / 1000
    assert in_sync - before >= durations.RECORDS_IN_SYNC.aws * SCALE > durations.RECORDS_IN_SYNC.short * SCALE


@pytest.mark.parametrize(
    ("variable", "value"),
    [("PROVISION_DURATIONS", "long"), ("PROVISION_ROUND_TRIP", "-1"), ("PROVISION_ROUND_TRIP", "30 ms")],
)
def test_settings_that_make_no_sense_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigurationError, match=f"{variable} is '{value}'"):
        manage.start(tmp_path, "example.com")
    assert not (tmp_path / "cloud.json").exists()
