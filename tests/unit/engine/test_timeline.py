"""Timelines: the resources in them, the chain that took longest, and both drawings."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioner.cli.main import main
from provisioner.engine.timeline import Moments, Segment, by_step, continued, critical_path, spans
from provisioner.operations.runs.summary import Summary
from provisioner.render import advice
from provisioner.render.text import say
from provisioner.render.timeline import MOST, lines, ticks, title
from provisioner.render.timeline_svg import picture
from provisioner.state.local import LocalStore
from provisioner.state.model import Run, Span
from tests.unit.cli.hostile import EVIL, harmless

VPC = Span("vpc/main", "network", "created", 1.0, 1.5, 2.0)
GATEWAY = Span("gateway/main", "network", "created", 1.5, 1.75, 3.0, "vpc/main")
DATABASE = Span("db/main", "database", "created", 2.0, 3.0, 14.0, "vpc/main")
RECORD = Span("record/db", "database", "created", 14.0, 14.1, 14.1, "db/main")
SERVICE = Span("service/web", "services", "created", 10.0, 11.0, 19.0, "db/main")
RUN = Run("up", 0.0, 20.0, "ok", {"created": 5}, [VPC, GATEWAY, DATABASE, RECORD, SERVICE])
PATH = [Segment("vpc/main", 1.0, 2.0), Segment("db/main", 2.0, 10.0), Segment("service/web", 10.0, 19.0)]

moments = st.floats(0, 1e15) | st.sampled_from([0.0, 1.0, 2.0])
names = st.sampled_from(["a", "b", "c", "d", EVIL, "x" * 500])
anything = st.builds(
    Span, names, names, st.sampled_from(["created", "failed", "unfinished", EVIL]), moments, st.none() | moments,
    st.none() | moments, st.none() | names,
)  # fmt: skip
runs = st.builds(
    Run, st.just("up"), st.floats(-1e15, 1e15), st.floats(-1e15, 1e15) | moments, names, st.just({}),
    st.lists(anything, min_size=1, max_size=8),
)  # fmt: skip
"""Content that a state may have if somebody else has written it."""


def parsed(drawn: str) -> ET.Element:
    """Return a picture as parsed XML, which must be valid."""
    return ET.fromstring(drawn)  # noqa: S314  (just drawn here)


# -- the rows ----------------------------------------------------------------------------------------------------------


def test_an_idle_resource_is_left_out_and_no_link_is_lost() -> None:
    noted = {
        "created": Moments(10.0, None, 11.0, 12.0),
        "idle": Moments(12.0, "created", 12.0, 12.0),
        "found": Moments(12.0, "idle", 12.0, 12.0),
        "changed": Moments(12.25, "found", 13.0, 14.0, waited=True),
        "slow": Moments(14.0, "changed", 14.0, 15.0, waited=True),
        "broken": Moments(14.0, "idle", None, 16.0),
        "stopped": Moments(15.0, "slow", 15.5),
    }
    results = {"created": "created", "idle": "unchanged", "found": "adopted", "changed": "changed", "slow": "unchanged"}
    assert spans(noted, dict.fromkeys(noted, "s"), results, 10.0) == [
        Span("created", "s", "created", 0.0, 1.0, 2.0),
        Span("changed", "s", "changed", 2.25, 3.0, 4.0, "created"),
        Span("slow", "s", "unchanged", 4.0, 4.0, 5.0, "changed"),
        Span("broken", "s", "failed", 4.0, None, 6.0, "created"),
        Span("stopped", "s", "unfinished", 5.0, 5.5, None, "slow"),
    ]


def test_an_idle_chain_of_any_length_is_followed_to_its_start() -> None:
    noted = {"created": Moments(0.0, None, 0.0, 1.0, waited=True), "idle/0": Moments(1.0, "created", 1.0, 1.0)}
    noted |= {f"idle/{n}": Moments(1.0, f"idle/{n - 1}", 1.0, 1.0) for n in range(1, 4000)}
    noted["last"] = Moments(1.0, "idle/3999", 1.0, 2.0, waited=True)
    results = dict.fromkeys(noted, "unchanged")
    assert [(s.address, s.after) for s in spans(noted, dict.fromkeys(noted, "s"), results, 0.0)] == [
        ("created", None),
        ("last", "created"),
    ]


@pytest.mark.parametrize("draw", [lambda run: lines(run, "shop-dev", 100), lambda run: picture(run, "shop-dev")])
def test_the_timeline_is_read_as_often_for_many_as_for_few(draw: Callable[[Run], object]) -> None:
    """Otherwise 4,000 resources in a chain would take a minute and more."""

    class Counting(list[Span]):
        times = 0

        def __iter__(self) -> Iterator[Span]:
            Counting.times += 1
            return super().__iter__()

    def times(resources: int) -> int:
        chain = [Span(f"a/{n}", "s", "created", n, n + 0.5, n + 1.0, f"a/{n - 1}") for n in range(resources)]
        Counting.times = 0
        draw(Run("up", 0.0, float(resources), "ok", {}, Counting(chain)))
        return Counting.times

    assert times(300) == times(3)


def test_deletes_after_all_creates_come_after_what_ended_last() -> None:
    removed = [
        Span("old/a", "s", "deleted", 19.0, 19.1, 19.2),
        Span("old/b", "s", "deleted", 19.2, 19.2, 20.0, "old/a"),
    ]
    whole = continued(RUN.timeline, removed)
    assert [span.after for span in whole[-2:]] == ["service/web", "old/a"]
    assert [segment.address for segment in critical_path(whole, 20.0)][-3:] == ["service/web", "old/a", "old/b"]
    assert continued([], removed) == removed


# -- the critical path -------------------------------------------------------------------------------------------------


def test_the_path_goes_back_from_the_last_end() -> None:
    assert critical_path(RUN.timeline, 20.0) == PATH
    assert critical_path([], 20.0) == []


def test_what_is_unfinished_lasted_for_the_whole_run() -> None:
    stuck = Span("listener/web", "services", "unfinished", 2.5, None, None, "gateway/main")
    path = critical_path([*RUN.timeline, stuck], 20.0)
    assert path[-1] == Segment("listener/web", 2.5, 20.0)
    assert [segment.address for segment in path] == ["vpc/main", "gateway/main", "listener/web"]


@given(runs)
def test_the_path_is_one_chain_in_time_whatever_a_state_says(run: Run) -> None:
    path = critical_path(run.timeline, run.seconds)
    assert path
    # a resource changed in parts may be on it once for each part
    assert len(path) <= len({(span.address, span.began) for span in run.timeline})
    assert all(0 <= segment.start <= segment.end for segment in path)
    assert all(before.end == after.start for before, after in pairwise(path))
    ends = [max(s.began, run.seconds if s.ended is None else s.ended) for s in run.timeline]
    assert path[-1].end == max(ends)


@given(runs)
def test_every_resource_is_of_one_step_in_order_of_beginning(run: Run) -> None:
    steps = by_step(run.timeline)
    assert sorted(map(repr, run.timeline)) == sorted(repr(span) for found in steps.values() for span in found)
    for step, found in steps.items():
        assert {span.step for span in found} == {step}
        assert [span.began for span in found] == sorted(span.began for span in found)


# -- the drawings ------------------------------------------------------------------------------------------------------


def test_the_bars_stand_by_step_with_the_path_marked() -> None:
    assert lines(RUN, "shop-dev", 76) == [
        "provision up of shop-dev, 1970-01-01 00:00 UTC: 5 resources in 20 s",
        "# critical path   = API call   - until ready or deleted",
        "",
        "                       |0 s              |10 s              |20 s",
        "  network",
        "*   vpc/main            ##                                    1.0 s",
        "    gateway/main         =--                                  1.5 s",
        "  database, 1 shorter",
        "*   db/main               ###############-------              12 s",
        "  services",
        "*   service/web                          #################    9.0 s",
        "",
        "critical path: 3 resources, 18 s of 20 s",
        "* vpc/main     from 1.0 s  1.0 s",
        "* db/main      from 2.0 s  8.0 s",
        "* service/web  from 10 s   9.0 s",
    ]


def test_what_did_not_come_to_its_end_says_so() -> None:
    broken = Span("db/main", "database", "failed", 2.0, None, 5.0, "vpc/main")
    stuck = Span("lb/main", "services", "unfinished", 2.0, 3.0, None, "vpc/main")
    run = Run("up", 0.0, 20.0, "interrupted", {}, [VPC, broken, stuck])
    told = "\n".join(lines(run, "shop-dev", 76))
    assert title(run, "shop-dev").endswith("3 resources in 20 s, interrupted")
    assert re.search(r"db/main +=+ +3.0 s failed\n", told)
    assert re.search(r"lb/main +#+ +18 s unfinished\n", told)
    assert ">18 s unfinished</text>" in picture(run, "shop-dev")


def test_the_picture_is_one_file_and_the_same_each_time() -> None:
    drawn = picture(RUN, "shop-dev")
    assert drawn == picture(RUN, "shop-dev")
    root = parsed(drawn)
    told = [text for element in root.iter() if (text := (element.text or "").strip())]
    assert told[0] == "provision up of shop-dev, 1970-01-01 00:00 UTC: 5 resources in 20 s"
    assert {"critical path: 3 resources, 18 s of 20 s", "database, 1 shorter", "service/web", "15 s"} <= set(told)
    assert "db/main: created, from 2.00 s to 14.00 s, API call until 3.00 s, after vpc/main" in told
    assert "prefers-color-scheme: dark" in drawn
    assert re.findall(r"https?://[^\s\"]+", drawn) == ["http://www.w3.org/2000/svg"], "nothing is fetched"


def test_the_path_is_drawn_as_far_as_the_next_one_began() -> None:
    root = parsed(picture(Run("up", 0, 20, "ok", {}, [VPC, DATABASE, SERVICE]), "shop-dev"))
    (group,) = [g for g in root.findall(".//{*}g") if "db/main: " in (g[0].text or "")]
    bars = [(r.get("class"), float(r.get("width", 0))) for r in group.findall(".//{*}rect")]
    assert bars == [("wait", 360.0), ("call", 30.0), ("wait path", 240.0), ("call path", 30.0)], "upon each other"
    assert len(list(root.findall(".//{*}line"))) - len(ticks(20.0, 10)) == 2, "a line to each that follows"


def test_the_longest_of_very_many_are_drawn_and_others_counted() -> None:
    many = [Span(f"thing/{n:03}", f"step {n % 3}", "created", 0.0, 1.0, 2.0 + n / 10) for n in range(600)]
    chain = [replace(VPC, ended=1.5), replace(SERVICE, after="vpc/main", ended=62.0)]
    run = Run("up", 0.0, 62.0, "ok", {}, many + chain)
    told = lines(run, "shop-dev", 100)
    shown = [re.sub(r"^. +(\S+).*", r"\1", line) for line in told if "/" in line and "from" not in line]
    assert set(shown) == {f"thing/{n}" for n in range(560, 600)} | {"vpc/main", "service/web"}, "and all of the path"
    assert sum(int(n) for line in told for n in re.findall(r", (\d+) shorter$", line)) == 560
    assert picture(run, "shop-dev").count("<g>") == len(shown) == MOST + 2


@given(runs, st.integers(1, 200))
def test_any_state_is_drawn_and_steers_no_terminal(run: Run, width: int) -> None:
    say(lines(run, "shop-dev", width), shown := io.StringIO())
    assert harmless(shown.getvalue())
    drawn = picture(run, EVIL)
    assert harmless(drawn)
    bars = parsed(drawn).findall(".//{*}rect")
    assert len(bars) > 5, "beside the paper and the legend"
    assert all(float(bar.get("x", 0)) + float(bar.get("width", 0)) <= 960 for bar in bars)


@given(st.floats(0.01, 2**53), st.integers(2, 20))
def test_an_axis_has_its_marks_in_its_length(whole: float, most: int) -> None:
    marks = ticks(whole, most)
    assert marks[0] == 0
    assert 1 <= len(marks) <= most
    assert marks[-1] <= whole


def test_a_run_that_took_long_points_to_its_timeline() -> None:
    outcome = Summary("up", {}, 61.0, path=PATH)
    again = "`provision {} --env x`".format
    told = "Timeline: `provision timeline --env x`. The critical path: 3 resources, 18 s of 1 min 01 s."
    assert advice.after_long(outcome, again) == [told]
    assert advice.after_long(replace(outcome, seconds=59.0), again) == []
    assert advice.after_long(replace(outcome, path=()), again) == []


# -- the command -------------------------------------------------------------------------------------------------------


@pytest.fixture
def recorded(here: Path) -> Path:
    """A state with an `up`, a `down` and an `up` that did nothing in its history."""
    with LocalStore(here / ".provision" / "local" / "ecs-sample-dev", "ecs-sample-dev", "up", "0") as store:
        store.finish(RUN)
        store.finish(
            Run("down", 100.0, 3.0, "ok", {"deleted": 1}, [Span("vpc/main", "network", "deleted", 1.0, 1.5, 3.0)])
        )
        store.finish(Run("up", 200.0, 1.0, "ok", {"unchanged": 5}))
    return here


def test_the_newest_run_that_did_something_is_shown_by_default(
    recorded: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["timeline"]) == 0
    assert capsys.readouterr().out.startswith(
        "provision down of ecs-sample-dev, 1970-01-01 00:01 UTC: 1 resource in 3.0 s\n"
    )
    assert main(["timeline", "--last", "up", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["stack"], document["command"], document["seconds"]) == ("ecs-sample-dev", "up", 20.0)
    assert [Span(**resource) for resource in document["resources"]] == RUN.timeline
    assert [Segment(**segment) for segment in document["path"]] == PATH


def test_without_a_timeline_it_says_how_to_get_one(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["timeline"]) == 4
    assert capsys.readouterr().err == "error: no run with a timeline is recorded: run `provision up`\n"
    assert main(["timeline", "--last", "down", "--env", "x"]) == 4
    assert capsys.readouterr().err == "error: no `down` with a timeline is recorded: run `provision down --env x`\n"


def test_a_picture_is_written_over_what_is_there_or_not_at_all(
    recorded: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (recorded / "up.svg").write_text("old " * 100_000)
    assert main(["timeline", "--last", "up", "--svg", "up.svg"]) == 0
    assert capsys.readouterr().out == "Wrote up.svg.\n"
    assert (recorded / "up.svg").read_text() == picture(RUN, "ecs-sample-dev")
    for place in ("none/up.svg", "."):
        assert main(["timeline", "--svg", place]) == 4
        told = capsys.readouterr()
        assert (told.out, told.err.count("\n")) == ("", 1)
        assert told.err.startswith(f"error: {place} cannot be written: ")


def test_it_starts_without_what_is_slow_to_import(recorded: Path) -> None:
    heavy = ("boto3", "botocore", "rich", "dns", "docker", "provisioner.aws.client", "steps")
    code = "import sys; from provisioner.cli.main import main; main(['timeline'])"
    code += f"; print([m for m in {heavy} if m in sys.modules])"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True)
    assert ended.stdout.endswith("\n[]\n")
