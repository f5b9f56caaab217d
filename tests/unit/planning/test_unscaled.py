"""Notes on services whose `scaling` was removed."""

from __future__ import annotations

from typing import Any

from provisioner.config.models import Config
from provisioner.operations.planning.scaling_notices import notices
from provisioner.state.model import Record
from provisioner.steps.offline import facts
from provisioner.steps.stack import run


def record(address: str, **arguments: Any) -> tuple[str, Record]:
    return address, Record(address, address.partition("/")[0], "ready", "", "id", arguments)


def told(services: dict[str, Any], *records: tuple[str, Record]) -> list[str]:
    config = Config.model_validate({"services": services})
    return notices(run(config, facts(config)), dict(records))


PLAIN = {"image": "web:1"}
TRACKING = {"target_tracking_scaling_policy_configuration": {"TargetValue": 60.0}}


def test_it_says_what_to_write_to_keep_the_scaling() -> None:
    target = record("scalable_target/web", min_capacity=2, max_capacity=6)
    (text,) = told({"web": PLAIN}, target, record("scaling_policy/web", **TRACKING))
    assert text.startswith("services.web has no `scaling`: the scalable target and its policies are removed")
    assert "stays at count = 1" in text
    assert text.endswith("write scaling = { min = 2, max = 6, cpu = 60 } there")


def test_services_that_were_scaled_alike_share_a_sentence() -> None:
    targets = [record(f"scalable_target/{name}", min_capacity=1, max_capacity=10) for name in ("a", "b", "c")]
    first, other = told({"a": PLAIN, "b": PLAIN, "c": {**PLAIN, "count": 3}}, *targets)
    assert first.startswith("services.a, services.b have no `scaling`")
    assert "count = 3" in other


def test_nothing_is_told_of_what_scales_or_never_did() -> None:
    assert told({"web": PLAIN}) == []
    scaled = {**PLAIN, "scaling": {}}
    assert told({"web": scaled}, record("scalable_target/web", min_capacity=1, max_capacity=10)) == []
