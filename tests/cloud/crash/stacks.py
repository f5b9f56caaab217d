"""`python -m tests.cloud.crash.stacks`: let drawn stacks come, change and go, each in a fork of the empty cloud.

A life draws a stack and an edit of it from its seed (`tests.cloud.crash.drawn`). The judge is the embedded cloud's
account, never the tool's records: an edited stack has to be as one that was made so from nothing.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import shutil
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest

from tests.cloud.crash import drawn
from tests.cloud.crash.branches import Branches, begin, emptied
from tests.cloud.crash.cuts import aim
from tests.cloud.crash.hands import HANDS
from tests.cloud.crash.life import LATE
from tests.cloud.crash.pool import Pool
from tests.cloud.crash.settings import differing, left, settings
from tests.cloud.crash.verbs import MEMORY
from tests.cloud.faults.life import set_faults
from tests.cloud.inventory import Inventory, Look
from tests.cloud.lookups import NAME
from tests.cloud.project import Ended, Project, ready_image

HOUR = 3600.0
SECONDS = 100
"""Real seconds that a command may take: the machine may be busy."""
REFUSED = (1, 3, 4)
"""The exit codes of a command that does nothing, as it cannot or must not."""
FAULTS = ("", "", "", "lag", "throttle", "lost", "server-error", "slow", "reset", "lag,throttle", "lag,lost")
"""The faults of a life; three of eleven have none."""


class Broken(Exception):
    """Tells the problem of a life."""


@dataclass
class StackLife:
    """One life in a fork.

    Attributes:
        empty: the settings of everything in the account before it.
        faults: the faults that its commands meet until the end.
        told: its commands, and how each ended.
    """

    project: Project
    chance: random.Random
    empty: dict[str, list[str]]
    faults: str = ""
    told: list[str] = field(default_factory=list)

    def live(self) -> None:
        """Let a stack come, change and go, and come again as it was last.

        Raises:
            Broken: something does not hold.
        """
        table = drawn.stack(self.chance)
        self.faults = self.chance.choice(FAULTS)
        self.told.append(f"faults: {self.faults or 'none'}")
        if not self._brought(table):
            return
        self._stands()
        if self.chance.random() < 0.4:
            self._repaired()
        after = drawn.edited(self.chance, table)
        if not self._brought(after):
            after = table
            self._write(table)
            self._ended("up", "--yes", at_most=0)
        self._stands()
        if self.chance.random() < 0.3:
            self._lose()
        edited = self._settled()
        self._gone()
        self._write(after)
        self._done("up", "--yes")
        self._compare(edited, self._settled(), dropped=_drops(table, after))
        self._gone()

    def _brought(self, table: drawn.Table) -> bool:
        """Run `plan` and `up` for a file, perhaps killed once; return False if both refuse it."""
        self._write(table)
        plan = self._ended("plan")
        since = self.project.last_call()
        if self.chance.random() < 0.4:
            self._killed(self.chance.randint(1, 80), self.chance.choice(["before", "after"]))
            self._done("up", "--yes")
            return True
        ended = self._ended("up", "--yes")
        wrote = self._writes(since)
        if ended.code in REFUSED and not wrote and plan.code == ended.code:
            return False
        if ended.code or plan.code != (2 if wrote else 0):
            raise Broken(
                f"plan ends with {plan.code}, up with {ended.code}, writes: {wrote[:9]}\n{plan.out}\n{ended.err}"
            )
        return True

    def _stands(self) -> None:
        """Check that neither `plan` nor `up` has anything to change."""
        plan = self._ended("plan")
        if plan.code:
            raise Broken(f"after up, plan ends with {plan.code}\n{plan.out}\n{plan.err}")
        since = self.project.last_call()
        self._done("up", "--yes")
        if wrote := self._writes(since):
            raise Broken(f"the second up writes {', '.join(wrote)}")

    def _repaired(self) -> None:
        """Let a colleague change something, and check that `plan` sees it and `up` puts it right."""
        before, hand = self._settled(), self.chance.choice(HANDS)
        if not hand(self.project.cloud.client):
            return
        self.told.append(f"a colleague's {hand.__name__}")
        if (plan := self._ended("plan")).code != 2:
            raise Broken(f"plan ends with {plan.code}\n{plan.out}\n{plan.err}")
        self._done("up", "--yes")
        self._stands()
        self._compare(self._settled(), before, dropped=False)

    def _lose(self) -> None:
        """Take the state away, and bring it back by `recover` or `up`."""
        shutil.rmtree(self.project.state / "local" / NAME, ignore_errors=True)
        self._done(*self.chance.choice([("recover", "--yes"), ("up", "--yes")]))
        self._stands()

    def _gone(self) -> None:
        """Run `down`, perhaps killed once, and check that nothing is left."""
        if self.chance.random() < 0.3:
            self._killed(self.chance.randint(1, 80), self.chance.choice(["before", "after"]), "down", "--yes")
        self._done("down", "--yes", "--unprotect")
        self.project.cloud.advance(LATE)
        records = json.loads((self.project.state / "local" / NAME / "state.json").read_text())["records"]
        if over := [*left(self.empty, settings(self.project.inventory()), *FINAL), *records]:
            raise Broken("\n".join(["left:", *over]))

    def _compare(self, edited: dict[str, list[str]], fresh: dict[str, list[str]], *, dropped: bool) -> None:
        """Compare an edited or repaired stack with the same one made from nothing, or as it was.

        Args:
            edited: the settings. fresh: the settings that they have to be.
            dropped: whether the edit has left out what holds data, which then stays with all that it stands on.
        """
        plain = [{sort: [_plain(one) for one in of] for sort, of in each.items()} for each in (fresh, edited)]
        found = differing(plain[0], plain[1], *FINAL, "network_acls")
        if differ := [one for one in found if not (": added " in one and (dropped or KEPT.match(one)))]:
            raise Broken("\n".join(["it is not as it has to be:", *differ]))

    def _settled(self) -> dict[str, list[str]]:
        """Let time pass until all tasks run, and return the settings of that moment."""
        self.project.cloud.wait(lambda: _at_rest(Look(self.project.cloud.client)), "all tasks to run", 3 * HOUR)
        return settings(self.project.inventory())

    # -- commands --------------------------------------------------------------------------------------------------

    def _write(self, table: drawn.Table) -> None:
        self.project.write(drawn.text(table))
        self.told.append(drawn.text(table))

    def _ended(self, *words: str, at_most: int = 4) -> Ended:
        set_faults(self.project.cloud, self.faults)
        try:
            ended = self._run(words)
        finally:
            set_faults(self.project.cloud, "")
        self.told.append(f"{' '.join(words)}: {ended.code}")
        if ended.code > at_most:
            raise Broken(f"{' '.join(words)} ends with {ended.code}\n{ended.err}")
        return ended

    def _run(self, words: Sequence[str]) -> Ended:
        """Run a command; if there are queues, as a process, as killed ones are: SQS names the host that was asked."""
        if "queues" in self.project.config.read_text():
            return self.project.end(self.project.fork(*words))
        return self.project.done(*words)

    def _done(self, *words: str) -> None:
        ended = self._ended(*words)
        if ended.code:
            raise Broken(f"{' '.join(words)} ends with {ended.code}\n{ended.out[-2000:]}\n{ended.err}")

    def _killed(self, number: int, when: str, *words: str) -> None:
        """Kill a command at a write, if it comes there."""
        words = words or ("up", "--yes")
        since = self.project.last_call()
        process = self.project.fork(*words)
        aim(self.project, process, since, call=number, when=when)
        ended = self.project.end(process)
        self.project.cloud.control("POST", "kill")
        self.told.append(f"{' '.join(words)}, killed {when} write {number}: {ended.code}")

    def _writes(self, since: int) -> list[str]:
        """Return the writes after a call, but for the tags of the cluster."""
        return [one for one in self.project.writes(since) if one != "ecs:TagResource"]


def _at_rest(found: Inventory) -> bool:
    """Return whether all services have their tasks, and nothing is left of tasks that were replaced."""
    services = found["ecs_services"]
    wanted = sum(one["desiredCount"] for one in services)
    return (
        all(one["desiredCount"] == one["runningCount"] and len(one["deployments"]) == 1 for one in services)
        and wanted == len(found["tasks"])
        and all(
            one["TargetHealth"]["State"] == "healthy" for group in found["target_groups"] for one in group["targets"]
        )
        and len(found["instances"]) == len(found["container_instances"])
        and wanted == sum(":attachment/" in one.get("Description", "") for one in found["network_interfaces"])
    )


FINAL = ("db_snapshots", "cache_snapshots", "db_cluster_snapshots")
"""Sorts that stay on purpose after `down --unprotect`."""
KEPT = re.compile(r"(log_groups|repositories|task_definitions): |parameters: .*/secrets/")
"""Resources that `up` keeps of services that are gone or were changed."""
STORES = ("database", "redis", "buckets", "volumes", "queues", "topics")
_CHANGING = re.compile(
    r'"(State[A-Za-z]*|revision|version|Version|priority|Priority|Weight)": ("([^"\\]|\\.)*"|\d+)'
    r'|(?<=[a-z]):\d+(?=[" ])|(?<=\.ecs-sample-dev\.)[a-z0-9]{6}(?=\.)|"healthCheckGracePeriodSeconds": \d+(, )?'
    r'|, "serviceConnectConfiguration": {"enabled": false}|"DnsEntries": \[[^]]*\]|"AvailabilityZones": \[[^]]*\]'
)
"""Numbers that grow or alternate with each change, states of alarms, the endpoints of ElastiCache, settings that a
service keeps that is no longer public or called, and zones that AWS chose when it made something."""


def _plain(told: str) -> str:
    return _CHANGING.sub("", told).replace(" ", "").replace(",,", ",")


def _drops(before: drawn.Table, after: drawn.Table) -> bool:
    """Return whether an edit leaves out something that holds data."""
    within = {name: {*before.get(name, ())} - {*after.get(name, ())} for name in ("buckets", "queues", "volumes")}
    return any(name in before and name not in after for name in STORES) or any(within.values())


def live(seed: int, empty: dict[str, list[str]], project: Project) -> str:
    """Let a life come, in a fork; return as JSON its commands, and its problem if any."""
    chance, problem = random.Random(seed), ""
    project.seconds = SECONDS
    project.cloud.last(chance.choice(["fast", "typical"]))
    life = StackLife(project, chance, empty)
    try:
        life.live()
    except (Broken, AssertionError, pytest.fail.Exception) as error:
        problem = str(error) or repr(error)
    return json.dumps([life.told, problem])


def main() -> int:
    """Parse the command line and let the lives come that it chooses; return 1 if one does not hold."""
    parser = argparse.ArgumentParser(prog="make crash-stacks ARGS=…", description=__doc__)
    parser.add_argument("-j", type=int, default=2, help="how many lives at once")
    parser.add_argument("--first", type=int, default=1, metavar="SEED", help="the seed of the first one")
    parser.add_argument("--lives", type=int, default=50, metavar="N", help="how many, each with the next seed")
    chosen = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    counts = Counter[str]()

    def heard(seed: int, text: str, code: int) -> None:
        told, problem = json.loads(text) if code == 0 else ([], f"the fork ended with exit code {code}\n{text}")
        counts.update(lives=1, bad=int(bool(problem)))
        print(f"{seed}: {'BAD' if problem else 'ok'}", flush=True)
        if problem:
            again = f'again: make crash-stacks ARGS="--first {seed} --lives 1"'
            print("\n".join([*told, problem, again]), flush=True)

    with tempfile.TemporaryDirectory(dir=MEMORY) as directory, closing(Pool(chosen.j)) as pool:
        begin()
        with closing(emptied(Path(directory) / "empty")) as project:
            for image in drawn.IMAGES:
                ready_image(project.cloud, image)
            empty = settings(project.inventory())
            branches = Branches(project, pool)
            for seed in range(chosen.first, chosen.first + chosen.lives):
                branches.begin(partial(heard, seed), partial(live, seed, empty))
                branches.go_on()
            pool.drain()
    print(f"{counts['lives'] - counts['bad']} of {counts['lives']} lives hold")
    return int(bool(counts["bad"]))


if __name__ == "__main__":
    sys.exit(main())
