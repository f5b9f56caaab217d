"""`python -m tests.cloud.crash.verbs`: kill each verb around each of its writes, and let another command follow.

The stack stands already. A verb runs undisturbed, and this process forks before and after each call that writes: in the
fork the verb counts as killed. There the same verb follows, or `up`, or `recover` without the state, or `down`.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from itertools import count, cycle
from pathlib import Path

from ecs_emulator.kill import Kill, When
from tests.cloud.crash.branches import PATIENT, Branches, begin, emptied
from tests.cloud.crash.pool import Pool
from tests.cloud.crash.settings import left, settings
from tests.cloud.lookups import NAME
from tests.cloud.one_off.test_run import REGISTRY
from tests.cloud.project import SMALL, Project, ready_image

CONFIG = f"""{SMALL}
[services.worker]
image = "{REGISTRY}/frontend:1"
command = "work"

[jobs.nightly]
extends = "frontend"
command = "report"
schedule = "cron(0 3 * * ? *)"
"""
FOLLOWERS = ("again", "up", "recover", "down")
MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108 (a directory is made there)
ASLEEP = 4
"""The exit code of `up` while the stack sleeps."""


@dataclass(frozen=True)
class Verb:
    """A command, and the commands that come before it.

    Attributes:
        edit: a pattern in stack.toml and its replacement, after the commands that come before.
        planned: whether a plan is saved after the edit.
    """

    name: str
    words: Sequence[str]
    first: Sequence[Sequence[str]] = ()
    edit: tuple[str, str] | None = None
    planned: bool = False


DEPLOY = ("deploy", "frontend", "--image", f"{REGISTRY}/good:1")
MORE_TIME = ("port = 80", "port = 80\\nstop_timeout = 40")
VERBS = (
    Verb("deploy", DEPLOY),
    Verb("rollback", ("rollback", "frontend"), [DEPLOY]),
    Verb("scale", ("scale", "worker", "3")),
    Verb("pause", ("pause", "--yes")),
    Verb("resume", ("resume",), [("pause", "--yes")]),
    Verb("sleep", ("sleep", "--yes")),
    Verb("wake", ("wake",), [("sleep", "--yes")]),
    Verb("run", ("run", "nightly", "--no-wait")),
    Verb("expire", ("up", "--yes", "--expires", "8h")),
    Verb("edit", ("up", "--yes"), edit=MORE_TIME),
    Verb("plan", ("up", "--plan", "plan.json"), edit=MORE_TIME, planned=True),
    Verb("step", ("down", "--yes", "--target-step", "services")),
)


@dataclass(frozen=True)
class Shown:
    """The settings that verbs change, as AWS shows them: each service's number of tasks and image, and the schedule."""

    services: dict[str, tuple[int, str]]
    schedule: str


def look(project: Project) -> Shown:
    """Return the settings that verbs change."""
    ecs, scheduler = project.cloud.client("ecs"), project.cloud.client("scheduler")
    found = {}
    for one in ecs.describe_services(cluster=NAME, services=["frontend", "worker"])["services"]:
        if one["status"] == "ACTIVE":
            revision = ecs.describe_task_definition(taskDefinition=one["taskDefinition"])["taskDefinition"]
            image = str(revision["containerDefinitions"][0]["image"]).rpartition("/")[2]
            found[one["serviceName"]] = one["desiredCount"], re.split("[:@]", image)[0]
    schedules = scheduler.list_schedules(GroupName=NAME)["Schedules"]
    return Shown(found, ",".join(one["State"] for one in schedules))


@dataclass(frozen=True)
class Point:
    """A moment of a verb, and the command that follows there."""

    verb: Verb
    call: str
    when: When
    number: int
    follower: str

    @property
    def name(self) -> str:
        """The words by which the user finds it again."""
        return f"{self.verb.name}: {self.call} {self.number} {self.when}, {self.follower}"


@dataclass
class Forking(Kill):
    """Forks before and after each write."""

    branch: Callable[[str, When], bool] = lambda name, moment: False

    def meets(self, name: str, moment: When) -> bool:
        """Fork; return whether the call has to end, as in a fork it has."""
        return self.branch(name, moment)


@dataclass
class Trunk:
    """The undisturbed life of a verb, and the points that branch off from it.

    Attributes:
        empty: the settings of everything in the account before the stack.
        before: the settings before the verb. problems: the problem of each point, empty if it holds.
    """

    verb: Verb
    project: Project
    pool: Pool
    followers: Iterator[Sequence[str]]
    empty: dict[str, list[str]]
    before: Shown
    only: str = ""
    problems: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._branches = Branches(self.project, self.pool)

    def live(self) -> None:
        """Run the verb undisturbed, and fork at its writes."""
        seen = count()

        def branch(name: str, moment: When) -> bool:
            number = next(seen) // 2
            for follower in next(self.followers):
                self._branch(Point(self.verb, name, moment, number, follower))
                if self._branches.forked:
                    return True
            return False

        with self._branches.at_calls(Forking(branch=branch)):
            ended = self.project.end(self.project.fork(*self.verb.words, how=("wait", str(PATIENT))))
        assert ended.code == 0, f"undisturbed, {self.verb.name} ended with exit code {ended.code}\n{ended.err}"
        self.pool.drain()

    def _branch(self, point: Point) -> None:
        if re.search(self.only, point.name):
            self._branches.begin(partial(self._ended, point), lambda project: json.dumps(self._judge(project, point)))

    def _ended(self, point: Point, text: str, code: int) -> None:
        problem = json.loads(text) if code == 0 and text else f"the fork ended with exit code {code}\n{text}"
        self.problems[point.name] = problem
        print(f"{point.name}: {'BAD' if problem else 'ok'}", flush=True)
        if problem:
            print(problem, flush=True)

    def _judge(self, project: Project, point: Point) -> str:
        """Let the command follow, and return the problem of the stack after it; empty if there is none."""
        if point.follower == "down":
            project.run("down", "--yes")
            return "\n".join(left(self.empty, settings(project.inventory())))
        if point.follower == "recover":
            shutil.rmtree(project.state / "local" / NAME)
            project.run("recover", "--yes")
        if point.follower == "again":
            # a saved plan may be done, and another run of the job may be under way
            project.done(*point.verb.words)
        up = project.done("up", "--yes")
        if up.code == ASLEEP and "asleep" in up.err:
            project.run("wake")
            up = project.done("up", "--yes")
        if up.code:
            return f"up ends with exit code {up.code}\n{up.err}"
        if todo := project.planned():
            return f"the plan is not empty: {', '.join(todo)}"
        return self._compared(look(project), point)

    def _compared(self, now: Shown, point: Point) -> str:
        """Return a problem if a service has neither the settings before the verb nor those after it."""
        after = expected(self.verb, self.before)
        # `up` wakes nothing by itself, and creates again what `down` of a step has deleted
        # a `rollback` that had only its last copy to make is done, and the next one goes back again
        done = self.verb.name == "rollback" and point.call == "ecs:TagResource"
        allowed = [after] if point.follower == "again" and not done else [self.before, after]
        if now in allowed:
            return ""
        return f"shown {now}, allowed {' or '.join(map(str, allowed))}"


def expected(verb: Verb, before: Shown) -> Shown:
    """Return the settings after a verb and an `up`."""
    services = dict(before.services)
    match verb.name:
        case "deploy":
            return Shown(services | {"frontend": (1, "good")}, before.schedule)
        case "rollback":
            return Shown(services | {"frontend": (1, "frontend")}, before.schedule)
        case "scale":
            return Shown(services | {"worker": (3, "frontend")}, before.schedule)
        case "pause":
            return Shown({name: (0, image) for name, (_, image) in services.items()}, "DISABLED")
        case "resume" | "wake":
            return Shown({name: (1, image) for name, (_, image) in services.items()}, "ENABLED")
    return before


def live(verb: Verb, directory: Path, pool: Pool, followers: Iterator[Sequence[str]], only: str) -> dict[str, str]:
    """Stand a stack up on the emptied cloud, run a verb with all its points, and return their problems by name."""
    with closing(emptied(directory)) as project:
        ready_image(project.cloud, "good")
        empty = settings(project.inventory())
        project.write(CONFIG)
        project.up()
        for words in verb.first:
            project.run(*words)
        if verb.edit:
            project.change(*verb.edit)
        if verb.planned:
            project.run("plan", "--out", "plan.json", code=2)
        trunk = Trunk(verb, project, pool, followers, empty, look(project), only)
        trunk.live()
        return trunk.problems


def main() -> int:
    """Parse the command line and try the points that it chooses; return 1 if one does not hold."""
    parser = argparse.ArgumentParser(prog="make crash-verbs ARGS=…", description=__doc__)
    parser.add_argument("-j", type=int, default=2, help="how many points at once")
    parser.add_argument("--only", default="", metavar="REGEX", help="the points in whose name it is found")
    parser.add_argument("--all", action="store_true", help="each command after each point, not one after the other")
    chosen = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    followers = cycle([FOLLOWERS] if chosen.all else [(name,) for name in FOLLOWERS])
    problems = dict[str, str]()
    with tempfile.TemporaryDirectory(dir=MEMORY) as directory, closing(Pool(chosen.j)) as pool:
        begin()
        for verb in VERBS:
            if re.search(chosen.only.partition(":")[0], verb.name):
                problems |= live(verb, Path(directory) / verb.name, pool, followers, chosen.only)
    bad = [name for name, problem in problems.items() if problem]
    print(f"{len(problems) - len(bad)} of {len(problems)} points hold", *bad, sep="\n")
    return int(bool(bad))


if __name__ == "__main__":
    sys.exit(main())
