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
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.cloud import bystanders
from tests.cloud.crash import drawn
from tests.cloud.crash.branches import Branches, begin, emptied
from tests.cloud.crash.cuts import aim
from tests.cloud.crash.hands import Hand, scaled_out, set_counts
from tests.cloud.crash.life import LATE
from tests.cloud.crash.pool import Pool
from tests.cloud.crash.promises import unkept
from tests.cloud.crash.settings import differing, left, settings
from tests.cloud.crash.stories import Story, chosen, seen
from tests.cloud.crash.verbs import MEMORY
from tests.cloud.faults.life import set_faults
from tests.cloud.inventory import Inventory, Look
from tests.cloud.lookups import NAME
from tests.cloud.project import Ended, Project, ready_image

HOUR = 3600.0
SECONDS = 100
"""Real seconds that a command may take: the machine may be busy."""
CHANGES = 2
"""The exit code of a plan with changes."""
REFUSED = (1, 3, 4)
"""The exit codes of a command that does nothing, as it cannot or must not."""
REFUSALS: Mapping[str, str] = {
    "protected": r"protected from deletion",
    "a lasting field": r"cannot change from |cannot be changed in place",
    "another engine": r"database\.engine|\[database\] engine",
}
"""The kinds of refusals that a drawn edit may meet, each as a pattern; any other one is a defect of draw or check."""


class Broken(Exception):
    """Tells the problem of a life."""


@dataclass
class StackLife:
    """One life in a fork.

    Attributes:
        empty: the settings of everything in the account before it.
        chance: draws the kills.
        told: its commands, and how each ended.
        happened: the events that no draw is sure of, such as kills and refusals.
    """

    project: Project
    story: Story
    chance: random.Random
    empty: dict[str, list[str]]
    told: list[str] = field(default_factory=list)
    happened: list[str] = field(default_factory=list)

    def live(self) -> None:
        """Let a stack come, change and go, and come again as it was last.

        Raises:
            Broken: something does not hold.
        """
        self.told.append(f"faults: {self.story.faults or 'none'}")
        if not self._brought(self.story.before):
            return
        self._stands(self.story.before)
        if self.story.hand:
            self._repaired(self.story.hand)
        self._scaled()
        after = self.story.after
        if self.story.loses and self.story.early:
            self._write(after)
            self._lose()
        if not self._brought(after):
            after = self.story.before
            self._write(after)
            self._ended("up", "--yes", at_most=0)
        self._stands(after)
        if self.story.loses and not self.story.early:
            self._lose()
            self._stands(after)
        edited = self._settled()
        self._gone(after)
        self._write(after)
        self._done("up", "--yes")
        self._compare(edited, self._settled(), dropped=_drops(self.story.before, after))
        self._gone(after)

    def _brought(self, table: drawn.Table) -> bool:
        """Run `plan` and `up` for a file, perhaps killed once; return False if both refuse it."""
        self._write(table)
        plan = self._ended("plan")
        since = self.project.last_call()
        if plan.code == CHANGES and self.chance.random() < 0.4:
            self._killed(self.chance.randint(1, 80), self.chance.choice(["before", "after"]))
            self._done("up", "--yes")
            return True
        ended = self._ended("up", "--yes")
        wrote = self._writes(since)
        if ended.code in REFUSED and not wrote and plan.code == ended.code:
            self._refused(ended)
            return False
        if ended.code or plan.code != (CHANGES if wrote else 0):
            raise Broken(
                f"plan ends with {plan.code}, up with {ended.code}, writes: {wrote[:9]}\n{plan.out}\n{ended.err}"
            )
        return True

    def _refused(self, ended: Ended) -> None:
        """Keep the first line of a refusal, which has to be of a known kind."""
        lines = ended.err.splitlines()
        first = next((n for n, one in enumerate(lines) if one.startswith("error: ")), 0)
        # of several reasons each has a line of its own
        line = " ".join(one.strip() for one in lines[first : first + 2])
        kind = next((kind for kind, pattern in REFUSALS.items() if re.search(pattern, line)), "")
        self.happened.append(f"refused: {kind or 'of no known kind'}")
        self.told.append(line)
        if not kind:
            raise Broken(f"plan and up refuse, and for no known reason: {line}")

    def _stands(self, table: drawn.Table) -> None:
        """Check that all is as the table says, and that neither `plan` nor `up` has anything to change."""
        if differ := unkept(table, self.project.inventory(), self.project.cloud.client):
            raise Broken("\n".join(["after up, the account is not as the file says:", *differ]))
        plan = self._ended("plan")
        if plan.code:
            raise Broken(f"after up, plan ends with {plan.code}\n{plan.out}\n{plan.err}")
        since = self.project.last_call()
        self._done("up", "--yes")
        if wrote := self._writes(since):
            raise Broken(f"the second up writes {', '.join(wrote)}")

    def _repaired(self, hand: Hand) -> None:
        """Let a colleague change something, and check that `plan` sees it and `up` puts it right."""
        before = self._settled()
        if not hand(self.project.cloud.client):
            return
        self.told.append(f"a colleague's {hand.__name__}")
        self.happened.append(f"repaired: {hand.__name__}")
        if (plan := self._ended("plan")).code != CHANGES:
            raise Broken(f"a colleague's {hand.__name__}: plan ends with {plan.code}\n{plan.out}\n{plan.err}")
        self._done("up", "--yes")
        self._stands(self.story.before)
        self._compare(self._settled(), before, dropped=False)

    def _scaled(self) -> None:
        """Let autoscaling set the number of tasks, and check that neither `plan` nor `up` minds."""
        if before := scaled_out(self.project.cloud.client):
            self.happened.append("scaled out")
            self._settled()
            self._stands(self.story.before)
            # the stack from nothing has the first numbers
            set_counts(self.project.cloud.client, before)
            self._settled()

    def _lose(self) -> None:
        """Take the state away, and bring it back by `recover` or `up`."""
        shutil.rmtree(self.project.state / "local" / NAME, ignore_errors=True)
        self._done(*self.story.loses)
        self.happened.append(f"brought back by {self.story.loses[0]}")

    def _gone(self, table: drawn.Table) -> None:
        """Run `down`, perhaps killed once, and check that it honors protection, and that nothing is left."""
        if "protect" in table:
            since = self.project.last_call()
            ended = self._ended("down", "--yes")
            if ended.code not in REFUSED or self._writes(since):
                raise Broken(f"down of a protected stack ends with {ended.code}, writes: {self._writes(since)[:9]}")
            self.happened.append("down of a protected stack")
        since = len(self._snapshots())
        if self.chance.random() < 0.3:
            words = ("down", "--yes", *(["--unprotect"] if "protect" in table else []))
            self._killed(self.chance.randint(1, 80), self.chance.choice(["before", "after"]), *words)
        self._done("down", "--yes", "--unprotect")
        self.project.cloud.advance(LATE)
        if (count := len(self._snapshots()) - since) != (wanted := _saved(table)):
            raise Broken(f"down leaves {count} final snapshots, and not {wanted}")
        records = json.loads((self.project.state / "local" / NAME / "state.json").read_text())["records"]
        if over := [*left(self.empty, settings(self.project.inventory()), *FINAL), *records]:
            raise Broken("\n".join(["left:", *over]))

    def _snapshots(self) -> list[Any]:
        found = Look(self.project.cloud.client)
        # AWS makes others by the clock, and deletes them with the database
        kinds = ("SnapshotType", "SnapshotSource")
        return [one for sort in FINAL for one in found[sort] if "manual" in map(one.get, kinds)]

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
        set_faults(self.project.cloud, self.story.faults)
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
        self.happened.append(f"{words[0]} killed" if ended.code < 0 else f"{words[0]} ended before its kill")
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


def _saved(table: drawn.Table) -> int:
    """Return the number of stores that leave a final snapshot: all in a protected stack, and none in others."""
    return len({"database", "redis"} & table.keys()) if "protect" in table else 0


def _drops(before: drawn.Table, after: drawn.Table) -> bool:
    """Return whether an edit leaves out something that holds data."""
    within = {name: {*before.get(name, ())} - {*after.get(name, ())} for name in ("buckets", "queues", "volumes")}
    return any(name in before and name not in after for name in STORES) or any(within.values())


def live(story: Story, empty: dict[str, list[str]], project: Project) -> str:
    """Let a life come, in a fork; return as JSON its commands, its events, and its problem if any."""
    problem = ""
    project.seconds = SECONDS
    project.cloud.last(story.durations)
    life = StackLife(project, story, random.Random(f"kills of {story.seed}"), empty)
    try:
        life.live()
    except (Broken, AssertionError, pytest.fail.Exception) as error:
        problem = str(error) or repr(error)
    return json.dumps([life.told, life.happened, problem])


@dataclass
class Heard:
    """All that the lives have told."""

    counts: Counter[str] = field(default_factory=Counter)
    happened: Counter[str] = field(default_factory=Counter)

    def hear(self, story: Story, text: str, code: int) -> None:
        """Take the text of a life, and print its verdict."""
        told, happened, problem = (
            json.loads(text) if code == 0 else ([], [], f"the fork ended with exit code {code}\n{text}")
        )
        refused = [one for one in happened if one.startswith("refused")]
        self.counts.update(lives=1, bad=int(bool(problem)), refused=int(bool(refused)))
        self.happened.update(happened)
        print(f"{story.seed}: {'; '.join(['BAD' if problem else 'ok', *refused])}", flush=True)
        if problem:
            again = f'again: make crash-stacks ARGS="--first {story.seed} --lives 1"'
            print("\n".join([*told, problem, again]), flush=True)

    def tell(self) -> None:
        """Print the counts."""
        for event, times in sorted(self.happened.items()):
            print(f"{times:4} {event}")
        lives, bad = self.counts["lives"], self.counts["bad"]
        print(f"{lives - bad} of {lives} lives hold, {self.counts['refused']} with a refusal")


def main() -> int:
    """Parse the command line and let the lives come that it chooses; return 1 if one does not hold."""
    parser = argparse.ArgumentParser(prog="make crash-stacks ARGS=…", description=__doc__)
    parser.add_argument("-j", type=int, default=2, help="how many lives at once")
    parser.add_argument("--first", type=int, default=1, metavar="SEED", help="the seed of the first one")
    parser.add_argument("--lives", type=int, default=50, metavar="N", help="how many, each with the next seed")
    words = "only lives with all of these, as --seen names them ('-alarms; service.scaling'), the smallest stacks first"
    parser.add_argument("--with", default="", metavar="WORDS", dest="having", help=words)
    parser.add_argument("--seen", action="store_true", help="print how often each thing is drawn, and live none")
    parser.add_argument("--stop", action="store_true", help="begin no more lives after one that does not hold")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    stories = chosen(given.first, given.lives, given.having)
    if given.seen:
        print(seen(stories))
        return 0
    heard = Heard()
    with tempfile.TemporaryDirectory(dir=MEMORY) as directory, closing(Pool(given.j)) as pool:
        begin()
        with closing(emptied(Path(directory) / "empty")) as project:
            for image in drawn.IMAGES:
                ready_image(project.cloud, image)
            bystanders.settle(project.cloud)
            empty = settings(project.inventory())
            branches = Branches(project, pool)
            for story in stories:
                branches.begin(partial(heard.hear, story), partial(live, story, empty))
                branches.go_on()
                if given.stop:
                    pool.drain()
                    if heard.counts["bad"]:
                        break
            pool.drain()
    heard.tell()
    return int(bool(heard.counts["bad"]))


if __name__ == "__main__":
    sys.exit(main())
