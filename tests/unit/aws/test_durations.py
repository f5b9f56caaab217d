"""The table of durations: complete, sourced and used; and the durations that a rehearsal takes."""

from __future__ import annotations

from pathlib import Path

import pytest

import ecs_emulator
from ecs_emulator import durations
from ecs_emulator.durations import Duration
from ecs_emulator.operation_durations import OperationDurations
from provisioner.aws import durations as predicted

TABLE = {name: value for name, value in vars(durations).items() if isinstance(value, Duration)}
PACKAGE = Path(ecs_emulator.__file__).parent
TOOL = Path(predicted.__file__).parents[1]


@pytest.mark.parametrize("name", TABLE)
def test_each_has_a_source_and_lies_in_its_range(name: str) -> None:
    assert TABLE[name].source
    least, most = TABLE[name].range
    assert 0 <= least <= TABLE[name].aws <= most


def test_each_is_used_by_the_embedded_cloud() -> None:
    code = "".join(path.read_text() for path in PACKAGE.rglob("*.py"))
    assert [name for name in TABLE if f"durations.{name}" not in code] == []


def test_the_tool_predicts_what_the_embedded_cloud_takes() -> None:
    names = [name for name, value in vars(predicted).items() if isinstance(value, predicted.Duration)]
    assert len(names) > 20
    for name in names:
        one = getattr(predicted, name)
        assert (one.aws, one.seen, one.source) == (TABLE[name].aws, TABLE[name].seen, TABLE[name].source), name
    assert predicted.TOOK == durations.TOOK


def test_the_tool_predicts_with_each_row_of_its_table() -> None:
    code = "".join(path.read_text() for path in TOOL.rglob("*.py"))
    names = [name for name, value in vars(predicted).items() if isinstance(value, predicted.Duration)]
    assert [name for name in names if f".{name}" not in code] == []


def test_a_choice_takes_the_middle_or_an_end() -> None:
    takes = {
        choice: OperationDurations(choice).seconds(durations.ENDPOINT_CREATE) for choice in ("fast", "typical", "slow")
    }
    assert takes == {"fast": 60, "typical": 90, "slow": 150}
    assert OperationDurations("times:3").seconds(durations.ENDPOINT_CREATE) == 270
    assert OperationDurations("times:0.1").seconds(durations.ENDPOINT_CREATE) == 9
    for nothing in ("times:0", "times:00", "times:0.0", "times:0.000"):
        with pytest.raises(ValueError, match="choose"):
            OperationDurations(nothing)


def test_a_seed_draws_the_same_each_time_and_within_the_range() -> None:
    def drawn(seed: str) -> list[float]:
        takes = OperationDurations(seed)
        return [takes.seconds(durations.ENDPOINT_CREATE) for _ in range(20)]

    assert drawn("seed:7") == drawn("seed:7") != drawn("seed:8")
    assert len(set(drawn("seed:7"))) > 10
    assert all(60 <= seconds <= 150 for seconds in drawn("seed:7"))


def test_one_operations_draw_changes_nothing_for_another() -> None:
    alone, beside = OperationDurations("seed:1"), OperationDurations("seed:1")
    beside.seconds(durations.DB_CLUSTER_CREATE)
    assert alone.seconds(durations.DB_CLUSTER_STOP) == beside.seconds(durations.DB_CLUSTER_STOP)


@pytest.mark.parametrize("choice", ["", "long", "seed:", "seed:x", "seed:-1", "Slow"])
def test_there_is_no_other_choice(choice: str) -> None:
    with pytest.raises(ValueError, match="choose typical, uneven, fast, slow, seed:NUMBER or"):
        OperationDurations(choice)


def test_uneven_tasks_differ_and_nothing_else_does() -> None:
    uneven, again = OperationDurations("uneven"), OperationDurations("uneven")
    drawn = [uneven.seconds(durations.TASK_PULL) for _ in range(20)]
    assert drawn == [again.seconds(durations.TASK_PULL) for _ in range(20)]
    assert len(set(drawn)) > 10
    assert all(0.8 * durations.TASK_PULL.aws <= one <= 1.25 * durations.TASK_PULL.aws for one in drawn)
    assert uneven.seconds(durations.DB_INSTANCE_CREATE) == durations.DB_INSTANCE_CREATE.aws
